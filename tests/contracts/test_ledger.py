"""The stored ledger: months that reconcile, scope that totals obey, and RavenStack recounted in SQL over its file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line, own
from tests.contracts.calculations.test_published_subscriptions import HELD, KINDS, RAVENSTACK, held_on, opened

from perennial.contracts import changes, ledger
from perennial.contracts.access import revenue_of
from perennial.contracts.causes import Cause
from perennial.contracts.models import Line
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import MovementKind
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.periods import Period, day_before
from perennial.members.models import Member

pytestmark = pytest.mark.django_db
LAST_DAY = date(2024, 12, 31)
YEAR = Period(date(2024, 1, 1), date(2025, 1, 1))
ALL = Q()
USD = Exchange("USD")


def test_months_reconcile_and_count_who_pays_at_their_end(organisation: None, now: datetime) -> None:
    ids = customers("A", "B", at=now)
    keep(
        [
            line("1", ids["A"], "2023-11-01", None, 100_00),
            line("2", ids["A"], "2024-02-10", None, 33_33),
            line("3", ids["B"], "2024-01-15", "2024-03-01", 50_00),
        ],
        at=now,
    )
    rows = ledger.movement_rows(Period(date(2024, 1, 1), date(2024, 4, 1)), ALL, USD, as_of=LAST_DAY)
    told = [
        (row.opening, {kind.value: n for kind, n in row.movements.items() if n}, row.closing, row.customers)
        for row in rows
    ]
    assert told == [
        (100_00, {"new": 50_00}, 150_00, 2),
        (150_00, {"expansion": 33_33}, 183_33, 2),
        (183_33, {"churn": -50_00}, 133_33, 1),
    ]


def test_printed_months_add_up_where_exact_amounts_do_not_fit_cents(organisation: None, now: datetime) -> None:
    ids = customers("A", "B", "C", at=now)
    thirds = [line(name, customer, f"2024-0{number}-01", None, 100, amount_months=3)
              for number, (name, customer) in enumerate(ids.items(), start=1)]  # fmt: skip
    keep(thirds, at=now)
    rows = ledger.movement_rows(Period(date(2024, 1, 1), date(2024, 4, 1)), ALL, USD, as_of=LAST_DAY)
    assert [row.closing for row in rows] == [33, 67, 100]
    assert [row.opening + sum(row.movements.values()) for row in rows] == [33, 67, 100]


def test_what_lies_after_the_day_has_not_happened(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    keep([line("1", ids["A"], "2024-01-01", "2024-06-20", 100_00)], at=now)
    [june] = ledger.movement_rows(Period(date(2024, 6, 1), date(2024, 7, 1)), ALL, USD, as_of=date(2024, 6, 19))
    assert (june.opening, june.closing, june.customers) == (100_00, 100_00, 1)
    assert changes.changes(june.period, ALL, USD, as_of=date(2024, 6, 19)) == {}


def test_no_movement_is_no_first_day_and_empty_months(organisation: None) -> None:
    assert ledger.first_day(ALL) is None
    [row] = ledger.movement_rows(Period(date(2024, 1, 1), date(2024, 2, 1)), ALL, USD, as_of=LAST_DAY)
    assert (row.opening, row.closing, row.customers) == (0, 0, 0)
    assert ledger.retention(YEAR.since, LAST_DAY, ALL, USD).net is None


def test_retention_looks_at_those_who_paid_at_the_start(organisation: None, now: datetime) -> None:
    ids = customers("stays", "grows", "leaves", "late", at=now)
    keep(
        [
            line("1", ids["stays"], "2023-01-01", None, 100_00),
            line("2", ids["grows"], "2023-01-01", None, 100_00),
            line("3", ids["grows"], "2024-05-01", None, 60_00),
            line("4", ids["leaves"], "2023-01-01", "2024-09-01", 200_00),
            line("5", ids["late"], "2024-03-01", None, 500_00),
        ],
        at=now,
    )
    found = ledger.retention(YEAR.since, LAST_DAY, ALL, USD)
    assert (found.opening, found.kept, found.closing) == (400_00, 200_00, 260_00)
    assert (found.gross, found.net, found.logo) == (Fraction(1, 2), Fraction(13, 20), Fraction(2, 3))
    assert (found.customers, found.customers_kept) == (3, 2)


def test_a_line_counts_on_the_day_it_starts_and_not_on_the_day_it_ends(organisation: None, now: datetime) -> None:
    ids = customers("starts", "ends", at=now)
    keep(
        [
            line("1", ids["starts"], "2024-01-01", None, 100_00),
            line("2", ids["ends"], "2023-01-01", "2024-01-01", 200_00),
        ],
        at=now,
    )
    assert ledger.retention(date(2024, 1, 1), LAST_DAY, ALL, USD).opening == 100_00
    assert ledger.retention(date(2023, 12, 31), date(2024, 1, 1), ALL, USD).closing == 0


def test_changes_name_their_lines_products_and_tags(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    keep(
        [
            line("S-1", ids["A"], "2024-01-01", None, 100_00, product="core"),
            line("S-2", ids["A"], "2024-05-01", None, 60_00, product="plus"),
        ],
        at=now,
    )
    [change] = changes.changes(YEAR, ALL, USD, as_of=LAST_DAY, kind=MovementKind.EXPANSION)[ids["A"]]
    assert (change.on, change.amount, change.tags) == (date(2024, 5, 1), 60_00, ("cross_sell",))
    assert change.causes == (Cause("S-2", "plus"),)
    assert changes.named([ids["A"]], ALL)[ids["A"]].name == "A"


def test_a_csm_sees_the_own_book_and_totals_are_the_sum_over_it(member: Callable[..., int], now: datetime) -> None:
    mine, theirs = member("csm"), member("csm")
    ids = customers("A", "B", "C", at=now)
    for name, owner in (("A", mine), ("B", theirs), ("C", None)):
        own(ids[name], owner, now)
    keep([line(name, ids[name], "2024-02-01", None, 100 * number) for number, name in enumerate("ABC", 1)], at=now)
    scopes = {
        role: revenue_of(Member.objects.get(id=who))
        for role, who in {"mine": mine, "theirs": theirs, "reader": member("reader"), "all": member("analyst")}.items()
    }
    closings = {
        role: ledger.movement_rows(YEAR, rows, USD, as_of=LAST_DAY)[-1].closing for role, rows in scopes.items()
    }
    assert closings == {"mine": 100, "theirs": 200, "reader": 0, "all": 600}
    assert ledger.balances_before(YEAR.until, scopes["mine"], USD) == {ids["A"]: 100}
    assert set(changes.changes(YEAR, scopes["theirs"], USD, as_of=LAST_DAY)) == {ids["B"]}
    assert changes.named(ids.values(), scopes["mine"]).keys() == {ids["A"]}
    assert ledger.retention(date(2024, 3, 1), LAST_DAY, scopes["mine"], USD).opening == 100


def test_forty_customers_cost_as_many_queries_as_one(organisation: None, now: datetime) -> None:
    costs = []
    for many in (1, 40):
        ids = customers(*(f"C{number}" for number in range(many)), at=now)
        keep([line(name, customer, "2024-01-01", None, 100) for name, customer in ids.items()], at=now)
        cost = []
        for read in (
            lambda: ledger.movement_rows(YEAR, ALL, USD, as_of=LAST_DAY),
            lambda: ledger.retention(YEAR.since, LAST_DAY, ALL, USD),
            lambda: changes.changes(YEAR, ALL, USD, as_of=LAST_DAY),
            lambda: ledger.first_day(ALL),
        ):
            with CaptureQueriesContext(connection) as asked:
                read()
            cost.append(len(asked))
        costs.append(cost)
    assert costs == [[3, 3, 2, 1], [3, 3, 2, 1]]  # one asks whether there is a copy in columns


@pytest.fixture
def ravenstack(organisation: None, sample_data: Path, now: datetime) -> Path:
    """Keep RavenStack's 5,000 subscriptions as the import does: MRR in dollars, trials as trials, most open-ended."""
    Organisation.objects.update(policy_switches={"grace_days": 0})  # the recount below knows no late paper
    read = opened(sample_data, RAVENSTACK)
    found = read.execute("SELECT line, customer_id, start_date, end_date, mrr, trial FROM line").fetchall()
    ids = customers(*sorted({f"{row[1]:03}" for row in found}), at=now)
    keep(
        [
            line(key, ids[f"{customer:03}"], starts.isoformat(), ends and ends.isoformat(), mrr,
                 kind="trial" if trial else "recurring")
            for key, customer, starts, ends, mrr, trial in found
        ],
        at=now,
    )  # fmt: skip
    return sample_data


