"""Usage rows set aside as Parquet, column by column: millions of rows never pass through Python one by one, only the
refused ones do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from perennial.integrations.imports.detection.detect import Table, read
from perennial.integrations.imports.mapping import TableMap, Use
from perennial.integrations.imports.reading.terms import Source
from perennial.integrations.imports.records import EARLIEST, FURTHEST
from perennial.integrations.imports.staging import Place, Refusal, formats_of

SCHEMA = pa.schema(
    [
        ("file", pa.string()), ("sheet", pa.string()), ("row", pa.int64()), ("customer", pa.string()),
        ("line", pa.string()), ("user", pa.string()), ("event", pa.string()), ("feature", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")), ("count", pa.int64()), ("value", pa.decimal128(38, 18)),
        ("errors", pa.int64()), ("event_id", pa.string()), ("learned", pa.bool_()),
    ]
)  # fmt: skip
FIELDS = ("customer", "line", "user", "event", "feature", "at", "count", "value", "errors", "event_id")
FILE_ROWS = 1_000_000
_REPEATING = ["file", "sheet", "customer", "line", "user", "event", "feature", "count"]
_RANGES = {"count": (0, 2**31 - 1), "errors": (0, 2**31 - 1), "value": (Decimal(-(10**11)), Decimal(10**11))}
"""What the lake's columns hold: a weight is INT32 and not negative, a value DECIMAL(18, 6)."""


def stage(table: TableMap, source: Source, folder: Path, place: Place) -> Iterator[tuple[int, list[Refusal]]]:
    """Write one source's rows aside as Parquet, about FILE_ROWS in a file; yield (rows read, refusals) chunk by chunk.

    The files follow each other as the rows do: one after the other they become the lake's parts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number, there, writer = len(list(folder.glob("*.parquet"))), 0, None
    try:
        for piece in read(source, formats_of(table, source), place.zone):
            rows, refusals = _staged(table, piece, place)
            if writer is None:
                path, there = folder / f"{number:05d}.parquet", 0
                writer = pq.ParquetWriter(path, SCHEMA, compression="lz4", use_dictionary=_REPEATING)
            writer.write_table(rows)
            there += rows.num_rows
            if there >= FILE_ROWS:
                writer.close()
                writer, number = None, number + 1
            yield piece.values.num_rows, refusals
    finally:
        if writer is not None:
            writer.close()


def _staged(table: TableMap, piece: Table, place: Place) -> tuple[pa.Table, list[Refusal]]:
    size = piece.values.num_rows
    arrays: dict[str, pa.Array] = {
        "file": pa.repeat(piece.part.file, size),
        "sheet": pa.repeat(piece.part.sheet or "", size),
        "row": piece.rows,
        "learned": pa.repeat(table.learned == "own_date", size),
    }
    for key in FIELDS:
        arrays[key] = _column(table.columns.get(key), piece, SCHEMA.field(key).type, place.zone)
    wanted = _wanted(table, piece)
    refused = {row: refusal for row, refusal in _refused(table, piece, arrays, place).items() if wanted[row].as_py()}
    rows = pa.table({name: arrays[name] for name in SCHEMA.names}, schema=SCHEMA)
    good = np.asarray(wanted).copy()
    good[list(refused)] = False
    return rows if good.all() else rows.filter(pa.array(good)), [refused[row] for row in sorted(refused)]


def _wanted(table: TableMap, piece: Table) -> pa.BooleanArray:
    """Return which rows the mapping takes."""
    keep = pa.repeat(True, piece.values.num_rows)
    for column, texts in table.where.items():
        keep = pc.and_(keep, pc.is_in(_text(piece, column), value_set=pa.array(list(texts), pa.string())))
    for column, texts in table.where_not.items():
        keep = pc.and_(keep, pc.invert(pc.is_in(_text(piece, column), value_set=pa.array(list(texts), pa.string()))))
    return keep


def _refused(table: TableMap, piece: Table, arrays: Mapping[str, pa.Array], place: Place) -> dict[int, Refusal]:
    """Return the refusals by the row's position in the piece: cells that no format reads, then what cannot be."""
    numbers = {number: row for row, number in enumerate(piece.rows.to_pylist())} if piece.faults else {}
    used = {use.column for use in table.columns.values()}
    found: dict[int, Refusal] = {}
    for fault in piece.faults:
        if fault.column in used:
            found.setdefault(
                numbers[fault.row or 0],
                Refusal(piece.part.file, piece.part.sheet or "", fault.row or 0, fault.column or "", fault.value or "",
                        fault.code.value, fault.details),
            )  # fmt: skip
    for key, reason, bad, detail in _impossible(arrays, place):
        use = table.columns.get(key)
        for row in pc.indices_nonzero(pc.fill_null(bad, False)).to_pylist():
            value = arrays[key][row].as_py()
            found.setdefault(row, Refusal(
                piece.part.file, piece.part.sheet or "", piece.rows[row].as_py(), (use and use.column) or key,
                "" if value is None else str(value), reason, detail,
            ))  # fmt: skip
    return found


def _impossible(
    arrays: Mapping[str, pa.Array], place: Place
) -> Iterator[tuple[str, str, pa.BooleanArray, dict[str, str]]]:
    yield "at", "missing", pc.is_null(arrays["at"]), {}
    yield "customer", "missing", pc.and_(pc.is_null(arrays["customer"]), pc.is_null(arrays["line"])), {}
    first, last = _start(EARLIEST), _start(place.today + FURTHEST)
    yield "at", "impossible_date", pc.or_(pc.less(arrays["at"], first), pc.greater(arrays["at"], last)), {}
    if place.events_from is not None:
        start = datetime.combine(place.events_from, time.min, place.zone).astimezone(UTC)
        early = pc.less(arrays["at"], pa.scalar(start, SCHEMA.field("at").type))
        yield "at", "expired", early, {"first": place.events_from.isoformat()}
    for key, (least, most) in _RANGES.items():
        low, high = (pa.scalar(bound, SCHEMA.field(key).type) for bound in (least, most))
        outside = pc.or_(pc.less(arrays[key], low), pc.greater(arrays[key], high))
        yield key, "out_of_range", outside, {"least": f"{least:,}", "most": f"{most:,}"}


def _start(day: date) -> pa.Scalar:
    return pa.scalar(datetime.combine(day, time.min, UTC), SCHEMA.field("at").type)


def _text(piece: Table, column: str) -> pa.Array:
    return pc.fill_null(piece.values.column(column).cast(pa.string()), "")


def _column(use: Use | None, piece: Table, wanted: pa.DataType, zone: ZoneInfo) -> pa.Array:
    size = piece.values.num_rows
    if use is None:
        return pa.nulls(size, wanted)
    if use.column is None:
        return pa.repeat(pa.scalar(use.constant, pa.string()).cast(wanted), size)
    values = piece.values.column(use.column)
    if use.values:
        values = _translated(values, use.values)
    if pa.types.is_date32(values.type):
        values = pc.assume_timezone(
            values.cast(pa.timestamp("us")), zone.key, ambiguous="earliest", nonexistent="latest"
        )
    if pa.types.is_integer(values.type) and pa.types.is_decimal(wanted):
        values = values.cast(pa.decimal128(38, 0))
    return values.cast(wanted)


def _translated(values: pa.Array, words: Mapping[str, str]) -> pa.Array:
    """Put our words in the place of the source's, each different text once."""
    encoded = values.cast(pa.string()).dictionary_encode()
    ours: list[Any] = [words.get(text, text) for text in encoded.dictionary.to_pylist()]
    return pa.array(ours, pa.string()).take(encoded.indices)
