"""What every number opens to, on lists and in the customer file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET

from perennial.customers.access import visible_fields
from perennial.customers.catalogue import Field, Unit
from perennial.kernel.conditions.terms import Condition, Op
from perennial.kernel.organisation.queries import house
from perennial.members import access
from perennial.members.models import Member
from perennial.pages import tags
from perennial.pages.customer.words import SOURCES, share_known, written
from perennial.pages.customers.address import Reader
from perennial.reports import customer_file, customer_usage
from perennial.reports import inputs as read_from
from perennial.reports.customer_file import File
from perennial.reports.explain import Explanation, explain, explain_line
from perennial.reports.inputs import Input
from perennial.reports.measure_words import said
from perennial.usage import own
from perennial.usage.own import OwnMetric

CHOSEN = frozenset({Unit.CHOICE, Unit.BAND, Unit.MEMBER})


@require_GET
def page(request: HttpRequest, field: str) -> HttpResponse:
    """Answer with a field's definition, formula, source and as-of day; with `?customer=` also its value and inputs,
    with `&line=` those of one line of its contracts."""
    member = cast(Member, access.member_of(request))
    place = house()
    on = place.today(timezone.now())
    fields = visible_fields(member)
    key, line = request.GET.get("customer", ""), request.GET.get("line", "")
    file = customer_file.find(member, key, house=place, on=on) if key else None
    mine = next((one for one in own.served() if one.key == field), None)
    if mine is not None and (file is not None or not key):
        told = _own(mine, file, on)
        told["link"] = _link(fields[field], None, Reader(fields, place.currency)) if field in fields else ""
        return render(request, "components/explanation.html", told)
    if file is not None and line.isdecimal() and field == "mrr":
        found = explain_line(file, int(line), fields)
    else:
        found = explain(field, fields, file)
    if found is None or (key and file is None):
        raise Http404
    value = getattr(file.row, found.field.column) if file else None
    inputs = inputs_of(found.inputs, place.currency)
    if found.more:
        said = ngettext("and %(count)d more", "and %(count)d more", found.more) % {"count": found.more}
        inputs.append((said, ""))
    if file is not None:
        inputs.append((found.field.label, _value(found, file.row.currency)))
    context = {
        "title": found.field.label,
        "definition": found.field.definition,
        "formula": found.formula,
        "inputs": inputs,
        "as_of": file.row.as_of_on if file else on,
        "computed_at": found.computed_at,
        "source": SOURCES.get(found.field.source, found.field.source),
        "link": _link(found.field, value, Reader(fields, place.currency)) if found.field.key in fields else "",
    }
    return render(request, "components/explanation.html", context)


def _own(one: OwnMetric, file: File | None, on: date) -> dict[str, Any]:
    """Return an own metric opened: its measures, its expression, and a customer's value with that of each measure."""
    expression = one.algebra.get("expression", "")
    day = file.row.as_of_on if file else on
    if file is None:
        inputs = [(name, said(given)) for name, given in one.algebra["measures"].items()]
    else:
        inputs = inputs_of(read_from.of("usage", file, one.key), file.house.currency)
        (found,) = customer_usage.metric_lines(file.customer.pk, day, [one.key]).metrics.values()
        inputs.append((tags.wording(one.label), tags.measured(found[-1], one.unit)))
    return {"title": tags.wording(one.label), "definition": tags.wording(one.definition), "formula": expression,
            "inputs": inputs, "as_of": day, "source": gettext("Own metric")}  # fmt: skip


def inputs_of(inputs: Iterable[Input], currency: str) -> list[tuple[Any, str]]:
    """Return inputs as pairs of words; amounts without a currency of their own are in the organisation's."""
    return [
        (tags.day(one.label) if isinstance(one.label, date) else one.label,
         written(one.value, one.unit, one.currency or currency, key=one.key))
        for one in inputs
    ]  # fmt: skip


def _value(found: Explanation, currency: str) -> str:
    if found.field.key == "coverage" and found.value is not None:
        return share_known(found.value)
    return written(found.value, found.field.unit, currency, key=found.field.key)


def _link(field: Field, value: Any, reader: Reader) -> str:
    """Return the list of the customers with this choice, else sorted by the number, else those where it is known."""
    if field.unit in CHOSEN and value is not None:
        query = {"f": reader.token(Condition(field.key, field.type, Op.IN, (value,)))}
    elif field.sortable:
        query = {"sort": f"-{field.key}" if field.unit not in {Unit.TEXT, Unit.DAY} else field.key}
    else:
        query = {"f": reader.token(Condition(field.key, field.type, Op.IS_KNOWN, None))}
    return f"{reverse('customers')}?{urlencode(query)}"
