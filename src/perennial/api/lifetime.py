"""Lifetime value: how long customers stay, what one is worth, what winning one costs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from ninja.errors import HttpError

from perennial.api.keys import caller
from perennial.api.wire import Day
from perennial.insights import queries
from perennial.insights.calculations import survival
from perennial.insights.terms import Check
from perennial.kernel import money
from perennial.reports import lifetime, lifetime_waiting, revenue
from perennial.reports.lifetime import Dimension, Group, Told

router = Router(tags=["revenue"])
DEFINITION = (
    "Of the customers who ever paid, by first life in the ledger: `survival` is the share that stays at ages 0, 1, … "
    "years with its 90 % interval; `value_of_customer` what a customer leaves within the horizon, discounted, in "
    "{currency}; an estimate. `extrapolated` false: too little is known for a curve (three renewal ages, 30 "
    "customers), so only the observed years count and the value is a floor. `cac` is spend over the customers it won; "
    "`ltv_cac_low` the lower end of the 80 % interval. `pending`: so many curves are being fitted, ask again in a few "
    "seconds (analytics 3.5)."
)


@router.get("/revenue/lifetime", url_name="revenue_lifetime")
def revenue_lifetime(
    request: HttpRequest,
    by: Annotated[Dimension, Query()] = Dimension.CHANNEL,
    as_of: Annotated[Day | None, Query()] = None,
) -> dict[str, Any]:
    """Lifetime value of all customers and by segment or channel, as of a day, from the ledger as known now."""
    member = caller(request, "revenue.read")
    if by not in lifetime.dimensions_of(member):
        raise HttpError(400, f"There is no field {by.value}.")
    book = revenue.book_of(member, at=timezone.now())
    if as_of is not None:
        if as_of > book.as_of:
            raise HttpError(400, f"`as_of` must not lie after {book.as_of}.")
        book = replace(book, as_of=as_of)
    found = lifetime.told(book, by, is_whole=lifetime.sees_all(member))
    told: dict[str, Any] = {"as_of": book.as_of, "currency": book.currency,
                            "definition": DEFINITION.format(currency=book.currency), "by": by.value}  # fmt: skip
    if found is None:
        return {**told, "whole": None, "rows": [], "cohorts": [], "stage": None, "pending": 0}
    if found.pending:
        lifetime_waiting.have_fitted(found.pending, at=timezone.now())
    return {**told, **_told(found, book.currency)}


def _told(found: Told, currency: str) -> dict[str, Any]:
    rules, staged = found.rules, found.staged
    return {
        "assumptions": {"gross_margin": rules.gross_margin, "discount_rate": rules.discount_rate,
                        "horizon_years": rules.horizon_years, "sales_cycle_months": rules.sales_cycle_months},
        "computed_by": {"seed": survival.SEED, **queries.versions()},
        "whole": _group(found.whole, currency),
        "rows": [{"value": one.value or None, **_group(one, currency)} for one in found.parts],
        "cohorts": [{"first_paid_in": one.year, "customers": one.customers, "observed": one.observed,
                     "stayed": one.stayed} for one in found.cohorts],
        "stage": None if staged is None else {
            "stage": staged.stage.value,
            "tests": [_test(one) for one in (*staged.fit, *staged.economy, *staged.scale)],
        },
        "pending": len(found.pending),
    }  # fmt: skip


def _group(one: Group, currency: str) -> dict[str, Any]:
    cost = one.cost
    return {
        "customers": one.customers,
        "paying": one.paying,
        "at_risk": one.ages.at_risk,
        "lost": one.ages.lost,
        "extrapolated": not one.is_floor,
        "model": None if one.fitted is None else one.fitted.model.value,
        "parameters": None if one.fitted is None else one.fitted.parameters,
        "survival": {"age": list(range(len(one.curve.survival))), "value": one.curve.survival, "low": one.curve.low,
                     "high": one.curve.high, "level": survival.LEVEL},
        "years": one.years if one.ages.points else None,
        "years_interval": one.years_interval if one.ages.points else None,
        "revenue_a_year": _decimal(one.revenue, currency),
        "value_of_customer": _decimal(one.worth, currency),
        "value_interval": [_decimal(end, currency) for end in one.worth_interval] if one.worth_interval else None,
        "spend": None if cost is None else _decimal(cost.spent, currency),
        "won": None if cost is None else cost.won,
        "cac": None if cost is None else _decimal(cost.each, currency),
        "payback_months": one.payback,
        "ltv_cac": one.ratio,
        "ltv_cac_low": one.ratio_low,
    }  # fmt: skip


def _test(one: Check) -> dict[str, Any]:
    return {"key": one.key, "verdict": one.verdict.value, "value": one.value, "limit": one.limit}


def _decimal(minor: int | Fraction | None, currency: str) -> Decimal | None:
    whole = None if minor is None else money.round_half_even(Fraction(minor))
    return None if whole is None else Decimal(money.decimal_string(whole, currency))
