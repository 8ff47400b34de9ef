"""The invariants of the ledger (analytics 3.1) on a thousand random portfolios each, tolerance 0.

The same properties as in the tests, which draw a hundred (tests/contracts/calculations/test_invariants.py).
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

CHECK = "tests/contracts/calculations/test_invariants.py"


def rows() -> Iterator[dict[str, Any]]:
    """Yield how many properties were broken."""
    began = time.monotonic()
    told = subprocess.run(  # noqa: S603 - this project's own test
        [sys.executable, "-m", "pytest", "-v", "--hypothesis-profile=thousand", "--hypothesis-show-statistics", CHECK],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if told.returncode:
        print(told.stdout[-3000:], file=sys.stderr)
    drawn = [int(count) for count in re.findall(r"(\d+) passing, 0 failing", told.stdout)]
    yield {
        "name": "properties of the ledger that a random portfolio breaks", "unit": "properties",
        "value": len(re.findall(r"^FAILED", told.stdout, re.MULTILINE)), "reach": 0,
        "ok": told.returncode == 0 and min(drawn, default=0) >= 1000,
        "how": f"{len(drawn)} properties, at least {min(drawn, default=0)} portfolios each, "
               f"{time.monotonic() - began:.0f} s wall",
    }  # fmt: skip
