"""The tables of the Revenue page: as cells that open on the screen, and as the same rows in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from perennial.contracts.changes import Change
from perennial.contracts.ledger import MovementRow
from perennial.contracts.terms import View
from perennial.kernel.money import decimal_string, decimals_of, minor_per_major
from perennial.kernel.periods import Period, day_before
from perennial.pages.revenue.address import CONSTANT, REPORTED, Chosen, months_query, written
from perennial.pages.tags import day, number, percent
from perennial.reports import policy, retention_by, revenue, sheets
from perennial.reports.retention_by import Dimension
from perennial.reports.revenue import Book
from perennial.reports.revenue_behind import CustomerBehind
from perennial.reports.revenue_figures import CHANGE_TAGS, FIGURES, KINDS, Figure

ALWAYS = ("new", "expansion", "contraction", "churn")
MOST_DAYS, MOST_LINES = 2, 3


@dataclass(frozen=True)
class Kpi:
    """A headline figure, the address that opens it ("" for none), what stands below and its tone."""

    label: str
    figure: str
    explain: str
    note: str
    tone: str = ""


@dataclass(frozen=True)
class Shown:
    """A number on the screen: its text, the address of its explanation ("" where nothing is behind a zero)."""

    text: str
    url: str
    label: str
    is_closing: bool = False


@dataclass(frozen=True)
class Month:
    """A row of the table. `chart`: the address that opens the month in the chart; "" for the total."""

    label: str
    chart: str
    cells: list[Shown]
    is_open: bool = False
    until: str = ""


@dataclass(frozen=True)
class Table:
    """Months × kinds, each heading with the address that opens it. Kinds that moved nothing in any month are left out
    and named in `quiet`."""

    headings: list[tuple[Figure, str]]
    rows: list[Month]
    total: Month
    quiet: list[str]


def shown_kinds(rows: Sequence[MovementRow]) -> list[Figure]:
    """Return the columns between opening and closing: the usual four and what moved besides."""
    moved = revenue.moved_kinds(rows)
    return [figure for figure in KINDS if figure.kind in moved or figure.key in ALWAYS]


def table_of(rows: Sequence[MovementRow], chosen: Chosen, book: Book) -> Table:
    """Return the months as cells that open."""
    kinds = shown_kinds(rows)
    headings = [FIGURES["opening"], *kinds, FIGURES["closing"], FIGURES["customers"]]
    decimals = decimals_shown(rows, book.currency)
    months = [_month(row, headings, chosen, book, decimals) for row in rows]
    whole = revenue.total(rows)
    total = Month(_("Total"), "", _cells(whole, headings, book, decimals))
    opened = [(one, explanation_url(one, chosen.span, kept_of(book))) for one in headings]
    return Table(opened, months, total, [str(one.label) for one in KINDS if one not in kinds])


def decimals_shown(rows: Sequence[MovementRow], currency: str) -> int:
    """Return 0 where every amount is whole, else the currency's decimals: exact either way."""
    unit = minor_per_major(currency)
    amounts = [amount for row in rows for amount in (row.opening, row.closing, *row.movements.values())]
    return decimals_of(currency) if any(amount % unit for amount in amounts) else 0


def _month(row: MovementRow, headings: Sequence[Figure], chosen: Chosen, book: Book, decimals: int) -> Month:
    return Month(
        label=day(row.period.since, "month"),
        chart=f"?{chosen.query(month=row.period)}#chart",
        cells=_cells(row, headings, book, decimals),
        is_open=chosen.month == row.period,
        until=day(book.as_of, "short") if book.tomorrow < row.period.until else "",
    )


def _cells(row: MovementRow, headings: Sequence[Figure], book: Book, decimals: int) -> list[Shown]:
    cells = []
    for figure in headings:
        value = value_of(row, figure)
        if figure.key == "customers":
            text = number(value)
        else:
            text = number(Decimal(decimal_string(value, book.currency)), decimals)
        url = explanation_url(figure, row.period, kept_of(book)) if value else ""
        cells.append(Shown(text, url, str(figure.label), is_closing=figure.key == "closing"))
    return cells


def value_of(row: MovementRow, figure: Figure) -> int:
    """Return a figure of a printed row, in minor units (customers: a count)."""
    if figure.kind is not None:
        return row.movements[figure.kind]
    if figure.key == "arr":
        return 12 * row.closing
    return {"opening": row.opening, "customers": row.customers}.get(figure.key, row.closing)


