"""What was reported stays known: the ledger as reported, as restated, and as it was known on a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contracts.books import SOURCE, customers, keep, line

from perennial.contracts import grace, ledger, reported
from perennial.contracts.actions import rebuild_movements, write_lines, write_receivables
from perennial.contracts.ledger import MovementRow
from perennial.contracts.models import FormerMovement, GraceHold, Line, Movement
from perennial.contracts.rates import Exchange
from perennial.customers.merging import merge, part
from perennial.customers.models import Customer
from perennial.kernel import versions
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.periods import Period, add_months, day_before, month_of
from perennial.kernel.versions import Incoming

pytestmark = pytest.mark.django_db
USD = Exchange("USD")
SPAN = Period(date(2024, 1, 1), date(2025, 1, 1))
Told = dict[str, dict[str, int]]


def told(rows: list[MovementRow]) -> Told:
    """Return what moved in each month by kind, checked against its balances."""
    found = {}
    for row in rows:
        assert row.opening + sum(row.movements.values()) == row.closing
        if moved := {kind.value: amount for kind, amount in row.movements.items() if amount}:
            found[f"{row.period.since:%Y-%m}"] = moved
    return found


def as_reported(as_of: str, span: Period = SPAN) -> Told:
    day = date.fromisoformat(as_of)
    until = min(span.until, month_of(day).until)
    return told(reported.movement_rows(Period(span.since, until), reported.as_reported(Q(), Q(), as_of=day), USD))


def as_restated(as_of: str) -> Told:
    return told(ledger.movement_rows(SPAN, Q(), USD, as_of=date.fromisoformat(as_of)))


def as_known(on: str) -> Told:
    return told(reported.movement_rows(SPAN, reported.as_known(Q(), Q(), on=date.fromisoformat(on)), USD))


def night(*days: str) -> None:
    for day in days:
        rebuild_movements(on=date.fromisoformat(day))


def change(key: str, at: datetime, **values: Any) -> None:
    versions.change(Line, Line.objects.current().get(external_id=key).fact, values, at=at)


def sign(key: str, customer_id: int, starts: str, amount: int, at: datetime, **more: Any) -> None:
    paper = Line.objects.filter(customer_id=customer_id).values_list("contract_id", flat=True)[0]
    write_lines([line(key, customer_id, starts, None, amount, contract_id=paper, **more)], source=SOURCE, at=at)


@pytest.fixture
def a(organisation: None, now: datetime) -> int:
    """A's year at 100.00 a month ends on 2024-06-20; the books were opened in February 2024."""
    ids = customers("A", at=now)
    keep([line("a", ids["A"], "2023-06-20", "2024-06-20", 100_00, amount_months=1)], at=now, on="2024-02-10")
    change("a", now, amount=1200_00, amount_months=None)
    night("2024-02-11")
    return ids["A"]


def test_signed_ten_days_late_moves_only_the_difference_in_both_views(a: int, now: datetime) -> None:
    night("2024-06-20", "2024-06-29")
    sign("b", a, "2024-06-30", 120_00, now, renewal_of_external_id="a")
    night("2024-06-30", "2024-07-20", "2024-08-01")
    assert as_restated("2024-08-01") == as_reported("2024-08-01") == {"2024-06": {"expansion": 20_00}}
    assert not FormerMovement.objects.exists()


def test_unsigned_at_the_end_of_grace_is_churn_on_its_end_and_as_reported_when_the_grace_was_over(a: int) -> None:
    night("2024-06-20", "2024-07-19")
    assert as_restated("2024-07-19") == as_reported("2024-07-19") == {}
    night("2024-07-20", "2024-08-01")
    assert as_restated("2024-08-01") == {"2024-06": {"churn": -100_00}}
    assert as_reported("2024-08-01") == {"2024-07": {"churn": -100_00}}
    assert as_known("2024-07-19") == {}
    assert as_known("2024-07-20") == {"2024-06": {"churn": -100_00}}


def test_signed_after_the_churn_is_a_return_of_both_views(a: int, now: datetime) -> None:
    night("2024-07-20")
    sign("b", a, "2024-09-10", 100_00, now)
    night("2024-09-10")
    back = {"2024-09": {"reactivation": 100_00}}
    assert as_restated("2024-09-30") == {"2024-06": {"churn": -100_00}} | back
    assert as_reported("2024-09-30") == {"2024-07": {"churn": -100_00}} | back


