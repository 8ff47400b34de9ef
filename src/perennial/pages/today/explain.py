"""What Today opens to: a reason to its rule and values, a place in the order to its sum, the page to its rules."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from perennial.customers.access import visible_fields
from perennial.customers.catalogue import COLUMNS, FIELDS, Field
from perennial.members import queries as members
from perennial.pages import tags
from perennial.pages.customer.trees import Grower
from perennial.pages.customer.words import SOURCES, reason, written
from perennial.pages.customers.words import owner_words
from perennial.pages.today.page import Place, place_of
from perennial.pages.today.words import label_of, name_of, rule_of
from perennial.playbooks import queries as playbooks
from perennial.playbooks.terms import CONTACTS_A_DAY, DONE_RESTS_DAYS, Item
from perennial.usage import queries as usage

WEEKS = 13


@require_GET
def about(request: HttpRequest) -> HttpResponse:
    """Open the page: how its order comes about, and what done, a contact and not useful mean."""
    return render(request, "today/about.html", {"rests": DONE_RESTS_DAYS, "most": CONTACTS_A_DAY})


@require_GET
def order(request: HttpRequest, item_id: int) -> HttpResponse:
    """Open a place in the order: the points of each reason, the money at stake, and who stands beside it."""
    place = place_of(request)
    item = playbooks.item_of(place.member, item_id)
    if item is None:
        raise Http404
    day = playbooks.today(place.member, on=place.on, whose=place.whose)
    rank = next((number for number, one in enumerate(day.open) if one.id == item.id), None)
    beside = [] if rank is None else [*day.open[max(rank - 1, 0) : rank], *day.open[rank + 1 : rank + 2]]
    return render(request, "today/order.html", {
        "item": item,
        "rank": None if rank is None else rank + 1,
        "of": len(day.open),
        "points": [(name_of(one.rule), _points(one.points, one.rule), _share(one.points, number))
                   for number, one in enumerate(item.reasons)],
        "together": _together(item),
        "stake": _stake(item, place),
        "beside": [(one.row, one.weight) for one in beside],
        "as_of": item.row.as_of_on,
        "place": place,
    })  # fmt: skip


def _points(points: float, rule: str) -> str:
    asked = rule_of(rule)
    words = {"points": tags.number(Decimal(str(points)), 1), "most": asked.weight if asked else "–"}
    return _("%(points)s of %(most)s") % words


def _share(points: float, number: int) -> str:
    """Write what a reason adds: the heaviest all of its points, each further one half of what the one before may."""
    return tags.number(Decimal(str(points)) / (1 << number), 1)


def _together(item: Item) -> Decimal | None:
    """Return the points of all reasons together; None where some of them are hidden from the member."""
    if item.unseen:
        return None
    return sum((Decimal(str(one.points)) / (1 << number) for number, one in enumerate(item.reasons)), Decimal())


def _stake(item: Item, place: Place) -> tuple[str, str] | None:
    """Write the factor of the money at stake, and of how many paying customers it is not less; None where hidden."""
    together = _together(item)
    if not together or not place.sees_money:
        return None
    factor = Decimal(str(item.weight)) / together
    return tags.number(factor, 2), tags.percent(2 * (factor - 1))


@require_GET
def why(request: HttpRequest, item_id: int, rule: str) -> HttpResponse:
    """Open one reason: the rule, the values that fired it, and their series."""
    place = place_of(request)
    item = playbooks.item_of(place.member, item_id)
    found = next((one for one in item.reasons if one.rule == rule), None) if item else None
    asked = rule_of(rule)
    if item is None or found is None or asked is None:
        raise Http404
    text, step = reason(found, item.row.currency)
    values = {key: getattr(item.row, column) for key, column in COLUMNS.items()}
    owners = owner_words(list(members.names().items()))
    grower = Grower(visible_fields(place.member), values, place.on, item.row.currency, owners)
    ordering = FIELDS.get(asked.orders_by or "")
    return render(request, "today/why.html", {
        "title": label_of(asked),
        "definition": text,
        "branch": grower.branch(asked.when),
        "inputs": [(FIELDS[key].label, written(_value(item.row, FIELDS[key]), FIELDS[key].unit, item.row.currency,
                                               key=key)) for key in found.values if key in FIELDS],
        "points": found.points,
        "most": asked.weight,
        "weight": item.weight,
        "next_step": step,
        "as_of": item.row.as_of_on,
        "source": SOURCES.get(ordering.source, ordering.source) if ordering else "",
        "series": _series(item, ordering, place.on),
        "series_label": _series_label(ordering),
        "first_seen_on": item.first_seen_on,
    })  # fmt: skip


def _value(row: Any, field: Field) -> Any:
    return getattr(row, field.column)


def _is_usage(field: Field | None) -> bool:
    return field is not None and field.key in usage.all_keys()


def _series_label(field: Field | None) -> Any:
    return field.label if field is not None and _is_usage(field) else FIELDS["score"].label


def _series(item: Item, field: Field | None, on: date) -> list[float | None]:
    """Return thirteen weekly values: of the metric that fired the rule, else of the score."""
    if field is None or not _is_usage(field):
        return list(item.row.scores_13w)
    from_on = on - timedelta(weeks=WEEKS - 1)
    days = {one.on: one.values.get(field.key) for one in
            usage.series_of(item.row.customer_id, from_on=from_on, until_on=on + timedelta(days=1))}  # fmt: skip
    return [days.get(from_on + timedelta(weeks=week)) for week in range(WEEKS)]
