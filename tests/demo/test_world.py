"""The generated companies: the same every time, of the size asked for, invented, with their stories in place."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest

from perennial.contracts.calculations.mrr import mrr_on
from perennial.contracts.terms import LineKind, LineTerms, PolicySwitches
from perennial.demo.actions import COMPANIES
from perennial.demo.calculations import names
from perennial.demo.calculations.rates import worth_on
from perennial.demo.calculations.world import World, world_of
from perennial.demo.stories import STORIES, story

ON = date(2026, 11, 22)
SIZES = pytest.mark.parametrize("key", ["zh", "en"])


def world(key: str, *, customers: int = 60, seed: int = 1, on: date = ON) -> World:
    return world_of(COMPANIES[key], on=on, customers=customers, seed=seed)


def arr_of(made: World) -> Fraction:
    """Return the ARR as the ledger's own arithmetic has it, major units without tax."""
    ids = {account.external_id: number for number, account in enumerate(made.accounts)}
    total = Fraction(0)
    for line in made.papers.lines:
        notice = next((row for row in made.papers.cancellations if row.line == line.external_id), None)
        terms = LineTerms(
            line_key=line.external_id, customer_id=ids[line.customer], currency=line.currency,
            amount_minor=line.amount, amount_months=line.amount_months, starts_on=line.starts_on, ends_on=line.ends_on,
            quantity=line.quantity, kind=LineKind(line.kind), gift_months=line.gift_months, pauses=line.pauses,
            tax_rate=Fraction(line.tax_rate) if line.tax_rate else None,
            amount_includes_tax=line.tax_rate is not None,
            cancelled_on=notice.cancelled_on if notice else None, ceases_on=notice.effective_on if notice else None,
        )  # fmt: skip
        foreign = "" if line.currency == made.company.currency else line.currency
        total += 12 * mrr_on(terms, made.on, PolicySwitches()) * worth_on(made.company, foreign, made.on)
    return total / 100


@SIZES
def test_the_same_seed_makes_the_same_rows_and_another_seed_others(key: str) -> None:
    one, again, other = world(key), world(key), world(key, seed=2)
    assert (one.accounts, one.terms, one.papers, one.dealings, one.targets) == (
        again.accounts, again.terms, again.papers, again.dealings, again.targets
    )  # fmt: skip
    assert one.usage.users == again.usage.users
    for column in ("user", "day", "event", "n", "minute"):
        assert np.array_equal(getattr(one.usage, column), getattr(again.usage, column))
    assert one.accounts != other.accounts


@pytest.mark.parametrize(
    ("key", "customers", "seed", "wanted"),
    [("zh", 1000, 1, 60_000_000), ("en", 1000, 1, 8_000_000), ("zh", 300, 7, 18_000_000), ("en", 60, 3, 480_000)],
)
def test_the_arr_is_the_company_s_within_two_per_cent(key: str, customers: int, seed: int, wanted: int) -> None:
    arr = arr_of(world(key, customers=customers, seed=seed))
    assert abs(arr / wanted - 1) < Fraction(2, 100)


@SIZES
def test_every_customer_has_a_name_of_its_own_and_an_id(key: str) -> None:
    made = world(key, customers=1000)
    assert len(made.accounts) == 1000
    assert len({account.name for account in made.accounts}) == 1000
    assert len({account.external_id for account in made.accounts}) == 1000


@SIZES
def test_everything_is_marked_as_invented(key: str) -> None:
    made = world(key)
    assert "demo" in made.company.name or "演示" in made.company.name
    assert all(person.mail.endswith(".example") for person in made.people)
    assert all(contact.email.endswith(".example") for contact in made.dealings.contacts)
    assert all("nvented" in name or "虚构" in name for name in made.company.resellers)


def test_credit_codes_have_right_check_digits_and_belong_to_no_division() -> None:
    assert names.check_digit("91350100M000100Y4") == "3"  # the standard's own example
    codes = [account.credit_code for account in world("zh", customers=1000).accounts]
    assert len(set(codes)) == 1000
    for code in codes:
        assert code is not None
        assert code[2:8] == "990000"
        assert names.check_digit(code[:17]) == code[17]
    assert {account.credit_code for account in world("en").accounts} == {None}


@SIZES
def test_each_story_has_its_customer_with_the_facts_planted(key: str) -> None:
    made = world(key)
    accounts = {account.external_id: account for account in made.accounts}
    assert {account.external_id: account.name for account in made.accounts if account.external_id in
            {one.external_id for one in STORIES}} == {one.external_id: one.names[key] for one in STORIES}  # fmt: skip
    (gone,) = [
        row for row in made.dealings.contacts if row.customer == story("champion_left").external_id and row.left_on
    ]
    assert (gone.is_champion, gone.left_on) == (True, ON - timedelta(35))
    stuck = [row for row in made.papers.receivables if row.customer == "S02" and row.node]
    assert [(row.node, row.node_since_on, row.due_on) for row in stuck] == [
        ("legal", ON - timedelta(40), ON - timedelta(24))
    ]
    late = accounts[story("late_onboarding").external_id]
    assert (late.first_value_on, ON - late.starts_on) == (None, timedelta(130))
    level_1 = {row.external_id for row in made.dealings.contacts if row.customer == "S05" and row.level == 1}
    met = [row for row in made.dealings.touches if row.customer == "S05"]
    assert max(row.happened_at.date() for row in met if row.contact in level_1) <= ON - timedelta(205)
    assert max(row.happened_at.date() for row in met) >= ON - timedelta(32)
    last_answer = max((row for row in made.dealings.answers if row.customer == "S06"), key=lambda row: row.answered_at)
    assert (last_answer.score, last_answer.answered_at.date()) == (2, ON - timedelta(6))
    assert [row.is_escalated for row in made.dealings.tickets if row.customer == "S06" and row.closed_at is None][-1]
    (lost,) = [row for row in made.papers.cancellations if row.customer == "S07"]
    assert lost.effective_on == accounts["S07"].left_on
    parties = {
        (row.signing, row.customer, row.paying, row.invoiced)
        for row in made.papers.contracts
        if row.customer == "S08-1"
    }
    assert parties == {("S08", "S08-1", "S08-3", "S08-4")}
    assert {account.parent for account in made.accounts if account.external_id.startswith("S08-")} == {"S08"}


