"""What follows from journal entries: one piece of work for many, each entry once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.contracts.books import customers, keep, line

from perennial.customers import bulk
from perennial.customers.models import PortfolioRow
from perennial.jobs import nightly, reactions, worker
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation import actions as organisations
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue.models import Job
from perennial.playbooks import planning
from perennial.playbooks.models import TodayItem

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 2)


def edited(customer_ids: Sequence[int], now: datetime, kind: str = "contact.changed") -> None:
    journal.record_each(kind, {customer_id: {} for customer_id in customer_ids}, at=now)


def waiting() -> list[tuple[str, Any]]:
    return list(Job.objects.order_by("id").values_list("kind", "payload"))


@pytest.fixture
def ids(organisation: None, now: datetime) -> list[int]:
    ids = sorted(customers("A", "B", "C", at=now).values())
    reactions.settle(at=now)
    return ids


def test_many_edits_make_one_piece_of_work(ids: list[int], now: datetime) -> None:
    edited([ids[2], ids[0]], now)
    edited([ids[0]], now, kind="task.added")
    assert reactions.dispatch(at=now) == 3
    assert waiting() == [("refresh", {"customers": [ids[0], ids[2]]})]
    assert not JournalEntry.objects.filter(reacted_at=None).exists()
    assert reactions.dispatch(at=now) == 0
    assert len(waiting()) == 1


def test_entries_that_ask_for_everything_make_one_recompute_beside_it(ids: list[int], now: datetime) -> None:
    for kind in ("import.published", "customers.written", "users.classified", "member.invited"):
        journal.record(kind, at=now)
    edited(ids, now)
    assert reactions.dispatch(at=now) == 7
    assert waiting() == [("recompute", {}), ("refresh", {"customers": ids})]


def test_an_entry_of_no_customer_refreshes_nobody(ids: list[int], now: datetime) -> None:
    journal.record("task.added", at=now)
    assert reactions.dispatch(at=now) == 1
    assert waiting() == []


def test_what_does_not_fit_into_one_batch_follows_in_the_next(
    ids: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactions, "BATCH", 2)
    edited(ids, now)
    assert (reactions.dispatch(at=now), reactions.dispatch(at=now), reactions.dispatch(at=now)) == (2, 1, 0)
    assert waiting() == [("refresh", {"customers": ids[:2]}), ("refresh", {"customers": ids[2:]})]


def test_forty_edits_cost_the_same_queries_as_one(organisation: None, now: datetime) -> None:
    costs = []
    for many in (1, 40):
        numbers = customers(*(f"{many} {number}" for number in range(many)), at=now).values()
        reactions.settle(at=now)
        edited(list(numbers), now)
        with CaptureQueriesContext(connection) as asked:
            assert reactions.dispatch(at=now) == many
        costs.append(len(asked))
    assert costs[0] == costs[1]


def test_a_book_that_changes_hands_takes_its_day_along(
    organisation: None, home: Path, now: datetime, member: Callable[..., int]
) -> None:
    ann, bo, boss = member("csm"), member("csm"), member("leader")
    ids = customers("A", "B", at=now)
    keep(
        [line(key, number, "2025-04-01", "2026-04-01", 100_00) for key, number in ids.items()], at=now, on="2026-03-02"
    )
    bulk.assign(customer_ids=list(ids.values()), member_id=ann, by=boss, at=now)
    organisations.move_as_of(on=ON, by=None, at=now)
    nightly.run(ON, at=now)
    reactions.settle(at=now)
    assert set(TodayItem.objects.values_list("customer_id", "owner_id")) == {(number, ann) for number in ids.values()}

    bulk.assign(customer_ids=[ids["A"]], member_id=bo, by=boss, at=now)
    reactions.dispatch(at=now)
    claimed = queue.claim(at=worker.now(), kinds=["refresh"])
    assert claimed is not None
    worker.perform(claimed)
    assert Job.objects.get().state == "done"
    assert dict(TodayItem.objects.values_list("customer_id", "owner_id")) == {ids["A"]: bo, ids["B"]: ann}
    assert dict(PortfolioRow.objects.values_list("customer_id", "owner_id")) == {ids["A"]: bo, ids["B"]: ann}


@pytest.mark.parametrize("few", [50, 1])
def test_many_refreshed_at_once_are_on_the_day_as_if_all_were_planned(
    organisation: None, home: Path, now: datetime, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "FEW", few)
    ids = customers("A", "B", "C", at=now)
    keep(
        [line(key, number, "2025-04-01", "2026-04-01", number * 100_00) for key, number in ids.items()],
        at=now,
        on="2026-03-02",
    )
    organisations.move_as_of(on=ON, by=None, at=now)
    nightly.run(ON, at=now)
    before = list(TodayItem.objects.order_by("customer_id").values_list("customer_id", "weight", "reasons"))
    TodayItem.objects.update(weight=0)
    reactions.settle(at=now)
    edited([ids["A"], ids["C"]], now)
    reactions.dispatch(at=now)
    claimed = queue.claim(at=worker.now(), kinds=["refresh"])
    assert claimed is not None
    worker.perform(claimed)
    after = list(TodayItem.objects.order_by("customer_id").values_list("customer_id", "weight", "reasons"))
    assert len({weight for _customer, weight, _reasons in before}) == 3
    assert after == [before[0], (ids["B"], 0, before[1][2]), before[2]]
