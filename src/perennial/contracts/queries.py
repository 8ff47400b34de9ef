"""Reads of contracts: how each customer stands on a day, its lines, papers and receivables, and which terms end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from django.db.models import Count, Max, Min, Q

from perennial.contracts import facts, term_rows
from perennial.contracts.calculations.due_terms import due_keys
from perennial.contracts.calculations.grace import Grace
from perennial.contracts.calculations.mrr import counts_until, mrr_on
from perennial.contracts.grace import in_grace
from perennial.contracts.grace import of_segments as graces
from perennial.contracts.models import Cancellation, Contract, Line, Product
from perennial.contracts.standing import Book, ProductLine, SeatPeriod, Standing
from perennial.contracts.terms import LineKind, LineTerms, PolicySwitches, TermLine
from perennial.customers.aliases import aliases
from perennial.kernel.among import among
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import day_before

__all__ = ["Book", "Grace", "ProductLine", "SeatPeriod", "Standing", "graces"]


def standing(on: date, customer_ids: Sequence[int] | None = None) -> dict[int, Standing]:
    """Return how each customer stands at the end of a day; those without line and receivable are left out.

    Six queries (organisation, merges, lines, movements, receivables, what settled them), seven for some customers. For
    several days, or several questions, read a `Book` once.
    """
    return Book.read(customer_ids).standing(on)


def seat_periods(customer_ids: Sequence[int] | None = None) -> dict[int, list[SeatPeriod]]:
    """Return each customer's stretches with the seats contracted then (`Book.seat_periods`); six queries."""
    return Book.read(customer_ids).seat_periods()


@dataclass(frozen=True)
class LineOnDay:
    """A line, what it is worth a month on a day (exact minor units without tax), and whether it counts then.

    `late_until`: it ended unsigned and is held in grace, until that day at most; else None.
    """

    line: Line
    mrr: Fraction
    runs: bool
    late_until: date | None = None


def lines_of(customer_id: int, *, on: date) -> list[LineOnDay]:
    """Return a customer's lines, and those of customers merged into it, with product and contract: those that run
    first, then the latest. Four queries."""
    switches, merged = facts.switches_of(house().policy_switches), aliases()
    found = []
    late = {one.line_fact: one for one in in_grace(Q(customer_id=merged.of(customer_id)), on=on)}
    rows = Line.objects.current().filter(customer_id__in=merged.family([customer_id]))
    for line in rows.select_related("product", "contract"):
        terms = facts.terms_of(line)
        if (held := late.get(terms.line_key)) is not None:
            found.append(LineOnDay(line, held.mrr, runs=True, late_until=held.over_on))
            continue
        found.append(LineOnDay(line, mrr_on(terms, on, switches), runs(terms, on, switches)))
    return sorted(found, key=lambda one: (not one.runs, -one.line.starts_on.toordinal(), one.line.pk))


def runs(line: LineTerms, on: date, switches: PolicySwitches) -> bool:
    """Say whether a recurring line counts on a day."""
    end = counts_until(line, switches)
    return line.kind is LineKind.RECURRING and line.starts_on <= on and (end is None or on < end)


def contracts_of(customer_id: int) -> list[Contract]:
    """Return the papers that a customer, or one merged into it, signs, uses, pays or is invoiced by, the latest first.
    Two queries."""
    ids = aliases().family([customer_id])
    party = (
        Q(customer_id__in=ids) | Q(signing_party_id__in=ids) | Q(paying_party_id__in=ids) | Q(invoiced_party_id__in=ids)
    )
    rows = Contract.objects.filter(party).select_related(
        "customer", "signing_party", "paying_party", "invoiced_party", "reseller", "framework"
    )
    return sorted(rows, key=lambda paper: (-(paper.signed_on or date.min).toordinal(), paper.pk))


