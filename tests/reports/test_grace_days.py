"""The days around the end of a grace: ledger, board, forecast, lifecycle and renewal rate say the same of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
from django.db.models import Q
from tests.contracts.books import SOURCE, customers, keep, line, own

from perennial.contracts import grace, ledger
from perennial.contracts.actions import rebuild_movements, write_receivables
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import PolicySwitches
from perennial.customers.models import Customer, PortfolioRow
from perennial.insights import due, learning, needs
from perennial.insights.calculations.quarters import weeks_before
from perennial.insights.freezing import missing_weeks
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import Period, fiscal_quarter
from perennial.kernel.versions import Incoming
from perennial.lifecycle import queries as lifecycle
from perennial.members.models import Member
from perennial.renewals.terms import Need, Outcome
from perennial.reports import forecast, renewal_rate, renewals
from perennial.reports.revenue import Book

pytestmark = pytest.mark.django_db
END = date(2024, 6, 20)
Asked = Callable[..., int]


def readings(customer: int, member: int, on: date, now: datetime) -> dict[str, str]:
    """Return how each part of the house reads a term that ended unsigned: open, lost, or nothing."""
    Organisation.objects.update(as_of_on=on)
    place = house()
    rebuild_movements(on=on)
    learning.learn(on, at=now)
    who = Member.objects.get(id=member)
    held = sum((one.mrr for one in grace.in_grace(Q(customer_id=customer), on=on)), Fraction(0))
    paid = ledger.balances_before(on + timedelta(days=1), Q(customer_id=customer), Exchange("USD"))
    book = Book(rows=Q(), exchange=Exchange("USD"), as_of=on, switches=PolicySwitches())
    [rated] = renewal_rate.due(book, Period(END, END + timedelta(days=1)), place).by_customer
    board = renewals.board(who, at=now, place=place)
    told = forecast.told(who, at=now, place=place)
    assert board is not None
    assert told is not None
    cards = [card.term.outcome for card in board.cards if card.term.due_on == END]
    terms = [one.outcome for one in told.terms if one.due_on == END]
    return {
        "grace": "open" if held else "lost", "ledger": "open" if paid.get(customer) else "lost",
        "rate": rated.term.outcome.value, "board": cards[0].value if cards else "lost",
        "forecast": terms[0].value if terms else "lost",
        "lifecycle": "open" if lifecycle.standing(on, [customer])[customer].stage == "renewal" else "lost",
    }  # fmt: skip


@pytest.fixture
def a(organisation: None, member: Asked, now: datetime) -> tuple[int, int]:
    """A's year at 1,200.00 ends on 20 June 2024; and whose customer it is."""
    ids, mine = customers("A", at=now), member("csm")
    keep([line("a", ids["A"], "2023-06-20", "2024-06-20", 1200_00, amount_months=None, product="core")], at=now,
         on="2024-06-01")  # fmt: skip
    own(ids["A"], mine, now)
    return ids["A"], mine


@pytest.mark.parametrize(("days", "says"), [(0, "open"), (29, "open"), (30, "lost"), (31, "lost")])
def test_everybody_reads_the_days_around_the_end_of_a_grace_alike(
    a: tuple[int, int], now: datetime, days: int, says: str
) -> None:
    found = readings(*a, END + timedelta(days=days), now)
    assert found == dict.fromkeys(found, says)


@pytest.mark.parametrize(("days", "says"), [(31, "open"), (179, "open"), (180, "lost"), (181, "lost")])
def test_a_state_owned_customer_is_on_the_board_as_long_as_its_approval_keeps_it_open(
    a: tuple[int, int], now: datetime, days: int, says: str
) -> None:
    Customer.objects.filter(id=a[0]).update(segment="state_owned")
    PortfolioRow.objects.filter(customer_id=a[0]).update(segment="state_owned")
    step = {"customer_id": a[0], "due_on": date(2024, 7, 1), "amount": 1200_00, "currency": "USD"}
    write_receivables([Incoming("r", {**step, "node": "seal", "node_since_on": date(2024, 7, 1)})],
                      source=SOURCE, at=now)  # fmt: skip
    on = END + timedelta(days=days)
    found = readings(*a, on, now)
    assert found == dict.fromkeys(found, says)
    asked = needs.asked_on(due.view_of(house(), on), Q(), learned=None, first_month=1, at=now)
    assert [one.need for one in asked.values()] == ([Need.LATE] if says == "open" else [])


def test_a_quarter_is_closed_for_forecasts_when_the_longest_grace_in_it_is_over(
    a: tuple[int, int], now: datetime
) -> None:
    Customer.objects.filter(id=a[0]).update(segment="state_owned")
    step = {"customer_id": a[0], "due_on": date(2024, 7, 1), "amount": 1200_00, "currency": "USD"}
    write_receivables([Incoming("r", {**step, "node": "seal", "node_since_on": date(2024, 7, 1)})],
                      source=SOURCE, at=now)  # fmt: skip
    week = weeks_before(fiscal_quarter(END, 1).period, 1)
    for days, is_closed in ((150, False), (180, True)):
        rebuild_movements(on=END + timedelta(days=days))
        assert (week in missing_weeks(END + timedelta(days=days))) is is_closed, days


def test_who_signs_on_the_day_on_which_the_grace_is_over_is_late_and_in_time(a: tuple[int, int], now: datetime) -> None:
    on = END + timedelta(days=30)
    keep([line("b", a[0], on.isoformat(), None, 100_00, product="core")], at=now, on="2024-07-19")
    book = Book(rows=Q(), exchange=Exchange("USD"), as_of=on, switches=PolicySwitches())
    [rated] = renewal_rate.due(book, Period(END, END + timedelta(days=1)), house()).by_customer
    assert rated.term.outcome is Outcome.LATE
    rebuild_movements(on=on)
    assert ledger.balances_before(END + timedelta(days=1), Q(), Exchange("USD")) == {a[0]: Fraction(100_00)}
    keep([line("b", a[0], (on + timedelta(days=1)).isoformat(), None, 100_00, product="core")], at=now)
    [rated] = renewal_rate.due(book, Period(END, END + timedelta(days=1)), house()).by_customer
    assert rated.term.outcome is Outcome.LOST


def test_base_rates_count_a_term_when_its_own_grace_is_over(a: tuple[int, int], now: datetime) -> None:
    Customer.objects.filter(id=a[0]).update(segment="state_owned")
    step = {"customer_id": a[0], "due_on": date(2024, 7, 1), "amount": 1200_00, "currency": "USD"}
    write_receivables([Incoming("r", {**step, "node": "seal", "node_since_on": date(2024, 7, 1)})],
                      source=SOURCE, at=now)  # fmt: skip
    counted = [len(due.ended(due.view_of(house(), END + timedelta(days=days)))) for days in (31, 179, 180)]
    assert counted == [0, 0, 1]
    Customer.objects.filter(id=a[0]).update(segment="")
    counted = [len(due.ended(due.view_of(house(), END + timedelta(days=days)))) for days in (29, 30)]
    assert counted == [0, 1]
