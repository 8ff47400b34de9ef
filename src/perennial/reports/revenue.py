"""Revenue as one member sees it: months that reconcile, retention, and the customers behind each number. The page, the
exports and the API answer these same rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property

from django.db.models import Q

from perennial.contracts import access, columns, facts, ledger, under_terms
from perennial.contracts.calculations.retention import Retention
from perennial.contracts.columns import Seen
from perennial.contracts.ledger import Change, MovementRow, NamedCustomer
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import MovementKind, PolicySwitches
from perennial.contracts.under_terms import Split
from perennial.kernel.money import largest_remainder, round_half_even
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import Period, add_months, day_before, month_of
from perennial.members.models import Member
from perennial.reports.revenue_figures import TERMS, Figure


@dataclass(frozen=True)
class Book:
    """What a member sees of the ledger (`rows`) and of the lines behind it (`lines`), in which currency and at which
    rates, up to which day, under which settings; `whose`: narrowed to which customers (`retention_by.narrowed`),
    of those in `scope` (None: of `rows`)."""

    rows: Q
    exchange: Exchange
    as_of: date
    switches: PolicySwitches
    lines: Q = field(default_factory=Q)
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


def book_of(member: Member, *, at: datetime, constant: bool = False) -> Book:
    """Return the ledger as the member sees it; `constant`: everything at the as-of day's rates. One query."""
    place = house()
    return Book(
        rows=access.revenue_of(member),
        exchange=Exchange(place.currency, fixed_on=place.today(at) if constant else None),
        as_of=place.today(at),
        switches=facts.switches_of(place.policy_switches),
        lines=access.facts_of(member),
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
    return ledger.retention(min(span.since, last), last, book.seen, book.exchange)


@dataclass(frozen=True)
class CustomerBehind:
    """A customer behind a figure. `amount` is what it contributes, in whole minor units that add up to the figure.

    `opening` and `closing` are told for retention, `changes` for movements.
    """

    customer: NamedCustomer
    amount: int
    opening: int | None = None
    closing: int | None = None
    changes: tuple[Change, ...] = ()


def behind(book: Book, figure: Figure, span: Period) -> list[CustomerBehind]:
    """Return the customers behind a figure, the largest amount first. At most six queries for 500.

    `span`: for retention its two days (`trailing_year`), for any other figure whole months.
    """
    if figure.kind is not None:
        found = _behind_movements(book, figure.kind, span)
    elif figure.key in TERMS:
        found = _behind_terms(book, figure, span)
    elif figure.is_rate:
        found = _behind_retention(book, figure, span)
    else:
        found = _behind_balance(book, figure, span)
    return named(found, book)


def named(found: Sequence[CustomerBehind], book: Book) -> list[CustomerBehind]:
    """Return customers behind a figure with their names, the largest amount first. One query for 500."""
    names = ledger.named([one.customer.id for one in found], book.rows)
    told = [CustomerBehind(names[one.customer.id], one.amount, one.opening, one.closing, one.changes) for one in found]
    return sorted(told, key=lambda one: (-abs(one.amount), -(one.opening or 0), one.customer.name))


def _behind_movements(book: Book, kind: MovementKind, span: Period) -> list[CustomerBehind]:
    """Each customer's part of each printed month, by largest remainder: the list adds up to what was printed."""
    printed = {row.period.since: row.movements[kind] for row in movements(book, span)}
    by_customer = _moved(book, kind, span)
    parts: dict[date, dict[int, Fraction]] = {month: defaultdict(Fraction) for month in printed}
    for customer_id, told in by_customer.items():
        for change in told:
            parts[change.on.replace(day=1)][customer_id] += change.amount
    amounts: dict[int, int] = defaultdict(int)
    for month, of_month in parts.items():
        for customer_id, part in _printed(of_month, printed[month]).items():
            amounts[customer_id] += part
    return [_unnamed(key, amounts[key], changes=tuple(told)) for key, told in by_customer.items()]


def _moved(book: Book, kind: MovementKind, span: Period) -> dict[int, list[Change]]:
    if kind is MovementKind.FX:
        return ledger.fx_changes(span, book.rows, book.exchange, as_of=book.as_of)
    return ledger.changes(span, book.rows, book.exchange, as_of=book.as_of, kind=kind)


def _behind_balance(book: Book, figure: Figure, span: Period) -> list[CustomerBehind]:
    day = span.since if figure.key == "opening" else min(span.until, book.tomorrow)
    held = {key: amount for key, amount in ledger.balances_before(day, book.rows, book.exchange).items() if amount}
    if figure.key == "arr":
        held = {key: 12 * amount for key, amount in held.items()}
    if figure.key == "customers":
        held = {key: amount for key, amount in held.items() if amount > 0}
    whole = round_half_even(sum(held.values(), Fraction(0)))
    return [_unnamed(key, part) for key, part in _printed(held, whole).items()]


def under_terms_of(book: Book, span: Period) -> Split:
    """Return what is under terms and what never comes due when the span closes. Three queries; reads every line."""
    return under_terms.split(day_before(min(span.until, book.tomorrow)), book.lines, book.exchange)


def _behind_terms(book: Book, figure: Figure, span: Period) -> list[CustomerBehind]:
    split = under_terms_of(book, span)
    held = split.terms if figure.key == "terms" else split.others
    return [_unnamed(key, part) for key, part in _printed(held, _rounded(held)).items()]


def _behind_retention(book: Book, figure: Figure, span: Period) -> list[CustomerBehind]:
    last = min(span.until, book.as_of)
    frozen = book.exchange.fixed(span.since)
    opening, closing = (ledger.balances_on(day, book.rows, frozen) for day in (span.since, last))
    return cohort_behind(figure, opening, closing)


def cohort_behind(
    figure: Figure, opening: Mapping[int, Fraction], closing: Mapping[int, Fraction],
    printed: tuple[int, int] | None = None,
) -> list[CustomerBehind]:  # fmt: skip
    """Return the cohort behind a rate, yet unnamed: what each paid at the start and, capped for GRR, holds at the end.

    Both columns add up to what is printed: `printed`, or the rounded sums.
    """
    before = {key: amount for key, amount in opening.items() if amount > 0}
    held = {key: max(closing.get(key, Fraction(0)), Fraction(0)) for key in before}
    if figure.key == "grr":
        held = {key: min(amount, before[key]) for key, amount in held.items()}
    wholes = printed or (_rounded(before), _rounded(held))
    started, kept = _printed(before, wholes[0]), _printed(held, wholes[1])
    return [_unnamed(key, kept[key] - started[key], opening=started[key], closing=kept[key]) for key in before]


def _rounded(parts: Mapping[int, Fraction]) -> int:
    return round_half_even(sum(parts.values(), Fraction(0)))


def _unnamed(
    customer_id: int, amount: int, *, opening: int | None = None, closing: int | None = None,
    changes: tuple[Change, ...] = (),
) -> CustomerBehind:  # fmt: skip
    return CustomerBehind(NamedCustomer(customer_id, "", ""), amount, opening, closing, changes)


def _printed(parts: Mapping[int, Fraction], whole: int) -> dict[int, int]:
    return dict(zip(parts, largest_remainder(list(parts.values()), whole), strict=True))


def moved_kinds(rows: Iterable[MovementRow]) -> set[MovementKind]:
    """Return the kinds of movement that happened at all."""
    return {kind for row in rows for kind, amount in row.movements.items() if amount}
