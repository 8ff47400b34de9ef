"""A renewal's plan as its room shows it: the steps with their tasks, and at which of the customer's approvals it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from perennial.kernel.organisation.queries import House
from perennial.playbooks.models import Task
from perennial.playbooks.renewal_plans import Made
from perennial.renewals.plans import Step


@dataclass(frozen=True, slots=True)
class Node:
    """An approval of the plan: its first owner, whether it is done, late by how many days (0: not), and since when it
    has been the one that is waited for (None: it is not)."""

    node: str
    owner: str
    due_on: date | None
    is_done: bool
    late_days: int
    since: date | None

    def days(self, on: date) -> int:
        """Return for how many days it has been waited for."""
        return 0 if self.since is None else (on - self.since).days


def nodes(steps: Sequence[Step], tasks: Mapping[int, Task], plan: Made | None, *, on: date, place: House) -> list[Node]:
    """Return the approvals of a plan in their order. The first that is not done is waited for: since the last approval
    before it was done, else since the plan was made. No query."""
    found: list[Node] = []
    since = place.day_of(plan.at) if plan is not None else None
    waits = True
    for name in dict.fromkeys(one.node for one in steps if one.node):
        mine = [tasks[one.task_id] for one in steps if one.node == name and one.task_id in tasks]
        still = [task for task in mine if task.done_at is None]
        if not mine:
            continue
        late = max(
            [(on - task.due_on).days for task in still if task.due_on is not None and task.due_on < on], default=0
        )
        first = (still or mine)[0]
        found.append(Node(name, first.owner.name, first.due_on, not still, late, since if still and waits else None))
        if still:
            waits = False
        elif waits:
            since = max(place.day_of(task.done_at) for task in mine if task.done_at is not None)
    return found
