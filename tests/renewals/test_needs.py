"""What an open term asks for: the most pressing thing, and nothing where it is merely due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from perennial.renewals.calculations.checkpoints import Standing
from perennial.renewals.calculations.needs import need_of
from perennial.renewals.terms import About, Category, Found, Need, State, Which

DUE = date(2027, 6, 30)
GOOD = {About.PRICE: Found(About.PRICE, 1, "said so")}
BAD = {About.PRICE: Found(About.PRICE, -1, "said so")}


def stands(days_left: int, *, planned: bool = True, called: bool = True) -> Standing | None:
    """Return how a term stands at its checkpoints of 180 and 90 days."""
    if days_left > 180:
        return None
    which, before = (Which.LAST, 90) if days_left <= 90 else (Which.FIRST, 180)
    state = State.AGREED if called else State.MISSING
    return Standing(which, DUE - timedelta(days=before), state, which is Which.LAST and not planned, None)


@pytest.mark.parametrize(
    ("left", "found", "category", "late_step", "planned", "called", "need"),
    [
        (0, GOOD, Category.COMMIT, False, True, True, Need.LATE),
        (-20, {}, None, False, False, False, Need.LATE),
        (1, GOOD, Category.COMMIT, False, True, True, None),
        (30, BAD, Category.COMMIT, True, True, True, Need.WEAK),
        (200, BAD, None, False, True, True, Need.WEAK),
        (90, GOOD, Category.AT_RISK, True, True, True, Need.AT_RISK),
        (91, GOOD, Category.AT_RISK, False, True, True, None),
        (91, GOOD, Category.AT_RISK, True, True, True, Need.STEP),
        (30, BAD, Category.LOST, True, False, False, None),
        (60, GOOD, Category.BEST_CASE, False, False, True, Need.CALL),
        (60, GOOD, Category.BEST_CASE, False, True, False, Need.CALL),
        (120, {}, Category.BEST_CASE, False, True, False, None),
        (46, {}, Category.COMMIT, False, True, True, None),
        (45, {}, Category.COMMIT, False, True, True, Need.UNRATED),
        (45, {About.PRICE: Found(About.PRICE, None, "unknown again")}, None, False, True, True, Need.UNRATED),
        (45, {About.DISCOUNT: Found(About.DISCOUNT, 1, "10 %")}, None, False, True, True, Need.UNRATED),
        (45, GOOD, None, False, True, True, None),
    ],
)
def test_a_term_asks_for_the_most_pressing_thing(
    left: int, found: Mapping[About, Found], category: Category | None, late_step: bool, planned: bool, called: bool,
    need: Need | None,
) -> None:  # fmt: skip
    on = DUE - timedelta(days=left)
    asked = need_of(DUE, on, stands=stands(left, planned=planned, called=called), found=found, category=category,
                    has_late_step=late_step)  # fmt: skip
    assert asked is need
