"""The printed ledger adds up."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.calculations.lines import day

from perennial.contracts.calculations.waterfall import waterfall
from perennial.contracts.terms import Movement, MovementKind
from perennial.kernel.money import round_half_even
from perennial.kernel.periods import Period, months_of

YEAR = list(months_of(Period(date(2024, 1, 1), date(2025, 1, 1))))
amounts = st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=360)


def movement(on: str, kind: str, amount: str) -> Movement:
    return Movement(
        customer_id=1, product_id=1, on=day(on), kind=MovementKind(kind), amount=Fraction(amount), currency="USD"
    )


def test_thirds_are_printed_so_that_every_row_adds_up_and_hands_over_its_closing() -> None:
    booked = [
        movement("2024-01-31", "new", "100/3"),
        movement("2024-01-01", "expansion", "100/3"),
        movement("2024-02-01", "new", "100/3"),
        movement("2024-02-29", "churn", "-50/3"),
        movement("2023-12-31", "new", "999"),
        movement("2024-03-01", "new", "999"),
    ]
    january, february = waterfall(Fraction(0), booked, YEAR[:2])
    assert (january.opening, january.closing) == (0, 67)
    assert {kind.value: amount for kind, amount in january.movements.items() if amount} == {"new": 34, "expansion": 33}
    assert (february.opening, february.closing) == (67, 83)
    assert {kind.value: amount for kind, amount in february.movements.items() if amount} == {"new": 33, "churn": -17}
    assert list(january.movements) == list(MovementKind)


def test_a_month_in_which_nothing_moved_is_a_row_of_noughts() -> None:
    [row] = waterfall(Fraction(7, 2), [], YEAR[:1])
    assert (row.opening, row.closing, set(row.movements.values())) == (4, 4, {0})


def test_periods_with_a_gap_between_them_are_refused() -> None:
    with pytest.raises(ValueError, match="does not follow"):
        waterfall(Fraction(0), [], [YEAR[0], YEAR[2]])


@given(
    amounts,
    st.lists(st.tuples(st.dates(date(2024, 1, 1), date(2024, 12, 31)), st.sampled_from(list(MovementKind)), amounts)),
)
def test_any_year_adds_up_on_paper(opening: Fraction, events: list[tuple[date, MovementKind, Fraction]]) -> None:
    booked = [movement(on.isoformat(), kind.value, str(amount)) for on, kind, amount in events]
    rows = waterfall(opening, booked, YEAR)
    for row in rows:
        assert row.opening + sum(row.movements.values()) == row.closing
    assert [row.closing for row in rows[:-1]] == [row.opening for row in rows[1:]]
    assert rows[0].opening == round_half_even(opening)
    assert rows[-1].closing == round_half_even(opening + sum(amount for _, _, amount in events))
