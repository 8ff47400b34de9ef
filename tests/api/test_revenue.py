"""Movements and retention: the shape that scripts rely on, amounts that add up, and the member's own book only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.api.conftest import Caller
from tests.contracts.books import customers, keep, line

from perennial.contracts.actions import rebuild_movements
from perennial.customers.models import PortfolioRow
from perennial.kernel.organisation import actions as organisation_actions
from perennial.kernel.organisation.models import Organisation

Members = Callable[..., int]
Callers = Callable[..., Caller]
Books = Callable[..., dict[str, int]]
ROW = [
    "period",
    "opening",
    "new",
    "reactivation",
    "expansion",
    "contraction",
    "price_up",
    "price_down",
    "churn",
    "pause",
    "resume",
    "transfer",
    "fx",
    "restated",
    "closing",
    "customers",
]
MOVEMENTS = ROW[2:-2]


def months(caller: Caller, since: str, until: str) -> dict[str, Any]:
    found: dict[str, Any] = caller.json("/revenue/movements", **{"from": since, "to": until, "period": "month"})
    return found


@pytest.fixture
def ledger(book: Books, now: datetime) -> dict[str, int]:
    """a grows and leaves, b comes, c comes back."""
    ids = book("a", "b", "c")
    keep(
        [
            line("a1", ids["a"], "2024-01-01", "2024-04-01", 10_000, quantity=10),
            line("a2", ids["a"], "2024-04-01", "2024-08-01", 15_000, quantity=15),
            line("b1", ids["b"], "2024-03-15", None, 3_333, quantity=1),
            line("c1", ids["c"], "2024-01-01", "2024-02-01", 5_000, quantity=1),
            line("c2", ids["c"], "2024-06-01", None, 7_000, quantity=1),
        ],
        at=now,
    )
    organisation_actions.move_as_of(on=date(2024, 12, 31), by=None, at=now)
    return ids


def test_the_answer_has_exactly_the_keys_of_the_contract(member: Members, call: Callers, ledger: object) -> None:
    answer = months(call(member("admin")), "2024-01", "2024-12")
    assert list(answer) == ["currency", "view", "as_of", "definition", "rows"]
    assert answer["currency"] == "USD"
    assert [list(row) for row in answer["rows"]] == [ROW] * 12
    assert [row["period"] for row in answer["rows"]] == [f"2024-{month:02}" for month in range(1, 13)]
    for row in answer["rows"]:
        assert isinstance(row["customers"], int)
        assert all(isinstance(row[key], str) and Decimal(row[key]) == Decimal(row[key]) for key in ROW[1:-1])


def test_opening_and_movements_are_closing_and_losses_are_negative(
    member: Members, call: Callers, ledger: object
) -> None:
    rows = months(call(member("admin")), "2024-01", "2024-12")["rows"]
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        assert Decimal(row["opening"]) + sum(Decimal(row[key]) for key in MOVEMENTS) == Decimal(row["closing"])
        assert following is None or following["opening"] == row["closing"]
    told = {row["period"]: {key: row[key] for key in MOVEMENTS if Decimal(row[key])} for row in rows}
    assert told["2024-01"] == {"new": "150.00"}
    assert told["2024-02"] == {"churn": "-50.00"}
    assert told["2024-03"] == {"new": "33.33"}
    assert told["2024-04"] == {"expansion": "50.00"}
    assert told["2024-08"] == {"churn": "-150.00"}
    assert [row["customers"] for row in rows[:4]] == [2, 1, 2, 2]
    assert rows[-1]["closing"] == "103.33"


def test_retention_has_exactly_the_keys_of_the_contract(member: Members, call: Callers, ledger: object) -> None:
    answer = call(member("admin")).json("/revenue/retention", **{"from": "2024-01-15", "to": "2024-07-15"})
    assert set(answer) == {"nrr", "grr", "logo", "opening", "customers", "definition", "interval"}
    assert (answer["opening"], answer["customers"]) == ("150.00", 2)
    assert answer["nrr"] == pytest.approx(220 / 150)
    assert (answer["grr"], answer["logo"]) == (1.0, 1.0)
    assert answer["interval"]["level"] == 0.95
    low, high = answer["interval"]["logo"]
    assert 0 < low < high == pytest.approx(1.0)


def test_retention_of_an_empty_cohort_is_unknown_and_not_zero(member: Members, call: Callers, ledger: object) -> None:
    answer = call(member("admin")).json("/revenue/retention", **{"from": "2020-01-01", "to": "2021-01-01"})
    assert (answer["nrr"], answer["grr"], answer["logo"], answer["customers"]) == (None, None, None, 0)
    assert answer["interval"] == {"logo": None, "level": 0.95}


def test_retention_told_apart_is_the_whole_in_its_parts(
    member: Members, call: Callers, book: Books, ledger: dict[str, int], now: datetime
) -> None:
    csm = member("csm")
    book("a", owner=csm)
    caller, span = call(member("admin")), {"from": "2024-01-15", "to": "2024-07-15"}
    whole = caller.json("/revenue/retention", **span)
    for by in ("owner", "product", "tier", "segment", "region", "country", "industry"):
        answer = caller.json("/revenue/retention", by=by, **span)
        assert {key: answer[key] for key in whole} == whole
        parts = [*answer["rows"], *([answer["between"]] if answer["between"] else [])]
        for column in ("opening", "kept", "closing"):
            assert sum(Decimal(part[column]) for part in parts) == Decimal(answer[column])
        assert sum(part["customers"] for part in answer["rows"]) == whole["customers"]
    owners = caller.json("/revenue/retention", by="owner", **span)["rows"]
    assert {row["value"] for row in owners} == {"csm1@example.com", None}
    mine = next(row for row in owners if row["value"])
    assert set(mine) == {"value", "label", "nrr", "grr", "logo", "opening", "kept", "closing", "customers",
                         "customers_kept", "interval"}  # fmt: skip
    assert mine["interval"]["logo"] == pytest.approx([0.2065, 1], abs=0.0001)
    assert caller.get("/revenue/retention", by="colour", **span).status_code == 422
    [own] = call(csm).json("/revenue/retention", by="owner", **span)["rows"]
    assert own == mine


def test_a_csm_sees_the_revenue_of_the_own_book_only(
    member: Members, call: Callers, book: Books, ledger: dict[str, int], now: datetime
) -> None:
    csm = member("csm")
    book("b", owner=csm)
    rows = months(call(csm), "2024-03", "2024-12")["rows"]
    assert {row["closing"] for row in rows} == {"33.33"}


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2024-02", "2024-01"),
        ("2024-1", "2024-02"),
        ("2024-00", "2024-02"),
        ("1969-12", "2024-01"),
        ("2000-01", "2020-01"),
        ("2024-01-01", "2024-02-01"),
        ("", "2024-01"),
    ],
)
def test_months_that_cannot_be_are_400(since: str, until: str, member: Members, call: Callers) -> None:
    answer = call(member("admin")).get("/revenue/movements", **{"from": since, "to": until})
    assert answer.status_code == 400
    assert "2023-01" in answer.json()["reason"] or "`to`" in answer.json()["reason"]


def test_another_period_than_the_month_is_refused(member: Members, call: Callers) -> None:
    answer = call(member("admin")).get("/revenue/movements", **{"from": "2024-01", "to": "2024-02", "period": "week"})
    assert answer.status_code == 422


RECOUNT = """
WITH line AS (
  SELECT account_id, start_date AS since, end_date AS until, mrr_amount AS mrr FROM read_csv('{file}')
  WHERE NOT is_trial AND (end_date IS NULL OR end_date > start_date)
), month AS (
  SELECT range::DATE AS first, (range + INTERVAL 1 MONTH)::DATE AS next
  FROM range(TIMESTAMP '2023-01-01', TIMESTAMP '2025-01-01', INTERVAL 1 MONTH)
)
SELECT strftime(first, '%Y-%m'), sum(mrr), count(DISTINCT account_id) FILTER (mrr > 0)
FROM month LEFT JOIN line ON since < next AND (until IS NULL OR until >= next) GROUP BY 1 ORDER BY 1
"""


def test_published_subscriptions_close_every_month_where_a_recount_closes(
    member: Members, call: Callers, sample_data: Path, home: object, now: datetime
) -> None:
    from tests.integrations.imported import bring_in

    from perennial.jobs import nightly

    Organisation.objects.update(policy_switches={"grace_days": 0})  # the recount knows no late paper
    bring_in(sample_data / "ravenstack", "ravenstack.yaml", at=now)
    nightly.move_to(date(2024, 12, 31), by=None, at=now)
    rows = months(call(member("admin")), "2023-01", "2024-12")["rows"]
    recount = duckdb.sql(RECOUNT.format(file=sample_data / "ravenstack" / "ravenstack_subscriptions.csv")).fetchall()
    assert [(row["period"], Decimal(row["closing"]), row["customers"]) for row in rows] == [
        (month, Decimal(mrr), customers) for month, mrr, customers in recount
    ]
    caller, total, mark = call(member("admin")), Decimal(), ""
    while mark is not None:
        page = caller.json("/customers", as_of="2024-06-30", limit=200, **({"after": mark} if mark else {}))
        total += sum(Decimal(c["mrr"] or 0) for c in page["customers"])
        mark = page["next"]
    assert total == next(Decimal(mrr) for month, mrr, _count in recount if month == "2024-06")


def test_a_month_as_reported_stays_and_as_of_tells_what_was_known(
    member: Members, call: Callers, organisation: None, now: datetime
) -> None:
    ids = customers("a", at=now)
    keep([line("a1", ids["a"], "2023-06-20", "2024-06-20", 1200_00, amount_months=12)], at=now, on="2024-02-01")
    rebuild_movements(on=date(2024, 7, 20))  # unsigned when its grace is over
    keep([line("a2", ids["a"], "2024-06-20", None, 110_00, renewal_of_external_id="a1", quantity=1)], at=now,
         on="2024-09-10")  # fmt: skip
    organisation_actions.move_as_of(on=date(2024, 12, 31), by=None, at=now)
    caller = call(member("admin"))

    def moved(**asked: str) -> dict[str, dict[str, str]]:
        rows = caller.json("/revenue/movements", **{"from": "2024-06", "to": "2024-09", **asked})["rows"]
        assert all(Decimal(row["opening"]) + sum(Decimal(row[kind]) for kind in MOVEMENTS) == Decimal(row["closing"])
                   for row in rows)  # fmt: skip
        found = {row["period"]: {kind: row[kind] for kind in MOVEMENTS if Decimal(row[kind])} for row in rows}
        return {month: kinds for month, kinds in found.items() if kinds}

    assert moved() == {"2024-06": {"expansion": "10.00"}}
    assert moved(view="reported") == {"2024-07": {"churn": "-100.00"}, "2024-09": {"restated": "110.00"}}
    assert moved(as_of="2024-08-31") == {"2024-06": {"churn": "-100.00"}}
    assert moved(as_of="2024-08-31", view="reported") == {"2024-07": {"churn": "-100.00"}}
    assert moved(as_of="2024-07-19") == {}
    kept = {"from": "2024-01-31", "to": "2024-07-31"}
    assert caller.json("/revenue/retention", **kept)["grr"] == 1.0
    assert caller.json("/revenue/retention", **kept, view="reported")["grr"] == 0.0


def test_a_segment_and_a_csm_narrow_movements_and_retention(
    member: Members, call: Callers, book: Books, now: datetime
) -> None:
    csm = member("csm")
    ids = book("x", owner=csm) | book("y")
    keep([line(key, ids[key], "2023-01-01", None, amount) for key, amount in (("x", 100), ("y", 700))], at=now)
    PortfolioRow.objects.filter(customer_id=ids["y"]).update(segment="Bank")
    caller = call(member("analyst"))
    anns = {"csm": "csm1@example.com"}
    told = [({}, 8), ({"segment": "Bank"}, 7), ({"segment": ""}, 1), (anns, 1), (anns | {"segment": "Bank"}, 0)]
    for asked, closing in told:
        span = {"from": "2024-03", "to": "2024-03"}
        assert Decimal(caller.json("/revenue/movements", **span, **asked)["rows"][0]["closing"]) == Decimal(closing)
        days = {"from": "2024-03-01", "to": "2024-04-01"}
        assert Decimal(caller.json("/revenue/retention", **days, **asked)["opening"]) == Decimal(closing)
    assert caller.get("/revenue/movements", **{"from": "2024-03", "to": "2024-03", "csm": "no@body"}).status_code == 400
