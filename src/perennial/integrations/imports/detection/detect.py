"""The door of detection, and of reading a source under the formats that were decided."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pyarrow as pa

from perennial.integrations.imports.detection.conclusions import conclude
from perennial.integrations.imports.detection.orders import suggest
from perennial.integrations.imports.detection.tally import Tally
from perennial.integrations.imports.detection.terms import Column
from perennial.integrations.imports.reading.sources import PIECE, Chunk, chunks, typed_chunks
from perennial.integrations.imports.reading.terms import Part, Problem, Source
from perennial.integrations.imports.values.columns import read_column
from perennial.integrations.imports.values.numbers import unit_in_name
from perennial.integrations.imports.values.terms import NULL_MARKERS, Format, Kind, Order
from perennial.integrations.imports.values.typed import read_typed

_DATE_NAME = re.compile(
    r"date|day|time|start|begin|expir|renew|until|since|due|(?:^|[_\s/])(?:at|on|ends?|from|to)$"
    r"|日|时间|時間|月份|[起止始]|到期|截止",
    re.IGNORECASE,
)
_SHOWN = 200
TYPED_ROWS = 500_000
"""So many rows of a Parquet file are looked at, where its schema calls a column text; what does not fit further down is
refused row by row, with its reason, when the rows are read."""
_READ_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Table:
    """Some rows under the decided formats: their numbers, a typed column each, symbols of money columns, and faults."""

    part: Part
    rows: pa.Int64Array
    values: pa.RecordBatch
    symbols: Mapping[str, pa.StringArray]
    faults: tuple[Problem, ...]


def detect(source: Source, zone: ZoneInfo) -> tuple[Column, ...]:
    """Look at every cell of the source and say what each column holds; `zone` is the organisation's."""
    told = told_by_schema(source)
    tallies = {name: Tally(name, _candidates(name), zone) for name in source.columns if name not in told}
    for chunk in chunks(source):
        for name, tally in tallies.items():
            tally.feed(chunk.rows, chunk.cells.column(name))
        if source.parts[0].is_typed and (not tallies or chunk.rows[-1].as_py() >= TYPED_ROWS):
            break
    return tuple(suggest([told.get(name) or conclude(tallies[name], source.file) for name in source.columns]))


def told_by_schema(source: Source) -> dict[str, Column]:
    """Return the columns of which the file's own schema says what they hold. Whole numbers under the name of a date
    may be days (20240301), and texts anything: these are looked at."""
    found = dict[str, Column]()
    part = source.parts[0]
    for place, (name, word) in enumerate(zip(part.columns, part.types, strict=False)):
        kind = Kind(word)
        if kind is Kind.TEXT or (kind is Kind.INTEGER and _DATE_NAME.search(name)):
            continue
        order = Order.YEAR_FIRST if kind in (Kind.DATE, Kind.DATETIME) else None
        nulls = NULL_MARKERS if kind is Kind.DECIMAL else frozenset(("",))  # a double that is no number is unknown
        filled = part.rows - part.nulls[place]
        examples = tuple(dict.fromkeys(cells[place] for _row, cells in part.head if cells[place]))[:5]
        found[name] = Column(
            name=name, format=Format(kind, order, nulls=nulls), choices=(), alternatives=(), filled=filled,
            parsed=filled, empty=part.nulls[place], null_markers=(), distinct=None, examples=examples, unparsed=(),
            decided_by=None, contradicting=(), symbols=(), warnings=(),
        )  # fmt: skip
    return found


def _candidates(name: str) -> tuple[Format, ...]:
    """Return the formats to try, the more telling first. Bare numbers are days only under a name that says so."""
    orders = [Order.YEAR_FIRST, Order.DAY_FIRST, Order.MONTH_FIRST]
    if _DATE_NAME.search(name):
        orders += [Order.COMPACT, Order.SERIAL]
    factor = unit_in_name(name)
    numbers = (Format(Kind.MONEY, factor=factor),) if factor > 1 else (Format(Kind.INTEGER), Format(Kind.DECIMAL))
    return (
        *(Format(Kind.DATETIME, order) for order in orders),
        *numbers,
        Format(Kind.BOOLEAN),
        Format(Kind.PERCENT),
        Format(Kind.MONEY),
        Format(Kind.DECIMAL, decimal_comma=True),
        Format(Kind.MONEY, decimal_comma=True),
    )


def read(source: Source, formats: Mapping[str, Format], zone: ZoneInfo) -> Iterator[Table]:
    """Stream the columns named in `formats`, typed; each cell that its format cannot read is null and a fault."""
    for chunk in _chunks(source, list(formats)):
        arrays, symbols, faults = [], {}, []
        for name, form in formats.items():
            cells = chunk.cells.column(name)
            column = (read_typed if chunk.part.is_typed else read_column)(cells, form, zone)
            arrays.append(column.values)
            if column.symbols is not None:
                symbols[name] = column.symbols
            for index, code in column.faults:
                row, text = chunk.rows[index].as_py(), str(cells[index].as_py())[:_SHOWN]
                faults.append(Problem(code, chunk.part.file, sheet=chunk.part.sheet, row=row, column=name, value=text))
        yield Table(
            chunk.part, chunk.rows, pa.RecordBatch.from_arrays(arrays, names=list(formats)), symbols, tuple(faults)
        )


def _chunks(source: Source, names: list[str]) -> Iterator[Chunk]:
    if not source.parts[0].is_typed:
        yield from chunks(source, size=PIECE)
        return
    for part in source.parts:
        if part.rows:
            yield from typed_chunks(source, part, _READ_ROWS, names)
