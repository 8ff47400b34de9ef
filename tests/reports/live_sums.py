"""Reads a workbook as a spreadsheet would that computes its formulas anew: sums of cells and signed cells of a row."""

from __future__ import annotations

import re
from decimal import Decimal
from io import BytesIO
from typing import Any

from openpyxl import load_workbook

_CELL = re.compile(r"([+-]?)([A-Z]+\d+)")


def computed(content: bytes) -> list[list[Any]]:
    """Return the first sheet's cells below its headings, each formula computed from the cells that it names."""
    sheet: Any = load_workbook(BytesIO(content)).worksheets[0]

    def value_at(name: str) -> Any:
        value = sheet[name].value
        return value_of(value) if isinstance(value, str) and value.startswith("=") else value

    def number_at(name: str) -> Decimal:
        return Decimal(str(value_at(name) or 0))

    def value_of(formula: str) -> Decimal:
        if formula.startswith("=SUM("):
            places = formula.removeprefix("=SUM(").removesuffix(")").split(",")
            cells = [cell for place in places for row in _rows(sheet[place]) for cell in row]
            return sum((number_at(cell.coordinate) for cell in cells), Decimal())
        signed = _CELL.findall(formula.removeprefix("="))
        assert "=" + "".join(sign + name for sign, name in signed) == formula
        return sum((number_at(name) * (-1 if sign == "-" else 1) for sign, name in signed), Decimal())

    return [[value_at(cell.coordinate) for cell in row] for row in sheet.iter_rows(min_row=2)]


def kept(content: bytes) -> list[list[Any]]:
    """Return the same cells as the file itself keeps them, its formulas' values too."""
    sheet = load_workbook(BytesIO(content), data_only=True).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]


def formulas(content: bytes) -> list[str]:
    """Return every formula of the first sheet."""
    sheet = load_workbook(BytesIO(content)).worksheets[0]
    return [cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def _rows(found: Any) -> Any:
    return found if isinstance(found, tuple) else ((found,),)
