"""What a night notices of money to come in: a step longer at a node than usual, a step that is late by another bucket.
Each is told once, as an entry of the journal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from perennial.contracts import nodes, receivables
from perennial.contracts.calculations.receipts import Bucket, bucket_of
from perennial.contracts.nodes import Wait
from perennial.contracts.receivables import Step
from perennial.customers.aliases import aliases
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal import queries as past
from perennial.kernel.journal.actions import Noted

LATE, HUNG = "receivable.late", "receivable.hung"


@transaction.atomic
def watch(on: date, *, at: datetime) -> int:
    """Learn the usual days and write an entry for each step that crossed them, or a bucket of days late, and was not
    told before; return how many. About twenty queries, one more for 500 customers concerned. Safe to run twice."""
    nodes.learn(on)
    merged, segments, known = aliases(), nodes.segments_of(), nodes.usuals()
    noted: list[Noted] = []
    for step in receivables.open_steps(Q(), on):
        customer = merged.of(step.customer_id)
        noted += _noted(customer, step, nodes.wait_of(step, segments.get(customer), known, on), on)
    customers = sorted({number for one in noted for number in merged.family([one.customer_id])})
    told = {_mark(one.kind, one.subject, one.data) for one in past.of_kinds((LATE, HUNG), customers)}
    new = [one for one in noted if _mark(one.kind, one.subject, one.data) not in told]
    journal.record_all(new, at=at)
    return len(new)


def _noted(customer_id: int, step: Step, wait: Wait, on: date) -> Iterable[Noted]:
    subject, bucket = f"step:{step.fact}", bucket_of(step.late_days(on))
    if bucket is not Bucket.NOT_DUE:
        yield Noted(LATE, customer_id, subject, {
            "bucket": bucket.value, "days": step.late_days(on), "last_day": step.last_day.isoformat(),
            "owed": step.owed(on), "currency": step.currency})  # fmt: skip
    if wait.over and wait.usual and step.node_since_on:
        yield Noted(HUNG, customer_id, subject, {
            "node": step.node, "since": step.node_since_on.isoformat(), "days": wait.days, "usual": wait.usual.days,
            "stays": wait.usual.stays})  # fmt: skip


def _mark(kind: str, subject: str, data: dict[str, object]) -> tuple[object, ...]:
    """What is told once: a bucket of a step, a step's stay at a node."""
    return (kind, subject, data.get("bucket"), data.get("node"), data.get("since"))
