"""From raw values to points, and from age to trust."""

from math import nan

import numpy as np
import pytest

from perennial.blueprint import queries
from perennial.health.calculations.curves import points_of, trust_of
from perennial.health.terms import MILLION

MEASURES = {measure.key: measure for measure in queries.scorecard().measures}
CHAMPION_GAP = ((0.0, 100.0), (3.0, 70.0), (8.0, 0.0))


def z(value: float, points: tuple[tuple[float, float], ...]) -> float:
    return float(points_of(np.array([value]), points)[0]) / MILLION


@pytest.mark.parametrize(
    ("key", "value", "points"),
    [
        ("seats_used_28d", 0.5, 70),
        ("seats_used_28d", 0.35, 50),
        ("seats_used_28d", 1.3, 100),
        ("trend_28d", 1, 60),
        ("days_since_last", 14, 40),
        ("nps", 9, 85),
        ("nps", 6.5, 42.5),
        ("overdue_days", -5, 100),
        ("overdue_days", 45, 45),
    ],
)
def test_the_golden_points_of_the_curves_that_ship(key: str, value: float, points: float) -> None:
    assert z(value, MEASURES[key].points) == points


def test_a_gap_of_three_weeks_is_seventy_points_on_the_champions_curve() -> None:
    assert z(3, CHAMPION_GAP) == 70


def test_an_unknown_value_gives_no_points_and_no_trust() -> None:
    values = np.array([nan, 5.0, 5.0, 5.0])
    ages = np.array([0.0, nan, -1.0, 0.0])
    assert points_of(values, MEASURES["nps"].points)[0] == 0
    assert trust_of(values, ages, MEASURES["nps"]).tolist() == [0, 0, 0, MILLION]


def test_trust_is_whole_while_fresh_and_gone_at_the_largest_age() -> None:
    ages = np.array([0, 90, 91, 180, 269, 270, 900], dtype=float)
    trust = trust_of(np.full(7, 9.0), ages, MEASURES["nps"])
    assert trust.tolist() == [MILLION, MILLION, 994_444, 500_000, 5_556, 0, 0]
