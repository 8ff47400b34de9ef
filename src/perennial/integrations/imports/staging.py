"""Reads the tables of records (all kinds but usage) under the mapping, checks each row, and stages what is clean.

A staged row is plain JSON: `id`, `values` (what the rooms' doors take, references still by external id), `at` (file,
sheet, row) and `learned` (a day, where the row is known at its own date). A rejected row keeps file, row, column,
value and reason. The same row twice is one row; the same id with other content is a conflict, and the second is
rejected (decisions.md, Money).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from perennial.integrations.imports.detection.detect import Table, read
from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.mapping import TableMap
from perennial.integrations.imports.reading.terms import Code, Problem, Source
from perennial.integrations.imports.records import RowRefused, record_of
from perennial.integrations.imports.values.terms import Format
from perennial.integrations.imports.values.terms import Kind as Type
from perennial.kernel import erasures

CHUNK_ROWS = 1000


@dataclass(frozen=True)
class Refusal:
    """A row that was refused, with its place and reason; `detail` fills the reason's words."""

    file: str
    sheet: str
    row: int
    column: str
    value: str
    reason: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Staged:
    """What one chunk of reading gave."""

    rows: list[dict[str, Any]]
    refused: list[Refusal]


@dataclass
class Seen:
    """The ids met so far of one kind, with their content's digest and their row: for repeats and conflicts."""

    rows: dict[str, tuple[bytes, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """What rows are read against: the organisation's zone and currency, and the day that counts as today."""

    zone: ZoneInfo
    currency: str
    today: date
    source: str = ""
    erased: erasures.Refused = field(default_factory=erasures.Refused)
    events_from: date | None = None  # usage of earlier days is not taken any more; None: of all days is


def formats_of(table: TableMap, source: Source) -> dict[str, Format]:
    """Return the format of every column that the table reads; columns that are only compared or kept are text."""
    formats = {column: Format(Type.TEXT) for column in table.used_columns() if column in source.columns}
    for key, use in table.columns.items():
        if use.column is None:
            continue
        target = table.definition.field(key)
        given = use.format or Format(target.type if target else Type.TEXT)
        formats[use.column] = Format(Type.TEXT, nulls=given.nulls) if use.values else given
    return formats


def stage(table: TableMap, source: Source, place: Place, seen: Seen) -> Iterator[Staged]:
    """Yield the table's rows in chunks, checked; nothing is written here."""
    for piece in read(source, formats_of(table, source), place.zone):
        faults: dict[int, list[Problem]] = {}
        for fault in piece.faults:
            faults.setdefault(fault.row or 0, []).append(fault)
        for start in range(0, piece.values.num_rows, CHUNK_ROWS):
            yield _stage_chunk(table, piece, start, faults, place, seen)


def _stage_chunk(
    table: TableMap, piece: Table, start: int, faults: Mapping[int, list[Problem]], place: Place, seen: Seen
) -> Staged:
    staged = Staged([], [])
    names = piece.values.schema.names
    columns = [column.slice(start, CHUNK_ROWS).to_pylist() for column in piece.values.columns]
    numbers = piece.rows.slice(start, CHUNK_ROWS).to_pylist()
    for number, cells in zip(numbers, zip(*columns, strict=True), strict=True):
        row = dict(zip(names, cells, strict=True))
        if not _wanted(table, row):
            continue
        problem = _first_fault(table, faults.get(number, ()))
        if problem is not None:
            staged.refused.append(_refusal(piece, number, problem))
            continue
        try:
            record = _record(table, row, place, number)
            if not _repeats(record, number, seen):
                staged.rows.append(record | {"at": [piece.part.file, piece.part.sheet or "", number]})
        except RowRefused as refused:
            staged.refused.append(
                Refusal(piece.part.file, piece.part.sheet or "", number, refused.column, refused.value[:300],
                        refused.reason, refused.detail)
            )  # fmt: skip
    return staged


def _wanted(table: TableMap, row: Mapping[str, Any]) -> bool:
    taken = all(str(row.get(column) or "") in values for column, values in table.where.items())
    return taken and not any(str(row.get(column) or "") in values for column, values in table.where_not.items())


def _first_fault(table: TableMap, faults: Any) -> Problem | None:
    """Return the fault that refuses the row. A kept column is text and has none; a mapped one refuses the row."""
    used = {use.column for use in table.columns.values()}
    return next((fault for fault in faults if fault.column in used), None)


def _refusal(piece: Table, number: int, problem: Problem) -> Refusal:
    return Refusal(piece.part.file, piece.part.sheet or "", number, problem.column or "", (problem.value or "")[:300],
                   Code(problem.code).value, problem.details)  # fmt: skip


def _record(table: TableMap, row: Mapping[str, Any], place: Place, number: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, use in table.columns.items():
        raw = use.constant if use.column is None else row[use.column]
        if use.values and raw is not None:
            raw = use.values.get(str(raw), raw)
        values[key] = _typed(table, key, raw, place.zone)
    record = record_of(table, values, currency=place.currency, today=place.today)
    _refuse_erased(table, record, place)
    kept = {name: _plain(row[name]) for name in table.keep if row.get(name) is not None}
    own = values.get(table.definition.own_date or "")
    return {
        "id": record.pop("external_id", None) or _made_id(table, row, number),
        "values": {key: _plain(value) for key, value in record.items()},
        "kept": kept,
        "learned": _day(own, place.zone) if table.learned == "own_date" and own is not None else None,
        "lag": table.lag_days,
    }


def _refuse_erased(table: TableMap, record: Mapping[str, Any], place: Place) -> None:
    """Refuse a customer or a contact that was erased and is kept out; the refusal says nothing of who it is."""
    kind = {KindKey.CUSTOMERS: "group", KindKey.CONTACTS: "user"}.get(table.kind)
    named = [("external_id", kind, place.source)] if kind else []
    named += [("email", "email", "")] if table.kind is KindKey.CONTACTS else []
    for key, kind_of_id, source in named:
        value = record.get(key)
        if kind_of_id and value is not None and place.erased.among(kind_of_id, source, [str(value)]):
            use = table.columns.get(key)
            raise RowRefused("erased", column=(use.column or key) if use else key)


def _typed(table: TableMap, key: str, raw: Any, zone: ZoneInfo) -> Any:
    """Bring a cell to the type of its field: days to instants at their start, texts of constants to what they say."""
    target = table.definition.field(key)
    if raw is None or target is None:
        return None
    if target.type is Type.DATETIME and type(raw) is date:
        return datetime.combine(raw, time.min, zone)
    if target.type is Type.DATE and isinstance(raw, datetime):
        return raw.astimezone(zone).date()
    if isinstance(raw, str) and target.type is not Type.TEXT:
        return _constant(raw, target.type, key)
    if target.type is Type.TEXT:
        return str(raw)
    return bool(raw) if target.type is Type.BOOLEAN else raw


def _constant(text: str, wanted: Type, key: str) -> Any:
    try:
        match wanted:
            case Type.INTEGER:
                return int(text)
            case Type.BOOLEAN:
                return text.strip().lower() in {"true", "yes", "1", "是"}
            case Type.DATE:
                return date.fromisoformat(text)
            case Type.DATETIME:
                return datetime.fromisoformat(text)
            case _:
                return Decimal(text)
    except (ValueError, ArithmeticError) as error:
        raise RowRefused("cell_not_number", column=key, value=text) from error


def _made_id(table: TableMap, row: Mapping[str, Any], number: int) -> str:
    """Return the id of a row whose source has none: made of `id_from`, else of all that is mapped. A snapshot's rows
    may be alike and still be different customers: there the row's number counts too."""
    names = table.id_from or tuple(sorted({use.column for use in table.columns.values() if use.column is not None}))
    parts = [str(_plain(row.get(name))) for name in names]
    if table.kind is KindKey.SNAPSHOT:
        parts.append(str(number))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]


def _repeats(record: Mapping[str, Any], number: int, seen: Seen) -> bool:
    """Return whether this very row was met before.

    :raises RowRefused: the id was met with other content.
    """
    body = json.dumps([record["values"], record["kept"]], sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.sha256(body.encode()).digest()[:16]
    before = seen.rows.get(record["id"])
    if before is None:
        seen.rows[record["id"]] = (digest, number)
        return False
    if before[0] != digest:
        raise RowRefused("conflict", value=record["id"], detail={"first": before[1]})
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _day(value: Any, zone: ZoneInfo) -> str:
    return (value.astimezone(zone).date() if isinstance(value, datetime) else value).isoformat()
