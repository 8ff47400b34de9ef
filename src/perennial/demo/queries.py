"""What is known of the demo in this home."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from perennial.kernel.journal import queries as journal

BEGUN = "demo.begun"
SEEDED = "demo.seeded"


@dataclass(frozen=True, slots=True)
class Begun:
    """A demo whose records were written: which company, how large, of which day, and whether all of it is computed."""

    company: str
    customers: int
    seed: int
    on: date
    is_complete: bool


def begun() -> Begun | None:
    """Return the demo that lives in this home, None where there is none; two queries."""
    data = journal.latest(BEGUN)
    if data is None:
        return None
    return Begun(
        company=data["company"], customers=data["customers"], seed=data["seed"], on=date.fromisoformat(data["on"]),
        is_complete=journal.latest(SEEDED) is not None,
    )  # fmt: skip
