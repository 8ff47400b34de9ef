"""False alarms and drops found on simulated fleets (analytics 9, row 8).

Fixed seeds; the fleets: tests/alerts/fleets.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.alerts import fleets

CUSTOMERS, WEEKS, SEED = 3000, 52, 11
DROPS = range(21, 26)


def rows() -> Iterator[dict[str, Any]]:
    """Yield false alarms on quiet fleets and in a shared holiday, and how many real drops are found."""
    by_chance, acted = fleets.false_alarms(CUSTOMERS, WEEKS, SEED)
    yield {
        "name": "alerts, nothing changes: watch list", "unit": "for 1,000 customer-weeks", "value": round(by_chance, 2),
        "reach": "3.5 to 6.5", "ok": 3.5 <= by_chance <= 6.5,
        "how": f"{CUSTOMERS} customers, {WEEKS} weeks, seed {SEED}; nominal 5",
    }  # fmt: skip
    yield {
        "name": "alerts, nothing changes: act list", "unit": "a week", "value": round(acted, 3), "reach": "≤ .1",
        "ok": acted <= 0.1, "how": f"the same fleet; {CUSTOMERS} customers",
    }  # fmt: skip
    raw, adjusted = (fleets.in_a_holiday(CUSTOMERS, SEED, adjusted=one) for one in (False, True))
    yield {
        "name": "alerts, a holiday of everybody: watch list", "unit": "for 1,000 customer-weeks",
        "value": round(adjusted, 2), "reach": "≤ 8", "ok": adjusted <= 8,
        "how": f"one week at 55 %, four weeks watched; {raw:.1f} without the calendar",
    }  # fmt: skip
    found = [fleets.found_after(0.5, CUSTOMERS, seed) for seed in DROPS]
    many = sum(count for _share, count in found)
    share = sum(share * count for share, count in found) / many
    yield {
        "name": "alerts, −50 % of ten usual users or more: found in 12 weeks", "unit": "of drops",
        "value": round(share, 3), "reach": "≥ .85", "ok": share >= 0.85,
        "how": f"{many} drops in {len(found)} fleets of {CUSTOMERS}, 3 % of each; watch list",
    }  # fmt: skip
