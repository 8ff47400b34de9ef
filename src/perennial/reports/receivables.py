"""The page of receivables: open steps by last day with their buckets, and payments that are not wholly matched.

One row is one step with its customer; its value in the organisation's currency is rounded once, so that buckets, sums
and files add up to the rows that are listed, to the cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from perennial.contracts import collecting, doubles, nodes, receivables
from perennial.contracts.access import ABILITY, facts_of
from perennial.contracts.calculations.nodes import Usuals
from perennial.contracts.calculations.proposals import Candidate, Proposal, plain, propose
from perennial.contracts.calculations.receipts import Bucket, bucket_of
from perennial.contracts.models import Invoice, InvoiceLine, Payment, PaymentDoubt, Settlement
from perennial.contracts.nodes import Wait
from perennial.contracts.rates import Exchange
from perennial.contracts.receivables import Step
from perennial.customers.access import portfolio_of
from perennial.customers.aliases import aliases
from perennial.kernel.money import round_half_even
from perennial.kernel.organisation.queries import House
from perennial.members.models import Member

EDIT = "receivables.edit"
CHUNK = 500


_MATCHED = Coalesce(
    Subquery(
        Settlement.objects.current().filter(payment=OuterRef("fact")).order_by().values("payment")
        .annotate(all=Sum("amount")).values("all")
    ), 0,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Customer:
    """Whose step it is."""

    id: int
    key: str
    name: str
    owner_id: int | None
    owner: str
    team_id: int | None
    segment: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """An open step on a day. `value` is what is owed in the organisation's currency, None without a rate; `wait`: how
    it stands at its approval node."""

    step: Step
    customer: Customer
    owed: int
    value: int | None
    invoiced: int
    received: int
    written_off: int
    late_days: int
    bucket: Bucket
    wait: Wait


@dataclass(frozen=True)
class Asked:
    """What of the list is shown: whose (a member's or a team's number), at which node, in which buckets; `is_over`:
    only what is longer at its node than usual."""

    owner_id: int | None = None
    team_id: int | None = None
    node: str = ""
    buckets: frozenset[Bucket] = frozenset()
    is_over: bool = False


@dataclass(frozen=True)
class Listed:
    """The rows asked for, and the sums and counts by bucket of all rows that stand beside them when no bucket is
    chosen. `left_out` rows have no rate and are in no sum."""

    rows: Sequence[Row]
    sums: Mapping[Bucket, int]
    counts: Mapping[Bucket, int]
    nodes: Sequence[str]
    left_out: int

    @property
    def total(self) -> int:
        """The sum of the rows that are listed."""
        return sum(row.value or 0 for row in self.rows)


def listed(member: Member, asked: Asked, *, place: House, on: date) -> Listed:
    """Return the open steps that the member may see. Eight queries, one more for each 500 customers."""
    rows = rows_on(member, receivables.open_steps(facts_of(member), on), place=place, on=on)
    mine = [
        row
        for row in rows
        if (asked.owner_id is None or row.customer.owner_id == asked.owner_id)
        and (asked.team_id is None or row.customer.team_id == asked.team_id)
    ]
    at = sorted({row.step.node for row in mine if row.step.node})
    here = [row for row in mine if asked.node in {"", row.step.node} and (row.wait.over or not asked.is_over)]
    sums, counts = dict.fromkeys(Bucket, 0), dict.fromkeys(Bucket, 0)
    for row in here:
        sums[row.bucket] += row.value or 0
        counts[row.bucket] += 1
    shown = [row for row in here if not asked.buckets or row.bucket in asked.buckets]
    return Listed(shown, sums, counts, at, sum(row.value is None for row in shown))


def rows_on(member: Member, steps: Iterable[Step], *, place: House, on: date) -> list[Row]:
    """Return steps with their customers, by last day; those of customers whom the member does not see are left out."""
    merged, exchange, found = aliases(), Exchange(place.currency), list(steps)
    book, known = _customers(member, {merged.of(step.customer_id) for step in found}), nodes.usuals()
    rows = [
        _row(step, book[merged.of(step.customer_id)], exchange, known, on)
        for step in found
        if merged.of(step.customer_id) in book
    ]
    return sorted(rows, key=lambda row: (row.step.last_day, row.customer.name, row.step.due_on))


def _row(step: Step, customer: Customer, exchange: Exchange, known: Usuals, on: date) -> Row:
    owed, late = step.owed(on), step.late_days(on)
    knows = exchange.knows(step.currency, on)
    return Row(
        step=step,
        customer=customer,
        owed=owed,
        value=round_half_even(exchange.value(owed, step.currency, on)) if knows else None,
        invoiced=step.invoiced(on),
        received=step.received(on),
        written_off=step.written_off(on),
        late_days=late,
        bucket=bucket_of(late),
        wait=nodes.wait_of(step, customer.segment, known, on),
    )


def _customers(member: Member, ids: Iterable[int]) -> dict[int, Customer]:
    ordered, book = sorted(ids), dict[int, Customer]()
    columns = ("customer_id", "key", "name", "owner_id", "owner__name", "team_id", "segment")
    for start in range(0, len(ordered), CHUNK):
        rows = portfolio_of(member, ABILITY).filter(customer_id__in=ordered[start : start + CHUNK])
        for number, key, name, owner_id, owner, team_id, segment in rows.values_list(*columns):
            book[number] = Customer(number, key, name, owner_id, owner or "", team_id, segment)
    return book


@dataclass(frozen=True, slots=True)
class Doubt:
    """Which known payment another one is probably, None where the member does not see that one; what was decided."""

    other: Payment | None
    is_same: bool | None
    by: str
    at: datetime | None

    @property
    def holds(self) -> bool:
        """Say whether the payment counts nowhere."""
        return self.is_same is not False


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A payment with what of it is matched to nothing; `customer` None where nobody knows whose it is, `doubt` where it
    is probably one that was known before."""

    payment: Payment
    rest: int
    customer: Customer | None
    doubt: Doubt | None = None

    @property
    def is_held(self) -> bool:
        """Say whether it counts nowhere, since it is, or probably is, one that was known before."""
        return self.doubt is not None and self.doubt.holds

    @property
    def payer(self) -> str:
        """Who paid, as the bank says it; else the customer whose payment it is, "" where nobody knows."""
        return self.payment.payer or (self.customer.name if self.customer else "")


