"""The seats of several customers together."""

from __future__ import annotations

from perennial.usage.calculations.seats import together


def test_seats_that_are_known_are_added_day_by_day_without_a_gap() -> None:
    found = together([[(0, 10, 5)], [(4, 99, 2), (99, 120, 7)]], from_day=2, until_day=100)
    assert found == [(2, 4, 5), (4, 10, 7), (10, 99, 2), (99, 100, 7)]


def test_days_of_which_nobody_knows_seats_are_unknown_and_who_does_not_know_adds_none() -> None:
    assert together([[(0, 10, None)], [(3, 5, 1)]], from_day=0, until_day=6) == [(0, 3, None), (3, 5, 1), (5, 6, None)]
    assert together([], from_day=0, until_day=2) == [(0, 2, None)]
