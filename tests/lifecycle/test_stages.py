"""Stages are derived from terms, clocks and first value."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.blueprint import queries
from perennial.blueprint.terms import Clock
from perennial.lifecycle.calculations.stages import customer_stage, next_review_on, product_stage
from perennial.lifecycle.terms import STAGE_LABELS, ProductTerm, Stage

DEFAULT, STATE_OWNED = queries.stage_rules()
START = date(2025, 1, 1)


def term(
    product: str = "core",
    *,
    starts_on: date = START,
    ends_on: date | None = date(2026, 1, 1),
    renewed_on: date | None = None,
    first_value_on: date | None = None,
    tracked: bool = True,
    clocks: dict[Clock, date] | None = None,
    grace: int = 30,
) -> ProductTerm:
    late_until = None if ends_on is None else ends_on + timedelta(days=grace)
    signed = {Clock.SIGNATURE: starts_on} if clocks is None else clocks
    return ProductTerm(product, signed, starts_on, ends_on, late_until, renewed_on, first_value_on, tracked)


def stage_on(day: date, made: ProductTerm) -> tuple[Stage, date] | None:
    found = product_stage(made, DEFAULT, day)
    return None if found is None else (found.stage, found.since_on)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 12, 31), None),
        (date(2025, 1, 1), (Stage.ONBOARDING, START)),
        (date(2025, 3, 31), (Stage.ONBOARDING, START)),
        (date(2025, 4, 1), (Stage.ONBOARDING_OVERDUE, date(2025, 4, 1))),
        (date(2025, 10, 2), (Stage.ONBOARDING_OVERDUE, date(2025, 4, 1))),
        (date(2025, 10, 3), (Stage.RENEWAL, date(2025, 10, 3))),
        (date(2026, 1, 30), (Stage.RENEWAL, date(2025, 10, 3))),
        (date(2026, 1, 31), None),
    ],
)
def test_a_year_without_first_value(day: date, expected: tuple[Stage, date] | None) -> None:
    assert stage_on(day, term()) == expected


def test_onboarding_ends_when_first_value_is_reached_and_not_before_it_happened() -> None:
    made = term(first_value_on=date(2025, 2, 1))
    assert stage_on(date(2025, 1, 31), made) == (Stage.ONBOARDING, START)
    assert stage_on(date(2025, 2, 1), made) == (Stage.GROWTH, date(2025, 2, 1))


def test_late_first_value_ends_the_overdue() -> None:
    assert stage_on(date(2025, 6, 1), term(first_value_on=date(2025, 5, 5))) == (Stage.GROWTH, date(2025, 5, 5))


def test_where_nothing_would_tell_of_first_value_onboarding_ends_by_the_calendar() -> None:
    made = term(tracked=False)
    assert stage_on(date(2025, 3, 31), made) == (Stage.ONBOARDING, START)
    assert stage_on(date(2025, 4, 1), made) == (Stage.GROWTH, date(2025, 4, 1))


def test_a_signed_successor_ends_the_renewal_stage() -> None:
    made = term(first_value_on=date(2025, 2, 1), renewed_on=date(2025, 11, 15))
    assert stage_on(date(2025, 11, 14), made) == (Stage.RENEWAL, date(2025, 10, 3))
    assert stage_on(date(2025, 11, 15), made) == (Stage.GROWTH, date(2025, 11, 15))


def test_a_renewed_term_opens_a_new_cycle_in_growth() -> None:
    made = term(starts_on=date(2026, 1, 1), ends_on=date(2027, 1, 1), first_value_on=date(2025, 2, 1))
    assert stage_on(date(2026, 1, 1), made) == (Stage.GROWTH, date(2026, 1, 1))


def test_an_evergreen_term_never_comes_to_renewal_but_is_reviewed_every_year() -> None:
    made = term(ends_on=None, first_value_on=date(2025, 2, 1))
    assert stage_on(date(2035, 12, 31), made) == (Stage.GROWTH, date(2025, 2, 1))
    assert next_review_on(made, DEFAULT, date(2025, 6, 1)) == date(2026, 1, 1)
    assert next_review_on(made, DEFAULT, date(2026, 1, 1)) == date(2026, 1, 1)
    assert next_review_on(made, DEFAULT, date(2026, 1, 2)) == date(2027, 1, 1)


def test_a_term_of_five_months_has_no_renewal_and_one_of_six_has() -> None:
    short, half = term(ends_on=date(2025, 6, 1)), term(ends_on=date(2025, 7, 1))
    assert stage_on(date(2025, 5, 31), short) == (Stage.ONBOARDING_OVERDUE, date(2025, 4, 1))
    assert stage_on(date(2025, 6, 30), half) == (Stage.RENEWAL, date(2025, 4, 2))


def test_a_term_of_three_years_is_reviewed_after_each_of_the_first_two() -> None:
    made = term(ends_on=date(2028, 1, 1))
    assert next_review_on(made, DEFAULT, date(2026, 7, 1)) == date(2027, 1, 1)
    assert next_review_on(made, DEFAULT, date(2027, 1, 2)) is None


def test_state_owned_customers_are_in_renewal_for_180_days_and_late_paper_is_not_churn() -> None:
    made = term(clocks={Clock.ACCEPTANCE: date(2025, 3, 1)}, first_value_on=date(2025, 4, 1), grace=180)
    found = {
        day: product_stage(made, STATE_OWNED, day) for day in (date(2025, 7, 4), date(2025, 7, 5), date(2026, 6, 29))
    }
    assert [stage and stage.stage for stage in found.values()] == [Stage.GROWTH, Stage.RENEWAL, Stage.RENEWAL]
    assert product_stage(made, STATE_OWNED, date(2026, 6, 30)) is None


def test_before_acceptance_the_clock_stands_and_nothing_is_overdue() -> None:
    made = term(clocks={Clock.ACCEPTANCE: date(2025, 6, 1)}, ends_on=None)
    before, after = (product_stage(made, STATE_OWNED, day) for day in (date(2025, 5, 31), date(2025, 8, 30)))
    assert before is not None
    assert (before.stage, before.since_on, before.clock_on) == (Stage.ONBOARDING, START, None)
    assert after is not None
    assert (after.stage, after.since_on) == (Stage.ONBOARDING_OVERDUE, date(2025, 8, 30))


def test_of_several_products_the_most_pressing_stage_is_shown() -> None:
    grown = term("core", ends_on=None, first_value_on=date(2025, 2, 1))
    second = term("analytics", starts_on=date(2025, 9, 1), ends_on=date(2026, 9, 1))
    found = customer_stage([grown, second], DEFAULT, date(2025, 10, 1))
    assert found is not None
    assert (found.stage, found.since_on, found.onboarding_started_on) == (
        Stage.ONBOARDING, date(2025, 9, 1), date(2025, 9, 1),
    )  # fmt: skip
    assert [product.stage for product in found.products] == [Stage.GROWTH, Stage.ONBOARDING]
    assert found.next_review_on == date(2026, 1, 1)


def test_a_customer_without_a_running_term_has_no_stage() -> None:
    assert customer_stage([], DEFAULT, START) is None
    assert customer_stage([term()], DEFAULT, date(2027, 1, 1)) is None


def test_every_stage_has_a_label() -> None:
    assert {stage: str(label) for stage, label in STAGE_LABELS.items()} == {
        Stage.RENEWAL: "Renewal",
        Stage.ONBOARDING_OVERDUE: "Onboarding overdue",
        Stage.ONBOARDING: "Onboarding",
        Stage.GROWTH: "Growth",
    }


DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@given(DAYS, st.none() | DAYS, st.none() | DAYS, st.none() | DAYS, st.booleans(), DAYS)
def test_a_stage_has_always_begun_and_is_stable_since_then(
    starts_on: date, ends_on: date | None, first: date | None, renewed: date | None, tracked: bool, as_of: date
) -> None:
    if ends_on is not None and ends_on <= starts_on:
        ends_on = starts_on + timedelta(days=400)
    made = term(starts_on=starts_on, ends_on=ends_on, first_value_on=first, renewed_on=renewed, tracked=tracked)
    found = product_stage(made, DEFAULT, as_of)
    if found is not None:
        assert found.since_on <= as_of
        assert stage_on(found.since_on, made) == (found.stage, found.since_on)
