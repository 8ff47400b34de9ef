"""Users and features that come into a window and go out of it, over stretches of days cut anywhere."""

from pathlib import Path

import pytest
from tests.lake.builders import AT, DAY, METRICS, batch, event, periods
from tests.lake.recount import recounted

from perennial.lake.algebra import Aggregate, Measure, measures_of
from perennial.lake.keyed import is_a_days_own, keyed_ctes, relations, sources_of
from perennial.lake.plans import reach
from perennial.lake.store import Lake

USER = "event <> 'login'"


def test_measures_over_the_same_keys_read_them_once_and_count_where_their_sums_stand() -> None:
    week, month = (Measure(Aggregate.DISTINCT, USER, "user", window) for window in (7, 28))
    largest, features = Measure(Aggregate.LARGEST, USER, "user", 28), Measure(Aggregate.DISTINCT, USER, "feature", 28)
    sources = sources_of([week, month, largest, features], DAY, DAY + 10)
    assert [list(source.measures) for source in sources] == [[0, 1, 2], [3]]
    assert relations(sources) == ["k0_28", "moves"]
    assert [is_a_days_own(sources, index) for index in range(4)] == [False, True, True, False]
    assert [cte.partition(" ")[0] for cte in keyed_ctes(sources)] == [
        "name", "d0", "g0", "t0_28", "k0_28", "d1", "g1", "moves",
    ]  # fmt: skip


def test_keys_of_another_offset_or_other_days_are_not_shared() -> None:
    measures = [Measure(Aggregate.DISTINCT, USER, "user", 28, offset, days) for offset, days in
                ((0, ""), (28, ""), (0, "working"))]  # fmt: skip
    assert [list(source.measures) for source in sources_of(measures, DAY, DAY + 1)] == [[0], [1], [2]]


def test_a_source_reads_no_further_back_than_its_own_measures() -> None:
    measures = measures_of(METRICS)
    low = reach(METRICS, DAY)
    assert low == DAY - 55
    assert {source.low for source in sources_of(measures, DAY, DAY + 1)} == {DAY - 27}


def test_no_keyed_measures_need_no_relation() -> None:
    sources = sources_of([Measure(Aggregate.COUNT, USER, window=7)], DAY, DAY + 1)
    assert keyed_ctes(sources) == relations(sources) == []


@pytest.mark.parametrize("length", [1, 7, 28, 29, 90])
def test_stretches_of_any_length_give_the_same_values(tmp_path: Path, length: int) -> None:
    days = (0, 1, 7, 8, 27, 28, 29, 56, 57, 84)
    rows = [event(str(day), user=1 + day % 3, feature=f"f{day % 2}", n=1 + day % 4, day=DAY + day) for day in days]
    lake = Lake(tmp_path)
    lake.accept(batch(*rows), writer="w1")
    lake.compact(METRICS, at=AT)
    for start in range(0, 90, length):
        until = min(start + length, 90)
        found = lake.metrics_backfill(METRICS, periods(1), from_day=DAY + start, until_day=DAY + until)
        expected = [recounted(rows, 1, DAY + day, seats=10) for day in range(start, until)]
        for row, wanted in zip(found.sort_by("day").to_pylist(), expected, strict=True):
            assert {key: pytest.approx(value, rel=1e-9) if isinstance(value, float) else value
                    for key, value in wanted.items()} == row  # fmt: skip
