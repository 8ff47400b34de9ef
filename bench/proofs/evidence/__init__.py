"""The parts of the proof of evidence: simulated portfolios, published sets, real use."""

from typing import Any


def row(name: str, value: float | str, reach: str, is_reached: bool, how: str) -> dict[str, Any]:
    """Return a figure as `./run proof` prints it."""
    return {"name": name, "value": value, "unit": "", "reach": reach, "ok": bool(is_reached), "how": how}
