"""The board of renewals as a file."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from perennial.contracts.terms import node_name
from perennial.kernel.money import decimal_string, decimals_of
from perennial.pages.forecast.tables import word_of
from perennial.pages.renewals import words
from perennial.pages.tags import day
from perennial.renewals.terms import About
from perennial.reports import sheets
from perennial.reports.forecast_figures import CATEGORIES
from perennial.reports.renewals import Board, Card, Column, in_order


def sheet_of(board: Board) -> sheets.Sheet:
    """Return the board as a table: a row per term, then a row per month and the total, whose amounts are live sums."""
    cards, currency = in_order(board.cards), board.currency
    headings = [_("Month"), _("Due day"), _("Key"), _("Customer"), _("CSM"), _("Segment"), f"{_('Due')} ({currency})",
                f"{_('Renewed')} ({currency})", _("Days left"), _("Category"), _("Probability"),
                *(str(words.ABOUTS[one]) for one in About), _("Waits at"), _("Since"), _("Tasks"),
                str(words.LAST_MINUTE), _("Checkpoint"), _("Own call"), _("Model"), _("To do")]  # fmt: skip
    lines = [_line(card, currency) for card in cards]
    width = len(headings)
    for column in board.columns():
        label = _("Total %(month)s") % {"month": day(column.since, "month")}
        places = [at for at, card in enumerate(cards) if card.term.due_on.replace(day=1) == column.since]
        lines.append(_sums(label, places, column, currency, width))
    lines.append(_sums(_("Total"), range(len(cards)), board.whole(), currency, width))
    notes = [(_("Basis"), _("ARR without tax in %(currency)s, as of %(on)s. What comes due are the same terms as in "
                            "the weekly meeting.") % {"currency": currency, "on": day(board.on)})]  # fmt: skip
    return sheets.Sheet(headings, lines, notes, money_from=6, money_until=8, decimals=decimals_of(currency))


def _line(card: Card, currency: str) -> list[sheets.Cell]:
    term = card.term
    found = [words.rating_text(card.found.get(about)) if about in card.found else None for about in About]
    p = term.probability.rate.p if term.probability else None
    return [
        f"{term.due_on:%Y-%m}", term.due_on, card.customer.key, card.customer.name, card.owner or None,
        term.segment or None, _amount(term.arr, currency), _amount(term.kept if not term.is_open else 0, currency),
        card.days_left, word_of(term), None if p is None else round(Decimal(p), 4), *found,
        node_name(card.node[0]) if card.node else None, card.node[1] if card.node else None, card.tasks,
        _share(card), *_checkpoint(card),
    ]  # fmt: skip


def _checkpoint(card: Card) -> list[sheets.Cell]:
    one = card.checkpoint
    model = str(CATEGORIES[card.term.model]) if card.term.model else None
    if one is None:
        return [None, None, model, None]
    said = str(CATEGORIES[one.taken.model]) if one.taken else model
    return [one.since, words.own_word(one.taken) or None, said, words.checkpoint_mark(one)[0] or None]


def _share(card: Card) -> Decimal | None:
    share = card.late.share if card.late else None
    return None if share is None else round(Decimal(share.numerator) / share.denominator, 4)


def _sums(label: str, places: Sequence[int], column: Column, currency: str, width: int) -> list[sheets.Cell]:
    due, renewed = _amount(column.due, currency), _amount(column.renewed, currency)
    sums: list[sheets.Cell] = [sheets.total(6, places, due), sheets.total(7, places, renewed)]
    return [label, *[None] * 5, *sums, *[None] * (width - 8)]


def _amount(minor: int, currency: str) -> Decimal:
    return Decimal(decimal_string(minor, currency))
