"""Rows of a CSV or TSV file, with the numbers that a spreadsheet would show; a faulty row is told and passed."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from perennial.integrations.imports.reading import limits
from perennial.integrations.imports.reading.dialect import Dialect, reader_options
from perennial.integrations.imports.reading.encoding import Encoding
from perennial.integrations.imports.reading.terms import Code, Refused


@dataclass(frozen=True, slots=True)
class Faulty:
    """A row that cannot be read, and the position of the cell where there is one."""

    code: Code
    position: int | None = None
    value: str = ""
    details: tuple[tuple[str, int], ...] = ()


Row = tuple[int, list[str] | Faulty]


def open_text(path: Path, encoding: Encoding) -> TextIO:
    """Open the file so that line ends within quotes stay as they are."""
    return path.open(encoding=encoding.name, newline="", errors="strict")


def sample_lines(path: Path, encoding: Encoding) -> list[str]:
    """Return the first whole lines, up to 256,000 characters.

    :raises Refused: the first line alone is longer than any line may be.
    """
    with open_text(path, encoding) as stream:
        lines, size = [], 0
        for line in lines_of(stream):
            lines.append(line)
            size += len(line)
            if size > 256_000 or len(lines) >= 1_000:
                break
    return lines


def delimited_rows(path: Path, encoding: Encoding, dialect: Dialect) -> Iterator[Row]:
    """Yield (row number, cells or what is wrong with them); blank rows are yielded too, as [].

    :raises Refused: a quote that is opened and never closed (everything after it would be one cell); a line too long.
    """
    csv.field_size_limit(limits.LINE_CHARACTERS)
    with open_text(path, encoding) as stream:
        reader = csv.reader(lines_of(stream), **reader_options(dialect))  # type: ignore[arg-type]
        number = 0
        while True:
            number += 1
            before = reader.line_num
            try:
                for cells in reader:
                    yield number, checked(cells, encoding.nul)
                    number += 1
                    before = reader.line_num
                return
            except csv.Error as error:
                if "unexpected end" in str(error) or "field limit" in str(error):
                    raise Refused(Code.QUOTE_NEVER_CLOSED, row=number, details={"line": before + 1}) from error
                yield number, Faulty(Code.ROW_QUOTES, details=(("from", before + 1), ("to", reader.line_num)))


def lines_of(stream: TextIO) -> Iterator[str]:
    """Yield the lines with their ends.

    :raises Refused: a line longer than any may be.
    """
    number = 0
    while line := stream.readline(limits.LINE_CHARACTERS):
        number += 1
        if len(line) >= limits.LINE_CHARACTERS:
            raise Refused(Code.LINE_TOO_LONG, row=number, details={"limit": limits.LINE_CHARACTERS})
        yield line


def checked(cells: list[str], nul: bool) -> list[str] | Faulty:
    """Return the cells, or what is wrong: too long for a cell or a row, or (looked for where `nul`) a NUL character."""
    size = sum(map(len, cells))
    if size > limits.CELL_CHARACTERS:
        for position, cell in enumerate(cells):
            if len(cell) > limits.CELL_CHARACTERS:
                details = (("characters", len(cell)), ("limit", limits.CELL_CHARACTERS))
                return Faulty(Code.CELL_TOO_LONG, position, cell[:60], details)
        if size > limits.ROW_CHARACTERS:
            return Faulty(Code.ROW_TOO_LONG, details=(("characters", size), ("limit", limits.ROW_CHARACTERS)))
    if nul:
        for position, cell in enumerate(cells):
            if "\0" in cell:
                return Faulty(Code.ROW_NUL, position, cell[:60].replace("\0", "␀"))
    return cells
