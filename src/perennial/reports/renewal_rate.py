"""The renewal rate by due day (analytics 3.4) as one member sees it: of what was due, what renewed, what is lost and
what is still open, by month, quarter and what customers are. Page, file and API answer these same rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from perennial.contracts import queries as contracts
from perennial.contracts.changes import NamedCustomer
from perennial.customers.models import Customer
from perennial.insights.due import view_of
from perennial.kernel.money import exact_sum, largest_remainder, round_half_even
from perennial.kernel.organisation.queries import House
from perennial.kernel.periods import Period, fiscal_quarter
from perennial.members.models import Member
from perennial.renewals.calculations.outcomes import rate_of
from perennial.renewals.queries import Ends, ends_in
from perennial.renewals.terms import Due, Outcome, RenewalRate, TwiceTold
from perennial.reports import retention_by
from perennial.reports.retention_by import Dimension
from perennial.reports.revenue import Book

SEVERAL = "several"


class By(StrEnum):
    """What the renewal rate is told apart by: when terms were due, who sold them, or what their customers are now."""

    MONTH = "month"
    QUARTER = "quarter"
    TIER = "tier"
    SEGMENT = "segment"
    OWNER = "owner"
    REGION = "region"
    COUNTRY = "country"
    INDUSTRY = "industry"
    RESELLER = "reseller"
    PRODUCT = "product"

    @property
    def dimension(self) -> Dimension | None:
        """Return the field of the customer, None where it is none."""
        return Dimension(self.value) if self.value in set(Dimension) else None

    @property
    def label(self) -> str | Promise:
        """Return what it is called."""
        words = {By.MONTH: _("Month"), By.QUARTER: _("Quarter"), By.RESELLER: _("Reseller")}
        return self.dimension.label if self.dimension else words[self]


@dataclass(frozen=True, slots=True)
class Part:
    """Some terms. `value` is what an address carries; `printed` are minor units a year that add up to the whole's."""

    value: str
    label: str
    outside: str | None
    terms: tuple[Due, ...]
    rate: RenewalRate
    printed: Amounts
    later: tuple[Due, ...]
    rate_90: RenewalRate

    @property
    def due(self) -> int:
        """Return what was due."""
        return sum(self.printed[: len(Outcome)])

    @property
    def kept(self) -> int:
        """Return what renewed of it, each term at most with what was due."""
        return self.printed[_KEPT]

    @property
    def net(self) -> int:
        """Return what renewed, without that limit."""
        return self.printed[_NET]

    @property
    def late_90(self) -> int:
        """Return what of the lost was signed after its grace, within LATER_DAYS of its due day."""
        return self.printed[_LATE_90]

    @property
    def kept_90(self) -> int:
        """Return what renewed within LATER_DAYS, each term at most with what was due."""
        return self.printed[_KEPT_90]

    @property
    def renewed_of_resolved(self) -> Fraction | None:
        """Return what renewed as a share of what is resolved: never shown without `rate.resolved` and the bounds."""
        resolved = self.rate.due * (self.rate.resolved or 0)
        return self.rate.due * (self.rate.dollar or 0) / resolved if resolved else None

    @property
    def highest_logo(self) -> Fraction | None:
        """Return the logo rate if everything open were renewed."""
        still_open = sum(one.outcome is Outcome.OPEN for one in self.terms)
        return None if self.rate.logo is None else self.rate.logo + Fraction(still_open, self.rate.count)


@dataclass(frozen=True, slots=True)
class Told:
    """The terms due in the span as known on the book's day: all of them, and told apart in parts that add up to the
    whole. `headline`: all by customer and day, which is the whole but by product, where each product is a term."""

    span: Period
    by: By
    whole: Part
    parts: list[Part]
    headline: Part


def offered(member: Member) -> list[By]:
    """Return what a member may see it told apart by."""
    seen = set(retention_by.dimensions_of(member))
    return [one for one in By if one.dimension is None or one.dimension in seen]


