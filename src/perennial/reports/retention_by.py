"""Retention told apart: by segment, tier, CSM, region, country, industry or product, with the whole beside its parts.

A customer counts by what it is today: whose book, which tier. So a book is compared with itself, and every customer of
the first day stands in exactly one part. By product each customer and product is one (analytics 3.2, the product
variant): what moved between a customer's products then stands in a line of its own, so that the parts and it are the
whole to the last cent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from perennial.contracts import behind as contracts
from perennial.contracts import ledger
from perennial.contracts.calculations.columns import Groups
from perennial.contracts.calculations.courses import Move, balances, balances_by_product
from perennial.contracts.calculations.retention import Retention, Tally, retention, tally, together
from perennial.contracts.columns import of_portfolio
from perennial.contracts.rates import Exchange
from perennial.customers.access import visible_fields
from perennial.customers.catalogue import FIELDS
from perennial.customers.models import PortfolioRow
from perennial.kernel.joined import Joined
from perennial.kernel.money import largest_remainder, round_half_even
from perennial.kernel.periods import Period
from perennial.members.models import Member
from perennial.reports import revenue_behind
from perennial.reports.labels import choice_words
from perennial.reports.revenue import Book
from perennial.reports.revenue_behind import Behind
from perennial.reports.revenue_figures import Figure


class Dimension(StrEnum):
    """What retention is told apart by."""

    TIER = "tier"
    SEGMENT = "segment"
    OWNER = "owner"
    REGION = "region"
    COUNTRY = "country"
    INDUSTRY = "industry"
    PRODUCT = "product"

    @property
    def label(self) -> str | Promise:
        """Return what it is called."""
        return _("Product") if self is Dimension.PRODUCT else FIELDS[self.value].label


@dataclass(frozen=True, slots=True)
class Part:
    """The cohort of one value. `value` is what an address carries, "" where the customers' value is unknown; `outside`
    what the API names it by. `opening`, `kept` and `closing` are printed minor units that add up to the whole's."""

    value: str
    label: str
    outside: str | None
    found: Retention
    opening: int = 0
    kept: int = 0
    closing: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """The whole, its parts by opening MRR, and what no part holds (`between`, of products only; None: nothing)."""

    dimension: Dimension
    whole: Part
    parts: list[Part]
    between: Part | None


@dataclass(frozen=True, slots=True)
class Named:
    """Which value each unit of a cohort has: `of` its key, and what values are called inside and outside."""

    of: Callable[[Any], Any]
    labels: Mapping[Any, str]
    outside: Mapping[Any, str]


def dimensions_of(member: Member) -> list[Dimension]:
    """Return what a member may see retention told apart by: fields that are hidden from him are not among it."""
    fields = visible_fields(member)
    return [one for one in Dimension if one is Dimension.PRODUCT or one.value in fields]


class NoSuchCustomers(LookupError):
    """Nobody can be told by that: the field is hidden from the member, or the value is none of its values."""


def narrowed(book: Book, member: Member, whose: Mapping[str, str]) -> Book:
    """Return the ledger of some of the customers: those who have each of these values today, "" for none known. Values
    are written as `Part.value`. No query.

    :raises NoSuchCustomers: the member does not see the field, or there can be no such value.
    """
    rows, lines = book.rows, book.lines
    for key, value in whose.items():
        if key not in set(dimensions_of(member)) - {Dimension.PRODUCT} or (
            key == Dimension.OWNER and not _is_id(value)
        ):
            raise NoSuchCustomers(key)
        rows &= _having(Dimension(key), value, "customer__portfolio__")
        merged = _having(Dimension(key), value, "customer__merged_into__portfolio__")
        lines &= _having(Dimension(key), value, "customer__portfolio__") & Q(customer__merged_into__isnull=True) | (
            merged & Q(customer__merged_into__isnull=False)
        )
    return replace(book, rows=rows, lines=lines, whose=dict(whose), scope=book.rows)


def _is_id(value: str) -> bool:
    return not value or (value.isascii() and value.isdigit() and len(value) < 19)


def _having(dimension: Dimension, value: str, path: str) -> Q:
    column = FIELDS[dimension.value].column
    if dimension is Dimension.OWNER:
        return Q(**{f"{path}{column}": int(value)}) if value else Q(**{f"{path}{column}__isnull": True})
    return (
        Q(**{f"{path}{column}": value})
        if value
        else Q(**{f"{path}{column}__isnull": True}) | Q(**{f"{path}{column}": ""})
    )


