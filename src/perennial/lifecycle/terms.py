"""Stages of a customer, and what they are derived from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from perennial.blueprint.terms import Clock


class Stage(StrEnum):
    """Where a customer stands after the deal (M13); the most pressing first."""

    RENEWAL = "renewal"
    ONBOARDING_OVERDUE = "onboarding_overdue"
    ONBOARDING = "onboarding"
    GROWTH = "growth"


STAGE_LABELS: Mapping[Stage, Promise] = {
    Stage.RENEWAL: _("Renewal"),
    Stage.ONBOARDING_OVERDUE: _("Onboarding overdue"),
    Stage.ONBOARDING: _("Onboarding"),
    Stage.GROWTH: _("Growth"),
}


@dataclass(frozen=True, slots=True)
class ProductTerm:
    """The current term of one product at one customer.

    `clocks` holds the days of the product's first payment, signature, go-live, acceptance, as far as known. `ends_on`
    is the first day after the term, `late_until` the day on which its grace is over, both None for an evergreen one.
    `renewed_on` is the day on which its successor was
    signed. `value_is_tracked` says whether anything would tell of the first value (a milestone, usage); where nothing
    would, onboarding ends by the calendar.
    """

    product: str
    clocks: Mapping[Clock, date]
    starts_on: date
    ends_on: date | None
    late_until: date | None
    renewed_on: date | None
    first_value_on: date | None
    value_is_tracked: bool


@dataclass(frozen=True, slots=True)
class ProductStage:
    """The stage of one product; `clock_on` is None while the event that starts the clock has not come."""

    product: str
    stage: Stage
    since_on: date
    clock_on: date | None
    next_review_on: date | None


@dataclass(frozen=True, slots=True)
class CustomerStage:
    """The most pressing stage of a customer's products, since when, and each product's own."""

    stage: Stage
    since_on: date
    onboarding_started_on: date | None
    next_review_on: date | None
    products: tuple[ProductStage, ...]
