"""The calls of members on terms that come due: made with a reason, never changed, scored later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.customers.aliases import aliases
from perennial.kernel.among import among
from perennial.kernel.journal import actions as journal
from perennial.renewals.calculations.categories import one_step_from
from perennial.renewals.models import Call
from perennial.renewals.terms import Category, Place

MOST_REASON = 300


class CallError(ValueError):
    """A call that cannot be; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Called:
    """A call as it was made: the category, and beside it what the model said then."""

    category: Category
    reason: str
    model: Category
    p: float
    by: str
    by_id: int
    at: datetime


@transaction.atomic
def call(
    *, customer_id: int, due_on: date, category: Category, reason: str, model: Category, p: float, by: int, at: datetime
) -> int:
    """Record what a member says of a term; return the call's id. Two queries.

    `model`, `p`: what the model says now. Its own category takes an earlier call back.

    :raises CallError: no reason, a reason too long, or more than one step from the model's category.
    """
    text = " ".join(reason.split())
    if not text:
        raise CallError(_("Say why: a call without a reason cannot be judged later."))
    if len(text) > MOST_REASON:
        raise CallError(_("A reason has at most %(most)d characters.") % {"most": MOST_REASON})
    if category is not model and category not in one_step_from(model):
        raise CallError(_("A call moves a term by one category at most."))
    row = Call.objects.create(
        customer_id=customer_id, due_on=due_on, category=category, reason=text, model=model, p=p, by_id=by, at=at
    )
    journal.record("renewal.called", customer_id=customer_id, by=by, at=at, personal={"reason": text},
                   data={"due_on": due_on.isoformat(), "category": category.value, "model": model.value})  # fmt: skip
    return int(row.pk)


def latest(customer_ids: Sequence[int], *, at: datetime | None = None) -> dict[Place, Called]:
    """Return the call that counts for each term of the customers (those merged into them among them), of those made
    up to `at` (None: all). Two queries."""
    merged = aliases()
    family = merged.family(customer_ids)
    found: dict[Place, Called] = {}
    rows = Call.objects.filter(among("customer_id", family)).select_related("by")
    for row in (rows if at is None else rows.filter(at__lte=at)).order_by("at", "id"):
        found[merged.of(row.customer_id), row.due_on] = _called(row)
    return found


def history(customer_id: int, due_on: date) -> list[Called]:
    """Return all calls on a term, the latest first. Two queries."""
    rows = Call.objects.filter(customer_id__in=aliases().family([customer_id]), due_on=due_on)
    return [_called(row) for row in rows.select_related("by").order_by("-at", "-id")]


def _called(row: Call) -> Called:
    return Called(Category(row.category), row.reason, Category(row.model), row.p, row.by.name, row.by_id, row.at)
