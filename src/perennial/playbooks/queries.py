"""Reads of playbooks: a member's day on Today, tasks, and the count beside Today in the sidebar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.db.models import Case, Count, F, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber

from perennial.customers.access import portfolio_of, rows_of
from perennial.customers.belonging import WHOSE, theirs
from perennial.customers.models import PortfolioRow
from perennial.members.access import hidden_fields, scope_of
from perennial.members.models import Member
from perennial.playbooks.models import PlannedDay, Task, TodayItem
from perennial.playbooks.planning import DECIDED
from perennial.playbooks.terms import CONTACTS_A_DAY, SILENT_DAYS, Day, DueTask, Item, NextTask, Reason, Tasks, Whose

OPEN_TASK = Q(done_at=None, dropped_at=None)
_ROW, _MERGED_ROW = "customer__portfolio__", "customer__merged_into__portfolio__"


def choices(member: Member) -> list[Whose]:
    """Return whose customers the member may look at, the narrowest first. No query."""
    scope = scope_of(member, "customers.read")
    wider = {"team": [Whose.TEAM], "all": [Whose.TEAM, Whose.ALL] if member.team_id else [Whose.ALL]}
    return [Whose.MINE, *wider.get(str(scope), [])]


def usual(member: Member) -> Whose:
    """Return whose customers the member looks at first: the own ones, else the widest choice. One query at most."""
    wider = choices(member)
    if len(wider) == 1 or portfolio_of(member).filter(owner_id=member.pk).exists():
        return Whose.MINE
    return wider[-1]


def today(member: Member, *, on: date, whose: Whose = Whose.MINE) -> Day:
    """Return a member's day; reasons that speak of fields hidden from him are left out. Two queries."""
    hidden = hidden_fields(member)
    rows = _items(member, "customers.read").filter(of_whom(member, whose))
    items = [item for found in rows.filter(on=on).order_by("-weight", "customer_id") if (item := _item(found, hidden))]
    snoozed = [item for item in items if item.snoozed_until_on is not None]
    earlier = rows.filter(on__lt=on, snoozed_until_on__gt=on).count()
    return Day(
        open=[item for item in items if item.is_open],
        done=[item for item in items if item.done_at is not None],
        waiting=earlier + len(snoozed),
    )


def item_of(member: Member, item_id: int, ability: str = "customers.read") -> Item | None:
    """Return an item on whose customer the member has the ability, None for any other; one query."""
    found = _items(member, ability).filter(id=item_id).first()
    return None if found is None else _item(found, hidden_fields(member))


def open_item(member: Member, customer_id: int, *, on: date) -> Item | None:
    """Return the customer's item of a day where nobody has decided on it yet, without reasons hidden from the member;
    one query."""
    found = _items(member, "customers.read").filter(on=on, customer_id=customer_id).exclude(DECIDED).first()
    return None if found is None else _item(found, hidden_fields(member))


def reasons_of(member: Member, customer_id: int, *, on: date) -> tuple[Reason, ...]:
    """Return why a customer is on Today and nobody has decided yet, without reasons hidden from him; one query."""
    item = open_item(member, customer_id, on=on)
    return () if item is None else item.reasons


def today_count(member: Member, on: date) -> int:
    """Return how many things still wait for the member today, as the page counts them that he sees first: of five
    customers (or as many as there are) those not settled yet, and the tasks that are due. Three queries at most."""
    mine = TodayItem.objects.filter(of_whom(member, usual(member)), on=on)
    rows = rows_of(member, path=_ROW)
    if rows is None:
        return 0
    made = Q(done_at__isnull=False)
    found = mine.filter(rows).aggregate(open=Count("id", filter=~DECIDED), done=Count("id", filter=made))
    due = Task.objects.filter(OPEN_TASK, owner=member, due_on__lte=on).count()
    return max(0, int(min(CONTACTS_A_DAY - found["done"], found["open"]))) + due


def is_planned(on: date) -> bool:
    """Return whether the day was ever planned; one query."""
    return PlannedDay.objects.filter(on=on).exists()


def next_tasks(customer_ids: Sequence[int] | None = None) -> dict[int, NextTask]:
    """Return each customer's next open task: the earliest due, undated ones last, of equals the older one. One query.

    Customers without an open task are left out.
    """
    rows = Task.objects.filter(OPEN_TASK, theirs(customer_ids), customer__isnull=False).annotate(whose=WHOSE)
    order = [F("due_on").asc(nulls_last=True), F("id").asc()]
    first = rows.annotate(place=Window(RowNumber(), partition_by="whose", order_by=order)).filter(place=1)
    found = first.values_list("whose", "id", "due_on", "title")
    return {customer: NextTask(task, due_on, title) for customer, task, due_on, title in found if customer is not None}


