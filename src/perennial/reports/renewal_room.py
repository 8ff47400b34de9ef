"""The renewal room: one term with all that is known of whether it renews, and who does what until then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import Q

from perennial.blueprint import queries as blueprint
from perennial.contracts import access, facts, receivables
from perennial.contracts.models import Line
from perennial.contracts.terms import AtEnd
from perennial.customers.access import customers_of
from perennial.customers.aliases import aliases
from perennial.customers.models import PortfolioRow
from perennial.insights import forecast as insights
from perennial.insights import learning
from perennial.insights.due import view_of
from perennial.insights.terms import Known, Term
from perennial.kernel.money import round_half_even
from perennial.kernel.organisation.queries import House
from perennial.members.models import Member
from perennial.playbooks import queries as playbooks
from perennial.playbooks import renewal_plans
from perennial.playbooks.models import Task
from perennial.playbooks.renewal_plans import Made
from perennial.renewals import calls, findings, plans
from perennial.renewals import queries as renewals
from perennial.renewals.calculations.last_minute import LastMinute
from perennial.renewals.calls import Called
from perennial.renewals.plans import Step
from perennial.renewals.terms import About, Decided, Due, Found
from perennial.reports import last_minute
from perennial.reports.checkpoints import Stop, settles, stops
from perennial.reports.forecast import EDITS
from perennial.reports.renewal_plan import Node, nodes

TASKS = "tasks.edit"


@dataclass(frozen=True)
class Room:
    """A term's room. `due` is exact; `term` is the same in minor units with what is expected of it. `history`
    are all findings, the latest first; `lines`: what ends, each with what its paper says becomes of it. `late`
    is the last-minute index, None before the last 90 days. `stops`: the checkpoints; `plan`, `steps`, `nodes`:
    the plan that was worked back from the expiry, its steps and the approvals among them."""

    on: date
    currency: str
    row: PortfolioRow
    due: Due
    term: Term
    lines: list[tuple[Line, AtEnd | None]]
    found: Mapping[About, Found]
    history: list[Found]
    calls: list[Called]
    decided: Decided | None
    tasks: list[Task]
    node: tuple[str, date | None] | None
    late: LastMinute | None
    stops: list[Stop]
    steps: list[Step]
    plan: Made | None
    nodes: list[Node]
    usual_purchase: str
    owner: str
    may_edit: bool
    may_task: bool
    may_settle: bool

    @property
    def days_left(self) -> int:
        """Return the days to the due day; negative after it."""
        return (self.term.due_on - self.on).days

    @property
    def stop(self) -> Stop | None:
        """Return the checkpoint that was reached last; None before both, and once the outcome is known."""
        passed = [one for one in self.stops if one.is_reached]
        return passed[-1] if passed and self.term.is_open else None

    @property
    def disputed(self) -> Stop | None:
        """Return the checkpoint at which our call differs from the model's and nobody has settled it."""
        stop = self.stop
        taken = stop.taken if stop else None
        return stop if taken and taken.ruling is None and taken.category not in {None, taken.model} else None

    @property
    def rests_on(self) -> tuple[About, ...]:
        """Return the marks that the renewal rests on."""
        return findings.rests_on(dict(self.found), self.term.outcome)


def room(member: Member, key: str, due_on: date, *, at: datetime, place: House) -> Room | None:
    """Return the room of a term that the member sees; None where there is none. About forty queries."""
    customer = customers_of(member, access.ABILITY).filter(key=key).first()
    if customer is None:
        return None
    on = place.today(at)
    mine = Q(customer_id__in=aliases().family([customer.pk]))
    dues = renewals.due_in(due_on, due_on + timedelta(days=1), access.facts_of(member) & mine, on=on)
    row = PortfolioRow.objects.filter(customer_id=customer.pk).select_related("owner").first()
    if not dues or row is None:
        return None
    due = dues[0]
    place_of = customer.pk, due_on
    found = findings.latest([customer.pk]).get(place_of, {})
    tasks = playbooks.tasks_by_id(plans.tasks_of([customer.pk]).get(place_of, []))
    steps, plan = plans.steps_of(customer.pk, due_on), renewal_plans.made(customer.pk, due_on)
    told = Room(
        on=on,
        currency=place.currency,
        row=row,
        due=due,
        term=_expected(due, on, place),
        lines=_lines(due, on),
        found=found,
        history=findings.history(customer.pk, due_on),
        calls=calls.history(customer.pk, due_on),
        decided=findings.decided([customer.pk]).get(place_of),
        tasks=tasks,
        node=receivables.nodes_of([customer.pk], on=on).get(customer.pk),
        late=last_minute.of_terms({place_of: due.starts_on}, on=on, place=place).get(place_of),
        stops=stops(due, row.segment or "", on=on),
        steps=steps,
        plan=plan,
        nodes=nodes(steps, {task.pk: task for task in tasks}, plan, on=on, place=place),
        usual_purchase=blueprint.renewals(on).of(row.segment).purchase,
        owner=row.owner.name if row.owner else "",
        may_edit=customers_of(member, EDITS).filter(pk=customer.pk).exists(),
        may_task=customers_of(member, TASKS).filter(pk=customer.pk).exists(),
        may_settle=False,
    )
    disputed = told.disputed
    return replace(told, may_settle=disputed is not None and settles(member, row, disputed.taken))


def _expected(due: Due, on: date, place: House) -> Term:
    """Return the term with what is expected of it; before the first night nothing is expected."""
    learned, kept = learning.latest(), min(due.arr, due.renewed)
    if learned is not None:
        seen = Known(due.customer_id, due.due_on, due.arr, kept, due.outcome)
        return insights.terms_of([seen], view_of(place, on), learned, place.fiscal_start_month)[0]
    return Term(customer_id=due.customer_id, due_on=due.due_on, arr=round_half_even(due.arr),
                kept=round_half_even(kept), outcome=due.outcome, probability=None, model=None, category=None,
                called=None, call=None, vetoes=(), owner_id=None, segment="")  # fmt: skip


def _lines(due: Due, on: date) -> list[tuple[Line, AtEnd | None]]:
    rows = Line.objects.current().filter(fact__in=due.lines).select_related("product", "contract")
    return [(line, facts.at_end_of(line, on)) for line in rows.order_by("product__name", "pk")]
