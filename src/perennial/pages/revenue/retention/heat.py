"""Cohorts as they are shown: the heat map, the company's curve beside the four references, and what came after the
initial deal."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from perennial.contracts.calculations.cohorts import Age, Cohort, Earned, Step
from perennial.kernel.money import round_half_even
from perennial.pages.revenue.by import FEW
from perennial.pages.revenue.retention.address import Asked
from perennial.pages.revenue.retention.tables import Inputs, Row, Shown, rates_of
from perennial.pages.revenue.tables import interval
from perennial.pages.tags import UNKNOWN, day, exact_money, money, number, percent
from perennial.reports.cohorts import REFERENCES
from perennial.reports.retention_figures import FIGURES
from perennial.reports.retention_figures import REFERENCES as CURVES

ON_PHONE = {Step.MONTH: frozenset({0, 1, 3, 6, 12}), Step.QUARTER: frozenset({0, 1, 2, 4, 8})}
NARROW = 12
MOST_AGES = 25
SHADES, PALEST, RANGE = 10, 0.5, {"logo": 0.5, "grr": 0.5, "nrr": 1.0}


@dataclass(frozen=True)
class Cell:
    """A share: its text, its shade (0 to 10), where it opens, what it says in words, from which width it shows, and
    whether its period is not over."""

    text: str
    shade: int
    url: str
    label: str
    width: str
    is_open: bool


def label_of(cohort: Cohort, step: Step) -> str:
    """Write a cohort's period: a month, or a quarter such as 2025 Q1."""
    if step is Step.MONTH:
        return day(cohort.period.since, "month")
    return f"{cohort.period.since.year} Q{(cohort.period.since.month + 2) // 3}"


def first_of(cohort: Cohort) -> str:
    """Write a cohort as addresses do."""
    return f"{cohort.period.since:%Y-%m}"


def after(age: int, step: Step) -> str:
    """Say how old a cohort is."""
    if step is Step.MONTH:
        return ngettext("%(n)s month later", "%(n)s months later", age) % {"n": age}
    return ngettext("%(n)s quarter later", "%(n)s quarters later", age) % {"n": age}


def share_of(one: Cohort | None, at: Age, rate: str) -> Fraction | None:
    """Return a cell's share by the rate that is shown."""
    if one is None or not one.customers:
        return None
    if rate == "logo":
        return Fraction(at.customers, one.customers)
    return (at.kept if rate == "grr" else at.closing) / one.opening


def width_of(age: int, step: Step) -> str:
    """Return from which width of the window an age is shown."""
    return "" if age in ON_PHONE[step] else "fold-away" if age <= NARROW else "fold-away roomy"


def rows(asked: Asked) -> list[tuple[str, str, bool, list[Cell], range]]:
    """Return a row for each cohort: its name, its customers, whether they are few, its cells, and what is not yet."""
    found = asked.cohorts
    most = min(MOST_AGES, len(found.cohorts[0].ages))
    return [
        (label_of(one, found.step), number(one.customers), one.customers < FEW,
         [_cell(asked, one, age) for age in range(min(most, len(one.ages)))], range(most - min(most, len(one.ages))))
        for one in found.cohorts
    ]  # fmt: skip


def _cell(asked: Asked, one: Cohort, age: int) -> Cell:
    rate, at = asked.rate.key, one.ages[age]
    share = share_of(one, at, rate) or Fraction(0)
    told = _("%(kept)s of %(all)s customers") % {"kept": number(at.customers), "all": number(one.customers)}
    is_open = age >= one.ended
    words = [f"{asked.rate.label} {percent(share, 1)}", told, after(age, asked.step)]
    if one.customers < FEW:
        words.append(_("fewer than 30 customers"))
    if is_open:
        words.append(_("this period is not over"))
    return Cell(
        text=percent(share),
        shade=round(max(0.0, min(1.0, (float(share) - PALEST) / RANGE[rate])) * SHADES),
        url=asked.to("_customers", what="cohort", step=asked.step.value, first=first_of(one), age=age, rate=rate),
        label=" · ".join(words),
        width=width_of(age, asked.step),
        is_open=is_open,
    )


def together(asked: Asked) -> list[tuple[str, str]]:
    """Return the share of all cohorts that are old enough, at each age, with its width."""
    return [(percent(rates_of(one.left)[asked.rate.key]), width_of(age, asked.step))
            for age, one in enumerate(asked.cohorts.together[:MOST_AGES])]  # fmt: skip


def curve_rows(asked: Asked) -> list[Row]:
    """Return the company's curve: last period − churned + expanded = revenue, of all cohorts that are old enough."""
    currency, found = asked.book.currency, []
    for age, one in enumerate(asked.cohorts.together):
        amounts = [(_("Last period"), one.last), (_("Churned"), -one.churned), (_("Expanded"), one.expanded),
                   (_("Revenue"), one.left.closing)]  # fmt: skip
        cells = [Shown(number(one.cohorts), "", _("Cohorts")),
                 *(Shown(money(round_half_even(amount), currency), "", label) for label, amount in amounts),
                 Shown(percent(one.left.net, 1), "", _("Of the initial deals"))]  # fmt: skip
        found.append(Row(after(age, asked.step), "", cells))
    return found


