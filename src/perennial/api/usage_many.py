"""Features, cohorts and the funnel, each with the customers in it, and the users of one customer."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from perennial.api.customers import find
from perennial.api.usage import Asking, Paged, paged
from perennial.reports import customer_file, feature_users, product_users, usage_cohorts, usage_features, usage_funnel
from perennial.reports.usage_features import Base
from perennial.reports.usage_funnel import BACK, MOST_STEPS, WITHIN, Funnel

router = Router(tags=["usage"])
LONGEST = 200
_MONTH = re.compile(r"(19[7-9]\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])", re.ASCII)


def _ratio(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def _base(base: Base) -> dict[str, Any]:
    return {"customers": len(base.named), "is_live": base.is_live}


@router.get("/usage/features", url_name="usage_features")
def features(request: HttpRequest) -> dict[str, Any]:
    """Every feature of the 28 days up to the as-of day, with its customers and events, and those of the 28 days before.
    That of most customers comes first."""
    asking = Asking.of(request)
    base = usage_features.base_of(asking.member)
    found = usage_features.adoption(base, asking.on) if asking.on else []
    rows = [
        {
            "feature": one.feature, "customers": one.customers, "customers_before": one.customers_before,
            "share": _ratio(one.share), "events": one.events, "events_before": one.events_before,
            "change": _ratio(one.change),
        }
        for one in found
    ]  # fmt: skip
    return {"as_of": asking.on, "base": _base(base), "features": rows}


class FeatureQuery(Paged):
    """A feature, and whether the customers with it are meant or those without."""

    feature: str = Field(min_length=1, max_length=LONGEST)
    has: Literal["yes", "no"] = "yes"


@router.get("/usage/features/customers", url_name="usage_features_customers")
def feature(request: HttpRequest, query: Annotated[FeatureQuery, Query()]) -> dict[str, Any]:
    """The customers with a feature, the most events of it first, or (`has=no`) those without, the most other use
    first."""
    asking = Asking.of(request)
    base = usage_features.base_of(asking.member)
    if asking.on is None:
        raise Http404
    found = usage_features.customers_of(base, query.feature, asking.on)
    if not found.using and not any(one.events_before for one in found.without):
        raise Http404
    rows, mark = paged(found.using if query.has == "yes" else found.without, query)
    customers = [
        {**who, "events": one.events, "events_before": one.events_before, "all_events": one.all_events}
        for who, one in zip(asking.who(rows), rows, strict=True)
    ]
    counts = {"using": len(found.using), "without": len(found.without)}
    around = {"as_of": asking.on, "feature": query.feature, "base": _base(base), **counts}
    return {**around, "customers": customers, "next": mark}


@router.get("/usage/cohorts", url_name="usage_cohorts")
def cohorts(request: HttpRequest) -> dict[str, Any]:
    """Customers by the month of their first use, and how many of each month's were active in the months since."""
    asking = Asking.of(request)
    found = usage_cohorts.cohorts(usage_cohorts.ids_of(asking.member), asking.on) if asking.on else []
    return {
        "as_of": asking.on,
        "cohorts": [
            {"month": f"{one.month:%Y-%m}", "customers": one.size, "active": list(one.active)} for one in found
        ],
        "together": [_ratio(share) for share in usage_cohorts.together(found)],
    }


class CohortQuery(Paged):
    """A cell: the month of first use (`2026-01`), and how many months later."""

    month: str = Field(max_length=7)
    since: int = Field(0, ge=0, le=999)


@router.get("/usage/cohorts/customers", url_name="usage_cohorts_customers")
def cohort(request: HttpRequest, query: Annotated[CohortQuery, Query()]) -> dict[str, Any]:
    """The customers of a cohort with their core events so many months later (0: not active), the most first."""
    asking = Asking.of(request)
    if not _MONTH.fullmatch(query.month):
        raise HttpError(400, "`month` must be a month such as 2026-01.")
    month = date(int(query.month[:4]), int(query.month[5:]), 1)
    if asking.on is None or month > asking.on:
        raise Http404
    found = usage_cohorts.members_of(asking.member, month=month, since=query.since, on=asking.on)
    if not found:
        raise Http404
    rows, mark = paged(found, query)
    customers = [{**who, "events": one.events} for who, one in zip(asking.who(rows), rows, strict=True)]
    return {"as_of": asking.on, "month": query.month, "since": query.since, "customers": customers, "next": mark}


