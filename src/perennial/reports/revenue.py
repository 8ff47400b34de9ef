"""Revenue as one member sees it: months that reconcile, retention, and the customers behind each number. The page, the
exports and the API answer these same rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property

from django.db.models import Q

from perennial.contracts import access, changes, columns, facts, grace, ledger, reported, under_terms
from perennial.contracts.behind import Source
from perennial.contracts.calculations.retention import Retention
from perennial.contracts.calculations.retention import retention as retention_of
from perennial.contracts.changes import NamedCustomer
from perennial.contracts.columns import Seen
from perennial.contracts.ledger import MovementRow
from perennial.contracts.rates import Exchange
from perennial.contracts.reported import Entries
from perennial.contracts.terms import MovementKind, PolicySwitches, View
from perennial.contracts.under_terms import Split
from perennial.kernel.money import largest_remainder, round_half_even
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import Period, add_months, day_before, month_of
from perennial.members.models import Member


@dataclass(frozen=True)
class Book:
    """What a member sees of the ledger (`rows`) and of the lines behind it (`lines`), in which currency and at which
    rates, up to which day, under which settings; as restated or as reported. `known_on`: as it was known on a day
    before the present; None: as it is known now. `whose`: narrowed to which customers (`retention_by.narrowed`), of
    those in `scope` (None: of `rows`)."""

    rows: Q
    exchange: Exchange
    as_of: date
    switches: PolicySwitches
    lines: Q = field(default_factory=Q)
    view: View = View.RESTATED
    known_on: date | None = None
    whose: Mapping[str, str] = field(default_factory=dict)
    scope: Q | None = None

    @cached_property
    def seen(self) -> Seen:
        """Return where these movements are read: one state of them for all that the book tells. Two queries."""
        return columns.seen(self.rows)

    @property
    def currency(self) -> str:
        """Return the currency of every amount."""
        return self.exchange.currency

    @property
    def tomorrow(self) -> date:
        """Return the day after the as-of day: the end of all that has happened."""
        return self.as_of + timedelta(days=1)

    @cached_property
    def entries(self) -> Entries | None:
        """Return the ledger's entries where it is not the present one as it is known now. Two queries where it is as
        reported."""
        if self.view is View.REPORTED:
            return reported.as_reported(self.rows, self.lines, as_of=self.as_of)
        return None if self.known_on is None else reported.as_known(self.rows, self.lines, on=self.known_on)

    @cached_property
    def source(self) -> Source:
        """Return where each customer's part of it is read. Queries: `seen`, or `entries`."""
        entries = self.entries
        if entries is None:
            return Source(self.seen, None, self.exchange)
        return Source(entries.where or Seen(Q(), Q()), entries.beside, self.exchange)

    def balances_before(self, day: date, exchange: Exchange | None = None) -> dict[int, Fraction]:
        """Return the MRR of each customer at the start of a day (`ledger.balances_before`), at the book's rates unless
        others are named."""
        rates, entries = exchange or self.exchange, self.entries
        if entries is None:
            return ledger.balances_before(day, self.rows, rates)
        return reported.balances_before(day, entries, rates)

    def balances_on(self, day: date, exchange: Exchange | None = None) -> dict[int, Fraction]:
        """Return the MRR of each customer at the end of a day."""
        return self.balances_before(day + timedelta(days=1), exchange)

    def balances_by_product(self, day: date, exchange: Exchange) -> dict[tuple[int, int | None], Fraction]:
        """Return the MRR of each customer and product at the end of a day (`ledger.balances_by_product`)."""
        entries = self.entries
        if entries is None:
            return ledger.balances_by_product(day, self.rows, exchange)
        return reported.balances_by_product(day, entries, exchange)


def book_of(
    member: Member, *, at: datetime, constant: bool = False, view: View = View.RESTATED, as_of: date | None = None
) -> Book:
    """Return the ledger as the member sees it; `constant`: everything at the as-of day's rates; `as_of`: as it was
    known on an earlier day (None: now). One query."""
    place = house()
    today = place.today(at)
    day = today if as_of is None else min(as_of, today)
    return Book(
        rows=access.revenue_of(member),
        exchange=Exchange(place.currency, fixed_on=day if constant else None),
        as_of=day,
        switches=facts.switches_of(place.policy_switches),
        lines=access.facts_of(member),
        view=view,
        known_on=day if day < today else None,
    )


