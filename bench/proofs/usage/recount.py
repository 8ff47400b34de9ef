"""D10: usage counts equal an independent count, whatever happened in whatever order.

PERENNIAL_PROOF_SEQUENCES runs fewer than the full 2,000; the figure says how many.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

from tests.lake.model import ForgetfulUsage, Usage, run

from bench.proofs.usage.figures import figure, found

SEQUENCES = int(os.environ.get("PERENNIAL_PROOF_SEQUENCES", "2000"))
STEPS = 50


class Told(Usage):
    """The same steps; every hundredth sequence says how far it is, for the whole takes the better part of an hour."""

    walked = 0

    def teardown(self) -> None:
        super().teardown()
        Told.walked += 1
        if Told.walked % 100 == 0:
            print(f"D10: {Told.walked:,} sequences, {Told.compared:,} comparisons", file=sys.stderr, flush=True)


def sequences() -> Iterator[dict[str, Any]]:
    """Yield how many differences there were, 0 or the first, and whether a planted one was found."""
    how = f"{SEQUENCES:,} sequences of up to {STEPS} steps: totals, events, counts, daily users, metrics of a day"
    difference = _difference(Told, SEQUENCES)
    how = f"{how}; {Told.walked:,} walked, {Told.compared:,} comparisons" + (f"; {difference}" if difference else "")
    yield figure("D10, differences from a plain recount", int(bool(difference)), "sequences", 0, how)
    yield found("D10", _difference(ForgetfulUsage, 20, is_shrunk=False), "one batch in three is lost")


def _difference(machine: type[Usage], count: int, *, is_shrunk: bool = True) -> str:
    try:
        run(machine, sequences=count, steps=STEPS, is_shrunk=is_shrunk)
    except AssertionError as error:
        return f"{type(error).__name__} {error}"[:300]
    return ""
