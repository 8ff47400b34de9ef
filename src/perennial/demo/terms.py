"""The rows of a demo before they are written: plain frozen values that name each other by external ids."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

SOURCE = "demo"
"""The source that every row of a demo carries."""


class Fate(StrEnum):
    """What becomes of a customer in the two years."""

    STEADY = "steady"
    GROWING = "growing"
    SHRINKING = "shrinking"
    LOST = "lost"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of the demo company. `team` None: no team."""

    mail: str
    name: str
    role: str
    team: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer: who it is, how large, and what becomes of it.

    `acv` is its price in the first year, in major units without tax, before scaling; `seats` are contracted then.
    `users` work with the product; 0 where it runs at the customer's own site (no usage data). `mood` 0..1 moves
    surveys, tickets and the ladder. `story` names the story planted in it, whose price is not scaled.
    `usage_turn` is the day from which usage runs at a factor of its former level; `stuck_node` where a payment waits;
    `executive_until` the last day on which anybody met its decision maker; `is_neglected` that its CSM fell silent.
    `currency` is the one that it pays in, "" the company's own; `channel` by which way it came.
    """

    external_id: str
    name: str
    legal_name: str
    starts_on: date
    left_on: date | None = None
    acv: int
    seats: int
    users: int
    size: int
    fate: Fate
    mood: float
    term_months: int | None = 12
    industry: str
    region: str
    country: str
    segment: str
    deployment: str
    credit_code: str | None = None
    parent: str | None = None
    reseller: str | None = None
    owner: str | None = None
    first_value_on: date | None = None
    tags: tuple[str, ...] = ()
    story: str | None = None
    champion_left_on: date | None = None
    usage_turn: tuple[date, float] | None = None
    executive_until: date | None = None
    stuck_node: tuple[str, date] | None = None
    is_escalated: bool = False
    is_neglected: bool = False
    paused_on: date | None = None
    currency: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of a customer's contract. `unit` is the price of a seat a year in minor units of the currency that the
    customer pays in, as it is printed (incl. tax where the company counts so); `extra` are
    seats added in mid-term: (day, seats). `ends_on` None: monthly."""

    number: int
    starts_on: date
    ends_on: date | None
    signed_on: date
    seats: int
    unit: int
    gift_months: int = 0
    extra: tuple[date, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """A person at a customer; `known_on` is the day from which he is on file, `left_on` the day he left.

    On `climbed_on` he came to stand on `rung`, from the one below; None: he stood there all the time.
    """

    external_id: str
    customer: str
    name: str
    title: str
    email: str
    phone: str
    level: int | None
    decision_role: str
    rung: int | None
    is_champion: bool
    known_on: date
    climbed_on: date | None = None
    left_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRow:
    """A signed paper; the parties are external ids of customers, None: the customer itself."""

    external_id: str
    number: str
    kind: str
    customer: str
    signed_on: date
    accepted_on: date | None = None
    framework: str | None = None
    signing: str | None = None
    paying: str | None = None
    invoiced: str | None = None
    reseller: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """A line of a contract; `amount` in minor units of `currency`, incl. tax at `tax_rate` (None: none)."""

    external_id: str
    contract: str
    customer: str
    product: str
    kind: str
    amount: int
    starts_on: date
    ends_on: date | None
    known_on: date
    currency: str
    tax_rate: str | None
    quantity: int | None = None
    amount_months: int | None = None
    billing_months: int | None = None
    gift_months: int = 0
    notice_on: date | None = None
    auto_renews: bool | None = None
    renewal_of: str | None = None
    pauses: tuple[tuple[date, date | None], ...] = ()
    cancelled_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationRow:
    """A notice that names the line which it ends."""

    external_id: str
    customer: str
    line: str
    cancelled_on: date
    effective_on: date
    reason: str
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivableRow:
    """One step of a receivable plan; `node` is where it waits now."""

    external_id: str
    customer: str
    contract: str
    due_on: date
    amount: int
    currency: str
    known_on: date
    invoiced_on: date | None = None
    received_on: date | None = None
    received_amount: int = 0
    node: str = ""
    node_since_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRow:
    """An invoice for one step of a plan, in minor units incl. tax; `red_of` names the one that it takes back."""

    external_id: str
    number: str
    customer: str
    contract: str
    step: str
    kind: str
    amount: int
    currency: str
    tax_rate: str | None
    state: str
    requested_on: date
    issued_on: date | None = None
    red_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """Money that came in. `step` None: nobody said what it is for; `customer` None: nor whose it is."""

    external_id: str
    customer: str | None
    payer: str
    amount: int
    currency: str
    received_on: date
    reference: str
    contract_number: str
    step: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    """What one major unit of `base` is worth in `currency` from `on` on, a decimal text."""

    base: str
    currency: str
    on: date
    rate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendRow:
    """What winning customers cost in a month, by channel and segment, in minor units of the company's currency."""

    external_id: str
    month: date
    channel: str
    segment: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRow:
    """A ticket of the help desk."""

    external_id: str
    customer: str
    subject: str
    priority: str
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    first_response_minutes: int | None
    satisfaction: int | None
    is_escalated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchRow:
    """A touchpoint with a contact, by the mail address of who made it."""

    external_id: str
    customer: str
    contact: str | None
    by: str
    channel: str
    happened_at: datetime
    summary: str
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """A survey answer: nps 0..10, csat 1..5."""

    external_id: str
    customer: str
    contact: str | None
    kind: str
    score: int
    answered_at: datetime
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """Something that a member owes."""

    customer: str
    owner: str
    title: str
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    """What a member (by mail) or a team (by name) shall reach in [starts_on, ends_on)."""

    external_id: str
    kind: str
    member: str | None
    team: str | None
    starts_on: date
    ends_on: date
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What was invoiced, what came in, what foreign money was worth, and what winning customers cost."""

    invoices: tuple[InvoiceRow, ...]
    payments: tuple[PaymentRow, ...]
    rates: tuple[RateRow, ...]
    spend: tuple[SpendRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What was signed, and what is owed for it."""

    contracts: tuple[ContractRow, ...]
    lines: tuple[LineRow, ...]
    cancellations: tuple[CancellationRow, ...]
    receivables: tuple[ReceivableRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealings:
    """What passed between the company and its customers."""

    contacts: tuple[ContactRow, ...]
    tickets: tuple[TicketRow, ...]
    touches: tuple[TouchRow, ...]
    answers: tuple[AnswerRow, ...]
    tasks: tuple[TaskRow, ...]