@pytest.mark.sample
def test_ravenstack_months_and_retention_are_what_sql_says(ravenstack: Path) -> None:
    read = opened(ravenstack, RAVENSTACK)
    by_month: dict[date, dict[str, int]] = defaultdict(dict)
    for month, kind, amount in read.execute(KINDS).fetchall():
        by_month[month][kind] = amount
    rows = ledger.movement_rows(Period(date(2023, 1, 1), date(2025, 1, 1)), ALL, USD, as_of=LAST_DAY)
    assert len(rows) == 24
    for row in rows:
        held = held_on(read, day_before(row.period.until))
        assert {kind.value: n for kind, n in row.movements.items() if n} == by_month[row.period.since]
        assert (row.closing, row.customers) == (sum(held.values()), len(held))
        assert row.opening + sum(row.movements.values()) == row.closing
    gross, net, opening, logos, kept = read.execute(
        f"""WITH s AS ({HELD.replace("$1", "$first")}), e AS ({HELD.replace("$1", "$last")})
        SELECT sum(least(e.mrr, s.mrr)), sum(e.mrr), sum(s.mrr), count(*), count(e.mrr)
        FROM s AS s(customer_id, mrr) LEFT JOIN e AS e(customer_id, mrr) USING (customer_id)""",
        {"first": date(2023, 12, 31), "last": LAST_DAY},
    ).fetchall()[0]
    found = ledger.retention(date(2023, 12, 31), LAST_DAY, ALL, USD)
    assert (found.kept, found.closing, found.opening) == (gross, net, opening)
    assert (found.customers, found.customers_kept) == (logos, kept)
    assert found.gross == Fraction(int(gross), int(opening))
    assert Line.objects.current().count() == 5000