def cancellations_of(customer_id: int) -> list[Cancellation]:
    """Return a customer's cancellations as known now, those of customers merged into it among them, the latest first.
    Two queries."""
    rows = Cancellation.objects.current().filter(customer_id__in=aliases().family([customer_id]))
    return list(rows.order_by("-cancelled_on", "-id"))


def due_lines(since: date, until: date, rows: Q) -> list[TermLine]:
    """Return the terms that end within [since, until), by day (calculations/due_terms). Two queries, one more for each
    500 lines of which only a follower can tell whether they were terms."""
    ending = Q(ends_on__gte=since, ends_on__lt=until, kind=LineKind.RECURRING.value)
    return _sorted(_term_line(one, renews=True) for one in _told(rows & ending) if one.renews)


def recurring_lines(customer_ids: Sequence[int]) -> list[TermLine]:
    """Return every recurring line of the customers, by end, open-ended ones last. Two queries for 500."""
    found: list[TermLine] = []
    for start in range(0, len(customer_ids), 500):
        chunk = Q(customer_id__in=customer_ids[start : start + 500], kind=LineKind.RECURRING.value)
        found += _sorted(_term_line(one, renews=one.renews) for one in _told(chunk))
    return found


def followers(due: Sequence[TermLine], customer_ids: Sequence[int]) -> list[TermLine]:
    """Return the recurring lines of the customers that may follow one of these terms: that name it, or begin when the
    first of them ended or later; by end. Whether they come due themselves is not asked (`renews` is False). One query
    and the organisation."""
    facts_due, since = {one.fact for one in due}, min(one.ends_on or date.max for one in due)
    switches = facts.switches_of(house().policy_switches)
    later = Q(renewal_of=None, starts_on__gte=since) | Q(renewal_of__isnull=False)
    rows = among("customer_id", customer_ids) & Q(kind=LineKind.RECURRING.value) & later
    found = [
        _term_line(_Told(row, facts.terms_of(row), switches, renews=False), renews=False)
        for row in _rows(rows)
        if row.renewal_of is None or str(row.renewal_of) in facts_due
    ]
    return _sorted(found)


def open_lines(rows: Q) -> list[TermLine]:
    """Return the recurring lines that never come up for renewal: open-ended ones, short ones, and stopped ones."""
    found = _told(rows & Q(kind=LineKind.RECURRING.value))
    return _sorted(_term_line(one, renews=False) for one in found if not one.renews)


@dataclass(frozen=True, slots=True)
class _Told:
    """A line with its columns and terms, and whether its end is a due day."""

    row: Any
    terms: LineTerms
    switches: PolicySwitches
    renews: bool


def _rows(rows: Q) -> Iterable[Any]:
    """Return the lines' columns, and when their paper was signed: no models, of which many lines would make many."""
    found = Line.objects.current().filter(rows)
    return found.values_list(*facts.COLUMNS, "contract__signed_on", named=True)


def _told(rows: Q) -> list[_Told]:
    switches = facts.switches_of(house().policy_switches)
    read = [(row, facts.terms_of(row)) for row in _rows(rows)]
    followed = term_rows.followed([terms for _row, terms in read], switches)
    due = due_keys([terms for _row, terms in read], followed, switches)
    return [_Told(row, terms, switches, terms.line_key in due) for row, terms in read]


def _term_line(one: _Told, *, renews: bool) -> TermLine:
    row, terms = one.row, one.terms
    last = terms.starts_on if terms.ends_on is None else max(day_before(terms.ends_on), terms.starts_on)
    return TermLine(
        fact=terms.line_key,
        customer_id=terms.customer_id,
        product_id=terms.product_id,
        starts_on=terms.starts_on,
        ends_on=terms.ends_on,
        arr=12 * mrr_on(terms, last, one.switches),
        currency=terms.currency,
        signed_on=row.contract__signed_on,
        renewal_of=terms.renewal_of,
        cancelled_on=terms.cancelled_on,
        renews=renews,
    )


