"""From the lines of one product to its current term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from perennial.blueprint.terms import Clock, StageRule
from perennial.lifecycle.terms import ProductTerm


class Line(Protocol):
    """What a line must say (`contracts.queries.ProductLine`); `ends_on` is the first day without service, `late_until`
    the one on which its grace is over."""

    @property
    def fact(self) -> str: ...
    @property
    def product(self) -> str: ...
    @property
    def starts_on(self) -> date: ...
    @property
    def ends_on(self) -> date | None: ...
    @property
    def late_until(self) -> date | None: ...
    @property
    def is_given_up(self) -> bool: ...
    @property
    def renewal_of(self) -> str | None: ...
    @property
    def signed_on(self) -> date | None: ...
    @property
    def accepted_on(self) -> date | None: ...
    @property
    def paid_on(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class FirstValue:
    """A customer's day of first value, and from which day on the organisation records such days (None: never)."""

    reached_on: date | None
    recorded_from: date | None


def current_terms(lines: Sequence[Line], rule: StageRule, value: FirstValue, as_of: date) -> list[ProductTerm]:
    """Return the current term of each product that one customer has, had until now, or has signed."""
    products = sorted({line.product for line in lines})
    found = (current_term([x for x in lines if x.product == one], rule, value, as_of) for one in products)
    return [term for term in found if term is not None]


def current_term(lines: Sequence[Line], rule: StageRule, value: FirstValue, as_of: date) -> ProductTerm | None:
    """Return the term of one product's lines that runs and ends first; else one that ended within the grace and that
    nobody gave up (late paper is not churn); else the next one that is signed. None where there is none.

    Onboarding belongs to the first line of an unbroken chain: a renewal does not start it again. A signature that
    nobody recorded counts on the first day of service, for it cannot be later. First value is tracked where the
    organisation recorded one before this onboarding was over: what began earlier ends by the calendar.
    """
    term = _running(lines, as_of) or _late(lines, as_of) or _ahead(lines, as_of)
    if term is None:
        return None
    first = _first_of_chain(lines, term)
    signed_on = first.signed_on or first.starts_on
    known = {
        Clock.SIGNATURE: signed_on,
        Clock.GO_LIVE: first.starts_on,
        Clock.PAYMENT: first.paid_on,
        Clock.ACCEPTANCE: first.accepted_on,
    }
    clocks = {clock: day for clock, day in known.items() if day is not None}
    over_on = clocks.get(rule.clock, first.starts_on) + timedelta(days=rule.onboarding_days)
    tracked = value.recorded_from is not None and over_on >= value.recorded_from
    onboarded_on = value.reached_on
    if onboarded_on is None and not tracked and first.starts_on < term.starts_on:
        onboarded_on = over_on  # by the calendar of the first term, not of its renewal
    return ProductTerm(
        product=term.product,
        clocks=clocks,
        starts_on=term.starts_on,
        ends_on=term.ends_on,
        late_until=term.late_until,
        renewed_on=_renewed_on(lines, term),
        first_value_on=onboarded_on,
        value_is_tracked=tracked,
    )


def _running(lines: Sequence[Line], as_of: date) -> Line | None:
    found = [x for x in lines if x.starts_on <= as_of and (x.ends_on is None or as_of < x.ends_on)]
    return min(found, key=lambda x: (x.ends_on or date.max, x.starts_on), default=None)


def _late(lines: Sequence[Line], as_of: date) -> Line | None:
    found = [x for x in lines if x.ends_on and x.late_until and x.ends_on <= as_of < x.late_until and not x.is_given_up]
    return max(found, key=lambda x: x.ends_on or date.min, default=None)


def _ahead(lines: Sequence[Line], as_of: date) -> Line | None:
    found = [x for x in lines if x.starts_on > as_of and x.signed_on is not None and x.signed_on <= as_of]
    return min(found, key=lambda x: x.starts_on, default=None)


def _first_of_chain(lines: Sequence[Line], term: Line) -> Line:
    first = term
    for line in sorted(lines, key=lambda x: x.starts_on, reverse=True):
        reaches = line.late_until is None or line.late_until >= first.starts_on
        if line.starts_on < first.starts_on and reaches:
            first = line
    return first


def _renewed_on(lines: Sequence[Line], term: Line) -> date | None:
    """Return when the successor was signed; where that is not recorded, its first day."""
    end, last = term.ends_on, term.late_until
    if end is None or last is None:
        return None
    found = [
        x.signed_on or x.starts_on
        for x in lines
        if x.fact != term.fact and (x.renewal_of == term.fact or end <= x.starts_on <= last)
    ]
    return min(found, default=None)
