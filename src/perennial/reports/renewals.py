"""Renewals as one member sees them: the board of what comes due, month by month. The page, its file and the API answer
these same cards, and their sums are the forecast's of the same months."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from perennial.contracts import access, receivables
from perennial.customers.models import PortfolioRow
from perennial.insights import forecast as insights
from perennial.insights import learning
from perennial.insights.due import View, due_of, first_open, seen, view_of
from perennial.insights.forecast import Forecast
from perennial.insights.terms import Term
from perennial.kernel.organisation.queries import House, house
from perennial.kernel.periods import Period, add_months, fiscal_quarter, month_of
from perennial.members.models import Member
from perennial.playbooks.terms import Whose
from perennial.renewals import checkpoints, findings, plans
from perennial.renewals.calculations.checkpoints import Standing
from perennial.renewals.calculations.last_minute import LastMinute, together
from perennial.renewals.terms import About, Found, Place
from perennial.reports import forecast, last_minute
from perennial.reports.forecast import Named, Told

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Card:
    """A term on the board. `found`: what counts of its causes and marks; `node`: where the customer's approval hangs
    and since when, None where nowhere; `tasks`: how many belong to its plan; `late`: the last-minute index, None before
    the last 90 days; `checkpoint`: how an open term stands at the one that it reached last, None before both, and in a
    frozen week."""

    term: Term
    customer: Named
    owner: str
    days_left: int
    found: Mapping[About, Found]
    weakest: About | None
    node: tuple[str, date | None] | None
    tasks: int
    late: LastMinute | None
    checkpoint: Standing | None


@dataclass(frozen=True, slots=True)
class Column:
    """A month: its cards by what comes first, and its sums in minor units: due = renewed + lost + still open."""

    since: date
    cards: list[Card]
    due: int
    renewed: int
    lost: int

    @property
    def still_open(self) -> int:
        """Return what nobody knows of yet."""
        return self.due - self.renewed - self.lost


@dataclass(frozen=True, slots=True)
class ByOwner:
    """The last-minute index of one CSM ("": nobody): of how many terms, how many flagged, all contacts as one."""

    owner: str
    terms: int
    flagged: int
    index: LastMinute


@dataclass(frozen=True)
class Board:
    """What comes due within `span`, as of a day. `segments`: those of all its terms, also of those filtered out."""

    on: date
    span: Period
    currency: str
    cards: list[Card]
    segments: list[str]
    week_on: date | None = None

    def columns(self) -> list[Column]:
        """Return the months in which something comes due, in order."""
        months: dict[date, list[Card]] = {}
        for card in self.cards:
            months.setdefault(month_of(card.term.due_on).since, []).append(card)
        return [_column(since, months[since]) for since in sorted(months)]

    def last_minute(self) -> list[ByOwner]:
        """Return the last-minute index of each CSM's terms whose last 90 days have begun, the highest first."""
        books: dict[str, list[LastMinute]] = {}
        for card in self.cards:
            if card.late is not None:
                books.setdefault(card.owner, []).append(card.late)
        found = [ByOwner(owner, len(late), sum(one.is_flagged for one in late), together(late))
                 for owner, late in books.items()]  # fmt: skip
        return sorted(found, key=lambda one: (one.index.share is None, -(one.index.share or 0), one.owner))

    def whole(self) -> Column:
        """Return all of it as if it were one month."""
        return _column(self.span.since, self.cards)


def _column(since: date, cards: list[Card]) -> Column:
    ended = [card.term for card in cards if not card.term.is_open]
    kept = sum(term.kept for term in ended)
    return Column(since, sorted(cards, key=_first), sum(card.term.arr for card in cards), kept,
                  sum(term.arr for term in ended) - kept)  # fmt: skip


def _first(card: Card) -> tuple[bool, date, int, int]:
    return not card.term.is_open, card.term.due_on, -card.term.arr, card.term.customer_id


def usual_span(view: View) -> Period:
    """Return what the board shows: from the first month in which paper may still be late, whosever it is, twelve months
    ahead. Months before the present one in which nothing is open are left out later. One query."""
    return Period(month_of(first_open(view)).since, add_months(month_of(view.on).since, MONTHS))


