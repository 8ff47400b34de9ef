"""Renewals: what comes due, what became of it, and what is known of each term."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from ninja.errors import HttpError

from perennial.api.keys import caller
from perennial.api.wire import Day
from perennial.kernel import money
from perennial.kernel.periods import Period, add_months
from perennial.renewals import findings
from perennial.renewals.terms import About, Which
from perennial.reports import renewals
from perennial.reports.renewals import Board, Card, Column

router = Router(tags=["revenue"])
MOST_MONTHS = 60
DEFINITION = (
    "ARR without tax of the terms that end on a day from `from` up to, not including, `to`. due = renewed + lost + "
    "open, exactly. A cause is -1 (against us), 0 or 1 (for us), a mark 0 or 1; null: not known. `rests_on`: the marks "
    "of a renewal, which is then no proof of service value. `last_minute`: proactive contacts of the term, and "
    "those of its last 90 days; null before these begin, and with `as_of`. "
    "`checkpoint`: the one that an open term reached last, with our own call and the model's then; null before "
    "both, and with `as_of`."
)


@router.get("/renewals", url_name="renewals")
def renewals_due(
    request: HttpRequest,
    from_: Annotated[Day, Query(alias="from")],
    to: Annotated[Day, Query()],
    as_of: Annotated[Day | None, Query()] = None,
) -> dict[str, Any]:
    """The terms that come due, month by month and one by one. With `as_of`, as the last week that was frozen up to
    that day knew them: `frozen` names its Monday."""
    member = caller(request, "revenue.read")
    if not from_ < to <= add_months(from_, MOST_MONTHS):
        raise HttpError(400, f"`to` must lie after `from`, and at most {MOST_MONTHS} months after it.")
    board = renewals.board(member, at=timezone.now(), span=Period(from_, to), as_of=as_of)
    if board is None:
        raise HttpError(404, "No week was frozen up to `as_of`, or nothing was computed yet.")
    return {
        "as_of": board.on.isoformat(),
        "currency": board.currency,
        "definition": DEFINITION,
        "frozen": board.week_on.isoformat() if board.week_on else None,
        "months": [{"month": f"{one.since:%Y-%m}", **_sums(one, board)} for one in board.columns()],
        "whole": _sums(board.whole(), board),
        "terms": [_term(card, board) for card in renewals.in_order(board.cards)],
    }


def _sums(column: Column, board: Board) -> dict[str, Any]:
    amounts = {"due": column.due, "renewed": column.renewed, "lost": column.lost, "open": column.still_open}
    return {"terms": len(column.cards)} | {key: _decimal(minor, board.currency) for key, minor in amounts.items()}


def _term(card: Card, board: Board) -> dict[str, Any]:
    term, rate = card.term, card.term.probability and card.term.probability.rate
    discount = card.found.get(About.DISCOUNT)
    return {
        "customer": card.customer.key or None,
        "due_on": term.due_on.isoformat(),
        "days_left": card.days_left,
        "due": _decimal(term.arr, board.currency),
        "renewed": _decimal(term.kept, board.currency),
        "outcome": term.outcome.value,
        "p": rate.p if rate else None,
        "model": term.model.value if term.model else None,
        "call": term.called.value if term.called else None,
        "category": term.category.value if term.category else None,
        "causes": {about.value: card.found[about].rating if about in card.found else None for about in About},
        "discount_percent": discount.percent if discount else None,
        "rests_on": [one.value for one in findings.rests_on(dict(card.found), term.outcome)],
        "weakest": card.weakest.value if card.weakest else None,
        "node": None if card.node is None else {"node": card.node[0], "since": _iso(card.node[1])},
        "tasks": card.tasks,
        "last_minute": None
        if card.late is None
        else {"last": card.late.last, "contacts": card.late.contacts, "flagged": card.late.is_flagged},
        "checkpoint": _checkpoint(card),
        "owner": card.owner or None,
    }


def _checkpoint(card: Card) -> dict[str, Any] | None:
    one = card.checkpoint
    if one is None:
        return None
    taken = one.taken
    return {
        "which": one.which.value,
        "reached_on": one.since.isoformat(),
        "state": one.state.value,
        "planned": None if one.which is Which.FIRST else not one.is_unplanned,
        "overdue": one.is_overdue,
        "call": taken.category.value if taken and taken.category else None,
        "model": taken.model.value if taken else None,
        "reason": taken.reason if taken else None,
        "at": taken.at.isoformat() if taken else None,
        "settled": taken.ruling.category.value if taken and taken.ruling else None,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _decimal(minor: int, currency: str) -> Decimal:
    return Decimal(money.decimal_string(minor, currency))
