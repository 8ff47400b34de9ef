"""The customers of a group with their own usage, below that of the whole: a table, a file, and what a number is."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from perennial.pages.customer.page import find
from perennial.pages.customer.usage import left_out, said, written
from perennial.pages.files import TYPES, download
from perennial.pages.usage.frame import exact, who_cells, who_headings
from perennial.reports import customer_group, sheets
from perennial.reports.customer_file import File
from perennial.reports.customer_group import Group, Told
from perennial.reports.explain import MOST_INPUTS
from perennial.usage.groups import ACTIVE_DAYS, CORE_EVENTS

MOST_LISTED = 200
SHOWN = ("active_users_7d", "active_users_28d", CORE_EVENTS, ACTIVE_DAYS, "breadth_28d")
"""What the table shows; the file has every metric."""


def _found(request: HttpRequest, key: str, ability: str = "customers.read") -> tuple[File, Group]:
    """Return the file and its group.

    :raises Http404: there is no such customer for the member, or nobody lies below it.
    """
    file = find(request, key, ability)
    group = customer_group.group_of(file, ability)
    if group is None:
        raise Http404
    return file, group


@require_GET
def page(request: HttpRequest, key: str) -> HttpResponse:
    """Answer the customers of the group, each with its own values, as a part of the usage tab."""
    file, group = _found(request, key)
    told = [one for one in customer_group.metrics_of(file) if one.key in SHOWN]
    apart = customer_group.of_each(group)
    rows = [
        {"customer": one, "is_top": one.key == key, "cells": [
            (metric.label, written(apart.get(one.customer_id, {}).get(metric.key), metric.unit)) for metric in told
        ]}
        for one in group.customers[:MOST_LISTED]
    ]  # fmt: skip
    return render(request, "customer/group.html", {
        "customer": file.customer,
        "on": group.on,
        "headings": [one.label for one in told],
        "rows": rows,
        "hidden": left_out(group),
        "left": max(0, len(group.customers) - MOST_LISTED),
        "may_export": file.may("exports.run"),
        "has_owners": "owner" in file.fields,
        "export": reverse("customer_group_export", args=[key]),
    })  # fmt: skip


@require_POST
def export(request: HttpRequest, key: str) -> HttpResponse:
    """Answer the group and each of its customers with every metric as a file."""
    format = request.POST.get("format", sheets.CSV)
    if format not in TYPES:
        raise Http404
    file, group = _found(request, key, "exports.run")
    sheet = sheet_of(file, group)
    return download(sheet, format=format, name=f"group-{key}-{group.on or file.on}", kind="usage.exported",
                    member=file.member, asked={"customer": key, "of": "group"})  # fmt: skip


def sheet_of(file: File, group: Group) -> sheets.Sheet:
    """Return the group as a file: its own row first, then one for each of its customers."""
    told, day, apart = customer_group.metrics_of(file), customer_group.day_of(group), customer_group.of_each(group)
    owners = "owner" in file.fields
    whole = ["", _("Whole group"), *([""] if owners else [])]
    rows: list[list[sheets.Cell]] = [[*whole, *(exact(day.get(one.key)) for one in told)]]
    rows += [
        [*who_cells(one, owners=owners), *(exact(apart.get(one.customer_id, {}).get(metric.key)) for metric in told)]
        for one in group.customers
    ]
    notes = [
        (_("Day"), (group.on or file.on).isoformat()),
        (_("Whole group"), f"{said(group)} {left_out(group)}".strip()),
        *((str(one.label), str(one.definition)) for one in told),
    ]
    return sheets.Sheet([*who_headings(owners=owners), *(str(one.label) for one in told)], rows, notes)


@require_GET
def explain(request: HttpRequest, key: str, metric: str) -> HttpResponse:
    """Answer what a number of the group is: its definition, and each customer's own value."""
    file, group = _found(request, key)
    told = next((one for one in customer_group.metrics_of(file) if one.key == metric), None)
    if told is None:
        raise Http404
    return render(request, "components/explanation.html", {
        "title": told.label,
        "definition": " ".join((str(told.definition), said(group), left_out(group))).strip(),
        "formula": told.formula,
        "inputs": _inputs(group, told),
        "as_of": group.on or file.on,
        "source": _("Usage"),
    })  # fmt: skip


def _inputs(group: Group, told: Told) -> list[tuple[Any, str]]:
    opened = customer_group.opened(group, told)
    shown = opened.of_each[:MOST_INPUTS]
    inputs: list[tuple[Any, str]] = [(one.name, written(value, told.unit)) for one, value in shown]
    if more := len(opened.of_each) - len(shown):
        inputs.append((ngettext("and %(count)d more", "and %(count)d more", more) % {"count": more}, ""))
    if opened.sum is not None and opened.value is not None:
        inputs.append((_("Sum of the customers"), written(opened.sum, told.unit)))
        if opened.sum > opened.value:
            inputs.append((_("Known at several, counted once"), f"−{written(opened.sum - opened.value, told.unit)}"))
    inputs.append((_("Whole group"), written(opened.value, told.unit)))
    return inputs
