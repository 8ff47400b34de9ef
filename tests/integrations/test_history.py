"""Years of use in any kind of file: the same rows are the same events, and a run that died goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integrations.imported import bring_in, checked, counts, refused

from perennial.integrations.imports import actions, publishing, usage_staging, work
from perennial.kernel.queue.actions import Cancelled
from perennial.usage.lake import definitions, lake
from perennial.usage.models import ProductUser

pytestmark = pytest.mark.usefixtures("home", "organisation")
START = datetime(2024, 1, 1, 8, tzinfo=UTC)
ACCOUNTS = "{file: accounts.csv, kind: customers, columns: {external_id: id, name: name}}"
NAMES = ("id", "account", "who", "time", "what", "part", "n", "v", "e")
Row = tuple[Any, ...]


def given(file: str, *, ids: bool = True) -> str:
    mark = "event_id: id, " if ids else ""
    return (
        f"source: app\ntables:\n  - {ACCOUNTS}\n  - {{file: '{file}', kind: usage, columns: {{{mark}customer: account, "
        "user: who, at: time, event: what, feature: part, count: n, value: v, errors: e}}\n"
    )


def made(rows: int = 40) -> list[Row]:
    """Return rows, the days not in order; the last three name nobody known, repeat the first, and take its id."""
    found: list[Row] = [
        (f"E{n}", f"A{n % 3}", f"u{n % 5}" if n % 4 else None, START + timedelta(days=n * 7 % 90, seconds=n), "used",
         f"f{n % 2}" if n % 3 else None, n % 4 + 1, n / 4 if n % 2 else None, n % 2)
        for n in range(rows)
    ]  # fmt: skip
    return [*found, ("EX", "NOBODY", *found[0][2:]), found[0], (found[0][0], *found[1][1:])]


def _csv(path: Path, rows: list[Row]) -> None:
    lines = [",".join("" if cell is None else _text(cell) for cell in row) for row in rows]
    path.write_text("\n".join([",".join(NAMES), *lines]) + "\n")


def _text(cell: Any) -> str:
    return cell.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(cell, datetime) else str(cell)


def _xlsx(path: Path, rows: list[Row]) -> None:
    book = openpyxl.Workbook()
    book.active.append(NAMES)
    for row in rows:
        book.active.append([_text(cell) if isinstance(cell, datetime) else cell for cell in row])
    book.save(path)


def _ndjson(path: Path, rows: list[Row]) -> None:
    cells = [[_text(cell) if isinstance(cell, datetime) else cell for cell in row] for row in rows]
    objects = [dict(zip(NAMES, row, strict=True)) for row in cells]
    path.write_text("".join(json.dumps(one) + "\n" for one in objects))


def _parquet(path: Path, rows: list[Row]) -> None:
    table = pa.Table.from_pylist([dict(zip(NAMES, row, strict=True)) for row in rows])
    at = table.schema.get_field_index("time")
    pq.write_table(table.set_column(at, "time", table.column("time").cast(pa.timestamp("ns", tz="UTC"))), path)


KINDS: dict[str, Callable[[Path, list[Row]], None]] = {
    "use.csv": _csv, "use.xlsx": _xlsx, "use.ndjson": _ndjson, "use.parquet": _parquet,
}  # fmt: skip


def put(folder: Path, name: str, rows: list[Row]) -> Path:
    folder.mkdir(parents=True)
    (folder / "accounts.csv").write_text("id,name\nA0,Alpha\nA1,Beta\nA2,Gamma\n")
    KINDS[name](folder / name, rows)
    return folder


def held() -> list[tuple[Any, ...]]:
    """Return all events that the lake holds, folded, users by their names."""
    lake().compact(definitions(), at=datetime.now(UTC))
    files = [str(path) for path in (lake()._root.folder / "events").rglob("*.parquet")]
    users = dict(ProductUser.objects.values_list("id", "external_id"))
    rows = duckdb.sql(
        'SELECT hex(event_id), customer, "user", event, feature, epoch_us(ts), day, n, value '
        f"FROM read_parquet({files}, hive_partitioning = false)"
    ).fetchall()
    return sorted((*row[:2], users.get(row[2]), *row[3:]) for row in rows)


@pytest.mark.parametrize("ids", [True, False])
def test_the_same_rows_in_any_kind_of_file_are_the_same_events(ids: bool, tmp_path: Path, now: datetime) -> None:
    rows = made() if ids else [("", *row[1:]) for row in made()[:42]]
    known: list[tuple[Any, ...]] = []
    for name in KINDS:
        use = counts(bring_in(put(tmp_path / name, name, rows), given(name, ids=ids), at=now))["usage"]
        first = not known
        new = (40 if ids else 41) if first else 0
        told = {"new": new, "changed": 0, "same": 41 - new, "rejected": 2 if ids else 1}
        assert use == told, name
        assert sum(use.values()) == len(rows)
        known = known or held()
        assert held() == known, name
    assert len(known) == (60 if ids else 61)  # every other row counts an error beside its use


def test_each_kind_of_file_alone_gives_the_same_lake_and_names_the_same_refused_rows(
    tmp_path: Path, now: datetime
) -> None:
    marks = []
    for name in ("use.csv", "use.parquet"):
        number = checked(put(tmp_path / name, name, made()), given(name), at=now)
        first = 2 if name == "use.csv" else 1  # a header stands above a CSV's rows
        assert [(row - first, value) for row, _column, value in refused(number)] == [(40, "NOBODY"), (42, "E0")]
        marks.append(counts(number)["usage"])
        actions.cancel(import_id=number, by=None, at=now)
    assert marks[0] == marks[1] == {"new": 40, "changed": 0, "same": 1, "rejected": 2}


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it, and nothing is tidied."""


