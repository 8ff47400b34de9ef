"""Checkpoints: when they are, how a term stands at the last one reached, what is refused, and how it is settled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.db.models import Q
from tests.contracts.books import customers, keep, line, own

from perennial.blueprint import queries as blueprint
from perennial.customers import merging
from perennial.customers.models import Customer
from perennial.insights import checkpoints as nightly
from perennial.insights import learning, needs
from perennial.insights.due import view_of
from perennial.kernel.journal.models import JournalEntry, JournalPersonal
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.organisation.queries import house as organisation
from perennial.kernel.versions import AppendOnly
from perennial.playbooks import actions as tasks
from perennial.renewals import calls, checkpoints, plans
from perennial.renewals.calculations.checkpoints import days_of, standing
from perennial.renewals.checkpoints import CheckpointError, Spot
from perennial.renewals.models import CallSettled, Checkpoint, CheckpointCall
from perennial.renewals.terms import Category, Modelled, State, Taken, Which

DUE = date(2027, 6, 30)
SAID = Modelled(Category.BEST_CASE, 0.81, 0.7, 0.9)


def test_checkpoints_are_180_and_90_days_before_the_end_and_a_short_term_has_the_last_alone() -> None:
    rules = blueprint.renewals().of("anything")
    assert days_of(date(2026, 6, 30), DUE, rules) == {Which.FIRST: date(2027, 1, 1), Which.LAST: date(2027, 4, 1)}
    assert days_of(date(2027, 1, 1), DUE, rules) == {Which.FIRST: date(2027, 1, 1), Which.LAST: date(2027, 4, 1)}
    assert days_of(date(2027, 1, 2), DUE, rules) == {Which.LAST: date(2027, 4, 1)}
    assert days_of(date(2027, 5, 1), DUE, rules) == {Which.LAST: date(2027, 5, 1)}
    leap = days_of(date(2027, 3, 1), date(2028, 2, 29), rules)
    assert leap == {Which.FIRST: date(2027, 9, 2), Which.LAST: date(2027, 12, 1)}


def taken(category: Category | None, at: datetime) -> Taken:
    return Taken(category, "r", SAID, "Wei", 1, at)


@pytest.mark.parametrize(
    ("on", "first", "last", "planned", "state", "to_do", "overdue"),
    [
        ("2026-12-31", "none", "none", False, None, False, False),
        ("2027-01-01", "none", "none", False, State.MISSING, True, False),
        ("2027-03-31", "wait", "none", False, State.WAITING, False, False),
        ("2027-03-31", "same", "none", False, State.AGREED, False, False),
        ("2027-03-31", "other", "none", False, State.DISPUTED, False, False),
        ("2027-04-01", "same", "none", True, State.MISSING, True, True),
        ("2027-04-01", "none", "same", True, State.AGREED, False, False),
        ("2027-04-01", "none", "same", False, State.AGREED, True, True),
        ("2027-07-20", "none", "other", True, State.DISPUTED, False, False),
    ],
)
def test_how_a_term_stands(
    on: str, first: str, last: str, planned: bool, state: State | None, to_do: bool, overdue: bool, now: datetime
) -> None:
    made = {"wait": taken(None, now), "same": taken(Category.BEST_CASE, now), "other": taken(Category.COMMIT, now)}
    said = {which: made[one] for which, one in ((Which.FIRST, first), (Which.LAST, last)) if one in made}
    days = days_of(date(2026, 6, 30), DUE, blueprint.renewals().of(None))
    one = standing(days, said, date.fromisoformat(on), has_plan=planned)
    assert (one and one.state) == state
    if one is not None:
        assert (one.is_to_do, one.is_overdue) == (to_do, overdue)


def take(customer: int, by: int, at: datetime, category: Category | None, **more: object) -> int:
    given = {"reason": "the buyer said so", "said": SAID, "counted": SAID.category} | more
    which = given.pop("which", Which.FIRST)
    spot = Spot(customer, DUE, which)  # type: ignore[arg-type]
    return checkpoints.take(spot, category=category, by=by, at=at, **given)  # type: ignore[arg-type]


def test_a_call_is_kept_with_what_the_model_said_and_moves_the_forecast_where_it_differs(
    member: Callable[..., int], now: datetime
) -> None:
    customer, by = customers("A", at=now)["A"], member("csm", name="Wei")
    take(customer, by, now, None)
    assert calls.latest([customer]) == {}, "who waits moves nothing"
    take(customer, by, now + timedelta(days=1), Category.BEST_CASE)
    assert calls.latest([customer]) == {}, "the model's own category moves nothing"
    take(customer, by, now + timedelta(days=2), Category.COMMIT, reason="  budget   is signed ")
    one = checkpoints.latest([customer])[customer, DUE][Which.FIRST]
    assert (one.category, one.reason, one.said, one.by, one.ruling) == (
        Category.COMMIT, "budget is signed", SAID, "Wei", None)  # fmt: skip
    assert calls.latest([customer])[customer, DUE].category is Category.COMMIT
    early = checkpoints.latest([customer], at=now)[customer, DUE][Which.FIRST]
    assert early.category is None
    entry = JournalEntry.objects.filter(kind="checkpoint.called").order_by("id").last()
    assert entry is not None
    assert entry.data == {"due_on": "2027-06-30", "which": "first", "category": "commit", "model": "best_case"}
    assert JournalPersonal.objects.get(entry=entry).payload == {"reason": "budget is signed"}


@pytest.mark.parametrize(
    ("category", "more", "said"),
    [
        (None, {"which": Which.LAST}, "nobody waits and sees"),
        (Category.LOST, {}, "one category at most"),
        (Category.COMMIT, {"reason": "  "}, "Say why"),
        (None, {"reason": ""}, "Say why"),
        (Category.COMMIT, {"reason": "x" * 301}, "at most 300"),
    ],
)
def test_what_is_no_call_is_refused_with_the_reason_and_nothing_is_written(
    category: Category | None, more: dict[str, object], said: str, member: Callable[..., int], now: datetime
) -> None:
    customer, by = customers("A", at=now)["A"], member("csm")
    with pytest.raises(CheckpointError, match=said):
        take(customer, by, now, category, **more)
    assert not CheckpointCall.objects.exists()
    assert not JournalEntry.objects.filter(kind__startswith="checkpoint").exists()


def test_a_leader_settles_with_a_word_and_once(member: Callable[..., int], now: datetime) -> None:
    customer, by, boss = customers("A", at=now)["A"], member("csm"), member("leader", name="Li")
    spot = Spot(customer, DUE, Which.FIRST)

    def settle(category: Category, word: str = "the budget is not signed", counted: Category = Category.COMMIT) -> int:
        return checkpoints.settle(spot, category=category, word=word, said=SAID, counted=counted, by=boss, at=now)

    with pytest.raises(CheckpointError, match="nothing to settle"):
        settle(Category.BEST_CASE)
    take(customer, by, now, Category.COMMIT)
    assert checkpoints.disputed(Q(), since=DUE) == [spot]
    assert checkpoints.disputed(Q(), since=DUE + timedelta(days=1)) == []
    for wrong in ((Category.AT_RISK, "x"), (Category.BEST_CASE, "  ")):
        with pytest.raises(CheckpointError):
            settle(*wrong)
    settle(Category.BEST_CASE)
    one = checkpoints.latest([customer])[customer, DUE][Which.FIRST]
    assert one.ruling is not None
    assert (one.ruling.category, one.ruling.word, one.ruling.by) == (
        Category.BEST_CASE,
        "the budget is not signed",
        "Li",
    )
    assert calls.latest([customer])[customer, DUE].category is Category.BEST_CASE, "the model's view counts again"
    assert checkpoints.disputed(Q(), since=DUE) == []
    with pytest.raises(CheckpointError, match="nothing to settle"):
        settle(Category.BEST_CASE)
    take(customer, by, now + timedelta(days=1), Category.AT_RISK)
    assert checkpoints.disputed(Q(), since=DUE) == [spot], "a new call is a new difference"


def test_nothing_of_a_checkpoint_is_ever_changed(member: Callable[..., int], now: datetime) -> None:
    customer, by = customers("A", at=now)["A"], member("csm")
    spot = Spot(customer, DUE, Which.FIRST)
    checkpoints.record({spot: SAID}, on=date(2027, 1, 1), at=now)
    checkpoints.record({spot: Modelled(Category.LOST, 0.1, 0, 1)}, on=date(2027, 1, 2), at=now)
    assert checkpoints.recorded([customer]) == {spot: (date(2027, 1, 1), SAID)}
    take(customer, by, now, Category.COMMIT)
    checkpoints.settle(spot, category=Category.COMMIT, word="w", said=SAID, counted=Category.COMMIT, by=by, at=now)
    for model in (Checkpoint, CheckpointCall, CallSettled):
        row = model.objects.get()
        for change in (row.save, row.delete, model.objects.all().delete):
            with pytest.raises(AppendOnly):
                change()


def test_a_merged_customers_calls_count_for_who_remains(member: Callable[..., int], now: datetime) -> None:
    ids, by = customers("A", "B", at=now), member("admin")
    take(ids["A"], by, now, Category.COMMIT)
    merging.merge(customer_id=ids["A"], into=ids["B"], by=by, at=now)
    assert set(checkpoints.latest([ids["B"]])) == {(ids["B"], DUE)}
    assert checkpoints.disputed(Q(), since=DUE) == [Spot(ids["B"], DUE, Which.FIRST)]


@pytest.fixture
def house(member: Callable[..., int], now: datetime) -> dict[str, int]:
    """Three customers: due on 30 June 2027 (two), and one whose end lies beyond every checkpoint."""
    ids = customers("near", "state", "far", at=now)
    for name, ends in (("near", "2027-06-30"), ("state", "2027-06-30"), ("far", "2028-06-30")):
        years = {"far": "2027-06-30"}.get(name, "2026-06-30")
        keep([line(name, ids[name], years, ends, 100_00)], at=now, on="2027-01-01")
        own(ids[name], None, now)
    Customer.objects.filter(id=ids["state"]).update(segment="state_owned")
    Organisation.objects.update(as_of_on=date(2027, 1, 1))
    return ids


def test_the_night_keeps_the_model_once_at_each_checkpoint(house: dict[str, int], now: datetime) -> None:
    assert nightly.record(date(2027, 1, 1), at=now) == 0, "nothing was learned yet"
    learning.learn(date(2026, 12, 31), at=now)
    assert nightly.record(date(2026, 12, 31), at=now) == 0, "a day too early"
    assert nightly.record(date(2027, 1, 1), at=now) == 2
    assert nightly.record(date(2027, 1, 2), at=now) == 0
    assert nightly.record(date(2027, 4, 1), at=now) == 2, "the last one is a record of its own"
    rows = Checkpoint.objects.filter(customer_id=house["near"]).order_by("on")
    assert [(row.which, row.on.isoformat()) for row in rows] == [("first", "2027-01-01"), ("last", "2027-04-01")]
    assert all(row.low < row.p < row.high for row in rows)
    assert not Checkpoint.objects.filter(customer_id=house["far"]).exists()


def test_what_is_missing_is_since_when_until_a_call_and_at_the_last_a_plan_is_there(
    house: dict[str, int], member: Callable[..., int], now: datetime
) -> None:
    by = member("csm")

    def missing(on: str) -> dict[str, str]:
        day = date.fromisoformat(on)
        found = needs.asked_on(view_of(organisation(), day), Q(), learned=None, first_month=1,
                               at=now + timedelta(days=999))  # fmt: skip
        since = {number: one.checkpoint_on for number, one in found.items() if one.checkpoint_on}
        return {name: since[number].isoformat() for name, number in house.items() if number in since}

    assert missing("2026-12-31") == {}
    assert missing("2027-01-05") == {"near": "2027-01-01", "state": "2027-01-01"}
    take(house["near"], by, now, None)
    assert missing("2027-01-05") == {"state": "2027-01-01"}
    assert missing("2027-04-02") == {"near": "2027-04-01", "state": "2027-04-01"}
    take(house["near"], by, now, Category.COMMIT, which=Which.LAST)
    assert "near" in missing("2027-04-02"), "a call without a plan is not enough"
    task = tasks.add_task(customer_id=house["near"], owner_id=by, title="Call", due_on=None, by=by, at=now)
    plans.add(customer_id=house["near"], due_on=DUE, task_id=task)
    assert missing("2027-04-02") == {"state": "2027-04-01"}
    tasks.drop_task(task_id=task, by=by, at=now)
    assert "near" in missing("2027-04-02"), "a plan whose only task was dropped is none"
    assert missing("2027-07-29") == {"near": "2027-04-01", "state": "2027-04-01"}, "late paper is still open"
    assert missing("2027-07-30") == {}, "lost: nothing is expected any more"
