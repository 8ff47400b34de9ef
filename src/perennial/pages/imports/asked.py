"""What is asked about lines, each answer with what it would make of the first rows: whether an amount is for a month, a
year or the term, whether it is the price of one seat, and whether an end is the last day or the day after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from perennial.integrations.imports import preview, proposal
from perennial.integrations.imports.preview import Paid
from perennial.integrations.imports.staging import Place
from perennial.integrations.imports.terms import AmountPer, Covers, EndIs, TableMap, Use
from perennial.kernel.organisation.queries import House
from perennial.pages import tags
from perennial.pages.imports.cards import TERM, Card

MONTHS = ("1", "3", "6", "12")


def terms(one: Card, table: TableMap | None, house: House, place: Place) -> dict[str, Any]:
    """Return the questions about lines: what the amount covers, per what it is, what the end means, with examples."""
    if not (one.asks_amount or one.asks_end):
        return {}
    open_terms = one.open_terms()
    ready = table is not None and not one.missing() and not one.open_questions()
    found: dict[str, Any] = {"ends": None, "amounts": None, "units": None}
    if one.asks_end:
        found["ends"] = {"is_open": "end_is" in open_terms, "choices": _ends(one, table if ready else None, place)}
    if one.asks_amount:
        found["amounts"] = {"is_open": "amount_is" in open_terms,
                            "choices": _amounts(one, table if ready else None, house, place)}  # fmt: skip
        if any(row.target == "quantity" for row in one.rows):
            found["units"] = {"is_open": "amount_per" in open_terms,
                              "choices": _units(one, table if ready else None, house, place)}  # fmt: skip
    return found


def _ends(one: Card, table: TableMap | None, place: Place) -> list[dict[str, Any]]:
    terms = proposal.terms_in(table, one.source, zone=place.zone) if table else None
    whole = {EndIs.LAST_DAY: terms.last_day, EndIs.DAY_AFTER: terms.day_after} if terms else {}
    labels = {EndIs.LAST_DAY: _("The last day of service"), EndIs.DAY_AFTER: _("The first day without service")}
    return [
        {
            "value": key.value,
            "label": label,
            "chosen": one.options.get("end_is") == key.value,
            "examples": [_span(row) for row in _spans(replace(table, end_is=key), one, place)] if table else [],
            "evidence": _("%(count)s of the first %(of)s terms are whole months this way.")
            % {"count": whole[key], "of": terms.of} if terms and terms.of else "",
        }
        for key, label in labels.items()
    ]  # fmt: skip


def _spans(table: TableMap, one: Card, place: Place) -> list[dict[str, Any]]:
    rows = preview.trial(_months(table, "1"), one.source, place).rows
    return [row["values"] for row in rows if row["values"].get("ends_on")][:2]


def _span(values: dict[str, Any]) -> str:
    since, until = date.fromisoformat(values["starts_on"]), date.fromisoformat(values["ends_on"])
    return _("%(from)s – %(to)s: %(days)s days") % {
        "from": tags.day(since), "to": tags.last_day(until), "days": tags.number((until - since).days)}  # fmt: skip


def _months(table: TableMap, months: str) -> TableMap:
    """Return the table with an amount for so many months, or for the whole term (TERM)."""
    uses = {key: use for key, use in table.columns.items() if key != "amount_months"}
    if months == TERM:
        return replace(table, columns=uses, amount_covers=Covers.TERM)
    return replace(table, columns=uses | {"amount_months": Use(constant=months)}, amount_covers=None)


def _amounts(one: Card, table: TableMap | None, house: House, place: Place) -> list[dict[str, Any]]:
    chosen = one.options.get("amount_is", "")
    options = [TERM, *MONTHS] + ([chosen] if chosen not in {"", TERM, *MONTHS} else [])
    rows = preview.trial(_months(table, "1"), one.source, place).rows if table else ()
    dated = [row for row in rows if row["values"].get("ends_on")] or list(rows)
    return [
        {
            "value": option,
            "label": _("The whole term of the line") if option == TERM else ngettext(
                "%(count)s month", "%(count)s months", int(option)) % {"count": option},
            "chosen": option == chosen,
            "examples": [_pays(paid) for paid in _paid(dated, option, house)],
        }
        for option in options
    ]  # fmt: skip


def _paid(rows: Sequence[Any], months: str, house: House) -> list[Paid]:
    """Return what the first line comes to under another reading of its amount; nothing where it has no end for that."""
    given = None if months == TERM else int(months)
    altered = [{**row, "values": {**row["values"], "amount_months": given}} for row in rows[:1]
               if given is not None or row["values"].get("ends_on")]  # fmt: skip
    return preview.paid(altered, policy=house.policy_switches, count=1)


def _pays(paid: Paid) -> str:
    about = {"name": paid.name[:40], "amount": tags.exact_money(paid.amount, paid.currency),
             "from": tags.day(paid.starts_on), "to": tags.day(paid.last_on) if paid.last_on else "",
             "mrr": tags.exact_money(paid.mrr, paid.currency)}  # fmt: skip
    if paid.last_on:
        return _("%(name)s: %(amount)s, %(from)s – %(to)s → %(mrr)s a month") % about
    return _("%(name)s: %(amount)s → %(mrr)s a month") % about


def _units(one: Card, table: TableMap | None, house: House, place: Place) -> list[dict[str, Any]]:
    labels = {AmountPer.ALL: _("For the whole quantity"), AmountPer.UNIT: _("For one: times the quantity")}
    months = one.options.get("amount_is") or "1"
    found = []
    for key, label in labels.items():
        priced = replace(_months(table, months), amount_per=key) if table else None
        rows = preview.trial(priced, one.source, place).rows if priced else ()
        several = [row for row in rows if (row["values"].get("quantity") or 0) > 1]
        examples = [_comes_to(paid) for paid in preview.paid(several, policy=house.policy_switches, count=1)]
        chosen = one.options.get("amount_per") == key
        found.append({"value": key.value, "label": label, "chosen": chosen, "examples": examples})
    return found


def _comes_to(paid: Paid) -> str:
    return _("%(name)s: %(quantity)s cost %(amount)s together") % {
        "name": paid.name[:40], "quantity": tags.number(paid.quantity),
        "amount": tags.exact_money(paid.amount, paid.currency)}  # fmt: skip
