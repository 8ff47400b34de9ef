"""Who is called the champion of a customer, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Stretch = tuple[int, int, int | None, int]
"""The half-open days [from, until), the user who is the champion then (None: nobody who is a user), and 1 where the
last one left and nobody is called so in his place, else 0."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A contact who is called the champion on the days [from_day, until_day), and until when he is there (None: still);
    `user` None: no user of the product is known to be him."""

    from_day: int
    until_day: int | None
    left_day: int | None
    user: int | None
    name: str = ""

    def is_called_on(self, day: int) -> bool:
        """Whether he is called champion on a day, there or not."""
        return self.from_day <= day and (self.until_day is None or day < self.until_day)

    def has_left(self, day: int) -> bool:
        """Whether he is not there any more."""
        return self.left_day is not None and self.left_day <= day


def stretches(tags: Iterable[Tag], *, from_day: int, until_day: int) -> list[Stretch]:
    """Return [from_day, until_day) in stretches without a gap. Of several champions the one called so last counts, one
    who is a user before one who is not."""
    tags = list(tags)
    edges = {day for tag in tags for day in (tag.from_day, tag.until_day, tag.left_day) if day is not None}
    days = sorted({from_day, until_day, *(day for day in edges if from_day < day < until_day)})
    return [(start, end, *_on(tags, start)) for start, end in pairwise(days)]


def _on(tags: Sequence[Tag], day: int) -> tuple[int | None, int]:
    called = [tag for tag in tags if tag.is_called_on(day)]
    there = [tag for tag in called if not tag.has_left(day)]
    users = [(tag.from_day, tag.user) for tag in there if tag.user is not None]
    return (max(users)[1] if users else None), int(bool(called) and not there)
