"""Promises D1–D10 of the event intake at their full figures; `./run test` runs their short forms.

PERENNIAL_PROOF=D6 (or D3,D5) runs some of them. `stored + duplicates + rejected = sent` in each.

| promise | short form, in ./run test | full form, here |
|---|---|---|
| D1 crash | tests/intake/test_kills.py, tests/lake/test_kills.py | 200 kills |
| D2 power cut | tests/intake/test_power.py | 200 cuts in each of 3 modes |
| D3 resends | test_resends.py, tests/lake/test_dedupe.py | 100,000 events, one batch in twenty again |
| D4 limits | test_hostile.py, test_forgiving.py, test_deadlines.py, test_sockets.py | bombs of 1 GB, slow clients |
| D5 verdicts | test_verdicts.py (with replay), test_forgiving.py, test_actions.py | 34 kinds among 1,000 good ones |
| D6 overload | test_overload.py, test_committer.py, test_slots.py | 5 minutes |
| D7 lines | test_faulty_lines.py | 6,000 events, five faults |
| D8 disk | test_faulty_disk.py, the full disk in test_kills.py | 100 points |
| D9 clocks | test_protocol.py (senders'), test_clocks.py and test_identity.py (the server's) | 8 steps |
| D10 recount | tests/lake/test_model.py | 2,000 sequences of 50 steps |
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
