"""The tables of retention as files, every row of them, with live sums that agree to the cent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _

from perennial.contracts.calculations.cohorts import Cohort
from perennial.contracts.calculations.retention import Retention
from perennial.kernel.money import decimal_string, decimals_of, largest_remainder, round_half_even
from perennial.pages.revenue import by, tables
from perennial.pages.revenue.retention import heat
from perennial.pages.revenue.retention.address import Asked
from perennial.pages.revenue.retention.tables import RENEWALS, label_of, outcome_of, rates_of
from perennial.renewals.terms import Outcome
from perennial.reports import cohorts, renewal_rate, sheets
from perennial.reports.cohorts import REFERENCES
from perennial.reports.renewal_rate import Part
from perennial.reports.retention_figures import FIGURES, LATE_90, OUTCOMES
from perennial.reports.retention_figures import REFERENCES as CURVES
from perennial.reports.revenue import Book
from perennial.reports.revenue_behind import Behind
from perennial.reports.revenue_figures import RATES

Line = list[sheets.Cell]


def _sheet(
    book: Book, names: Sequence[str], lines: Sequence[Line], money: range, figures: Sequence[str]
) -> sheets.Sheet:
    headings = [f"{name} ({book.currency})" if at in money else name for at, name in enumerate(names)]
    notes = [*tables.notes(book), *((str(FIGURES[key].label), f"{FIGURES[key].definition} ({FIGURES[key].formula})")
                                    for key in figures)]  # fmt: skip
    return sheets.Sheet(headings, lines, notes, money_from=money.start, money_until=money.stop,
                        decimals=decimals_of(book.currency))  # fmt: skip


def _amount(minor: int, book: Book) -> Decimal:
    return Decimal(decimal_string(minor, book.currency))


def _share(value: Fraction | float | None) -> Decimal | None:
    return None if value is None else round(Decimal(float(value)), 4)


def _rates(found: Retention) -> Line:
    return [_share(rates_of(found)[one.key]) for one in RATES]


def _sums(lines: Sequence[Line], columns: Sequence[int], wholes: Sequence[int], book: Book) -> Line:
    """Return the live sums of columns of money."""
    rows = range(len(lines))
    return [sheets.total(at, rows, _amount(whole, book)) for at, whole in zip(columns, wholes, strict=True)]


def ways(asked: Asked) -> sheets.Sheet:
    """Return the year told three ways; lost = at the start - kept, live."""
    told, book, lines = asked.retention, asked.book, list[Line]()
    flow = told.flow
    rows: list[tuple[str, Fraction, Fraction, Fraction | None, Line]] = [
        (_("On the cohort, by customer (headline)"), told.whole.opening, told.whole.kept, told.whole.closing,
         _rates(told.whole)),
        (_("On the cohort, by customer and product"), told.by_product.opening, told.by_product.kept,
         told.by_product.closing, _rates(told.by_product)),
        (_("Movement view"), flow.opening, flow.opening - flow.lost, None, [None, _share(flow.gross), None]),
    ]  # fmt: skip
    for label, opening, kept, closing, rates in rows:
        started, left = round_half_even(opening), round_half_even(kept)
        lost = sheets.signed_sum([(1, 1), (2, -1)], len(lines), _amount(started - left, book))
        ended = None if closing is None else _amount(round_half_even(closing), book)
        lines.append([label, _amount(started, book), _amount(left, book), lost, ended, *rates])
    names = [tables.days_of(told.year), _("At the start"), _("Kept at the end"), _("Lost within the year"),
             _("At the end"),
             *(str(one.label) for one in RATES)]  # fmt: skip
    return _sheet(book, names, lines, range(1, 5), ["nrr", "grr", "logo", "by_product", "flow"])


def apart(asked: Asked) -> sheets.Sheet:
    """Return retention told apart."""
    return by.sheet_of(asked.retention.apart, asked.book)


def trend(asked: Asked) -> sheets.Sheet:
    """Return the trailing years, the earliest first; lost = at the start - kept, live."""
    lines: list[Line] = []
    for one in asked.retention.trend.windows:
        started, kept = round_half_even(one.opening), round_half_even(one.kept)
        lost = sheets.signed_sum([(2, 1), (3, -1)], len(lines), _amount(started - kept, asked.book))
        amounts: Line = [_amount(started, asked.book), _amount(kept, asked.book), lost]
        lines.append([one.span.since, one.span.until, *amounts, _share(one.churned), _share(one.net_churned)])
    names = [_("From"), _("To"), _("At the start"), _("Kept at the end"), _("Lost within the year"),
             str(FIGURES["churned"].label),
             _("Net of what was added")]  # fmt: skip
    return _sheet(asked.book, names, lines, range(2, 5), ["churned"])


def renewals(asked: Asked) -> sheets.Sheet:
    """Return the renewal rate's parts and their whole: due is the live sum of what became of it, each column's last row
    the live sum of the parts."""
    told, book = asked.renewals, asked.book
    lines: list[Line] = [_part(part, label_of(told.by, part), at, book) for at, part in enumerate(told.parts)]
    columns = range(3, 7 + len(Outcome))
    whole = _part(told.whole, _("All terms"), len(lines), book)
    sums = _sums(lines, columns, told.whole.printed, book)
    lines.append([*whole[:3], *sums, *whole[3 + len(sums) :]] if lines else whole)
    names = [str(told.by.label), _("Terms"), _("Due"), *(str(label) for label in OUTCOMES.values()),
             _("Renewed, at most what was due"), _("Renewed"), str(LATE_90),
             _("Renewed within 90 days, at most what was due"),
             *(str(FIGURES[key].label) for key in ("renewal", "renewal_net", "renewal_logo")), _("At most"),
             _("At most, logos"), _("Resolved"), _("Of which renewed"), str(FIGURES["renewal_90"].label)]  # fmt: skip
    return _sheet(book, names, lines, range(2, 7 + len(Outcome)), list(RENEWALS))


def _part(part: Part, label: str, at: int, book: Book) -> Line:
    rate = part.rate
    due = sheets.signed_sum([(3 + place, 1) for place in range(len(Outcome))], at, _amount(part.due, book))
    rates = (rate.dollar, rate.net, rate.logo, rate.highest, part.highest_logo, rate.resolved, part.renewed_of_resolved,
             part.rate_90.dollar)  # fmt: skip
    return [label, rate.count, due, *(_amount(one, book) for one in part.printed), *(_share(one) for one in rates)]


def terms(asked: Asked) -> sheets.Sheet:
    """Return the terms behind a rate with their sums."""
    found, book = renewal_rate.terms(asked.book, asked.part()), asked.book
    lines: list[Line] = [
        [one.customer.key, one.customer.name, one.term.due_on, outcome_of(one.later), one.agreed_on,
         _amount(one.due, book), _amount(one.kept, book), _amount(one.net, book), _amount(one.kept_90, book)]
        for one in found
    ]  # fmt: skip
    wholes = [sum(one.due for one in found), sum(one.kept for one in found), sum(one.net for one in found),
              sum(one.kept_90 for one in found)]  # fmt: skip
    lines.append([_("Total"), None, None, None, None, *_sums(lines, (5, 6, 7, 8), wholes, book)])
    names = [_("Key"), _("Customer"), _("Due day"), _("Outcome"), _("Agreed on"), _("Due"),
             _("Renewed, at most what was due"), _("Renewed"),
             _("Renewed within 90 days, at most what was due")]  # fmt: skip
    return _sheet(book, names, lines, range(5, 9), ["renewal", "renewal_net", "renewal_90"])


def heat_map(asked: Asked) -> sheets.Sheet:
    """Return every cohort at every age; revenue is the live sum last period - churned + expanded."""
    told, book, lines = asked.cohorts, asked.book, list[Line]()
    for one in told.cohorts:
        before = round_half_even(one.opening)
        for age in range(len(one.ages)):
            closed = round_half_even(one.ages[age].closing)
            lines.append(_cell(asked, one, age, before, len(lines)))
            before = closed
    names = [_("First paid"), _("Periods later"), _("Last day"), _("Customers"), _("Of these kept"),
             _("Last period"), _("Churned"), _("Expanded"), _("Revenue"), _("Kept at the end"), _("Initial deals"),
             *(str(one.label) for one in RATES), _("Interval from"), _("Interval to")]  # fmt: skip
    return _sheet(book, names, lines, range(5, 11), ["nrr", "grr", "logo"])


def _cell(asked: Asked, one: Cohort, age: int, before: int, row: int) -> Line:
    at, found, book = one.ages[age], one.retention(age), asked.book
    closed = round_half_even(at.closing)
    moved = largest_remainder([-at.churned, at.expanded], closed - before)
    low, high = found.logo_interval or (None, None)
    revenue = sheets.signed_sum([(5, 1), (6, 1), (7, 1)], row, _amount(closed, book))
    return [
        heat.label_of(one, asked.step), age, asked.ends_on(one, age), one.customers, at.customers,
        _amount(before, book), *(_amount(part, book) for part in moved), revenue,
        _amount(round_half_even(at.kept), book), _amount(round_half_even(one.opening), book), *_rates(found),
        _share(low), _share(high),
    ]  # fmt: skip


def curve(asked: Asked) -> sheets.Sheet:
    """Return the company's curve beside the references."""
    book, lines = asked.book, list[Line]()
    for age, one in enumerate(asked.cohorts.together):
        before, closed = round_half_even(one.last), round_half_even(one.left.closing)
        moved = largest_remainder([-one.churned, one.expanded], closed - before)
        revenue = sheets.signed_sum([(2, 1), (3, 1), (4, 1)], len(lines), _amount(closed, book))
        lines.append([
            age, one.cohorts, _amount(before, book), *(_amount(part, book) for part in moved), revenue,
            _amount(round_half_even(one.left.opening), book), _share(one.left.net),
            *(_share(each.at(age * asked.step.months)) for each in REFERENCES),
        ])  # fmt: skip
    names = [_("Periods later"), _("Cohorts"), _("Last period"), _("Churned"), _("Expanded"), _("Revenue"),
             _("Initial deals"), _("Of the initial deals"),
             *(str(CURVES[one.key]) for one in REFERENCES)]  # fmt: skip
    return _sheet(book, names, lines, range(2, 7), [])


