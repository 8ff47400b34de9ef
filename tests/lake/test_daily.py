"""Frozen daily rows: a day is replaced whole, its neighbours stay."""

from pathlib import Path

import pyarrow as pa
import pytest
from tests.lake.builders import AT, DAY

from perennial.lake import manifest
from perennial.lake.storage.folder import Folder
from perennial.lake.store import Lake


def _rows(*cells: tuple[int, int, float | None]) -> pa.Table:
    customers, days, values = zip(*cells, strict=True)
    columns = [pa.array(customers, pa.int64()), pa.array(days, pa.int32()), pa.array(values, pa.float64())]
    return pa.table(columns, names=["customer", "day", "score"])


def _read(lake: Lake, *customers: int) -> list[tuple[int, int, float | None]]:
    rows = lake.read_days("scores", customers=list(customers) or None, from_day=DAY, until_day=DAY + 200).to_pylist()
    return [(row["customer"], row["day"] - DAY, row["score"]) for row in rows]


def test_a_day_written_again_is_replaced_and_other_days_stay(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    both = _rows((2, DAY, 0.2), (1, DAY, 0.1), (1, DAY + 1, None))
    lake.write_days("scores", both, from_day=DAY, until_day=DAY + 2, at=AT)
    assert _read(lake) == [(1, 0, 0.1), (1, 1, None), (2, 0, 0.2)]
    lake.write_days("scores", _rows((1, DAY, 0.9)), from_day=DAY, until_day=DAY + 1, at=AT)
    assert _read(lake) == [(1, 0, 0.9), (1, 1, None)]
    assert _read(lake, 2) == []
    assert lake.check() == []


def test_days_of_an_old_month_share_a_file_and_one_of_them_can_still_be_replaced(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    year = _rows(*((1, DAY + day, float(day)) for day in range(120)))
    lake.write_days("scores", year, from_day=DAY, until_day=DAY + 120, at=AT)
    files = manifest.read(Folder(tmp_path)).files("daily/scores")
    assert [file.path.split("/")[2] for file in files][:7] == [
        "month=2023-01", "month=2023-02", "month=2023-03", "week=2023-04-01", "week=2023-04-08", "week=2023-04-15",
        "day=2023-04-22",
    ]  # fmt: skip
    lake.write_days("scores", _rows((1, DAY + 5, -1.0)), from_day=DAY + 5, until_day=DAY + 6, at=AT)
    assert _read(lake) == [(1, day, -1.0 if day == 5 else float(day)) for day in range(120)]
    assert lake.check() == []


def test_a_range_without_rows_empties_its_days(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write_days("scores", _rows((1, DAY, 0.1), (1, DAY + 1, 0.2)), from_day=DAY, until_day=DAY + 2, at=AT)
    lake.write_days("scores", _rows((1, DAY, 0.1)).slice(1), from_day=DAY, until_day=DAY + 1, at=AT)
    assert _read(lake) == [(1, 1, 0.2)]


def test_rows_of_some_customers_are_replaced_and_all_others_stay(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    rows = _rows(*((customer, DAY + day, 0.5) for customer in (1, 2, 3) for day in (0, 1)))
    lake.write_days("scores", rows, from_day=DAY, until_day=DAY + 2, at=AT)
    lake.write_days("scores", _rows((1, DAY, 0.9)), from_day=DAY, until_day=DAY + 1, at=AT, customers=[1, 3])
    assert _read(lake) == [(1, 0, 0.9), (1, 1, 0.5), (2, 0, 0.5), (2, 1, 0.5), (3, 1, 0.5)]
    with pytest.raises(ValueError, match="not to be replaced"):
        lake.write_days("scores", _rows((2, DAY, 0.9)), from_day=DAY, until_day=DAY + 1, at=AT, customers=[1])


def test_the_last_day_of_a_table_is_that_of_its_last_row(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert lake.last_day_of("scores") is None
    lake.write_days("scores", _rows((1, DAY, 0.1), (2, DAY + 3, 0.2)), from_day=DAY, until_day=DAY + 9, at=AT)
    assert lake.last_day_of("scores") == DAY + 3


def test_a_column_that_came_later_is_unknown_before(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write_days("scores", _rows((1, DAY, 0.1)), from_day=DAY, until_day=DAY + 1, at=AT)
    later = _rows((1, DAY + 1, 0.2)).append_column("band", pa.array(["green"]))
    lake.write_days("scores", later, from_day=DAY + 1, until_day=DAY + 2, at=AT)
    rows = lake.read_days("scores", from_day=DAY, until_day=DAY + 2)
    assert rows["band"].to_pylist() == [None, "green"]
    # Both days in one month file once they are old.
    lake.write_days("scores", _rows((1, DAY + 99, 0.3)), from_day=DAY + 99, until_day=DAY + 100, at=AT)
    assert lake.read_days("scores", from_day=DAY, until_day=DAY + 2)["band"].to_pylist() == [None, "green"]


def test_rows_outside_the_range_or_of_the_wrong_kind_are_refused(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with pytest.raises(ValueError, match="outside"):
        lake.write_days("scores", _rows((1, DAY + 1, 0.1)), from_day=DAY, until_day=DAY + 1, at=AT)
    wide = _rows((1, DAY, 0.1)).set_column(1, "day", pa.array([DAY], pa.int64()))
    with pytest.raises(ValueError, match="INT32"):
        lake.write_days("scores", wide, from_day=DAY, until_day=DAY + 1, at=AT)
    with pytest.raises(ValueError, match="name"):
        lake.write_days("../scores", _rows((1, DAY, 0.1)), from_day=DAY, until_day=DAY + 1, at=AT)
    assert not (tmp_path / "manifest.json").exists()
