"""What the mapping's page shows of a table: its columns and what they become, what is asked, and what the first rows
would be. Pure translation for the template; the values come from the preview."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from perennial.integrations.imports import preview, proposal
from perennial.integrations.imports.kinds import KINDS, Field, KindKey
from perennial.integrations.imports.messages import describe
from perennial.integrations.imports.reading.terms import Code
from perennial.integrations.imports.refusals import reason_of
from perennial.integrations.imports.staging import Place
from perennial.integrations.imports.terms import MappingError, TableMap, Use
from perennial.integrations.imports.values.terms import Format, Kind, Order
from perennial.kernel.organisation.queries import House
from perennial.pages import tags
from perennial.pages.imports import asked, cards, sending, words
from perennial.pages.imports.cards import DAYS, KEEP, LEAVE, NUMBERS, Card, Row

REFUSED = 3


def card(number: int, one: Card, house: House, on: date) -> dict[str, Any]:
    """Return what the template shows of a card; `on` is the day that counts as today for its rows."""
    kind = None if one.kind == LEAVE else KINDS[KindKey(one.kind)]
    if kind is None:
        return {"at": f"t{number}", "number": number, "card": one, "is_left": True}
    table, place = _table(one), Place(zone=house.timezone, currency=house.currency, today=on)
    near = proposal.near_misses(one.source, [row.column for row in one.rows], kind.key)
    return {
        "at": f"t{number}",
        "number": number,
        "card": one,
        "rows": [_row(f"t{number}-{at}", row, one, table, near, place) for at, row in enumerate(one.rows)],
        "needed": [(field.key, str(field.label)) for field in kind.fields if field.required or field.one_of],
        "others": [(field.key, str(field.label)) for field in kind.fields if not (field.required or field.one_of)],
        "may_keep": kind.free,
        "missing": one.missing(),
        "needs_id": kind.key is KindKey.CUSTOMERS and not any(row.target == "external_id" for row in one.rows),
        "has_own_date": bool(kind.own_date),
        "own_date": str(own.label) if kind.own_date and (own := kind.field(kind.own_date)) else "",
        "has_currency": any(field.key == "currency" for field in kind.fields)
        and not any(row.target == "currency" for row in one.rows),
        "limits": [*one.kept.get("where", {}).items()],
        "left": [*one.kept.get("where_not", {}).items()],
        "told_by": _told_by(one),
        **asked.terms(one, table, house, place),
        **_trial(one, table, place),
    }


def _table(one: Card) -> TableMap | None:
    try:
        return sending.table_of(one)
    except (MappingError, ValueError):
        return None


def _told_by(one: Card) -> dict[str, Any] | None:
    """Return by which columns rows are told apart where they have no id; None where they have one."""
    kind = KINDS[KindKey(one.kind)]
    if kind.field("external_id") is None or kind.key in {KindKey.CUSTOMERS, KindKey.SNAPSHOT}:
        return None
    if any(row.target == "external_id" for row in one.rows):
        return None
    return {"columns": list(one.kept.get("id_from", ()))}


def _row(
    at: str, row: Row, one: Card, table: TableMap | None, near: Mapping[str, Field], place: Place
) -> dict[str, Any]:
    target = row.field_of(one.kind)
    is_asked = cards.is_asked(row, one.kind)
    readings: list[tuple[str, str]] = []
    if target is not None and target.type in DAYS and not is_asked:
        readings = [(order.value, str(words.ORDERS[order])) for order in Order]
    elif target is not None and target.type in NUMBERS and row.column.format != Format(Kind.INTEGER):
        readings = [(key, str(label)) for key, label in words.NUMBERS.items()]
    use = table.columns.get(row.target) if table and target is not None else None
    missed: Field | None = near.get(row.column.name) if target is None else None
    return {
        "at": at,
        "column": row.column,
        "holds": words.holds(row.column),
        "examples": row.column.examples[:3],
        "target": row.target,
        "is_kept": row.target == KEEP,
        "reading": row.reading,
        "readings": readings,
        "choices": _choices(row) if is_asked else [],
        "has_values": row.target in cards.TRANSLATED or bool(row.values),
        "values": row.values,
        "read": _read(use, one, place) if not is_asked or row.reading else [],
        "said": _said(row, target),
        "near": str(missed.label) if missed is not None else "",
        "unread": _unread(row, target, use),
    }  # fmt: skip


def _choices(row: Row) -> list[dict[str, Any]]:
    return [
        {
            "order": choice.format.order,
            "label": str(words.CHOSEN[choice.format.order]),
            "examples": choice.examples,
            "suggested": choice.suggested,
            "count": _("reads %(read)s of %(of)s different values")
            % {"read": tags.number(choice.read), "of": tags.number(choice.of)} if choice.read < choice.of else "",
            "unread": [_("row %(row)s: “%(text)s”") % {"row": spot.row, "text": spot.text} for spot in choice.unread],
        }
        for choice in row.column.choices
        if choice.format.order is not None
    ]  # fmt: skip


def _said(row: Row, target: Field | None) -> list[str]:
    """Return what was found odd about a column; of its dates only where they are read as such, and not asked about."""
    dated = target is not None and target.type in DAYS
    silent = {Code.MIXED_DATES} if row.column.choices else set()
    silent |= set() if dated else {Code.MIXED_DATES, Code.DATES_SWAPPED}
    return [describe(problem) for problem in row.column.warnings if problem.code not in silent]


def _unread(row: Row, target: Field | None, use: Use | None) -> str:
    """Return what of the whole column cannot be read under its detected format, where that is the one in use."""
    column = row.column
    lost = column.filled - column.parsed
    if target is None or use is None or column.choices or use.format != column.format or not column.unparsed:
        return ""
    first = column.unparsed[0]
    text = ngettext(
        "%(count)s value cannot be read so, in row %(row)s: “%(text)s”. Its row will be left out.",
        "%(count)s values cannot be read so, the first in row %(row)s: “%(text)s”. Their rows will be left out.", lost,
    )  # fmt: skip
    return text % {"count": tags.number(lost), "row": first.row, "text": first.text[:60]}


def _read(use: Use | None, one: Card, place: Place) -> list[tuple[str, str]]:
    """Return the first cells and what they become, where that is something else than what stands there."""
    if use is None:
        return []
    read = preview.values_of(use, one.source, place.zone)
    pairs = [(text, _("cannot be read") if value is None else _shown(value)) for text, value in read]
    return [(text, said) for text, said in pairs if text.strip() != said]


def _shown(value: preview.Value) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return tags.moment(value)
    if isinstance(value, date):
        return tags.day(value)
    if isinstance(value, Decimal):
        return tags.number(value, max(-int(value.normalize().as_tuple().exponent), 0))
    return tags.number(value) if isinstance(value, int) else value


def _trial(one: Card, table: TableMap | None, place: Place) -> dict[str, Any]:
    """Return how the first rows fare: how many would be taken, and why the others would not."""
    if table is None or one.missing() or one.open_questions() or not one.source.sample:
        return {"trial": None}
    found = preview.trial(table, one.source, place)
    told = [
        {"row": refusal.row, "column": refusal.column,
         "reason": reason_of(refusal.reason, column=refusal.column, value=refusal.value, detail=refusal.detail)}
        for refusal in found.refused
    ]  # fmt: skip
    return {"trial": {"of": found.of, "taken": found.of - len(told), "refused": told[:REFUSED]}}
