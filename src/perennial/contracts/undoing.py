"""Taking back what a member wrote of money: the entry of the journal names each version that was written and the one
that stood there before, so that one rule undoes all of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from perennial.contracts.models import Invoice, InvoiceLine, Payment, Receivable, Settlement
from perennial.kernel import versions
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal import queries as past
from perennial.kernel.versions import Version

WITHIN = timedelta(hours=24)
UNDONE = "money.undone"
TABLES: dict[str, type[Version]] = {
    "step": Receivable, "invoice": Invoice, "line": InvoiceLine, "payment": Payment, "settlement": Settlement,
}  # fmt: skip
_NAMES = {model: name for name, model in TABLES.items()}


class UndoRefused(ValueError):
    """What cannot be taken back; the message says why."""


class Overtaken(ValueError):
    """Somebody else changed what the member saw; the message says what it is now."""


def write(old: Version | None, new: Version, *, at: datetime) -> list[Any]:
    """Write the next version of a fact (None before: its first); return what `undo` needs to take it back."""
    if old is not None:
        type(old)._default_manager.get_queryset().supersede([old.fact], at=at)  # type: ignore[attr-defined]
    new.save()
    return [_NAMES[type(new)], str(new.fact), None if old is None else old.pk, new.pk]


def undoable(happenings: Iterable[past.Happening], *, by: int, at: datetime) -> list[int]:
    """Return the entries that a member may still take back: one's own of the last day that wrote versions."""
    return [one.id for one in happenings if one.by_id == by and at - one.at <= WITHIN and one.data.get("written")]


@transaction.atomic
def undo(entry_id: int, *, rows: Q, by: int, at: datetime) -> past.Happening | None:
    """Take back an own entry of the last 24 hours; return it, None where there is no such entry among what the member
    may touch. Each fact gets its former version again as the next one; what it began is gone.

    :raises UndoRefused: a part of it was changed since, was taken back already, or something stands on it by now.
    """
    entry = past.entry(entry_id)
    if entry is None or entry_id not in undoable([entry], by=by, at=at):
        return None
    touched = [(TABLES[name], uuid.UUID(fact), old, new) for name, fact, old, new in entry.data["written"]]
    current = [_current(model, fact, rows) for model, fact, _old, _new in touched]
    if any(one is None or one.pk != new for one, (_model, _fact, _old, new) in zip(current, touched, strict=True)):
        raise UndoRefused(_("This was changed again since, or taken back already, so it stays."))
    _check_nothing_stands_on([(model, fact) for model, fact, old, _new in touched if old is None])
    for model, fact, old, _new in touched:
        former = None if old is None else model._default_manager.get(pk=old)
        model._default_manager.get_queryset().supersede([fact], at=at)  # type: ignore[attr-defined]
        if former is not None:
            versions.next_of(former, at=at).save()
    journal.record(UNDONE, customer_id=entry.customer_id, subject=entry.subject, by=by, at=at,
                   data={"undone": entry_id, "what": entry.kind})  # fmt: skip
    return entry


def _current(model: type[Version], fact: uuid.UUID, rows: Q) -> Version | None:
    found = model._default_manager.get_queryset().filter(rows, fact=fact, superseded_at=None)
    return found.select_for_update(of=("self",)).first()


def _check_nothing_stands_on(made: Sequence[tuple[type[Version], uuid.UUID]]) -> None:
    facts = [fact for _model, fact in made]
    if Settlement.objects.current().filter(payment__in=facts).exists():
        raise UndoRefused(_("The payment is matched by now. Take its matches back first."))
    if Invoice.objects.current().filter(red_of__in=facts).exclude(fact__in=facts).exists():
        raise UndoRefused(_("A red-letter invoice takes this one back by now, so it stays."))
