"""What was reported stays known: rows that no longer hold become former ones, with the day on which that was learned.

Private to the room. A row counts, as reported, on the later of its own day and the day on which it was learned; a
former one is taken back on the day on which it was superseded. So what was reported of a month never changes once the
month is over, and opening + movements = closing holds for the rows of both tables together (analytics 3.3).

In the month in which the books were opened nothing was reported yet: history counts on its own days, and what is
corrected is replaced. The same holds for what is corrected before its day came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from perennial.contracts.models import FormerMovement, Movement
from perennial.contracts.terms import Movement as Moved
from perennial.customers.aliases import Aliases
from perennial.kernel.inserting import insert

CHUNK = 500
_SAME = ("customer_id", "product_id", "on", "kind", "numerator", "denominator", "currency")
"""What makes a movement the same one; lines and tags behind it may be told anew."""
Values = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Cause:
    """Why movements are derived: as of a day, in books opened on a day, after which marks; `recounted`: the customers
    of whom nothing new was learned, but who are counted in another way (settings, rules)."""

    on: date
    opened_on: date | None
    marks: Mapping[int, tuple[str, date]]
    recounted: set[int] = field(default_factory=set)

    @property
    def learned_on(self) -> date:
        """Return the day on which it is learned: what was known on a later day cannot be learned before it."""
        return max([self.on, *(on for _drawn, on in self.marks.values())])


def keep(told: Sequence[tuple[Moved, date]], ids: Sequence[int], merged: Aliases, cause: Cause) -> None:
    """Make the movements of these customers those that are told, each with the day on which it can first be known.

    Two queries where nothing differs, three or four more where something does.
    """
    left: dict[Key, list[Movement]] = defaultdict(list)
    for row in Movement.objects.filter(customer_id__in=ids).order_by("id"):
        left[_key_of(row)].append(row)
    new, moved_lines = [], []
    for one, known_on in told:
        values = _values(one)
        same = left.get(tuple(values[name] for name in _SAME))
        if not same:
            new.append((values, known_on))
            continue
        row = same.pop(0)
        if (row.line_facts, row.tags) != (values["line_facts"], values["tags"]):
            row.line_facts, row.tags = values["line_facts"], values["tags"]
            moved_lines.append(row)
    Movement.objects.bulk_update(moved_lines, ["line_facts", "tags"], batch_size=CHUNK)
    gone = [row for rows in left.values() for row in rows]
    if new or gone:
        _write(new, gone, ids, merged, cause)


def _key_of(row: Movement) -> Key:
    return tuple(getattr(row, name) for name in _SAME)


def _values(one: Moved) -> Values:
    return {
        "customer_id": one.customer_id, "product_id": one.product_id, "on": one.on, "kind": one.kind.value,
        "numerator": one.amount.numerator, "denominator": one.amount.denominator, "currency": one.currency,
        "line_facts": list(one.line_keys), "tags": sorted(tag.value for tag in one.tags),
    }  # fmt: skip


def _write(
    new: Sequence[tuple[Values, date]], gone: Sequence[Movement], ids: Sequence[int], merged: Aliases, cause: Cause
) -> None:
    today = cause.learned_on
    month = today.replace(day=1)
    is_opening = cause.opened_on is None or month <= cause.opened_on.replace(day=1)
    reported = [] if is_opening else [row for row in gone if row.reported_on < today]
    anew = {merged.of(row.customer_id) for row in reported if row.reported_on < month} | cause.recounted
    if not is_opening:
        anew |= _come_back({values["customer_id"] for values, _known in new} - anew, ids, merged, cause)
    insert(FormerMovement, [_former(row, today) for row in reported])
    for start in range(0, len(gone), CHUNK):
        Movement.objects.filter(id__in=[row.pk for row in gone[start : start + CHUNK]]).delete()
    insert(Movement, [
        {
            **values,
            "reported_on": known_on if is_opening else max(known_on, today),
            "restates": not is_opening and known_on < month and values["customer_id"] in anew,
        }
        for values, known_on in new
    ])  # fmt: skip


def _come_back(customers: set[int], ids: Sequence[int], merged: Aliases, cause: Cause) -> set[int]:
    """Return who has no mark and was in the ledger before: parted again from the one it was merged into."""
    unmarked = {number for number in customers if number not in cause.marks}
    if not unmarked:
        return set()
    rows = FormerMovement.objects.filter(customer_id__in=[one for one in ids if merged.of(one) in unmarked])
    return {merged.of(number) for number in rows.values_list("customer_id", flat=True).distinct()}


def _former(row: Movement, today: date) -> Values:
    told = (*_SAME, "line_facts", "tags", "reported_on", "restates")
    return {**{name: getattr(row, name) for name in told}, "superseded_on": today}
