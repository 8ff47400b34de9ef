"""Reads of approval nodes: a step's way through them, which is the history of its versions, and the usual days at one,
which a night learns from all ways that have ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from perennial.contracts import receivables
from perennial.contracts.calculations import nodes as ways
from perennial.contracts.calculations.nodes import Said, Stay, Usual, Usuals, over
from perennial.contracts.models import NodeTime, Receivable
from perennial.contracts.receivables import Step
from perennial.customers.aliases import aliases
from perennial.customers.models import Customer
from perennial.kernel.inserting import insert
from perennial.kernel.organisation.queries import House, house

_COLUMNS = ("fact", "node", "node_since_on", "node_holder", "learned_at")


def way_of(step: Step, place: House) -> list[Stay]:
    """Return the stays of a step at its nodes, in order; one query."""
    rows = Receivable.objects.filter(fact=step.fact).order_by("id").values_list(*_COLUMNS)
    return ways.stays([_said(place, *row) for row in rows], paid_on(step))


def _said(place: House, _fact: UUID, node: str, since_on: date | None, holder: str, learned_at: date) -> Said:
    return Said(node, since_on, holder, place.day_of(learned_at))  # type: ignore[arg-type]  # a column's instant


def paid_on(step: Step) -> date | None:
    """Return the day of the last receipt of a step of which nothing is owed any more; None while something is."""
    last = step.received_on
    return None if last is None or step.owed(last) else last


def usuals() -> Usuals:
    """Return the usual days at the nodes as the last night learned them. One query."""
    rows = NodeTime.objects.values_list("node", "segment", "days", "stays")
    return Usuals({(node, segment): (days, stays) for node, segment, days, stays in rows})


@transaction.atomic
def learn(on: date) -> int:
    """Learn the usual days of all stays that have ended by a day; return how many places are known. Eight queries, one
    more where something changed. Safe to run twice."""
    place, ended = house(), list[tuple[str, str, int]]()
    facts = Receivable.objects.exclude(node="").order_by().values("fact")
    paid = {step.fact: paid_on(step) for step in receivables.kept(Q(fact__in=facts))}
    segments, merged = segments_of(), aliases()
    rows = Receivable.objects.filter(fact__in=facts).order_by("fact", "id").values_list("customer_id", *_COLUMNS)
    for fact, versions in groupby(rows.iterator(), lambda row: row[1]):
        of_step = list(versions)
        stays = ways.stays([_said(place, *row[1:]) for row in of_step], paid.get(fact))
        segment = segments.get(merged.of(of_step[-1][0]), "")
        ended += [(segment, stay.node, days) for stay in stays
                  if stay.until_on and stay.until_on <= on and (days := stay.days(on)) is not None]  # fmt: skip
    found = ways.usual(ended)
    if found != usuals().known:
        NodeTime.objects.all().delete()
        insert(NodeTime, [{"node": node, "segment": segment, "days": days, "stays": count}
                          for (node, segment), (days, count) in sorted(found.items())])  # fmt: skip
    return len(found)


def segments_of(customer_ids: Sequence[int] | None = None) -> dict[int, str]:
    """Return the declared segment of each customer that has one. One query."""
    rows = Customer.objects.exclude(segment=None)
    if customer_ids is not None:
        rows = rows.filter(id__in=customer_ids)
    return {number: str(segment) for number, segment in rows.values_list("id", "segment")}


@dataclass(frozen=True, slots=True)
class Wait:
    """An open step at a node on a day; `over` days beyond the usual ones, None where those are not known."""

    step: Step
    days: int | None
    usual: Usual | None
    over: int | None


def wait_of(step: Step, segment: str | None, known: Usuals, on: date) -> Wait:
    """Return how a step waits. No query."""
    days, usual = step.node_days(on), known.of(step.node, segment) if step.node else None
    return Wait(step, days, usual, over(days, usual))


def waits(on: date, customer_ids: Sequence[int] | None = None) -> dict[int, list[Wait]]:
    """Return the open steps at a node of each customer (None: all), that which is furthest over its usual days first,
    else that which waits longest; those of merged customers are the one's that remains. Six queries, two where nothing
    waits."""
    merged = aliases()
    ids = None if customer_ids is None else list(merged.family(customer_ids))
    steps = receivables.kept(~Q(node="") & (Q() if ids is None else Q(customer_id__in=ids)))
    if not steps:
        return {}
    known, segments, found = usuals(), segments_of(ids), dict[int, list[Wait]]()
    for step in steps:
        customer = merged.of(step.customer_id)
        if step.owed(on) and (step.node_since_on is None or step.node_since_on <= on):
            found.setdefault(customer, []).append(wait_of(step, segments.get(customer), known, on))
    for of_customer in found.values():
        of_customer.sort(key=lambda wait: (-(wait.over or 0), -(wait.days if wait.days is not None else -1)))
    return found
