"""Reads of survey answers. Those of merged customers count for the one that remains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from perennial.customers.belonging import WHOSE, theirs
from perennial.kernel.recent import Mark
from perennial.kernel.recent import before as follows
from perennial.voice.models import SurveyAnswer


@dataclass(frozen=True)
class Answer:
    """A customer's latest answer of a kind: nps 0..10, csat 1..5."""

    score: float
    answered_at: datetime


def latest(kind: str, at: datetime, customer_ids: Sequence[int] | None = None) -> dict[int, Answer]:
    """Return each customer's latest answer of a kind as of an instant; who never answered is left out. One query."""
    rows = SurveyAnswer.objects.current().filter(theirs(customer_ids), kind=kind, answered_at__lte=at)
    found = rows.annotate(whose=WHOSE).order_by("answered_at", "id").values_list("whose", "score", "answered_at")
    return {customer: Answer(score=score, answered_at=answered_at) for customer, score, answered_at in found}


def answers(kind: str) -> list[tuple[int, float, datetime]]:
    """Return who answered what when, in the order in which `latest` prefers the later one, for those who ask for many
    instants. One query."""
    rows = SurveyAnswer.objects.current().filter(kind=kind).annotate(whose=WHOSE)
    return list(rows.order_by("answered_at", "id").values_list("whose", "score", "answered_at"))


def answers_of(customer_id: int, *, limit: int = 20, before: Mark | None = None) -> list[SurveyAnswer]:
    """Return a customer's answers, newest first, from a mark on; one query."""
    rows = SurveyAnswer.objects.current().filter(follows("answered_at", before), theirs([customer_id]))
    return list(rows.order_by("-answered_at", "-id")[:limit])
