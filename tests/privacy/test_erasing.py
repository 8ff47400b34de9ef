"""Erasure and export of a person and of a customer, over every table: theirs goes, the neighbour's and totals stay."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Avg, Count, Sum
from tests.intake.sending import SEEN_BY_ALL_THREADS, fresh
from tests.privacy.planted import Planted, plant

from perennial.contracts.models import Line, Receivable
from perennial.customers.models import Contact, Customer, PortfolioRow
from perennial.engagement.models import Touchpoint
from perennial.intake.models import RejectedMessage
from perennial.kernel import erasures
from perennial.kernel.journal.actions import seal
from perennial.kernel.journal.queries import first_broken_seal
from perennial.privacy import exporting, whom, work
from perennial.privacy.actions import erase
from perennial.privacy.models import Erasure
from perennial.privacy.rows import all_rows
from perennial.privacy.table import TABLE
from perennial.privacy.terms import PrivacyError, Whom
from perennial.support.models import Ticket
from perennial.usage.lake import lake
from perennial.usage.models import ProductUser
from perennial.voice.models import SurveyAnswer

__all__ = ["fresh"]

PERSON = ("canary person", "canary.person@example.com", "canary-contact", "canary-j", "canary-title", "canary-summary",
          "canary-outcome", "canary-next", "canary-comment", "canary-touch", "canary-answer")  # fmt: skip
"""What a person's erasure must leave nowhere, in any case of letters."""


@pytest.fixture
def admin(member: Callable[..., int], home: Path) -> int:
    return member("admin")


@pytest.fixture
def both(admin: int, now: datetime) -> tuple[Planted, Planted]:
    return plant("canary", by=admin, at=now), plant("robin", by=admin, at=now)


def everything() -> str:
    """Return every row of every table as text."""
    lines = []
    for model in apps.get_models():
        if model._meta.app_label == "perennial":
            lines += [json.dumps(row, default=str, ensure_ascii=False) for row in all_rows(model.__name__).values()]
    return "\n".join(lines)


def everything_stored(home: Path) -> str:
    with lake().trail(customers=range(-100, 1000)) as batches:
        return "\n".join(json.dumps(row, default=str) for batch in batches for row in batch.to_pylist())


def totals() -> dict[str, Any]:
    """Return figures that name nobody."""
    return {
        "lines": Line.objects.aggregate(n=Count("id"), amount=Sum("amount")),
        "receivables": Receivable.objects.aggregate(n=Count("id"), amount=Sum("amount")),
        "answers": SurveyAnswer.objects.aggregate(n=Count("id"), mean=Avg("score")),
        "touchpoints": Touchpoint.objects.count(),
        "tickets": Ticket.objects.count(),
        "rejected": RejectedMessage.objects.count(),
        "customers": Customer.objects.count(),
    }


def person(planted: Planted) -> Whom:
    found = whom.of_person(planted.customer_id, contacts=[planted.fact])
    assert found.users == (planted.user,)
    return found


def no_report(_done: int, _total: int | None, _text: str) -> None:
    """A job that nobody watches."""


def test_a_persons_erasure_leaves_no_trace_in_any_table_and_the_neighbour_whole(
    both: tuple[Planted, Planted], admin: int, now: datetime, home: Path
) -> None:
    canary, robin = both
    before, neighbour = totals(), exporting.records(person(robin))
    shown = everything().lower()
    assert all(word in shown for word in PERSON)
    key = erase(whom=person(canary), reason="asked by mail", is_kept_out=False, by=admin, at=now)
    shown = everything().lower()
    assert [word for word in PERSON if word in shown] == []
    assert canary.mail not in everything_stored(home)
    assert totals() == before
    assert exporting.records(person(robin)) == neighbour
    assert exporting.mentioned(person(robin))
    assert "and somebody else spoke" in shown  # only the name goes from a text about others too
    row = Erasure.objects.get(key=key)
    assert row.counts["Contact"] == {"gone": 1}
    assert row.counts["Touchpoint"] == {"blank": 1, "mentioned": 1}
    assert row.counts["usage"] == {"gone": 3}
    assert row.rewritten_at is None


def test_a_customers_erasure_keeps_the_ledger_under_a_pseudonym_and_no_word_else(
    both: tuple[Planted, Planted], admin: int, now: datetime, home: Path
) -> None:
    canary, robin = both
    before, neighbour = totals(), exporting.records(whom.of_customer(robin.customer_id))
    assert "canary" in everything().lower()
    key = erase(whom=whom.of_customer(canary.customer_id), reason="contract ended", is_kept_out=True, by=admin, at=now)
    left = [line for line in everything().lower().splitlines() if "canary" in line]
    assert left == []
    assert "canary" not in everything_stored(home)
    assert totals() == before
    assert exporting.records(whom.of_customer(robin.customer_id)) == neighbour
    row = Customer.objects.get(id=canary.customer_id)
    assert row.name == PortfolioRow.objects.get(customer=row).name == f"Erased customer {key[:6]}"
    assert row.key == PortfolioRow.objects.get(customer=row).key == f"erased-{row.pk}"
    assert Line.objects.get(customer=row).amount == 12000
    assert not Contact.objects.filter(customer=row).exists()
    assert b"canary" not in erasures.path().read_bytes()


