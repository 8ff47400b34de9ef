"""The ledger's copy in columns says what the records say, to the last fraction: whoever asks, whatever changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line, own
from tests.contracts.test_rates import quoted, rated

from perennial.contracts import columns, ledger, ledger_files, under_terms
from perennial.contracts.access import facts_of, revenue_of
from perennial.contracts.actions import rebuild_movements
from perennial.contracts.calculations.exchange import Quote
from perennial.contracts.columns import Seen
from perennial.contracts.models import LedgerChange, LedgerColumns, Movement
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import PolicySwitches
from perennial.customers.merging import merge
from perennial.customers.models import PortfolioRow
from perennial.kernel.money import round_half_even
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import Period, add_months
from perennial.members.models import Member
from perennial.pages.revenue import tables
from perennial.reports import retention_by, revenue, revenue_behind
from perennial.reports.retention_by import Dimension
from perennial.reports.revenue import Book
from perennial.reports.revenue_figures import FIGURES, RATES, TERMS

pytestmark = pytest.mark.django_db
SPAN = Period(date(2023, 11, 1), date(2025, 2, 1))
YEAR = Period(date(2023, 12, 31), date(2024, 12, 31))
MONTHS = Period(date(2024, 1, 1), date(2024, 9, 1))
CURRENCIES = [["USD"], ["USD"], ["EUR"], ["USD", "EUR"], ["JPY"]]


def random_lines(chance: Random, ids: list[int], mark: str, first: date = date(2023, 6, 1)) -> list[Any]:
    """Lines of few or several currencies and terms whose parts are no cents; some begin before, end within, overlap."""
    found = []
    for customer_id in ids:
        currencies = chance.choice(CURRENCIES)
        for number in range(chance.randrange(0, 4)):
            since = first + timedelta(days=chance.randrange(560))
            until = since + timedelta(days=chance.randrange(1, 500)) if chance.random() < 0.6 else None
            months = {"amount_months": chance.choice([1, 1, 7, 12, None if until else 1])}
            found.append(line(f"{mark}{customer_id}-{number}", customer_id, since.isoformat(),
                              until and until.isoformat(), chance.choice([99, 10_001, 123_456_789_012]),
                              currency=chance.choice(currencies), product=chance.choice(["core", "plus"]),
                              **months))  # fmt: skip
    return found


def plant(seed: int, member: Callable[..., int], now: datetime) -> tuple[Random, list[int], list[int]]:
    chance = Random(seed)
    rated(Quote("EUR", "USD", date(2023, 1, 1), Fraction("1.05")), at=now)
    rated(Quote("JPY", "USD", date(2023, 1, 1), Fraction("0.0075")), at=now)
    rated(*quoted("EUR", "USD", m1="1.1", m3="1.25", m9="0.9"), *quoted("JPY", "USD", m1="0.007", m8="0.0065"), at=now)
    csms = [member("csm"), member("csm")]
    ids = list(customers(*(f"C{number:03}" for number in range(14)), at=now).values())
    for customer_id in ids[:-1]:
        own(customer_id, chance.choice([*csms, None]), now)
        PortfolioRow.objects.filter(customer_id=customer_id).update(
            segment=chance.choice(["Bank", "Retail", "", None]), tier=chance.choice(["smb", "big", None])
        )
    keep(random_lines(chance, ids, "a"), at=now)
    return chance, ids, csms


def scopes(csms: list[int]) -> list[Q]:
    own_of, team = Member.objects.get(id=csms[0]), Member.objects.get(id=csms[1])
    retail = Q(customer__portfolio__segment="Retail")
    return [Q(), revenue_of(own_of), retail, revenue_of(team) & retail, revenue_of(own_of) | retail,
            ~Q(customer__portfolio__segment="Retail"), Q(customer__portfolio__segment="Nobody")]  # fmt: skip


def told(rows: Q, exchange: Exchange, as_of: date, *, by_columns: bool) -> list[Any]:
    book = Book(rows=rows, exchange=exchange, as_of=as_of, switches=PolicySwitches())
    book.__dict__["seen"] = columns.seen(rows) if by_columns else Seen(rows, rows)
    assert bool(book.seen.parts) is by_columns
    return [
        revenue.movements(book, SPAN), revenue.retention(book, YEAR), ledger.first_day(book.seen),
        revenue.has_others(book),
        *(retention_by.told(book, YEAR, one) for one in (Dimension.TIER, Dimension.SEGMENT, Dimension.OWNER,
                                                         Dimension.PRODUCT)),
    ]  # fmt: skip


def lists(book: Book) -> list[Any]:
    """The customers behind every figure and behind every part's rate, the first few of them with names and movements;
    and all of it as a file."""
    apart = [retention_by.told(book, YEAR, one) for one in (Dimension.SEGMENT, Dimension.PRODUCT)]
    found = [
        *((one, revenue_behind.behind(book, one, YEAR if one.is_rate else MONTHS)) for one in FIGURES.values()
          if one.key not in {*TERMS, "in_grace"}),
        *((one, retention_by.behind(book, one, YEAR, told, part)) for told in apart for part in told.parts
          for one in RATES),
    ]  # fmt: skip
    return [
        (figure.key, one.ids.tolist(), one.total, one.first(3), tables.sheet_of_customers(one.first(), figure, book))
        for figure, one in found
    ]


def agree(csms: list[int]) -> None:
    for rows in scopes(csms):
        for exchange in (Exchange("USD"), Exchange("USD", fixed_on=date(2024, 6, 30))):
            for as_of in (date(2024, 12, 31), date(2024, 5, 17)):
                assert told(rows, exchange, as_of, by_columns=True) == told(rows, exchange, as_of, by_columns=False)


@pytest.mark.parametrize("seed", range(12))
def test_columns_say_what_the_records_say_also_of_what_changed_since(
    member: Callable[..., int], now: datetime, seed: int
) -> None:
    chance, ids, csms = plant(seed, member, now)
    assert columns.make(at=now, least=1) > 0
    agree(csms)
    keep(random_lines(chance, chance.sample(ids, 3), "b"), at=now)
    PortfolioRow.objects.filter(customer_id=ids[0]).update(segment="Retail", owner_id=csms[1])
    merge(customer_id=ids[1], into=ids[2], by=None, at=now)
    keep(random_lines(chance, [ids[5]], "c"), at=now)
    assert LedgerChange.objects.exists()
    agree(csms)
    assert columns.make(at=now, least=1) > 0
    assert not LedgerChange.objects.exists()
    agree(csms)


@pytest.mark.parametrize("seed", range(20, 25))
def test_lists_by_columns_are_those_of_the_records_also_of_who_changed_since(
    member: Callable[..., int], now: datetime, seed: int
) -> None:
    chance, ids, csms = plant(seed, member, now)
    assert columns.make(at=now, least=1) > 0
    keep(random_lines(chance, chance.sample(ids, 3), "b"), at=now)
    merge(customer_id=ids[1], into=ids[2], by=None, at=now)
    assert LedgerChange.objects.exists()
    for rows, fixed_on in ((scopes(csms)[0], None), (scopes(csms)[1], None), (scopes(csms)[0], date(2024, 6, 30))):
        of = [Book(rows=rows, exchange=Exchange("USD", fixed_on=fixed_on), as_of=date(2024, 8, 17),
                   switches=PolicySwitches()) for _ in range(2)]  # fmt: skip
        of[1].__dict__["seen"] = Seen(rows, rows)
        assert of[0].seen.parts
        assert lists(of[0]) == lists(of[1])


@pytest.mark.parametrize("seed", range(30, 36))
def test_what_is_under_terms_by_columns_is_what_the_lines_say_also_of_who_changed_since(
    member: Callable[..., int], now: datetime, seed: int
) -> None:
    chance, ids, csms = plant(seed, member, now)
    today = house().today(now)
    keep(random_lines(chance, ids, "l", today - timedelta(days=700)) + yearly(chance, ids, "y", today), at=now,
         on=today.isoformat())  # fmt: skip
    assert columns.make(at=now, least=1) > 0
    same_under_terms(csms, today)
    keep(random_lines(chance, chance.sample(ids, 4), "m", today - timedelta(days=600)) + yearly(
        chance, chance.sample(ids, 4), "z", today), at=now, on=today.isoformat())  # fmt: skip
    merge(customer_id=ids[1], into=ids[2], by=None, at=now)
    rebuild_movements(on=today)
    assert LedgerChange.objects.exists()
    same_under_terms(csms, today)
    assert columns.make(at=now, least=1) > 0 and not LedgerChange.objects.exists()
    same_under_terms(csms, today)


def yearly(chance: Random, ids: list[int], mark: str, today: date) -> list[Any]:
    """Terms of a year, some of which ended lately, so that grace holds them."""
    starts = {one: today - timedelta(days=chance.randrange(420)) for one in ids}
    return [line(f"{mark}{one}", one, since.isoformat(), add_months(since, 12).isoformat(), 100_01, amount_months=7)
            for one, since in starts.items()]  # fmt: skip


def same_under_terms(csms: list[int], today: date) -> None:
    """Hold both ways of telling what is under terms against each other, for all and for a CSM, and against the MRR."""
    one_of = Member.objects.get(id=csms[0])
    for rows, lines in ((Q(), Q()), (revenue_of(one_of), facts_of(one_of))):
        book = Book(rows=rows, exchange=Exchange("USD"), as_of=today, switches=PolicySwitches(), lines=lines)
        for day in (today, today - timedelta(days=200)):
            by_columns = under_terms.split(day, lines, book.exchange, as_of=today, ledger=rows)
            by_lines = under_terms.split(day, lines, book.exchange, as_of=today)
            assert len(by_columns.terms.ids) or day < today or rows
            assert not len(by_lines.terms.ids)
            for name in ("terms", "others"):
                one, other = getattr(by_columns, name), getattr(by_lines, name)
                whole = round_half_even(other.total())
                assert one.total() == other.total() and one.customers.tolist() == other.customers.tolist()
                assert one.printed(whole).tolist() == other.printed(whole).tolist()
            assert by_columns.term + by_columns.open == sum(book.balances_on(day).values(), Fraction(0))


def test_who_pays_in_several_currencies_stands_apart(organisation: None, now: datetime) -> None:
    rated(*quoted("EUR", "USD", m1="1.1"), at=now)
    ids = customers("one", "two", at=now)
    keep([line("1", ids["one"], "2024-01-01", None, 100), line("2", ids["two"], "2024-01-01", None, 100),
          line("3", ids["two"], "2024-02-01", None, 100, currency="EUR")], at=now)  # fmt: skip
    assert columns.make(at=now, least=1) == 3
    [(_sign, part)] = columns.seen(Q()).parts
    assert part.rows.ids.tolist() == [ids["one"]] and {row[0] for row in part.loose.rows} == {ids["two"]}


def test_a_small_ledger_has_no_copy_and_forgets_its_changes(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    keep([line("1", ids["A"], "2024-01-01", None, 100)], at=now)
    columns.make(at=now, least=1)
    keep([line("2", ids["A"], "2024-02-01", None, 100)], at=now)
    assert columns.make(at=now) == 0
    assert not LedgerColumns.objects.exists() and not LedgerChange.objects.exists()
    assert columns.seen(Q()).parts == ()
    assert list(ledger_files.folder().iterdir()) == []


def test_nothing_is_made_where_nothing_changed_and_a_file_that_is_gone_is(organisation: None, now: datetime) -> None:
    ids = customers("A", at=now)
    keep([line("1", ids["A"], "2024-01-01", None, 100)], at=now)
    assert columns.make(at=now, least=1) == 1
    assert columns.make(at=now, least=1) == 0
    for file in ledger_files.folder().iterdir():
        file.unlink()
    ledger_files.opened.cache_clear()  # another process, which never opened it
    assert columns.seen(Q()) == Seen(Q(), Q())
    assert columns.make(at=now, least=1) == 1
    assert columns.seen(Q()).parts


def test_who_comes_second_leaves_the_columns_of_who_came_first(
    organisation: None, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = customers("A", at=now)
    keep([line("1", ids["A"], "2024-01-01", None, 100)], at=now)
    columns.make(at=now, least=1)
    keep([line("2", ids["A"], "2024-02-01", None, 100)], at=now)
    write = columns._write

    def meanwhile(path: Path) -> int:
        count = write(path)
        monkeypatch.setattr(columns, "_write", write)
        keep([line("3", ids["A"], "2024-03-01", None, 100)], at=now)
        assert columns.make(at=now, least=1) == 3
        return count

    monkeypatch.setattr(columns, "_write", meanwhile)
    assert columns.make(at=now, least=1) == 0
    [row] = ledger.movement_rows(Period(date(2024, 3, 1), date(2024, 4, 1)), Q(), Exchange("USD"), as_of=YEAR.until)
    assert row.closing == 300


def test_what_is_written_while_the_columns_are_made_is_asked_of_the_records(
    organisation: None, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = customers("A", at=now)
    keep([line("1", ids["A"], "2024-01-01", None, 100)], at=now)
    write = columns._write

    def then(path: Path) -> int:
        count = write(path)
        keep([line("2", ids["A"], "2024-02-01", None, 100)], at=now)
        return count

    monkeypatch.setattr(columns, "_write", then)
    assert columns.make(at=now, least=1) == 1
    assert columns.seen(Q()).rest == Q(customer_id__in=[ids["A"]])


def test_a_scope_that_is_no_question_of_the_portfolio_is_asked_of_the_records(organisation: None) -> None:
    assert columns.of_portfolio(Q(pk__in=())) is None
    assert columns.of_portfolio(Q(customer__portfolio__owner_id=1) & Q(kind="new")) is None
    assert columns.of_portfolio(~Q(customer__portfolio__owner_id=1)) == ~Q(owner_id=1)


def test_forty_customers_cost_as_many_queries_as_one(organisation: None, now: datetime) -> None:
    costs = []
    for count in (1, 40):
        ids = customers(*(f"C{number}" for number in range(count)), at=now)
        keep([line(name, customer, "2024-01-01", None, 100) for name, customer in ids.items()], at=now)
        columns.make(at=now, least=1)
        cost = []
        for rows in (Q(), Q(customer__portfolio__segment="Bank")):
            with CaptureQueriesContext(connection) as asked:
                ledger.movement_rows(SPAN, rows, Exchange("USD"), as_of=YEAR.until)
            cost.append(len(asked))
        costs.append(cost)
    assert costs == [[1, 2], [1, 2]]
    assert Movement.objects.count() == 40
