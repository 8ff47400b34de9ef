"""Evidence against data whose truth is known or published (analytics 9, rows 1 to 7), and real use of sixteen years.

Rows 1 and 2 take Telco, row 4 RavenStack, nova the OpenStack change stream: folders of PERENNIAL_SAMPLE_DATA. Row 3
needs MLC churn (modeldata's `mlc_churn` as CSV: mlc/mlc_churn.csv there or PERENNIAL_MLC_CHURN) and is said not to
have run without. Fixed seeds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.proofs.evidence import nova, published, simulated


def rows() -> Iterator[dict[str, Any]]:
    """Yield the figures, row by row."""
    folder = os.environ.get("PERENNIAL_SAMPLE_DATA")
    if folder:
        yield from published.rows(Path(folder))
        yield from nova.rows(Path(folder))
    else:
        print("rows 1 to 4 and nova not run: PERENNIAL_SAMPLE_DATA names no folder", file=sys.stderr)
    yield from simulated.rows()