def rates_of(book: Book) -> Mapping[str, str]:
    """Return what an address behind a number says of how the ledger is told."""
    rates = {} if book.exchange.fixed_on is None else CONSTANT
    return {**rates, **(REPORTED if book.view is View.REPORTED else {})}


def kept_of(book: Book) -> dict[str, str]:
    """Return what an address behind a number says of rates and of whose revenue it is."""
    return {**rates_of(book), **book.whose}


def whose_told(book: Book) -> list[tuple[str, dict[str, str]]]:
    """Return to whom the revenue is narrowed, in words, each with what stays without it. One query for a CSM."""
    told = []
    for key, value in book.whose.items():
        dimension = Dimension(key)
        nobody = _("Nobody") if dimension is Dimension.OWNER else _("Not known")
        label = retention_by.label_of(book, dimension, value) or nobody
        rest = {other: one for other, one in book.whose.items() if other != key}
        told.append((f"{dimension.label}: {label}", rest))
    return told


def rates_told(book: Book) -> str:
    """Say at which rates amounts of other currencies stand."""
    fixed = book.exchange.fixed_on
    if fixed is None:
        return _("at the rates of each day; what rates did is told apart")
    return _("constant currency: all at the rates of %(day)s") % {"day": day(fixed)}


def view_told(book: Book) -> str:
    """Say which ledger it is: as we know it now, or as it was reported."""
    if book.view is View.REPORTED:
        return _("as reported: each movement on the day on which it was known; a month that is over never changes")
    return _("as restated: each movement on its own day, as known now")


def explanation_url(figure: Figure, span: Period, part: Mapping[str, str] | None = None) -> str:
    """Return the address at which a number opens; `part` names the part of the customers that it is about."""
    named = {"figure": figure.key, **months_query(span), **(part or {})}
    return f"{reverse('revenue_explanation')}?{urlencode(named)}"


def customers_url(figure: Figure, span: Period, part: Mapping[str, str] | None = None) -> str:
    """Return the address of the customers behind a number."""
    named = {"figure": figure.key, **months_query(span), **(part or {})}
    return f"{reverse('revenue_customers')}?{urlencode(named)}"


def sheet_of_months(rows: Sequence[MovementRow], book: Book) -> sheets.Sheet:
    """Return the table of months as it is shown, its total included."""
    kinds = shown_kinds(rows)
    figures = [FIGURES["opening"], *kinds, FIGURES["closing"]]
    headings = [_("Month"), *(f"{one.label} ({book.currency})" for one in figures), str(FIGURES["customers"].label)]
    lines: list[list[sheets.Cell]] = []
    for row in rows:
        cells: list[sheets.Cell] = [written(row.period), *(amount(value_of(row, one), book) for one in figures)]
        lines.append([*_closed(cells, row, len(lines), book), row.customers])
    if rows:
        whole, last = revenue.total(rows), range(len(rows))
        sums = [sheets.total(at, last, amount(value_of(whole, one), book)) for at, one in enumerate(kinds, start=2)]
        opened = sheets.signed_sum([(1, 1)], 0, amount(whole.opening, book))
        total: list[sheets.Cell] = [_("Total"), opened, *sums, amount(whole.closing, book)]
        lines.append([*_closed(total, whole, len(rows), book), whole.customers])
    return sheets.Sheet(headings, lines, notes(book), money_from=1, money_until=1 + len(figures),
                        decimals=decimals_of(book.currency))  # fmt: skip


def _closed(cells: list[sheets.Cell], row: MovementRow, at: int, book: Book) -> list[sheets.Cell]:
    """Return a row's cells with its closing as the live sum of its opening and movements."""
    closing = sheets.signed_sum([(column, 1) for column in range(1, len(cells) - 1)], at, amount(row.closing, book))
    return [*cells[:-1], closing]


def settings_of(book: Book) -> list[policy.Setting]:
    """Return the policy switches that touch the page, as they are set."""
    return policy.settings(book.switches, policy.OF_REVENUE)


