"""What holds for any portfolio, exactly (analytics 3.1): generated lines, no tolerance."""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from perennial.contracts.calculations.balances import balances_on
from perennial.contracts.calculations.exchange import DatedRates, converted, fx_movements
from perennial.contracts.calculations.grace import Grace, held
from perennial.contracts.calculations.movements import movements
from perennial.contracts.calculations.mrr import Stretch
from perennial.contracts.calculations.mrr import stretches as written
from perennial.contracts.calculations.retention import flow_gross_retention, retention
from perennial.contracts.terms import GAINS, LOSSES, Level, LineTerms, Movement, MovementKind, PolicySwitches
from perennial.kernel.periods import Period, day_before

FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)
USD = DatedRates("USD")
DEFAULT = PolicySwitches(grace_days=0)
days = st.dates(FIRST, LAST)


@st.composite
def line_terms(draw: st.DrawFn, currencies: tuple[str, ...] = ("USD",)) -> LineTerms:
    since = draw(days)
    pause = draw(st.none() | st.tuples(st.integers(1, 60), st.none() | st.integers(1, 120)))
    pauses: tuple[tuple[date, date | None], ...] = ()
    if pause is not None:
        begin = since + timedelta(days=pause[0])
        pauses = ((begin, None if pause[1] is None else begin + timedelta(days=pause[1])),)
    return LineTerms(
        line_key="unnamed",
        customer_id=draw(st.integers(1, 4)),
        product_id=draw(st.none() | st.integers(1, 3)),
        contract_id=draw(st.none() | st.integers(1, 3)),
        currency=draw(st.sampled_from(currencies)),
        amount_minor=draw(st.integers(0, 5000)),
        amount_months=draw(st.sampled_from([1, 3, 7, 12])),
        quantity=draw(st.none() | st.integers(1, 20)),
        starts_on=since,
        ends_on=draw(st.none() | st.integers(1, 400).map(lambda length: since + timedelta(days=length))),
        pauses=pauses,
    )


def portfolios(currencies: tuple[str, ...] = ("USD",)) -> st.SearchStrategy[list[LineTerms]]:
    def named(lines: list[LineTerms]) -> list[LineTerms]:
        return [replace(one, line_key=str(number)) for number, one in enumerate(lines)]

    return st.lists(line_terms(currencies), min_size=1, max_size=14).map(named)


policies = st.builds(
    PolicySwitches,
    classified_by=st.sampled_from(list(Level)),
    product_switch_is_net=st.booleans(),
    grace_days=st.sampled_from([0, 30]),
    reactivation_as_new=st.booleans(),
)


def stretches(lines: Iterable[LineTerms], switches: PolicySwitches, as_of: date | None = None) -> list[Stretch]:
    """Return the stretches with late paper held."""
    return held(written(lines, switches), switches, lambda _: Grace(switches.grace_days), as_of=as_of).stretches


def told(lines: Iterable[LineTerms], switches: PolicySwitches = DEFAULT) -> list[Movement]:
    return movements(stretches(lines, switches), switches)


def total(booked: Iterable[Movement]) -> Fraction:
    return sum((one.amount for one in booked), Fraction(0))


def nameless(booked: Iterable[Movement]) -> list[Movement]:
    """Movements without the names of their lines, which a split changes and nothing else may."""
    return [replace(one, line_keys=()) for one in booked]


def within(booked: Iterable[Movement], since: date, until: date) -> list[Movement]:
    return [one for one in booked if since <= one.on < until]


@given(portfolios(), policies, days, days, st.none() | days)
def test_opening_and_movements_are_the_closing_for_each_unit(
    lines: list[LineTerms], switches: PolicySwitches, one: date, other: date, as_of: date | None
) -> None:
    since, until = min(one, other), max(one, other)
    found = stretches(lines, switches, as_of)
    opening = balances_on(found, day_before(since), USD)
    closing = balances_on(found, day_before(until), USD)
    moved: dict[int, Fraction] = defaultdict(Fraction)
    for movement in within(movements(found, switches), since, until):
        moved[movement.customer_id] += movement.amount
    for customer in range(1, 5):
        unit = (customer, None)
        assert opening.get(unit, 0) + moved[customer] == closing.get(unit, 0)


