"""Customers: list, one with health and its parts, daily metrics, bulk upsert."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any

from django.db import IntegrityError
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import AfterValidator, AllowInfNan, Field, StringConstraints

from perennial.api.keys import caller
from perennial.api.wire import Day
from perennial.customers import outside
from perennial.customers import queries as customers
from perennial.customers.access import customers_of, portfolio_of, visible_fields
from perennial.customers.catalogue import DEFAULT_SORT
from perennial.customers.terms import ListError
from perennial.kernel.conditions.parsing import parse
from perennial.kernel.conditions.terms import ConditionError, Tree
from perennial.kernel.organisation.queries import House, house
from perennial.members.models import Member
from perennial.reports import past
from perennial.reports.rows import row_values
from perennial.usage import own
from perennial.usage import queries as usage

router = Router(tags=["customers"])
MOST_DAYS = 1100


class ListQuery(Schema):
    """How to choose: `filter` a condition tree as JSON, `sort` a sortable field (`-mrr` falling), `after` the mark of
    the next page, `as_of` a past day. Owners are named by mail address, groups by key."""

    filter: str | None = Field(None, max_length=8000)
    q: str = Field("", max_length=200)
    sort: str | None = Field(None, max_length=60)
    after: str | None = Field(None, max_length=2000)
    limit: int = Field(50, ge=1, le=500)
    as_of: Day | None = None


@router.get("/customers", url_name="customers")
def list_customers(request: HttpRequest, query: Query[ListQuery]) -> dict[str, Any]:
    """List the customers that the key's member may see. Follow `next` as `after` until it is null. A past day is read
    quickest by `name`: then only the rows of each page are gathered."""
    member = caller(request, "customers.read")
    place = house()
    on, is_past = day_asked(query.as_of, place)
    try:
        page = _page(member, query, on, is_past=is_past)
    except (ConditionError, ListError) as error:
        raise HttpError(400, str(error)) from error
    fields = visible_fields(member)
    ids = customers.external_ids([row.customer_id for row in page.rows])
    return {
        "as_of": on,
        "currency": place.currency,
        "customers": [
            {"key": row.key, "external_ids": ids.get(row.customer_id, {}), **row_values(row, fields)}
            for row in page.rows
        ],
        "next": page.after,
    }


def day_asked(asked: date | None, place: House) -> tuple[date, bool]:
    """Return the day asked for, and whether it is another than the as-of day.

    :raises HttpError: it lies after the as-of day.
    """
    today = place.today(timezone.now())
    on = asked or today
    if on > today:
        raise HttpError(400, f"as_of lies after the organisation's as-of day {today}.")
    return on, on != today


def _page(member: Member, query: ListQuery, on: date, *, is_past: bool) -> customers.Page:
    fields = visible_fields(member)
    sort = query.sort or (DEFAULT_SORT if DEFAULT_SORT.removeprefix("-") in fields else "name")
    if sort.removeprefix("-") not in fields:
        raise ListError(f"The list cannot be sorted by {sort.removeprefix('-')}.")
    tree = outside.with_numbers(_tree(query.filter, fields)) if query.filter else None
    if is_past:
        return past.page(member, on, tree=tree, text=query.q, sort=sort, mark=query.after, size=query.limit)
    rows = customers.chosen(portfolio_of(member), tree=tree, text=query.q, as_of=on)
    return customers.page(rows, sort=sort, mark=query.after, size=query.limit)


def _tree(text: str, fields: Mapping[str, Any]) -> Tree:
    try:
        return parse(json.loads(text), {key: field.type for key, field in fields.items()})
    except ConditionError:
        raise
    except (ValueError, RecursionError) as error:
        raise HttpError(400, "`filter` is no JSON.") from error


@router.get("/customers/{external_id}", url_name="customer")
def one_customer(
    request: HttpRequest, external_id: str, source: str | None = None, as_of: Day | None = None
) -> dict[str, Any]:
    """One customer by external id (of any source, or of `source`) or by key, with health and its parts. As of a past
    day: what was true then, and the score that the day printed; a score's parts are kept of the latest day only."""
    member = caller(request, "customers.read")
    on, is_past = day_asked(as_of, house())
    found = find(member, external_id, source)
    fields = visible_fields(member)
    row = next(iter(past.rows_on(on, [found.pk])), None) if is_past else found.portfolio
    if row is None:
        raise Http404  # merged into another one since it was found
    return {
        "as_of": on,
        "key": found.key,
        "external_ids": customers.external_ids([found.pk]).get(found.pk, {}),
        **row_values(row, fields),
        "custom": found.custom,
        "health": past.health_on(row, on, fields) if is_past else past.health_of(found.pk, fields),
    }


