"""What is too much for one go is folded a share of ids and a turn of spans at a time, with the same result."""

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from tests.lake.builders import AT, DAY, METRICS, batch, event

from perennial.lake import compaction, dedupe
from perennial.lake.inbox import waiting
from perennial.lake.store import Lake


def _filled(root: Path) -> tuple[Lake, list[object]]:
    """Fold two imports over four months that repeat and contradict each other, then all of it once more."""
    lake, told = Lake(root), list[object]()
    rows = [
        event(f"m{n % 60}", customer=n % 7, user=n % 3, day=DAY + n % 60 * 2, n=1 + (n > 70), import_id=1)
        for n in range(80)
    ]
    for number, part in ((1, rows[:50]), (2, rows[40:]), (3, rows)):
        lake.stage(number, 0, batch(*part))
        lake.publish(number)
        told.append(lake.compact(METRICS, at=AT + timedelta(hours=number)).counts)
    assert lake.check() == []
    return lake, told


def _rows(lake: Lake, table: str) -> list[tuple[object, ...]]:
    live = {file.path for file in lake._live().files(table)}
    files = [str(lake._root.folder / path) for path in live]
    rows = duckdb.sql(f"SELECT * FROM read_parquet({files}, hive_partitioning = false)").to_arrow_table().to_pylist()
    return sorted((tuple(row.values()) for row in rows), key=repr)


def test_shares_and_turns_give_what_one_go_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, told = _filled(tmp_path / "whole")
    monkeypatch.setattr(dedupe, "IDS_AT_ONCE", 7)
    monkeypatch.setattr(compaction, "AT_ONCE", 5)
    cut, told_again = _filled(tmp_path / "cut")
    assert told_again == told
    assert waiting(cut._root) == []
    for table in ("events", "rejected", "facts/day", "facts/user", "facts/event"):
        assert _rows(cut, table) == _rows(whole, table) != [], table
    assert [f.span for f in cut._live().files("events")] == [f.span for f in whole._live().files("events")]