@given(portfolios(), policies)
def test_gains_are_above_and_losses_below_zero_and_transfers_cancel_out(
    lines: list[LineTerms], switches: PolicySwitches
) -> None:
    transfers: dict[date, Fraction] = defaultdict(Fraction)
    for one in told(lines, switches):
        assert one.amount
        if one.kind in GAINS:
            assert one.amount > 0
        elif one.kind in LOSSES:
            assert one.amount < 0
        else:
            assert one.kind is MovementKind.TRANSFER
            transfers[one.on] += one.amount
    assert not any(transfers.values())


@given(portfolios(), policies, st.randoms(use_true_random=False))
def test_the_order_in_which_lines_are_given_does_not_matter(
    lines: list[LineTerms], switches: PolicySwitches, order: random.Random
) -> None:
    shuffled = list(lines)
    order.shuffle(shuffled)
    assert told(shuffled, switches) == told(lines, switches)


def cut_in_time(line: LineTerms, share: Fraction) -> list[LineTerms]:
    length = (line.ends_on or date(2025, 6, 1)) - line.starts_on
    cut = line.starts_on + timedelta(days=int(length.days * share))
    if cut == line.starts_on:
        return [line]
    first = replace(line, ends_on=cut, pauses=pauses_within(line, line.starts_on, cut))
    return [first, replace(line, line_key=line.line_key + "b", starts_on=cut, renewal_of=line.line_key)]


def pauses_within(line: LineTerms, since: date, until: date) -> tuple[tuple[date, date | None], ...]:
    return tuple((begin, over) for begin, over in line.pauses if begin < until and (over is None or over > since))


def cut_in_quantity(line: LineTerms, share: Fraction) -> list[LineTerms]:
    """Return the line, its amount now that of a unit, as one line or as two that share its quantity."""
    if line.quantity is None:
        return [line]
    some = min(int(line.quantity * share), line.quantity - 1)
    return [
        replace(line, line_key=f"{line.line_key}-{number}", quantity=size, amount_minor=line.amount_minor * size)
        for number, size in enumerate((some, line.quantity - some))
        if size
    ]


@given(portfolios(), st.lists(st.integers(1, 99), max_size=14))
def test_a_line_renewed_on_equal_terms_on_any_day_moves_nothing(lines: list[LineTerms], cuts: list[int]) -> None:
    parts = [part for line, cut in zip(lines, cuts, strict=False) for part in cut_in_time(line, Fraction(cut, 100))]
    parts += lines[len(cuts) :]
    assert nameless(told(parts)) == nameless(told(lines))


@given(portfolios(), st.lists(st.integers(1, 99), min_size=14, max_size=14))
def test_a_line_split_into_two_side_by_side_moves_nothing(lines: list[LineTerms], cuts: list[int]) -> None:
    whole = [replace(one, amount_minor=one.amount_minor * (one.quantity or 1)) for one in lines]
    parts = [part for line, cut in zip(lines, cuts, strict=False) for part in cut_in_quantity(line, Fraction(cut, 100))]
    assert nameless(told(parts)) == nameless(told(whole))


@given(portfolios(), days, days, days)
def test_movements_of_adjoining_periods_add_up_kind_by_kind(
    lines: list[LineTerms], one: date, two: date, three: date
) -> None:
    since, middle, until = sorted((one, two, three))
    found = stretches(lines, DEFAULT)
    rates = USD
    opening = sum(balances_on(found, day_before(since), rates).values(), Fraction(0))
    booked = movements(found, DEFAULT)
    for kind in MovementKind:
        of_kind = [movement for movement in booked if movement.kind is kind]
        parts = total(within(of_kind, since, middle)) + total(within(of_kind, middle, until))
        assert parts == total(within(of_kind, since, until))
    middle_balance = sum(balances_on(found, day_before(middle), rates).values(), Fraction(0))
    assert opening + total(within(booked, since, middle)) == middle_balance


