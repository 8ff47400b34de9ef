"""A figure of a proof: what was found against what is promised."""

from __future__ import annotations

from typing import Any


def figure(name: str, value: float, unit: str, reach: float, how: str, *, is_floor: bool = False) -> dict[str, Any]:
    """Return a row; `is_floor`: the value has to be at least what is to be reached, else at most."""
    ok = value >= reach if is_floor else value <= reach
    return {"name": name, "value": value, "unit": unit, "reach": reach, "ok": ok, "how": how}


def found(name: str, fault: object, how: str) -> dict[str, Any]:
    """Return the row of a positive control: a planted fault that the check has to find."""
    return figure(f"{name}, a planted fault is found", int(bool(fault)), "found", 1, how, is_floor=True)
