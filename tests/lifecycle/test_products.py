"""The current term of a product is found among its lines, and onboarding belongs to the first of a chain."""

from dataclasses import dataclass
from datetime import date, timedelta

from perennial.blueprint import queries
from perennial.blueprint.terms import Clock
from perennial.lifecycle.calculations.products import FirstValue, current_term, current_terms
from perennial.lifecycle.calculations.stages import product_stage
from perennial.lifecycle.terms import Stage

RULE = queries.stage_rules()[0]
NEVER = FirstValue(reached_on=None, recorded_from=None)


@dataclass
class Line:
    fact: str
    starts_on: date
    ends_on: date | None = None
    product: str = "core"
    is_given_up: bool = False
    renewal_of: str | None = None
    signed_on: date | None = None
    accepted_on: date | None = None
    paid_on: date | None = None

    @property
    def late_until(self) -> date | None:
        return None if self.ends_on is None else self.ends_on + timedelta(days=30)


def year(fact: str, start: int, **more: object) -> Line:
    return Line(fact, date(start, 1, 1), date(start + 1, 1, 1), **more)  # type: ignore[arg-type]


def test_of_two_running_lines_the_one_that_ends_first_is_the_term() -> None:
    found = current_term([Line("open", date(2023, 1, 1)), year("fixed", 2024)], RULE, NEVER, date(2024, 6, 1))
    assert found is not None
    assert (found.starts_on, found.ends_on) == (date(2024, 1, 1), date(2025, 1, 1))


def test_a_term_is_renewed_when_its_successor_is_signed_or_where_that_is_unknown_begins() -> None:
    first = year("a", 2024)
    signed = current_term([first, year("b", 2025, signed_on=date(2024, 11, 5))], RULE, NEVER, date(2024, 12, 1))
    unsigned = current_term([first, year("b", 2025)], RULE, NEVER, date(2024, 12, 1))
    assert signed is not None and unsigned is not None
    assert (signed.renewed_on, unsigned.renewed_on) == (date(2024, 11, 5), date(2025, 1, 1))
    assert product_stage(signed, RULE, date(2024, 12, 1)).stage is Stage.GROWTH  # type: ignore[union-attr]
    assert product_stage(unsigned, RULE, date(2024, 12, 1)).stage is Stage.RENEWAL  # type: ignore[union-attr]


def test_late_paper_stays_in_renewal_through_the_grace_and_a_cancelled_term_does_not() -> None:
    late = current_term([year("a", 2024)], RULE, NEVER, date(2025, 1, 20))
    assert late is not None
    assert product_stage(late, RULE, date(2025, 1, 20)).stage is Stage.RENEWAL  # type: ignore[union-attr]
    assert current_term([year("a", 2024)], RULE, NEVER, date(2025, 1, 31)) is None
    assert current_term([year("a", 2024, is_given_up=True)], RULE, NEVER, date(2025, 1, 20)) is None


def test_a_renewal_does_not_start_onboarding_again() -> None:
    lines = [year("a", 2023, signed_on=date(2022, 12, 20)), year("b", 2024, signed_on=date(2023, 12, 1))]
    found = current_term(lines, RULE, NEVER, date(2024, 1, 15))
    assert found is not None
    assert found.clocks[Clock.SIGNATURE] == date(2022, 12, 20)
    stage = product_stage(found, RULE, date(2024, 1, 15))
    assert stage is not None
    assert (stage.stage, stage.since_on) == (Stage.GROWTH, date(2024, 1, 1))


def test_a_customer_that_comes_back_after_a_gap_begins_anew() -> None:
    lines = [year("a", 2022), year("b", 2024)]
    found = current_term(lines, RULE, NEVER, date(2024, 1, 15))
    assert found is not None
    assert product_stage(found, RULE, date(2024, 1, 15)).stage is Stage.ONBOARDING  # type: ignore[union-attr]


def test_onboarding_is_overdue_only_where_first_values_were_recorded_before_it_was_over() -> None:
    line = year("a", 2024)  # onboarding is over on 31 March 2024
    recorded = {date(2024, 3, 31): Stage.ONBOARDING_OVERDUE, date(2024, 4, 1): Stage.GROWTH, None: Stage.GROWTH}
    for day, expected in recorded.items():
        found = current_term([line], RULE, FirstValue(reached_on=None, recorded_from=day), date(2024, 5, 1))
        assert found is not None
        assert product_stage(found, RULE, date(2024, 5, 1)).stage is expected  # type: ignore[union-attr]


def test_a_signed_term_ahead_is_onboarding_from_its_signature_on() -> None:
    ahead = year("a", 2025, signed_on=date(2024, 12, 10))
    assert current_term([ahead], RULE, NEVER, date(2024, 12, 9)) is None
    found = current_term([ahead], RULE, NEVER, date(2024, 12, 12))
    assert found is not None
    assert product_stage(found, RULE, date(2024, 12, 12)).stage is Stage.ONBOARDING  # type: ignore[union-attr]


def test_each_product_has_its_own_term() -> None:
    lines = [year("a", 2024), Line("b", date(2024, 5, 1), product="extra")]
    found = current_terms(lines, RULE, NEVER, date(2024, 6, 1))
    assert [(term.product, term.ends_on) for term in found] == [("core", date(2025, 1, 1)), ("extra", None)]
