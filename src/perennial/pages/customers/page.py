"""Customers: the portfolio as a list: filters, sort, columns, pages. The table alone answers htmx."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from perennial.customers import lists, queries, saved
from perennial.customers.access import portfolio_of, visible_fields
from perennial.customers.catalogue import Field, Unit
from perennial.customers.lists import Listing
from perennial.customers.models import SavedView
from perennial.customers.terms import ListError
from perennial.kernel.conditions.terms import Condition, Op
from perennial.kernel.organisation.queries import house
from perennial.members import access
from perennial.members import queries as members
from perennial.members.models import Member
from perennial.pages.customers import address, cells, words
from perennial.pages.watched import mark, nothing_new
from perennial.reports.labels import choice_words

QUICK = ("band", "tier", "stage", "owner", "next_renewal_on")
PARTIAL = "div#list"


@dataclass(frozen=True)
class Heading:
    """A column's heading."""

    key: str
    label: str
    definition: str
    is_numeric: bool
    is_sortable: bool
    is_kept: bool


class Asked:
    """What a request asks of the list, for its member. Each part is read when it is first needed."""

    def __init__(self, request: HttpRequest, query: QueryDict | None = None) -> None:
        self.query = request.GET if query is None else query
        self.member = cast(Member, access.member_of(request))
        self.house = house()
        self.today = self.house.today(timezone.now())
        self.fields = visible_fields(self.member)
        self.reader = address.Reader(self.fields, self.house.currency)

    @cached_property
    def view(self) -> SavedView | None:
        """The saved view that is open; None for none.

        :raises Http404: there is no such view for this member.
        """
        asked = self.query.get("view", "")
        if not asked:
            return None
        number = int(asked) if asked.isdecimal() and len(asked) < 10 else 0
        found = saved.view_of(view_id=number, member_id=self.member.pk)
        if found is None:
            raise Http404
        return found

    @cached_property
    def usual(self) -> Listing:
        """What the list is before the address says otherwise: the saved view, or the standard."""
        return lists.read(saved.data_of(self.view), self.fields) if self.view else lists.standard(self.fields)

    @cached_property
    def listing(self) -> Listing:
        return self.reader.read(self.query, self.usual)

    @property
    def place(self) -> tuple[str, str] | None:
        """The place in the list that the address names."""
        return next(((key, mark) for key in ("after", "before") if (mark := self.query.get(key, ""))), None)

    def address(self, listing: Listing | None = None, *, place: tuple[str, str] | None = None) -> str:
        """Return the address of a listing (None: the present one) under the open view, at a place ("after", mark)."""
        query = self.reader.write(listing or self.listing, self.usual, self.view.pk if self.view else None)
        if place is not None:
            query[place[0]] = place[1]
        return reverse("customers") + (f"?{query.urlencode()}" if query else "")

    def rows(self, ability: str = "customers.read") -> Any:
        return lists.rows_of(self.member, self.listing, as_of=self.today, ability=ability)


def leading(url: str) -> HttpResponse:
    """Answer a form that htmx sent by leading the browser to another page."""
    return HttpResponse(status=204, headers={"HX-Redirect": url})


@require_GET
@vary_on_headers("HX-Request")
def page(request: HttpRequest) -> HttpResponse:
    """Show the list; for htmx its table alone: one query for the page of rows (up to four), none for a count."""
    asked = Asked(request)
    try:
        changed = _changed(request, asked)
        if changed is not None:
            return redirect(asked.address(changed))
        if request.headers.get("HX-Target") == PARTIAL and "seen" in request.GET:
            shown = _table(asked)
            return nothing_new(request, shown["seen"]) or render(request, "customers/list.html", shown)
        if request.headers.get("HX-Target") == PARTIAL:
            return table(request, asked)
        return render(request, "customers/page.html", {**_table(asked), **_around(asked)})
    except ListError as error:
        return render(request, "customers/refused.html", {"reason": str(error)}, status=400)


def table(request: HttpRequest, asked: Asked) -> HttpResponse:
    """Answer with the table alone, and with the address that brings it back."""
    response = render(request, "customers/list.html", _table(asked))
    response.headers["HX-Push-Url"] = asked.address(place=asked.place)
    return response


def _table(asked: Asked) -> dict[str, Any]:
    listing = asked.listing
    columns = lists.columns_of((*listing.columns, listing.sort.removeprefix("-")))
    rows = asked.rows().only(*columns, "updated_at")
    found = queries.page(rows, sort=listing.sort, mark=asked.place[1] if asked.place else None)
    labels = choice_words(asked.house.currency)
    return {
        "headings": [_heading(asked.fields[key]) for key in listing.columns],
        "body": cells.Cells(listing.columns, labels, asked.today).rows(found.rows),
        "is_empty": not found.rows,
        "here": asked.address(place=asked.place),
        "seen": mark(asked.today, [(row.customer_id, row.updated_at) for row in found.rows]),
        "is_narrowed": listing.tree is not None or bool(listing.text),
        "previous": asked.address(place=("before", found.before)) if found.before else None,
        "next": asked.address(place=("after", found.after)) if found.after else None,
        "state": _state(asked),
        "sort": listing.sort,
        "everybody": asked.address(replace(listing, tree=None, text="")),
        "may": _abilities(asked.member),
    }


def _abilities(member: Member) -> dict[str, bool]:
    return {
        "assign": access.may(member, "customers.assign"),
        "tag": access.may(member, "customers.edit"),
        "export": access.may(member, "exports.run"),
        "import": access.may(member, "imports.run"),
    }


