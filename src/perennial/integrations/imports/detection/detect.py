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
from perennial.integrations.imports.reading.sources import PIECE, chunks
from perennial.integrations.imports.reading.terms import Part, Problem, Source
from perennial.integrations.imports.values.columns import read_column
from perennial.integrations.imports.values.numbers import unit_in_name
from perennial.integrations.imports.values.terms import Format, Kind, Order

_DATE_NAME = re.compile(
    r"date|day|time|start|begin|expir|renew|until|since|due|(?:^|[_\s/])(?:at|on|ends?|from|to)$"
    r"|日|时间|時間|月份|[起止始]|到期|截止",
    re.IGNORECASE,
)
_SHOWN = 200


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
    tallies = [Tally(name, _candidates(name), zone) for name in source.columns]
    for chunk in chunks(source):
        for position, tally in enumerate(tallies):
            tally.feed(chunk.rows, chunk.cells.column(position))
    return tuple(suggest([conclude(tally, source.file) for tally in tallies]))


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
    positions = {name: source.columns.index(name) for name in formats}
    for chunk in chunks(source, size=PIECE):
        arrays, symbols, faults = [], {}, []
        for name, form in formats.items():
            cells = chunk.cells.column(positions[name])
            column = read_column(cells, form, zone)
            arrays.append(column.values)
            if column.symbols is not None:
                symbols[name] = column.symbols
            for index, code in column.faults:
                row, text = chunk.rows[index].as_py(), cells[index].as_py()[:_SHOWN]
                faults.append(Problem(code, chunk.part.file, sheet=chunk.part.sheet, row=row, column=name, value=text))
        yield Table(
            chunk.part, chunk.rows, pa.RecordBatch.from_arrays(arrays, names=list(formats)), symbols, tuple(faults)
        )