def board(
    member: Member, *, at: datetime, span: Period | None = None, whose: Whose = Whose.ALL, segment: str = "",
    as_of: date | None = None, place: House | None = None,
) -> Board | None:  # fmt: skip
    """Return what comes due of the member's customers; None where no night computed anything, or no week was frozen
    up to `as_of`. About 28 queries for 500 customers, however many terms.

    `as_of`: as the last week frozen up to that day knew it, with what was found by its evening.
    """
    place = place or house()
    today = place.today(at)
    known = _told(member, span, at=at, as_of=as_of if as_of != today else None, place=place)
    if known is None:
        return None
    told, starts = known
    on = told.forecast.on
    is_usual, span = span is None, span or usual_span(view_of(place, on))
    terms = [term for term in told.terms if term.due_on in span]
    segments = sorted({term.segment for term in terms})
    kept = [term for term in terms if not segment or term.segment == segment]
    kept = _of_whom(member, whose, kept)
    made = Board(
        on, span, told.currency, _cards(replace_terms(told, kept), starts, place), segments, told.forecast.week_on
    )
    return _without_what_is_over(made) if is_usual else made


def _without_what_is_over(board: Board) -> Board:
    """Return the board from its first month in which something is open; at the latest from the month of its day."""
    now = month_of(board.on).since
    since = min((month_of(card.term.due_on).since for card in board.cards if card.term.is_open), default=now)
    first = min(since, now)
    return replace(board, span=Period(first, board.span.until),
                   cards=[card for card in board.cards if card.term.due_on >= first])  # fmt: skip


def _told(
    member: Member, span: Period | None, *, at: datetime, as_of: date | None, place: House
) -> tuple[Told, dict[Place, date]] | None:
    """Return the terms with the first day of each; a frozen week does not know these."""
    if as_of is not None:
        week = forecast.told(member, at=at, as_of=as_of, place=place)
        return None if week is None else (week, {})
    learned, today = learning.latest(), place.today(at)
    if learned is None:
        return None
    view = view_of(place, today)
    asked = whole_quarters(span or usual_span(view), place.fiscal_start_month)
    dues = due_of(asked, access.facts_of(member), view)
    terms = insights.terms_of([seen(one, view) for one in dues], view, learned, place.fiscal_start_month)
    told = forecast.named(Forecast(today, asked, terms, learned, place.fiscal_start_month), place.currency)
    return told, {(one.customer_id, one.due_on): one.starts_on for one in dues}


def whole_quarters(span: Period, first_month: int) -> Period:
    """Return the fiscal quarters that hold a span: amounts are rounded so that they add up quarter by quarter."""
    last = fiscal_quarter(span.until - timedelta(days=1), first_month).period
    return Period(fiscal_quarter(span.since, first_month).period.since, last.until)


def replace_terms(told: Told, terms: list[Term]) -> Told:
    """Return what is told with these terms alone."""
    return replace(told, forecast=replace(told.forecast, terms=terms))


def _of_whom(member: Member, whose: Whose, terms: list[Term]) -> list[Term]:
    team = member.team_id
    if whose is Whose.TEAM and team is not None:
        rows = PortfolioRow.objects.filter(team_id=team)
        mine = set(rows.values_list("customer_id", flat=True))
        return [term for term in terms if term.customer_id in mine]
    return terms if whose is Whose.ALL else [term for term in terms if term.owner_id == member.pk]


def _cards(told: Told, starts: Mapping[Place, date], place: House) -> list[Card]:
    on, ids = told.forecast.on, sorted({term.customer_id for term in told.terms})
    until = None if told.forecast.week_on is None else _evening(on, place)
    rated, steps, nodes = findings.latest(ids, at=until), plans.tasks_of(ids), receivables.nodes_of(ids, on=on)
    places = [(term.customer_id, term.due_on) for term in told.terms]
    late = last_minute.of_terms({key: starts[key] for key in places if key in starts}, on=on, place=place)
    open_terms = {
        key: starts[key] for key, term in zip(places, told.terms, strict=True) if term.is_open and key in starts
    }
    segments = {term.customer_id: term.segment for term in told.terms}
    stands = checkpoints.standings(open_terms, segments, on=on) if open_terms else {}
    return [
        Card(
            term=term,
            customer=told.customers.get(term.customer_id, Named("", "")),
            owner=told.members.get(term.owner_id or 0, ""),
            days_left=(term.due_on - on).days,
            found=rated.get(key, {}),
            weakest=findings.weakest(rated.get(key, {})),
            node=nodes.get(term.customer_id) if term.is_open else None,
            tasks=len(steps.get(key, ())),
            late=late.get(key),
            checkpoint=stands.get(key),
        )
        for key, term in zip(places, told.terms, strict=True)
    ]


def _evening(on: date, place: House) -> datetime:
    return datetime.combine(on, time.max, tzinfo=place.timezone)


def in_order(cards: Iterable[Card]) -> list[Card]:
    """Return cards as a file lists them: by day, open ones first, the largest first."""
    return sorted(cards, key=lambda card: (month_of(card.term.due_on).since, *_first(card)))
