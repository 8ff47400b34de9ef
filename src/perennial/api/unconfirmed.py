"""The unconfirmed: groups and users that no customer is known for; the list, one linked, made a customer, ignored, made
undecided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from perennial.api.events import ABILITY, MOST_ID, Number
from perennial.api.keys import caller
from perennial.customers import queries as customers
from perennial.customers.access import customers_of
from perennial.customers.models import Customer
from perennial.intake import deciding, proposals
from perennial.intake.actions import IntakeError
from perennial.intake.proposals import Asked, Decided, Stranger
from perennial.kernel.organisation.queries import house
from perennial.members.models import Member

router = Router(tags=["events"])
T = TypeVar("T")


class ListQuery(Schema):
    """Which: `state` open, linked or ignored; `q` a part of the id, name or domain; `after` the mark of the next
    page."""

    state: Decided = Decided.OPEN
    q: str = Field("", max_length=200, pattern=r"^[^\x00]*$")
    after: int | None = Field(None, ge=1, le=MOST_ID)
    limit: int = Field(50, ge=1, le=200)


@router.get("/events/unconfirmed", url_name="unconfirmed")
def listed(request: HttpRequest, query: Annotated[ListQuery, Query()]) -> dict[str, Any]:
    """List groups and users whose customer is not known, the newest first, with the customers that each may belong to.
    Follow `next` as `after` until it is null."""
    member = caller(request, ABILITY)
    rows, mark = proposals.page(
        Asked(query.state, query.q), among=_linkable(member), on=house().today(timezone.now()), before=query.after,
        size=query.limit,
    )  # fmt: skip
    return {"unconfirmed": [_row(row) for row in rows], "next": None if mark is None else str(mark)}


def _linkable(member: Member) -> QuerySet[Customer]:
    return customers_of(member, "customers.edit")


def _row(row: Stranger) -> dict[str, Any]:
    return {
        "id": row.id,
        "source": row.source,
        "external_id": row.external_id,
        "kind": "user" if row.is_user else "group",
        "name": row.name,
        "domain": row.domain,
        "first_seen_at": row.first_seen_at,
        "decided_at": row.decided_at,
        "customer": (row.customer[0] or None) if row.customer else None,
        "events": row.events,
        "users": row.users,
        "last_on": row.last_on,
        "proposals": [
            {"customer": one.key, "name": one.name, "why": one.why.value, "detail": one.detail} for one in row.proposals
        ],
    }


class LinkIn(Schema):
    """The customer, by external id (of any source, or of `source`) or by key."""

    model_config = {"extra": "forbid"}

    customer: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")
    source: str | None = Field(None, max_length=60, pattern=r"^[^\x00]*$")


@router.post("/events/unconfirmed/{number}:link", url_name="unconfirmed_link")
def link(request: HttpRequest, number: Number, body: LinkIn) -> dict[str, Any]:
    """Link a group or user to a customer that the key's member may edit; its events so far count too."""

    def to_customer(member: Member, at: datetime) -> None:
        found = customers.by_external_id(_linkable(member), body.customer, source=body.source)
        if found is None:
            raise HttpError(400, "There is no such customer, or it is not yours to edit.")
        deciding.link({number: found.pk}, by=member.pk, at=at)

    _decide(request, number, to_customer)
    return {"result": "linked"}


@router.post("/events/unconfirmed/{number}:create", url_name="unconfirmed_create")
def create(request: HttpRequest, number: Number) -> dict[str, Any]:
    """Make a customer of a group or user, under its id, name and domain; its events so far count for it. Asked again,
    409 and no second customer."""

    def made(member: Member, at: datetime) -> str | None:
        customer_id = deciding.create([number], by=member.pk, at=at)[number]
        return _linkable(member).filter(pk=customer_id).values_list("key", flat=True).first()

    return {"result": "created", "customer": _decide(request, number, made)}


@router.post("/events/unconfirmed/{number}:ignore", url_name="unconfirmed_ignore")
def ignore(request: HttpRequest, number: Number) -> dict[str, Any]:
    """Ignore a group or user: its events are kept and count for nobody."""
    _decide(request, number, lambda member, at: deciding.ignore([number], by=member.pk, at=at))
    return {"result": "ignored"}


@router.post("/events/unconfirmed/{number}:reopen", url_name="unconfirmed_reopen")
def reopen(request: HttpRequest, number: Number) -> dict[str, Any]:
    """Take a link back, or let an ignored one wait again. A customer that was made of it stays."""
    if not _decide(request, number, lambda member, at: deciding.take_back([number], by=member.pk, at=at)):
        raise HttpError(409, "This one is not decided on; there is nothing to take back.")
    return {"result": "open"}


def _decide(request: HttpRequest, number: int, how: Callable[[Member, datetime], T]) -> T:
    """Let the key's member decide on one; return what came of it.

    :raises Http404: he may not, or there is no such one.
    :raises HttpError: 409, somebody decided on it meanwhile.
    """
    member = caller(request, ABILITY)
    if not proposals.is_there(number):
        raise Http404
    try:
        return how(member, timezone.now())
    except IntakeError as error:
        raise HttpError(409, str(error)) from error
