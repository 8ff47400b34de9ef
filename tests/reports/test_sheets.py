"""A small table as a file."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from io import BytesIO

import openpyxl

from perennial.reports.sheets import Sheet, written

SHEET = Sheet(
    headings=["Customer", "MRR", "On", "Note"],
    rows=[["=cmd|' /C calc'!A0", Decimal("-12.50"), date(2024, 5, 1), None], ["北京", 3, None, "-"]],
    notes=[("As of", "2024-12-31")],
)


def test_a_csv_guards_text_and_leaves_numbers_and_unknown_alone() -> None:
    lines = written(SHEET, "csv").decode("utf-8-sig").splitlines()
    assert lines == ["Customer,MRR,On,Note", "'=cmd|' /C calc'!A0,-12.50,2024-05-01,", "北京,3,,'-"]


def test_a_workbook_holds_numbers_days_and_its_basis_on_a_second_sheet() -> None:
    book = openpyxl.load_workbook(BytesIO(written(SHEET, "xlsx")))
    table, notes = book.worksheets
    assert [cell.value for cell in table[2]] == ["'=cmd|' /C calc'!A0", -12.5, datetime(2024, 5, 1), None]  # noqa: DTZ001 - a cell has no zone
    assert [cell.value for cell in notes[1]] == ["As of", "2024-12-31"]