def _sorted(found: Iterable[TermLine]) -> list[TermLine]:
    return sorted(found, key=lambda one: (one.ends_on is None, one.ends_on or one.starts_on, one.fact))


def product_lines(customer_ids: Sequence[int] | None = None) -> dict[int, list[ProductLine]]:
    """Return each customer's recurring lines as known now, by start; without one they are left out. Six queries."""
    return Book.read(customer_ids).product_lines()


def tax_rates(line_facts: Collection[str]) -> dict[str, Fraction | None]:
    """Return the tax rate of each line, None where none is known. One query for 500."""
    ordered, found = sorted(line_facts), dict[str, Fraction | None]()
    for start in range(0, len(ordered), 500):
        lines = Line.objects.current().filter(fact__in=ordered[start : start + 500])
        for fact, rate in lines.values_list("fact", "tax_rate"):
            found[str(fact)] = None if rate is None else Fraction(rate)
    return found


def resellers(line_facts: Collection[str]) -> dict[str, tuple[int, str]]:
    """Return the reseller that the contract of each line names, (id, name); lines without one are left out. One query
    for 500."""
    ordered, found = sorted(line_facts), dict[str, tuple[int, str]]()
    for start in range(0, len(ordered), 500):
        lines = Line.objects.current().filter(fact__in=ordered[start : start + 500], contract__reseller__isnull=False)
        for fact, number, name in lines.values_list("fact", "contract__reseller_id", "contract__reseller__name"):
            found[str(fact)] = number, name
    return found


@dataclass(frozen=True)
class LineSpan:
    """A current line of a source: whose it is, and its days [starts_on, ends_on); None: open-ended."""

    customer_id: int
    starts_on: date
    ends_on: date | None


def line_spans(source: str) -> dict[str, LineSpan]:
    """Return the current lines of a source by external id; one query."""
    rows = Line.objects.current().filter(source=source).exclude(external_id=None)
    found = rows.values_list("external_id", "customer_id", "starts_on", "ends_on")
    return {
        external_id: LineSpan(customer_id, starts_on, ends_on) for external_id, customer_id, starts_on, ends_on in found
    }


def contract_ids(source: str, external_ids: Sequence[str]) -> dict[str, int]:
    """Return a source's contracts by external id; unknown ones are left out. One query for 500."""
    found: dict[str, int] = {}
    for start in range(0, len(external_ids), 500):
        rows = Contract.objects.filter(source=source, external_id__in=external_ids[start : start + 500])
        found |= dict(rows.values_list("external_id", "id"))
    return found


def contract_spans(customer_ids: Sequence[int]) -> dict[int, tuple[date, date | None]]:
    """Return each customer's first contract day and the first day without any (None: open-ended); one query."""
    found: dict[int, tuple[date, date | None]] = {}
    rows = Line.objects.current().filter(among("customer_id", customer_ids)).values("customer_id")
    ends = rows.annotate(first=Min("starts_on"), last=Max("ends_on"), open_ended=Count("pk", filter=Q(ends_on=None)))
    for customer_id, first, last, open_ended in ends.values_list("customer_id", "first", "last", "open_ended"):
        found[customer_id] = (first, None if open_ended else last)
    return found


def product_codes() -> dict[str, str]:
    """Return each product's code by its number as `ProductLine.product` has it; one query."""
    return {str(number): code for number, code in Product.objects.values_list("id", "code")}


def product_words() -> dict[int, tuple[str, str]]:
    """Return what each product is called and its code; one query."""
    rows = Product.objects.values_list("id", "name", "code")
    return {pk: (name or code, code) for pk, name, code in rows}


def product_names_by_code(codes: Sequence[str]) -> dict[str, str]:
    """Return what products are called, by code; who is not known is left out. One query, none for no code."""
    return dict(Product.objects.filter(code__in=codes).values_list("code", "name")) if codes else {}