Step = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class FunnelQuery(Schema):
    """The steps in their order (`step=search&step=report`), and how many days a customer has for all of them."""

    step: list[Step] = Field(min_length=1, max_length=MOST_STEPS)
    within: int = 28


class FunnelRows(FunnelQuery, Paged):
    """A funnel, and which of its customers."""


def _funnel(asking: Asking, base: Base, query: FunnelQuery) -> Funnel:
    if query.within not in WITHIN:
        raise HttpError(400, f"`within` is one of {', '.join(map(str, WITHIN))}.")
    if asking.on is None:
        raise Http404
    return usage_funnel.funnel(base, query.step, on=asking.on, within=query.within)


@router.get("/usage/funnel", url_name="usage_funnel")
def funnel(request: HttpRequest, query: Annotated[FunnelQuery, Query()]) -> dict[str, Any]:
    """How many customers come through features in their order, of the 91 days up to the as-of day; at most four."""
    asking = Asking.of(request)
    base = usage_features.base_of(asking.member)
    found = _funnel(asking, base, query)
    steps = [
        {"feature": one.feature, "customers": one.customers, "of_first": _ratio(one.of_first),
         "of_before": _ratio(one.of_before)}
        for one in found.steps
    ]  # fmt: skip
    return {"as_of": asking.on, "base": _base(base), "within": query.within, "back": BACK, "steps": steps}


@router.get("/usage/funnel/customers", url_name="usage_funnel_customers")
def funnel_customers(request: HttpRequest, query: Annotated[FunnelRows, Query()]) -> dict[str, Any]:
    """The customers that began a funnel and how many of its steps each came through, those that came furthest first."""
    asking = Asking.of(request)
    base = usage_features.base_of(asking.member)
    rows, mark = paged(usage_funnel.customers_of(base, _funnel(asking, base, query)), query)
    customers = [{**who, "steps": one.steps} for who, one in zip(asking.who(rows), rows, strict=True)]
    return {"as_of": asking.on, "within": query.within, "customers": customers, "next": mark}


class UsersQuery(Paged):
    """How a customer's users are sorted: `name`, `last`, `days` or `events`, `-` before it: falling."""

    sort: Literal["name", "-name", "last", "-last", "days", "-days", "events", "-events"] = "-events"
    source: str | None = Field(None, max_length=60)


@router.get("/customers/{external_id}/users", url_name="customer_users")
def users(request: HttpRequest, external_id: str, query: Annotated[UsersQuery, Query()]) -> dict[str, Any]:
    """A customer's users: when each was last seen, its active days and core events of 28 days, its share of them."""
    asking = Asking.of(request)
    key = find(asking.member, external_id, query.source).key
    file = customer_file.find(asking.member, key, house=asking.house, on=asking.today)
    if file is None:
        raise Http404
    rows, mark = paged(product_users.users_of(file, sort=query.sort), query)
    listed = [
        {"name": one.name, "last_on": one.last_on, "active_days": one.active_days, "events": one.events,
         "share": _ratio(one.share)}
        for one in rows
    ]  # fmt: skip
    return {"as_of": file.on, "key": key, "users": listed, "next": mark}


class FeatureUsersQuery(Paged):
    """A feature, where only one is meant."""

    feature: str | None = Field(None, min_length=1, max_length=LONGEST)
    source: str | None = Field(None, max_length=60)


@router.get("/customers/{external_id}/features", url_name="customer_features")
def feature_users_of(
    request: HttpRequest, external_id: str, query: Annotated[FeatureUsersQuery, Query()]
) -> dict[str, Any]:
    """Who of a customer uses which feature: core events of 28 days, the first and the last day; `name` null: the events
    name nobody. `known` false: these figures came less than 28 days ago, and older events are gone."""
    asking = Asking.of(request)
    key = find(asking.member, external_id, query.source).key
    file = customer_file.find(asking.member, key, house=asking.house, on=asking.today)
    if file is None:
        raise Http404
    uses = feature_users.uses_of(file, feature=query.feature)
    rows, mark = paged(uses or [], query)
    listed = [
        {"name": one.name or None, "feature": one.feature, "events": one.events, "first_on": one.first_on,
         "last_on": one.last_on}
        for one in rows
    ]  # fmt: skip
    return {"as_of": file.on, "key": key, "known": uses is not None, "uses": listed, "next": mark}
