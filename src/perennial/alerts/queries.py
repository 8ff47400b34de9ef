"""Reads of alerts: those of a member's customers, one of them, and what the portfolio row says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db.models import F, Q

from perennial.alerts.models import AlertWeek, UsageAlert
from perennial.alerts.terms import Kind, Listed, Standing
from perennial.customers.belonging import WHOSE, theirs


def standing(on: date, customer_ids: Sequence[int] | None = None) -> dict[int, Standing]:
    """Return the open alerts of the act list that do not rest on a day, by customer; who has none is left out. One
    query."""
    awake = Q(muted_until_on=None) | Q(muted_until_on__lte=on)
    rows = UsageAlert.objects.filter(theirs(customer_ids), awake, closed_on=None, listed=Listed.act, week_on__lte=on)
    found: dict[int, dict[str, UsageAlert]] = {}
    for one in rows.annotate(whose=WHOSE).order_by("id"):
        found.setdefault(one.whose, {})[one.kind] = one
    return {customer: _standing(of) for customer, of in found.items()}


def _standing(of: dict[str, UsageAlert]) -> Standing:
    fall, champion, silent = (of.get(kind) for kind in (Kind.drop, Kind.champion_gap, Kind.silence))
    return Standing(
        drop_on=fall.week_on if fall else None,
        users=None if fall is None or fall.users is None else round(fall.users),
        usual=None if fall is None or fall.usual is None else round(fall.usual),
        champion_on=champion.week_on if champion else None,
        silent_on=silent.week_on if silent else None,
    )


def latest_week() -> AlertWeek | None:
    """Return the week that was judged last, None before the first; one query."""
    return AlertWeek.objects.order_by("-week_on").first()


def alerts(rows: Q, *, open_only: bool = True) -> list[UsageAlert]:
    """Return alerts with their customer's portfolio row and owner, those to act on first, then the most unlikely; one
    query. `rows`: the condition on the customer's portfolio row, by the path `customer__portfolio__`."""
    found = UsageAlert.objects.filter(rows, customer__merged_into=None, customer__portfolio__isnull=False)
    if open_only:
        found = found.filter(closed_on=None)
    return list(
        found.select_related("customer__portfolio__owner", "muted_by").order_by(
            "listed", F("p").asc(nulls_last=True), "-week_on", "id"
        )
    )


def alert(rows: Q, alert_id: int) -> UsageAlert | None:
    """Return one alert where its customer's row meets the condition, else None; one query."""
    found = UsageAlert.objects.filter(rows, id=alert_id, customer__merged_into=None)
    return found.select_related("customer__portfolio__owner", "muted_by").first()


def open_of(customer_id: int) -> list[UsageAlert]:
    """Return a customer's open alerts, the first one first; one query."""
    return list(UsageAlert.objects.filter(theirs([customer_id]), closed_on=None).order_by("week_on", "id"))