def unmatched(member: Member) -> list[Unmatched]:
    """Return the payments of which something is matched to nothing, or too much, the latest first; those that are, or
    probably are, known already are left out. Three queries."""
    found = Payment.objects.current().filter(facts_of(member)).annotate(matched=_MATCHED)
    rows = list(found.exclude(amount=F("matched")).exclude(doubles.held()).order_by("-received_on", "-id"))
    return _with_customers(member, [(one, one.amount - one.matched, None) for one in rows])


def doubted(member: Member) -> list[Unmatched]:
    """Return the payments that are probably known already and of which nobody has decided, the latest first. Four
    queries."""
    undecided = PaymentDoubt.objects.filter(is_same=None).values("payment")
    found = Payment.objects.current().filter(facts_of(member), doubles.held(), fact__in=undecided)
    rows = list(found.order_by("-received_on", "-id"))
    said = _doubts(member, [one.fact for one in rows]) if rows else {}
    return _with_customers(member, [(one, one.amount, said.get(one.fact)) for one in rows])


def _with_customers(member: Member, rows: Sequence[tuple[Payment, int, Doubt | None]]) -> list[Unmatched]:
    merged = aliases()
    book = _customers(
        member, {merged.of(one.customer_id) for one, _rest, _doubt in rows if one.customer_id is not None}
    )
    return [
        Unmatched(one, rest, book.get(merged.of(one.customer_id)) if one.customer_id else None, doubt)
        for one, rest, doubt in rows
    ]


def _doubts(member: Member, facts: Sequence[UUID]) -> dict[UUID, Doubt]:
    said = doubles.doubts_of(facts)
    others = [one.other for one in said.values()]
    seen = {one.fact: one for one in Payment.objects.current().filter(facts_of(member), fact__in=others)}
    return {fact: Doubt(seen.get(one.other), one.is_same, one.by.name if one.by else "", one.decided_at)
            for fact, one in said.items()}  # fmt: skip


