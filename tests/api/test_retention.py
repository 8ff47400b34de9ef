"""Cohorts, waterfall and renewal rate over the API: amounts that add up, past days, and a recount of published data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.api.conftest import Caller
from tests.api.test_revenue import ledger
from tests.contracts.books import customers, keep, line

from perennial.kernel.organisation import actions as organisation_actions

__all__ = ["ledger"]
Members = Callable[..., int]
Callers = Callable[..., Caller]


def test_cohorts_add_up_and_a_past_day_knows_no_more(member: Members, call: Callers, ledger: dict[str, int]) -> None:
    caller = call(member("admin"))
    found = caller.json("/revenue/cohorts", by="month")
    january, march = found["cohorts"]
    assert (january["first"], january["customers"], january["initial"]) == ("2024-01", 2, "150.00")
    assert [one["closing"] for one in january["ages"]] == [
        "150.00", "100.00", "100.00", *["150.00"] * 2, *["220.00"] * 2, *["70.00"] * 5]  # fmt: skip
    for one in (*january["ages"], *march["ages"], *found["together"]):
        parts = [Decimal(one[key]) for key in ("last", "churned", "expanded", "closing")]
        assert sum(parts[:3]) == parts[3]
    months = caller.json("/revenue/movements", **{"from": "2024-01", "to": "2024-12"})["rows"]
    assert Decimal(found["whole"]["revenue"]) == sum(Decimal(row["closing"]) for row in months)
    past = caller.json("/revenue/cohorts", by="month", as_of="2024-02-15")
    assert [(one["first"], len(one["ages"]), one["ages"][-1]["is_over"]) for one in past["cohorts"]] == [
        ("2024-01", 2, False)]  # fmt: skip
    assert caller.get("/revenue/cohorts", as_of="2026-01-01").status_code == 400


def test_the_waterfall_is_the_movements_as_one(member: Members, call: Callers, ledger: dict[str, int]) -> None:
    caller = call(member("admin"))
    found = caller.json("/revenue/waterfall", **{"from": "2024-02", "to": "2024-08"})
    rows = caller.json("/revenue/movements", **{"from": "2024-02", "to": "2024-08"})["rows"]
    assert (found["opening"], found["closing"], found["customers"]) == (
        rows[0]["opening"], rows[-1]["closing"], rows[-1]["customers"])  # fmt: skip
    assert found["steps"][-1]["level"] == found["closing"]
    for step in found["steps"]:
        assert Decimal(step["amount"]) == sum(Decimal(row[step["kind"]]) for row in rows)
    past = caller.json("/revenue/waterfall", **{"from": "2024-02", "to": "2024-08"}, as_of="2024-03-31")
    assert (past["closing"], past["customers"]) == (rows[1]["closing"], 2)
    assert caller.json("/revenue/waterfall", **{"from": "2026-01", "to": "2026-02"})["steps"] == []
    for wrong in ({"from": "2024-03", "to": "2024-02"}, {"from": "x", "to": "2024-02"}):
        assert caller.get("/revenue/waterfall", **wrong).status_code == 400


def test_the_renewal_rate_adds_up(member: Members, call: Callers, ledger: dict[str, int]) -> None:
    found = call(member("admin")).json("/revenue/renewal-rate", **{"from": "2024-01", "to": "2024-12"})
    for key in ("due", "early", "on_time", "late", "open", "lost", "kept", "renewed"):
        assert sum(Decimal(row[key]) for row in found["rows"]) == Decimal(found["whole"][key])
    whole = found["whole"]
    assert Decimal(whole["due"]) == sum(Decimal(whole[key]) for key in ("early", "on_time", "late", "open", "lost"))


def test_the_renewal_rate_as_of_a_past_day_leaves_out_what_came_later(
    member: Members, call: Callers, ledger: dict[str, int], now: datetime
) -> None:
    ids = customers("Z", at=now)
    keep([line("z1", ids["Z"], "2023-06-10", "2024-06-10", 60_00, product="core"),
          line("z2", ids["Z"], "2024-06-20", None, 60_00, product="core")], at=now)  # fmt: skip
    asked, caller = {"from": "2024-06", "to": "2024-06", "by": "product"}, call(member("admin"))

    def told(**more: str) -> tuple[str, ...]:
        whole = caller.json("/revenue/renewal-rate", **asked, **more)["whole"]
        return tuple(whole[key] for key in ("due", "open", "late", "kept_90"))

    assert told() == ("720.00", "0.00", "720.00", "720.00")
    assert told(as_of="2024-06-19") == ("720.00", "720.00", "0.00", "0.00")
    assert caller.get("/revenue/renewal-rate", **asked, as_of="2030-01-01").status_code == 400


def test_retention_told_apart_says_the_movement_view_too(
    member: Members, call: Callers, ledger: dict[str, int]
) -> None:
    found: dict[str, Any] = call(member("admin")).json(
        "/revenue/retention", **{"from": "2024-03-31", "to": "2024-12-31", "by": "product"})  # fmt: skip
    # a grew to 150 and left, b stays: of 133.33 are kept 33.33; by movements 150 were lost
    assert found["grr"] == pytest.approx(3333 / 13333)
    assert (found["flow"]["opening"], found["flow"]["lost"]) == ("133.33", "150.00")
    assert found["flow"]["grr"] == pytest.approx(1 - 150 / 133.33) and found["flow"]["grr"] < found["grr"]
    assert found["by_product"]["grr"] == found["grr"]


RECOUNT = """
WITH line AS (
  SELECT account_id AS customer, start_date AS since, end_date AS until, mrr_amount AS mrr FROM read_csv('{file}')
  WHERE NOT is_trial AND (end_date IS NULL OR end_date > start_date)
), start AS (
  SELECT customer, since AS first, (SELECT sum(mrr) FROM line l WHERE l.customer = line.customer
         AND l.since <= line.since AND (l.until IS NULL OR l.until > line.since)) AS initial FROM line
), deal AS (
  SELECT customer, min(first) AS first, arg_min(initial, first) AS initial FROM start WHERE initial > 0 GROUP BY 1
), ended AS (
  SELECT (range - INTERVAL 1 DAY)::DATE AS last
  FROM range(TIMESTAMP '2023-04-01', TIMESTAMP '2025-01-02', INTERVAL 3 MONTH)
), held AS (
  SELECT deal.*, last, coalesce(sum(mrr), 0) AS mrr FROM deal JOIN ended ON last >= first
  LEFT JOIN line ON line.customer = deal.customer AND since <= last AND (until IS NULL OR until > last) GROUP BY ALL
)
SELECT strftime(date_trunc('quarter', first), '%Y-%m'), last::VARCHAR, count(*), sum(least(mrr, initial)), sum(mrr),
       count(*) FILTER (mrr > 0)
FROM held GROUP BY 1, 2 ORDER BY 1, 2
"""


def test_published_subscriptions_keep_in_every_quarter_what_a_recount_keeps(
    member: Members, call: Callers, sample_data: Path, home: object, now: datetime
) -> None:
    from tests.integrations.imported import bring_in

    from perennial.jobs import nightly

    bring_in(sample_data / "ravenstack", "ravenstack.yaml", at=now)
    nightly.move_to(date(2024, 12, 31), by=None, at=now)
    organisation_actions.move_as_of(on=date(2024, 12, 31), by=None, at=now)
    found = call(member("admin")).json("/revenue/cohorts")["cohorts"]
    recount = duckdb.sql(RECOUNT.format(file=sample_data / "ravenstack" / "ravenstack_subscriptions.csv")).fetchall()
    told = [
        (one["first"], at["ends_on"], one["customers"], *(Decimal(at[key]) for key in ("kept", "closing")),
         at["customers_kept"])
        for one in found for at in one["ages"]
    ]  # fmt: skip
    assert told == [(first, last, n, Decimal(kept), Decimal(mrr), left) for first, last, n, kept, mrr, left in recount]
    assert len(recount) == 36
