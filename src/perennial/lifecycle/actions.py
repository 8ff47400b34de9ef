"""Writes of the lifecycle: entries into and exits from tiers and stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from perennial.kernel.inserting import insert
from perennial.kernel.journal import actions as journal
from perennial.lifecycle import queries
from perennial.lifecycle.models import Passage

CHUNK = 500
_STAY = ("id", "value", "entered_on")


@dataclass(frozen=True, slots=True)
class Move:
    """A customer's step into a value (None: out of the scale)."""

    customer_id: int
    scale: str
    value: str | None
    on: date


@dataclass(frozen=True, slots=True)
class Stay:
    """An open passage: its row, and where the customer is since when."""

    id: int
    value: str
    entered_on: date


@transaction.atomic
def derive(on: date, *, at: datetime, terms: queries.Terms | None = None) -> int:
    """Derive tier and stage of all customers as of a day and record who moved; return how many moved. About 13 queries,
    seven fewer with the terms of all customers at hand.

    An open passage is closed where its value changed. Safe to run twice; a day before the last recorded entry or exit
    changes nothing. A first stage is entered on the day since which it holds, a first tier on the day itself.
    """
    last = Passage.objects.aggregate(entered=Max("entered_on"), left=Max("left_on"))
    if any(day is not None and day > on for day in last.values()):
        return 0
    rows = Passage.objects.select_for_update().filter(left_on=None).values_list("customer_id", "scale", *_STAY)
    open_ones = {(customer_id, scale): Stay(*stay) for customer_id, scale, *stay in rows}
    moves = [
        move
        for customer_id, found in queries.standing(on, terms=terms).items()
        for move in (
            Move(customer_id, "tier", found.tier, on),
            Move(customer_id, "stage", found.stage, found.stage_since_on or on),
        )
        if move.value != (stay.value if (stay := open_ones.get((customer_id, move.scale))) else None)
    ]
    _write(moves, open_ones, at)
    return len({move.customer_id for move in moves})


def _write(moves: list[Move], open_ones: Mapping[tuple[int, str], Stay], at: datetime) -> None:
    """Set-wise: as many queries for a thousand that move as for one."""
    closed: list[Passage] = []
    opened: list[dict[str, Any]] = []
    told: dict[str, dict[int, dict[str, Any]]] = {"tier": {}, "stage": {}}
    for move in moves:
        before = open_ones.get((move.customer_id, move.scale))
        entered_on = move.on
        if before is not None:
            entered_on = max(move.on, before.entered_on)
            closed.append(Passage(pk=before.id, left_on=entered_on))
            change = {"from": before.value, "to": move.value, "on": entered_on.isoformat()}
            told[move.scale][move.customer_id] = change
        if move.value is not None:
            opened.append({"customer_id": move.customer_id, "scale": move.scale, "value": move.value,
                           "entered_on": entered_on, "learned_at": at})  # fmt: skip
    Passage.objects.bulk_update(closed, ["left_on"], batch_size=CHUNK)
    insert(Passage, opened)
    for scale, changes in told.items():
        journal.record_each(f"customer.{scale}_changed", changes, at=at)