def _state(asked: Asked) -> list[tuple[str, str]]:
    """Return what the filter form must carry besides its visible fields: the address, without the search text."""
    query = asked.reader.write(asked.listing, asked.usual, asked.view.pk if asked.view else None)
    return [(key, value) for key, values in query.lists() for value in values if key != "q"]


def _heading(field: Field) -> Heading:
    return Heading(
        key=field.key, label=str(field.label), definition=str(field.definition), is_numeric=cells.is_numeric(field),
        is_sortable=field.sortable, is_kept=field.key in cells.KEPT_NARROW,
    )  # fmt: skip


def _around(asked: Asked) -> dict[str, Any]:
    """Return what stands around the table: chips, fields, columns, views. Two queries."""
    listing = asked.listing
    labels = {
        **choice_words(asked.house.currency),
        "owner": words.owner_words([(m.pk, m.name) for m in members.members()]),
    }
    flat, rest = address.split(listing.tree)
    asked_for = {condition.field for condition in flat}
    return {
        "listing": listing,
        "chips": [
            {"number": number, "key": c.field, "text": words.said(c, asked.reader, labels)}
            for number, c in enumerate(flat)
        ],
        "has_rest": rest is not None,
        "quick": [asked.fields[key] for key in QUICK if key in asked.fields and key not in asked_for],
        "filters": [field for field in asked.fields.values() if field.key not in asked_for],
        "columns": [(field, field.key in listing.columns) for field in asked.fields.values() if field.key != "name"],
        "views": queries.saved_views(member_id=asked.member.pk),
        "view": asked.view,
        "is_own_view": asked.view is not None and asked.view.member_id == asked.member.pk,
        "is_changed": listing != asked.usual,
        "has_customers": bool(listing.tree or listing.text) or portfolio_of(asked.member).exists(),
    }  # fmt: skip


def _changed(request: HttpRequest, asked: Asked) -> Listing | None:
    """Return the listing that a form of this page asks for; None where the address is only looked at."""
    query, listing = asked.query, asked.listing
    flat, rest = address.split(listing.tree)
    if "apply" in query:
        key = query.get("apply", "")
        try:
            made = asked.reader.made(key, query.get(f"op.{key}", ""), query.getlist(f"value.{key}"))
        except ListError as error:
            if key not in asked.fields:
                raise
            messages.error(request, str(error))
            return listing
        return replace(listing, tree=address.joined(_put(flat, made), rest))
    if "without" in query:
        left = [c for number, c in enumerate(flat) if str(number) != query["without"]]
        return replace(listing, tree=address.joined(left, None if query["without"] == "rest" else rest))
    if "columns" in query:
        wanted = [key for key in listing.columns if key in query.getlist("col")]
        fresh = [key for key in asked.fields if key in query.getlist("col") and key not in wanted]
        return lists.checked(replace(listing, columns=("name", *wanted, *fresh)), asked.fields)
    return None


def _put(flat: list[Condition], made: Condition) -> list[Condition]:
    """Put a condition in the place of the field's former ones."""
    places = [number for number, old in enumerate(flat) if old.field == made.field]
    kept = [old for old in flat if old.field != made.field]
    kept.insert(min(places, default=len(kept)), made)
    return kept


@require_GET
def count(request: HttpRequest) -> HttpResponse:
    """Say how many customers the list holds; one count, asked for after the table stands."""
    asked = Asked(request)
    try:
        return render(request, "customers/count.html", {"total": asked.rows().count()})
    except ListError as error:
        return render(request, "customers/refused.html", {"reason": str(error)}, status=400)


@require_GET
def ask(request: HttpRequest, field: str) -> HttpResponse:
    """Show the form of a filter on one field, as it stands in the address or afresh."""
    asked = Asked(request)
    found = asked.fields.get(field)
    if found is None:
        raise Http404
    try:
        flat, _rest = address.split(asked.listing.tree)
    except ListError as error:
        return render(request, "customers/refused.html", {"reason": str(error)}, status=400)
    now = next((condition for condition in flat if condition.field == field), None)
    offered = words.OFFERED[found.type]
    chosen = asked.query.get(f"op.{field}") or (now.op if now else offered[0])
    op = chosen if chosen in offered else offered[0]
    values = asked.reader.texts(now) if now and now.op == op else []
    return render(request, "customers/filter.html", {
        "field": found,
        "op": op,
        "ops": [(one, words.question(found, one)) for one in offered],
        "kind": _kind(found, Op(op)),
        "values": [*values, "", ""][:2],
        "unit": {Unit.MONEY: asked.house.currency, Unit.RATIO: "%"}.get(found.unit, ""),
        "choices": _choices(asked, found, values) if op in (Op.IN, Op.NOT_IN, Op.EQ) else [],
    })  # fmt: skip


def _kind(field: Field, op: Op) -> str:
    """Return which inputs a question needs."""
    if op in (Op.IS_KNOWN, Op.IS_UNKNOWN):
        return "none"
    if op in (Op.WITHIN_DAYS, Op.OLDER_THAN_DAYS):
        return "days"
    if op in (Op.IN, Op.NOT_IN, Op.EQ):
        return "choices"
    kind = {"date": "date", "integer": "number", "number": "number"}.get(field.type, "text")
    return f"{kind} two" if op is Op.BETWEEN else kind


def _choices(asked: Asked, field: Field, chosen: list[str]) -> list[tuple[str, str, bool]]:
    """Return (value, label, chosen?) of a field's choices."""
    if field.key == "owner":
        labels = words.owner_words([(m.pk, m.name) for m in members.members(active_only=True)])
    else:
        labels = choice_words(asked.house.currency).get(field.key) or {
            value: value for value in lists.values_of(asked.member, field.key)
        }
    return [(value, label, value in chosen) for value, label in labels.items()]
