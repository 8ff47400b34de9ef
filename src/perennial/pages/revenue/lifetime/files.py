"""Lifetime value as files: parts, cohorts, and the customers behind them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from perennial.kernel.money import decimal_string, decimals_of, round_half_even
from perennial.pages.revenue.lifetime.tables import SHOWN, assumptions
from perennial.pages.revenue.lifetime.words import label_of
from perennial.reports import sheets
from perennial.reports.lifetime import Group, Told
from perennial.reports.lifetime_figures import FIGURES, MODELS
from perennial.reports.lifetime_waiting import Lived
from perennial.reports.revenue import Book


def sheet_of_parts(found: Told, book: Book) -> sheets.Sheet:
    """Return the parts and the whole as a file."""
    amounts = [_("Revenue per customer and year"), _("Lifetime value"), _("Lifetime value, low"),
               _("Lifetime value, high"), _("Spend"), _("CAC")]  # fmt: skip
    headings = [str(found.by.label), _("Customers"), _("Customers who pay"), _("Customers won"),
                *(f"{label} ({book.currency})" for label in amounts), _("Discounted years"), _("Years, low"),
                _("Years, high"), _("CAC payback, months"), _("LTV : CAC"), _("LTV : CAC, 80% lower bound"),
                _("Curve"), _("At risk, by age"), _("Lost, by age")]  # fmt: skip
    lines = [_line(one, label_of(one.value), book) for one in found.parts]
    lines.append(_line(found.whole, _("All customers"), book))
    return sheets.Sheet(headings, lines, notes(found, book), money_from=4, money_until=10,
                        decimals=decimals_of(book.currency))  # fmt: skip


def _line(one: Group, label: str, book: Book) -> list[sheets.Cell]:
    low, high = one.worth_interval or (None, None)
    cost = one.cost.each if one.cost else None
    money_cells = [one.revenue, one.worth, low, high, one.cost.spent if one.cost else None, cost]
    years = (one.years, *one.years_interval) if one.ages.points else (None, None, None)
    return [
        label, one.customers, one.paying, one.cost.won if one.cost else None,
        *(_amount(minor, book.currency) for minor in money_cells),
        *(_plain(value) for value in (*years, one.payback, one.ratio, one.ratio_low)),
        str(MODELS[one.curve.model]), ", ".join(map(str, one.ages.at_risk)), ", ".join(map(str, one.ages.lost)),
    ]  # fmt: skip


def _amount(minor: int | Fraction | None, currency: str) -> Decimal | None:
    return None if minor is None else Decimal(decimal_string(round_half_even(Fraction(minor)), currency))


def _plain(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(round(value, 4)))


def notes(found: Told, book: Book) -> list[tuple[str, str]]:
    """Return what the figures stand on, for a workbook's second sheet."""
    defined = [(str(FIGURES[key].label), f"{FIGURES[key].definition} ({FIGURES[key].formula})") for key in SHOWN]
    return [(_("As of"), book.as_of.isoformat()), (_("Currency"), book.currency), *assumptions(found, book), *defined]


def sheet_of_cohorts(found: Told, book: Book) -> sheets.Sheet:
    """Return the cohorts as a file: of each age, who was observed and who had stayed."""
    most = max((len(one.observed) for one in found.cohorts), default=0)
    ages = [label % {"age": age} for age in range(1, most + 1)
            for label in (_("Age %(age)s, observed"), _("Age %(age)s, stayed"))]  # fmt: skip
    lines: list[list[sheets.Cell]] = []
    for one in found.cohorts:
        told = [value for pair in zip(one.observed, one.stayed, strict=True) for value in pair]
        lines.append([str(one.year), one.customers, *told, *[None] * (2 * most - len(told))])
    return sheets.Sheet([_("First paid in"), _("Customers"), *ages], lines, notes(found, book))


def sheet_of_customers(found: Sequence[Lived], book: Book) -> sheets.Sheet:
    """Return the customers behind the numbers as a file, their MRR summed."""
    headings = [_("Key"), _("Customer"), _("First paid on"), _("Left on"), _("Came back"), _("Segment"),
                pgettext("of customers won", "Channel"), f"MRR ({book.currency})"]  # fmt: skip
    lines: list[list[sheets.Cell]] = [
        [one.customer.key, one.customer.name, one.starts_on, one.left_on, _("yes") if one.came_back else None,
         one.segment or None, one.channel or None, _amount(one.mrr, book.currency)]
        for one in found
    ]  # fmt: skip
    if lines:
        whole = sheets.total(7, range(len(lines)), _amount(sum(one.mrr for one in found), book.currency) or Decimal(0))
        lines.append([_("Total"), *[None] * 6, whole])
    told = [(_("As of"), book.as_of.isoformat()), (_("Currency"), book.currency)]
    return sheets.Sheet(headings, lines, told, money_from=7, money_until=8, decimals=decimals_of(book.currency))
