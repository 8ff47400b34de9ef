"""Coverage of the forecast's 80 % interval on simulated portfolios (analytics 9, row 11).

Truth: probabilities that are off by N(-.2, .2) on the logit scale, and a shock of .35 that each quarter's contracts
share. The posterior learns from eight quarters and foretells the ninth; fixed seeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.insights.portfolios import covered

RUNS, SEED = 150, 11


def rows() -> Iterator[dict[str, Any]]:
    """Yield the coverage at 40, 120 and 400 contracts a quarter."""
    for due in (40, 120, 400):
        found = covered(due, RUNS, seed=SEED)
        yield {
            "name": f"forecast, {due} due: amounts inside 10 to 90 %", "unit": "of runs",
            "value": round(found.by_posterior, 3), "reach": ".74 to .86", "ok": 0.74 <= found.by_posterior <= 0.86,
            "how": f"{RUNS} runs, seed {SEED}; independent draws hold {found.by_chance_alone:.2f}; width "
                   f"{found.width:.2f} of the amount due, the middle off by {found.loss:.3f}",
        }  # fmt: skip
