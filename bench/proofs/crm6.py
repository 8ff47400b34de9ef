"""The metrics of three accounts of crm6 against SQL written by hand, all hundred accounts' events imported.

The same check as in the tests, which take ten accounts (tests/usage/test_crm6.py). Needs PERENNIAL_SAMPLE_DATA.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

CHECK = "tests/usage/test_crm6.py"


def rows() -> Iterator[dict[str, Any]]:
    """Yield whether all values agreed."""
    if not os.environ.get("PERENNIAL_SAMPLE_DATA"):
        raise SystemExit("This proof needs PERENNIAL_SAMPLE_DATA, the folder of the sample data.")
    began = time.monotonic()
    told = subprocess.run(  # noqa: S603 - this project's own test
        [sys.executable, "-m", "pytest", "-q", CHECK],
        env={**os.environ, "PERENNIAL_CRM6_ACCOUNTS": "100"}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if told.returncode:
        print(told.stdout[-3000:], file=sys.stderr)
    yield {
        "name": "crm6, all hundred accounts: values that differ from SQL by hand", "unit": "files of checks",
        "value": int(told.returncode != 0), "reach": 0, "ok": told.returncode == 0,
        "how": f"{CHECK}, {time.monotonic() - began:.0f} s wall",
    }  # fmt: skip
