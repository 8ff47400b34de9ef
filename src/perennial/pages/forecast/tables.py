"""The forecast's tables: as cells on the screen, and as the same rows in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from perennial.insights.terms import Probability, Term
from perennial.kernel.money import decimal_string, decimals_of
from perennial.kernel.periods import Period, day_before
from perennial.pages.tags import day, exact_money, money, number, percent
from perennial.renewals.terms import Category
from perennial.reports import sheets
from perennial.reports.forecast import By, Group, Told, at_stake
from perennial.reports.forecast_figures import CATEGORIES, FANS, FIGURES, OUTCOMES, PARTS, STANDS
from perennial.reports.revenue_figures import Figure

TONES = {Category.COMMIT: "good", Category.BEST_CASE: "", Category.AT_RISK: "watch", Category.LOST: "bad"}
MOST_LISTED = 100


@dataclass(frozen=True)
class Cell:
    """An amount: shortened, exact, and the address that opens it ("" where nothing is behind a zero)."""

    text: str
    exact: str
    url: str
    label: str
    is_lead: bool = False


@dataclass(frozen=True)
class Row:
    """A group as it is shown. `url` leads to its terms, "" where it does not."""

    label: str
    url: str
    count: str
    cells: list[Cell]
    is_current: bool = False


@dataclass(frozen=True)
class View:
    """How groups are shown: their columns, the currency, and the label of the one that is looked at."""

    figures: Sequence[Figure]
    currency: str
    current: str = ""


@dataclass(frozen=True)
class Listed:
    """A term as it is listed."""

    one: Term
    key: str
    name: str
    owner: str
    amount: str
    exact: str
    p: str
    interval: str
    evidence: str
    explain: str
    category: str
    tone: str
    model: str
    call: str
    move: str


def figures_of(groups: Sequence[Group]) -> list[Figure]:
    """Return the columns: what is due, its parts, and the fan. What is signed off stands there where something is."""
    parts = [key for key in PARTS if key != "signed_off" or any(one.amounts[key] for one in groups)]
    return [FIGURES[key] for key in (*parts, *FANS)]


def row_of(group: Group, label: str, url: str, asked: Mapping[str, str], view: View) -> Row:
    """Return a group as cells; `asked` names the group in the address at which each of its numbers opens."""
    cells = []
    for figure in view.figures:
        minor = amount_of(group, figure.key)
        cells.append(Cell(money(minor, view.currency), exact_money(minor, view.currency),
                          explanation_url(figure.key, asked) if minor else "", str(figure.label),
                          figure.key == "middle"))  # fmt: skip
    return Row(label, url, number(group.count), cells, label == view.current)


def amount_of(group: Group, key: str) -> int:
    """Return a figure of a group in minor units."""
    return int(getattr(group.fan, key)) if key in FANS else group.amounts[key]


def explanation_url(key: str, asked: Mapping[str, str]) -> str:
    """Return the address at which a figure of a group opens."""
    return f"{reverse('forecast_explanation')}?{urlencode({'figure': key, **asked})}"


def label_of(group: Group, by: By, told: Told) -> str:
    """Return what a group is called."""
    if isinstance(group.value, date):
        return day(group.value, "month") if by is By.MONTH else quarter_label(told.quarter_of(group.value))
    if by is By.OWNER:
        return told.members.get(group.value, "") if isinstance(group.value, int) else _("Nobody")
    return str(group.value) or _("Not known")


def quarter_label(period: Period) -> str:
    """Write a quarter by its months."""
    return _("%(first)s to %(last)s") % {"first": day(period.since, "month"),
                                         "last": day(day_before(period.until), "month")}  # fmt: skip


def listed(told: Told, places: Sequence[int], *, may_move: bool) -> list[Listed]:
    """Return the first of the terms as they are listed, the largest amount at stake first."""
    return [_listed(one, told, may_move=may_move) for one in at_stake(told, places)[:MOST_LISTED]]


def _listed(one: Term, told: Told, *, may_move: bool) -> Listed:
    customer, told_p = told.customers.get(one.customer_id), one.probability
    rate = told_p.rate if told_p else None
    moved = one.called if one.is_open and one.called is not None and one.called is not one.model else None
    return Listed(
        one=one,
        key=customer.key if customer else "",
        name=customer.name if customer else "",
        owner=told.members.get(one.owner_id or 0, ""),
        amount=money(one.arr, told.currency),
        exact=exact_money(one.arr, told.currency),
        p=percent(rate.p, 1) if rate else "",
        interval=interval_of(told_p),
        evidence=_("%(kept)s of %(terms)s") % {"kept": number(rate.kept), "terms": number(rate.count)} if rate else "",
        explain=explain_p(told_p) if told_p else "",
        category=word_of(one),
        tone=(TONES[one.category] if one.category else "good" if one.is_renewed else "bad"),
        model=str(CATEGORIES[one.model]) if one.model else "",
        call=_called(one, moved),
        move=call_url(customer.key, one.due_on)
        if may_move and customer and one.is_open and told.forecast.week_on is None else "",
    )  # fmt: skip


def _called(one: Term, moved: Category | None) -> str:
    if moved is None:
        return ""
    if one.category is moved:
        return _("moved from %(category)s") % {"category": CATEGORIES[one.model]} if one.model else ""
    return _("call %(category)s has lapsed") % {"category": CATEGORIES[moved]}


def word_of(one: Term) -> str:
    """Return a term's category, or what became of it."""
    return str(CATEGORIES[one.category] if one.category else OUTCOMES[one.outcome])


