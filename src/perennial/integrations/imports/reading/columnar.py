"""A Parquet file in the child: checked by its footer, then copied batch by batch into a clean Parquet file.


Decoding is where a stranger's bytes can do harm, so that it is done here, under the child's limits; everybody else
reads the copy, which this code wrote. The copy has a column `row` (records count from 1), then the columns by their
places: text, whole numbers, DECIMAL, DOUBLE, flags, days, and moments in microseconds, with UTC where the file says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from perennial.integrations.imports.reading import limits
from perennial.integrations.imports.reading.header import unique_names
from perennial.integrations.imports.reading.terms import Code, Refused

MAGIC = b"PAR1"
BATCH = 65_536
_HEAD_ROWS = 8
_A_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_INSTANT, _LOCAL = pa.timestamp("us", tz="UTC"), pa.timestamp("us")


def copy_parquet(path: Path, data: Path) -> dict[str, Any]:
    """Write the clean copy and, beside it, the rejected rows; return what the parent should know.

    :raises Refused: damaged, without rows, too many columns or rows for its size, or no column that holds cells.
    """
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    try:
        file = _opened(path)
        _check(file.metadata, path.stat().st_size)
        return _copied(file, data)
    except (pa.ArrowMemoryError, MemoryError) as error:
        raise MemoryError from error
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise Refused(Code.DAMAGED) from error


def _opened(path: Path) -> pq.ParquetFile:
    with path.open("rb") as file:
        file.seek(-min(8, path.stat().st_size), 2)
        end = file.read()
    if len(end) < 8 or end[4:] != MAGIC:
        raise Refused(Code.PASSWORD if end[4:] == b"PARE" else Code.DAMAGED)
    return pq.ParquetFile(
        path,
        memory_map=False,
        buffer_size=1 << 20,
        pre_buffer=False,
        coerce_int96_timestamp_unit="us",
        page_checksum_verification=True,
    )


def _check(told: pq.FileMetaData, size: int) -> None:
    if told.num_columns > limits.COLUMNS:
        raise Refused(Code.TOO_MANY_COLUMNS, details={"count": told.num_columns, "limit": limits.COLUMNS})
    if told.num_rows == 0:
        raise Refused(Code.HEADER_ONLY)
    if told.num_rows > max(limits.RATIO * size, limits.RATIO_MATTERS_FROM):
        raise Refused(Code.TOO_COMPRESSED, details={"name": "Parquet", "limit": limits.RATIO})
    for group in range(told.num_row_groups):
        unpacked = told.row_group(group).total_byte_size
        if unpacked > max(limits.RATIO * size, limits.TEXT_BYTES):
            raise Refused(Code.TOO_COMPRESSED, details={"name": "Parquet", "limit": limits.RATIO})


def _copied(file: pq.ParquetFile, data: Path) -> dict[str, Any]:
    places, names, left_out = _columns(file.schema_arrow)
    if not places:
        raise Refused(Code.EMPTY)
    names, repeated = unique_names(names, 1)
    types = [_plain_type(kind) for kind in places.values()]
    schema = pa.schema([("row", pa.int64()), *((str(number), kind) for number, kind in enumerate(types))])
    nulls, written, rejected = [0] * len(types), 0, 0
    head: list[list[str]] = []
    with (
        pq.ParquetWriter(data, schema, compression="none") as out,
        data.with_suffix(".rejected").open("w", encoding="utf-8") as refused,
    ):
        for first, batch in _batches(file):
            columns = [_plain(batch.column(place), kind) for place, kind in zip(places, types, strict=True)]
            rows = pa.RecordBatch.from_arrays(
                [pa.array(np.arange(first, first + batch.num_rows)), *columns], schema=schema
            )
            kept = _without_faulty(rows, names, refused)
            rejected += rows.num_rows - kept.num_rows
            out.write_batch(kept)
            written += kept.num_rows
            nulls = [count + kept.column(at + 1).null_count for at, count in enumerate(nulls)]
            head = head or [[_shown(cell) for cell in row.values()] for row in kept.slice(0, _HEAD_ROWS).to_pylist()]
    notices: list[dict[str, Any]] = [
        {"code": code, "row": None, "details": details} for code, _row, details in repeated
    ]
    notices += [{"code": Code.NESTED_COLUMN, "row": None, "column": name, "details": {"type": str(kind)[:60]}}
                for name, kind in left_out]  # fmt: skip
    return {
        "columns": names, "positions": list(range(len(names))), "width": len(names), "rows": written,
        "rejected": rejected, "header_rows": [], "notices": notices, "data": data.name,
        "types": [_word(kind) for kind in types], "nulls": nulls,
        "head": [[int(row[0]), row[1:]] for row in head],
    }  # fmt: skip


def _columns(schema: pa.Schema) -> tuple[dict[int, pa.DataType], list[str], list[tuple[str, pa.DataType]]]:
    """Return the places of the flat columns with their types, their names, and the columns that are no cells."""
    places, names, left_out = dict[int, pa.DataType](), list[str](), list[tuple[str, pa.DataType]]()
    for place, field in enumerate(_flat(schema)):
        if _is_cell(field.type):
            places[place] = field.type
            names.append(" ".join(field.name.split())[: limits.NAME_CHARACTERS])
        else:
            left_out.append((field.name[: limits.NAME_CHARACTERS], field.type))
    return places, names, left_out


def _flat(schema: pa.Schema) -> pa.Schema:
    """Return the schema with the fields of a record as columns of their own: `user.id`."""
    while any(pa.types.is_struct(field.type) for field in schema):
        schema = pa.schema([inner for field in schema for inner in (field.flatten() if pa.types.is_struct(field.type)
                                                                    else [field])])  # fmt: skip
    return schema


def _batches(file: pq.ParquetFile) -> Iterator[tuple[int, pa.RecordBatch]]:
    first = 1
    for batch in file.iter_batches(BATCH, use_threads=False):
        yield first, _flattened(batch)
        first += batch.num_rows


def _flattened(batch: pa.RecordBatch) -> pa.RecordBatch:
    if not any(pa.types.is_struct(field.type) for field in batch.schema):
        return batch
    rows = pa.Table.from_batches([batch])
    while any(pa.types.is_struct(field.type) for field in rows.schema):
        rows = rows.flatten()
    return rows.combine_chunks().to_batches()[0]


def _is_cell(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_cell(kind.value_type)
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_integer,
             pa.types.is_floating, pa.types.is_boolean, pa.types.is_date, pa.types.is_timestamp, pa.types.is_decimal,
             pa.types.is_null, pa.types.is_binary, pa.types.is_large_binary)  # fmt: skip
    return any(test(kind) for test in tests)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if pa.types.is_timestamp(kind):
        return _LOCAL if kind.tz is None else _INSTANT
    if pa.types.is_integer(kind) and kind != pa.uint64():
        return pa.int64()
    if pa.types.is_decimal(kind) and kind.bit_width <= 128 and kind.scale >= 0:
        return pa.decimal128(38, kind.scale)
    if pa.types.is_floating(kind):
        return pa.float64()
    return pa.date32() if pa.types.is_date(kind) else pa.bool_() if pa.types.is_boolean(kind) else pa.string()


def _plain(values: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Bring a column to the copy's type. A moment keeps its microseconds, what is finer is cut off.

    :raises ArrowInvalid: the bytes are no text, or the value is none that the type can hold.
    """
    if pa.types.is_dictionary(values.type):
        values.validate(full=True)
        values = values.dictionary_decode()
    if wanted == pa.string():
        plain = values.cast(wanted)
        plain.validate(full=True)
        return plain
    if pa.types.is_timestamp(values.type):
        return _within_years(values, _A_SECOND[values.type.unit]).cast(wanted, safe=False)
    if pa.types.is_date(values.type):
        return _within_years(values.cast(pa.date32()), 0)
    return values if values.type == wanted else values.cast(wanted)


