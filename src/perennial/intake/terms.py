"""What crosses the intake's door: limits, verdicts, refusals of a whole request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

MESSAGE_BYTES = 32 * 1024
BATCH_BYTES = 500 * 1024
"""Uncompressed, as Segment counts them."""
MESSAGE_LEVELS = 254
"""Lists and objects inside each other: what the writer of JSON (orjson) writes; Segment names no limit."""
TEXT_LENGTH = 200
"""The longest event name, user, group or feature: what the tables behind them hold."""
ID_LENGTH = 255
"""The longest messageId, in characters."""
RETRY_SECONDS = 2
"""After how long a sender that was refused for want of room comes again."""


class Kind(StrEnum):
    """The calls of the protocol."""

    TRACK = "track"
    IDENTIFY = "identify"
    GROUP = "group"
    PAGE = "page"
    SCREEN = "screen"
    ALIAS = "alias"


class Reason(StrEnum):
    """Why one message was not taken."""

    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_TYPE = "unknown_type"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    NO_USER = "no_user"
    NO_EVENT = "no_event"
    NO_GROUP = "no_group"
    NO_PREVIOUS = "no_previous"
    NOT_A_TEXT = "not_a_text"
    TOO_LONG = "too_long"
    CONTROL_CHARACTER = "control_character"
    BROKEN_TEXT = "broken_text"
    NOT_A_NUMBER = "not_a_number"
    BAD_TIME = "bad_time"
    ERASED = "erased"


class Accepted(NamedTuple):
    """One message as the lake will hold it, its customer and user still by the sender's names. A tuple: millions are
    made.

    `group` None: the user's last group counts. `at` is corrected for the sender's clock.
    """

    kind: Kind
    message_id: str
    user: str
    group: str | None
    event: str
    feature: str | None
    at: datetime
    value: Decimal | None
    props: str | None
    traits: dict[str, Any]
    previous: str | None


@dataclass(frozen=True)
class Refused:
    """One message that was not taken: its place in the batch, why, which part of it, and the message as JSON text."""

    index: int
    message_id: str
    reason: Reason
    where: str
    raw: str


class Refusal(Exception):
    """The whole request is refused: an HTTP status, what to do, and after how many seconds to come again."""

    def __init__(self, status: int, text: str, *, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.retry_after = retry_after
