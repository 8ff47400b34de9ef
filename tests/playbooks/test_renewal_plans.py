"""A plan worked back from the expiry: its days, what another way of buying does to it, and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from tests.contracts.books import customers

from perennial.blueprint import queries as blueprint
from perennial.blueprint.renewal_terms import APPROVALS
from perennial.kernel.organisation.queries import house
from perennial.playbooks import actions, queries, renewal_plans
from perennial.playbooks.actions import PlaybookError
from perennial.playbooks.models import Task
from perennial.renewals import plans
from perennial.reports.renewal_plan import nodes

DUE = date(2027, 3, 1)
Make = Callable[..., int]


@pytest.fixture
def by(member: Callable[..., int]) -> int:
    return member("csm", name="Wei")


@pytest.fixture
def customer(by: int, now: datetime) -> int:
    return customers("A", at=now)["A"]


@pytest.fixture
def make(by: int, customer: int, now: datetime) -> Make:
    def made(key: str = "direct", *, at: datetime = now, language: str = "en") -> int:
        purchase = blueprint.renewals().purchase(key)
        assert purchase is not None
        return renewal_plans.make(customer_id=customer, due_on=DUE, purchase=purchase, owner_id=by, language=language,
                                  by=by, at=at)  # fmt: skip

    return made


def open_tasks() -> list[tuple[str, str]]:
    rows = Task.objects.filter(done_at=None, dropped_at=None).order_by("due_on", "id")
    return [(title, due_on.isoformat()) for title, due_on in rows.values_list("title", "due_on")]


def test_each_step_is_a_task_so_many_days_before_the_expiry(make: Make, customer: int) -> None:
    make("direct")
    assert open_tasks() == [
        ("Show level 1 what the term brought", "2026-12-01"),
        ("Budget is requested", "2026-12-31"),
        ("Our quote is in", "2027-01-15"),
        ("Legal has read the contract", "2027-01-30"),
        ("Contract is sealed", "2027-02-15"),
        ("Invoice is handed in", "2027-02-22"),
        ("Payment is approved", "2027-03-01"),
    ]
    steps = plans.steps_of(customer, DUE)
    assert [one.node for one in steps] == ["", "budget", "", "legal", "seal", "invoice", "payment"]
    assert len(plans.tasks_of([customer])[customer, DUE]) == 7


def test_every_way_of_buying_ends_with_the_customers_approvals_in_order_and_is_said_in_chinese(make: Make) -> None:
    rules = blueprint.renewals()
    assert [one.key for one in rules.purchases] == ["direct", "comparison", "tender", "single_source", "framework"]
    assert rules.of("State_Owned").purchase == "tender"
    assert rules.of("国企与集团客户").purchase == "tender"
    for one in rules.purchases:
        named = list(dict.fromkeys(step.node for step in one.steps if step.node))
        assert named == [node for node in APPROVALS if node in named], one.key
        assert {"budget", "legal", "seal", "invoice", "payment"} <= set(named), one.key
    make("tender", language="zh-hans")
    assert open_tasks()[4] == ("发布招标公告", "2026-12-01")


def test_another_way_of_buying_takes_the_plans_place_and_asks_for_nothing_twice(
    make: Make, customer: int, by: int, now: datetime
) -> None:
    make("direct")
    budget = Task.objects.get(title="Budget is requested")
    actions.complete_task(task_id=budget.pk, by=by, at=now)
    with pytest.raises(PlaybookError, match="made already"):
        make("direct")
    entry = make("framework")
    assert len(open_tasks()) == 6, "seven steps, and the budget is there"
    assert Task.objects.filter(dropped_at=None).count() == 7
    plan = renewal_plans.made(customer, DUE)
    assert plan is not None
    assert (plan.purchase, plan.entry_id) == ("framework", entry)


def test_a_plan_is_taken_back_by_who_made_it_and_brings_the_one_before_back(
    make: Make, customer: int, by: int, member: Callable[..., int], now: datetime
) -> None:
    def undo(entry: int, who: int = by, days: int = 0) -> bool:
        return renewal_plans.undo(
            entry_id=entry, customer_id=customer, due_on=DUE, by=who, at=now + timedelta(days=days)
        )

    first = make("direct")
    before = open_tasks()
    second = make("tender", at=now + timedelta(hours=1))
    assert not undo(first), "another one stands in its place"
    assert not undo(second, who=member("admin"))
    assert not undo(second, days=2)
    assert undo(second)
    assert open_tasks() == before
    assert not undo(second), "once"
    plan = renewal_plans.made(customer, DUE)
    assert plan is not None
    assert plan.entry_id == first
    done = Task.objects.get(title="Our quote is in", dropped_at=None)
    actions.complete_task(task_id=done.pk, by=by, at=now)
    assert undo(first)
    assert open_tasks() == []
    assert plans.tasks_of([customer])[customer, DUE] == [done.pk], "what was done stays"
    assert renewal_plans.made(customer, DUE) is None


def test_the_first_approval_that_is_not_done_is_waited_for_since_the_one_before_it(
    make: Make, customer: int, by: int, now: datetime
) -> None:
    make("direct")

    def told(on: str) -> list[tuple[str, bool, int, str | None]]:
        tasks = queries.tasks_by_id(plans.tasks_of([customer])[customer, DUE])
        found = nodes(plans.steps_of(customer, DUE), {task.pk: task for task in tasks},
                      renewal_plans.made(customer, DUE), on=date.fromisoformat(on), place=house())  # fmt: skip
        return [(one.node, one.is_done, one.late_days, one.since and one.since.isoformat()) for one in found]

    made_on = house().day_of(now).isoformat()
    assert told("2027-01-02")[:2] == [("budget", False, 2, made_on), ("legal", False, 0, None)]
    budget = Task.objects.get(title="Budget is requested")
    later = now + timedelta(days=9)
    actions.complete_task(task_id=budget.pk, by=by, at=later)
    assert told("2027-01-02")[:2] == [
        ("budget", True, 0, None), ("legal", False, 0, house().day_of(later).isoformat()),
    ]  # fmt: skip


def test_who_writes_no_tasks_gets_none_and_nothing_is_half_made(
    make: Make, customer: int, by: int, member: Callable[..., int], now: datetime
) -> None:
    purchase = blueprint.renewals().purchases[0]
    with pytest.raises(PlaybookError):
        renewal_plans.make(customer_id=customer, due_on=DUE, purchase=purchase, owner_id=member("reader"),
                           language="en", by=by, at=now)  # fmt: skip
    assert not Task.objects.exists()
    assert renewal_plans.made(customer, DUE) is None
