"""Amendments by hand: the ledger moves by what was agreed, versions are added, and two who edit at once are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from threading import Barrier, Thread
from time import sleep
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models import Q
from tests.contracts.books import customers, keep, line
from tests.intake.sending import SEEN_BY_ALL_THREADS

from perennial.contracts.actions import rebuild_movements
from perennial.contracts.amending import (
    Cancel,
    Change,
    Correct,
    End,
    Overtaken,
    Pause,
    Resume,
    Terms,
    amend,
    planned,
    undo,
)
from perennial.contracts.drafts import LineError
from perennial.contracts.models import Cancellation, Line, Movement
from perennial.contracts.queries import due_lines
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.organisation.models import Organisation

pytestmark = pytest.mark.django_db
Moves = list[tuple[str, str, Fraction]]


@pytest.fixture
def by(member: Callable[..., int], now: datetime) -> int:
    organisation.move_as_of(on=date(2026, 3, 2), by=None, at=now)
    Organisation.objects.update(policy_switches={"grace_days": 0})  # an end is told on its day
    return member("admin")


def told() -> Moves:
    rows = Movement.objects.order_by("on", "customer_id", "kind", "id")
    return [(one.on.isoformat(), one.kind, Fraction(one.numerator, one.denominator)) for one in rows]


def kept(now: datetime, **more: Any) -> Line:
    """Keep a line of ten seats, 12,000.00 for the year 2026; return it."""
    ids = customers("A", at=now)
    values = {"quantity": 10, "amount_months": None, **more}
    keep([line("1", ids["A"], "2026-01-01", values.pop("ends", "2027-01-01"), values.pop("amount", 12_000_00),
               **values)], at=now, on="2026-03-02")  # fmt: skip
    return Line.objects.current().get(external_id="1")


def change(found: Line, what: Change, by: int, at: datetime) -> int:
    return amend(found.fact, what, seen=found.pk, by=by, at=at)


NEW = ("2026-01-01", "new", Fraction(1_000_00))


@pytest.mark.parametrize(
    ("what", "moved"),
    [
        (Terms(on=date(2026, 5, 1), quantity=15), [("2026-05-01", "expansion", Fraction(500_00))]),
        (Terms(on=date(2026, 5, 1), quantity=4), [("2026-05-01", "contraction", Fraction(-600_00))]),
        (Terms(on=date(2026, 5, 1), quantity=10, amount=1_200_00, amount_months=1),
         [("2026-05-01", "price_up", Fraction(200_00))]),
        (Terms(on=date(2026, 5, 1), quantity=10, amount=7_200_00, amount_months=None),
         [("2026-05-01", "price_down", Fraction(-100_00))]),
        (Terms(on=date(2026, 5, 17), quantity=13), [("2026-05-17", "expansion", Fraction(300_00))]),
    ],
)  # fmt: skip
def test_terms_from_a_day_on_move_only_the_difference_and_end_nothing(
    by: int, now: datetime, what: Terms, moved: Moves
) -> None:
    change(kept(now), what, by, now)
    assert told() == [NEW, *moved, ("2027-01-01", "churn", -(NEW[2] + moved[0][2]))]
    due = due_lines(date(2026, 1, 1), date(2028, 1, 1), Q())
    assert [(one.ends_on, one.arr) for one in due] == [(date(2027, 1, 1), 12 * (NEW[2] + moved[0][2]))]


def test_a_line_with_a_day_of_notice_is_amended_before_it_and_both_parts_keep_the_day(by: int, now: datetime) -> None:
    notice = date(2026, 11, 30)
    change(kept(now, notice_on=notice), Terms(on=date(2026, 5, 1), quantity=15), by, now)
    assert list(Line.objects.current().values_list("notice_on", flat=True)) == [notice, notice]
    with pytest.raises(LineError, match="before the line ends"):
        change(Line.objects.current().get(is_amended=False), End(ends_on=notice), by, now)


def test_an_end_moves_at_the_same_fee_a_month_and_a_line_that_gives_months_away_keeps_its_own(
    by: int, now: datetime
) -> None:
    found = kept(now, gift_months=2)
    change(found, End(ends_on=date(2026, 10, 1)), by, now)
    assert told() == [NEW, ("2026-10-01", "churn", -NEW[2])]
    again = Line.objects.current().get(fact=found.fact)
    change(again, End(ends_on=None), by, now)
    assert told() == [NEW]


def test_a_pause_goes_and_comes_and_is_taken_up_by_the_rest_of_a_cut_line(by: int, now: datetime) -> None:
    found = kept(now)
    change(found, Pause(on=date(2026, 4, 1), back_on=None), by, now)
    assert told() == [NEW, ("2026-04-01", "churn", -NEW[2])]  # nobody knows until when: it is too long by its end
    change(Line.objects.current().get(), Resume(on=date(2026, 5, 1)), by, now)
    whole = [NEW, ("2026-04-01", "pause", -NEW[2]), ("2026-05-01", "resume", NEW[2])]
    assert told() == [*whole, ("2027-01-01", "churn", -NEW[2])]
    change(Line.objects.current().get(), Terms(on=date(2026, 4, 16), quantity=20), by, now)
    assert told()[:2] == whole[:2]
    assert told()[2][:2] == ("2026-05-01", "expansion") or sum(one[2] for one in told()[2:-1]) == 2 * NEW[2]


def test_notice_ends_revenue_with_its_reason_and_is_not_changed_but_corrected(by: int, now: datetime) -> None:
    found = kept(now)
    what = Cancel(cancelled_on=date(2026, 3, 1), effective_on=date(2026, 6, 1), reason="price", competitor="Rival")
    change(found, what, by, now)
    assert told() == [NEW, ("2026-06-01", "churn", -NEW[2])]
    assert Cancellation.objects.current().values_list("reason", "competitor", "line_fact").get() == (
        "price", "Rival", found.fact)  # fmt: skip
    with pytest.raises(LineError, match="Notice was given"):
        change(Line.objects.current().get(), Terms(on=date(2026, 4, 1), quantity=9), by, now)
    change(Line.objects.current().get(), Correct(values={"cancelled_on": None, "ceases_on": None}), by, now)
    assert told() == [NEW, ("2027-01-01", "churn", -NEW[2])]


def test_a_correction_says_that_the_line_was_always_so(by: int, now: datetime) -> None:
    found = kept(now)
    draft = planned(found, Correct(values={"quantity": 5, "amount": 6_000_00}), as_of=date(2026, 3, 2))
    assert [(one.on.isoformat(), one.before, one.after) for one in draft.steps] == [
        ("2026-01-01", 1_000_00, 500_00), ("2027-01-01", -1_000_00, -500_00)]  # fmt: skip
    change(found, Correct(values={"quantity": 5, "amount": 6_000_00}), by, now)
    assert told() == [("2026-01-01", "new", Fraction(500_00)), ("2027-01-01", "churn", Fraction(-500_00))]
    assert Line.objects.filter(fact=found.fact).count() == 2


def test_what_was_seen_is_no_longer_so_and_the_second_is_told_what_changed(by: int, now: datetime) -> None:
    found = kept(now)
    change(found, End(ends_on=date(2027, 7, 1)), by, now)
    with pytest.raises(Overtaken) as told_so:
        change(found, Terms(on=date(2026, 5, 1), quantity=15), by, now)
    assert set(told_so.value.columns) == {"ends_on", "amount_months", "term_starts_on"}
    assert told() == [NEW, ("2027-07-01", "churn", -NEW[2])]


def test_undo_brings_back_every_version_and_takes_away_what_was_begun(by: int, now: datetime) -> None:
    found = kept(now)
    before = told()
    entry = change(found, Terms(on=date(2026, 5, 1), quantity=15), by, now)
    assert undo(entry_id=entry, by=by, at=now + timedelta(hours=1))
    assert told() == before
    assert Line.objects.current().count() == 1
    assert not undo(entry_id=entry, by=by, at=now + timedelta(hours=2))
    assert not undo(entry_id=entry, by=by + 1, at=now)


def test_undo_refuses_where_a_line_was_changed_again(by: int, now: datetime) -> None:
    found = kept(now)
    entry = change(found, End(ends_on=date(2027, 7, 1)), by, now)
    change(Line.objects.current().get(), End(ends_on=date(2027, 8, 1)), by, now)
    with pytest.raises(LineError, match="changed again"):
        undo(entry_id=entry, by=by, at=now)
    assert JournalEntry.objects.filter(kind="contract.amended").count() == 2


def test_a_renewal_signed_already_follows_the_line_that_goes_on(by: int, now: datetime) -> None:
    found = kept(now)
    keep([line("2", found.customer_id, "2027-01-01", "2028-01-01", 1_000_00, quantity=10,
               renewal_of_external_id="1")], at=now, on="2026-03-02")  # fmt: skip
    change(found, Terms(on=date(2026, 5, 1), quantity=15), by, now)
    went_on = Line.objects.current().get(renewal_of=found.fact)
    assert Line.objects.current().get(external_id="2").renewal_of == went_on.fact


def test_the_file_read_again_leaves_what_was_changed_and_another_file_is_believed(by: int, now: datetime) -> None:
    found = kept(now)
    change(found, Terms(on=date(2026, 5, 1), quantity=15), by, now)
    after = told()
    kept(now)
    assert told() == after
    kept(now, amount=24_000_00)
    assert Line.objects.current().get(external_id="1").amount == 24_000_00


@pytest.mark.parametrize(
    ("what", "field"),
    [
        (Terms(on=date(2026, 1, 1), quantity=11), "on"),
        (Terms(on=date(2027, 1, 1), quantity=11), "on"),
        (Terms(on=date(2026, 5, 1), quantity=10), "quantity"),
        (End(ends_on=date(2026, 1, 1)), "ends_on"),
        (End(ends_on=date(2067, 1, 1)), "ends_on"),
        (Pause(on=date(2026, 4, 1), back_on=date(2026, 4, 1)), "back_on"),
        (Pause(on=date(2027, 4, 1), back_on=None), "on"),
        (Resume(on=date(2026, 4, 1)), "on"),
        (Cancel(cancelled_on=date(2026, 4, 1), effective_on=date(2026, 3, 1)), "effective_on"),
        (Correct(values={"ends_on": date(2025, 1, 1)}), "ends_on"),
        (Correct(values={"currency": "XYZ"}), "currency"),
        (Correct(values={"currency": "EUR"}), "currency"),
        (Correct(values={"gift_months": 13}), "gift_months"),
        (Correct(values={"amount": -1}), "amount"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_written(
    by: int, now: datetime, what: Change, field: str
) -> None:
    found = kept(now)
    before = told()
    with pytest.raises(LineError) as refused:
        change(found, what, by, now)
    assert (refused.value.field, told(), Line.objects.count()) == (field, before, 1)


def test_what_is_shown_before_is_what_is_counted_afterwards(by: int, now: datetime) -> None:
    found = kept(now)
    draft = planned(found, Terms(on=date(2026, 2, 1), quantity=15), as_of=date(2026, 3, 2))
    shown = [(one.on.isoformat(), one.kind.value, one.amount) for one in draft.after]
    change(found, Terms(on=date(2026, 2, 1), quantity=15), by, now)
    assert told() == shown
    rebuild_movements([found.customer_id], on=date(2026, 3, 2))
    assert told() == shown


def test_a_moved_end_was_agreed_so_that_it_comes_due(by: int, now: datetime) -> None:
    found = kept(now, ends="2027-02-05")
    change(found, End(ends_on=date(2027, 3, 9)), by, now)
    assert [one.ends_on for one in due_lines(date(2026, 1, 1), date(2028, 1, 1), Q())] == [date(2027, 3, 9)]


@SEEN_BY_ALL_THREADS
def test_of_two_who_save_at_once_one_wins_and_the_other_is_told(by: int, now: datetime) -> None:
    found, start, outcomes = kept(now), Barrier(2), list[str]()

    def save(quantity: int) -> None:
        start.wait()
        outcome = None
        while outcome is None:
            try:
                change(found, Terms(on=date(2026, 5, 1), quantity=quantity), by, now)
                outcome = f"saved {quantity}"
            except Overtaken:
                outcome = "told"
            except OperationalError:  # the tests' SQLite lies in memory and answers "locked" where a file waits
                assert connection.vendor == "sqlite"
                sleep(0.01)
        outcomes.append(outcome)
        connection.close()

    threads = [Thread(target=save, args=(quantity,)) for quantity in (15, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes)[1:] == ["told"]
    won = int(sorted(outcomes)[0].removeprefix("saved "))
    assert told() == [NEW, ("2026-05-01", "expansion", Fraction((won - 10) * 100_00)),
                      ("2027-01-01", "churn", Fraction(-won * 100_00))]  # fmt: skip
    assert Line.objects.current().count() == 2
