"""What changed a score since an earlier day: the causes add up to the difference, whatever changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.books import SOURCE
from tests.health import test_cards
from tests.health.test_cards import BANKS, EARLY, ON, PAYMENT, TICKETS, measure, one, several
from tests.health.test_scoring import card_of, fleet
from tests.health.test_scoring import measure as plain

from perennial.blueprint.terms import MissingPolicy, Scorecard
from perennial.health import actions, queries
from perennial.health.calculations.printing import print_fleet
from perennial.health.calculations.scoring import score_fleet, week_of
from perennial.health.calculations.since import Side, moved
from perennial.health.since import since
from perennial.health.terms import Cause, Moved
from perennial.kernel.versions import Incoming
from perennial.support.actions import write_tickets

ids, put = test_cards.ids, test_cards.put
VALUES = st.one_of(st.just(nan), st.floats(0, 100, allow_nan=False))
DAYS = st.integers(0, 40).map(float)
CARD = card_of(plain("a", 3), plain("b", 1, MissingPolicy.RENORMALISE), plain("c", 2, MissingPolicy.NOT_APPLICABLE))
OTHER = card_of(plain("c", 1, MissingPolicy.WORST), plain("d", 5))
TABLE = st.lists(st.tuples(VALUES, VALUES, VALUES, DAYS, DAYS, DAYS), min_size=3, max_size=3)


def side(card: Scorecard, rows: Any, columns: list[int]) -> tuple[Side, Decimal | None]:
    """The first customer's day under a card, and his score as a fleet's run prints it."""
    table = np.array(rows, dtype=np.float64)
    values, ages = table[:, :3][:, columns], table[:, 3:][:, columns]
    segments = np.zeros(len(rows), dtype=np.int64)
    inputs = fleet(*map(tuple, values))
    inputs.ages[0] = ages
    printed = print_fleet(card, inputs, score_fleet(card, inputs))[0].score
    return Side(values[0], ages[0], week_of(card, values, ages, segments).means[0]), printed


@settings(max_examples=300, deadline=None)
@given(then=TABLE, now=TABLE)
def test_causes_and_measures_add_up_to_what_was_printed_on_both_days(then: Any, now: Any) -> None:
    was, before = side(CARD, then, [0, 1, 2])
    by_card, _score = side(OTHER, then, [2, 1])
    last, score = side(OTHER, now, [2, 1])
    if before is None or score is None:
        return
    found = moved(CARD, was, OTHER, by_card, last)
    assert (found.before, found.score) == (before, score)
    assert sum(found.total(cause) for cause in Cause) == score - before
    assert sum(sum(parts.values()) for parts in found.by.values()) == score - before


def told(then: tuple[float, float], now: tuple[float, float], means: tuple[int, int] = (50, 50)) -> Moved:
    """One measure of one card from (value, age) to (value, age) while the mean goes from one to the other."""
    card = card_of(plain("a", 1))
    sides = [Side(np.array([value]), np.array([age]), np.array([mean * 10**6]))
             for (value, age), mean in zip((then, now), means, strict=True)]  # fmt: skip
    return moved(card, sides[0], card, sides[0], sides[1])


@pytest.mark.parametrize(
    ("then", "now", "means", "cause", "points"),
    [
        ((40, 0), (70, 0), (50, 50), Cause.VALUE, "30.0"),
        ((90, 7), (90, 28), (50, 50), Cause.FRESHNESS, "-40.0"),  # wholly forgotten: the mean stands in
        ((nan, nan), (90, 0), (50, 50), Cause.VALUE, "40.0"),  # known for the first time
        ((90, 0), (nan, nan), (50, 50), Cause.FRESHNESS, "-40.0"),  # known no more
        ((nan, nan), (nan, nan), (50, 62), Cause.SEGMENT, "12.0"),
    ],
)
def test_a_change_is_told_under_its_cause(
    then: tuple[float, float], now: tuple[float, float], means: tuple[int, int], cause: Cause, points: str
) -> None:
    assert told(then, now, means).by == {"a": {cause: Decimal(points)}}


def test_nothing_changed_is_nothing_told() -> None:
    found = told((40, 3), (40, 3))
    assert found.by == {} and found.before == found.score == Decimal("40.0")


@pytest.mark.django_db
@pytest.mark.usefixtures("organisation", "home")
def test_tickets_and_another_scorecard_are_told_apart(
    ids: dict[str, int], put: Callable[..., None], now: datetime
) -> None:
    back = ON - timedelta(days=28)
    put(several(one("banks", TICKETS, when=BANKS), one("rest", TICKETS, PAYMENT)))
    actions.score_day(back, at=now)
    opened = datetime.fromisoformat("2024-12-20T04:00:00+00:00")
    write_tickets([Incoming("late", {"customer_id": ids["A"], "opened_at": opened}, EARLY)], source=SOURCE, at=now)
    hard = measure("open_tickets", [[0, 90], [4, 10]])
    put(several(one("banks", hard, when=BANKS), one("rest", TICKETS, PAYMENT)), from_on=ON)
    actions.score_day(ON, at=now)
    found = since(ids["A"], ON, back)
    assert found is not None and (found.from_on, found.on) == (back, ON)
    assert (found.was.version, found.card.version) == (1, 2)
    assert found.values == {"open_tickets": (2.0, 3.0)}
    assert found.moved.before == Decimal("50.0")
    standing = queries.standing(ON)[ids["A"]]
    assert found.moved.score == Decimal(str(standing.score)) == Decimal("30.0")
    assert found.moved.by == {"open_tickets": {Cause.VALUE: Decimal("-20.0")}}
    other = since(ids["B"], ON, back)  # no ticket on either day: the curve alone moved it
    assert other is not None and other.moved.by == {"open_tickets": {Cause.CONFIGURATION: Decimal("-10.0")}}


@pytest.mark.django_db
@pytest.mark.usefixtures("organisation", "home")
def test_a_day_that_nobody_scored_tells_nothing(ids: dict[str, int], put: Callable[..., None], now: datetime) -> None:
    put(several(one("rest", TICKETS)))
    actions.score_day(ON, at=now)
    assert since(ids["A"], ON, date(2023, 1, 1)) is None
    assert since(ids["A"], ON, ON) is None
    assert since(10**6, ON, ON - timedelta(days=28)) is None
    assert since(ids["A"], ON, ON - timedelta(days=30)) is not None  # made with the thirteen weeks, two days off
