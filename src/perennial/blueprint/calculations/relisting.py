"""Lists of a YAML text with parts added, taken away or moved, so that what stays is written as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from perennial.blueprint.calculations import document
from perennial.blueprint.calculations.patching import end_of, says, value_at

WIDTH = 120


class Plain(yaml.SafeDumper):
    """Writes what stands in two places twice: a text of the part may not refer to another place."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def dumped(value: object) -> str:
    """Return a value as a YAML text of its own."""
    return yaml.dump(value, Dumper=Plain, allow_unicode=True, sort_keys=False, width=WIDTH)


def relisted(text: str, place: str, items: Sequence[int | dict[str, Any]]) -> str:
    """Return the text with the list at a place made of `items`: numbers are parts that stand there, others are new.

    Parts that stay keep their comments and line breaks; an empty list is left out with its key. A text that would not
    say what is wanted afterwards is written anew as a whole, without its comments.

    :raises BlueprintError: the text is no YAML.
    :raises KeyError: what should hold the list is not there.
    :raises IndexError: a number is that of no part.
    """
    wanted, root = document.loaded(text, "text")
    around, _dot, key = place.rpartition(".")
    holder = value_at(wanted, around)
    if not isinstance(holder, dict):
        raise KeyError(place)
    old = holder.get(key) or []
    new = [old[one] if isinstance(one, int) else one for one in items]
    found = _spliced(text, root, place, items) if old and new else ""
    if new and not old and not around and text.lstrip()[:1] != "{":
        found = f"{text.rstrip()}\n{dumped({place: new})}"
    if new:
        holder[key] = new
    else:
        holder.pop(key, None)
    return found if found and says(found, wanted) else dumped(wanted)


def _spliced(text: str, root: Any, place: str, items: Sequence[int | dict[str, Any]]) -> str:
    """Return the text with the lines of the list's parts put together anew; "" where it is not written over lines."""
    node = document.node_at(root, place)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style:
        return ""
    lines = text.splitlines(keepends=True)
    starts = [part.start_mark.line for part in node.value]
    last = text.count("\n", 0, end_of(node)) + 1
    ends = [*starts[1:], last]
    column = node.start_mark.column
    chunks = []
    for one in items:
        if isinstance(one, int):
            chunks.append("".join(lines[starts[one] : ends[one]]).rstrip("\n") + "\n")
        else:
            inside = dumped([one]).splitlines(keepends=True)
            chunks.append("".join(" " * column + line if line.strip() else line for line in inside))
    return "".join([*lines[: starts[0]], *chunks, *lines[last:]])