def test_a_run_that_died_half_way_goes_on_behind_its_last_part(
    tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_staging, "FILE_ROWS", 10)
    monkeypatch.setattr("perennial.integrations.imports.detection.detect._READ_ROWS", 10)
    number = checked(put(tmp_path / "a", "use.parquet", made()), given("use.parquet"), at=now)
    real, staged = publishing.replace_parquet, list[str]()

    def dying(path: Path, table: pa.Table) -> None:
        if len(staged) == 2:
            raise Killed
        real(path, table)
        staged.append(path.name)

    monkeypatch.setattr(publishing, "replace_parquet", dying)
    with pytest.raises(Killed):
        work.publish_now(number, at=now)
    assert not lake().is_published(number)
    for path in (lake()._root.folder / "staging" / str(number)).glob("*.parquet"):
        days = pq.read_table(path).column("day").to_pylist()
        assert days == sorted(days)
    monkeypatch.setattr(
        publishing, "replace_parquet", lambda path, table: (real(path, table), staged.append(path.name))
    )
    work.publish_now(number, at=now + timedelta(hours=1))
    assert staged == ["00000.marks", "00001.marks", "00002.marks", "00003.marks", "00004.marks", "00005.marks"]
    assert counts(number)["usage"] == {"new": 40, "changed": 0, "same": 1, "rejected": 2}
    assert len(held()) == 60


def test_what_died_is_begun_anew_where_another_customer_is_known_since(
    tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = checked(put(tmp_path / "a", "use.parquet", made()), given("use.parquet"), at=now)

    def dying(_import_id: int) -> None:
        raise Killed

    monkeypatch.setattr(type(lake()), "publish", lambda _self, import_id: dying(import_id))
    with pytest.raises(Killed):
        work.publish_now(number, at=now)
    monkeypatch.undo()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "accounts.csv").write_text("id,name\nNOBODY,Delta\n")
    bring_in(tmp_path / "b", f"source: app\ntables:\n  - {ACCOUNTS}\n", at=now)
    work.publish_now(number, at=now)
    assert counts(number)["usage"] == {"new": 41, "changed": 0, "same": 1, "rejected": 1}
    assert len(held()) == 61


def test_an_import_that_is_stopped_or_cancelled_leaves_nothing(
    tmp_path: Path, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    number = checked(put(tmp_path / "a", "use.parquet", made()), given("use.parquet"), at=now)

    def stopped(_done: int, _total: int | None, text: str) -> None:
        if text == "use.parquet":
            raise Cancelled

    with pytest.raises(Cancelled):
        work.check(number, at=now, report=stopped)
    with django_capture_on_commit_callbacks(execute=True):
        actions.cancel(import_id=number, by=None, at=now)
    assert not actions.folder_of(number).exists()
    assert ProductUser.objects.count() == 0
    assert lake().holdings().waiting == 0
