"""Moving a step of a receivable plan to the customer's next approval node, and what a source says afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from perennial.contracts import undoing
from perennial.contracts.models import Receivable
from perennial.contracts.undoing import Overtaken
from perennial.kernel import versions
from perennial.kernel.journal import actions as journal
from perennial.kernel.versions import Incoming

MOVED = "receivable.moved"
CHUNK = 500
NODE = ("node", "node_since_on", "node_holder")


class MoveRefused(ValueError):
    """A move that cannot be; the message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step is: its node ("" at none any more), since which day, and who holds it there."""

    node: str
    since_on: date
    holder: str = ""


@transaction.atomic
def move(step: uuid.UUID, place: Place, *, seen: int, on: date, rows: Q, by: int, at: datetime) -> int | None:
    """Say at which node a step is, as the next version of the one that the member saw; return the journal entry, by
    which it is undone, None where nothing changed. `on` is the as-of day. Five queries.

    :raises MoveRefused: no such step among the rows, or a day that cannot be.
    :raises Overtaken: somebody else wrote another version meanwhile.
    """
    old = _locked(step, rows)
    if old.pk != seen:
        raise Overtaken(_("Somebody else changed this step meanwhile. Look at it as it is now, then move it."))
    node, holder = place.node.strip()[:30], place.holder.strip()[:100]
    if place.since_on > on:
        raise MoveRefused(_("A step cannot have come to a node after today."))
    if node != old.node and old.node_since_on is not None and place.since_on < old.node_since_on:
        raise MoveRefused(_("It came to its present node on %(day)s; it cannot have left it before that.")
                          % {"day": old.node_since_on})  # fmt: skip
    if (node, place.since_on, holder) == (old.node, old.node_since_on, old.node_holder):
        return None
    new = versions.next_of(old, at=at)
    assert isinstance(new, Receivable)
    new.node, new.node_since_on, new.node_holder, new.is_typed = node, place.since_on, holder, True
    written = undoing.write(old, new, at=at)
    data = {"from": old.node, "to": node, "since": place.since_on.isoformat(), "due": old.due_on.isoformat(),
            "written": [written]}  # fmt: skip
    return journal.record(MOVED, customer_id=old.customer_id, subject=f"step:{step}", by=by, at=at, data=data,
                          personal={"holder": holder} if holder else None)  # fmt: skip


def _locked(step: uuid.UUID, rows: Q) -> Receivable:
    found = Receivable.objects.current().filter(rows, fact=step).select_for_update(of=("self",)).first()
    if found is None:
        raise MoveRefused(_("This step is not there any more."))
    return found  # type: ignore[no-any-return]


def as_typed(rows: Sequence[Incoming], source: str) -> list[Incoming]:
    """Return a source's steps with the node that a member said, where the source says of it what it said before: it
    contradicts nobody. Where it says another node or day, it is believed. Two queries for 500 rows."""
    ready: list[Incoming] = []
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        asked = [row.external_id for row in chunk if row.external_id is not None]
        typed = {one.external_id: one for one in
                 Receivable.objects.current().filter(source=source, external_id__in=asked, is_typed=True)}  # fmt: skip
        told: dict[Any, Receivable] = {}
        if typed:
            facts = [one.fact for one in typed.values()]
            for old in Receivable.objects.filter(fact__in=facts, is_typed=False).order_by("id"):
                told[old.external_id] = old
        ready += [_as_typed(row, typed.get(row.external_id), told.get(row.external_id)) for row in chunk]
    return ready


def _as_typed(row: Incoming, typed: Receivable | None, told: Receivable | None) -> Incoming:
    if typed is not None and told is not None:
        said = {name: row.values[name] for name in NODE if name in row.values}
        if all(getattr(told, name) == value for name, value in said.items()):
            return replace(row, values={**row.values, **{name: getattr(typed, name) for name in said}})
    return replace(row, values={**row.values, "is_typed": False})