def test_an_export_has_every_trace_of_the_person_and_none_of_another(
    both: tuple[Planted, Planted], admin: int, now: datetime, home: Path
) -> None:
    canary, _robin = both
    Contact(customer_id=canary.customer_id, name="Second Human", email="second@example.com", learned_at=now).save()
    Touchpoint(customer_id=canary.customer_id, channel="mail", happened_at=now, learned_at=now,
               summary="canary Person wrote, Second Human (second@example.com) answered").save()  # fmt: skip
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        done = exporting.fill(file, person(canary), at=now, report=no_report)
    with zipfile.ZipFile(target) as file:
        assert sorted(file.namelist()) == ["about.json", "events.csv", "events.ndjson", "mentions.json", "records.json"]
        text = "\n".join(file.read(name).decode() for name in file.namelist()).lower()
        events = [json.loads(line) for line in file.read("events.ndjson").splitlines()]
    assert [word for word in PERSON if word not in text] == []
    assert [word for word in ("robin", "second human", "second@example.com") if word in text] == []
    assert len(events) == done["events"] == 3
    assert {event["feature"] for event in events} == {"canary-feature"}


def test_an_export_of_a_customer_names_every_table_that_holds_something_of_it(
    both: tuple[Planted, Planted], now: datetime, home: Path
) -> None:
    canary, _robin = both
    found = exporting.records(whom.of_customer(canary.customer_id))
    mentioned = exporting.mentioned(whom.of_customer(canary.customer_id))
    personal = {name for name, held in TABLE.items() if held.personal and name not in ("Erasure", "ConfigVersion")}
    assert set(found) | set(mentioned) == personal
    assert "robin" not in json.dumps([found, mentioned]).lower()


def test_a_namesake_keeps_everything(both: tuple[Planted, Planted], admin: int, now: datetime, home: Path) -> None:
    canary, _robin = both
    twin = Contact(customer_id=canary.customer_id, name=canary.name, email="twin@example.com", learned_at=now)
    twin.save()
    user = ProductUser.objects.create(source="app", external_id="other", customer_id=canary.customer_id,
                                      name=canary.name, learned_at=now)  # fmt: skip
    erase(whom=person(canary), reason="asked", is_kept_out=False, by=admin, at=now)
    assert Contact.objects.get(fact=twin.fact).name == canary.name
    assert ProductUser.objects.get(id=user.pk).name == canary.name


def test_usage_is_hidden_at_once_and_the_seals_of_the_journal_hold(
    both: tuple[Planted, Planted], admin: int, now: datetime, home: Path
) -> None:
    canary, robin = both
    seal()
    erase(whom=person(canary), reason="asked", is_kept_out=False, by=admin, at=now)
    seal()
    assert first_broken_seal() is None
    assert lake().trail_size(users=[canary.user]) == 0
    assert lake().trail_size(users=[robin.user]) == 3
    assert lake().trail_size(customers=[canary.customer_id]) == 1  # the event that names nobody


def test_no_reason_no_erasure(both: tuple[Planted, Planted], admin: int, now: datetime, home: Path) -> None:
    with pytest.raises(PrivacyError):
        erase(whom=person(both[0]), reason=" ", is_kept_out=False, by=admin, at=now)
    assert not Erasure.objects.exists()
    assert erasures.entries() == []


@SEEN_BY_ALL_THREADS
def test_the_certificate_waits_until_readers_let_go_of_old_files(
    fresh: None, both: tuple[Planted, Planted], admin: int, now: datetime
) -> None:
    canary, _robin = both
    lake().compact((), at=now)
    key = erase(whom=person(canary), reason="asked", is_kept_out=False, by=admin, at=now)
    work.start(key, at=now, report=no_report)
    assert not work.settle_now(key, at=now)
    assert Erasure.objects.get(key=key).waiting
    assert not work.settle_now(key, at=now + timedelta(minutes=9))
    assert work.settle_now(key, at=now + timedelta(minutes=11))
    row = Erasure.objects.get(key=key)
    assert row.digest == work.digest_of(row)
    assert row.counts["files"] == {"open_imports": 0, "uploads": 0, "exports": 0}
