"""Which tasks belong to the plan of a term. The tasks themselves are playbooks': who, what, by when, done or not. One
that was dropped is no part of a plan any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from perennial.customers.aliases import aliases
from perennial.renewals.models import PlanStep
from perennial.renewals.terms import Place


@dataclass(frozen=True, slots=True)
class Step:
    """A task of a plan that was worked back from the expiry: by which way of buying, which step of it, and at which
    approval ("": at none)."""

    task_id: int
    purchase: str
    step: str
    node: str


def add(*, customer_id: int, due_on: date, task_id: int, purchase: str = "", step: str = "", node: str = "") -> None:
    """Say that a task belongs to the plan of a term. One query."""
    PlanStep.objects.create(customer_id=customer_id, due_on=due_on, task_id=task_id, purchase=purchase, step=step,
                            node=node)  # fmt: skip


def steps_of(customer_id: int, due_on: date) -> list[Step]:
    """Return the steps of the plan that was worked back from the expiry of a term, in their order. Two queries."""
    rows = PlanStep.objects.filter(
        customer_id__in=aliases().family([customer_id]), due_on=due_on, task__dropped_at=None
    )
    found = rows.exclude(step="").order_by("task__due_on", "id")
    return [Step(*row) for row in found.values_list("task_id", "purchase", "step", "node")]


def tasks_of(customer_ids: Sequence[int]) -> dict[Place, list[int]]:
    """Return the numbers of the tasks that belong to each term of the customers. Two queries for 500 customers."""
    merged = aliases()
    family, found = merged.family(customer_ids), defaultdict[Place, list[int]](list)
    for start in range(0, len(family), 500):
        rows = PlanStep.objects.filter(customer_id__in=family[start : start + 500], task__dropped_at=None).order_by(
            "id"
        )
        for customer, due_on, task in rows.values_list("customer_id", "due_on", "task_id"):
            found[merged.of(customer), due_on].append(task)
    return dict(found)


def dropped_of(customer_id: int, due_on: date) -> set[int]:
    """Return the numbers of the tasks that were taken out of the plan of a term. Two queries."""
    family = aliases().family([customer_id])
    rows = PlanStep.objects.filter(customer_id__in=family, due_on=due_on, task__dropped_at__isnull=False)
    return set(rows.values_list("task_id", flat=True))


def overdue(customer_ids: Sequence[int], on: date) -> set[Place]:
    """Return the terms of the customers that have an open step due before a day. Two queries for 500 customers."""
    merged, found = aliases(), set[Place]()
    family = merged.family(customer_ids)
    for start in range(0, len(family), 500):
        rows = PlanStep.objects.filter(
            customer_id__in=family[start : start + 500], task__dropped_at=None, task__done_at=None, task__due_on__lt=on
        )
        found |= {(merged.of(customer), due_on) for customer, due_on in rows.values_list("customer_id", "due_on")}
    return found
