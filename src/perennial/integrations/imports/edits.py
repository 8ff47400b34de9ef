"""A list that was exported here, edited in a spreadsheet and brought back: what differs, shown before it is applied.

Recognised by its first column, the customers' keys. Only fields that the catalogue calls editable are taken, only of
customers on which the member has the right; all else is named and left alone. An empty cell means: nothing; but a next
step is not emptied, since a task is done or dropped by a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from perennial.customers import edited
from perennial.customers.access import may_on, portfolio_of, visible_fields
from perennial.customers.catalogue import FIELDS
from perennial.customers.edited import OWNER
from perennial.customers.models import PortfolioRow
from perennial.integrations.imports.actions import ImportRefused
from perennial.integrations.imports.models import Import, ImportState
from perennial.integrations.imports.reading.sources import chunks
from perennial.integrations.imports.reading.terms import Source
from perennial.kernel.cells import plain_cell
from perennial.kernel.journal import actions as journal
from perennial.members import queries as members
from perennial.members.access import OWNS_CUSTOMERS
from perennial.members.models import Member
from perennial.playbooks import queries as playbooks
from perennial.playbooks import steps
from perennial.playbooks.actions import MOST_TITLE

CHUNK_KIND, CHUNK_ROWS = "edits", 1000
KEY, MAIL, STEP = "key", "owner_email", "next_step"
MOST_TEXT, MOST_TAG = 100, 50
Cells = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """A field of a customer as it is and as the file wants it, in words; `value` is what would be set."""

    customer_id: int
    key: str
    name: str
    field: str
    label: str
    before: str
    after: str
    value: Any


@dataclass(frozen=True)
class Refusal:
    """A row or a cell that is not taken, and why."""

    row: int
    column: str
    value: str
    reason: str


@dataclass
class Diff:
    """What applying the file would do; `ignored`: columns of the file that are not taken."""

    changes: list[Change] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    same: int = 0

    @property
    def digest(self) -> str:
        """Return a mark of exactly these changes, so that what is applied is what was shown."""
        told = repr([(c.customer_id, c.field, c.before, c.after) for c in self.changes])
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    @property
    def customers(self) -> int:
        """Return how many customers would change."""
        return len({change.customer_id for change in self.changes})


@cache
def _headings() -> Mapping[str, str]:
    """Return what each heading of an export means, in every language: the field's key, KEY or MAIL."""
    found: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found |= {str(one.label): key for key, one in reversed(list(FIELDS.items()))}
            found |= {gettext("Key"): KEY, gettext("CSM's e-mail"): MAIL}
    return found


def is_exported(source: Source, member: Member | None = None) -> bool:
    """Return whether a table is a list of customers that was exported here: its first column holds keys of customers
    that the member sees (None, the command line: any)."""
    if _headings().get(source.columns[0]) != KEY:
        return False
    first = next(chunks(source), None)
    keys = [] if first is None else [text.strip() for text in first.cells.column(0).to_pylist()[:500]]
    rows = PortfolioRow.objects.all() if member is None else portfolio_of(member)
    return rows.filter(key__in=keys).exists()


def stage(row: Import, source: Source) -> dict[str, Any]:
    """Keep the rows of an edited list; return what the findings say of it. Nothing else is written."""
    meant = {name: _headings().get(name, "") for name in source.columns}
    taken = {name: key for name, key in meant.items() if key in {KEY, MAIL} or (key and FIELDS[key].editable)}
    row.chunks.filter(kind=CHUNK_KIND).delete()
    number = rows = 0
    for chunk in chunks(source):
        cells = [[plain_cell(text) for text in chunk.cells.column(name).to_pylist()] for name in taken]
        kept = [
            {"row": at, **{key: text.strip() for key, text in zip(taken.values(), texts, strict=True)}}
            for at, texts in zip(chunk.rows.to_pylist(), zip(*cells, strict=True), strict=True)
        ]
        for start in range(0, len(kept), CHUNK_ROWS):
            row.chunks.create(kind=CHUNK_KIND, number=number, rows=kept[start : start + CHUNK_ROWS])
            number += 1
        rows += len(kept)
    return {"rows": rows, "columns": taken, "ignored": [name for name in source.columns if name not in taken]}


