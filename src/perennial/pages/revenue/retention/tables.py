"""The tables of retention as cells that open: one year told three ways, its trend, and the renewal rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from perennial.contracts.calculations.retention import Retention, wilson_interval
from perennial.kernel.money import round_half_even
from perennial.pages.revenue import tables
from perennial.pages.revenue.by import FEW
from perennial.pages.revenue.retention.address import Asked
from perennial.pages.revenue.tables import Kpi
from perennial.pages.tags import UNKNOWN, day, exact_money, money, number, percent, signed
from perennial.renewals.terms import Outcome, TwiceTold
from perennial.reports.renewal_rate import By, Part
from perennial.reports.renewal_rate import Told as Renewals
from perennial.reports.retention import Direction, Told, Trend
from perennial.reports.retention_figures import FIGURES, LATE_90, LOST_LATE_90, OUTCOMES
from perennial.reports.revenue_figures import RATES


@dataclass(frozen=True)
class Shown:
    """A number on the screen: its text, where it opens ("" nowhere), what its column is called, and a second line."""

    text: str
    url: str
    label: str
    note: str = ""


def rates_of(found: Retention) -> dict[str, Fraction | None]:
    """Return the three rates by key."""
    return {"nrr": found.net, "grr": found.gross, "logo": found.logo}


def kpis(asked: Asked) -> list[Kpi]:
    """Return the headline: the rates on the cohort, and the movement view beside them, labelled as such."""
    told, found = asked.retention, asked.retention.whole
    over = _("12 months to %(day)s") % {"day": day(told.year.until)}
    interval = _("95%% interval %(range)s") % {"range": tables.interval(found.logo_interval)}
    few = ngettext("%(n)s customer only, %(interval)s", "%(n)s customers only, %(interval)s", found.customers) % {
        "n": number(found.customers), "interval": interval}  # fmt: skip
    notes = {"nrr": over, "grr": over, "logo": few if found.customers < FEW else interval}
    shown = [
        Kpi(str(one.label), percent(rates_of(found)[one.key], 1), _opens_rate(asked, one.key), notes[one.key])
        for one in RATES
    ]
    flow = Kpi(str(FIGURES["flow"].label), percent(told.flow.gross, 1), asked.to("_explanation", figure="flow"),
               _("the same year by its movements"))  # fmt: skip
    return [*shown, flow]


def _opens_rate(asked: Asked, key: str) -> str:
    return tables.explanation_url(FIGURES[key], asked.chosen.span, asked.chosen.rates)


@dataclass(frozen=True)
class Row:
    """A row: its name, where its customers are listed ("" nowhere), and its numbers."""

    label: str
    url: str
    cells: list[Shown]
    is_few: bool = False


def ways(asked: Asked) -> list[Row]:
    """Return the year told three ways: on the cohort by customer, by customer and product, and by movements."""
    told, currency = asked.retention, asked.book.currency

    def cohort(label: str, key: str, found: Retention) -> Row:
        amounts = [(_("At the start"), found.opening), (_("Lost within the year"), found.opening - found.kept),
                   (_("Kept at the end"), found.kept), (_("At the end"), found.closing)]  # fmt: skip
        texts = [Shown(_written(amount, currency), "", name) for name, amount in amounts]
        opened = asked.to("_explanation", figure=key) if key == "by_product" else ""
        rates = [Shown(percent(rates_of(found)[one.key], 1), opened or _opens_rate(asked, one.key), str(one.label))
                 for one in (FIGURES["grr"], FIGURES["nrr"], FIGURES["logo"])]  # fmt: skip
        return Row(label, "", [*texts, *rates])

    flow = told.flow
    moved = [
        (_("At the start"), flow.opening),
        (_("Lost within the year"), flow.lost),
        (_("Kept at the end"), flow.opening - flow.lost),
    ]
    return [
        cohort(_("On the cohort, by customer (headline)"), "grr", told.whole),
        cohort(_("On the cohort, by customer and product"), "by_product", told.by_product),
        Row(_("Movement view"), "", [
            *(Shown(_written(amount, currency), "", name) for name, amount in moved),
            Shown(UNKNOWN, "", _("At the end")),
            Shown(percent(flow.gross, 1), asked.to("_explanation", figure="flow"), str(FIGURES["grr"].label)),
            *(Shown(UNKNOWN, "", str(FIGURES[key].label)) for key in ("nrr", "logo")),
        ]),
    ]  # fmt: skip


def _written(amount: Fraction, currency: str) -> str:
    return money(round_half_even(amount), currency)


def points(share: float) -> str:
    """Write a difference of shares in points."""
    return _("%(points)s points") % {"points": signed(round(100 * share, 2), 2)}


def trend_title(trend: Trend) -> str:
    """Say the level of churn, and where it is going."""
    if not trend.windows:
        return _("Nobody paid twelve months ago: there is no churn of a year to tell yet")
    level = {"level": percent(trend.windows[-1].churned, 1)}
    if trend.slope is None:
        return _("Churn in twelve months is %(level)s; six month ends are needed to say where it is going") % level
    told = {
        Direction.RISING: _("Churn in twelve months is %(level)s and rising: %(slope)s a month"),
        Direction.FALLING: _("Churn in twelve months is %(level)s and falling: %(slope)s a month"),
        Direction.STEADY: _("Churn in twelve months is %(level)s and steady: %(slope)s a month"),
    }
    return told[trend.direction] % {**level, "slope": points(trend.slope)}


def trend_rows(asked: Asked) -> list[Row]:
    """Return the trailing years, the last one first."""
    found = []
    for one in reversed(asked.retention.trend.windows):
        cells = [(_("At the start"), _written(one.opening, asked.book.currency)),
                 (_("Lost within the year"), _written(one.opening - one.kept, asked.book.currency)),
                 (str(FIGURES["churned"].label), percent(one.churned, 1)),
                 (_("Net of what was added"), percent(one.net_churned, 1))]  # fmt: skip
        found.append(Row(tables.days_of(one.span), "", [Shown(text, "", label) for label, text in cells]))
    return found


def renewal_kpis(asked: Asked) -> list[Kpi]:
    """Return the renewal rate of the period with its bounds: never what renewed of what is resolved alone."""
    whole = asked.renewals.headline
    rate = whole.rate
    notes = {
        "renewal": bounds(rate.dollar, rate.highest),
        "renewal_net": _("with what was added at renewal"),
        "renewal_logo": bounds(rate.logo, whole.highest_logo),
        "renewal_90": bounds(whole.rate_90.dollar, whole.rate_90.highest),
    }
    values = {"renewal": rate.dollar, "renewal_net": rate.net, "renewal_logo": rate.logo,
              "renewal_90": whole.rate_90.dollar}  # fmt: skip
    shown = [Kpi(str(FIGURES[key].label), percent(value, 1), _opens(asked, key), notes[key])
             for key, value in values.items()]  # fmt: skip
    resolved = Kpi(_("Resolved"), percent(rate.resolved, 1), "",
                   _("of which renewed %(share)s") % {"share": percent(whole.renewed_of_resolved, 1)})  # fmt: skip
    count = ngettext("%(n)s term", "%(n)s terms", rate.count) % {"n": number(rate.count)}
    due = Kpi(_("Due"), money(whole.due, asked.book.currency), "", count)
    return [*shown, resolved, due]


def bounds(low: Fraction | None, high: Fraction | None) -> str:
    """Say between what a rate still lies; that everything is resolved where it is one figure."""
    if low == high:
        return _("all of it is resolved")
    return _("between %(low)s and %(high)s, by what becomes of the open ones") % {
        "low": percent(low, 1), "high": percent(high, 1)}  # fmt: skip


def _opens(asked: Asked, key: str, part: Part | None = None) -> str:
    named = {} if part is None else {"value": part.value}
    return asked.to("_explanation", figure=key, by=asked.by.value, **named)


def outcome_of(one: TwiceTold) -> str:
    """Return what became of a term: by its grace, and where that was over, whether it was signed within 90 days."""
    return str(LOST_LATE_90 if one.is_later else OUTCOMES[one.term.outcome])


def renewal_headings(asked: Asked) -> list[str]:
    """Return the headings of the renewal rate's table."""
    return [str(asked.by.label), _("Terms"), _("Due"), *(str(label) for label in OUTCOMES.values()), str(LATE_90),
            *(str(FIGURES[key].label) for key in RENEWALS), _("Resolved")]  # fmt: skip