def label_of(book: Book, dimension: Dimension, value: str) -> str:
    """Return what a value is called, "" where it is none known. One query for an owner."""
    if not value:
        return ""
    key = int(value) if dimension is Dimension.OWNER else value
    return _names(dimension, book, [key])[0].get(key, value)


@dataclass(frozen=True, slots=True)
class Held:
    """What customers hold on a day: asked of the records (a query each), or of movements that were read already."""

    book: Book
    moves: Sequence[Move] | None = None

    def balances(self, day: date, rates: Exchange) -> dict[int, Fraction]:
        """Return the MRR of each customer at the end of the day."""
        if self.moves is None:
            return self.book.balances_on(day, rates)
        return balances(self.moves, day, rates.value)

    def by_product(self, day: date, rates: Exchange) -> dict[tuple[int, int | None], Fraction]:
        """Return the MRR of each customer and product at the end of the day."""
        if self.moves is None:
            return self.book.balances_by_product(day, rates)
        return balances_by_product(self.moves, day, rates.value)


def told(book: Book, span: Period, dimension: Dimension, moves: Sequence[Move] | None = None) -> Told:
    """Return the retention of a span told apart. At most six queries, however many customers; fewer with the `moves` of
    the book's customers.

    The cohort and its days are `revenue.retention`'s: MRR above zero at the end of `span.since`.
    """
    first, last = min(span.since, span.until, book.as_of), min(span.until, book.as_of)
    if moves is None and (book.entries is None or book.entries.has_columns):
        whole, parts = _by_columns(book, first, last, dimension)
    else:
        whole, parts = _by_balances(Held(book, moves), first, last, dimension)
    between = _between(whole, parts) if dimension is Dimension.PRODUCT else None
    printed = _printed(whole, [*parts, *([between] if between else [])])
    return Told(
        dimension=dimension,
        whole=Part("", "", None, whole, *(round_half_even(one) for one in (whole.opening, whole.kept, whole.closing))),
        parts=printed[: len(parts)],
        between=printed[-1] if between else None,
    )


def part_of(found: Told, value: str) -> Part | None:
    """Return the part of a value as addresses write it; None where nobody of the cohort has it."""
    return next((part for part in found.parts if part.value == value), None)


def behind(book: Book, figure: Figure, span: Period, found: Told, part: Part) -> Behind:
    """Return the customers behind a part's rate, the largest change first; their columns add up to the part's. At most
    eight queries, however many customers."""
    days = min(span.since, span.until, book.as_of), min(span.until, book.as_of)
    capped = figure.key == "grr"
    printed = part.opening, part.kept if capped else part.closing
    if found.dimension is Dimension.PRODUCT:
        product = int(part.value) if part.value else None
        cohort = contracts.cohort_of_product(days, book.source, product, capped=capped)
    else:
        groups = _groups(found.dimension, book)
        value = next(one for one in groups.values if _text(one) == part.value)
        cohort = contracts.cohort(days, book.source, capped=capped, of=(groups, value))
    return revenue_behind.cohort(book, figure, *cohort, printed)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _by_columns(book: Book, first: date, last: date, dimension: Dimension) -> tuple[Retention, list[Part]]:
    entries = book.entries
    seen, rest = (book.seen, None) if entries is None or entries.where is None else (entries.where, entries.beside)
    if dimension is Dimension.PRODUCT:
        names = ledger.product_names()
        whole = ledger.retention(first, last, seen, book.exchange, records=rest)
        by_product = ledger.tallies_by_product(first, last, seen, book.exchange, records=rest)
        return whole, _parts(by_product, names, names)
    tallies = ledger.tallies(first, last, seen, book.exchange, _groups(dimension, book), records=rest)
    return together(tallies.values()).retention(), _parts(tallies, *_names(dimension, book, tallies))