def notes(book: Book) -> list[tuple[str, str]]:
    """Return what the figures stand on, for a workbook's second sheet."""
    told = [
        (_("Basis"), str(FIGURES["mrr"].definition)),
        (_("Currency"), book.currency),
        (_("Ledger"), view_told(book)),
        (_("Exchange rates"), rates_told(book)),
        (_("As of"), book.as_of.isoformat()),
        *((_("Only"), text) for text, _without in whose_told(book)),
    ]
    return told + [(str(one.label), f"{one.value} ({one.meaning})") for one in settings_of(book)]


def sheet_of_customers(found: Sequence[CustomerBehind], figure: Figure, book: Book) -> sheets.Sheet:
    """Return the customers behind a figure as they are listed."""
    headings = [_("Key"), _("Customer")]
    lines: list[list[sheets.Cell]] = [[one.customer.key, one.customer.name] for one in found]
    amounts = [figure.label] if not figure.is_rate else [_("At the start"), held_label(figure), _("Change")]
    headings += [f"{label} ({book.currency})" for label in amounts]
    for line, one in zip(lines, found, strict=True):
        if figure.is_rate:
            line += [amount(one.opening or 0, book), amount(one.closing or 0, book)]
        line.append(amount(one.amount, book))
        if figure.kind is not None:
            line += [", ".join(days(one)), ", ".join(lines_of(one))]
    if found:
        lines.append([_("Total"), None, *_totals(found, figure, book)])
    if figure.kind is not None:
        headings += [_("Days"), _("Lines")]
    return sheets.Sheet(headings, lines, notes(book), money_from=2, money_until=2 + len(amounts),
                        decimals=decimals_of(book.currency))  # fmt: skip


def _totals(found: Sequence[CustomerBehind], figure: Figure, book: Book) -> list[sheets.Cell]:
    """Return the live sums of a list's columns of money."""
    columns = [[one.opening or 0 for one in found], [one.closing or 0 for one in found]] if figure.is_rate else []
    columns.append([one.amount for one in found])
    rows = range(len(found))
    return [sheets.total(at, rows, amount(sum(values), book)) for at, values in enumerate(columns, start=2)]


def held_label(figure: Figure) -> str:
    """Say what a cohort's second column holds."""
    return _("Kept at the end") if figure.key == "grr" else _("At the end")


def days(one: CustomerBehind) -> list[str]:
    """Return the days on which a customer moved, each once."""
    return list(dict.fromkeys(change.on.isoformat() for change in one.changes))


def lines_of(one: CustomerBehind) -> list[str]:
    """Return the lines behind a customer's movements, each once: paper and product."""
    return list(dict.fromkeys(text for change in one.changes for text in causes(change)))


def causes(change: Change) -> list[str]:
    """Return the lines behind a movement in words."""
    return [" · ".join(part for part in (cause.paper, cause.product) if part) for cause in change.causes]


@dataclass(frozen=True)
class Listed:
    """A customer behind a number as it is listed: the first few days and lines in full, of the others their count."""

    one: CustomerBehind
    days: list[date]
    more_days: int
    lines: list[str]
    more_lines: int
    tags: list[str]


def listed(one: CustomerBehind) -> Listed:
    """Return what a row of the list shows."""
    told, behind = list(dict.fromkeys(change.on for change in one.changes)), lines_of(one)
    said = sorted({tag for change in one.changes for tag in change.tags if tag in CHANGE_TAGS})
    return Listed(
        one=one,
        days=told[:MOST_DAYS],
        more_days=max(0, len(told) - MOST_DAYS),
        lines=behind[:MOST_LINES],
        more_lines=max(0, len(behind) - MOST_LINES),
        tags=[str(CHANGE_TAGS[tag]) for tag in said],
    )


def amount(minor: int, book: Book) -> Decimal:
    """Return an amount of minor units as files hold it."""
    return Decimal(decimal_string(minor, book.currency))


def days_of(span: Period) -> str:
    """Write the two days of a retention."""
    return _("%(first)s to %(last)s") % {"first": day(span.since), "last": day(span.until)}


def months_of(span: Period) -> str:
    """Write whole months: one by its name, more by the first and the last."""
    first, last = day(span.since, "month"), day(day_before(span.until), "month")
    return first if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last}


def interval(low_high: tuple[float, float] | None) -> str:
    """Write an interval of a share: "81.0% to 88.4%"."""
    if low_high is None:
        return ""
    return _("%(first)s to %(last)s") % {"first": percent(low_high[0], 1), "last": percent(low_high[1], 1)}