def deals(asked: Asked) -> sheets.Sheet:
    """Return what each cohort brought, with live sums."""
    told, book = asked.cohorts, asked.book
    lines: list[Line] = [
        _deal(heat.label_of(one, told.step), deal.customers, printed, at, book,
              (deal.times, deal.after_share))
        for at, (one, deal, printed) in enumerate(zip(told.cohorts, told.deals, told.printed, strict=True))
    ]  # fmt: skip
    whole = _deal(_("All customers"), told.whole.customers, heat.whole_printed(asked), len(lines), book,
                  (told.whole.times, told.whole.after_share))  # fmt: skip
    lines.append([*whole[:2], *_sums(lines, (2, 3, 4), heat.whole_printed(asked), book), *whole[5:]])
    names = [_("First paid"), _("Customers"), _("Initial deals"), _("Revenue so far"),
             _("Of this the initial deals"), _("After the initial deal"), str(FIGURES["times"].label),
             str(FIGURES["after"].label)]  # fmt: skip
    return _sheet(book, names, lines, range(2, 6), ["times", "after"])


def _deal(
    label: str, customers: int, printed: tuple[int, int, int], row: int, book: Book,
    rates: tuple[Fraction | None, Fraction | None],
) -> Line:  # fmt: skip
    rest = sheets.signed_sum([(3, 1), (4, -1)], row, _amount(printed[1] - printed[2], book))
    return [label, customers, *(_amount(one, book) for one in printed), rest, *(_share(one) for one in rates)]


