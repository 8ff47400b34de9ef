"""What is told of a day's scores: a band that fell or rose, and a customer that another scorecard scores now.

Private to the room.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from perennial.blueprint.terms import Band
from perennial.health.choosing import Scored
from perennial.health.frozen import FrozenScore
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal.models import JournalEntry

FELL, ROSE, CARD_CHANGED = "health.band_fell", "health.band_rose", "health.card_changed"
COLOURS = (Band.RED.value, Band.YELLOW.value, Band.GREEN.value)


def has_moved(now: Scored, before: FrozenScore | None) -> bool:
    """Return whether another scorecard scored the customer last time; one that was not kept is taken for the same."""
    return before is not None and before.card is not None and before.card != now.card.card.key


def fell_on(now: Scored, before: FrozenScore | None, on: date) -> date | None:
    """Return the day of the last fall: today's, or the one before it that no rise has made good. Another scorecard is
    neither a fall nor a rise."""
    if before is None:
        return None
    step = 0 if has_moved(now, before) else _step(now.one.band.value, before.band)
    return on if step < 0 else before.fell_on if step == 0 else None


def tell(scored: Mapping[int, Scored], before: Mapping[int, FrozenScore], on: date, at: datetime) -> None:
    """Write to the journal whose band fell or rose and whom another scorecard scores, once for each customer and
    day."""
    subject = f"score:{on.isoformat()}"
    kinds = (FELL, ROSE, CARD_CHANGED)
    told = set(JournalEntry.objects.filter(kind__in=kinds, subject=subject).values_list("customer_id", flat=True))
    moved: dict[str, dict[int, dict[str, Any]]] = {kind: {} for kind in kinds}
    for customer, now in scored.items():
        then = before.get(customer)
        if then is None or customer in told:
            continue
        said = {
            "from": then.band,
            "to": now.one.band.value,
            "score": None if now.one.score is None else str(now.one.score),
        }
        if has_moved(now, then):
            moved[CARD_CHANGED][customer] = said | {"from_card": then.card, "to_card": now.card.card.key}
        elif step := _step(now.one.band.value, then.band):
            moved[FELL if step < 0 else ROSE][customer] = said
    for kind, changes in moved.items():
        journal.record_each(kind, changes, at=at, subjects=dict.fromkeys(changes, subject))


def _step(now: str, then: str) -> int:
    """Return by how many bands the colour rose (negative: fell); 0 where one of the two is grey."""
    return COLOURS.index(now) - COLOURS.index(then) if now in COLOURS and then in COLOURS else 0
