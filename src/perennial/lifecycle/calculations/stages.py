"""The stage of a customer: derived, never typed in (M13)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from perennial.blueprint.terms import StageRule
from perennial.kernel.periods import add_months, months_between
from perennial.lifecycle.terms import CustomerStage, ProductStage, ProductTerm, Stage

_PRESSING = list(Stage)
_ONBOARDING = (Stage.ONBOARDING_OVERDUE, Stage.ONBOARDING)


def customer_stage(terms: Iterable[ProductTerm], rule: StageRule, as_of: date) -> CustomerStage | None:
    """Return the most pressing stage among the products: renewal, onboarding overdue, onboarding, growth.

    So a second product in onboarding shows on a growing customer. None where no term runs: not yet or no longer a
    customer.
    """
    products = tuple(found for term in terms if (found := product_stage(term, rule, as_of)) is not None)
    if not products:
        return None
    stage = min((product.stage for product in products), key=_PRESSING.index)
    onboarding = [product for product in products if product.stage in _ONBOARDING] or products
    return CustomerStage(
        stage=stage,
        since_on=min(product.since_on for product in products if product.stage is stage),
        onboarding_started_on=min((p.clock_on for p in onboarding if p.clock_on is not None), default=None),
        next_review_on=min((p.next_review_on for p in products if p.next_review_on is not None), default=None),
        products=products,
    )


def product_stage(term: ProductTerm, rule: StageRule, as_of: date) -> ProductStage | None:
    """Return the stage of one product.

    Onboarding lasts until first value; from `onboarding_days` after the clock on without it, it is overdue. Renewal
    is the last `renewal_days` of a term, and its grace, until the successor is signed. None before the term and its
    clock, and after its grace.
    """
    clock = term.clocks.get(rule.clock)
    clock_on = clock if clock is not None and clock <= as_of else None
    begun_on = min(term.starts_on, clock_on or term.starts_on)
    ended = term.late_until is not None and as_of >= term.late_until
    if as_of < begun_on or ended:
        return None
    stage, since_on = _stage(term, rule, clock_on, as_of)
    return ProductStage(term.product, stage, since_on, clock_on, next_review_on(term, rule, as_of))


def _stage(term: ProductTerm, rule: StageRule, clock_on: date | None, as_of: date) -> tuple[Stage, date]:
    start_on = clock_on or term.starts_on
    renewed_on = term.renewed_on if term.renewed_on is not None and term.renewed_on <= as_of else None
    if term.ends_on is not None and renewed_on is None and has_renewal(term, rule):
        window_on = max(term.ends_on - timedelta(days=rule.renewal_days), term.starts_on)
        if as_of >= window_on:
            return Stage.RENEWAL, window_on
    first_value_on = term.first_value_on if term.first_value_on is not None and term.first_value_on <= as_of else None
    due_on = start_on + timedelta(days=rule.onboarding_days)
    if first_value_on is None and not term.value_is_tracked and as_of >= due_on:
        first_value_on = due_on
    if first_value_on is not None:
        # A renewal opens a new cycle: growth counts from the present term's first day.
        begun_on = term.starts_on if term.starts_on <= as_of else start_on
        return Stage.GROWTH, max(first_value_on, start_on, renewed_on or start_on, begun_on)
    # Without the event that starts the clock nothing can be late.
    if clock_on is not None and as_of >= due_on:
        return Stage.ONBOARDING_OVERDUE, due_on
    return Stage.ONBOARDING, start_on


def has_renewal(term: ProductTerm, rule: StageRule) -> bool:
    """Whether the term ends in a renewal; evergreen and short ones have a notice date and a yearly review instead."""
    return term.ends_on is not None and months_between(term.starts_on, term.ends_on) >= rule.shortest_renewal_months


def next_review_on(term: ProductTerm, rule: StageRule, as_of: date) -> date | None:
    """Return the next anniversary of the term's start, today included: the day of the yearly review.

    On a term that renews the last anniversary is the renewal itself, so None from a year before the end on.
    """
    years = max(months_between(term.starts_on, as_of) // 12, 1)
    review_on = add_months(term.starts_on, 12 * years)
    if review_on < as_of:
        review_on = add_months(term.starts_on, 12 * (years + 1))
    if term.ends_on is not None and has_renewal(term, rule) and review_on >= term.ends_on:
        return None
    return review_on
