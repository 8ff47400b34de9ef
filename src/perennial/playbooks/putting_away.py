"""Reasons of Today that somebody found not useful: put away until a day, and brought back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from perennial.blueprint import queries as blueprint
from perennial.kernel.journal import actions as journal
from perennial.playbooks import planning
from perennial.playbooks.actions import PlaybookError
from perennial.playbooks.models import PutAway
from perennial.playbooks.terms import EVERY_REASON, PUT_AWAY_DAYS, Why

MOST_NOTE = 300


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which reasons are not useful (keys of rules; EVERY_REASON for all, also new ones), why, and for how many days."""

    rules: tuple[str, ...]
    why: str
    days: int
    note: str = ""


@transaction.atomic
def put_away(*, customer_id: int, verdict: Verdict, on: date, by: int, at: datetime) -> list[int]:
    """Keep reasons away from a customer's Today for a while; return the ids by which they are brought back.

    A reason that is away already stays as it was. The day is planned anew for the customer.
    :raises PlaybookError: no such reason, no such why, "other" without words, or another number of days than offered.
    """
    note = _checked(verdict)
    until_on = on + timedelta(days=verdict.days)
    away = set(_standing(on).filter(customer_id=customer_id).values_list("rule", flat=True))
    rows = [
        PutAway.objects.create(customer_id=customer_id, rule=rule, why=verdict.why, note=note, on=on, until_on=until_on,
                               by_id=by, at=at)
        for rule in dict.fromkeys(verdict.rules)
        if rule not in away
    ]  # fmt: skip
    if rows:
        data = {"rules": [row.rule for row in rows], "why": verdict.why, "until": until_on.isoformat()}
        journal.record("today.put_away", customer_id=customer_id, by=by, at=at, data=data,
                       personal={"note": note} if note else None)  # fmt: skip
        planning.plan(on, at=at, customer_ids=[customer_id])
    return [row.pk for row in rows]


@transaction.atomic
def bring_back(*, ids: Sequence[int], on: date, by: int, at: datetime) -> int:
    """Let reasons speak again before their day; return how many were away until now. Safe to run twice."""
    rows = list(_standing(on).select_for_update().filter(id__in=list(ids)))
    PutAway.objects.filter(id__in=[row.pk for row in rows]).update(ended_at=at, ended_by_id=by)
    for customer_id in dict.fromkeys(row.customer_id for row in rows):
        rules = [row.rule for row in rows if row.customer_id == customer_id]
        journal.record("today.brought_back", customer_id=customer_id, by=by, at=at, data={"rules": rules})
    if rows:
        planning.plan(on, at=at, customer_ids=sorted({row.customer_id for row in rows}))
    return len(rows)


def _standing(on: date) -> QuerySet[PutAway]:
    return PutAway.objects.filter(ended_at=None, until_on__gt=on)


def _checked(verdict: Verdict) -> str:
    known = {EVERY_REASON, *(rule.key for rule in blueprint.today_rules())}
    if not verdict.rules or not set(verdict.rules) <= known:
        raise PlaybookError(_("Choose which reason."))
    if verdict.why not in Why.values:
        raise PlaybookError(_("Choose why."))
    if verdict.days not in PUT_AWAY_DAYS:
        raise PlaybookError(_("Choose for how long."))
    note = " ".join(verdict.note.split())[:MOST_NOTE]
    if verdict.why == Why.other and not note:
        raise PlaybookError(_("Say in a few words why."))
    return note