def payment_at(member: Member, fact: UUID, ability: str = ABILITY) -> Unmatched | None:
    """Return one payment with its rest; None where the member has not the ability on it. Three queries."""
    one = Payment.objects.current().filter(facts_of(member, ability), fact=fact).first()
    if one is None:
        return None
    number = None if one.customer_id is None else aliases().of(one.customer_id)
    customer = _customers(member, [number]).get(number) if number else None
    return Unmatched(one, collecting.rest_of(one), customer, _doubts(member, [fact]).get(fact))


def proposals(paid: Unmatched, rows: Sequence[Row]) -> list[tuple[Row, Proposal]]:
    """Return which of the rows a payment is probably for, the likeliest first. No query."""
    by_fact = {row.step.fact: row for row in rows}
    merged_id = paid.customer.id if paid.customer else None
    told = propose(
        customer_id=merged_id,
        payer=paid.payer,
        contract=paid.payment.contract_number,
        currency=paid.payment.currency,
        rest=paid.rest,
        among=[_candidate(row) for row in rows],
    )
    return [(by_fact[one.step], one) for one in told]


def _candidate(row: Row) -> Candidate:
    names = frozenset(text for name in (row.customer.name, row.step.payer) if (text := plain(name)))
    return Candidate(row.step.fact, row.customer.id, row.step.contract, names, row.step.currency, row.step.due_on,
                     collecting.room_of(row.step), row.step.came.is_stated)  # fmt: skip


@dataclass(frozen=True)
class Match:
    """What a payment was matched to, or what was written off of a step."""

    settlement: Settlement
    row: Row | None


def matches_of(member: Member, *, payment: UUID | None = None, step: UUID | None = None, place: House, on: date
               ) -> list[Match]:  # fmt: skip
    """Return the settlements of a payment or of a step that the member may see, with their steps. Six queries."""
    wanted = Q(payment=payment) if payment is not None else Q(step=step)
    found = list(Settlement.objects.current().filter(wanted).order_by("id"))
    steps = receivables.of_facts(facts_of(member), [one.step for one in found])
    rows = {row.step.fact: row for row in rows_on(member, steps.values(), place=place, on=on)}
    return [Match(one, rows.get(one.step)) for one in found]


def payments_behind(step: UUID) -> dict[UUID, Payment]:
    """Return the payments that settle a step, by fact: those of other customers too, since the step says from whom its
    money came; which of them the member may open is asked where they are opened. One query."""
    facts = Settlement.objects.current().filter(step=step).exclude(payment=None).values("payment")
    return {one.fact: one for one in Payment.objects.current().filter(fact__in=facts)}


@dataclass(frozen=True)
class Invoiced:
    """An invoice with what of it is for the step."""

    invoice: Invoice
    amount: int


def invoices_of_step(step: UUID) -> list[Invoiced]:
    """Return a step's invoices by day, requested and void ones too. Two queries."""
    parts = dict(InvoiceLine.objects.current().filter(step=step).values_list("invoice", "amount"))
    found = Invoice.objects.current().filter(fact__in=parts).order_by("issued_on", "id")
    return [Invoiced(one, parts[one.fact]) for one in found]


def lines_of_invoice(invoice: UUID) -> dict[UUID, int]:
    """Return what of an invoice is for each step. One query."""
    return dict(InvoiceLine.objects.current().filter(invoice=invoice).order_by("id").values_list("step", "amount"))


def money_of_customer(customer_id: int) -> tuple[list[Invoice], list[tuple[Payment, int | None]]]:
    """Return a customer's invoices and payments, the latest first, each payment with what of it is matched to nothing:
    None of one that is, or probably is, another one that was known before. Five queries."""
    family = aliases().family([customer_id])
    invoices = Invoice.objects.current().filter(customer_id__in=family).order_by("-issued_on", "-id")
    steps = Settlement.objects.current().filter(customer_id__in=family).exclude(payment=None).values("payment")
    theirs = Payment.objects.current().filter(Q(customer_id__in=family) | Q(fact__in=steps))
    payments = list(theirs.annotate(matched=_MATCHED).order_by("-received_on", "-id"))
    known = doubles.held_among([one.fact for one in payments])
    return list(invoices), [(one, None if one.fact in known else one.amount - one.matched) for one in payments]
