"""The table as it is shown: rows that open to their customers, numbers that open to what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.utils.html import format_html
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from perennial.contracts.terms import node_name
from perennial.kernel import money
from perennial.pages.tags import UNKNOWN, day, exact_money, number, percent
from perennial.pages.weekly import address, words
from perennial.pages.weekly.address import Chosen
from perennial.reports.weekly.rounding import Scale, printed, scale_of
from perennial.reports.weekly.terms import SHOWN, Figure, Row, RowKind, Sheet
from perennial.team.access import Holders
from perennial.team.terms import TargetKind

MOST_LISTED = 200
ON_PHONES = frozenset({Figure.TARGET, Figure.DONE, Figure.GAP})
MOST_HOLDERS = 2
BEHIND_TIME = Fraction(1, 10)
SIGNS = {Figure.RENEWED: "=", Figure.LOST: "+", Figure.OPEN: "+"}
GROUPS = frozenset({Figure.DUE, Figure.UPLIFT, Figure.GAP})
MOST_CHANGE = Fraction(999, 100)  # more says only that last year's was next to nothing


@dataclass(frozen=True)
class Cell:
    """One amount: its text with the exact amount on hover, and what stands beside it. `url` opens it, or its target;
    `begins` a group of columns that add up."""

    figure: Figure
    label: str
    text: str
    note: str = ""
    is_on_phones: bool = False
    url: str = ""
    is_settable: bool = False
    begins: bool = False


@dataclass(frozen=True)
class Line:
    """One row of the table. `toggle` opens or closes its customers; `key` is a customer's, "" for other rows."""

    kind: RowKind
    name: str
    cells: list[Cell]
    share: str
    tone: str
    toggle: str = ""
    is_open: bool = False
    count: str = ""
    key: str = ""


@dataclass(frozen=True)
class Heading:
    """A column's name, with the way to what it means. `sign` is how it adds up with the column before it."""

    label: str
    url: str
    meaning: str
    sign: str = ""
    begins: bool = False


@dataclass(frozen=True)
class Table:
    """What is shown: headings, lines, and in words on what basis. `left` customers of the open row are not listed."""

    headings: list[Heading]
    lines: list[Line]
    basis: list[str]
    left: int = 0


def shown_rows(row: Row, opened: str) -> Iterator[Row]:
    """Yield the row and the rows below it that are shown: all but the customers of rows that are not opened."""
    yield row
    lists_customers = bool(row.below) and row.below[0].kind is RowKind.CUSTOMER
    if not lists_customers or (opened and address.mark_of(row) == opened):
        for below in row.below:
            yield from shown_rows(below, opened)


@dataclass(frozen=True)
class _Print:
    """What rows are printed with: the sheet, its scale, each row's printed amounts, and the addresses."""

    sheet: Sheet
    chosen: Chosen
    scale: Scale
    amounts: dict[int, dict[Figure, int]]
    urls: dict[str, str]
    query: str


def table_of(sheet: Sheet, chosen: Chosen, urls: dict[str, str]) -> Table:
    """Return the table of a sheet. `urls` are the addresses of the page, of targets and of explanations."""
    in_ten_thousands = (get_language() or "en").startswith("zh")
    scale = scale_of(sheet.top, sheet.currency, in_ten_thousands=in_ten_thousands)
    prints = _Print(sheet, chosen, scale, printed(sheet.top, scale), urls, chosen.query(open=""))
    rows = list(shown_rows(sheet.top, chosen.open))
    customers = [row for row in rows if row.kind is RowKind.CUSTOMER]
    hidden = {id(row) for row in customers[MOST_LISTED:]}
    lines = [_line(row, prints) for row in rows if id(row) not in hidden]
    headings = [
        Heading(
            words.label_of(figure, sheet.kind),
            f"{urls['explanation']}?{prints.query}&figure={figure.value}",
            words.meaning_of(figure, sheet.kind),
            sign=SIGNS.get(figure, "") if sheet.kind is TargetKind.RENEWALS else "",
            begins=figure in GROUPS,
        )
        for figure in SHOWN[sheet.kind]
    ]
    return Table(headings, lines, [unit_of(scale, sheet), *basis_of(sheet)], left=len(hidden))


def _line(row: Row, prints: _Print) -> Line:
    mark, chosen = address.mark_of(row), prints.chosen
    is_open = bool(mark) and mark == chosen.open
    return Line(
        kind=row.kind,
        name=name_of(row),
        cells=[_cell(figure, row, prints) for figure in SHOWN[prints.sheet.kind]],
        share="" if row.kind is RowKind.CUSTOMER else percent(row.share_done),
        tone=tone_of(row.share_done, prints.sheet.passed),
        toggle=f"{prints.urls['page']}?{chosen.query(open='' if is_open else mark)}" if mark and row.below else "",
        is_open=is_open,
        count=ngettext("%(count)s customer", "%(count)s customers", row.customers) % {"count": number(row.customers)}
        if row.kind is not RowKind.CUSTOMER and row.customers
        else "",
        key=row.customer_key,
    )


