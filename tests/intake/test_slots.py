"""Places for tracking calls: refused beyond them, shared while two keys send (promise D6)."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from perennial.intake.slots import Slots
from perennial.intake.terms import Refusal


def test_a_key_alone_has_all_places_and_one_more_is_told_to_come_again() -> None:
    slots = Slots(4)
    with ExitStack() as held:
        for _turn in range(4):
            held.enter_context(slots.taken("a"))
        with pytest.raises(Refusal) as caught, slots.taken("a"):
            pass
        assert (caught.value.status, caught.value.retry_after) == (429, 2)
    with slots.taken("a"):
        pass


def test_once_another_key_came_each_has_half_of_the_places() -> None:
    slots = Slots(4)
    with ExitStack() as held:
        four = [held.enter_context(ExitStack()) for _turn in range(4)]
        for one in four:
            one.enter_context(slots.taken("a"))
        with pytest.raises(Refusal), slots.taken("b"):
            pass
        four[0].close()
        with pytest.raises(Refusal), slots.taken("a"):  # three are more than its half: the place is another's
            pass
        with slots.taken("b"):
            pass


def test_of_two_that_knock_the_one_that_had_more_events_waits_and_a_stranger_holds_up_nobody() -> None:
    slots = Slots(4)
    with slots.taken("a") as count:
        count(500)
    with slots.taken("b") as count:  # new: level with the other, and then ahead
        count(500)
    _knock(slots, "stranger")
    with slots.taken("b") as count:
        count(1)
    _knock(slots, "a")
    with pytest.raises(Refusal), slots.taken("b"):
        pass
    with slots.taken("a") as count:
        count(600)
    with slots.taken("b"):
        pass


def test_a_key_that_does_not_come_again_at_once_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perennial.intake.slots.KNOCKING_SECONDS", 0.0)
    slots = Slots(4)
    for key in ("a", "b"):
        with slots.taken(key) as count:
            count(500)
    _knock(slots, "a")
    with slots.taken("b"):
        pass


def _knock(slots: Slots, key: str) -> None:
    """Let a key be refused because its own half of the places is taken."""
    with ExitStack() as held:
        for _turn in range(2):
            held.enter_context(slots.taken(key))
        with pytest.raises(Refusal), slots.taken(key):
            pass
