"""Steps at the customer's approval nodes: moved by hand and by files, the usual days learned, alerts told once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Q
from tests.contracts.books import customers
from tests.contracts.test_collecting import fact, step

from perennial.contracts import moving, nodes, undoing, watching
from perennial.contracts.actions import write_receivables
from perennial.contracts.calculations.nodes import Stay, Usual
from perennial.contracts.models import NodeTime, Receivable
from perennial.contracts.moving import MoveRefused, Place
from perennial.contracts.undoing import Overtaken, UndoRefused
from perennial.customers.models import Customer
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation.queries import house
from perennial.kernel.versions import Incoming

ALL, ON, SOURCE = Q(), date(2026, 12, 24), "crm"


@dataclass
class House:
    """A customer of the segment gov with one open step at legal since 10 December, and who moves it."""

    id: int
    by: int
    at: datetime

    def say(self, name: str, node: str, since: str | None, days_later: int = 0, **more: Any) -> None:
        """Let the source say where a step is."""
        values = {"customer_id": self.id, "due_on": date(2026, 11, 1), "amount": 1000, "currency": "USD", "node": node,
                  "node_since_on": date.fromisoformat(since) if since else None, **more}  # fmt: skip
        write_receivables([Incoming(name, values)], source=SOURCE, at=self.at + timedelta(days=days_later))

    def move(self, name: str, node: str, since: str, *, seen: int | None = None, holder: str = "") -> int | None:
        """Move a step by hand."""
        version = Receivable.objects.current().get(external_id=name).pk if seen is None else seen
        place = Place(node, date.fromisoformat(since), holder)
        return moving.move(fact(name), place, seen=version, on=ON, rows=ALL, by=self.by, at=self.at)

    def ended(self, node: str, *lengths: int) -> None:
        """Let steps have stayed at a node for so many days."""
        for days in lengths:
            name, until = f"old{Receivable.objects.count()}", date(2026, 6, 1) + timedelta(days=days)
            self.say(name, node, "2026-06-01")
            self.say(name, "", None, 300, received_on=until)


@pytest.fixture
def place(organisation: None, now: datetime, member: Any) -> House:
    number = customers("A", at=now)["A"]
    Customer.objects.filter(id=number).update(segment="gov")
    made = House(number, member("admin"), now)
    made.say("a", "legal", "2026-12-10")
    return made


def way(name: str) -> list[tuple[str, date | None, date | None, str]]:
    return [(one.node, one.since_on, one.until_on, one.holder) for one in nodes.way_of(step(name), house())]


def where(name: str) -> tuple[str, date | None, str]:
    one = step(name)
    return one.node, one.node_since_on, one.node_holder


def test_a_move_is_the_next_version_with_who_and_since_when_and_an_entry_takes_it_back(place: House) -> None:
    entry = place.move("a", "seal", "2026-12-20", holder="Wang Qiang")
    assert where("a") == ("seal", date(2026, 12, 20), "Wang Qiang")
    assert way("a") == [("legal", date(2026, 12, 10), date(2026, 12, 20), ""),
                        ("seal", date(2026, 12, 20), None, "Wang Qiang")]  # fmt: skip
    kept = JournalEntry.objects.get(pk=entry)
    assert "Wang" not in str(kept.data)  # who a person is stands in the erasable part
    assert kept.personal.payload == {"holder": "Wang Qiang"}
    assert undoing.undo(entry or 0, rows=ALL, by=place.by, at=place.at) is not None
    assert where("a") == ("legal", date(2026, 12, 10), "")
    assert way("a") == [("legal", date(2026, 12, 10), None, "")]
    with pytest.raises(UndoRefused, match="taken back already"):
        undoing.undo(entry or 0, rows=ALL, by=place.by, at=place.at)


def test_of_two_who_move_the_same_step_one_wins_and_the_other_is_told(place: House) -> None:
    seen = step("a").version
    first = place.move("a", "seal", "2026-12-20", seen=seen)
    with pytest.raises(Overtaken, match="meanwhile"):
        place.move("a", "payment", "2026-12-21", seen=seen)
    place.move("a", "invoice", "2026-12-22")
    with pytest.raises(UndoRefused, match="changed again"):
        undoing.undo(first or 0, rows=ALL, by=place.by, at=place.at)
    assert where("a")[0] == "invoice"


@pytest.mark.parametrize(("since", "why"), [("2026-12-25", "after today"), ("2026-12-09", "2026-12-10")])
def test_a_day_that_cannot_be_is_refused(place: House, since: str, why: str) -> None:
    with pytest.raises(MoveRefused, match=why):
        place.move("a", "seal", since)
    assert Receivable.objects.count() == 1


def test_whose_step_it_is_not_cannot_move_it_nor_undo_it(place: House, member: Any) -> None:
    nobody = Q(customer_id=0)
    with pytest.raises(MoveRefused, match="not there"):
        moving.move(fact("a"), Place("seal", ON), seen=step("a").version, on=ON, rows=nobody, by=place.by, at=place.at)
    entry = place.move("a", "seal", "2026-12-20") or 0
    with pytest.raises(UndoRefused):
        undoing.undo(entry, rows=nobody, by=place.by, at=place.at)
    assert undoing.undo(entry, rows=ALL, by=member("csm"), at=place.at) is None
    assert undoing.undo(entry, rows=ALL, by=place.by, at=place.at + timedelta(days=2)) is None
    assert place.move("a", "seal", "2026-12-20") is None  # nothing changed


def test_a_file_that_repeats_itself_leaves_what_a_member_said_and_one_that_says_something_new_is_believed(
    place: House,
) -> None:
    place.move("a", "seal", "2026-12-20", holder="Wang")
    place.say("a", "legal", "2026-12-10", 1, invoiced_on=date(2026, 12, 21))
    assert where("a") == ("seal", date(2026, 12, 20), "Wang")
    assert step("a").invoiced_on == date(2026, 12, 21)  # the rest of the row is taken
    place.say("a", "legal", "2026-12-10", 2, invoiced_on=date(2026, 12, 22))
    assert where("a")[0] == "seal"
    place.say("a", "payment", "2026-12-22", 3, node_holder="Li")
    assert where("a") == ("payment", date(2026, 12, 22), "Li")
    assert [one[0] for one in way("a")] == ["legal", "seal", "payment"]


def test_usual_days_are_learned_of_what_ended_and_the_open_wait_is_held_against_them(place: House) -> None:
    place.ended("legal", 3, 4, 6, 20)
    assert nodes.learn(ON) == 0  # four: nobody knows
    assert nodes.waits(ON)[place.id][0].over is None
    place.ended("legal", 8)
    assert nodes.learn(ON) == 2
    assert nodes.usuals().of("legal", "gov") == Usual(6, 5, is_of_all=False)
    [wait] = nodes.waits(ON)[place.id]
    assert (wait.days, wait.over) == (14, 8)
    before = list(NodeTime.objects.values_list("id", flat=True))
    nodes.learn(ON)
    assert list(NodeTime.objects.values_list("id", flat=True)) == before  # the same is not written again
    assert nodes.way_of(step("old1"), house()) == [Stay("legal", date(2026, 6, 1), date(2026, 6, 4))]


def test_what_is_paid_waits_for_nobody(place: House) -> None:
    place.say("a", "payment", "2026-12-10", received_on=date(2026, 12, 20))
    assert nodes.waits(ON) == {}
    assert nodes.way_of(step("a"), house())[-1].until_on == date(2026, 12, 20)


def test_each_crossing_is_told_once_however_often_the_night_runs(place: House) -> None:
    place.ended("legal", 5, 5, 5, 5, 5)

    def told(on: date) -> list[tuple[str, object]]:
        before = JournalEntry.objects.count()
        watching.watch(on, at=place.at)
        rows = JournalEntry.objects.order_by("id")[before:]
        return [(row.kind, row.data.get("bucket") or row.data["node"]) for row in rows]

    assert told(date(2026, 10, 30)) == []
    assert told(date(2026, 12, 1)) == [("receivable.late", "to_30")]
    assert told(date(2026, 12, 1)) == []
    assert told(date(2026, 12, 2)) == [("receivable.late", "to_60")]
    assert told(date(2026, 12, 16)) == [("receivable.hung", "legal")]  # the sixth day
    assert told(ON) == told(ON) == []
    place.move("a", "seal", "2026-12-20")
    place.say("a", "legal", "2026-12-23")
    assert told(date(2026, 12, 30)) == [("receivable.hung", "legal")]  # another stay
    entry = JournalEntry.objects.filter(kind="receivable.hung").latest("id")
    assert (entry.customer_id, entry.data["days"], entry.data["usual"]) == (place.id, 7, 5)


@pytest.mark.parametrize("count", [1, 40])
def test_any_number_of_steps_costs_the_same_queries(
    place: House, django_assert_max_num_queries: Any, count: int
) -> None:
    for number in range(count):
        place.say(f"n{number}", "seal", "2026-12-01")
    nodes.learn(ON)
    with django_assert_max_num_queries(6):
        assert len(nodes.waits(ON)[place.id]) == count + 1
    watching.watch(ON, at=place.at)
    with django_assert_max_num_queries(20):
        assert watching.watch(ON, at=place.at) == 0


def test_a_fact_of_another_kind_of_id_is_never_moved(place: House) -> None:
    with pytest.raises(MoveRefused):
        moving.move(UUID(int=1), Place("seal", ON), seen=1, on=ON, rows=ALL, by=place.by, at=place.at)
