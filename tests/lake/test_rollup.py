"""A late event in a month of facts: its one day is rolled up, all other facts are put beside it as they are."""

from pathlib import Path

import pyarrow.parquet as pq
from tests.lake.agreeing import fact_rows
from tests.lake.builders import AT, DAY, METRICS, batch, event

from perennial.lake import manifest
from perennial.lake.storage.folder import Folder
from perennial.lake.store import Lake


def _forge(root: Path) -> None:
    """Write into the facts of January what no event says, so that a rollup of its days would show."""
    for file in manifest.read(Folder(root)).files("facts/event", DAY, DAY + 31):
        table = pq.read_table(root / file.path, partitioning=None)
        forged = table.set_column(table.schema.get_field_index("n"), "n", [[777] * table.num_rows])
        pq.write_table(forged.cast(table.schema), root / file.path)


def test_a_late_event_rolls_up_its_own_day_only(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.accept(batch(*(event(str(day), day=day) for day in range(DAY, DAY + 60))), writer="w1")
    lake.compact(METRICS, at=AT)
    files = manifest.read(Folder(tmp_path)).files("facts/event")
    assert files[0].span.label == "month=2023-01"
    _forge(tmp_path)
    lake.accept(batch(event("late", day=DAY + 3)), writer="w1")
    assert lake.compact(METRICS, at=AT).days == (DAY + 3,)
    counts = {one.day: one.n for one in lake.event_counts(1, from_day=DAY, until_day=DAY + 60)}
    assert counts == {day: 777 if day < DAY + 31 else 1 for day in range(DAY, DAY + 60)} | {DAY + 3: 2}


def test_facts_put_together_in_any_order_are_those_of_one_fold(tmp_path: Path) -> None:
    rows = [event(str(n), customer=1 + n % 3, user=n % 5, day=DAY + n * 7 % 90, value=str(n)) for n in range(200)]
    whole, parts = Lake(tmp_path / "whole"), Lake(tmp_path / "parts")
    whole.accept(batch(*rows), writer="w1")
    whole.compact(METRICS, at=AT)
    for start in range(0, 200, 23):
        parts.accept(batch(*rows[start : start + 23]), writer="w1")
        parts.compact(METRICS, at=AT)
        assert parts.check() == []
    found, wanted = fact_rows(tmp_path / "parts"), fact_rows(tmp_path / "whole")
    assert {name: rows.to_pylist() for name, rows in found.items()} == {
        name: rows.to_pylist() for name, rows in wanted.items()
    }