def brought(asked: Asked) -> sheets.Sheet:
    """Return what each customer of a cohort brought, or of all, with live sums."""
    period = asked.cohort().period if "first" in asked.get else None
    found, book = cohorts.brought(asked.book, asked.moves, period), asked.book
    lines: list[Line] = []
    for one in found:
        rest = sheets.signed_sum([(4, 1), (5, -1)], len(lines), _amount(one.revenue - one.of_deal, book))
        amounts = (_amount(part, book) for part in (one.deal, one.revenue, one.of_deal))
        lines.append([one.customer.key, one.customer.name, one.starts_on, *amounts, rest])
    wholes = [sum(getattr(one, name) for one in found) for name in ("deal", "revenue", "of_deal")]
    sums = _sums(lines, (3, 4, 5), wholes, book)
    rest = sheets.signed_sum([(4, 1), (5, -1)], len(lines), _amount(wholes[1] - wholes[2], book))
    lines.append([_("Total"), None, None, *sums, rest])
    names = [_("Key"), _("Customer"), _("First paid on"), _("Initial deals"), _("Revenue so far"),
             _("Of this the initial deals"), _("After the initial deal")]  # fmt: skip
    return _sheet(book, names, lines, range(3, 7), ["times", "after"])


def cell(asked: Asked) -> sheets.Sheet:
    """Return the customers of a cell of the heat map."""
    return tables.sheet_of_customers(cell_customers(asked).first(), asked.rate, asked.book)


def cell_customers(asked: Asked) -> Behind:
    """Return the customers of the cell that the address names."""
    one = asked.cohort()
    day = asked.ends_on(one, asked.age(one))
    return cohorts.behind(asked.book, asked.moves, asked.rate, one.period, day)


SHEETS: Mapping[str, Callable[[Asked], sheets.Sheet]] = {
    "ways": ways, "by": apart, "trend": trend, "renewals": renewals, "terms": terms, "cohorts": heat_map,
    "curve": curve, "deals": deals, "brought": brought, "cell": cell,
}  # fmt: skip
