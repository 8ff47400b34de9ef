"""The table of the meeting as a file: the rows that are shown, to the cent, with live sums in a workbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _

from perennial.kernel import money
from perennial.pages.weekly import address, words
from perennial.pages.weekly.address import Chosen
from perennial.pages.weekly.table import basis_of, name_of, nodes_of, shown_rows
from perennial.reports import policy, sheets
from perennial.reports.sheets import Cell
from perennial.reports.weekly.behind import Behind
from perennial.reports.weekly.terms import SHOWN, SUMS, Figure, Row, RowKind, Sheet

BEFORE = 2
"""Columns before the first amount: what kind of row it is, and its name."""


def file_of(sheet: Sheet, chosen: Chosen, label: str, settings: Sequence[policy.Setting]) -> sheets.Sheet:
    """Return what is shown as a file: with an open row, all of its customers."""
    columns, currency = SHOWN[sheet.kind], sheet.currency
    rows = list(shown_rows(sheet.top, chosen.open))
    lines = {id(row): line for line, row in enumerate(rows)}
    heads = [f"{words.label_of(figure, sheet.kind)} ({currency})" for figure in columns]
    basis = " · ".join(basis_of(sheet))
    headings = [_("Row"), _("Name"), *heads, _("Done"), _("Time passed"), _("At nodes"), _("Paid by"), _("Period"),
                _("Basis")]  # fmt: skip
    told = [
        [
            row_word(row),
            name_of(row),
            *(_cell(figure, row, columns, lines, currency) for figure in columns),
            _ratio(row.share_done),
            _ratio(sheet.passed),
            nodes_of(row),
            ", ".join(row.payers),
            f"{label}: {address.days_of(sheet.period)}",
            basis,
        ]
        for row in rows
    ]
    notes = [(words.label_of(figure, sheet.kind), words.meaning_of(figure, sheet.kind)) for figure in columns]
    notes += [(str(one.label), f"{one.value} ({one.meaning})") for one in settings]
    return sheets.Sheet(headings, told, [(_("Basis"), basis), *notes], money_from=BEFORE,
                        money_until=BEFORE + len(columns), decimals=money.decimals_of(currency))  # fmt: skip


def _cell(figure: Figure, row: Row, columns: Sequence[Figure], lines: Mapping[int, int], currency: str) -> Cell:
    """Return an amount: the sum of its row's others, of the rows below that are shown, or itself."""
    amount = _amount(row.cents.get(figure), currency)
    if amount is None:
        return None
    parts = _parts(figure, columns)
    if parts and all(part in row.cents for part, _sign in parts):
        places = [(BEFORE + columns.index(part), sign) for part, sign in parts]
        return sheets.signed_sum(places, lines[id(row)], amount)
    below = [lines[id(one)] for one in row.below if id(one) in lines and figure in one.cents]
    adds_up = sum(one.cents.get(figure, 0) for one in row.below) == row.cents[figure]
    is_listed = len(below) == sum(figure in one.cents for one in row.below)
    return sheets.total(BEFORE + columns.index(figure), below, amount) if adds_up and is_listed else amount


def _parts(figure: Figure, columns: Sequence[Figure]) -> tuple[tuple[Figure, int], ...]:
    """Return the other columns that a figure is made of. An uplift is a number in a file, and the new value a sum."""
    if figure is Figure.DONE and Figure.UPLIFT in columns:
        return (Figure.RENEWED, 1), (Figure.UPLIFT, 1)
    return () if figure is Figure.UPLIFT else SUMS.get(figure, ())


def row_word(row: Row) -> str:
    """Say in one word what kind of row it is."""
    return {
        RowKind.ALL: _("All"),
        RowKind.TEAM: _("Team"),
        RowKind.LOOSE: _("Team"),
        RowKind.MEMBER: _("CSM"),
        RowKind.NOBODY: _("CSM"),
        RowKind.CUSTOMER: _("Customer"),
    }[row.kind]


def file_of_customers(
    found: Sequence[Behind], figure: Figure, row: Row, sheet: Sheet, settings: Sequence[policy.Setting]
) -> sheets.Sheet:
    """Return the customers behind an amount as they are listed, with their sum."""
    label = words.label_of(figure, sheet.kind)
    headings = [_("Key"), _("Customer"), _("CSM"), f"{label} ({sheet.currency})", _("Days"), _("What"), _("Lines")]
    told: list[list[Cell]] = [
        [
            one.row.customer_key,
            one.row.name,
            one.owner,
            _amount(one.cents, sheet.currency),
            ", ".join(days_of(one)),
            ", ".join(whats_of(one)),
            ", ".join(lines_of(one)),
        ]
        for one in found
    ]
    whole = _amount(row.cents.get(figure, 0), sheet.currency) or Decimal()
    told.append([_("Total"), name_of(row), None, sheets.total(3, range(len(found)), whole), None, None, None])
    notes = [(_("Basis"), " · ".join(basis_of(sheet))), (label, words.meaning_of(figure, sheet.kind))]
    notes += [(str(one.label), f"{one.value} ({one.meaning})") for one in settings]
    return sheets.Sheet(headings, told, notes, money_from=3, money_until=4,
                        decimals=money.decimals_of(sheet.currency))  # fmt: skip


def days_of(one: Behind) -> list[str]:
    """Return the days of a customer's items, each once."""
    return list(dict.fromkeys(item.on.isoformat() for item, _causes in one.items))


def whats_of(one: Behind) -> list[str]:
    """Return in words what a customer's items are, each once."""
    return [text for text in dict.fromkeys(words.what_of(item) for item, _causes in one.items) if text]


def lines_of(one: Behind) -> list[str]:
    """Return the lines behind a customer's items, each once: paper and product."""
    named = (" · ".join(part for part in (cause.paper, cause.product) if part)
             for _item, causes in one.items for cause in causes)  # fmt: skip
    return [text for text in dict.fromkeys(named) if text]


def _amount(cents: int | None, currency: str) -> Decimal | None:
    return None if cents is None else Decimal(money.decimal_string(cents, currency))


def _ratio(share: Fraction | None) -> Decimal | None:
    return None if share is None else round(Decimal(share.numerator) / Decimal(share.denominator), 4)
