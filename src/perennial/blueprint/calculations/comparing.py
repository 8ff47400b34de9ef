"""What a text changes in another: the lines that go and come, each with a little around it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

CONTEXT = 3


class Change(StrEnum):
    """What becomes of a line; `skip` stands for lines left out because they stay as they are."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class LineChange:
    """One line of a comparison; its number before and after, None where it does not stand there."""

    kind: Change
    before: int | None
    after: int | None
    text: str


def compare(before: str, after: str) -> list[LineChange]:
    """Return the changed lines with three lines around them; empty where the texts have the same lines."""
    old, new = before.splitlines(), after.splitlines()
    groups = SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT)
    found: list[LineChange] = []
    for group in groups:
        if found or group[0][1] > 0:
            found.append(LineChange(Change.SKIP, None, None, ""))
        for tag, i, until_i, j, until_j in group:
            if tag == "equal":
                found += [LineChange(Change.SAME, i + n + 1, j + n + 1, old[i + n]) for n in range(until_i - i)]
                continue
            found += [LineChange(Change.GONE, n + 1, None, old[n]) for n in range(i, until_i)]
            found += [LineChange(Change.NEW, None, n + 1, new[n]) for n in range(j, until_j)]
    return found if any(one.kind in (Change.GONE, Change.NEW) for one in found) else []
