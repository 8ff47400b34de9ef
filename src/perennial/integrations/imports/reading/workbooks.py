"""Rows of a workbook's sheets, as text: what a cell holds and not how it looks. Runs in the child only."""

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any

from perennial.integrations.imports.reading import limits
from perennial.integrations.imports.reading.delimited import Row, checked
from perennial.integrations.imports.reading.header import letters
from perennial.integrations.imports.reading.terms import Code, Refused

_CELL = re.compile(rb"""<(?:\w+:)?c\s(?:[^<>]*?\s)?r=["']([A-Z]{1,4})(\d{1,8})["'][^<>]*?(/?)>""")
_FORMULA = re.compile(
    rb"""<c\sr="([A-Z]{1,3}\d{1,7})"[^<>]*><f[^<>]*?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>"""
)
_ERROR = re.compile(rb"""<c\sr="([A-Z]{1,3}\d{1,7})"[^<>]*\st=["']e["']""")
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_OVERLAP = 4096
_EXACT = 10**15  # a spreadsheet keeps 15 digits; a longer number has lost its end


@dataclass(frozen=True, slots=True)
class Uncomputed:
    """Formulas without a stored value, or with an error for a value: how many in the workbook, and the first cell."""

    count: int
    first: str


def check_workbook(path: Path) -> Uncomputed | None:
    """Look through the XML of an .xlsx before anything is built from it.

    :raises Refused: it declares entities, or a cell so far out that the rectangle up to it could not be held.
    """
    count, first = 0, ""
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                with archive.open(member) as stream:
                    found = _look_through(stream, member.filename)
                count, first = count + len(found), first or (found[0] if found else "")
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Refused(Code.DAMAGED) from error
    return Uncomputed(count, first) if count else None


def _look_through(stream: IO[bytes], name: str) -> list[str]:
    head = stream.read(256)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head[:8]:
        if name.endswith((".xml", ".rels")):
            raise Refused(Code.XML_ENTITIES, details={"name": name[:100]})  # UTF-16 would hide what is looked for
        return []
    if not head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return []
    far_row, far_column, formulas = 0, 0, dict[str, None]()
    tail = head
    while True:
        block = stream.read(1 << 20)
        text = tail + block
        if _DECLARATION.search(text):
            raise Refused(Code.XML_ENTITIES, details={"name": name[:100]})
        for match in _CELL.finditer(text):
            if not match[3]:
                far_row = max(far_row, int(match[2]))
                far_column = max(far_column, _column_number(match[1]))
        for pattern in (_FORMULA, _ERROR):
            formulas.update(dict.fromkeys(match[1].decode() for match in pattern.finditer(text)))
        if not block:
            break
        tail = text[-_OVERLAP:]
    if far_row > limits.SHEET_ROWS or far_column > limits.COLUMNS or far_row * far_column > limits.SHEET_CELLS:
        raise Refused(Code.CELL_TOO_FAR, details={"cell": f"{letters(far_column - 1)}{far_row}"})
    return list(formulas)


def _column_number(name: bytes) -> int:
    number = 0
    for letter in name:
        number = number * 26 + letter - 64
    return number


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its rows (`rows()` streams them once) and what is merged in it. One that is left out has no source."""

    name: str
    hidden: bool
    source: Any  # CalamineSheet; the package has no types at run time

    def merges_across(self) -> dict[int, dict[int, int]]:
        """Return row → first column → columns spanned, row numbers as shown, columns from 0."""
        spans: dict[int, dict[int, int]] = {}
        for (top, left), (_, right) in self.source.merged_cell_ranges or ():
            if right > left:
                spans.setdefault(top + 1, {})[left] = right - left + 1
        return spans

    def merges_down(self) -> dict[int, list[tuple[int, int]]]:
        """Return row → [(column, last row)] of cells merged over several rows, row numbers as shown."""
        down: dict[int, list[tuple[int, int]]] = {}
        for (top, left), (bottom, _) in self.source.merged_cell_ranges or ():
            if bottom > top:
                down.setdefault(top + 1, []).append((left, bottom + 1))
        return down

    def rows(self, lost: dict[int, tuple[int, int]]) -> Iterator[Row]:
        """Yield rows as text; `lost` gathers column → (count, first row) of numbers too long for a spreadsheet."""
        if self.source.start is None:
            return
        # the reader leaves out empty columns on the left, but no rows
        padding = [""] * self.source.start[1]
        for number, cells in enumerate(self.source.iter_rows(), start=1):
            yield number, checked(_row(cells, padding, number, lost), nul=True)


def _row(cells: list[Any], padding: list[str], number: int, lost: dict[int, tuple[int, int]]) -> list[str]:
    texts = padding + [cell if type(cell) is str else _text(cell) for cell in cells]
    for position, cell in enumerate(cells, start=len(padding)):
        if type(cell) is float and (cell >= _EXACT or cell <= -_EXACT):
            count, first = lost.get(position, (0, number))
            lost[position] = (count + 1, first)
    return texts


def _text(value: float | bool | datetime | date | time | timedelta | None) -> str:
    """Return a cell's value in the notation that `values` reads back exactly."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e22 else format(value, ".15g")
    if isinstance(value, datetime):
        shown = value.replace(microsecond=0) if value.microsecond == 0 else value
        return shown.isoformat(sep=" ")
    if isinstance(value, timedelta):
        return str(value)
    return "" if value is None else str(value)


def sheets_of(path: Path, take: Callable[[str], bool | None]) -> Iterator[Sheet]:
    """Yield the sheets in the order of the workbook. `take` says of a name whether it is read; None: unless hidden.

    :raises Refused: a password, or a file that only looks like a workbook.
    """
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        workbook = CalamineWorkbook.from_path(str(path))
        for about in workbook.sheets_metadata:
            if about.typ == SheetTypeEnum.WorkSheet:
                hidden = about.visible != SheetVisibleEnum.Visible
                wanted = take(about.name)
                is_read = not hidden if wanted is None else wanted
                yield Sheet(about.name, hidden, workbook.get_sheet_by_name(about.name) if is_read else None)
    except PasswordError as error:
        raise Refused(Code.PASSWORD) from error
    except (CalamineError, OSError, ValueError) as error:
        raise Refused(Code.DAMAGED) from error
