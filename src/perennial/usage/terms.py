"""The words of this room."""

from __future__ import annotations

from enum import StrEnum


class UserKind(StrEnum):
    """Whose user of the product it is. Only a customer's count: everybody else is in no metric (analytics 2.1)."""

    CUSTOMER = "customer"
    STAFF = "staff"
    BOT = "bot"
    TEST = "test"
