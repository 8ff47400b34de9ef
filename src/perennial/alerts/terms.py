"""The words of alerts, and what crosses the room's door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

MUTE_DAYS = 28
"""After an action an alert rests for so long; and after an alert of a kind no other of it is raised for so long."""
MOST_REASON = 300


class Kind(TextChoices):
    """What is alarming."""

    drop = "drop", _("Fewer weekly users")
    champion_gap = "champion_gap", _("Champion silent")
    champion_gone = "champion_gone", _("Champion gone")
    silence = "silence", _("Nobody uses it any more")


class Listed(TextChoices):
    """On which list: to be watched (some are chance), or to be acted on (one in ten is chance at most)."""

    watch = "watch", _("Watch list")
    act = "act", _("Act list")


class End(TextChoices):
    """Why an alert is closed."""

    recovered = "recovered", _("Use is back")
    usual = "usual", _("The lower level has become the usual one")
    withdrawn = "withdrawn", _("Later events took it back")
    ended = "ended", _("Pays no more")


class Muted(TextChoices):
    """Why an alert rests: what was done since, or somebody's word."""

    contact = "contact", _("A contact was logged")
    task = "task", _("A task was done")
    hand = "hand", _("Muted by hand")


class Trouble(TextChoices):
    """Why nobody is judged in a week."""

    nothing = "nothing", _("No usage is known yet.")
    stopped = (
        "stopped",
        _("No events arrived at the end of the week: the feed stopped, which is no silence of customers."),
    )
    few = "few", _("Fewer than 50 customers have ten weekly users or more: there is no fleet to hold one against.")
    short = (
        "short",
        _("The history is too short: an alert needs 21 weeks of a customer, and 200 of others to be held against."),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's open alerts that ask for an action and do not rest, by the week's last day; None: there is none.

    `users` lately, a week, beside the `usual` ones are those of the fall.
    """

    drop_on: date | None = None
    users: int | None = None
    usual: int | None = None
    champion_on: date | None = None
    silent_on: date | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a week found of a customer, to be kept: `series` are weekly users and what each week was for everybody, the
    oldest first, up to the alarm's week (None: unknown)."""

    customer_id: int
    kind: Kind
    listed: Listed
    statistic: float | None
    p: float | None
    against: int | None
    users: float | None
    usual: float | None
    spread: float | None
    series: Sequence[tuple[float | None, float]]
    told: dict[str, Any]
