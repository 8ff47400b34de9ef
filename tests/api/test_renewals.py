"""Renewals over the API: sums that add up, causes and marks, frozen weeks by `as_of`, the member's own rows only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from tests.api.conftest import Caller
from tests.insights.books import annual

from perennial.insights import freezing, learning
from perennial.kernel.organisation import actions as organisation_actions
from perennial.renewals import findings
from perennial.renewals.terms import About, Said

TODAY = date(2026, 3, 2)
SPAN = {"from": "2026-02-01", "to": "2026-07-01"}
Callers = Callable[..., Caller]


@pytest.fixture
def ids(member: Callable[..., int], now: datetime) -> dict[str, int]:
    found = annual(stay=4, leave=1, at=now, month=4, last=2025, owner=member("csm", name="Wei"))
    found |= annual(stay=2, leave=0, at=now, month=2)
    organisation_actions.move_as_of(on=TODAY, by=None, at=now)
    learning.learn(TODAY, at=now)
    return found


def test_months_add_up_to_the_whole_and_terms_to_months(
    ids: dict[str, int], call: Callers, member: Callable[..., int]
) -> None:
    told = call(member()).json("/renewals", **SPAN)
    assert [one["month"] for one in told["months"]] == ["2026-02", "2026-04"]
    for row in (*told["months"], told["whole"]):
        assert Decimal(row["due"]) == sum(Decimal(row[key]) for key in ("renewed", "lost", "open"))
    for key in ("due", "renewed", "lost", "open"):
        assert sum(Decimal(row[key]) for row in told["months"]) == Decimal(told["whole"][key])
    assert (told["whole"]["due"], told["whole"]["renewed"], len(told["terms"])) == ("7200.00", "2400.00", 6)
    short = call(member()).json("/renewals", **{"from": "2026-04-10", "to": "2026-04-11"})
    assert short["whole"]["terms"] == 4, "the last day is not part of it"
    assert call(member()).json("/renewals", **{"from": "2026-04-01", "to": "2026-04-10"})["whole"]["terms"] == 0


def test_a_term_tells_its_causes_and_the_marks_that_it_rests_on(
    ids: dict[str, int], call: Callers, member: Callable[..., int], now: datetime
) -> None:
    by = member()
    for about, rating, percent in ((About.PRICE, -1, None), (About.DISCOUNT, 1, Decimal("12.5"))):
        findings.find(Said(about, rating, "e", "", percent), customer_id=ids["2 stays 0"], due_on=date(2026, 2, 10),
                      by=by, at=now)  # fmt: skip
    terms = call(by).json("/renewals", **SPAN)["terms"]
    [told] = [one for one in terms if one["rests_on"]]
    assert (told["causes"]["price"], told["causes"]["service"], told["weakest"]) == (-1, None, "price")
    assert (told["rests_on"], Decimal(told["discount_percent"])) == (["discount"], Decimal("12.5"))


def test_as_of_tells_what_a_frozen_week_knew(
    ids: dict[str, int], call: Callers, member: Callable[..., int], now: datetime
) -> None:
    freezing.freeze_week(date(2026, 2, 16), at=now)
    by, caller = member(), call(member())
    findings.find(Said(About.PRICE, -1, "e"), customer_id=ids["4 stays 0"], due_on=date(2026, 4, 10), by=by,
                  at=now + timedelta(days=9999))  # fmt: skip
    told = caller.json("/renewals", **SPAN, as_of="2026-02-20")
    assert (told["as_of"], told["frozen"]) == ("2026-02-16", "2026-02-16")
    assert {one["weakest"] for one in told["terms"]} == {None}, "found later"
    assert "price" in {one["weakest"] for one in caller.json("/renewals", **SPAN)["terms"]}
    assert caller.get("/renewals", **SPAN, as_of="2025-01-01").status_code == 404
    assert caller.get("/renewals", **{"from": "2026-04-01", "to": "2026-04-01"}).status_code == 400
    assert caller.get("/renewals", **{"from": "2016-04-01", "to": "2026-04-01"}).status_code == 400


def test_whoever_sees_only_his_own_gets_nobody_elses(
    ids: dict[str, int], call: Callers, member: Callable[..., int]
) -> None:
    assert call(member("csm")).json("/renewals", **SPAN)["terms"] == []
    assert call(member("reader")).get("/renewals", **SPAN).status_code in {403, 404}
