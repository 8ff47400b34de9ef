"""What crosses the lake's door: schemas, day numbers, counts, rows and refusals."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from enum import StrEnum

import pyarrow as pa

EPOCH = date(1970, 1, 1)
REPEAT_WINDOW_DAYS = 30
"""Two events with one id are the same event while their days lie at most this far apart; imported rows always."""

EVENT_SCHEMA = pa.schema(
    [
        # Fixed 16 bytes without the UUID logical type: Spark refuses that type.
        pa.field("event_id", pa.binary(16), nullable=False),
        pa.field("customer", pa.int64(), nullable=False),
        pa.field("user", pa.int64()),
        pa.field("event", pa.string(), nullable=False),
        # A column of its own: facts and charts group by it, and JSON would be parsed again on every read.
        pa.field("feature", pa.string()),
        # Microseconds: Spark refuses nanoseconds.
        pa.field("ts", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("day", pa.int32(), nullable=False),
        # A source of daily counts may report a zero: that row is kept, and counts as nothing happening.
        pa.field("n", pa.int32(), nullable=False),
        # Exact, so that sums are the same in every engine.
        pa.field("value", pa.decimal128(18, 6)),
        pa.field("props", pa.string()),
        pa.field("received_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("import_id", pa.int64()),
    ]
)
CONTENT = ("customer", "user", "event", "feature", "ts", "n", "value", "props")
"""The columns that make two events with one id equal; what a retry stamps anew is left out."""

Changed = Mapping[int, tuple[int, ...] | None]
"""Day → the customers whose facts changed, None where they are too many to name."""


class Subject(StrEnum):
    """Whose events a tombstone hides."""

    CUSTOMER = "customer"
    USER = "user"


@dataclass(frozen=True, order=True)
class Tombstone:
    """One erased customer or user, by surrogate; surrogates are never used again."""

    subject: Subject
    id: int


@dataclass(frozen=True)
class Counts:
    """What became of accepted events: accepted = stored + duplicates + conflicts + erased + expired, always.

    `expired` came for a day whose events were gone already: it counts nowhere. What was stored stays counted as stored
    after its time, since it stays in the facts.
    """

    accepted: int = 0
    stored: int = 0
    duplicates: int = 0
    conflicts: int = 0
    erased: int = 0
    expired: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Counts)))

    def __mul__(self, times: int) -> "Counts":
        return Counts(*(getattr(self, f.name) * times for f in fields(Counts)))


@dataclass(frozen=True)
class Holdings:
    """What a lake holds: `files` that are live and their `bytes`, the first day of an event, files not yet folded
    (`waiting`), and what became of everything that was. `kept_from`: the first day whose raw events are kept (None:
    all); `aged`: how many events and rejected ones are gone since."""

    generation: int
    files: int
    bytes: int
    first_day: int | None
    waiting: int
    counts: Counts
    kept_from: int | None = None
    aged: int = 0


@dataclass(frozen=True)
class Ageing:
    """What would be gone if raw events were kept from a day on: events, events kept aside (rejected), and the first day
    that has one (None: nothing would be)."""

    events: int
    rejected: int
    first_day: int | None


@dataclass(frozen=True)
class Compaction:
    """One run of the compaction: its counts, the same by import, and the days whose facts changed, each with the
    customers (None: too many to name)."""

    counts: Counts
    by_import: dict[int, Counts]
    changed: Changed

    @property
    def days(self) -> tuple[int, ...]:
        """Return the days whose facts changed."""
        return tuple(sorted(self.changed))


@dataclass(frozen=True)
class Stale:
    """What was made of facts that changed since: `days` are to be made anew for everybody, `customers` each from its
    first changed day on. `changes` counts how often facts changed until this was read."""

    days: tuple[int, ...]
    customers: Mapping[int, int]
    changes: int


@dataclass(frozen=True)
class Merged:
    """Who counts for whom. `customers`: a number that facts carry → the customer that they count for; `users`:
    (that customer, a user) → the user that it is counted as. Whoever is not named counts for himself."""

    customers: Mapping[int, int] = field(default_factory=dict)
    users: Mapping[tuple[int, int], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """One stored event of a customer; `n` is its weight (a daily count is one event with its count)."""

    user: int | None
    event: str
    feature: str | None
    at: datetime
    day: int
    n: int
    props: str | None
    source: str


@dataclass(frozen=True)
class EventCount:
    """How often a customer did one event with one feature on one day."""

    day: int
    event: str
    feature: str | None
    n: int


@dataclass(frozen=True)
class EventDays:
    """The first and the last day on which a customer has an event, both included."""

    first_day: int
    last_day: int


class NotAnEvent(ValueError):
    """The batch lacks a column, has a null where none may be, or a negative weight."""


class AlreadyPublished(Exception):
    """A published import cannot be discarded."""


class FactsMissing(Exception):
    """The facts were made for other definitions: compact with these definitions first."""


class WentBackwards(Exception):
    """The manifest on disk is older than one that this process has read."""


def day_number(on: date) -> int:
    """Return days since 1970-01-01."""
    return (on - EPOCH).days


def day_date(day: int) -> date:
    """Return the date of a day number."""
    return EPOCH + timedelta(days=day)