def _within_years(values: pa.Array, a_second: int) -> pa.Array:
    """Hold moments (days where `a_second` is 0) within the years 1 and 9999, which is all that anybody else can write:
    what lies outside is impossible on either side of the bound."""
    whole = pa.int64() if a_second else pa.int32()
    bare = values.cast(whole)
    least, most = (bound * 86_400 * a_second if a_second else bound for bound in (-719_162, 2_932_896))
    least, most = max(least, -(2**63)), min(most, 2**63 - 1)
    if len(bare) == bare.null_count:
        return values
    found = pc.min_max(bare).as_py()
    if least <= found["min"] and found["max"] <= most:
        return values
    clipped = pc.max_element_wise(pc.min_element_wise(bare, pa.scalar(most, whole), skip_nulls=False),
                                  pa.scalar(least, whole), skip_nulls=False)  # fmt: skip
    return clipped.cast(values.type)


def _without_faulty(rows: pa.RecordBatch, names: list[str], refused: TextIO) -> pa.RecordBatch:
    """Set aside, and tell, rows with a text that no cell holds: too long, or with a NUL character."""
    bad: dict[int, dict[str, Any]] = {}
    for at, name in enumerate(names, start=1):
        texts = rows.column(at)
        if texts.type != pa.string() or texts.buffers()[2] is None:
            continue
        # bytes first: counting characters costs as much as reading them
        if (pc.max(pc.binary_length(texts)).as_py() or 0) > limits.CELL_CHARACTERS:
            lengths = pc.fill_null(pc.utf8_length(texts), 0)
            for row in pc.indices_nonzero(pc.greater(lengths, limits.CELL_CHARACTERS)).to_pylist():
                details = {"characters": lengths[row].as_py(), "limit": limits.CELL_CHARACTERS}
                bad.setdefault(row, _told(rows, row, at, name, Code.CELL_TOO_LONG, details))
        if b"\0" in texts.buffers()[2].to_pybytes():
            for row in pc.indices_nonzero(pc.fill_null(pc.match_substring(texts, "\0"), False)).to_pylist():
                bad.setdefault(row, _told(rows, row, at, name, Code.ROW_NUL, {}))
    if not bad:
        return rows
    for row in sorted(bad):
        refused.write(json.dumps(bad[row]) + "\n")
    return rows.filter(pa.array([row not in bad for row in range(rows.num_rows)]))


def _told(
    rows: pa.RecordBatch, row: int, at: int, name: str, code: Code, details: dict[str, int]
) -> dict[str, Any]:  # fmt: skip
    value = rows.column(at)[row].as_py()[:60].replace("\0", "␀")
    return {"code": code, "row": rows.column(0)[row].as_py(), "column": name, "value": value, "details": details}


def _shown(value: Any) -> str:
    return "" if value is None else str(value)[:60]


def _word(kind: pa.DataType) -> str:
    """Return what the schema says of a column, in our words."""
    if pa.types.is_timestamp(kind):
        return "datetime"
    if pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        return "decimal"
    words = {pa.int64(): "integer", pa.bool_(): "boolean", pa.date32(): "date"}
    return words.get(kind, "text")
