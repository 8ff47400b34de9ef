"""How customers stand on a day."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contracts.books import SOURCE, customers, keep, line

from perennial.contracts import facts, queries
from perennial.contracts.actions import write_cancellations, write_receivables
from perennial.contracts.calculations.balances import balances_on
from perennial.contracts.calculations.exchange import DatedRates
from perennial.contracts.calculations.mrr import stretches
from perennial.contracts.terms import PolicySwitches
from perennial.kernel.versions import Incoming

pytestmark = pytest.mark.django_db
ON = date(2024, 6, 30)


def standing_of(customer_id: int, on: date = ON) -> queries.Standing:
    return queries.standing(on)[customer_id]


def test_a_term_has_a_renewal_day_and_what_is_to_renew(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    keep(
        [
            line("1", ids["A"], "2024-01-01", "2025-01-01", 100_00, quantity=10),
            line("2", ids["A"], "2024-04-01", "2025-01-01", 20_00, quantity=5),
            line("3", ids["A"], "2024-01-01", "2025-06-01", 1_00),
        ],
        at=now,
    )
    found = standing_of(ids["A"])
    assert (found.mrr, found.arr, found.seats) == (121_00, 121_00 * 12, 15)
    assert (found.next_renewal_on, found.renewal_arr) == (date(2025, 1, 1), 120_00 * 12)
    assert (found.live_since_on, found.notice_on) == (date(2024, 1, 1), None)
    assert (found.overdue_amount, found.oldest_overdue_on) == (None, None)


@pytest.mark.parametrize(
    "more",
    [
        {"ends": None},
        {"ends": "2024-08-01", "starts": "2024-06-01"},
        {"cancelled_on": date(2024, 5, 1)},
    ],
    ids=["open-ended", "shorter than six months", "cancelled"],
)
def test_what_does_not_renew_has_no_renewal_day(organisation: None, now: datetime, more: dict[str, Any]) -> None:
    ids = customers("A", at=now)
    starts, ends = more.pop("starts", "2024-01-01"), more.pop("ends", "2025-01-01")
    keep([line("1", ids["A"], starts, ends, 100_00, **more)], at=now)
    assert (standing_of(ids["A"]).next_renewal_on, standing_of(ids["A"]).renewal_arr) == (None, None)


def test_a_term_that_is_renewed_already_renews_with_its_successor(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    keep(
        [
            line("1", ids["A"], "2024-01-01", "2025-01-01", 100_00),
            line("2", ids["A"], "2025-01-01", "2026-01-01", 110_00, renewal_of_external_id="1"),
        ],
        at=now,
    )
    assert standing_of(ids["A"]).next_renewal_on == date(2026, 1, 1)
    assert standing_of(ids["A"]).renewal_arr == 110_00 * 12
    assert standing_of(ids["A"]).mrr == 100_00


def test_an_open_ended_line_names_its_next_day_of_notice(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    keep(
        [
            line("1", ids["A"], "2024-01-01", None, 100_00, notice_on=date(2024, 11, 30)),
            line("2", ids["A"], "2024-01-01", None, 100_00, notice_on=date(2024, 5, 31)),
            line("3", ids["A"], "2024-01-01", "2024-03-01", 100_00, notice_on=date(2024, 7, 31)),
        ],
        at=now,
    )
    assert standing_of(ids["A"]).notice_on == date(2024, 11, 30)


def test_a_customer_lives_since_its_return_but_a_pause_ends_nothing(organisation: None, now: datetime) -> None:
    ids = customers("back", "paused", "gone", "trial", at=now)
    keep(
        [
            line("1", ids["back"], "2023-01-01", "2023-06-01", 100_00),
            line("2", ids["back"], "2024-02-01", None, 100_00),
            line("3", ids["paused"], "2023-01-01", None, 100_00, pauses=[["2024-01-01", "2024-02-01"]]),
            line("4", ids["gone"], "2023-01-01", "2024-01-01", 100_00),
            line("5", ids["trial"], "2024-01-01", None, 0, kind="trial", quantity=9),
        ],
        at=now,
    )
    found = queries.standing(ON)
    assert found[ids["back"]].live_since_on == date(2024, 2, 1)
    assert found[ids["paused"]].live_since_on == date(2023, 1, 1)
    assert (found[ids["gone"]].mrr, found[ids["gone"]].live_since_on) == (0, None)
    assert (found[ids["trial"]].mrr, found[ids["trial"]].seats) == (0, None)


def test_what_is_past_its_due_day_and_not_received_is_overdue(organisation: None, now: datetime) -> None:
    ids = customers("late", "paid", at=now)

    def step(key: str, name: str, due: str, **more: Any) -> Incoming:
        return Incoming(key, {"customer_id": ids[name], "due_on": date.fromisoformat(due), "amount": 900,
                              "currency": "USD", **more})  # fmt: skip

    write_receivables(
        [
            step("1", "late", "2024-05-01"),
            step("2", "late", "2024-04-01", received_on=date(2024, 4, 20), received_amount=300),
            step("3", "late", "2024-06-30"),
            step("4", "late", "2024-03-01", received_on=date(2024, 7, 1)),
            step("5", "paid", "2024-03-01", received_on=date(2024, 3, 1)),
        ],
        source=SOURCE,
        at=now,
    )
    assert (standing_of(ids["late"]).overdue_amount, standing_of(ids["late"]).oldest_overdue_on) == (
        900 + 600 + 900,
        date(2024, 3, 1),
    )
    assert (standing_of(ids["paid"]).overdue_amount, standing_of(ids["paid"]).oldest_overdue_on) == (0, None)


LINES = st.lists(
    st.tuples(
        st.integers(0, 2), st.dates(date(2023, 1, 1), date(2024, 12, 1)), st.none() | st.integers(0, 500),
        st.integers(0, 10_000), st.sampled_from([1, 3, 12]), st.booleans(),
    ),
    max_size=8,
)  # fmt: skip


@given(drawn=LINES, on=st.dates(date(2023, 1, 1), date(2025, 6, 1)))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mrr_by_movements_is_mrr_by_lines(organisation: None, now: datetime, drawn: list[Any], on: date) -> None:
    ids = list(customers("A", "B", "C", at=now).values())
    rows = [
        line(str(number), ids[who], starts.isoformat(),
             None if days is None else date.fromordinal(starts.toordinal() + days).isoformat(), amount,
             amount_months=months, kind="trial" if trial else "recurring")
        for number, (who, starts, days, amount, months, trial) in enumerate(drawn)
    ]  # fmt: skip
    keep(rows, at=now)
    by_lines = balances_on(stretches(facts.current_lines(), PolicySwitches()), on, DatedRates("USD"))
    by_movements = {customer: found.mrr for customer, found in queries.standing(on).items() if found.mrr}
    assert by_movements == {customer: mrr for (customer, _), mrr in by_lines.items()}


def test_seats_are_told_stretch_by_stretch(organisation: None, now: datetime) -> None:
    ids = customers("A", "B", at=now)
    keep(
        [
            line("1", ids["A"], "2024-01-01", "2024-06-01", 1, quantity=5),
            line("2", ids["A"], "2024-03-01", "2024-06-01", 1, quantity=2),
            line("3", ids["A"], "2024-08-01", None, 1, quantity=9),
            line("4", ids["B"], "2024-01-01", None, 1),
        ],
        at=now,
    )
    assert queries.seat_periods() == {
        ids["A"]: [
            (date(2024, 1, 1), date(2024, 3, 1), 5),
            (date(2024, 3, 1), date(2024, 6, 1), 7),
            (date(2024, 8, 1), None, 9),
        ],
        ids["B"]: [(date(2024, 1, 1), None, None)],
    }


def test_a_file_lists_running_lines_first_papers_by_day_and_receivables_by_due_day(
    organisation: None, now: datetime
) -> None:
    ids = customers("A", at=now)
    keep(
        [line("old", ids["A"], "2023-01-01", "2024-01-01", 100), line("now", ids["A"], "2023-06-01", None, 300)],
        at=now,
        signed={"old": "2022-12-01", "now": "2023-05-01"},
    )
    found = queries.lines_of(ids["A"], on=ON)
    assert [(one.line.external_id, one.mrr, one.runs) for one in found] == [("now", 300, True), ("old", 0, False)]
    assert [paper.external_id for paper in queries.contracts_of(ids["A"])] == ["now", "old"]
    write_cancellations(
        [Incoming("x", {"customer_id": ids["A"], "cancelled_on": ON, "reason": "price"})], source=SOURCE, at=now
    )
    assert [one.reason for one in queries.cancellations_of(ids["A"])] == ["price"]


def test_due_lines_are_terms_of_six_months_and_the_others_stay_open(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    keep(
        [
            line("year", ids["A"], "2024-01-01", "2025-01-01", 100),
            line("month", ids["A"], "2024-12-01", "2025-01-01", 100),
            line("ever", ids["A"], "2024-12-01", None, 100),
            line("later", ids["A"], "2024-01-01", "2025-02-01", 100),
        ],
        at=now,
    )
    due = queries.due_lines(date(2025, 1, 1), date(2025, 2, 1), Q())
    assert [(one.ends_on, one.arr) for one in due] == [(date(2025, 1, 1), Fraction(1200))]
    assert [one.ends_on for one in queries.open_lines(Q())] == [date(2025, 1, 1), None]


def test_standing_costs_six_queries_for_one_and_for_forty(organisation: None, now: datetime) -> None:
    costs = []
    for many in (1, 40):
        ids = customers(*(f"C{number}" for number in range(many)), at=now)
        keep([line(name, customer, "2024-01-01", None, 100) for name, customer in ids.items()], at=now)
        with CaptureQueriesContext(connection) as asked:
            queries.standing(ON)
        costs.append(len(asked))
        assert len(queries.standing(ON, list(ids.values())[:1])) == 1
    assert costs == [6, 6]
