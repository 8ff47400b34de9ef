"""Collections over the API: the rows of the page, as of a day, that add up to their buckets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from tests.api.conftest import Caller

from perennial.contracts.actions import write_receivables
from perennial.kernel.organisation import actions as organisation_actions
from perennial.kernel.versions import Incoming


def test_open_steps_add_up_to_their_buckets_as_of_a_day(
    book: Callable[..., dict[str, int]], call: Callable[..., Caller], member: Callable[..., int], now: datetime
) -> None:
    ids = book("a", "b")
    rows = [("a", 100_05, {}), ("b", 70_00, {"received_on": date(2024, 3, 1), "received_amount": 20_00})]
    write_receivables(
        [Incoming(name, {"customer_id": ids[name], "due_on": date(2024, 1, 1), "amount": amount, "currency": "USD",
                         **more}) for name, amount, more in rows], source="t", at=now)  # fmt: skip
    caller = call(member("analyst"), "read")
    organisation_actions.move_as_of(on=date(2024, 12, 31), by=None, at=now)
    for asked, bucket, total in (({}, "over_90", "150.05"), ({"as_of": "2024-01-31"}, "to_30", "170.05")):
        found = caller.json("/collections", **asked)
        assert (found["total"], found["buckets"][bucket]) == (total, total)
        assert sum(Decimal(row["value"]) for row in found["rows"]) == Decimal(total)
        assert sum(map(Decimal, found["buckets"].values())) == Decimal(total)
    assert caller.get("/collections", as_of="no day").status_code == 422
