"""The journal: personal parts apart, the chain of digests, the edit that is found."""

from __future__ import annotations

from datetime import datetime

import pytest

from perennial.kernel.journal import actions as journal
from perennial.kernel.journal import queries
from perennial.kernel.journal.models import JournalEntry, JournalPersonal

pytestmark = pytest.mark.django_db


def test_an_entry_keeps_what_is_personal_apart(now: datetime) -> None:
    entry = journal.record("contact.changed", at=now, data={"fields": ["name"]}, personal={"name": "Ada"})
    assert JournalEntry.objects.get(id=entry).data == {"fields": ["name"]}
    assert JournalPersonal.objects.get(entry_id=entry).payload == {"name": "Ada"}


def test_an_edited_entry_is_found_by_the_chain(now: datetime) -> None:
    ids = [journal.record("customers.written", at=now, data={"new": n}) for n in range(5)]
    assert journal.seal() == 5
    assert queries.first_broken_seal() is None
    JournalEntry.objects.filter(id=ids[2]).update(data={"new": 99})
    assert queries.first_broken_seal() == ids[2]


def test_erasing_a_personal_part_leaves_the_chain_whole(now: datetime) -> None:
    journal.record("contact.changed", at=now, personal={"name": "Ada"})
    journal.seal()
    JournalPersonal.objects.all().delete()
    assert queries.first_broken_seal() is None


def test_sealing_twice_seals_only_what_is_new(now: datetime) -> None:
    journal.record("customers.written", at=now)
    assert journal.seal() == 1
    assert journal.seal() == 0
    journal.record("customers.written", at=now)
    assert journal.seal() == 1
    assert queries.first_broken_seal() is None
