"""The last-minute index: the share of a term's contacts in its last 90 days, as of a day."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from perennial.renewals.calculations.last_minute import LastMinute, last_minute, together

START, DUE = date(2025, 4, 10), date(2026, 4, 10)
BEGINS = date(2026, 1, 10)


def before_due(*days: int) -> list[date]:
    return [DUE - timedelta(days=one) for one in days]


def test_contacts_of_the_last_90_days_against_those_of_the_term() -> None:
    told = last_minute(before_due(300, 91, 90, 60, 1), START, DUE, DUE)
    assert told == LastMinute(3, 5)
    assert told.share == Fraction(3, 5)
    assert not told.is_flagged, "exactly 60 % is not over 60 %"
    assert LastMinute(61, 100).is_flagged


def test_neither_other_terms_nor_days_to_come_count() -> None:
    around = [START - timedelta(days=1), START, DUE, DUE + timedelta(days=3), *before_due(80, 10)]
    assert last_minute(around, START, DUE, DUE + timedelta(days=30)) == LastMinute(2, 3)
    assert last_minute(around, START, DUE, DUE - timedelta(days=50)) == LastMinute(1, 2)
    assert last_minute(around, START, DUE, DUE - timedelta(days=10)) == LastMinute(2, 3), "the day itself counts"


def test_before_the_last_90_days_there_is_no_index_and_without_contacts_no_ratio() -> None:
    assert last_minute(before_due(100), START, DUE, BEGINS - timedelta(days=1)) is None
    assert last_minute(before_due(100), START, DUE, BEGINS) == LastMinute(0, 1)
    nobody = last_minute([], START, DUE, DUE)
    assert nobody is not None
    assert (nobody.share, nobody.is_flagged) == (None, False)


def test_terms_together_are_their_contacts_as_one() -> None:
    assert together([LastMinute(1, 1), LastMinute(0, 9)]).share == Fraction(1, 10)
    assert together([]).share is None
