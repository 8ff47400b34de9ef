"""From rows as they come to the clean copy of a part: header found, totals and blanks set aside, faulty rows told."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

from perennial.integrations.imports.reading import limits
from perennial.integrations.imports.reading.delimited import Faulty, Row
from perennial.integrations.imports.reading.header import Header, Merges, Rows, find_header, letters, stated_header
from perennial.integrations.imports.reading.terms import Code, Refused
from perennial.integrations.imports.reading.totals import is_remark, is_total

_SAMPLE_ROWS = 60
_HEAD_ROWS, _HEAD_LEAST, _HEAD_DATA, _HEAD_COLUMNS, _HEAD_CELL = 60, 8, 4, 24, 60
_SHOWN = 10  # row numbers named in a notice; the rest are counted


@dataclass(slots=True)
class _Seen:
    """Rows of one sort: how many, and the first few numbers."""

    count: int = 0
    rows: list[int] = field(default_factory=list)

    def add(self, number: int) -> None:
        self.count += 1
        if len(self.rows) < _SHOWN:
            self.rows.append(number)


@dataclass(slots=True)
class Clean:
    """Writes one part. `down`: row → [(column, last row)] of cells merged over several rows."""

    header: Header
    down: Mapping[int, list[tuple[int, int]]]
    seen: dict[Code, _Seen] = field(default_factory=dict)
    filled_names: set[int] = field(default_factory=set)
    written: int = 0
    rejected: int = 0

    def write(self, rows: Iterable[Row], data: TextIO, rejects: TextIO) -> None:
        """Write every row to one of the two files; what is set aside is only counted."""
        width = len(self.header.names)
        unnamed = [position for position, name in enumerate(self.header.names) if not name]
        out = csv.writer(data, lineterminator="\r\n")
        batch: list[list[int | str]] = []
        for number, cells in self._filled(rows):
            row = self._row(number, cells, width)
            if isinstance(row, Faulty):
                self.rejected += 1
                rejects.write(json.dumps(_told(number, row, self.header)) + "\n")
            elif row is not None:
                self.filled_names.update(position for position in unnamed if row[position])
                batch.append([number, *row])
                if len(batch) == 5_000:
                    out.writerows(batch)
                    self.written += len(batch)
                    batch.clear()
        out.writerows(batch)
        self.written += len(batch)

    def _row(self, number: int, cells: list[str] | Faulty, width: int) -> list[str] | Faulty | None:
        if isinstance(cells, Faulty):
            return cells
        if not any(cells) or not any(map(str.strip, cells)):
            self._aside(Code.BLANK_ROWS, number)
            return None
        if is_total(cells):
            self._aside(Code.TOTAL_ROWS, number)
            return None
        if is_remark(cells):
            self._aside(Code.REMARK_ROWS, number)
            return None
        if len(cells) > width:
            if any(cells[width:]):
                extra = next(position for position in range(width, len(cells)) if cells[position])
                return Faulty(Code.ROW_TOO_WIDE, extra, cells[extra][:60], (("cells", len(cells)), ("columns", width)))
            del cells[width:]
        elif len(cells) < width:
            self._aside(Code.SHORT_ROWS, number)
            cells.extend([""] * (width - len(cells)))
        if cells[0] == self.header.names[0] and tuple(cells) == self.header.names:
            self._aside(Code.REPEATED_HEADER, number)
            return None
        return cells

    def _aside(self, code: Code, number: int) -> None:
        self.seen.setdefault(code, _Seen()).add(number)

    def _filled(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Repeat a cell merged over several rows in each of them: the spreadsheet keeps it in the first only."""
        if not self.down:
            yield from rows
            return
        open_cells: dict[int, tuple[str, int]] = {}
        for number, cells in rows:
            if isinstance(cells, Faulty) or not any(cells):
                yield number, cells
                continue
            for column, (value, last) in list(open_cells.items()):
                if number > last:
                    del open_cells[column]
                elif column < len(cells) and not cells[column]:
                    cells[column] = value
                    self._aside(Code.MERGED_FILLED, number)
            for column, last in self.down.get(number, ()):
                if column < len(cells) and cells[column]:
                    open_cells[column] = (cells[column], last)
            yield number, cells


