"""A process that answers requests searches seldom for cycles, and still finds them."""

from __future__ import annotations

import gc
import weakref

from perennial.site import memory


class Knot:
    """Refers to itself."""

    def __init__(self) -> None:
        self.me = self


def test_what_was_loaded_is_left_alone_and_cycles_still_go() -> None:
    before = gc.get_threshold()
    try:
        memory.settle()
        assert gc.get_freeze_count() > 10_000 and gc.isenabled()
        assert gc.get_threshold() == (memory.YOUNG, memory.MIDDLE, memory.OLD)
        gone = weakref.ref(Knot())
        kept = [[] for _one in range(memory.YOUNG * 2)]  # type: ignore[var-annotated]
        assert kept and gone() is None
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
