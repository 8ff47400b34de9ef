"""Checkpoints of terms: what the model said on their day, our own call, and a leader's word where they differ.
All of it is written once; of several calls at one checkpoint the latest counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from perennial.blueprint import queries as blueprint
from perennial.blueprint.renewal_terms import RenewalRules
from perennial.customers.aliases import aliases
from perennial.kernel.journal import actions as journal
from perennial.renewals import calls, plans
from perennial.renewals.calculations.categories import one_step_from
from perennial.renewals.calculations.checkpoints import Standing, days_of, reached, standing
from perennial.renewals.models import CallSettled, Checkpoint, CheckpointCall
from perennial.renewals.terms import Category, Due, Modelled, Outcome, Place, Ruling, Taken, Which

CHUNK = 500
MOST_REASON = calls.MOST_REASON
TAKEN, SETTLED = "checkpoint.called", "checkpoint.settled"


class CheckpointError(ValueError):
    """What was said at a checkpoint cannot be kept; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A checkpoint that a term has reached: whose, of which term, which one."""

    customer_id: int
    due_on: date
    which: Which


def reached_by(
    dues: Sequence[Due], segments: Mapping[int, str | None], rules: RenewalRules, on: date
) -> dict[Place, Spot]:
    """Return the checkpoint that each open term has reached last. No query."""
    found = {}
    for one in dues:
        passed = reached(days_of(one.starts_on, one.due_on, rules.of(segments.get(one.customer_id))), on)
        if one.outcome is Outcome.OPEN and passed is not None:
            found[one.customer_id, one.due_on] = Spot(one.customer_id, one.due_on, passed[0])
    return found


def record(found: Mapping[Spot, Modelled], *, on: date, at: datetime) -> int:
    """Keep what the model says at checkpoints of which nothing is kept yet; return how many. One query for 500."""
    rows = [
        Checkpoint(customer_id=spot.customer_id, due_on=spot.due_on, which=spot.which, on=on, at=at,
                   model=said.category, p=said.p, low=said.low, high=said.high)
        for spot, said in found.items()
    ]  # fmt: skip
    Checkpoint.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)
    return len(rows)


@transaction.atomic
def take(
    spot: Spot, *, category: Category | None, reason: str, said: Modelled, counted: Category | None, by: int,
    at: datetime,
) -> int:  # fmt: skip
    """Record our own call at a checkpoint (None: wait and see); return its number. A call other than the category that
    counts (`counted`) moves the forecast too. Four queries.

    :raises CheckpointError: no reason, one too long, waiting at the last checkpoint, or more than one step from the
        model.
    """
    if category is None and spot.which is Which.LAST:
        raise CheckpointError(
            _("At the last checkpoint nobody waits and sees: say what you expect, and plan what you do about it.")
        )
    text = _said(reason)
    if category is not None and category is not said.category and category not in one_step_from(said.category):
        raise CheckpointError(_("A call moves a term by one category at most."))
    row = CheckpointCall.objects.create(
        customer_id=spot.customer_id, due_on=spot.due_on, which=spot.which, category=category or "", reason=text,
        model=said.category, p=said.p, low=said.low, high=said.high, by_id=by, at=at,
    )  # fmt: skip
    if category is not None and category is not counted:
        _move(spot, category, text, said, by=by, at=at)
    _tell(TAKEN, spot, {"category": category or "", "model": said.category}, text, by=by, at=at)
    return int(row.pk)


@transaction.atomic
def settle(
    spot: Spot, *, category: Category, word: str, said: Modelled, counted: Category | None, by: int, at: datetime
) -> int:
    """Let one of the two views count, with a word; return the number of the ruling. Six queries.

    :raises CheckpointError: no word, nothing to settle, or a category that neither of the two said.
    """
    text = _said(word)
    own = latest([spot.customer_id]).get((spot.customer_id, spot.due_on), {}).get(spot.which)
    if own is None or own.category in {None, own.model} or own.ruling is not None:
        raise CheckpointError(_("There is nothing to settle here any more."))
    if category not in {own.category, own.model}:
        raise CheckpointError(_("Choose one of the two views."))
    call = _rows([spot.customer_id], Q(due_on=spot.due_on, which=spot.which)).latest("at", "id")
    row = CallSettled.objects.create(
        customer_id=call.customer_id, call=call, category=category, word=text, by_id=by, at=at
    )
    if category is not counted and (category is said.category or category in one_step_from(said.category)):
        _move(spot, category, text, said, by=by, at=at)
    _tell(SETTLED, spot, {"category": category, "own": own.category, "model": own.model}, text, by=by, at=at)
    return int(row.pk)


def _said(text: str) -> str:
    said = " ".join(text.split())
    if not said:
        raise CheckpointError(_("Say why: a call without a reason cannot be judged later."))
    if len(said) > MOST_REASON:
        raise CheckpointError(_("A reason has at most %(most)d characters.") % {"most": MOST_REASON})
    return said


def _move(spot: Spot, category: Category, reason: str, said: Modelled, *, by: int, at: datetime) -> None:
    calls.call(customer_id=spot.customer_id, due_on=spot.due_on, category=category, reason=reason, model=said.category,
               p=said.p, by=by, at=at)  # fmt: skip


def _tell(kind: str, spot: Spot, data: dict[str, Any], text: str, *, by: int, at: datetime) -> None:
    journal.record(kind, customer_id=spot.customer_id, by=by, at=at, personal={"reason": text},
                   data={"due_on": spot.due_on.isoformat(), "which": spot.which.value, **data})  # fmt: skip


def latest(customer_ids: Sequence[int], *, at: datetime | None = None) -> dict[Place, dict[Which, Taken]]:
    """Return the call that counts at each checkpoint of the customers' terms (those merged into them among them), of
    those made up to `at` (None: all). Two queries for 500 customers."""
    merged = aliases()
    family, found = merged.family(customer_ids), defaultdict[Place, dict[Which, Taken]](dict)
    for start in range(0, len(family), CHUNK):
        made = Q() if at is None else Q(at__lte=at)
        for row in _rows(family[start : start + CHUNK], made):
            found[merged.of(row.customer_id), row.due_on][Which(row.which)] = _taken(row, at)
    return dict(found)


def recorded(customer_ids: Sequence[int]) -> dict[Spot, tuple[date, Modelled]]:
    """Return what the model said at the checkpoints of the customers' terms, and in the night of which day. Two queries
    for 500 customers."""
    merged = aliases()
    family, found = merged.family(customer_ids), dict[Spot, tuple[date, Modelled]]()
    for start in range(0, len(family), CHUNK):
        for row in Checkpoint.objects.filter(customer_id__in=family[start : start + CHUNK]).order_by("id"):
            spot = Spot(merged.of(row.customer_id), row.due_on, Which(row.which))
            found[spot] = row.on, Modelled(Category(row.model), row.p, row.low, row.high)
    return found


def disputed(rows: Q, *, since: date) -> list[Spot]:
    """Return the checkpoints of terms due from a day on at which our own call differs from the model's and nobody has
    settled it. Two queries. `rows`: the condition of the customers. A later checkpoint takes an earlier one's place.
    """
    merged = aliases()
    last: dict[Place, CheckpointCall] = {}
    for row in CheckpointCall.objects.filter(rows, due_on__gte=since).select_related("settled").order_by("at", "id"):
        last[merged.of(row.customer_id), row.due_on] = row
    return [Spot(*place, Which(row.which)) for place, row in last.items()
            if row.category not in {"", row.model} and getattr(row, "settled", None) is None]  # fmt: skip


def _rows(customer_ids: Sequence[int], more: Q) -> Any:
    rows = CheckpointCall.objects.filter(more, customer_id__in=customer_ids)
    return rows.select_related("by", "settled__by").order_by("at", "id")


def _taken(row: CheckpointCall, at: datetime | None) -> Taken:
    ruling = getattr(row, "settled", None)
    if ruling is not None and at is not None and ruling.at > at:
        ruling = None
    return Taken(
        Category(row.category) if row.category else None, row.reason,
        Modelled(Category(row.model), row.p, row.low, row.high), row.by.name, row.by_id, row.at,
        None if ruling is None else Ruling(Category(ruling.category), ruling.word, ruling.by.name, ruling.at),
    )  # fmt: skip


def standings(
    starts: Mapping[Place, date], segments: Mapping[int, str | None], *, on: date, at: datetime | None = None
) -> dict[Place, Standing]:
    """Return how open terms stand at their checkpoints, by their first days; those ahead of both are left out. Four
    queries for 500 customers."""
    rules, ids = blueprint.renewals(on), sorted({customer for customer, _due in starts})
    taken, planned = latest(ids, at=at), plans.tasks_of(ids)
    found = {}
    for place, starts_on in starts.items():
        days = days_of(starts_on, place[1], rules.of(segments.get(place[0])))
        one = standing(days, taken.get(place, {}), on, has_plan=bool(planned.get(place)))
        if one is not None:
            found[place] = one
    return found