def test_paper_dated_back_over_a_churn_wins_it_back_by_a_restatement(a: int, now: datetime) -> None:
    night("2024-07-20")
    sign("b", a, "2024-06-20", 110_00, now, renewal_of_external_id="a", quantity=1)
    night("2024-09-10")
    assert as_restated("2024-09-30") == {"2024-06": {"expansion": 10_00}}
    assert as_reported("2024-09-30") == {"2024-07": {"churn": -100_00}, "2024-09": {"restated": 110_00}}
    assert as_reported("2024-08-31") == {"2024-07": {"churn": -100_00}}
    assert as_known("2024-09-09") == {"2024-06": {"churn": -100_00}}
    found = reported.later(SPAN, Q(), Q(), USD, as_of=date(2024, 9, 30))
    assert [(one.kind.value, one.on, one.reported_on, one.superseded_on, one.effect) for one in found] == [
        ("expansion", date(2024, 6, 20), date(2024, 9, 10), None, 0),
        ("churn", date(2024, 6, 20), date(2024, 7, 20), date(2024, 9, 10), 0),
    ]
    july = Period(date(2024, 7, 1), date(2024, 8, 1))
    assert [one.effect for one in reported.later(july, Q(), Q(), USD, as_of=date(2024, 9, 30))] == [100_00]


def test_history_counts_on_its_own_days_and_a_late_churn_of_it_when_its_grace_was_over(
    organisation: None, now: datetime
) -> None:
    ids = customers("A", at=now)
    keep([line("a", ids["A"], "2023-03-20", "2024-03-20", 100_00)], at=now, on="2024-12-01")
    change("a", now, amount=1200_00, amount_months=None)
    night("2024-12-02")
    assert as_restated("2024-12-31") == {"2024-03": {"churn": -100_00}}
    assert as_reported("2024-12-31") == {"2024-04": {"churn": -100_00}}
    assert not FormerMovement.objects.exists()


def test_what_is_learned_late_without_correcting_anything_is_told_by_its_kind(a: int, now: datetime) -> None:
    sign("b", a, "2024-03-15", 30_00, now)
    night("2024-04-10")
    assert as_restated("2024-05-31") == {"2024-03": {"expansion": 30_00}}
    assert as_reported("2024-05-31") == {"2024-04": {"expansion": 30_00}}


def test_a_correction_within_its_month_leaves_no_trace_in_the_months_and_one_of_its_day_none_at_all(
    a: int, now: datetime
) -> None:
    sign("b", a, "2024-04-02", 30_00, now)
    night("2024-04-02")
    change("b", now, amount=40_00)
    night("2024-04-02")
    assert not FormerMovement.objects.exists()
    change("b", now, amount=50_00)
    night("2024-04-20")
    assert FormerMovement.objects.get().numerator == 40_00
    assert as_reported("2024-04-30") == as_restated("2024-04-30") == {"2024-04": {"expansion": 50_00}}
    assert as_known("2024-04-19") == {"2024-04": {"expansion": 40_00}}


def test_another_setting_restates_and_moves_nothing_of_its_month(a: int, now: datetime) -> None:
    sign("b", a, "2024-06-30", 120_00, now)
    night("2024-06-30", "2024-07-20")
    before = as_reported("2024-07-31")
    assert before == {"2024-06": {"expansion": 20_00}}
    Organisation.objects.update(policy_switches={"grace_days": 0})
    night("2024-09-03")
    assert as_restated("2024-09-30") == {"2024-06": {"churn": -100_00, "reactivation": 120_00}}
    assert as_reported("2024-09-30") == before  # what was taken back and what took its place are worth the same
    assert {one.restates for one in Movement.objects.filter(on__gte=date(2024, 6, 1))} == {True}


def test_a_merge_and_its_undoing_sum_to_nothing_and_change_no_month_that_is_over(a: int, now: datetime) -> None:
    ids = customers("B", at=now)
    keep([line("b", ids["B"], "2024-03-01", None, 50_00)], at=now, on="2024-03-01")
    before = as_reported("2024-04-30")
    merge(customer_id=a, into=ids["B"], by=None, at=now)
    night("2024-05-07")
    assert as_reported("2024-05-31") == before
    part(customer_id=a, by=None, at=now)
    night("2024-06-07")
    assert as_reported("2024-06-30") == before
    held = reported.balances_before(date(2024, 7, 1), reported.as_reported(Q(), Q(), as_of=date(2024, 6, 30)), USD)
    assert held == ledger.balances_before(date(2024, 7, 1), Q(), USD)


