"""The waterfall of MRR: opening, what moved it, closing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from perennial.contracts.ledger import MovementRow
from perennial.kernel.money import decimal_string
from perennial.pages.revenue import tables
from perennial.pages.tags import exact_money, money
from perennial.reports import revenue
from perennial.reports.revenue import Book
from perennial.reports.revenue_figures import FIGURES, Figure

VISIBLE = 4
"""Below a quarter of the whole, steps cannot be told on an axis from zero: it then starts higher, and says so."""


def answer(rows: Sequence[MovementRow], book: Book) -> dict[str, Any]:
    """Return the months as one waterfall, as charts.js draws it."""
    whole = revenue.total(rows) if rows else None
    figures = _steps(whole) if whole else []
    values = [_major(tables.value_of(whole, one), book) for one in figures] if whole else []
    return {
        "kind": "waterfall",
        "x": [str(one.label) for one in figures],
        "series": [{"name": str(FIGURES["mrr"].label), "values": values}],
        "totals": [0, len(figures) - 1],
        "floor": _major(floor_of(whole), book) if whole else 0,
        "format": {"style": "currency", "currency": book.currency},
        "summary": title(whole, book, exact=True) if whole else "",
    }


def _steps(whole: MovementRow) -> list[Figure]:
    return [FIGURES["opening"], *tables.shown_kinds([whole]), FIGURES["closing"]]


def title(whole: MovementRow, book: Book, *, exact: bool = False) -> str:
    """Say in one sentence what became of MRR: amounts shortened for a heading, or exact."""
    write = exact_money if exact else money
    if whole.closing > whole.opening:
        told = _("MRR rose from {opening} to {closing}, {months}")
    elif whole.closing < whole.opening:
        told = _("MRR fell from {opening} to {closing}, {months}")
    else:
        told = _("MRR stayed at {closing}, {months}")
    return format_html(
        told,
        opening=write(whole.opening, book.currency),
        closing=write(whole.closing, book.currency),
        months=tables.months_of(whole.period),
    )


def floor_of(whole: MovementRow) -> int:
    """Return where the axis starts, in minor units: at zero, or higher where the steps would be too small to see."""
    levels = list(accumulate((whole.movements.values()), initial=whole.opening))
    low, high = min(levels), max(levels)
    if low <= 0 or high == low or (high - low) * VISIBLE > high:
        return 0
    below = low - (high - low)
    unit = int("1" + "0" * (len(str(max(high - low, 1))) - 1))
    return max(0, below // unit * unit)


def _major(minor: int, book: Book) -> float:
    return float(Decimal(decimal_string(minor, book.currency)))  # for drawing only
