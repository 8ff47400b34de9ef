"""Words of engagement."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Channel(TextChoices):
    """By which way people met. A note is no contact: it does not end silence."""

    visit = "visit", _("Visit")
    call = "call", _("Call")
    meeting = "meeting", _("Meeting")
    mail = "mail", _("Mail")
    message = "message", _("Message")
    training = "training", _("Training")
    review = "review", _("Business review")
    note = "note", _("Note")


CONTACTS = tuple(channel.value for channel in Channel if channel != Channel.note)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What a person did or saw. `fact` names the entry before it is written: sent twice, it is written once."""

    customer_id: int
    channel: str
    summary: str
    happened_at: datetime
    contact_fact: uuid.UUID | None = None
    next_step: str = ""
    fact: uuid.UUID | None = None


class TakesBack(StrEnum):
    """Whose log entries a member may take back on a customer."""

    NONE = ""
    OWN = "own"
    ALL = "all"