def normalise(
    rows: Iterator[Row],
    *,
    data: Path,
    across: Merges,
    down: Mapping[int, list[tuple[int, int]]],
    said: tuple[int, ...] | None = None,
) -> dict[str, Any] | None:
    """Write the clean copy and, beside it, the rejected rows; return what the parent should know, None where no row is
    filled. `said`: the rows of the header that a person named, empty for no header, None to find it.

    :raises Refused: too many columns, a header with nothing below it, or a named row that holds nothing.
    """
    sample = list(islice(rows, max(_SAMPLE_ROWS, said[-1] + 1 if said else 0)))
    readable = [(number, cells) for number, cells in sample if not isinstance(cells, Faulty)]
    header = find_header(readable, across) if said is None else stated_header(readable, said, across)
    if header is None:
        faulty = next(((number, cells) for number, cells in sample if isinstance(cells, Faulty)), None)
        if faulty is not None:
            number, fault = faulty
            raise Refused(fault.code, row=number, details=dict(fault.details))
        return None
    if len(header.names) > limits.COLUMNS:
        raise Refused(Code.TOO_MANY_COLUMNS, details={"count": len(header.names), "limit": limits.COLUMNS})
    first = header.rows[-1] + 1 if header.rows else readable[header.data_from][0]
    clean, head = Clean(header, down), _head(readable, first)
    rejects = data.with_suffix(".rejected")
    with data.open("w", encoding="utf-8", newline="") as copy, rejects.open("w", encoding="utf-8") as refused:
        clean.write(chain((row for row in sample if _belongs(row, first, header)), rows), copy, refused)
    if not clean.written and not clean.rejected:
        raise Refused(Code.HEADER_ONLY, row=header.rows[-1] if header.rows else first)
    return _report(clean) | {"head": head}


def _head(rows: Rows, data_from: int) -> list[tuple[int, list[str]]]:
    """Return the first rows as they stand, shortened, down to some rows of data: for a person to look at."""
    below = 0
    shown: list[tuple[int, list[str]]] = []
    for number, cells in rows[:_HEAD_ROWS]:
        below += number >= data_from and any(cells)
        if below > _HEAD_DATA and len(shown) >= _HEAD_LEAST:
            break
        shown.append((number, [cell[:_HEAD_CELL] for cell in cells[:_HEAD_COLUMNS]]))
    return shown


def _belongs(row: Row, first: int, header: Header) -> bool:
    """Faulty rows before the data are told as well: one of them may have been the header."""
    return row[0] >= first or (isinstance(row[1], Faulty) and row[0] not in header.rows)


def _report(clean: Clean) -> dict[str, Any]:
    names, header = [], clean.header
    for position, name in enumerate(header.names):
        if name or position in clean.filled_names:
            names.append((position, name or letters(position)))
    notices = [{"code": code, "row": row, "details": details} for code, row, details in header.notices]
    for code, seen in clean.seen.items():
        listed = ", ".join(map(str, seen.rows)) + (", …" if seen.count > len(seen.rows) else "")
        notices.append({"code": code, "row": seen.rows[0], "details": {"count": seen.count, "rows": listed}})
    return {
        "columns": [name for _, name in names],
        "positions": [position for position, _ in names],
        "width": len(header.names),
        "rows": clean.written,
        "rejected": clean.rejected,
        "header_rows": list(header.rows),
        "notices": notices,
    }


def _told(number: int, fault: Faulty, header: Header) -> dict[str, Any]:
    column = None
    if fault.position is not None:
        named = fault.position < len(header.names) and header.names[fault.position]
        column = named or letters(fault.position)
    return {"code": fault.code, "row": number, "column": column, "value": fault.value, "details": dict(fault.details)}
