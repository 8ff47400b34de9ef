"""Which tasks belong to the plan of a term. The tasks themselves are playbooks': who, what, by when, done or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from perennial.customers.aliases import aliases
from perennial.renewals.models import PlanStep
from perennial.renewals.terms import Place


def add(*, customer_id: int, due_on: date, task_id: int) -> None:
    """Say that a task belongs to the plan of a term. One query."""
    PlanStep.objects.create(customer_id=customer_id, due_on=due_on, task_id=task_id)


def tasks_of(customer_ids: Sequence[int]) -> dict[Place, list[int]]:
    """Return the numbers of the tasks that belong to each term of the customers. Two queries for 500 customers."""
    merged = aliases()
    family, found = merged.family(customer_ids), defaultdict[Place, list[int]](list)
    for start in range(0, len(family), 500):
        rows = PlanStep.objects.filter(customer_id__in=family[start : start + 500]).order_by("id")
        for customer, due_on, task in rows.values_list("customer_id", "due_on", "task_id"):
            found[merged.of(customer), due_on].append(task)
    return dict(found)
