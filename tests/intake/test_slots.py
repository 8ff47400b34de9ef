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