@dataclass(frozen=True)
class Terms:
    """The terms that end in a span, as known on a day, by customer and day, and by product too."""

    ends: Ends
    on: date
    is_past: bool

    @cached_property
    def by_customer(self) -> list[TwiceTold]:
        """Return a customer's terms of one day as one."""
        return self.ends.twice_told(self.on, is_past=self.is_past)

    @cached_property
    def by_product(self) -> list[TwiceTold]:
        """Return each product of a customer as a term by itself."""
        return self.ends.twice_told(self.on, by_product=True, is_past=self.is_past)


def due(book: Book, span: Period, place: House, *, is_past: bool = False) -> Terms:
    """Return the terms that end in the span. `is_past`: the book's day lies before the present one, so that what was
    agreed later is left out. Six queries for 500 customers (renewals.queries.due_in)."""
    rows = book.lines & view_of(place, book.as_of, is_past=is_past).then
    return Terms(ends_in(span.since, span.until, rows), book.as_of, is_past)


def told(book: Book, found: Terms, span: Period, by: By, first_month: int = 1) -> Told:
    """Return terms told apart; one query where that is by a customer's field, product or reseller. `first_month`: with
    which month the business year begins."""
    terms = found.by_product if by is By.PRODUCT else found.by_customer
    groups: dict[Any, list[TwiceTold]] = defaultdict(list)
    named = _named(book, [one.term for one in terms], by, first_month)
    for one in terms:
        groups[named.of(one.term)].append(one)
    values = sorted(groups) if by in {By.MONTH, By.QUARTER} else _by_amount(groups)
    printed = _printed([groups[value] for value in values])
    parts = [
        _part("" if value is None else str(value), named.labels.get(value, "" if value is None else str(value)),
              None if value is None else named.outside.get(value, str(value)), groups[value], amounts)
        for value, amounts in zip(values, printed, strict=True)
    ]  # fmt: skip
    whole = _whole(terms)
    return Told(span, by, whole, parts, _whole(found.by_customer) if by is By.PRODUCT else whole)


def _whole(terms: Sequence[TwiceTold]) -> Part:
    [amounts] = _printed([terms])
    return _part("", "", None, terms, amounts)


def _part(value: str, label: str, outside: str | None, terms: Sequence[TwiceTold], amounts: Amounts) -> Part:
    first, later = [one.term for one in terms], [one.later for one in terms]
    return Part(value, label, outside, tuple(first), rate_of(first), amounts, tuple(later), rate_of(later))


def _by_amount(groups: Mapping[Any, Sequence[TwiceTold]]) -> list[Any]:
    return sorted(groups, key=lambda value: (value is None, -sum(one.term.arr for one in groups[value]), str(value)))


Amounts = tuple[int, ...]
"""Minor units: the due amount by outcome, in the enum's order, then what was kept of it, the same uncapped, what of
the lost was signed within LATER_DAYS, and what was kept by that day."""
_COLUMNS: Sequence[Callable[[TwiceTold], Fraction]] = (
    *(lambda one, outcome=outcome: one.term.arr if one.term.outcome is outcome else Fraction(0) for outcome in Outcome),
    lambda one: min(one.term.arr, one.term.renewed),
    lambda one: one.term.renewed,
    lambda one: one.term.arr if one.is_later else Fraction(0),
    lambda one: min(one.later.arr, one.later.renewed),
)
_KEPT, _NET, _LATE_90, _KEPT_90 = range(len(Outcome), len(Outcome) + 4)


def _printed(groups: Sequence[Sequence[TwiceTold]], wholes: Amounts | None = None) -> list[Amounts]:
    """Return each group's amounts in whole minor units, so that every column adds up to `wholes`, or to its rounded
    sum."""
    exact = [[exact_sum(map(amount, group)) for group in groups] for amount in _COLUMNS]
    sums = [exact_sum(some) for some in exact]
    split = len(Outcome)
    usual = [*largest_remainder(sums[:split], round_half_even(sum(sums[:split], Fraction(0)))),
             *(round_half_even(one) for one in sums[split:])]  # fmt: skip
    columns = [largest_remainder(some, whole) for some, whole in zip(exact, wholes or usual, strict=True)]
    return list(zip(*columns, strict=True))


