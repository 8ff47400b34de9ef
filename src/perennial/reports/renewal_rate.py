"""The renewal rate by due day (analytics 3.4) as one member sees it: of what was due, what renewed, what is lost and
what is still open, by month, quarter and what customers are. Page, file and API answer these same rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from perennial.contracts import queries as contracts
from perennial.contracts.ledger import NamedCustomer
from perennial.customers.models import Customer
from perennial.insights.due import due_of, view_of
from perennial.kernel.money import largest_remainder, round_half_even
from perennial.kernel.organisation.queries import House
from perennial.kernel.periods import Period, fiscal_quarter
from perennial.members.models import Member
from perennial.renewals.calculations.outcomes import rate_of
from perennial.renewals.terms import Due, Outcome, RenewalRate
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

    @property
    def due(self) -> int:
        """Return what was due."""
        return sum(self.printed[: len(Outcome)])

    @property
    def kept(self) -> int:
        """Return what renewed of it, each term at most with what was due."""
        return self.printed[-2]

    @property
    def net(self) -> int:
        """Return what renewed, without that limit."""
        return self.printed[-1]

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
    """The terms due in the span as known on the book's day: all of them, and told apart in parts that add up."""

    span: Period
    by: By
    whole: Part
    parts: list[Part]


def offered(member: Member) -> list[By]:
    """Return what a member may see it told apart by."""
    seen = set(retention_by.dimensions_of(member))
    return [one for one in By if one.dimension is None or one.dimension in seen]


def due(book: Book, span: Period, place: House) -> list[Due]:
    """Return the terms that end in the span. Six queries for 500 customers (renewals.queries.due_in)."""
    return due_of(span, book.lines, view_of(place, book.as_of))


def told(book: Book, found: Sequence[Due], span: Period, by: By, first_month: int = 1) -> Told:
    """Return terms told apart; one query where that is by a customer's field or by reseller. `first_month`: with which
    month the business year begins."""
    groups: dict[Any, list[Due]] = defaultdict(list)
    named = _named(book, found, by, first_month)
    for one in found:
        groups[named.of(one)].append(one)
    values = sorted(groups) if by in {By.MONTH, By.QUARTER} else _by_amount(groups)
    printed = _printed([groups[value] for value in values])
    parts = [
        Part("" if value is None else str(value), named.labels.get(value, "" if value is None else str(value)),
             None if value is None else named.outside.get(value, str(value)), tuple(groups[value]),
             rate_of(groups[value]), amounts)
        for value, amounts in zip(values, printed, strict=True)
    ]  # fmt: skip
    [amounts] = _printed([list(found)])
    return Told(span, by, Part("", "", None, tuple(found), rate_of(found), amounts), parts)


def _by_amount(groups: Mapping[Any, Sequence[Due]]) -> list[Any]:
    return sorted(groups, key=lambda value: (value is None, -sum(one.arr for one in groups[value]), str(value)))


Amounts = tuple[int, ...]
"""Minor units: the due amount by outcome, in the enum's order, then what was kept of it, then the same uncapped."""
_COLUMNS: Sequence[Callable[[Due], Fraction]] = (
    *(lambda one, outcome=outcome: one.arr if one.outcome is outcome else Fraction(0) for outcome in Outcome),
    lambda one: min(one.arr, one.renewed),
    lambda one: one.renewed,
)


def _printed(groups: Sequence[Sequence[Due]], wholes: Amounts | None = None) -> list[Amounts]:
    """Return each group's amounts in whole minor units, so that every column adds up to `wholes`, or to its rounded
    sum."""
    exact = [[sum((amount(one) for one in group), Fraction(0)) for group in groups] for amount in _COLUMNS]
    sums = [sum(some, Fraction(0)) for some in exact]
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
    """A term behind a rate, in printed minor units a year that add up to its part's."""

    customer: NamedCustomer
    term: Due
    due: int
    kept: int
    net: int


def terms(book: Book, part: Part) -> list[Renewal]:
    """Return the terms of a part, by day. One query for 500 customers."""
    amounts = _printed([[one] for one in part.terms], part.printed)
    names = customer_names(one.customer_id for one in part.terms)
    found = [Renewal(names[one.customer_id], one, sum(row[: len(Outcome)]), row[-2], row[-1])
             for one, row in zip(part.terms, amounts, strict=True)]  # fmt: skip
    return sorted(found, key=lambda one: (one.term.due_on, -one.due, one.customer.name))


def customer_names(ids: Iterable[int]) -> dict[int, NamedCustomer]:
    """Return the customers as lists name them; the caller knows that the member sees them. One query for 500."""
    ordered, found = sorted(set(ids)), dict[int, NamedCustomer]()
    for start in range(0, len(ordered), 500):
        rows = Customer.objects.filter(id__in=ordered[start : start + 500])
        found |= {pk: NamedCustomer(pk, key, name) for pk, key, name in rows.values_list("id", "key", "name")}
    return found