def tasks(member: Member, on: date, *, limit: int = 60) -> Tasks:
    """Return the member's open tasks: due by a day, and ahead; at most `limit` together; one query."""
    order = [F("due_on").asc(nulls_last=True), F("id").asc()]
    mine = Task.objects.filter(OPEN_TASK, owner=member).order_by(*order)
    visible = rows_of(member, path=_ROW)
    key: Case | F | Value = F("customer__key")  # an admin's condition is empty: every customer
    if visible is None or visible:
        key = Case(When(visible, then=key), default=Value(None)) if visible else Value(None)
    rows = mine.annotate(open_key=key).select_related("customer", "created_by")[:limit]
    found = [
        DueTask(
            id=task.pk,
            title=task.title,
            due_on=task.due_on,
            customer_name=task.customer.name if task.customer else None,
            key=task.open_key,
            by_name=task.created_by.name if task.created_by and task.created_by_id != member.pk else None,
        )
        for task in rows
    ]
    due = [task for task in found if task.due_on is not None and task.due_on <= on]
    return Tasks(due=due, ahead=found[len(due) :])


def tasks_of(customer_id: int, *, limit: int = 50) -> list[Task]:
    """Return a customer's open tasks with their owners, the next due first, undated last; one query."""
    rows = Task.objects.filter(OPEN_TASK, theirs([customer_id])).select_related("owner")
    return sorted(rows[:limit], key=lambda task: (task.due_on is None, task.due_on or date.min, task.pk))


def tasks_by_id(ids: Sequence[int]) -> list[Task]:
    """Return tasks with their owners, the open ones first, by day; dropped ones are left out. One query for 500."""
    found = [
        task
        for start in range(0, len(ids), 500)
        for task in Task.objects.filter(id__in=ids[start : start + 500], dropped_at=None).select_related("owner")
    ]
    return sorted(found, key=lambda task: (bool(task.done_at), task.due_on is None, task.due_on or date.min, task.pk))


def task_of(member: Member, task_id: int) -> Task | None:
    """Return a task that is the member's own, or that stands at a customer on which he may write tasks; one query."""
    allowed = Q(owner=member)
    rows, merged = (rows_of(member, "tasks.edit", path=path) for path in (_ROW, _MERGED_ROW))
    if rows is not None and merged is not None:
        allowed |= (rows | merged) & Q(customer__isnull=False)
    return Task.objects.filter(allowed, id=task_id).select_related("customer").first()


def given_away(member: Member) -> int:
    """Return how many open tasks the member gave to others; one query."""
    return Task.objects.filter(OPEN_TASK, created_by=member).exclude(owner=member).count()


def silent(member: Member, *, on: date, whose: Whose = Whose.MINE, limit: int = 3) -> list[PortfolioRow]:
    """Return paying customers to whom nobody spoke for 90 days, the longest silence first; one query.

    Customers without any known contact are left out: unknown is not silence.
    """
    rows = portfolio_of(member).filter(of_whom(member, whose, path=""), is_live=True)
    late = rows.filter(last_touch_on__lt=on - timedelta(days=SILENT_DAYS))
    return list(late.order_by("last_touch_on", "customer_id")[:limit])


def has_customers(member: Member) -> bool:
    """Return whether the member sees any customer at all; one query."""
    return portfolio_of(member).exists()


def _items(member: Member, ability: str) -> QuerySet[TodayItem]:
    rows = rows_of(member, ability, path=_ROW)
    items = TodayItem.objects.select_related("customer__portfolio__owner")
    return items.none() if rows is None else items.filter(rows)


def of_whom(member: Member, whose: Whose, path: str = _ROW) -> Q:
    """Return the condition on portfolio rows (reached by `path`) of whose customers are looked at."""
    match whose:
        case Whose.ALL:
            return Q()
        case Whose.TEAM:
            return Q(**{f"{path}team_id": member.team_id}) if member.team_id else Q(**{f"{path}owner_id": member.pk})
        case _:
            return Q(**{f"{path}owner_id": member.pk})


def _item(found: TodayItem, hidden: frozenset[str]) -> Item | None:
    every = [Reason.of(data) for data in found.reasons]
    reasons = tuple(reason for reason in every if not hidden & reason.values.keys())
    if not reasons:
        return None
    return Item(
        id=found.pk, row=found.customer.portfolio, weight=found.weight, reasons=reasons,
        first_seen_on=found.first_seen_on, unseen=len(every) - len(reasons), done_at=found.done_at,
        is_contact=found.is_contact, snoozed_until_on=found.snoozed_until_on,
    )  # fmt: skip
