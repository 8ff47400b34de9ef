"""The board of renewals by month: which terms come due, how sure they are, and what is weakest about each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_GET, require_POST

from perennial.contracts.terms import node_name
from perennial.kernel.periods import add_months
from perennial.members import access
from perennial.pages.files import TYPES, download
from perennial.pages.forecast.tables import TONES, word_of
from perennial.pages.renewals import checkpoints, file, words
from perennial.pages.renewals.asked import STEP, Asked
from perennial.pages.revenue.address import month_at
from perennial.pages.revenue.tables import Kpi
from perennial.pages.tags import day, exact_money, money, number, percent
from perennial.playbooks.terms import Whose
from perennial.renewals.calculations.checkpoints import Standing
from perennial.reports import sheets
from perennial.reports.checkpoints import disputes
from perennial.reports.forecast_figures import FIGURES
from perennial.reports.renewals import Board, Card, Column

MOST_CARDS = 40
SUMS = ("due", "renewed", "lost")
FORMULA = gettext_lazy("contacts of the last 90 days ÷ contacts of the term")
TOLD = {
    "last_minute": (words.LAST_MINUTE, words.LAST_MINUTE_MEANS, FORMULA),
    "checkpoint": (gettext_lazy("Checkpoints"), words.CHECKPOINT_MEANS, ""),
}
SUM = gettext_lazy("due = renewed + lost + still open")


@dataclass(frozen=True)
class Shown:
    """A card as it is drawn."""

    one: Card
    url: str
    amount: str
    exact: str
    left: str
    category: str
    tone: str
    weakest: str
    weakest_tone: str
    node: str
    late: str
    mark: str
    mark_tone: str


@dataclass(frozen=True)
class Month:
    """A column as it is drawn; `left`: so many cards are in the file only."""

    label: str
    is_current: bool
    count: str
    due: str
    exact: str
    explain: str
    note: str
    cards: list[Shown]
    left: int


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show the board. About 30 queries besides the frame's, however many terms."""
    asked = Asked(request)
    chosen, board = asked.chosen, asked.board
    names = {Whose.MINE: _("Mine"), Whose.TEAM: _("Team"), Whose.ALL: _("All")}
    may = {"export": access.may(asked.member, "exports.run"), "import": access.may(asked.member, "imports.run")}
    context: dict[str, Any] = {
        "chosen": chosen,
        "is_computed": board is not None,
        "whose": [(f"?{chosen.query(whose=one)}", names[one], one is chosen.whose) for one in asked.choices],
        "usual": f"?{chosen.query(since=None)}",
        "everyone": f"?{chosen.query(whose=asked.choices[-1], segment='', since=None)}",
        "is_filtered": bool(chosen.segment or chosen.since or chosen.whose is not asked.choices[-1]),
        "may": may,
    }  # fmt: skip
    if board is not None:
        segments = [one for one in board.segments if one]
        since, until = board.span.since, board.span.until
        context |= {
            "board": board,
            "span": _("%(first)s to %(last)s") % {"first": day(since, "month"),
                                                  "last": day(add_months(until, -1), "month")},
            "earlier": f"?{chosen.query(since=add_months(since, -STEP))}",
            "later": f"?{chosen.query(since=add_months(since, STEP))}",
            "segments": [(f"?{chosen.query(segment=one)}", one or _("All segments"), one == chosen.segment)
                         for one in ["", *segments]] if segments else [],
            "kpis": _kpis(board, asked),
            "disputes": checkpoints.disputes_shown(disputes(asked.member, at=asked.at, place=asked.place)),
            "last_minute": [(one, percent(one.index.share)) for one in board.last_minute()],
            "months": [_month(one, board, asked) for one in board.columns()],
            "export": f"{reverse('renewals_export')}?{chosen.query()}",
        }  # fmt: skip
    return render(request, "renewals/page.html", context)


def _kpis(board: Board, asked: Asked) -> list[Kpi]:
    whole, currency = board.whole(), board.currency
    near = [card for card in board.cards if card.term.is_open and card.days_left <= 90]
    unrated = [card for card in near if card.weakest is None]
    overdue = [one for card in board.cards if (one := card.checkpoint) is not None and one.is_overdue]
    return [
        Kpi(_("Due"), money(whole.due, currency), _opens(asked, "due"),
            format_html(_("{n} terms"), n=number(len(whole.cards)))),
        Kpi(_("Renewed"), money(whole.renewed, currency), _opens(asked, "renewed"), ""),
        Kpi(_("Lost"), money(whole.lost, currency), _opens(asked, "lost"), ""),
        Kpi(pgettext("renewals", "Still open"), money(whole.still_open, currency), "", ""),
        Kpi(_("Open, 90 days or fewer left"), number(len(near)), "",
            format_html(_("{n} without a rated cause"), n=number(len(unrated))) if near else ""),
        Kpi(_("Overdue at the last checkpoint"), number(len(overdue)),
            f"{reverse('renewals_explanation')}?figure=checkpoint", _missing(overdue) if overdue else ""),
    ]  # fmt: skip