@given(portfolios())
def test_movements_of_every_customer_and_product_sum_to_the_total(lines: list[LineTerms]) -> None:
    booked = told(lines)
    for level in (Level.PRODUCT, Level.CONTRACT):
        apart = told(lines, PolicySwitches(classified_by=level))
        assert total(apart) == total(booked)
    alone = [told([line for line in lines if line.customer_id == customer]) for customer in range(1, 5)]
    assert sorted(map(str, booked)) == sorted(str(one) for own in alone for one in own)


@given(portfolios(), days, days)
def test_retention_lies_in_its_bounds_and_the_movement_view_never_flatters(
    lines: list[LineTerms], one: date, other: date
) -> None:
    since, until = min(one, other), max(one, other)
    found = stretches(lines, DEFAULT)
    opening = balances_on(found, day_before(since), USD)
    kept = retention(opening, balances_on(found, day_before(until), USD))
    flow = flow_gross_retention(kept.opening, within(movements(found, DEFAULT), since, until))
    if kept.gross is None or kept.net is None or kept.logo is None:
        assert not opening
        return
    assert 0 <= kept.gross <= 1
    assert kept.gross <= kept.net
    assert 0 <= kept.logo <= 1
    assert flow is not None
    assert flow <= kept.gross


steps = st.lists(
    st.tuples(days, st.fractions(Fraction(1, 10), 10, max_denominator=100)), max_size=5, unique_by=lambda step: step[0]
)


@given(portfolios(("USD", "EUR", "JPY")), steps, steps, days, days)
def test_with_rates_that_change_opening_movements_and_fx_are_the_closing(
    lines: list[LineTerms],
    euro: list[tuple[date, Fraction]],
    yen: list[tuple[date, Fraction]],
    one: date,
    other: date,
) -> None:
    start = (date(2020, 1, 1), Fraction(1))
    rates = DatedRates("USD", {"EUR": [start, *sorted(euro)], "JPY": [start, *sorted(yen)]})
    since, until = min(one, other), max(one, other)
    if since == until:
        return
    found = stretches(lines, DEFAULT)
    booked = within(converted(movements(found, DEFAULT), rates), since, until)
    opening = sum(balances_on(found, day_before(since), rates).values(), Fraction(0))
    closing = sum(balances_on(found, day_before(until), rates).values(), Fraction(0))
    assert opening + total(booked) + total(fx_movements(found, rates, Period(since, until))) == closing


@given(portfolios(), st.lists(st.integers(0, 13), min_size=1, max_size=6))
def test_lines_that_pass_to_other_customers_move_nothing_in_sum(lines: list[LineTerms], which: list[int]) -> None:
    kept = [replace(one, pauses=(), amount_minor=one.amount_minor + 1) for one in lines]
    chosen = {number % len(kept) for number in which}
    heirs = [
        replace(
            one,
            line_key=one.line_key + "b",
            customer_id=9,
            starts_on=one.ends_on,
            ends_on=None,
            renewal_of=one.line_key,
        )
        for number, one in enumerate(kept)
        if number in chosen and one.ends_on is not None
    ]
    transfers = [one for one in told(kept + heirs) if one.kind is MovementKind.TRANSFER and not one.tags]
    assert total(transfers) == 0
    assert total(told(kept + heirs)) == sum(
        balances_on(stretches(kept + heirs, DEFAULT), date(2030, 1, 1), USD).values()
    )
    assert all(one.kind is not MovementKind.NEW for one in told(kept + heirs) if one.customer_id == 9)