def diff(import_id: int, member: Member) -> Diff:
    """Return what the kept rows would change, for this member. Four queries for each thousand rows."""
    row = Import.objects.get(id=import_id)
    told = row.findings.get("edits", {})
    found, seen, reader = Diff(ignored=list(told.get("ignored", ()))), set[str](), _Reader(member, told)
    found.ignored += [name for name, key in told.get("columns", {}).items() if key not in reader.fields | {KEY}]
    for chunk in row.chunks.filter(kind=CHUNK_KIND).order_by("number").iterator():
        reader.read(chunk.rows, seen, found)
    return found


class _Reader:
    """Compares rows with what is known, within the rights of one member."""

    def __init__(self, member: Member, told: Mapping[str, Any]) -> None:
        self.member = member
        self.titles = {key: name for name, key in told.get("columns", {}).items()}
        seen = visible_fields(member)
        self.fields = {key for key in self.titles if key in seen} | ({MAIL} if OWNER in seen else set())
        people = members.who_may(OWNS_CUSTOMERS)
        self.by_mail = {one.email.lower(): one for one in people}
        names = [one.name for one in people]
        self.by_name = {one.name: one for one in people if names.count(one.name) == 1}

    def read(self, rows: Sequence[Cells], seen: set[str], into: Diff) -> None:
        keys = [row[KEY] for row in rows]
        mine = portfolio_of(self.member) & portfolio_of(self.member, "customers.edit")
        known = {one.key: one for one in mine.filter(key__in=keys).select_related("owner")}
        ids = [one.customer_id for one in known.values()]
        tasks = playbooks.next_tasks(ids) if STEP in self.fields else {}
        for row in rows:
            customer = known.get(row[KEY])
            if customer is None:
                reason = gettext("No customer that you may edit has this key.")
            elif row[KEY] in seen:
                reason = gettext("This customer stood in an earlier row, which counts.")
            else:
                reason = ""
            if customer is None or reason:
                into.refused.append(Refusal(row["row"], self.titles.get(KEY, ""), row[KEY][:100], reason))
                continue
            seen.add(row[KEY])
            task = tasks.get(customer.customer_id)
            changes = [
                *self._facts(customer, row, into),
                *self._step(customer, row, task.title if task else "", into),
                *self._owner(customer, row, into),
            ]
            into.changes += changes
            into.same += not changes

    def _facts(self, customer: PortfolioRow, row: Cells, into: Diff) -> Iterator[Change]:
        for key in sorted((self.fields & set(row)) - {MAIL, OWNER, STEP}):
            before = _shown(customer, key)
            if row[key] == before:
                continue
            value, reason = _tags(row[key]) if key == "tags" else _text(row[key])
            if reason:
                into.refused.append(Refusal(row["row"], self.titles[key], row[key][:100], reason))
            else:
                yield self._change(customer, key, (before, _written(value)), value)

    def _step(self, customer: PortfolioRow, row: Cells, before: str, into: Diff) -> Iterator[Change]:
        wanted = " ".join(row[STEP].split()) if STEP in self.fields & set(row) else before
        if wanted == before:
            return
        title, reason = _text(wanted, MOST_TITLE)
        if not wanted:
            reason = gettext("An empty next step is left as it is: mark the task as done, or drop it, at the customer.")
        elif not may_on(self.member, customer, "tasks.edit"):
            reason = gettext("You may not write tasks at this customer.")
        if reason:
            into.refused.append(Refusal(row["row"], self.titles[STEP], wanted[:100], reason))
        else:
            yield self._change(customer, STEP, (before, wanted), title)

    def _owner(self, customer: PortfolioRow, row: Cells, into: Diff) -> Iterator[Change]:
        if not {OWNER, MAIL} & self.fields & set(row):
            return
        now = customer.owner
        mail, name = (now.email, now.name) if now else ("", "")
        new_mail, new_name = row.get(MAIL, mail), row.get(OWNER, name)
        if new_mail.lower() == mail.lower() and new_name == name:
            return
        by_mail = new_mail.lower() != mail.lower()
        wanted = new_mail if by_mail and (new_mail or new_name == name) else new_name
        column = self.titles.get(MAIL if wanted == new_mail and by_mail else OWNER, "")
        owner = self.by_mail.get(wanted.lower()) or self.by_name.get(wanted)
        if wanted and owner is None:
            reason = gettext("No active member has this name or mail address, or several have.")
            into.refused.append(Refusal(row["row"], column, wanted[:100], reason))
        elif not may_on(self.member, customer, "customers.assign"):
            reason = gettext("You may not change the CSM of this customer.")
            into.refused.append(Refusal(row["row"], column, wanted[:100], reason))
        elif (owner.pk if owner else None) != customer.owner_id:
            after = owner.name if owner else ""
            yield self._change(customer, OWNER, (name, after), owner.pk if owner else None)

    def _change(self, customer: PortfolioRow, key: str, texts: tuple[str, str], value: Any) -> Change:
        return Change(customer.customer_id, customer.key, customer.name, key, str(FIELDS[key].label), *texts, value)


