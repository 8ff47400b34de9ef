"""The forecast over the API: parts that add up, frozen weeks by `as_of`, the member's own rows only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest
from tests.api.conftest import Caller
from tests.contracts.books import customers, keep, line
from tests.insights.books import annual

from perennial.insights import freezing, learning
from perennial.kernel.organisation import actions as organisation_actions

TODAY = date(2026, 3, 2)
PARTS = ("renewed", "lost", "commit", "best_case", "at_risk", "signed_off")
Callers = Callable[..., Caller]


@pytest.fixture
def book(member: Callable[..., int], now: datetime) -> int:
    owner = member("csm", name="Wei")
    annual(stay=16, leave=4, at=now, month=4, last=2025, owner=owner)
    annual(stay=3, leave=0, at=now, month=2)
    lower = customers("Lower", at=now)["Lower"]
    keep(
        [
            line("before", lower, "2025-02-10", "2026-02-10", 100_00),
            line("after", lower, "2026-02-10", "2027-02-10", 60_00),
        ],
        at=now,
        signed={"after": "2026-01-20"},
    )
    organisation_actions.move_as_of(on=TODAY, by=None, at=now)
    learning.learn(TODAY, at=now)
    return owner


@pytest.mark.parametrize("by", ["quarter", "month", "segment", "owner"])
def test_parts_add_up_in_every_row_and_rows_to_the_whole(
    by: str, book: int, call: Callers, member: Callable[..., int]
) -> None:
    told = call(member()).json("/forecast", by=by)
    for row in (*told["rows"], told["whole"]):
        assert sum(Decimal(row[key]) for key in PARTS) == Decimal(row["due"])
        assert Decimal(row["low"]) <= Decimal(row["middle"]) <= Decimal(row["high"]) <= Decimal(row["due"])
    for key in ("due", *PARTS):
        assert sum(Decimal(row[key]) for row in told["rows"]) == Decimal(told["whole"][key])
    whole = [told["whole"][key] for key in ("due", "renewed", "lost")]
    assert whole == ["28320.00", "4320.00", "480.00"], "lowered at renewal from 1,200 to 720"
    assert (told["as_of"], told["frozen"], told["learned"]["terms"]) == ("2026-03-02", None, 69)
    open_terms = [one for one in told["terms"] if one["p"] is not None]
    assert len(open_terms) == 20
    assert open_terms[0]["interval"][0] < open_terms[0]["p"] < open_terms[0]["interval"][1]


def test_as_of_answers_the_week_that_was_frozen_and_nothing_before(
    book: int, call: Callers, member: Callable[..., int], now: datetime
) -> None:
    caller = call(member())
    assert caller.get("/forecast", as_of="2026-02-20").status_code == 404
    freezing.freeze_week(date(2026, 2, 16), at=now)
    told = caller.json("/forecast", as_of="2026-02-20")
    assert (told["as_of"], told["frozen"]) == ("2026-02-16", {"week": "2026-02-16", "rebuilt": False})
    assert caller.get("/forecast", as_of="2026-02-15").status_code == 404
    assert caller.get("/forecast", as_of="2027-01-01").status_code == 404
    assert caller.get("/forecast", as_of="yesterday").status_code in {400, 422}


def test_a_member_gets_his_own_rows_of_today_and_of_a_frozen_week(
    book: int, call: Callers, member: Callable[..., int], now: datetime
) -> None:
    freezing.freeze_week(date(2026, 2, 16), at=now)
    for query in ({}, {"as_of": "2026-02-16"}):
        assert call(book).json("/forecast", **query)["whole"]["terms"] == 16
        assert call(member("csm")).json("/forecast", **query)["whole"]["terms"] == 0
    assert call(member("reader")).get("/forecast").status_code in {403, 404}
