"""What crosses the door of playbooks: reasons, the day of a member, the choices of a decision."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# Rules that speak of a customer even when it pays nothing any more: money is still owed, or we promised something.
BEYOND_THE_CONTRACT = frozenset({"payment_overdue", "task_due"})
CONTACTS_A_DAY = 5  # method M5: three to five proactive contacts a day
DONE_RESTS_DAYS = 7
PUT_AWAY_DAYS = (7, 30, 90)
EVERY_REASON = ""
SILENT_DAYS = 90


class Whose(StrEnum):
    """Whose customers a page shows, within what the member may see at all."""

    MINE = "mine"
    TEAM = "team"
    ALL = "all"


class Why(TextChoices):
    """Why a reason on Today was not useful: what the tuning of the rules goes by."""

    wrong_data = "wrong_data", _("Wrong data")
    not_important = "not_important", _("Not important")
    already_known = "already_known", _("Already known")
    other = "other", _("Other")


@dataclass(frozen=True, slots=True)
class NextTask:
    """The open task of a customer that comes first; `due_on` None: it has no day."""

    id: int
    due_on: date | None
    title: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a customer is on Today: the rule, the values that fired it (fields of the portfolio row; days as ISO texts),
    and its points (0 to 100)."""

    rule: str
    values: Mapping[str, Any]
    points: float

    def to_data(self) -> dict[str, Any]:
        """Return what is stored."""
        return {"rule": self.rule, "values": dict(self.values), "points": self.points}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Reason:
        """Read what `to_data` wrote."""
        return cls(rule=data["rule"], values=data["values"], points=data["points"])


@dataclass(frozen=True, slots=True)
class Item:
    """A customer on Today as the page shows it; heaviest reason first. Exactly one of the decisions, or none.

    `row` is the customer's portfolio row; `weight` in points, of all reasons; `unseen` counts those that are hidden
    from who looks. `is_contact`: done, and a contact was logged.
    """

    id: int
    row: Any
    weight: float
    reasons: tuple[Reason, ...]
    first_seen_on: date
    unseen: int
    done_at: datetime | None
    is_contact: bool
    snoozed_until_on: date | None

    @property
    def is_open(self) -> bool:
        """Whether nobody decided on it yet."""
        return self.done_at is None and self.snoozed_until_on is None


@dataclass(frozen=True, slots=True)
class Day:
    """A member's day: what is open, most important first, what is done, and how many wait for a later day."""

    open: Sequence[Item]
    done: Sequence[Item]
    waiting: int

    @property
    def wanted(self) -> int:
        """How many customers make the day: five, or as many as there are."""
        return min(CONTACTS_A_DAY, len(self.open) + len(self.done))

    @property
    def settled(self) -> int:
        """How many of these are done, with or without a contact."""
        return min(CONTACTS_A_DAY, len(self.done))

    @property
    def contacts(self) -> int:
        """With how many customers of the day a contact was logged."""
        return sum(1 for item in self.done if item.is_contact)

    @property
    def first(self) -> Sequence[Item]:
        """What comes first: as many as the day has room for."""
        return self.open[:CONTACTS_A_DAY]

    @property
    def later(self) -> Sequence[Item]:
        """As many again, for when the first are done."""
        return self.open[CONTACTS_A_DAY : 2 * CONTACTS_A_DAY]

    @property
    def this_week(self) -> Sequence[Item]:
        """All others."""
        return self.open[2 * CONTACTS_A_DAY :]


@dataclass(frozen=True, slots=True)
class Logged:
    """A log entry that settled a customer on Today; a note is no contact."""

    fact: uuid.UUID
    is_contact: bool


@dataclass(frozen=True, slots=True)
class DueTask:
    """A task as lists show it; `key` is the customer's where the member may open it."""

    id: int
    title: str
    due_on: date | None
    customer_name: str | None
    key: str | None
    by_name: str | None


@dataclass(frozen=True, slots=True)
class Tasks:
    """A member's open tasks: due by the day, the oldest first; and those ahead, the next first, undated ones last."""

    due: Sequence[DueTask]
    ahead: Sequence[DueTask]


@dataclass(frozen=True, slots=True)
class Away:
    """A reason that is put away; `rule` "": every reason of the customer. `until_on`: the day on which it returns."""

    id: int
    row: Any
    rule: str
    why: str
    note: str
    on: date
    until_on: date
    by_id: int | None
    by_name: str | None


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule was put away within a time, by why; how many were brought back early; on how many customers it
    speaks today. `rule` "": every reason at once, which speaks on none."""

    rule: str
    put_away: int
    by_why: Mapping[str, int]
    brought_back: int
    speaks: int