def curve(asked: Asked) -> dict[str, Any]:
    """Return the company's curve and the four references, as charts.js draws them."""
    own = [None if one.left.net is None else round(float(one.left.net), 4) for one in asked.cohorts.together]
    ages = range(len(own))
    references = [{"name": str(CURVES[one.key]), "values": [round(one.at(age * asked.step.months), 4) for age in ages]}
                  for one in REFERENCES]  # fmt: skip
    return {
        "kind": "line",
        "x": [after(age, asked.step) for age in ages],
        "series": [{"name": _("All cohorts"), "values": own}, *references],
        "format": {"style": "percent", "maximumFractionDigits": 1},
        "summary": curve_title(asked),
    }


def curve_title(asked: Asked) -> str:
    """Say in one sentence what is left of the initial deals, and which reference lies nearest."""
    found = asked.cohorts.together
    if len(found) < 2 or found[-1].left.net is None:
        return _("No cohort is old enough yet for a curve")
    age = min(len(found) - 1, 12 // asked.step.months)
    share = found[age].left.net or Fraction(0)
    nearest = min(REFERENCES, key=lambda one: abs(one.at(age * asked.step.months) - float(share)))
    return _("%(after)s, cohorts pay %(share)s of their initial deals; nearest reference: %(reference)s") % {
        "after": after(age, asked.step), "share": percent(share, 1), "reference": CURVES[nearest.key]}  # fmt: skip


def references() -> list[tuple[str, str, str]]:
    """Return the references with what they assume of a year: name, churned, expanded."""
    return [(str(CURVES[one.key]), percent(one.churned), percent(one.expanded)) for one in REFERENCES]


def times(value: Fraction | None) -> str:
    """Write how many times: 1.7×."""
    return UNKNOWN if value is None else f"{number(value, 1)}×"


def deal_rows(asked: Asked) -> list[Row]:
    """Return what each cohort brought; the name opens to its customers."""
    told = asked.cohorts
    return [
        deal_row(asked, deal, printed, label_of(one, told.step), first_of(one))
        for one, deal, printed in zip(told.cohorts, told.deals, told.printed, strict=True)
    ]


def deal_row(asked: Asked, deal: Earned, printed: tuple[int, int, int], label: str, first: str = "") -> Row:
    """Return what some customers brought."""
    currency, named = asked.book.currency, {"step": asked.step.value} | ({"first": first} if first else {})
    texts = [(_("Customers"), number(deal.customers)), (_("Initial deals"), money(printed[0], currency)),
             (_("Revenue so far"), money(printed[1], currency)),
             (_("After the initial deal"), money(printed[1] - printed[2], currency))]  # fmt: skip
    rates = [("times", times(deal.times)), ("after", percent(deal.after_share, 1))]
    cells = [Shown(text, "", name) for name, text in texts]
    cells += [Shown(text, asked.to("_explanation", figure=key, **named) if text != UNKNOWN else "",
                    str(FIGURES[key].label)) for key, text in rates]  # fmt: skip
    return Row(label, asked.to("_customers", what="deals", **named), cells, deal.customers < FEW)


def whole_printed(asked: Asked) -> tuple[int, int, int]:
    """Return the sums of the printed amounts: those of all customers."""
    deal, revenue, own = (sum(row[place] for row in asked.cohorts.printed) for place in range(3))
    return deal, revenue, own


def deal_inputs(deal: Earned, printed: tuple[int, int, int], key: str, currency: str) -> Inputs:
    """Return what the ratio or the share is made of."""
    told = [(_("Customers"), number(deal.customers)), (_("Initial deals"), exact_money(printed[0], currency)),
            (_("Revenue so far"), exact_money(printed[1], currency))]  # fmt: skip
    if key == "times":
        return [*told, (str(FIGURES[key].label), times(deal.times)), (_("Reference"), "6×")]
    return [*told, (_("Of this the initial deals"), exact_money(printed[2], currency)),
            (str(FIGURES[key].label), percent(deal.after_share, 1)),
            (_("Reference"), percent(Fraction(9, 10)))]  # fmt: skip


def cell_title(asked: Asked, cohort: Cohort, age: int) -> str:
    """Write a cell: its share, of how many, with Wilson's interval where they are few."""
    found = cohort.retention(age)
    told = f"{asked.rate.label} {percent(rates_of(found)[asked.rate.key], 1)}"
    if asked.rate.key == "logo" and cohort.customers < FEW:
        told += f" ({_('95%% interval %(range)s') % {'range': interval(found.logo_interval)}})"
    return told
