"""What a member changes in a part of the configuration before it is put in force: kept until then, or until it is
discarded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from perennial.blueprint import queries
from perennial.blueprint.kept import Version
from perennial.blueprint.models import ConfigDraft


@dataclass(frozen=True, slots=True)
class Draft:
    """A member's draft: its text, the version that it was begun on (0: what ships) and when it was last changed."""

    text: str
    base: int
    at: datetime

    def overtaken_by(self, part: str) -> Version | None:
        """Return the version that was put in force since the draft was begun; None where none was. No query."""
        newest = next(iter(queries.history(part)), None)
        return newest if newest is not None and newest.version > self.base else None


def draft_of(part: str, by: int) -> Draft | None:
    """Return a member's draft of a part; None where there is none. One query."""
    row = ConfigDraft.objects.filter(part=part, by_id=by).first()
    return None if row is None else Draft(row.text, row.base, row.at)


@transaction.atomic
def keep(*, part: str, text: str, base: int, by: int, at: datetime) -> None:
    """Keep a text as the member's draft of a part; what is in force already is no draft. Safe to run twice."""
    if text.strip() == queries.text_in_force(part).strip():
        discard(part=part, by=by)
        return
    ConfigDraft.objects.update_or_create(part=part, by_id=by, defaults={"text": text, "base": base, "at": at})


def discard(*, part: str, by: int) -> None:
    """Forget a member's draft of a part. Safe to run twice."""
    ConfigDraft.objects.filter(part=part, by_id=by).delete()