def _by_balances(held: Held, first: date, last: date, dimension: Dimension) -> tuple[Retention, list[Part]]:
    rates = held.book.exchange.fixed(first)
    opening, closing = (held.balances(day, rates) for day in (first, last))
    if dimension is Dimension.PRODUCT:
        cohort = {key for key, amount in opening.items() if amount > 0}
        before, after = ({unit: amount for unit, amount in held.by_product(day, rates).items() if unit[0] in cohort}
                         for day in (first, last))  # fmt: skip
        names = ledger.product_names()
        named = Named(lambda unit: unit[1], names, names)
        return retention(opening, closing), _parts(_tallies(before, after, named), named.labels, named.outside)
    named = values_of(dimension, held.book)
    return retention(opening, closing), _parts(_tallies(opening, closing, named), named.labels, named.outside)


def _tallies(opening: Mapping[Any, Fraction], closing: Mapping[Any, Fraction], named: Named) -> dict[Any, Tally]:
    before: dict[Any, dict[Any, Fraction]] = defaultdict(dict)
    for unit, amount in opening.items():
        if amount > 0:
            before[named.of(unit)][unit] = amount
    return {value: tally(those, closing) for value, those in before.items()}


def values_of(dimension: Dimension, book: Book) -> Named:
    """Return each customer's value on the as-of day, of those in the ledger that the member sees."""
    seen = ledger.customer_ids(book.rows)
    column = FIELDS[dimension.value].column
    rows = PortfolioRow.objects.filter(customer_id__in=seen)
    if dimension is Dimension.OWNER:
        found = list(rows.values_list("customer_id", column, "owner__name", "owner__email"))
        labels = {owner: name for _customer, owner, name, _mail in found if owner is not None}
        mails = {owner: mail for _customer, owner, _name, mail in found if owner is not None}
        return Named({row[0]: row[1] for row in found}.get, labels, mails)
    values = {customer: value or None for customer, value in rows.values_list("customer_id", column)}
    return Named(values.get, choice_words(book.currency).get(dimension.value, {}), {})


def _groups(dimension: Dimension, book: Book) -> Groups:
    """Return who has which value on the as-of day, of those that the member sees. One query, by an index where the
    ledger is narrowed too."""
    who = of_portfolio(book.rows if book.scope is None else book.scope)
    rows = PortfolioRow.objects.none() if who is None else PortfolioRow.objects.filter(who)
    column = FIELDS[dimension.value].column
    counted = rows.order_by().values_list(column).annotate(ids=Joined("customer_id"))
    return Groups({value: ids for value, ids in counted if value not in {None, ""}})


def _names(dimension: Dimension, book: Book, values: Iterable[Any]) -> tuple[Mapping[Any, str], Mapping[Any, str]]:
    """Return what values are called inside and outside. One query for owners."""
    if dimension is not Dimension.OWNER:
        return choice_words(book.currency).get(dimension.value, {}), {}
    found = Member.objects.filter(id__in=[value for value in values if value is not None])
    rows = list(found.values_list("id", "name", "email"))
    return {key: name for key, name, _mail in rows}, {key: mail for key, _name, mail in rows}


def _parts(tallies: Mapping[Any, Tally], labels: Mapping[Any, str], outside: Mapping[Any, str]) -> list[Part]:
    made = [
        Part(_text(value), labels.get(value, _text(value)),
             None if value is None else outside.get(value, _text(value)), one.retention())
        for value, one in tallies.items()
    ]  # fmt: skip
    return sorted(made, key=lambda part: (not part.value, -part.found.opening, part.label))


def _between(whole: Retention, parts: list[Part]) -> Part | None:
    """Return what the products' parts do not hold: what went from one to another at the same customer, what the
    customers bought besides, and red lines. It has no share of its own."""
    rest = [
        getattr(whole, name) - sum((getattr(part.found, name) for part in parts), Fraction(0))
        for name in ("opening", "kept", "closing")
    ]
    if not any(rest):
        return None
    nobody = retention({}, {})
    return Part("", "", None, replace(nobody, opening=rest[0], kept=rest[1], closing=rest[2]))


def _printed(whole: Retention, parts: list[Part]) -> list[Part]:
    """Return the parts with amounts that add up, as printed, to the whole's."""
    opening, kept, closing = (
        largest_remainder([getattr(part.found, name) for part in parts], round_half_even(getattr(whole, name)))
        for name in ("opening", "kept", "closing")
    )
    return [
        replace(part, opening=opening[place], kept=kept[place], closing=closing[place])
        for place, part in enumerate(parts)
    ]