def test_a_state_owned_customer_is_in_grace_while_its_approval_runs(a: int, now: datetime) -> None:
    Customer.objects.filter(id=a).update(segment="State_owned")
    step = {"customer_id": a, "due_on": date(2024, 7, 1), "amount": 1200_00, "currency": "USD"}
    waits = {**step, "node": "seal", "node_since_on": date(2024, 7, 1)}
    write_receivables([Incoming("r", waits)], source=SOURCE, at=now)
    night("2024-07-20", "2024-08-20")
    assert GraceHold.objects.get().over_on == date(2024, 12, 17)  # 180 days after 20 June
    assert [(one.customer_id, one.mrr) for one in grace.in_grace(Q(), on=date(2024, 8, 20))] == [(a, Fraction(100_00))]
    assert as_restated("2024-08-20") == {}
    gone = {**step, "node": "", "node_since_on": None, "received_on": date(2024, 8, 10)}
    write_receivables([Incoming("r", gone)], source=SOURCE, at=datetime(2024, 8, 21, 8, tzinfo=now.tzinfo))
    night("2024-08-21")
    assert GraceHold.objects.get().over_on == date(2024, 9, 20)  # 30 days after it left its node
    night("2024-09-20")
    assert as_restated("2024-09-30") == {"2024-06": {"churn": -100_00}}
    assert as_reported("2024-09-30") == {"2024-09": {"churn": -100_00}}
    assert not GraceHold.objects.exists()


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["sign", "amount", "end", "start", "renew", "settings", "night"]),
        st.integers(0, 5),  # which line
        st.integers(-90, 90),  # by how many days, or how much
        st.integers(1, 40),  # so many days later
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(EDITS)
def test_whatever_is_edited_no_reported_month_changes_and_both_ledgers_add_up(
    django_rollback: Callable[[], Any], edits: list[tuple[str, int, int, int]]
) -> None:
    with django_rollback():
        _walk(edits)


def _walk(edits: list[tuple[str, int, int, int]]) -> None:
    at, today = datetime.fromisoformat("2024-02-10T09:00:00+00:00"), date(2024, 2, 10)
    ids = list(customers("A", "B", at=at).values())
    keep([line(f"{one}", ids[one], "2023-03-01", "2024-03-01", 100_00 * (one + 1)) for one in range(2)], at=at,
         on=today.isoformat())  # fmt: skip
    span, closed = Period(date(2023, 1, 1), date(2026, 1, 1)), dict[date, MovementRow]()
    for number, (what, which, by, days) in enumerate(edits):
        for _day in range(days):
            today += timedelta(days=1)
            night(today.isoformat())
            if today.day == 1:
                closed |= _reported(span, day_before(today), closed)
        _edit(what, which, by, number, today, ids, at + timedelta(days=number + 1))
        night(today.isoformat())
    now = _reported(span, today, closed)
    restated = ledger.movement_rows(Period(span.since, month_of(today).until), Q(), USD, as_of=today)
    assert told(restated) is not None
    assert list(now.values())[-1].closing == restated[-1].closing
    assert list(now.values())[-1].customers == restated[-1].customers
    effects = sum((one.effect for one in reported.later(span, Q(), Q(), USD, as_of=today)), Fraction(0))
    assert effects == 0  # over all months both ledgers tell the same
    kept = sorted(Movement.objects.values_list("customer_id", "on", "kind", "numerator", "denominator", "tags"))
    Movement.objects.all().delete()
    rebuild_movements(ids, on=today)
    assert kept == sorted(Movement.objects.values_list("customer_id", "on", "kind", "numerator", "denominator", "tags"))


def _reported(span: Period, as_of: date, closed: dict[date, MovementRow]) -> dict[date, MovementRow]:
    """Return the months as reported up to a day; what was closed before is as it was."""
    entries = reported.as_reported(Q(), Q(), as_of=as_of)
    rows = reported.movement_rows(Period(span.since, month_of(as_of).until), entries, USD)
    told(rows)
    found = {row.period.since: row for row in rows}
    assert {month: found[month] for month in closed} == closed
    return found


def _edit(what: str, which: int, by: int, number: int, today: date, ids: list[int], at: datetime) -> None:
    lines = list(Line.objects.current().order_by("external_id"))
    old = lines[which % len(lines)]
    if what == "sign":
        starts = today + timedelta(days=by)
        ends = add_months(starts, 12) if which % 2 else None
        write_lines([line(f"n{number}", ids[which % 2], starts.isoformat(), ends and ends.isoformat(), 100_00 + by,
                          contract_id=old.contract_id)], source=SOURCE, at=at)  # fmt: skip
    elif what == "renew" and old.ends_on is not None:
        starts = old.ends_on + timedelta(days=abs(by))
        write_lines([line(f"n{number}", old.customer_id, starts.isoformat(), None, 90_00 + which,
                          contract_id=old.contract_id, renewal_of_external_id=old.external_id)],
                    source=SOURCE, at=at)  # fmt: skip
    elif what == "amount":
        versions.change(Line, old.fact, {"amount": 50_00 + abs(by)}, at=at)
    elif what == "end":
        versions.change(Line, old.fact, {"ends_on": max(old.starts_on, today + timedelta(days=by))}, at=at)
    elif what == "start" and (old.ends_on is None or today + timedelta(days=by) < old.ends_on):
        versions.change(Line, old.fact, {"starts_on": today + timedelta(days=by)}, at=at)
    elif what == "settings":
        Organisation.objects.update(policy_switches={"grace_days": abs(by)})


@pytest.fixture
def django_rollback(organisation: None) -> Callable[[], Any]:
    """Return a way to run one example and forget it."""

    @contextmanager
    def forgotten() -> Iterator[None]:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    return forgotten
