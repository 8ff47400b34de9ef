"""Whether money came in time, worked by hand."""

from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from perennial.contracts.calculations.receipts import Part, Settled
from perennial.contracts.calculations.timeliness import Timely, timely

LAST, ON = date(2026, 3, 10), date(2026, 3, 31)


def test_a_step_paid_in_part_in_time_in_part_late_and_in_part_not_yet() -> None:
    """Golden: of 1000, 400 on the last day, 300 ten days late, 100 written off, 200 owed for 21 days."""
    came = Settled((Part(date(2026, 3, 20), 300), Part(LAST, 400)), (Part(date(2026, 3, 25), 100),))
    found = timely(1000, LAST, came, ON)
    assert found == Timely(400, 300, 200, 100, late_days=3000, owed_days=4200)
    assert (found.due, found.share, found.average, found.open_average) == (1000, Fraction(2, 5), Fraction(30, 7), 21)
    twice = found + timely(100, LAST, Settled((Part(LAST, 100),)), ON)
    assert (twice.due, twice.average) == (1100, Fraction(3000, 800))


def test_what_is_too_much_red_or_still_to_come_counts_for_nothing() -> None:
    assert timely(100, LAST, Settled((Part(LAST, 130),)), ON) == Timely(on_time=100)
    assert timely(-100, LAST, Settled((Part(LAST, -100),)), ON) == Timely()
    assert timely(100, LAST, Settled((Part(date(2026, 4, 2), 100),)), ON) == Timely(owed=100, owed_days=2100)
    assert (Timely().share, Timely().average, Timely().open_average) == (None, None, None)


DAYS = st.dates(date(2026, 1, 1), date(2026, 5, 1))
PARTS = st.lists(st.builds(Part, DAYS, st.integers(-500, 1500)), max_size=5).map(tuple)


@given(st.integers(0, 2000), DAYS, PARTS, PARTS, DAYS)
def test_the_parts_are_always_all_that_fell_due_and_none_is_below_zero(
    amount: int, last: date, received: tuple[Part, ...], off: tuple[Part, ...], on: date
) -> None:
    found = timely(amount, last, Settled(received, off), on)
    assert found.due == amount
    assert min(found.on_time, found.late, found.owed, found.written_off, found.late_days, found.owed_days) >= 0