def _missing(overdue: Sequence[Standing]) -> str:
    calls, planned = sum(one.taken is None for one in overdue), sum(one.is_unplanned for one in overdue)
    return format_html(_("{n} without a call, {m} without a plan"), n=number(calls), m=number(planned))


def _month(column: Column, board: Board, asked: Asked) -> Month:
    currency = board.currency
    return Month(
        label=day(column.since, "month"),
        is_current=column.since == board.on.replace(day=1),
        count=number(len(column.cards)),
        due=money(column.due, currency),
        exact=exact_money(column.due, currency),
        explain=_opens(asked, "due", column.since),
        note=format_html(
            _("{renewed} renewed, {open} open"),
            renewed=money(column.renewed, currency),
            open=money(column.still_open, currency),
        ),
        cards=[shown(card, board) for card in column.cards[:MOST_CARDS]],
        left=max(0, len(column.cards) - MOST_CARDS),
    )


def _opens(asked: Asked, figure: str, since: date | None = None) -> str:
    month = f"&month={since:%Y-%m}" if since else ""
    return f"{reverse('renewals_explanation')}?{asked.chosen.query()}&figure={figure}{month}"


def shown(card: Card, board: Board) -> Shown:
    """Return a card as it is drawn."""
    term, mark = card.term, words.checkpoint_mark(card.checkpoint)
    return Shown(
        one=card,
        url=room_url(card.customer.key, term.due_on),
        amount=money(term.arr, board.currency),
        exact=exact_money(term.arr, board.currency),
        left=left_words(card.days_left),
        category=word_of(term),
        tone=TONES[term.category] if term.category else "good" if term.is_renewed else "bad",
        weakest=_weakest(card),
        weakest_tone=words.tone_of(card.found[card.weakest]) if card.weakest else "",
        node=_node(card, board.on),
        late=_("last-minute %(share)s") % {"share": percent(card.late.share)}
        if card.late is not None and card.late.is_flagged
        else "",
        mark=mark[0],
        mark_tone=mark[1],
    )


def room_url(key: str, due_on: date) -> str:
    """Return the address of a term's room."""
    return reverse("renewal", args=[key, due_on.isoformat()])


def left_words(days: int) -> str:
    """Write how far off the due day is."""
    if days < 0:
        return _("%(n)s d late") % {"n": number(-days)}
    return _("due today") if days == 0 else _("in %(n)s d") % {"n": number(days)}


def _weakest(card: Card) -> str:
    if card.weakest is None:
        return _("no cause rated") if card.term.is_open else ""
    return f"{words.SHORT[card.weakest]} {words.SIGNS[card.found[card.weakest].rating]}"


def _node(card: Card, on: date) -> str:
    return "" if card.node is None else node_words(card.node, on)


def node_words(node: tuple[str, date | None], on: date) -> str:
    """Write where an approval hangs, and for how long."""
    code, since = node
    if since is None:
        return node_name(code)
    return _("%(node)s for %(n)s d") % {"node": node_name(code), "n": number((on - since).days)}


@require_GET
def explanation(request: HttpRequest) -> HttpResponse:
    """Open a sum of the board: what it means and the terms that it is made of."""
    asked, figure = Asked(request), FIGURES.get(request.GET.get("figure", ""))
    board, month = asked.board, month_at(request.GET.get("month", ""))
    told = TOLD.get(request.GET.get("figure", ""))
    if told is not None:
        title, definition, formula = told
        return render(request, "components/explanation.html",
                      {"title": title, "definition": definition, "formula": formula, "as_of": asked.today})  # fmt: skip
    if figure is None or figure.key not in SUMS:
        raise Http404
    context: dict[str, Any] = {"title": figure.label, "definition": figure.definition, "formula": SUM}
    if board is None:
        return render(request, "components/explanation.html", context)
    columns = {one.since: one for one in board.columns()}
    column = columns.get(month.since) if month else board.whole()
    if column is None:
        raise Http404
    parts = [("due", column.due), ("renewed", column.renewed), ("lost", column.lost)]
    inputs = [(str(FIGURES[key].label), exact_money(amount, board.currency)) for key, amount in parts]
    inputs.append((pgettext("renewals", "Still open"), exact_money(column.still_open, board.currency)))
    return render(request, "components/explanation.html", context | {
        "title": f"{figure.label} · {day(month.since, 'month')}" if month else figure.label,
        "inputs": [(_("Terms"), number(len(column.cards))), *inputs],
        "as_of": board.on,
        "source": _("Contract lines without tax, %(currency)s, definition %(version)d")
        % {"currency": board.currency, "version": figure.version},
    })  # fmt: skip


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer the board as a file: every term, the months' sums live."""
    asked, format = Asked(request), request.POST.get("format", sheets.CSV)
    board = asked.board
    if board is None or format not in TYPES:
        raise Http404
    chosen = asked.chosen
    on = board.on.isoformat()
    return download(file.sheet_of(board), format=format, name=f"renewals-{on}", kind="renewals.exported",
                    member=asked.member,
                    asked={"as_of": on, "whose": chosen.whose.value, "segment": chosen.segment})  # fmt: skip