def _cell(figure: Figure, row: Row, prints: _Print) -> Cell:
    sheet, scale = prints.sheet, prints.scale
    text = UNKNOWN if row.kind is not RowKind.CUSTOMER or figure not in {Figure.TARGET, Figure.GAP} else ""
    amounts = prints.amounts[id(row)]
    if figure in amounts:
        cents = row.cents[figure]
        plain = number(Fraction(amounts[figure]) * scale.step / scale.per, scale.decimals)
        exact = Decimal(money.decimal_string(cents, sheet.currency))
        text = format_html('<data value="{}" title="{}">{}</data>', exact, exact_money(cents, sheet.currency), plain)
    settable = figure is Figure.TARGET and row.holder is not None and bool(prints.urls.get("target"))
    return Cell(
        figure=figure,
        label=words.label_of(figure, sheet.kind),
        text=text,
        note=_note(figure, row),
        is_on_phones=figure in ON_PHONES and bool(text),
        url=f"{prints.urls['target']}&holder={address.written(row.holder)}"
        if settable and row.holder
        else _opens(figure, row, prints),
        is_settable=settable,
        begins=figure in GROUPS,
    )


def _opens(figure: Figure, row: Row, prints: _Print) -> str:
    """Return where an amount opens; "" for a target, a zero, and a row that no address names."""
    mark = address.row_mark(row)
    if figure is Figure.TARGET or not mark or not row.cents.get(figure):
        return ""
    return f"{prints.urls['explanation']}?{prints.query}&figure={figure.value}&row={mark}"


def _note(figure: Figure, row: Row) -> str:
    if figure in {Figure.WAITING, Figure.OPEN}:
        return nodes_of(row)
    if figure is Figure.DONE and row.payers:
        return _("paid by %(names)s") % {"names": ", ".join(row.payers)}
    if figure is Figure.LAST_YEAR and row.change is not None:
        return (
            f">+{percent(MOST_CHANGE)}" if row.change > MOST_CHANGE else ("+" * (row.change > 0)) + percent(row.change)
        )
    if figure is Figure.TARGET and row.cents.get(figure) is not None and row.without_target:
        return ngettext("%(count)d without", "%(count)d without", row.without_target) % {"count": row.without_target}
    return ""


def nodes_of(row: Row) -> str:
    """Write where receivables wait: Legal 7 (12 d, 6 over, Wang Qiang) · Seal 3. Who holds them is named where they
    are one or two."""
    written = []
    for node in row.nodes:
        told = [_("%(days)d d") % {"days": node.days}] if node.days is not None else []
        told += [_("%(days)d over") % {"days": node.over}] if node.over else []
        told += node.holders if len(node.holders) <= MOST_HOLDERS else []
        parts = {"node": node_name(node.code), "count": node.count, "told": _(", ").join(told)}
        written.append((_("%(node)s %(count)d (%(told)s)") if told else _("%(node)s %(count)d")) % parts)
    return " · ".join(written)


def name_of(row: Row) -> str:
    """Return what a row is called."""
    match row.kind:
        case RowKind.ALL:
            return _("All")
        case RowKind.LOOSE:
            return _("Without a team")
        case RowKind.NOBODY:
            return _("Nobody")
        case _:
            return row.name


def tone_of(share: Fraction | None, passed: Fraction | None) -> str:
    """Return whether what is done keeps up with the time that has passed: good, watch (10 points behind) or bad."""
    if share is None or not passed:
        return ""
    return "good" if share >= passed else "watch" if share >= passed - BEHIND_TIME else "bad"


def unit_of(scale: Scale, sheet: Sheet) -> str:
    """Say in which unit the amounts are printed."""
    if scale.is_ten_thousands and sheet.currency == "CNY":
        return _("Amounts in 10,000 yuan")
    if scale.is_ten_thousands:
        return _("Amounts in 10,000 %(currency)s") % {"currency": sheet.currency}
    return _("Amounts in %(currency)s") % {"currency": sheet.currency}


def basis_of(sheet: Sheet) -> list[str]:
    """Say what the amounts stand on, and what of them is uncertain."""
    basis = [_("including tax") if sheet.includes_tax else _("without tax")]
    basis.append(_("as of %(day)s") % {"day": day(sheet.as_of)})
    basis.append(_("last year: %(days)s") % {"days": address.days_of(sheet.last_year)})
    if sheet.without_rate:
        text = ngettext(
            "%(count)d amount has no single tax rate and stands without tax",
            "%(count)d amounts have no single tax rate and stand without tax",
            sheet.without_rate,
        )
        basis.append(text % {"count": sheet.without_rate})
    if sheet.left_out:
        text = ngettext("%(count)d receivable in another currency is left out",
                        "%(count)d receivables in another currency are left out", sheet.left_out)  # fmt: skip
        basis.append(text % {"count": sheet.left_out})
    return basis


def team_choices(holders: Holders, chosen: Chosen, url: str) -> list[tuple[str, str, bool]]:
    """Return the teams to choose from: (address, name, whether it is chosen); none where there is but one."""
    if len(holders.teams) < 2:
        return []
    everybody = (f"{url}?{chosen.query(team_id=None, open='')}", _("All teams"), chosen.team_id is None)
    return [everybody, *((f"{url}?{chosen.query(team_id=team.pk, open='')}", team.name, chosen.team_id == team.pk)
            for team in holders.teams)]  # fmt: skip