def renewal_rows(asked: Asked) -> list[Row]:
    """Return the parts, whose amounts add up to the whole."""
    found: Renewals = asked.renewals
    return [renewal_row(asked, part, label_of(found.by, part), part) for part in found.parts]


def renewal_row(asked: Asked, part: Part, label: str, opened: Part | None = None) -> Row:
    """Return one part; its name opens to its terms, its rates to what they are made of."""
    rate, currency = part.rate, asked.book.currency
    named = {} if opened is None else {"value": opened.value}
    headings = renewal_headings(asked)
    amounts = [part.due, *part.printed[: len(Outcome)], part.late_90]
    rates = [("renewal", rate.dollar, rate.highest), ("renewal_net", rate.net, None),
             ("renewal_logo", rate.logo, part.highest_logo),
             ("renewal_90", part.rate_90.dollar, part.rate_90.highest)]  # fmt: skip
    cells = [
        Shown(number(rate.count), "", headings[1]),
        *(Shown(money(amount, currency) if amount else UNKNOWN, "", heading)
          for amount, heading in zip(amounts, headings[2:], strict=False)),
        *(Shown(percent(low, 1), _opens(asked, key, opened), str(FIGURES[key].label),
                "" if high in {None, low} else _("at most %(share)s") % {"share": percent(high, 1)})
          for key, low, high in rates),
        Shown(percent(rate.resolved), "", headings[-1],
              _("of which renewed %(share)s") % {"share": percent(part.renewed_of_resolved)}),
    ]  # fmt: skip
    return Row(label, asked.to("_customers", what="renewals", by=asked.by.value, **named), cells, rate.count < FEW)


