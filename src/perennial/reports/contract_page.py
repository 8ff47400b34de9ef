"""One contract as a member may see it: its lines with what was known of them before, its parties, its receivables, and
what members changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from perennial.contracts import access, facts, grace, history
from perennial.contracts.amending import AMENDED, UNDO_WITHIN
from perennial.contracts.calculations.mrr import mrr_on
from perennial.contracts.grace import Late
from perennial.contracts.models import Cancellation, Contract, Line, Product, Receivable
from perennial.contracts.queries import LineOnDay, runs
from perennial.contracts.terms import ContractKind, PolicySwitches
from perennial.customers.belonging import whose
from perennial.customers.models import Customer, Reseller
from perennial.kernel.journal import queries as journal
from perennial.kernel.journal.queries import Happening
from perennial.kernel.organisation.queries import house
from perennial.members.models import Member
from perennial.reports.customer_contracts import LineRow, line_row

MOST_LINES = 200


@dataclass(frozen=True)
class Paper:
    """A contract with what stands under it. `own`: the customer that its revenue counts for; `undoable`: the numbers of
    the entries that the member may take back."""

    contract: Contract
    own: Customer
    lines: Sequence[LineRow]
    cancellations: Sequence[Cancellation]
    receivables: Sequence[Receivable]
    changes: Sequence[Happening]
    undoable: frozenset[int]


def find(member: Member, contract_id: int, *, edit: bool = False) -> Contract | None:
    """Return the contract where the member may see it (and, with `edit`, change it), else None. One query."""
    rows = access.facts_of(member) & (access.editable_by(member) if edit else Q())
    found = Contract.objects.filter(rows, pk=contract_id)
    return found.select_related(
        "customer", "signing_party", "paying_party", "invoiced_party", "reseller", "framework"
    ).first()


def name_of(column: str, value: str | int) -> str:
    """Return a framework's number or a reseller's name by its id, any other value as a text. One query at most."""
    if column == "framework_id":
        found = Contract.objects.filter(pk=value).first()
        return "" if found is None else found.number or found.external_id
    if column == "reseller_id":
        return Reseller.objects.filter(pk=value).values_list("name", flat=True).first() or ""
    return str(value)


def line_of(member: Member, contract_id: int, fact: UUID) -> Line | None:
    """Return a contract's current line that the member may change, else None. One query."""
    rows = access.facts_of(member) & access.editable_by(member)
    return Line.objects.current().filter(rows, contract_id=contract_id, fact=fact).select_related("product").first()


def paper(member: Member, contract: Contract, *, on: date, at: datetime) -> Paper:
    """Return the contract's page. Nine queries, however many lines; up to four more where one is in grace."""
    rows = access.facts_of(member)
    switches = facts.switches_of(house().policy_switches)
    lines = list(Line.objects.current().filter(rows, contract=contract).select_related("product", "contract"))
    former = history.former_versions(contract.customer_id)
    changes = journal.of_subject(AMENDED, f"contract:{contract.pk}")
    undone = {one.data["undone"] for one in changes if "undone" in one.data}
    own = Customer.objects.select_related("portfolio").get(pk=whose(contract.customer))
    late = grace.late_lines(own.pk, switches, on=on)
    return Paper(
        contract=contract,
        own=own,
        lines=[_row(line, on, switches, former, late.get(str(line.fact))) for line in _ordered(lines)],
        cancellations=list(
            Cancellation.objects.current().filter(rows, line_fact__in=[line.fact for line in lines]).order_by("-id")
        ),
        receivables=list(Receivable.objects.current().filter(rows, contract=contract).order_by("due_on", "id")),
        changes=changes,
        undoable=frozenset(
            one.id for one in changes
            if one.by_id == member.pk and at - one.at <= UNDO_WITHIN and "undone" not in one.data
            and one.id not in undone
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happened:
    """Something on the time line of a contract: on which day, what (line_started, line_ended, paused, resumed, notice,
    amended), and of which line, None where it is the contract's."""

    on: date
    what: str
    line: UUID | None


def timeline(paper: Paper) -> list[Happened]:
    """Return what happened under a contract and what is known to come, the earliest first. No query."""
    found = []
    for row in paper.lines:
        line = row.line
        days = [(line.starts_on, "line_started"), (line.ends_on, "line_ended"), (line.cancelled_on, "notice")]
        for since, until in line.pauses:
            days += [(date.fromisoformat(since), "paused"), (date.fromisoformat(until) if until else None, "resumed")]
        found += [Happened(day, what, line.fact) for day, what in days if day is not None]
    for one in paper.changes:
        if one.data.get("on"):
            line_of = UUID(one.data["line"]) if one.data.get("line") else None
            found.append(Happened(date.fromisoformat(one.data["on"]), "amended", line_of))
    return sorted(found, key=lambda one: (one.on, one.what, str(one.line)))


def _row(
    line: Line, on: date, switches: PolicySwitches, former: dict[UUID, list[Line]], late: Late | None
) -> LineRow:  # fmt: skip
    terms, before = facts.terms_of(line), former.get(line.fact, ())
    if late is not None:
        return replace(line_row(LineOnDay(line, late.mrr, True, late.over_on), on, before), grace=late)
    return line_row(LineOnDay(line, mrr_on(terms, on, switches), runs(terms, on, switches)), on, before)


def _ordered(lines: Sequence[Line]) -> list[Line]:
    """Return the lines in order of time, each behind the one that it goes on with."""
    by_fact = {line.fact: line for line in lines}

    def first(line: Line) -> Line:
        seen = set()
        while line.renewal_of in by_fact and line.fact not in seen:
            seen.add(line.fact)
            line = by_fact[line.renewal_of]
        return line

    return sorted(lines, key=lambda line: (first(line).starts_on, first(line).pk, line.starts_on, line.pk))


def products() -> list[tuple[int, str]]:
    """Return every product's id and name. One query."""
    return [
        (number, name or code)
        for number, name, code in Product.objects.order_by("name").values_list("id", "name", "code")
    ]


def lines_of(customer_id: int) -> list[Line]:
    """Return a customer's lines, the latest first: what a new line may renew, end with or correct. One query."""
    rows = Line.objects.current().filter(customer_id=customer_id).select_related("product")
    return list(rows.order_by("-starts_on", "-id")[:MOST_LINES])


def frameworks(customer_id: int) -> list[tuple[int, str]]:
    """Return the contracts of a customer under which others may stand, by id and number. One query."""
    rows = Contract.objects.filter(customer_id=customer_id).exclude(kind=ContractKind.SUPPLEMENT.value)
    found = rows.order_by("number", "id").values_list("id", "number", "external_id")
    return [(number, name or external_id) for number, name, external_id in found[:MOST_LINES]]
