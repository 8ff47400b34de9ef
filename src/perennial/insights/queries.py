"""Reads of insights: lives from the ledger, what winning customers cost, and curves that were fitted before."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from importlib.metadata import version
from typing import Any

from django.db.models import Min, Q, Sum

from perennial.contracts.facts import switches_of
from perennial.contracts.models import Movement
from perennial.contracts.terms import MovementKind
from perennial.customers.models import Customer
from perennial.insights.calculations import survival
from perennial.insights.calculations.lives import Day, life_of
from perennial.insights.models import Spend, SurvivalFit
from perennial.insights.terms import Ages, Fitted, Life, Model, Parameters
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import Period

METHOD = 1
"""Counted up when the way of fitting changes: what was fitted before is then fitted anew."""
_ENDS = [MovementKind.CHURN.value, MovementKind.PAUSE.value, MovementKind.TRANSFER.value]


def lives(rows: Q, *, on: date) -> list[Life]:
    """Return the first life of each customer that paid by the day, among `rows` (contracts.access.revenue_of).

    Three queries. Only of those who may have left are the movements read: who never lost a product stays.
    """
    happened = Movement.objects.filter(rows, on__lte=on)
    first = dict(happened.values_list("customer_id").annotate(first=Min("on")))
    ended = happened.filter(kind__in=_ENDS).values_list("customer_id", flat=True)
    late = usual_grace()
    days = _days(happened.filter(customer_id__in=ended))
    found = []
    for customer_id, starts_on in first.items():
        if customer_id not in days:
            found.append(Life(customer_id, starts_on))
        elif (life := life_of(customer_id, days[customer_id], on=on, grace_days=late)) is not None:
            found.append(life)
    return found


def usual_grace() -> int:
    """Return after how many days without paper anybody has left. One query."""
    return switches_of(house().policy_switches).grace_days


def _days(rows: Any) -> dict[int, list[Day]]:
    told = rows.values_list("customer_id", "on", "kind", "denominator").annotate(n=Sum("numerator"))
    changes: dict[int, dict[date, list[tuple[str, Fraction]]]] = defaultdict(lambda: defaultdict(list))
    for customer_id, on, kind, denominator, numerator in told.order_by("customer_id", "on"):
        changes[customer_id][on].append((kind, Fraction(int(numerator), denominator)))
    return {
        customer_id: [(on, sum((amount for _kind, amount in moved), Fraction(0)), _paused(moved))
                      for on, moved in of_customer.items()]
        for customer_id, of_customer in changes.items()
    }  # fmt: skip


def _paused(moved: list[tuple[str, Fraction]]) -> bool:
    kinds = {kind for kind, _amount in moved}
    return MovementKind.PAUSE.value in kinds and MovementKind.CHURN.value not in kinds


@dataclass(frozen=True, slots=True)
class Origin:
    """Of what segment a customer is, and by which channel it came; "" where nobody knows."""

    segment: str
    channel: str


def origins(customer_ids: Any, channel_fields: Iterable[str]) -> dict[int, Origin]:
    """Return segment and channel of the customers (ids or a subquery). The channel is the first of these own fields
    that says one, else the reseller. One query."""
    fields = list(channel_fields)
    told = Customer.objects.filter(id__in=customer_ids).values_list("id", "segment", "custom", "reseller__name")
    found = {}
    for customer_id, segment, custom, reseller in told:
        named = next((str(custom[key]).strip() for key in fields if str(custom.get(key) or "").strip()), "")
        found[customer_id] = Origin(segment or "", named or reseller or "")
    return found


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent in a month, in minor units; channel and segment are "" where it is for all of them."""

    month: date
    channel: str
    segment: str
    amount: int


def spend(span: Period, currency: str) -> list[Spent]:
    """Return what winning customers cost in the months that begin within the span, by month. One query."""
    rows = Spend.objects.current().filter(month__gte=span.since, month__lt=span.until, currency=currency)
    told = rows.values_list("month", "channel", "segment").annotate(amount=Sum("amount"))
    return [Spent(month, channel, segment, int(amount)) for month, channel, segment, amount in told.order_by("month")]


def fits(wanted: Iterable[Ages]) -> Mapping[Ages, Fitted]:
    """Return the curves that are kept for these customers; those to be fitted yet are left out. One query for 500."""
    by_digest = {digest_of(ages): ages for ages in wanted if ages.is_enough}
    names, found = sorted(by_digest), {}
    for start in range(0, len(names), 500):
        kept = SurvivalFit.objects.filter(digest__in=names[start : start + 500])
        for digest, told in kept.values_list("digest", "found"):
            found[by_digest[digest]] = _fitted(told)
    return found


@cache
def versions() -> dict[str, str]:
    """Return what a curve's bits depend on besides its customers."""
    return {"method": str(METHOD), "scipy": version("scipy"), "numpy": version("numpy")}


def digest_of(ages: Ages) -> str:
    """Return the name of a curve: of its customers by age, its seed, and the method's and libraries' versions."""
    told = json.dumps([ages_data(ages), survival.SEED, survival.DRAWS, versions()], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def ages_data(ages: Ages) -> dict[str, list[int]]:
    """Return customers by age as JSON carries them."""
    return {"entered": list(ages.entered), "at_risk": list(ages.at_risk), "lost": list(ages.lost)}


def ages_from(told: Mapping[str, Iterable[int]]) -> Ages:
    """Read what `ages_data` wrote."""
    return Ages(tuple(told["entered"]), tuple(told["at_risk"]), tuple(told["lost"]))


def fitted_data(fitted: Fitted) -> dict[str, Any]:
    """Return a curve as JSON carries it."""
    return {"model": fitted.model.value, "parameters": fitted.parameters, "other": fitted.other,
            "ratio": fitted.ratio, "draws": fitted.draws}  # fmt: skip


def _fitted(told: Mapping[str, Any]) -> Fitted:
    other = _parameters(told["other"]) if told["other"] else None
    draws = tuple(_parameters(one) for one in told["draws"])
    return Fitted(Model(told["model"]), _parameters(told["parameters"]), other, told["ratio"], draws)


def _parameters(told: Iterable[float]) -> Parameters:
    a, b, c = told
    return float(a), float(b), float(c)
