"""Retention told apart, as a table whose numbers open, and as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _

from perennial.kernel.money import decimal_string, decimals_of
from perennial.kernel.periods import Period
from perennial.pages.revenue import tables
from perennial.pages.revenue.address import Chosen
from perennial.pages.tags import UNKNOWN, exact_money, money, number, percent
from perennial.reports import sheets
from perennial.reports.retention_by import Dimension, Part, Told
from perennial.reports.revenue import Book
from perennial.reports.revenue_figures import RATES

MOST_SHOWN = 60
FEW = 30
"""Under so many customers an interval says more than its share (analytics 3.2)."""


@dataclass(frozen=True)
class Row:
    """A part as it is shown: its name, the address of the page for it alone ("" for none), its customers, its money,
    and each rate: name, text, address that opens it."""

    label: str
    only: str
    customers: str
    opening: str
    exact: str
    closing: str
    exact_closing: str
    rates: list[tuple[str, str, str]]
    interval: str
    is_few: bool


@dataclass(frozen=True)
class Table:
    """The parts, the whole, and what no part holds. `choices` are the dimensions: address, name, whether chosen."""

    choices: list[tuple[str, str, bool]]
    label: str
    days: str
    rates: list[str]
    rows: list[Row]
    left: int
    between: Row | None
    whole: Row
    is_product: bool
    has_few: bool


def table_of(told: Told, chosen: Chosen, year: Period, currency: str, offered: Sequence[Dimension]) -> Table:
    """Return the parts as rows that open; `offered` are the dimensions to choose from."""
    rows = [_row(part, label_of(told, part), told, chosen, currency) for part in told.parts[:MOST_SHOWN]]
    return Table(
        choices=[(f"?{chosen.query(month=chosen.month, by=one)}#by", str(one.label), one is chosen.by)
                 for one in offered],
        label=str(told.dimension.label),
        days=tables.days_of(year),
        rates=[str(one.label) for one in RATES],
        rows=rows,
        left=max(0, len(told.parts) - MOST_SHOWN),
        between=_row(told.between, _("Between products"), None, chosen, currency) if told.between else None,
        whole=_row(told.whole, _("All customers"), None, chosen, currency),
        is_product=told.dimension is Dimension.PRODUCT,
        has_few=any(row.is_few for row in rows),
    )  # fmt: skip


def label_of(told: Told, part: Part) -> str:
    """Return what a part is called."""
    if part.value:
        return part.label
    return _("Nobody") if told.dimension is Dimension.OWNER else _("Not known")


def _row(part: Part, label: str, told: Told | None, chosen: Chosen, currency: str) -> Row:
    found = part.found
    values = {"nrr": found.net, "grr": found.gross, "logo": found.logo}
    named = chosen.kept if told is None else {"by": told.dimension.value, "value": part.value, **chosen.kept}
    is_whose = told is not None and told.dimension is not Dimension.PRODUCT
    whose = {**chosen.whose, told.dimension.value: part.value} if told is not None and is_whose else {}
    return Row(
        label=label,
        only=f"?{replace(chosen, whose=whose).query()}" if whose and whose != chosen.whose else "",
        customers=number(found.customers) if found.customers else UNKNOWN,
        opening=money(part.opening, currency),
        exact=exact_money(part.opening, currency),
        closing=money(part.closing, currency),
        exact_closing=exact_money(part.closing, currency),
        rates=[
            (
                str(one.label),
                percent(values[one.key], 1),
                tables.explanation_url(one, chosen.span, named) if found.customers else "",
            )
            for one in RATES
        ],
        interval=tables.interval(found.logo_interval) or UNKNOWN,
        is_few=0 < found.customers < FEW,
    )


def sheet_of(told: Told, book: Book) -> sheets.Sheet:
    """Return the table as a file: every part, with live sums."""
    money_names = [_("At the start"), _("Kept at the end"), _("At the end")]
    headings = [str(told.dimension.label), _("Customers"), _("Of these kept"),
                *(f"{name} ({book.currency})" for name in money_names), *(str(one.label) for one in RATES),
                _("Interval from"), _("Interval to")]  # fmt: skip
    parts = [(label_of(told, part), part) for part in told.parts]
    parts += [(_("Between products"), told.between)] if told.between else []
    lines = [_line(label, part, book) for label, part in parts]
    whole = _line(_("All customers"), told.whole, book)
    rows = range(len(parts))
    sums: Sequence[sheets.Cell] = [
        sheets.total(at, rows, value) for at, value in enumerate(whole[3:6], start=3) if isinstance(value, Decimal)
    ]
    lines.append([*whole[:3], *sums, *whole[6:]])
    notes = [*tables.notes(book), *((str(one.label), str(one.definition)) for one in RATES)]
    if told.between:
        notes.append(
            (_("Between products"), _("What moved between a customer's products, and what it bought besides."))
        )
    return sheets.Sheet(headings, lines, notes, money_from=3, money_until=6, decimals=decimals_of(book.currency))


def _line(label: str, part: Part, book: Book) -> list[sheets.Cell]:
    found = part.found
    low, high = found.logo_interval or (None, None)
    counted = bool(found.customers)
    return [
        label,
        found.customers if counted else None,
        found.customers_kept if counted else None,
        *(Decimal(decimal_string(minor, book.currency)) for minor in (part.opening, part.kept, part.closing)),
        *(_share({"nrr": found.net, "grr": found.gross, "logo": found.logo}[one.key]) for one in RATES),
        _share(low),
        _share(high),
    ]


def _share(value: Fraction | float | None) -> Decimal | None:
    return None if value is None else round(Decimal(float(value)), 4)