@router.get("/customers/{external_id}/metrics", url_name="customer_metrics")
def customer_metrics(
    request: HttpRequest,
    external_id: str,
    from_: Annotated[Day, Query(alias="from")],
    to: Annotated[Day, Query()],
    source: str | None = None,
) -> dict[str, Any]:
    """The daily values of [from, to): a row a day, unknown as null; the metrics of your own among them, by key."""
    member = caller(request, "customers.read")
    found = find(member, external_id, source)
    if not from_ < to <= from_ + timedelta(days=MOST_DAYS):
        raise HttpError(400, f"`to` must lie after `from`, by at most {MOST_DAYS} days.")
    visible = {*visible_fields(member), *(one.key for one in own.served())}
    rows = usage.series_of(found.pk, from_on=from_, until_on=to)
    return {
        "key": found.key,
        "rows": [{"day": row.on, **{k: v for k, v in row.values.items() if k in visible}} for row in rows],
    }


def find(member: Member, external_id: str, source: str | None) -> Any:
    """Return a customer of the member by external id (of `source`, or any) or key.

    :raises Http404: there is none such, or it is not the member's.
    """
    if "\x00" in external_id or "\x00" in (source or ""):
        raise Http404  # no id holds it, and PostgreSQL would not even compare
    found = customers.by_external_id(customers_of(member), external_id, source=source)
    if found is None:
        raise Http404
    return found


def _one_line(text: str) -> str:
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        raise ValueError("one line of text without control characters is wanted")
    return text


_Line = AfterValidator(_one_line)
Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), _Line]
Word = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), _Line]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), _Line]
Source = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), _Line]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{18}$")]
Plain = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
Custom = Plain | int | Annotated[float, AllowInfNan(False)] | bool | None


class CustomerIn(Schema):
    """A customer as a source knows it. What is left out, or null, stays as it is; unknown keys are refused."""

    model_config = {"extra": "forbid"}

    external_id: Id
    name: Id | None = None
    legal_name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), _Line] | None = None
    credit_code: Code | None = None
    parent_external_id: Id | None = None
    owner_email: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254), _Line] | None
    ) = None
    industry: Word | None = None
    country: Word | None = None
    region: Word | None = None
    segment: Word | None = None
    signed_up_on: Day | None = None
    first_value_on: Day | None = None
    tags: Annotated[list[Tag], Field(max_length=100)] | None = None
    custom: Annotated[dict[Word, Custom], Field(max_length=200)] = {}


class UpsertIn(Schema):
    """Up to 1,000 customers of one source."""

    model_config = {"extra": "forbid"}

    source: Source = "api"
    customers: Annotated[list[CustomerIn], Field(min_length=1, max_length=1000)]


@router.post("/customers:upsert", url_name="customers_upsert")
def upsert_customers(request: HttpRequest, body: UpsertIn) -> dict[str, Any]:
    """Write customers by external id; each gets a verdict: new, changed, same, or rejected with the reason."""
    member = caller(request, "customers.edit")
    items = [item.model_dump(exclude_unset=True) for item in body.customers]
    try:
        return {"results": outside.upsert(member, source=body.source, items=items, at=timezone.now())}
    except IntegrityError as error:
        raise HttpError(409, "Another call wrote some of these at the same moment. Send them again.") from error