@SIZES
def test_all_seats_of_the_seat_limit_story_are_in_use(key: str) -> None:
    made = world(key)
    numbers = [number for number, (customer, _user) in enumerate(made.usage.users) if customer == "S04"]
    recent = (made.usage.day > made.usage.day.max() - 28) & np.isin(made.usage.user, numbers) & (made.usage.event >= 0)
    assert len(numbers) == 24
    assert len(set(made.usage.user[recent].tolist())) >= 23


@SIZES
def test_nothing_happens_on_or_after_the_day_itself(key: str) -> None:
    made = world(key)
    assert max(row.happened_at.date() for row in made.dealings.touches) < ON
    assert max(row.answered_at.date() for row in made.dealings.answers) < ON
    assert max(row.closed_at.date() for row in made.dealings.tickets if row.closed_at) <= ON
    assert all(row.received_on <= ON for row in made.papers.receivables if row.received_on)
    assert all(row.signed_on <= ON for row in made.papers.contracts)
    assert int(made.usage.day.max()) == (ON - date(1970, 1, 1)).days - 1


@SIZES
def test_users_work_on_weekdays_and_rest_on_holidays(key: str) -> None:
    made = world(key)
    by_day = Counter((date(1970, 1, 1) + timedelta(int(day))).weekday() for day in made.usage.day)
    assert by_day[5] + by_day[6] < sum(by_day.values()) * 0.06
    holiday = {"zh": date(2026, 10, 2), "en": date(2025, 11, 27)}[key]
    plain = holiday - timedelta(14)
    counts = Counter(made.usage.day.tolist())
    number = (holiday - date(1970, 1, 1)).days
    assert counts[number] < counts[(plain - date(1970, 1, 1)).days] * 0.3


@pytest.mark.parametrize("on", [date(2026, 1, 31), date(2028, 2, 29), date(2031, 12, 31)])
@SIZES
def test_any_day_can_be_the_day_of_a_demo(key: str, on: date) -> None:
    made = world(key, on=on)
    assert abs(arr_of(made) / (made.company.arr_per_thousand * Fraction(60, 1000)) - 1) < Fraction(2, 100)
    assert all(line.ends_on is None or line.ends_on > line.starts_on for line in made.papers.lines)


def test_too_few_customers_are_refused() -> None:
    with pytest.raises(ValueError, match="40 customers"):
        world("zh", customers=39)


@SIZES
def test_the_steps_of_a_term_s_first_year_make_up_its_price_to_the_cent(key: str) -> None:
    made = world(key, customers=200)
    lines = {line.external_id: line for line in made.papers.lines}
    checked = 0
    for account, terms in zip(made.accounts, made.terms, strict=True):
        if account.term_months != 12 or account.stuck_node is not None:
            continue
        for term in terms:
            paper = f"{account.external_id}-T{term.number}"
            owed = sum(row.amount for row in made.papers.receivables if row.contract == paper)
            parts = [lines[f"{paper}-1"].amount]
            if service := lines.get(f"{paper}-S"):
                parts.append(service.amount)
            if extra := lines.get(f"{paper}-2"):
                assert extra.ends_on is not None
                parts.append(extra.amount * (extra.ends_on - extra.starts_on).days // 365)
            assert owed == sum(parts), paper
            checked += 1
    assert checked > 150


@SIZES
def test_who_left_paid_later_than_who_stayed(key: str) -> None:
    made = world(key, customers=1000)
    accounts = {account.external_id: account for account in made.accounts}
    late: dict[bool, list[int]] = {True: [], False: []}
    open_past = Counter[bool]()
    for row in made.papers.receivables:
        has_left = accounts[row.customer].left_on is not None
        if row.received_on and row.received_amount == row.amount:
            late[has_left].append((row.received_on - row.due_on).days)
        elif row.due_on < ON - timedelta(14):
            open_past[has_left] += 1
    assert sum(late[True]) / len(late[True]) > sum(late[False]) / len(late[False]) + 2
    steps = Counter(accounts[row.customer].left_on is not None for row in made.papers.receivables)
    assert open_past[True] / steps[True] > open_past[False] / steps[False]
    partly = [row for row in made.papers.receivables if 0 < row.received_amount < row.amount]
    assert len(partly) >= 3


@SIZES
def test_a_few_customers_pay_in_another_currency_that_has_a_rate_on_each_day_on_which_it_is_owed(key: str) -> None:
    made = world(key, customers=1000)
    foreign = [line for line in made.papers.lines if line.currency != made.company.currency]
    assert 10 <= len({line.customer for line in foreign}) <= 40
    assert min(line.starts_on for line in foreign) >= min(row.on for row in made.money.rates)
    assert len({row.on for row in made.money.rates}) == len(made.money.rates)


@SIZES
def test_winning_a_customer_cost_less_than_it_pays_and_more_than_nothing(key: str) -> None:
    made = world(key, customers=1000)
    year = [row for row in made.money.spend if row.month >= date(2025, 8, 1) and row.month < date(2026, 8, 1)]
    spent = sum(row.amount for row in year)
    assert {row.channel for row in year} >= set(made.company.channels)
    arr = made.company.arr_per_thousand * 100
    assert arr // 50 < spent < arr // 2
