"""Promises D1–D10 of the event intake at their full figures; `./run test` runs their short forms.

PERENNIAL_PROOF=D6 (or D3,D5) runs some of them. `stored + duplicates + rejected = sent` in each.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from typing import Any

PARTS = {
    "D1": ("crashes", "kills"),
    "D2": ("crashes", "power_cuts"),
    "D3": ("requests", "resends"),
    "D4": ("requests", "limits"),
    "D5": ("requests", "verdicts"),
    "D6": ("faults", "overload"),
    "D7": ("faults", "lines"),
    "D8": ("faults", "disk"),
    "D9": ("faults", "clocks"),
    "D10": ("recount", "sequences"),
}


def rows() -> Iterator[dict[str, Any]]:
    """Yield the figures of each promise that is wanted.

    :raises SystemExit: PERENNIAL_PROOF names none of them.
    """
    wanted = [part.strip().upper() for part in os.environ.get("PERENNIAL_PROOF", ",".join(PARTS)).split(",")]
    if strange := [part for part in wanted if part not in PARTS]:
        raise SystemExit(f"PERENNIAL_PROOF names {', '.join(strange)}. There are: {', '.join(PARTS)}.")
    for part in wanted:
        module, name = PARTS[part]
        yield from getattr(importlib.import_module(f"bench.proofs.usage.{module}"), name)()