def interval_of(told: Probability | None) -> str:
    """Write the interval of a base rate."""
    return "" if told is None else f"{percent(told.rate.low)} – {percent(told.rate.high)}"


def call_url(key: str, due_on: date) -> str:
    """Return the address at which somebody moves a term."""
    return f"{reverse('forecast_call')}?{urlencode({'customer': key, 'due': due_on.isoformat()})}"


def explain_p(told: Probability) -> str:
    """Return the address at which a probability opens."""
    kind = told.kind
    return f"{reverse('forecast_explanation')}?" + urlencode(
        {"figure": "probability", "segment": kind.segment, "age": kind.age, "stand": kind.stand}
    )


def kind_words(told: Probability) -> list[tuple[str, str]]:
    """Return what a base rate rests on, in words."""
    kind, rate = told.kind, told.rate
    years = _("%(years)d or more") if kind.age >= 4 else "%(years)d"
    return [
        (_("Segment"), kind.segment or _("Not known")),
        (_("Years with us on the due day"), years % {"years": kind.age}),
        (_("Standpoint"), str(STANDS[kind.stand])),
        (_("Terms of this kind"), number(rate.count)),
        (_("Of these renewed"), number(rate.kept)),
        (_("Borrowed from other kinds"), number(round(rate.borrowed))),
        (_("95%% interval") % (), interval_of(told)),
    ]


Notes = Sequence[tuple[str, str]]


def sheet_of_groups(found: Sequence[Group], whole: Group, by: By, told: Told, notes: Notes) -> sheets.Sheet:
    """Return a table of groups as a file: parts are live sums, fans are what they are."""
    figures = figures_of([*found, whole])
    labels = {By.MONTH: _("Month"), By.QUARTER: _("Quarter"), By.SEGMENT: _("Segment"), By.OWNER: _("CSM")}
    headings = [labels[by], _("Terms"), *(f"{one.label} ({told.currency})" for one in figures)]
    parts = len(figures) - len(FANS)
    lines: list[list[sheets.Cell]] = []
    for at, group in enumerate(found):
        lines.append([label_of(group, by, told), group.count, *_cells(group, figures, parts, at, told)])
    rows = range(len(found))
    sums = [
        sheets.total(2 + at, rows, _amount(amount_of(whole, one.key), told)) for at, one in enumerate(figures[:parts])
    ]
    fans = [_amount(amount_of(whole, one.key), told) for one in figures[parts:]]
    lines.append([_("Total"), sheets.total(1, rows, whole.count), *sums, *fans])
    return sheets.Sheet(headings, lines, notes, money_from=2, money_until=2 + len(figures),
                        decimals=decimals_of(told.currency))  # fmt: skip


def _cells(group: Group, figures: Sequence[Figure], parts: int, at: int, told: Told) -> list[sheets.Cell]:
    amounts: list[sheets.Cell] = [_amount(amount_of(group, one.key), told) for one in figures]
    due = sheets.signed_sum([(column, 1) for column in range(3, 2 + parts)], at, _amount(group.amounts["due"], told))
    return [due, *amounts[1:]]


def sheet_of_terms(told: Told, places: Sequence[int], notes: Notes) -> sheets.Sheet:
    """Return the terms as a file, every one of them, with their sum."""
    amounts = [f"{FIGURES[key].label} ({told.currency})" for key in ("due", "renewed")]
    headings = [_("Key"), _("Customer"), _("CSM"), _("Segment"), _("Due day"), *amounts,
                str(FIGURES["probability"].label), _("Interval from"), _("Interval to"), _("Category"), _("Model"),
                _("Call"), _("Reason"), _("By")]  # fmt: skip
    lines: list[list[sheets.Cell]] = []
    terms = at_stake(told, places)
    for one in terms:
        customer, rate, call = told.customers.get(one.customer_id), one.probability and one.probability.rate, one.call
        lines.append([
            customer.key if customer else None, customer.name if customer else None,
            told.members.get(one.owner_id or 0), one.segment or None, one.due_on, _amount(one.arr, told),
            _amount(one.kept, told),
            *(_share(value) for value in ((rate.p, rate.low, rate.high) if rate else (None,) * 3)),
            word_of(one), str(CATEGORIES[one.model]) if one.model else None,
            str(CATEGORIES[one.called]) if one.called else None, call.reason if call else None,
            call.by if call else None,
        ])  # fmt: skip
    rows = range(len(terms))
    sums = [sheets.total(at, rows, _amount(sum(amounts), told))
            for at, amounts in ((5, [one.arr for one in terms]), (6, [one.kept for one in terms]))]  # fmt: skip
    lines.append([_("Total"), None, None, None, None, *sums, *[None] * 8])
    return sheets.Sheet(headings, lines, notes, money_from=5, money_until=7, decimals=decimals_of(told.currency))


def _amount(minor: int, told: Told) -> Decimal:
    return Decimal(decimal_string(minor, told.currency))


def _share(value: float | None) -> Decimal | None:
    return None if value is None else round(Decimal(value), 4)
