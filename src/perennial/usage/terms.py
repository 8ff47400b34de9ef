"""The words of this room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

BACKFILL = "metrics.backfill"
"""The job that makes the history of own metrics."""


class UserKind(StrEnum):
    """Whose user of the product it is. Only a customer's count: everybody else is in no metric (analytics 2.1)."""

    CUSTOMER = "customer"
    STAFF = "staff"
    BOT = "bot"
    TEST = "test"


@dataclass(frozen=True)
class Brought:
    """What a run made anew: the days, and the customers of whom some day was (None: everybody)."""

    days: Sequence[int]
    customers: Sequence[int] | None