def _shown(customer: PortfolioRow, key: str) -> str:
    """Return a field as the export writes it."""
    if key == "tags":
        return ", ".join(tag for tag in customer.tags.split("\n") if tag)
    return getattr(customer, key) or ""


def _written(value: str | list[str] | None) -> str:
    return ", ".join(value) if isinstance(value, list) else value or ""


def _text(text: str, most: int = MOST_TEXT) -> tuple[str | None, str]:
    if len(text) > most:
        return None, gettext("The text is too long: at most %(most)s characters are kept.") % {"most": most}
    return text or None, ""


def _tags(text: str) -> tuple[list[str], str]:
    tags = sorted({tag.strip() for tag in text.replace("，", ",").split(",") if tag.strip()})
    if any(len(tag) > MOST_TAG or any(ord(letter) < 32 for letter in tag) for tag in tags):
        return [], gettext("A tag is one line of 1 to 50 characters.")
    return tags, ""


@transaction.atomic
def apply(*, import_id: int, member: Member, digest: str, at: datetime) -> int:
    """Apply exactly the changes that were shown, in one step; return how many customers changed.

    :raises ImportRefused: it was applied before, or what is known changed since it was shown.
    :raises CustomerError: too many customers at once.
    """
    row = Import.objects.select_for_update().get(id=import_id)
    if row.state in (ImportState.published, ImportState.cancelled) or "edits" not in row.findings:
        raise ImportRefused(gettext("This list was applied or discarded before. Bring it in again."))
    found = diff(import_id, member)
    if found.digest != digest:
        raise ImportRefused(gettext("Something changed since this was shown. Look at the changes again."))
    wanted: dict[int, dict[str, Any]] = {}
    for change in found.changes:
        wanted.setdefault(change.customer_id, {})[change.field] = change.value
    worded = {key: values.pop(STEP) for key, values in wanted.items() if STEP in values}
    entry, changed = edited.change_fields(changes=wanted, by=member.pk, at=at)
    if worded:  # after the owners: a new task is the new owner's
        row.findings["edits"]["steps"], more = steps.change(steps=worded, by=member.pk, at=at)
        changed |= more
    kinds = {"customers": {"new": 0, "changed": len(changed), "same": found.same, "rejected": len(found.refused)}}
    row.counts = {"kinds": kinds, "read": row.findings["edits"]["rows"]}
    row.findings["edits"]["entry"] = entry
    row.state, row.published_at = ImportState.published, at
    row.save(update_fields=["counts", "findings", "state", "published_at"])
    row.chunks.all().delete()
    journal.record("import.applied", subject=f"import:{import_id}", by=member.pk, at=at, data=row.counts)
    return len(changed)


@transaction.atomic
def undo(*, import_id: int, member: Member, at: datetime) -> int | None:
    """Take an own list that was applied within 24 hours back; return how many customers went back, None: no such list.

    What was changed again since stays as it is. Safe to run twice.
    """
    told = Import.objects.get(id=import_id).findings.get("edits", {})
    if "entry" not in told:
        return None
    back = edited.undo(entry_id=told["entry"], by=member.pk, at=at)
    if back is not None and "steps" in told:
        back |= steps.undo(entry_id=told["steps"], by=member.pk, at=at) or set()
    return None if back is None else len(back)
