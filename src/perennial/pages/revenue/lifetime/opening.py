"""What each number of lifetime value is made of."""

from __future__ import annotations

from django.utils.translation import gettext as _

from perennial.insights import queries
from perennial.insights.calculations import survival
from perennial.kernel.money import round_half_even
from perennial.pages.revenue.lifetime.words import texts, times
from perennial.pages.revenue.tables import months_of
from perennial.pages.tags import UNKNOWN, exact_money, number, percent
from perennial.reports.lifetime import Group, spent_months, won_months
from perennial.reports.lifetime_figures import FIGURES, MODELS
from perennial.reports.revenue import Book
from perennial.reports.revenue_figures import Figure

Inputs = list[tuple[str, str]]


def inputs(group: Group, key: str, book: Book) -> list[tuple[str, str]]:
    """Return what a figure is made of."""
    told = texts(group, book.currency)
    made = {"revenue": _of_revenue, "cost": _of_cost, "payback": _of_payback, "ratio": _of_ratio}
    value = [(str(FIGURES[key].label), told[key][0])] if key in told else []
    if key in made:
        return [*made[key](group, book), *value]
    parts = _of_curve(group)
    if key == "worth":
        parts += _of_profit(group, book)
    if key in told:
        parts.append((_("Discount rate"), percent(group.rules.discount_rate, 1)))
    interval = [(_("90%% interval") % (), told[key][1])] if key in told and told[key][1] else []
    return [*parts, *value, *interval]


def _of_revenue(group: Group, book: Book) -> Inputs:
    total = None if group.revenue is None else round_half_even(group.revenue * group.paying)
    return [(_("Revenue a year"), exact_money(total, book.currency)), (_("Customers who pay"), number(group.paying))]


def _of_cost(group: Group, book: Book) -> Inputs:
    if group.cost is None:
        return []
    return [
        (_("Spend"), exact_money(group.cost.spent, book.currency)),
        (_("Spent in"), months_of(spent_months(book.as_of, group.rules))),
        (_("Months whose spend is known"), number(group.cost.months)),
        (_("Customers won"), number(group.cost.won)),
        (_("Won in"), months_of(won_months(book.as_of))),
    ]


def _of_profit(group: Group, book: Book) -> Inputs:
    return [
        (str(FIGURES["revenue"].label), texts(group, book.currency)["revenue"][0]),
        (_("Gross margin"), percent(group.rules.gross_margin, 1)),
    ]


def _of_payback(group: Group, book: Book) -> Inputs:
    cost = (str(FIGURES["cost"].label), texts(group, book.currency)["cost"][0])
    return [*_of_cost(group, book), cost, *_of_profit(group, book)]


def _of_ratio(group: Group, book: Book) -> Inputs:
    worth = (str(FIGURES["worth"].label), texts(group, book.currency)["worth"][0])
    return [*_of_payback(group, book), worth, (_("80%% lower bound") % (), times(group.ratio_low))]


def _of_curve(group: Group) -> list[tuple[str, str]]:
    told = [
        (_("Customers at their first renewal"), number(group.ages.logos)),
        (_("Renewal ages observed"), number(group.ages.points)),
        (_("At risk, by age"), ", ".join(map(str, group.ages.at_risk)) or UNKNOWN),
        (_("Lost, by age"), ", ".join(map(str, group.ages.lost)) or UNKNOWN),
        (_("Curve"), str(MODELS[group.curve.model])),
    ]
    if group.fitted is None:
        return told
    a, b, c = group.fitted.parameters
    told.append(("α · β · c", f"{a:.3f} · {b:.3f} · {c:.3f}"))
    if group.fitted.ratio is not None:
        told.append((_("Likelihood ratio, BdW over sBG (taken over 3.84)"), f"{group.fitted.ratio:.2f}"))
    return told


def source(group: Group, figure: Figure) -> str:
    """Say of what a figure is computed, and by which seed and versions."""
    told = _("Ledger of movements, definition %(version)d") % {"version": figure.version}
    if group.fitted is None:
        return told
    versions = queries.versions()
    return told + " · " + _("bootstrap of %(draws)s, seed %(seed)s, scipy %(scipy)s, numpy %(numpy)s") % {
        "draws": len(group.draws), "seed": survival.SEED, "scipy": versions["scipy"], "numpy": versions["numpy"],
    }  # fmt: skip
