"""Calls on terms: by one step, with a reason, never changed; the latest counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from tests.contracts.books import customers

from perennial.customers import merging
from perennial.kernel.journal.models import JournalEntry, JournalPersonal
from perennial.kernel.versions import AppendOnly
from perennial.renewals import calls
from perennial.renewals.calls import CallError
from perennial.renewals.models import Call
from perennial.renewals.terms import Category

DUE = date(2026, 6, 1)


def made(customer: int, by: int, at: datetime, category: Category, reason: str = "budget is signed") -> int:
    return calls.call(customer_id=customer, due_on=DUE, category=category, reason=reason, model=Category.BEST_CASE,
                      p=0.81, by=by, at=at)  # fmt: skip


def test_a_call_moves_a_term_by_one_step_and_says_who_when_and_why(member: Callable[..., int], now: datetime) -> None:
    customer, by = customers("A", at=now)["A"], member("csm")
    made(customer, by, now, Category.COMMIT, "  budget   is signed ")
    made(customer, by, now + timedelta(days=1), Category.AT_RISK, "the buyer left")
    last = calls.latest([customer])[customer, DUE]
    assert (last.category, last.reason, last.model, last.p, last.by_id) == (
        Category.AT_RISK, "the buyer left", Category.BEST_CASE, 0.81, by,
    )  # fmt: skip
    assert calls.latest([customer], at=now)[customer, DUE].category is Category.COMMIT
    assert [one.reason for one in calls.history(customer, DUE)] == ["the buyer left", "budget is signed"]
    entries = JournalEntry.objects.filter(kind="renewal.called").order_by("id")
    assert entries[0].data == {"due_on": "2026-06-01", "category": "commit", "model": "best_case"}
    assert JournalPersonal.objects.get(entry=entries[1]).payload == {"reason": "the buyer left"}


@pytest.mark.parametrize(
    ("category", "reason"), [(Category.LOST, "gone"), (Category.COMMIT, "  "), (Category.COMMIT, "x" * 301)]
)
def test_two_steps_or_no_reason_are_refused_and_nothing_is_written(
    category: Category, reason: str, member: Callable[..., int], now: datetime
) -> None:
    customer, by = customers("A", at=now)["A"], member("csm")
    with pytest.raises(CallError):
        made(customer, by, now, category, reason)
    assert not Call.objects.exists()
    assert not JournalEntry.objects.filter(kind="renewal.called").exists()


def test_a_call_is_never_changed_or_deleted(member: Callable[..., int], now: datetime) -> None:
    made(customers("A", at=now)["A"], member("csm"), now, Category.COMMIT)
    row = Call.objects.get()
    row.category = "lost"
    for change in (row.save, row.delete, Call.objects.all().delete, lambda: Call.objects.update(category="lost")):
        with pytest.raises(AppendOnly):
            change()
    assert Call.objects.get().category == "commit"


def test_a_call_on_a_customer_that_was_merged_counts_for_who_remains(member: Callable[..., int], now: datetime) -> None:
    ids, by = customers("A", "B", at=now), member("csm")
    made(ids["A"], by, now, Category.COMMIT)
    merging.merge(customer_id=ids["A"], into=ids["B"], by=by, at=now)
    assert set(calls.latest([ids["B"]])) == {(ids["B"], DUE)}