def has_others(book: Book) -> bool:
    """Say whether anybody pays in another currency. One query."""
    return ledger.has_others(book.seen, book.exchange)


def first_day(book: Book) -> date | None:
    """Return the day of the first movement that has happened; None before any. One query."""
    found = ledger.first_day(book.seen)
    return found if found is not None and found <= book.as_of else None


def movements(book: Book, span: Period) -> list[MovementRow]:
    """Return a row for each month of the span up to the as-of day's, that one up to the day. Two queries.

    Opening + movements = closing in every row, and a closing is the next opening.
    """
    until = min(span.until, month_of(book.as_of).until)
    if span.since >= until:
        return []
    entries = book.entries
    if entries is not None:
        return reported.movement_rows(Period(span.since, until), entries, book.exchange)
    return ledger.movement_rows(Period(span.since, until), book.seen, book.exchange, as_of=book.as_of)


def total(rows: Sequence[MovementRow]) -> MovementRow:
    """Return printed months as one row: the sums of what is printed, so that it reconciles too.

    :raises IndexError: there is no row.
    """
    return MovementRow(
        period=Period(rows[0].period.since, rows[-1].period.until),
        opening=rows[0].opening,
        movements={kind: sum(row.movements[kind] for row in rows) for kind in MovementKind},
        closing=rows[-1].closing,
        customers=rows[-1].customers,
    )


def trailing_year(book: Book, until: date) -> Period:
    """Return the day twelve months back and the last day before `until`, or the as-of day where that comes first.

    Month ends meet month ends: 31 Dec 2023 and 31 Dec 2024, so that the cohort's day closes the table's first opening.
    """
    end = min(until, book.tomorrow)
    return Period(day_before(add_months(end, -12)), day_before(end))


def retention(book: Book, span: Period) -> Retention:
    """Return what the customers who paid on day `span.since` hold on day `span.until`, or on the as-of day where that
    comes first. Two queries."""
    last = min(span.until, book.as_of)
    first = min(span.since, last)
    entries = book.entries
    if entries is None:
        return ledger.retention(first, last, book.seen, book.exchange)
    if entries.has_columns and entries.where is not None:
        return ledger.retention(first, last, entries.where, book.exchange, records=entries.beside)
    frozen = book.exchange.fixed(first)
    return retention_of(book.balances_on(first, frozen), book.balances_on(last, frozen))


def under_terms_of(book: Book, span: Period) -> Split:
    """Return what is under terms and what never comes due when the span closes. Queries: `under_terms.split`."""
    day = day_before(min(span.until, book.tomorrow))
    return under_terms.split(
        day, book.lines, book.exchange, as_of=book.as_of, ledger=book.rows if book.known_on is None else None
    )


def in_grace(book: Book) -> dict[int, Fraction]:
    """Return the MRR of each customer that is held in grace on the as-of day. One query."""
    return grace.in_grace_by_customer(book.rows, book.exchange, on=book.as_of)


@dataclass(frozen=True)
class KnownLater:
    """A movement that became known after its month, or was found not to hold, in whole minor units. `effect`: what the
    span has as restated more than as reported because of it."""

    customer: NamedCustomer
    on: date
    kind: MovementKind
    amount: int
    reported_on: date
    superseded_on: date | None
    effect: int


def later(book: Book, span: Period) -> list[KnownLater]:
    """Return what became known later of whole months, the latest first; effects add up to their rounded sum. At most
    four queries for 500 customers."""
    found = reported.later(span, book.rows, book.lines, book.exchange, as_of=book.as_of)
    ids = [one.customer_id for one in found]
    names = reported.named(ids, book.lines) | changes.named(ids, book.rows)
    effects = largest_remainder([one.effect for one in found], round_half_even(sum((one.effect for one in found),
                                                                                  Fraction(0))))  # fmt: skip
    return [
        KnownLater(names[one.customer_id], one.on, one.kind, round_half_even(one.amount), one.reported_on,
                   one.superseded_on, effect)
        for one, effect in zip(found, effects, strict=True)
    ]  # fmt: skip


def moved_kinds(rows: Iterable[MovementRow]) -> set[MovementKind]:
    """Return the kinds of movement that happened at all."""
    return {kind for row in rows for kind, amount in row.movements.items() if amount}