def label_of(by: By, part: Part) -> str:
    """Return what a part is called."""
    if by is By.MONTH and part.value:
        return day(date.fromisoformat(f"{part.value}-01"), "month")
    if by is By.QUARTER:
        return part.value.replace("-", " ")
    if not part.value:
        return {By.OWNER: _("Nobody"), By.RESELLER: _("Sold directly"), By.PRODUCT: _("Without a product")}.get(
            by, _("Not known"))  # fmt: skip
    return part.label


Inputs = list[tuple[str, str]]
RENEWALS = ("renewal", "renewal_net", "renewal_logo", "renewal_90")


def renewal_inputs(part: Part, key: str, currency: str) -> Inputs:
    """Return what a renewal rate is made of."""
    rate = part.rate
    if key == "renewal_logo":
        counts = [(str(label), number(sum(one.outcome is outcome for one in part.terms)))
                  for outcome, label in OUTCOMES.items()]  # fmt: skip
        resolved = sum(one.outcome is not Outcome.OPEN for one in part.terms)
        renewed = resolved - sum(one.outcome is Outcome.LOST for one in part.terms)
        interval = tables.interval(wilson_interval(renewed, resolved)) or UNKNOWN
        return [(_("Terms"), number(rate.count)), *counts, (str(FIGURES[key].label), percent(rate.logo, 1)),
                (_("Bounds"), bounds(rate.logo, part.highest_logo)),
                (_("Of the resolved ones, 95%% interval") % (), interval)]  # fmt: skip
    amounts = [
        (str(label), exact_money(part.printed[place], currency)) for place, label in enumerate(OUTCOMES.values())
    ]
    if key == "renewal_90":
        return [(_("Due"), exact_money(part.due, currency)),
                (_("Renewed, at most what was due"), exact_money(part.kept, currency)),
                (str(LATE_90), exact_money(part.late_90, currency)),
                (_("Renewed within 90 days, at most what was due"), exact_money(part.kept_90, currency)),
                (str(FIGURES[key].label), percent(part.rate_90.dollar, 1)),
                (_("Bounds"), bounds(part.rate_90.dollar, part.rate_90.highest))]  # fmt: skip
    renewed = part.kept if key == "renewal" else part.net
    value = rate.dollar if key == "renewal" else rate.net
    told = [(_("Due"), exact_money(part.due, currency)), *amounts,
            (_("Renewed, at most what was due") if key == "renewal" else _("Renewed"), exact_money(renewed, currency)),
            (str(FIGURES[key].label), percent(value, 1))]  # fmt: skip
    return [*told, (_("Bounds"), bounds(rate.dollar, rate.highest))] if key == "renewal" else told


def flow_inputs(found: Told, currency: str) -> Inputs:
    """Return what the movement view is made of, with the cohort's figure beside it."""
    return [
        (str(FIGURES["grr"].label), percent(found.whole.gross, 1)),
        (_("Opening MRR"), exact_money(round_half_even(found.flow.opening), currency)),
        (_("Lost within the year"), exact_money(round_half_even(found.flow.lost), currency)),
        (str(FIGURES["flow"].label), percent(found.flow.gross, 1)),
    ]


def product_inputs(found: Retention, currency: str) -> Inputs:
    """Return what retention by customer and product is made of."""
    amounts: Sequence[tuple[str, Fraction]] = [(_("At the start"), found.opening), (_("Kept at the end"), found.kept),
                                               (_("At the end"), found.closing)]  # fmt: skip
    return [
        (_("Customers and products at the start"), number(found.customers)),
        *((label, exact_money(round_half_even(amount), currency)) for label, amount in amounts),
        *((str(one.label), percent(rates_of(found)[one.key], 1)) for one in RATES),
    ]
