"""What became of terms that came to their end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from fractions import Fraction

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line, own

from perennial.contracts.access import facts_of, revenue_of
from perennial.customers import merging
from perennial.kernel.organisation.models import Organisation
from perennial.members.models import Member
from perennial.renewals import queries
from perennial.renewals.calculations.outcomes import rate_of
from perennial.renewals.terms import Due, Outcome

pytestmark = pytest.mark.django_db
JANUARY = (date(2025, 1, 1), date(2025, 2, 1))
ALL = Q()


def told(on: date) -> dict[int, tuple[Outcome, Fraction, Fraction]]:
    found = queries.due_in(*JANUARY, ALL, on=on)
    return {one.customer_id: (one.outcome, one.arr, one.renewed) for one in found}


def test_each_outcome_is_told_by_when_the_follower_was_agreed(organisation: None, now: datetime) -> None:
    names = ("early", "on time", "late", "too late", "silent", "cancelled")
    ids = customers(*names, at=now)
    terms = [line(name, ids[name], "2024-01-10", "2025-01-10", 100) for name in names]
    terms[-1] = line("cancelled", ids["cancelled"], "2024-01-10", "2025-01-10", 100, cancelled_on=date(2024, 12, 1))
    after = [
        line(f"{name} 2", ids[name], "2025-01-10", "2026-01-10", 120, renewal_of_external_id=name)
        for name in ("early", "on time", "late", "too late")
    ]
    signed = {"early 2": "2024-10-01", "on time 2": "2025-01-10", "late 2": "2025-02-09", "too late 2": "2025-02-10"}
    keep([*terms, *after], at=now, signed=signed)
    assert told(date(2025, 3, 1)) == {
        ids["early"]: (Outcome.EARLY, 1200, 1440),
        ids["on time"]: (Outcome.ON_TIME, 1200, 1440),
        ids["late"]: (Outcome.LATE, 1200, 1440),
        ids["too late"]: (Outcome.LOST, 1200, 0),
        ids["silent"]: (Outcome.LOST, 1200, 0),
        ids["cancelled"]: (Outcome.LOST, 1200, 0),
    }
    before = told(date(2024, 12, 15))
    assert [name for name in names if before[ids[name]][0] is Outcome.OPEN] == ["on time", "late", "too late", "silent"]
    assert told(date(2025, 2, 8))[ids["silent"]][0] is Outcome.OPEN
    assert told(date(2025, 2, 9))[ids["silent"]][0] is Outcome.LOST, "on that day the ledger has the churn"


def test_terms_of_one_day_are_one_renewal_and_a_follower_counts_once(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    keep(
        [
            line("1", ids["A"], "2024-01-10", "2025-01-10", 100, product="core"),
            line("2", ids["A"], "2024-03-10", "2025-01-10", 50, product="plus"),
            line("3", ids["A"], "2024-01-20", "2025-01-20", 10, product="core"),
            line("4", ids["A"], "2025-01-20", None, 130, product="core"),
            line("5", ids["A"], "2025-01-15", None, 70, product="other"),
        ],
        at=now,
    )
    found = queries.due_in(*JANUARY, ALL, on=date(2025, 3, 1))
    assert [(one.due_on.day, one.arr, one.renewed, one.outcome) for one in found] == [
        (10, 1800, 1560, Outcome.LATE),
        (20, 120, 0, Outcome.LOST),
    ]


def test_open_ended_and_monthly_lines_are_never_due_but_reviewed_every_year(organisation: None, now: datetime) -> None:
    ids = customers("A", "B", "C", at=now)
    keep(
        [
            line("1", ids["A"], "2022-01-15", None, 100),
            line("2", ids["B"], "2024-12-20", "2025-01-20", 100),
            line("3", ids["C"], "2022-01-15", None, 100, cancelled_on=date(2024, 6, 1)),
            line("4", ids["C"], "2025-01-03", None, 100),
        ],
        at=now,
    )
    assert queries.due_in(*JANUARY, ALL, on=date(2025, 3, 1)) == []
    reviews = queries.reviews_in(*JANUARY, ALL)
    assert [(one.customer_id, one.on, one.arr) for one in reviews] == [(ids["A"], date(2025, 1, 15), 1200)]
    [first] = queries.reviews_in(date(2023, 1, 15), date(2023, 1, 16), Q(customer_id=ids["A"]))
    assert first.on == date(2023, 1, 15)
    assert queries.reviews_in(date(2022, 1, 1), date(2022, 2, 1), ALL) == []


def test_a_csm_sees_the_renewals_of_the_own_book(member: Callable[..., int], now: datetime) -> None:
    mine = member("csm")
    ids = customers("A", "B", at=now)
    own(ids["A"], mine, now)
    own(ids["B"], None, now)
    keep([line(name, ids[name], "2024-01-10", "2025-01-10", 100) for name in ids], at=now)
    rows = revenue_of(Member.objects.get(id=mine))
    assert [one.customer_id for one in queries.due_in(*JANUARY, rows, on=date(2024, 6, 1))] == [ids["A"]]


def test_a_term_of_an_entry_that_was_merged_counts_for_the_customer_that_it_became(
    member: Callable[..., int], now: datetime
) -> None:
    mine = member("csm")
    ids = customers("Kept", "Gone", at=now)
    own(ids["Kept"], mine, now)
    keep([line("1", ids["Gone"], "2024-01-10", "2025-01-10", 100), line("2", ids["Kept"], "2025-01-10", None, 130)],
         at=now)  # fmt: skip
    merging.merge(customer_id=ids["Gone"], into=ids["Kept"], by=None, at=now)
    [found] = queries.due_in(*JANUARY, facts_of(Member.objects.get(id=mine)), on=date(2025, 3, 1))
    assert (found.customer_id, found.outcome, found.renewed) == (ids["Kept"], Outcome.ON_TIME, 1560)
    assert queries.due_in(*JANUARY, facts_of(Member.objects.get(id=member("csm"))), on=date(2025, 3, 1)) == []
    reader = Member.objects.get(id=member("reader"))
    assert queries.due_in(*JANUARY, facts_of(reader), on=date(2025, 3, 1)) == []


def test_an_end_amid_a_month_is_due_only_where_it_was_agreed_or_the_organisation_says_so(
    organisation: None, now: datetime
) -> None:
    ids = customers("A", "B", at=now)
    keep(
        [
            line("stopped", ids["A"], "2024-03-03", "2025-01-20", 100),
            line("agreed", ids["B"], "2024-03-03", "2025-01-20", 100),
            line("renewal", ids["B"], "2025-01-20", None, 100, renewal_of_external_id="agreed"),
        ],
        at=now,
    )
    assert [one.customer_id for one in queries.due_in(*JANUARY, ALL, on=date(2025, 3, 1))] == [ids["B"]]
    Organisation.objects.update(policy_switches={"odd_end": "due"})
    assert [one.outcome for one in queries.due_in(*JANUARY, ALL, on=date(2025, 3, 1))] == [
        Outcome.LOST, Outcome.ON_TIME,
    ]  # fmt: skip


def test_paper_may_be_late_as_long_as_the_grace_of_its_customer(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    keep([line("1", ids["A"], "2024-01-10", "2025-01-10", 100), line("2", ids["A"], "2025-02-20", None, 100)], at=now)
    assert [one.outcome for one in queries.due_in(*JANUARY, ALL, on=date(2025, 3, 1))] == [Outcome.LOST]
    Organisation.objects.update(policy_switches={"grace_days": 45})
    assert [one.outcome for one in queries.due_in(*JANUARY, ALL, on=date(2025, 3, 1))] == [Outcome.LATE]
    assert [one.outcome for one in queries.due_in(*JANUARY, ALL, on=date(2025, 2, 15))] == [Outcome.LATE]


def due(outcome: Outcome, arr: int, renewed: int) -> Due:
    return Due(1, date(2025, 1, 10), Fraction(arr), Fraction(renewed), None, outcome, (), date(2024, 1, 10),
               date(2025, 2, 9))  # fmt: skip


def test_the_rate_is_bounded_by_what_is_still_open() -> None:
    rate = rate_of([due(Outcome.ON_TIME, 100, 130), due(Outcome.LATE, 100, 60), due(Outcome.LOST, 100, 0),
                    due(Outcome.OPEN, 100, 0)])  # fmt: skip
    assert (rate.dollar, rate.net, rate.logo) == (Fraction(160, 400), Fraction(190, 400), Fraction(2, 4))
    assert (rate.highest, rate.resolved) == (Fraction(260, 400), Fraction(300, 400))
    nothing = rate_of([])
    assert (nothing.dollar, nothing.net, nothing.logo, nothing.highest, nothing.resolved) == (None,) * 5


def test_forty_renewals_cost_as_many_queries_as_one(organisation: None, now: datetime) -> None:
    costs = []
    for many in (1, 40):
        ids = customers(*(f"C{number}" for number in range(many)), at=now)
        keep([line(name, customer, "2024-01-10", "2025-01-10", 100) for name, customer in ids.items()], at=now)
        with CaptureQueriesContext(connection) as asked:
            assert len(queries.due_in(*JANUARY, ALL, on=date(2025, 1, 1))) == many
        costs.append(len(asked))
    assert costs == [8, 8]
