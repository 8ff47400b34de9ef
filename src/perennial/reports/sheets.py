"""A small table as a file, all at once: what a page shows, with what it stands on. (A long list streams: export.py.)

Text is guarded against running as a formula; numbers and days are written as such; unknown is an empty cell. Sums may
be live: a `Formula` of our own making is a formula in a workbook and its value in any other file.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO

import xlsxwriter
from django.utils.translation import gettext
from xlsxwriter.utility import xl_rowcol_to_cell

from perennial.kernel.cells import safe_cell

CSV, XLSX = "csv", "xlsx"
MOST_PARTS = 250
"""A formula's function takes at most 255 parts."""


@dataclass(frozen=True)
class Formula:
    """A live sum: its text ("=SUM(C2:C4)") and what it comes to. Never made of anything that somebody typed."""

    text: str
    value: int | Decimal


Cell = str | int | Decimal | date | Formula | None


@dataclass(frozen=True)
class Sheet:
    """A table with its headings. `notes` (label, text) say what it stands on: a second sheet of a workbook. The columns
    from `money_from` to before `money_until` are amounts, printed with so many decimals."""

    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[tuple[str, str]] = ()
    money_from: int = 0
    money_until: int = 0
    decimals: int = 2


def place(column: int, row: int) -> str:
    """Return what a workbook calls a cell of a sheet's rows: (2, 0) is C2, below the headings."""
    name: str = xl_rowcol_to_cell(row + 1, column)
    return name


def total(column: int, rows: Sequence[int], value: int | Decimal) -> Cell:
    """Return the live sum of a column's cells; the plain value where they are none or too scattered for a formula."""
    runs: list[tuple[int, int]] = []
    for row in sorted(rows):
        if runs and row == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    if not runs or len(runs) > MOST_PARTS:
        return value
    parts = [place(column, a) if a == b else f"{place(column, a)}:{place(column, b)}" for a, b in runs]
    return Formula(f"=SUM({','.join(parts)})", value)


def signed_sum(parts: Sequence[tuple[int, int]], row: int, value: int | Decimal) -> Formula:
    """Return the live sum of some cells of a row, (column, sign) each: "=E2-F2"."""
    text = "".join(f"{'-' if sign < 0 else '+'}{place(column, row)}" for column, sign in parts)
    return Formula(f"={text.removeprefix('+')}", value)


def written(sheet: Sheet, format: str) -> bytes:
    """Return the sheet as a file: "csv" (UTF-8 with the mark that spreadsheets look for) or "xlsx"."""
    return _workbook(sheet) if format == XLSX else _csv(sheet)


def _csv(sheet: Sheet) -> bytes:
    text = StringIO(newline="")
    rows = csv.writer(text)
    for row in (sheet.headings, *sheet.rows):
        rows.writerow([_plain(cell) for cell in row])
    return text.getvalue().encode("utf-8-sig")


def _plain(cell: Cell) -> str | int | Decimal | date:
    if isinstance(cell, Formula):
        return cell.value
    return "" if cell is None else safe_cell(cell) if isinstance(cell, str) else cell


def _workbook(sheet: Sheet) -> bytes:
    answer = BytesIO()
    with xlsxwriter.Workbook(answer, {"in_memory": True, "strings_to_formulas": False}) as book:
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        money = book.add_format({"num_format": "#,##0" + ("." + "0" * sheet.decimals if sheet.decimals else "")})
        page = book.add_worksheet()
        page.freeze_panes(1, 1)
        page.set_column(0, len(sheet.headings), 16)
        for column, heading in enumerate(sheet.headings):
            page.write_string(0, column, safe_cell(heading), bold)
        for line, row in enumerate(sheet.rows, start=1):
            for column, cell in enumerate(row):
                form = money if sheet.money_from <= column < sheet.money_until else None
                if isinstance(cell, str):
                    page.write_string(line, column, safe_cell(cell))
                elif isinstance(cell, date):
                    page.write_datetime(line, column, cell, day)
                elif isinstance(cell, Formula):
                    page.write_formula(line, column, cell.text, form, cell.value)
                elif cell is not None:
                    page.write_number(line, column, cell, form)
        if sheet.notes:
            notes = book.add_worksheet(gettext("Basis")[:31])
            notes.set_column(0, 0, 28)
            notes.set_column(1, 1, 100)
            for line, (label, note) in enumerate(sheet.notes):
                notes.write_string(line, 0, safe_cell(label), bold)
                notes.write_string(line, 1, safe_cell(note))
    return answer.getvalue()
