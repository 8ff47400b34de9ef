"""The customer file: what a member may see of one customer, joined from the rooms, a tab at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property

from perennial.blueprint.terms import Tier
from perennial.contracts import queries as contracts
from perennial.contracts import receivables
from perennial.contracts.receivables import Step
from perennial.customers import queries as customers
from perennial.customers.access import customers_of, may_on, visible_fields
from perennial.customers.catalogue import Field
from perennial.customers.merging import Absorbed, absorbed_by
from perennial.customers.models import Contact, Customer, PortfolioRow
from perennial.engagement import queries as engagement
from perennial.engagement.models import Touchpoint
from perennial.health.queries import Evidence
from perennial.kernel.organisation.queries import House
from perennial.lifecycle import queries as lifecycle
from perennial.members.models import Member
from perennial.playbooks import queries as playbooks
from perennial.playbooks.models import Task
from perennial.playbooks.terms import Reason
from perennial.reports import score
from perennial.reports.portfolio import end_of
from perennial.support import queries as support
from perennial.support.models import Ticket

A_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class File:
    """A customer as one member may see it on the as-of day. `row`: the portfolio row, whose figures the lists show."""

    member: Member
    customer: Customer
    row: PortfolioRow
    house: House
    on: date
    fields: Mapping[str, Field]

    def may(self, ability: str) -> bool:
        """Return whether the member has the ability on this customer. No query."""
        return may_on(self.member, self.row, ability)

    @property
    def sees_revenue(self) -> bool:
        """Whether contracts and amounts of this customer may be shown."""
        return self.may("revenue.read")

    @cached_property
    def lines(self) -> list[contracts.LineOnDay]:
        """The customer's contract lines on the as-of day, read once (contracts.lines_of)."""
        return contracts.lines_of(self.customer.pk, on=self.on)

    @cached_property
    def receivables(self) -> list[Step]:
        """The customer's receivables as known now, read once."""
        return receivables.of_customer(self.customer.pk)

    @property
    def at(self) -> datetime:
        """The last instant that counts for the as-of day."""
        return end_of(self.on, self.house)


def find(member: Member, key: str, *, house: House, on: date, ability: str = "customers.read") -> File | None:
    """Return the file of a customer on which the member has the ability, None for any other; one query."""
    customer = customers.by_key(customers_of(member, ability), key)
    if customer is None or not hasattr(customer, "portfolio"):
        return None
    return File(member, customer, customer.portfolio, house, on, visible_fields(member))


class Term(StrEnum):
    """What becomes of the customer's contracts next."""

    RENEWS = "renews"  # a term of six months or more ends
    OPEN_ENDED = "open_ended"  # runs until somebody gives notice
    MONTHLY = "monthly"  # terms under six months, which are no renewals
    ENDS = "ends"  # cancelled: runs out and nothing follows
    FOLLOWED = "followed"  # ends, and its successor is signed
    LATER = "later"  # nothing runs yet
    OVER = "over"  # nothing runs any more
    NONE = "none"  # no contract is known


@dataclass(frozen=True)
class Next:
    """The next end of a contract: which kind, and its day. `on` None: no day is known."""

    term: Term
    on: date | None


def next_end(lines: Sequence[contracts.LineOnDay], renews_on: date | None, today: date) -> Next:
    """Return what becomes of the contracts next; the lines are all that are known of the customer."""
    if renews_on is not None:
        return Next(Term.RENEWS, renews_on)
    running = [one.line for one in lines if one.runs and one.late_until is None]
    late = [one.line.ends_on for one in lines if one.late_until is not None and one.line.ends_on is not None]
    if late:
        return Next(Term.RENEWS, min(late))
    if not lines:
        return Next(Term.NONE, None)
    if not running:
        ahead = [one.line.starts_on for one in lines if one.line.starts_on > today]
        return Next(Term.LATER, min(ahead)) if ahead else Next(Term.OVER, None)
    going_on = [line for line in running if line.cancelled_on is None]
    if not going_on:
        return Next(Term.ENDS, max((day for line in running if (day := line.ceases_on or line.ends_on)), default=None))
    if any(line.ends_on is None for line in going_on):
        return Next(Term.OPEN_ENDED, None)
    last = max(line.ends_on for line in going_on if line.ends_on)
    long = any(line.ends_on and (line.ends_on - line.starts_on).days >= 180 for line in going_on)
    return Next(Term.FOLLOWED if long else Term.MONTHLY, last)


@dataclass(frozen=True)
class Collections:
    """What fell due within the year before a day, and what of it came in; minor units of `currency`."""

    due: int
    received: int
    currency: str


