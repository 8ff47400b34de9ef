"""Words of engagement."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Channel(TextChoices):
    """By which way people met. A note and a pulse are no contact: they do not end silence."""

    visit = "visit", _("Visit")
    call = "call", _("Call")
    meeting = "meeting", _("Meeting")
    mail = "mail", _("Mail")
    message = "message", _("Message")
    training = "training", _("Training")
    review = "review", _("Business review")
    inspection = "inspection", _("Inspection")
    pulse = "pulse", _("CSM pulse")
    note = "note", _("Note")


CONTACTS = tuple(channel.value for channel in Channel if channel not in (Channel.note, Channel.pulse))
RATINGS = range(1, 6)
"""How a member judges a customer: 1 is lost, 5 is thriving."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What a person did or saw. `fact` names the entry before it is written: sent twice, it is written once. `rating`:
    how he judges the customer by it, 1 to 5; `summary` says why."""

    customer_id: int
    channel: str
    summary: str
    happened_at: datetime
    contact_fact: uuid.UUID | None = None
    next_step: str = ""
    fact: uuid.UUID | None = None
    rating: int | None = None


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a customer was judged last: 1 to 5, and when."""

    rating: int
    at: datetime


class TakesBack(StrEnum):
    """Whose log entries a member may take back on a customer."""

    NONE = ""
    OWN = "own"
    ALL = "all"