@dataclass(frozen=True, slots=True)
class _Named:
    """Which value each term has, and what values are called inside and outside."""

    of: Callable[[Due], Any]
    labels: Mapping[Any, str]
    outside: Mapping[Any, str]


def _named(book: Book, found: Sequence[Due], by: By, first_month: int) -> _Named:
    if by is By.MONTH:
        return _Named(lambda one: f"{one.due_on:%Y-%m}", {}, {})
    if by is By.QUARTER:
        quarters = {one.due_on: fiscal_quarter(one.due_on, first_month) for one in found}
        return _Named(lambda one: f"{quarters[one.due_on].year}-Q{quarters[one.due_on].number}", {}, {})
    if by is By.PRODUCT:
        products = contracts.product_words()
        return _Named(lambda one: one.product_id, {pk: name for pk, (name, _code) in products.items()},
                      {pk: code for pk, (_name, code) in products.items()})  # fmt: skip
    if by is By.RESELLER:
        known = contracts.resellers({fact for one in found for fact in one.lines})
        names: dict[Any, str] = dict(known.values()) | {SEVERAL: str(_("Several"))}
        return _Named(lambda one: _reseller(one, known), names, names)
    values = retention_by.values_of(Dimension(by.value), book)
    return _Named(lambda one: values.of(one.customer_id), values.labels, values.outside)


def _reseller(one: Due, known: Mapping[str, tuple[int, str]]) -> int | str | None:
    """Return the reseller of a term's lines; a term of several is told apart as such."""
    through = {known[fact][0] if fact in known else None for fact in one.lines}
    return through.pop() if len(through) == 1 else SEVERAL


def part_of(found: Told, value: str) -> Part | None:
    """Return the part of a value as addresses write it; None where no term has it."""
    return next((part for part in found.parts if part.value == value), None)


@dataclass(frozen=True, slots=True)
class Renewal:
    """A term behind a rate, in printed minor units a year that add up to its part's. `later`: what became of it by
    LATER_DAYS, and what was kept by then."""

    customer: NamedCustomer
    term: Due
    due: int
    kept: int
    net: int
    later: TwiceTold
    kept_90: int

    @property
    def agreed_on(self) -> date | None:
        """Return when it was agreed: after the grace where that is the only time."""
        return self.later.later.agreed_on if self.later.is_later else self.term.agreed_on


def terms(book: Book, part: Part) -> list[Renewal]:
    """Return the terms of a part, by day. One query for 500 customers."""
    both = [TwiceTold(term, later) for term, later in zip(part.terms, part.later, strict=True)]
    amounts = _printed([[one] for one in both], part.printed)
    names = customer_names(one.customer_id for one in part.terms)
    found = [Renewal(names[one.term.customer_id], one.term, sum(row[: len(Outcome)]), row[_KEPT], row[_NET], one,
                     row[_KEPT_90])
             for one, row in zip(both, amounts, strict=True)]  # fmt: skip
    return sorted(found, key=lambda one: (one.term.due_on, -one.due, one.customer.name))


def customer_names(ids: Iterable[int]) -> dict[int, NamedCustomer]:
    """Return the customers as lists name them; the caller knows that the member sees them. One query for 500."""
    ordered, found = sorted(set(ids)), dict[int, NamedCustomer]()
    for start in range(0, len(ordered), 500):
        rows = Customer.objects.filter(id__in=ordered[start : start + 500])
        found |= {pk: NamedCustomer(pk, key, name) for pk, key, name in rows.values_list("id", "key", "name")}
    return found
