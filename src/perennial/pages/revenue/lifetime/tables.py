"""The tables of lifetime value as cells that open."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from perennial.insights.terms import Check
from perennial.pages.revenue.lifetime.address import Asked
from perennial.pages.revenue.lifetime.words import label_of, months, texts, times
from perennial.pages.revenue.tables import Kpi, months_of
from perennial.pages.tags import UNKNOWN, exact_money, number, percent
from perennial.reports.lifetime import Cohort, Group, Told, spent_months
from perennial.reports.lifetime_figures import CHECKS, FIGURES, MODELS, SHARES, STAGES, TONES, VERDICTS
from perennial.reports.revenue import Book


@dataclass(frozen=True)
class Shown:
    """A number on the screen: its text, the address that opens it, what its column is called, and a second line."""

    text: str
    url: str
    label: str
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A part: its name, its customers, and its figures."""

    label: str
    customers: str
    cells: list[Shown]
    is_few: bool


def kpis(found: Told, asked: Asked) -> list[Kpi]:
    """Return the headline figures of all customers."""
    told, group = texts(found.whole, asked.book.currency), found.whole
    notes = {
        "worth": format_html(_("90% interval {range}"), range=told["worth"][1]) if told["worth"][1] else "",
        "years": format_html(_("90% interval {range}"), range=told["years"][1]) if told["years"][1] else "",
        "revenue": ngettext("%(n)s customer pays", "%(n)s customers pay", group.paying) % {"n": number(group.paying)},
        "cost": _won(group),
        "payback": _("the usual test: under 12 months"),
        "ratio": _("80%% lower bound %(value)s") % {"value": times(group.ratio_low)} if group.ratio else "",
    }
    shown = ("worth", "years", "revenue", *(("cost", "payback", "ratio") if asked.is_whole else ()))
    every = asked.of_part(None)
    return [
        Kpi(str(FIGURES[key].label), told[key][0], every.opens(key) if told[key][0] != UNKNOWN else "", notes[key])
        for key in shown
    ]


def _won(group: Group) -> str:
    if group.cost is None:
        return _("no spend is known")
    return ngettext("%(n)s customer won in a year", "%(n)s customers won in a year", group.cost.won) % {
        "n": number(group.cost.won)}  # fmt: skip


SHOWN = ("revenue", "years", "worth", "cost", "payback", "ratio")


def rows(found: Told, asked: Asked) -> list[Row]:
    """Return the parts as rows that open."""
    return [row(part, asked.of_part(part.value), label_of(part.value)) for part in found.parts]


def row(group: Group, asked: Asked, label: str) -> Row:
    """Return one part; its numbers open where there are any."""
    told = texts(group, asked.book.currency)
    keys = SHOWN if asked.is_whole else SHOWN[:3]
    cells = [
        Shown(told[key][0], asked.opens(key) if told[key][0] != UNKNOWN else "", str(FIGURES[key].label),
              told[key][1])
        for key in keys
    ]  # fmt: skip
    return Row(label, number(group.customers), cells, not group.ages.is_enough)


@dataclass(frozen=True)
class CohortRow:
    """A year's customers: how many, and the share that stayed at each age with what it is made of."""

    year: str
    customers: str
    cells: list[tuple[str, str]]


def cohorts(found: Told) -> tuple[list[int], list[CohortRow]]:
    """Return the ages as headings, and a row for each year in which customers first paid."""
    most = max((len(one.observed) for one in found.cohorts), default=0)
    return list(range(1, most + 1)), [_cohort(one, most) for one in found.cohorts]


def _cohort(one: Cohort, most: int) -> CohortRow:
    cells = []
    for age in range(most):
        if age >= len(one.observed):
            cells.append(("", ""))
            continue
        share = Fraction(one.stayed[age], one.observed[age])
        made = _("%(stayed)s of %(observed)s") % {
            "stayed": number(one.stayed[age]), "observed": number(one.observed[age])}  # fmt: skip
        cells.append((percent(share), made))
    return CohortRow(str(one.year), number(one.customers), cells)


@dataclass(frozen=True)
class Tested:
    """A test of a stage as it is shown."""

    label: str
    told: str
    verdict: str
    tone: str


def tests(found: Told) -> list[tuple[str, list[Tested]]]:
    """Return the tests by stage; none for who does not see all customers."""
    staged = found.staged
    if staged is None:
        return []
    groups = ((_("Product/market fit"), staged.fit), (_("A model that repeats"), staged.economy),
              (_("Ready to grow"), staged.scale))  # fmt: skip
    return [(label, [_tested(one) for one in checks]) for label, checks in groups]


def _tested(one: Check) -> Tested:
    value, limit = (_written(one, part) for part in (one.value, one.limit))
    told = "" if one.value is None else _("%(value)s, test %(limit)s") % {"value": value, "limit": limit}
    return Tested(str(CHECKS[one.key]), told, str(VERDICTS[one.verdict]), TONES.get(one.verdict, ""))


def _written(one: Check, value: float | None) -> str:
    if value is None:
        return UNKNOWN
    if one.key in SHARES:
        return percent(value, 1)
    if one.key == "ratio":
        return times(value)
    return months(value) if one.key == "payback" else number(int(value))


def stage(found: Told) -> tuple[str, str] | None:
    """Return the stage and what it means."""
    return None if found.staged is None else (str(STAGES[found.staged.stage][0]), str(STAGES[found.staged.stage][1]))


def assumptions(found: Told, book: Book) -> list[tuple[str, str]]:
    """Return what every figure here assumes, and what it stands on."""
    rules = found.rules
    told = [
        (_("Gross margin"), percent(rules.gross_margin, 1)),
        (_("Discount rate"), _("%(share)s a year") % {"share": percent(rules.discount_rate, 1)}),
        (_("Horizon"), ngettext("%(n)s year", "%(n)s years", rules.horizon_years) % {"n": rules.horizon_years}),
        (_("Sales cycle"), ngettext("%(n)s month", "%(n)s months", rules.sales_cycle_months) % {
            "n": rules.sales_cycle_months}),
        (_("Fields of the channel"), ", ".join(rules.channel_fields) or UNKNOWN),
        (_("Curve"), str(MODELS[found.whole.curve.model])),
    ]  # fmt: skip
    if found.whole.cost is not None:
        told.append((_("Spend"), _("%(amount)s in %(months)s, known for %(n)s of 12 months") % {
            "amount": exact_money(found.whole.cost.spent, book.currency),
            "months": months_of(spent_months(book.as_of, rules)), "n": found.whole.cost.months}))  # fmt: skip
    if found.unallocated and found.parts:
        told.append((_("Spend of no part"), exact_money(found.unallocated, book.currency)))
    return told
