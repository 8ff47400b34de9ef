"""Adopted features of what was bought, and the facts of use below them, against Polars over the raw events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.lake.agreeing import events, fact_rows
from tests.lake.builders import AT, DAY, batch, event, periods

from perennial.lake import metrics
from perennial.lake.algebra import parse_metrics, plan_of
from perennial.lake.facts import FACT_USE, columns_of
from perennial.lake.store import Lake
from perennial.lake.terms import FactsMissing, Merged, Subject, Tombstone

USE = "event IN ('use', 'Ünï')"
WINDOW = 28
ADOPTED = {"aggregate": "adopted", "of": "bought", "where": USE, "window": WINDOW}
METRICS = parse_metrics([
    {"key": "breadth", "measures": {"adopted": ADOPTED}, "expression": "adopted / features_bought"},
    {"key": "adopted", "measures": {"m": ADOPTED}},
    {"key": "odd", "measures": {"m": {"aggregate": "adopted", "of": "bought", "where": USE, "window": 9, "offset": 4,
                                      "days": "working"}}},
])  # fmt: skip
BEFORE, AFTER = ("search", "Ünï", "it's", "c:*"), ("search", "ex*", "导出", "nobody's")
TURN, UNTIL = DAY + 61, DAY + 130
CUSTOMERS = range(1, 13)
MERGED = Merged(customers={2: 1, 7: 5}, users={(1, 3): 1, (5, 2): 4})


def given() -> pa.Table:
    """What was bought changes on a day; two customers bought nothing, one nothing before that day."""
    tables = []
    for customer in CUSTOMERS:
        before, after = ((), ()) if customer in (3, 4) else ((), AFTER) if customer == 8 else (BEFORE, AFTER)
        tables += [periods(customer, until_day=TURN, bought=before), periods(customer, from_day=TURN, bought=after)]
    return pa.concat_tables(tables)


def bought(customer: int, day: int) -> tuple[str, ...]:
    if customer in (3, 4) or (customer == 8 and day < TURN):
        return ()
    return BEFORE if day < TURN else AFTER


def used(rows: pl.DataFrame, merged: Merged) -> pl.DataFrame:
    """Return the events that count as use, by whom they count for."""
    found = rows.filter(pl.col("event").is_in(["use", "Ünï"]) & (pl.col("n") > 0))
    found = found.with_columns(name=pl.coalesce("feature", "event"))
    told = [
        {"customer": c, "user": u, "counts": merged.customers.get(c, c),
         "as": merged.users.get((merged.customers.get(c, c), u), u)}
        for c, u in found.select("customer", "user").unique().rows()
    ]  # fmt: skip
    who = pl.DataFrame(told, {"customer": pl.Int64, "user": pl.Int64, "counts": pl.Int64, "as": pl.Int64})
    joined = found.join(who, on=["customer", "user"], nulls_equal=True)
    return joined.with_columns(customer=pl.col("counts"), user=pl.col("as"))


def recounted(rows: pl.DataFrame, merged: Merged, days: range, *, window: int = WINDOW, offset: int = 0,
              working: bool = False) -> Mapping[tuple[int, int], int]:  # fmt: skip
    """Return how many features of what was bought each customer has adopted, day by day."""
    use, found = used(rows, merged), {}
    if working:
        use = use.filter((pl.col("day") + 3) % 7 < 5)
    for (customer,), mine in use.group_by("customer"):
        for day in days:
            last = day - offset
            near = mine.filter(pl.col("day").is_between(last - window + 1, last))
            adopted = 0
            for feature in bought(customer, day):
                its = near.filter(
                    pl.col("name").str.starts_with(feature[:-1]) if feature[-1] == "*" else pl.col("name") == feature
                )
                adopted += its["n"].sum() >= 3 or its["user"].drop_nulls().n_unique() >= 2
            found[customer, day] = adopted
    return found


def folded(root: Path) -> tuple[Lake, pl.DataFrame]:
    """Return a lake of events of which a third came late, and where somebody was erased, and what must count."""
    rows = events(2500, customers=len(CUSTOMERS), first_day=DAY, days=120)
    late = pa.compute.equal(pa.array([number % 3 for number in range(rows.num_rows)]), 0)
    lake = Lake(root)
    for part in (rows.filter(pa.compute.invert(late)), rows.filter(late)):
        lake.accept(part, writer="w1")
        lake.compact(METRICS, at=AT)
    lake.erase([Tombstone(Subject.CUSTOMER, 9), Tombstone(Subject.USER, 6)])
    lake.compact(METRICS, at=AT)
    told = pl.from_arrow(rows.drop_columns(["event_id", "value"]))
    assert isinstance(told, pl.DataFrame)
    return lake, told.filter((pl.col("customer") != 9) & ((pl.col("user") != 6) | pl.col("user").is_null()))


def test_the_facts_of_use_are_the_events_that_count(tmp_path: Path) -> None:
    _lake, rows = folded(tmp_path)
    facts = pl.from_arrow(fact_rows(tmp_path)[FACT_USE])
    assert isinstance(facts, pl.DataFrame)
    keys = ["customer", "name", "user", "day"]
    wanted = used(rows, Merged()).group_by(keys).agg(pl.col("n").sum()).sort(keys)
    facts = facts.rename({"feature": "name", facts.columns[-1]: "n"}).sort(keys)
    assert facts.height > 500 and facts["user"].null_count() > 10
    assert facts.rows() == wanted.select(facts.columns).rows()


@pytest.mark.parametrize("merged", [Merged(), MERGED])
def test_adopted_features_are_what_polars_counts(tmp_path: Path, merged: Merged) -> None:
    lake, rows = folded(tmp_path)
    days = range(DAY + 10, UNTIL)
    mine = given()
    table = lake.metrics_backfill(METRICS, mine, from_day=days.start, until_day=days.stop, merged=merged)
    found = {(row["customer"], row["day"]): row for row in table.to_pylist()}
    plain = recounted(rows, merged, days)
    odd = recounted(rows, merged, days, window=9, offset=4, working=True)
    assert set(plain.values()) > {0, 1, 2, 3} and set(odd.values()) > {0, 1}
    for key, row in found.items():
        wanted, count = plain.get(key, 0), len(bought(*key))
        assert (row["adopted"], row["odd"]) == (wanted, odd.get(key, 0)), row
        assert row["breadth"] == (wanted / count if count else None), row
    for day in (DAY + 40, TURN - 1, TURN, TURN + 20):
        for row in lake.metrics_asof(METRICS, mine, day, merged=merged).to_pylist():
            assert row == found[row["customer"], day]


def test_two_users_or_three_uses_make_a_feature_adopted(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.accept(batch(
        event("1", user=1, feature="once", n=2), event("2", user=1, feature="often", n=3),
        event("3", user=1, feature="two"), event("4", user=2, feature="two"),
        event("5", feature="nobody named", n=3), event("6", feature="too few", n=2),
        event("7", user=1, feature="report_a"), event("8", user=2, feature="report_b"),
        event("9", user=1, event="login", feature="signed in", n=9),
    ), writer="w1")  # fmt: skip
    lake.compact(METRICS, at=AT)
    names = ("once", "often", "two", "nobody named", "too few", "report_*", "signed in", "unused")
    for name in names:
        (row,) = lake.metrics_asof(METRICS, periods(1, bought=[name]), DAY + 27).to_pylist()
        assert row["adopted"] == (name in ("often", "two", "nobody named", "report_*")), name
    (row,) = lake.metrics_asof(METRICS, periods(1, bought=names), DAY + 27).to_pylist()
    assert (row["adopted"], row["breadth"]) == (4, 0.5)
    (row,) = lake.metrics_asof(METRICS, periods(1, bought=names), DAY + 28).to_pylist()
    assert (row["adopted"], row["breadth"]) == (0, 0.0)


def test_a_lake_that_has_no_facts_of_use_gets_them_from_its_events(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.accept(batch(event("1", user=1, feature="f", n=3)), writer="w1")
    lake.compact((), at=AT)
    with pytest.raises(FactsMissing):
        lake.metrics_asof(METRICS, periods(1, bought=["f"]), DAY)
    trial = lake.metrics_trial(METRICS, periods(1, bought=["f"]), DAY)
    lake.compact(METRICS, at=AT)
    made = lake.metrics_asof(METRICS, periods(1, bought=["f"]), DAY)
    assert trial.equals(made) and made["adopted"].to_pylist() == [1]
    assert lake.check() == []


def test_where_older_events_are_gone_adoption_is_unknown_until_its_window_is_whole(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    rows = [event(str(day), user=1, feature="f", n=3, day=DAY + day) for day in range(0, 60, 5)]
    lake.accept(batch(*rows), writer="w1")
    lake.compact((), at=AT)
    lake.retention.expire(DAY + 20)
    lake.compact((), at=AT)
    lake.compact(METRICS, at=AT)
    table = lake.metrics_backfill(METRICS, periods(1, bought=["f"]), from_day=DAY, until_day=DAY + 60)
    known = {row["day"] - DAY: row["adopted"] for row in table.to_pylist()}
    assert known == {day: None if day < 20 + WINDOW - 1 else 1 for day in range(60)}


def test_whoever_is_erased_counts_for_nothing_before_the_next_fold_too(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.accept(batch(event("1", user=1, feature="f"), event("2", user=2, feature="f")), writer="w1")
    lake.compact(METRICS, at=AT)
    assert lake.metrics_asof(METRICS, periods(1, bought=["f"]), DAY)["adopted"].to_pylist() == [1]
    lake.erase([Tombstone(Subject.USER, 2)])
    for _fold in range(2):
        assert lake.metrics_asof(METRICS, periods(1, bought=["f"]), DAY)["adopted"].to_pylist() == [0]
        lake.compact(METRICS, at=AT)
    assert [row["user"] for row in fact_rows(tmp_path)[FACT_USE].to_pylist()] == [1]


def test_check_compares_events_with_facts_of_use(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.accept(batch(event("a", user=7, event="use"), event("b", event="login")), writer="w1")
    lake.compact(METRICS, at=AT)
    assert lake.check() == []
    (column,) = columns_of(FACT_USE, plan_of(METRICS))
    (facts,) = (tmp_path / FACT_USE).rglob("*.parquet")
    whole = pq.read_table(facts, partitioning=None)
    wrong = whole.set_column(whole.column_names.index(column), column, pa.array([5], pa.int64()))
    pq.write_table(wrong, facts)
    raw = json.loads((tmp_path / "manifest.json").read_text())  # as before digests were kept, which would tell it first
    raw["tables"] = {name: [file[:4] for file in files] for name, files in raw["tables"].items()}
    (tmp_path / "manifest.json").write_text(json.dumps(raw))
    assert lake.check() == [f"day {DAY}: events weigh 1, facts of use ({column}) 5"]


@pytest.mark.parametrize("most", [1, 3])
def test_days_made_in_several_goes_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    lake, trend = Lake(tmp_path), {"aggregate": "trend", "of": "user", "where": USE, "window": 7}
    both = parse_metrics([{"key": "trend", "measures": {"m": trend}}, {"key": "adopted", "measures": {"m": ADOPTED}}])
    lake.accept(events(2_000, customers=5, first_day=DAY, days=130), writer="w")
    lake.compact(both, at=AT)
    bought = periods(1, 2, 3, 4, 5, bought=BEFORE)

    def made() -> pa.Table:
        rows = lake.metrics_backfill(both, bought, from_day=DAY + 50, until_day=UNTIL)
        return rows.sort_by([("customer", "ascending"), ("day", "ascending")])

    whole = made()
    monkeypatch.setattr(metrics, "MOST_PAIRS", 0)
    monkeypatch.setattr(metrics, "LEAST_DAYS", most * 10)
    assert whole["trend"].null_count < whole.num_rows
    assert made().equals(whole)
