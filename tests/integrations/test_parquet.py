"""Parquet: the schema gives the types, odd columns get a clear word, and a damaged or hostile file an answer."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perennial.integrations.imports.detection.detect import detect, read
from perennial.integrations.imports.messages import describe
from perennial.integrations.imports.reading import limits
from perennial.integrations.imports.reading.sources import chunks, read_sources, rejected_rows
from perennial.integrations.imports.reading.terms import Code, Reading
from perennial.integrations.imports.values.terms import Format, Kind, Order

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2024, 3, 1, 8, 30, 0, 250_000)  # noqa: DTZ001 - a zone is what the tests put to it


def taken(path: Path, table: pa.Table | bytes, **how: Any) -> Reading:
    if isinstance(table, bytes):
        path.write_bytes(table)
    else:
        pq.write_table(table, path, **how)
    return read_sources([path], path.parent / "out")


def texts(reading: Reading) -> dict[str, list[str]]:
    (source,) = reading.sources
    (chunk,) = chunks(source)
    return {name: chunk.cells.column(name).to_pylist() for name in source.columns}


def typed(reading: Reading, **formats: Format) -> dict[str, list[Any]]:
    (source,) = reading.sources
    (table,) = read(source, formats, ZONE)
    assert table.faults == ()
    return {name: table.values.column(name).to_pylist() for name in formats}


def test_the_schema_gives_the_types_and_every_cell_reads_as_a_csv_would_hold_it(tmp_path: Path) -> None:
    table = pa.table(
        {
            "customer": pa.array(["Acme", None, "Acme"]).dictionary_encode(),
            "at": pa.array([AT, None, AT], pa.timestamp("ms", tz="UTC")),
            "seats": pa.array([7, 8, None], pa.int32()),
            "price": pa.array([Decimal("0.10"), None, Decimal("2.00")], pa.decimal128(9, 2)),
            "share": pa.array([0.1, float("nan"), 3.0]),
            "is_live": pa.array([True, False, None]),
            "on": pa.array([date(2024, 3, 1), None, date(1999, 12, 31)]),
        }
    )
    reading = taken(tmp_path / "a.parquet", table)
    (source,) = reading.sources
    assert (source.rows, source.rejected, source.parts[0].header_rows) == (3, 0, ())
    columns = detect(source, ZONE)
    assert [(one.name, one.format and one.format.kind, one.filled) for one in columns] == [
        ("customer", Kind.TEXT, 2), ("at", Kind.DATETIME, 2), ("seats", Kind.INTEGER, 2), ("price", Kind.DECIMAL, 2),
        ("share", Kind.DECIMAL, 3), ("is_live", Kind.BOOLEAN, 2), ("on", Kind.DATE, 2),
    ]  # fmt: skip
    formats = {one.name: one.format for one in columns if one.format}
    assert typed(reading, **formats) == {
        "customer": ["Acme", None, "Acme"],
        "at": [AT.replace(tzinfo=UTC), None, AT.replace(tzinfo=UTC)],
        "seats": [7, 8, None],
        "price": [Decimal("0.1"), None, Decimal(2)],
        "share": [Decimal("0.1"), None, Decimal(3)],
        "is_live": [True, False, None],
        "on": [date(2024, 3, 1), None, date(1999, 12, 31)],
    }
    assert texts(reading)["at"] == ["2024-03-01 08:30:00.250000Z", "", "2024-03-01 08:30:00.250000Z"]
    assert texts(reading)["is_live"] == ["TRUE", "FALSE", ""]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_moment_without_a_zone_is_local_and_one_with_a_zone_is_not(unit: str, tmp_path: Path) -> None:
    whole = AT.replace(microsecond=0)
    table = pa.table(
        {
            "bare": pa.array([whole], pa.timestamp(unit)),
            "utc": pa.array([whole], pa.timestamp(unit, tz="UTC")),
            "york": pa.array([whole], pa.timestamp(unit, tz="America/New_York")),
        }
    )
    reading = taken(tmp_path / "a.parquet", table)
    asked = Format(Kind.DATETIME, Order.YEAR_FIRST)
    assert typed(reading, bare=asked, utc=asked, york=asked) == {
        "bare": [whole.replace(tzinfo=ZONE)],
        "utc": [whole.replace(tzinfo=UTC)],
        "york": [whole.replace(tzinfo=UTC)],
    }


def test_nanoseconds_are_cut_off_and_a_moment_of_any_age_can_be_told(tmp_path: Path) -> None:
    at = pa.array([1_709_281_800_000_000_999], pa.timestamp("ns", tz="UTC"))
    far = pa.array([2**50], pa.timestamp("s", tz="UTC"))
    reading = taken(tmp_path / "a.parquet", pa.table({"at": at, "far": far}))
    asked = Format(Kind.DATETIME, Order.YEAR_FIRST)
    found = typed(reading, at=asked, far=asked)
    assert found == {
        "at": [datetime(2024, 3, 1, 8, 30, tzinfo=UTC)],
        "far": [datetime(9999, 12, 31, tzinfo=UTC)],
    }


def test_days_of_the_organisation_are_taken_from_moments(tmp_path: Path) -> None:
    late = datetime(2024, 3, 1, 20, tzinfo=UTC)
    reading = taken(tmp_path / "a.parquet", pa.table({"at": pa.array([late], pa.timestamp("us", tz="UTC"))}))
    assert typed(reading, at=Format(Kind.DATE, Order.YEAR_FIRST)) == {"at": [date(2024, 3, 2)]}


def test_numbers_used_as_ids_keep_all_their_digits(tmp_path: Path) -> None:
    table = pa.table({"id": pa.array([2**63 - 1]), "big": pa.array([2**64 - 1], pa.uint64())})
    reading = taken(tmp_path / "a.parquet", table)
    assert texts(reading) == {"id": [str(2**63 - 1)], "big": [str(2**64 - 1)]}
    assert typed(reading, id=Format(Kind.TEXT), big=Format(Kind.TEXT)) == texts(reading)


def test_whole_numbers_under_the_name_of_a_day_are_looked_at(tmp_path: Path) -> None:
    reading = taken(tmp_path / "a.parquet", pa.table({"date": [20240301, 20240302], "n": [1, 2]}))
    columns = detect(reading.sources[0], ZONE)
    assert [(one.name, one.format) for one in columns if one.format and one.format.kind is Kind.DATE] == [
        ("date", Format(Kind.DATE, Order.COMPACT))
    ]


def test_records_are_columns_and_lists_are_left_out_with_a_word(tmp_path: Path) -> None:
    users = pa.array([{"id": "u1", "tags": ["a"]}, None])
    reading = taken(tmp_path / "a.parquet", pa.table({"n": [1, 2], "user": users, "steps": [[1], [2, 3]]}))
    assert texts(reading) == {"n": ["1", "2"], "user.id": ["u1", ""]}
    told = [(one.code, one.column) for one in reading.sources[0].notices]
    assert told == [(Code.NESTED_COLUMN, "user.tags"), (Code.NESTED_COLUMN, "steps")]
    assert "left out" in describe(reading.sources[0].notices[0])


def test_two_columns_of_one_name_get_two_names(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["name", "name"])
    reading = taken(tmp_path / "a.parquet", twice)
    assert texts(reading) == {"name": ["a"], "name (2)": ["b"]}
    assert [one.code for one in reading.sources[0].notices] == [Code.DUPLICATE_COLUMN]


def test_a_row_with_a_cell_that_no_cell_is_is_rejected_with_its_number(tmp_path: Path) -> None:
    table = pa.table({"id": ["a", "b\0c", "d"], "note": ["", "", "x" * (limits.CELL_CHARACTERS + 1)]})
    reading = taken(tmp_path / "a.parquet", table)
    (source,) = reading.sources
    assert texts(reading) == {"id": ["a"], "note": [""]}
    assert [(one.row, one.column, one.code) for one in rejected_rows(source)] == [
        (2, "id", Code.ROW_NUL), (3, "note", Code.CELL_TOO_LONG),
    ]  # fmt: skip


def whole(tmp_path: Path) -> bytes:
    path = tmp_path / "whole.parquet"
    pq.write_table(pa.table({"id": [str(n) for n in range(5_000)]}), path, use_dictionary=False, compression="none",
                   write_page_checksum=True)  # fmt: skip
    return path.read_bytes()


def test_a_damaged_file_is_refused_whole(tmp_path: Path) -> None:
    body = whole(tmp_path)
    turned = body[:2_000] + bytes(255 - one for one in body[2_000:2_100]) + body[2_100:]
    faults = {
        "cut": body[:-20], "footer": body[:-60] + b"\xff" * 40 + body[-20:], "other.magic": b"XXXX" + body[4:],
        "turned": turned, "long.footer": body[:-8] + b"\xff\xff\xff\x7fPAR1", "short": b"PAR1", "bare": b"PAR1PAR1",
    }  # fmt: skip
    for name, bad in faults.items():
        (tmp_path / name).mkdir()
        reading = taken(tmp_path / name / "a.parquet", bad)
        assert [(one.code, one.file) for one in reading.refused] == [(Code.DAMAGED, "a.parquet")], name
        assert not reading.sources
    (tmp_path / "good").mkdir()
    assert taken(tmp_path / "good" / "a.parquet", body).sources[0].rows == 5_000


def test_a_file_without_rows_or_with_nothing_but_lists_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    empty = taken(tmp_path / "a.parquet", pa.table({"id": pa.array([], pa.string())}))
    lists = taken(tmp_path / "lists" / "a.parquet", pa.table({"id": [[1]]}))
    assert [one.code for one in (*empty.refused, *lists.refused)] == [Code.HEADER_ONLY, Code.EMPTY]


def test_a_few_bytes_that_say_they_are_a_hundred_million_rows_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    many = pa.table({"id": pa.array(["a"] * 1_000_000).dictionary_encode()})
    with pq.ParquetWriter(path, many.schema, compression="zstd") as out:
        for _ in range(11):
            out.write_table(many)
    assert path.stat().st_size < 100_000
    reading = read_sources([path], tmp_path / "out")
    assert [one.code for one in reading.refused] == [Code.TOO_COMPRESSED]


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    reading = taken(tmp_path / "a.parquet", pa.table({f"c{number}": [1] for number in range(1_001)}))
    assert [one.code for one in reading.refused] == [Code.TOO_MANY_COLUMNS]
