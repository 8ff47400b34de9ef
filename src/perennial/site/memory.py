"""What a process that answers requests does with memory."""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 100_000, 50, 100


def settle() -> None:
    """Keep Python's search for cycles from what was loaded at the start, and make it rarer: a page over thousands of
    terms makes a million small objects and hardly a cycle, and a third of its time went into searching them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
