"""The forecast: how much of what is due will renew, as of today or as a frozen week knew it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from ninja.errors import HttpError

from perennial.api.keys import caller
from perennial.api.wire import Day
from perennial.insights.terms import Term
from perennial.kernel import money
from perennial.reports import forecast
from perennial.reports.forecast import By, Group, Told
from perennial.reports.forecast_figures import FANS, PARTS

router = Router(tags=["revenue"])
DEFINITION = (
    "ARR without tax of the terms that end in the period. due = renewed + lost + commit + best_case + at_risk + "
    "signed_off, exactly. `low`, `middle` and `high` are the 10, 50 and 90 % quantiles of what will have renewed; they "
    "do not add up. `p` is the base rate of the term's kind with its 95 % interval (analytics 4)."
)


@router.get("/forecast", url_name="forecast")
def renewal_forecast(
    request: HttpRequest,
    as_of: Annotated[Day | None, Query()] = None,
    by: Annotated[By, Query()] = By.QUARTER,
) -> dict[str, Any]:
    """The forecast of renewals, told apart, and term by term. With `as_of`, as the last week that was frozen up to
    that day knew it: `frozen` names the week and whether it was rebuilt afterwards."""
    member = caller(request, "revenue.read")
    told = forecast.told(member, at=timezone.now(), as_of=as_of)
    if told is None:
        raise HttpError(404, "No week was frozen up to `as_of`, or nothing was computed yet.")
    groups, whole = forecast.groups(told, by)
    found, learned = told.forecast, told.forecast.learned
    return {
        "as_of": found.on.isoformat(),
        "currency": told.currency,
        "definition": DEFINITION,
        "frozen": None if found.week_on is None else {"week": found.week_on.isoformat(), "rebuilt": found.is_rebuilt},
        "learned": {"on": learned.on.isoformat(), "terms": learned.terms, "quarters": learned.quarters,
                    "rebuilt": learned.rebuilt},
        "by": by.value,
        "rows": [{"value": _value(one, by, told), **_amounts(one, told)} for one in groups],
        "whole": _amounts(whole, told),
        "terms": [_term(one, told) for one in told.terms],
    }  # fmt: skip


def _value(group: Group, by: By, told: Told) -> str | None:
    if group.value in {None, ""}:
        return None
    return told.members.get(group.value) if by is By.OWNER and isinstance(group.value, int) else str(group.value)


def _amounts(group: Group, told: Told) -> dict[str, Any]:
    amounts = {key: group.amounts[key] for key in PARTS} | {key: getattr(group.fan, key) for key in FANS}
    return {"terms": group.count} | {key: _decimal(minor, told.currency) for key, minor in amounts.items()}


def _term(one: Term, told: Told) -> dict[str, Any]:
    rate, customer = one.probability and one.probability.rate, told.customers.get(one.customer_id)
    return {
        "customer": customer.key if customer else None,
        "due_on": one.due_on.isoformat(),
        "due": _decimal(one.arr, told.currency),
        "renewed": _decimal(one.kept, told.currency),
        "outcome": one.outcome.value,
        "p": rate.p if rate else None,
        "interval": [rate.low, rate.high] if rate else None,
        "model": one.model.value if one.model else None,
        "call": one.called.value if one.called else None,
        "category": one.category.value if one.category else None,
        "owner": told.members.get(one.owner_id or 0),
    }


def _decimal(minor: int, currency: str) -> Decimal:
    return Decimal(money.decimal_string(minor, currency))