def collections(rows: Sequence[Step], today: date) -> Collections | None:
    """Return what came in of what fell due in the last 365 days; None where nothing did, or in two currencies."""
    due = due_within_a_year(rows, today)
    if len({row.currency for row in due}) != 1:
        return None
    received = sum(row.received(today) for row in due)
    return Collections(due=sum(row.amount for row in due), received=received, currency=due[0].currency)


def due_within_a_year(rows: Sequence[Step], today: date) -> list[Step]:
    """Return the steps that fell due in the 365 days up to a day."""
    return [row for row in rows if today - A_YEAR < row.due_on <= today]


@dataclass(frozen=True)
class Head:
    """What stands above the tabs."""

    health: Evidence | None
    tier: Tier | None
    stage_days: int | None
    next: Next
    collections: Collections | None
    parent_key: str | None
    children: Sequence[Customer]
    next_task: Task | None


def head(file: File, tasks: Sequence[Task]) -> Head:
    """Return what stands above the tabs; seven queries at most, whatever the customer has."""
    row, customer = file.row, file.customer
    visible = customers_of(file.member)
    parent = customer.parent
    return Head(
        health=scored(file),
        tier=lifecycle.tier_named(row.tier),
        stage_days=(file.on - row.stage_since_on).days if row.stage_since_on else None,
        next=next_end(file.lines, row.next_renewal_on, file.on),
        collections=collections(file.receivables, file.on) if file.sees_revenue else None,
        parent_key=visible.filter(id=parent.pk).values_list("key", flat=True).first() if parent else None,
        children=list(visible.filter(parent_id=customer.pk).order_by("name_sort")),
        next_task=tasks[0] if tasks else None,
    )


@dataclass(frozen=True)
class Overview:
    """The first tab: what needs doing, facts, the last touchpoints."""

    tasks: Sequence[Task]
    reasons: Sequence[Reason]
    external_ids: Mapping[str, str]
    touchpoints: Sequence[Touchpoint]
    merged: Sequence[Absorbed]


def scored(file: File) -> Evidence | None:
    """Return the customer's latest score with its evidence, None where none may be shown; one query."""
    return score.of(file.customer.pk, file.fields)


def pulses(file: File) -> list[Touchpoint]:
    """Return how the customer was judged by hand, newest first; one query."""
    return engagement.pulses_of(file.customer.pk)


def tasks_of(file: File) -> list[Task]:
    """Return the customer's open tasks, the next due first; one query."""
    return playbooks.tasks_of(file.customer.pk)


def reasons_of(file: File) -> tuple[Reason, ...]:
    """Return why the customer is on Today and nobody has decided yet; one query."""
    return playbooks.reasons_of(file.member, file.customer.pk, on=file.on)


def overview(file: File, tasks: Sequence[Task]) -> Overview:
    """Return the first tab; five queries."""
    customer_id = file.customer.pk
    return Overview(
        tasks=tasks,
        reasons=reasons_of(file),
        external_ids=customers.external_ids([customer_id]).get(customer_id, {}),
        touchpoints=engagement.touchpoints_of(customer_id, limit=5),
        merged=absorbed_by(customer_id),
    )


def people(file: File) -> list[Contact]:
    """Return the customer's contacts, deciders first, who left last; one query."""
    return customers.contacts_of(file.customer.pk)


@dataclass(frozen=True)
class TicketLine:
    """A ticket as the tab shows it; `days` open until it was closed or until the as-of day."""

    ticket: Ticket
    is_open: bool
    is_overdue: bool
    days: int


@dataclass(frozen=True)
class Tickets:
    """The tickets' tab. `standing` None: no ticket was ever opened."""

    lines: Sequence[TicketLine]
    standing: support.Support | None


def tickets(file: File, *, limit: int = 100) -> Tickets:
    """Return open tickets first, the oldest on top, then the latest closed; two queries."""
    at = file.at
    known = support.tickets_of(file.customer.pk, limit=limit)
    lines = [_ticket(ticket, at) for ticket in known if ticket.opened_at <= at]
    lines.sort(key=lambda line: (not line.is_open, -line.days if line.is_open else 0))
    return Tickets(lines, support.standing(at, [file.customer.pk]).get(file.customer.pk))


def _ticket(ticket: Ticket, at: datetime) -> TicketLine:
    is_open = ticket.closed_at is None or ticket.closed_at > at
    until = at if is_open else ticket.closed_at or at
    return TicketLine(ticket, is_open, support.is_overdue(ticket, at), (until - ticket.opened_at).days)
