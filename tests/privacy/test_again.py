"""Records that are older than an erasure have it applied again; a number that means another by now is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from django.db import transaction
from tests.privacy.planted import plant

from perennial.customers.models import Contact, Customer
from perennial.kernel import erasures
from perennial.kernel.queue.models import Job
from perennial.privacy import whom
from perennial.privacy.actions import REWRITE, erase
from perennial.privacy.again import apply_again
from perennial.privacy.models import Erasure
from perennial.usage.lake import lake
from perennial.usage.models import ProductUser


class Undone(Exception):
    """Takes the records back to before the erasure, as a restore does."""


def erased_and_restored(subject: str, *, by: int, at: datetime) -> tuple[int, int]:
    """Erase the canary, and take the records (not the list) back; return the canary's customer and user."""
    canary = plant("canary", by=by, at=at)
    found = (
        whom.of_customer(canary.customer_id)
        if subject == "customer"
        else whom.of_person(canary.customer_id, contacts=[canary.fact])
    )
    with pytest.raises(Undone), transaction.atomic():
        erase(whom=found, reason="asked", is_kept_out=False, by=by, at=at)
        raise Undone
    assert not Erasure.objects.exists()
    assert Contact.objects.filter(customer_id=canary.customer_id).exists()
    return canary.customer_id, canary.user


@pytest.mark.parametrize("subject", ["customer", "person"])
def test_what_was_erased_after_the_backup_is_erased_again_once(
    subject: str, member: Callable[..., int], home: Path, now: datetime
) -> None:
    customer, user = erased_and_restored(subject, by=member("admin"), at=now)
    assert apply_again(at=now) == 1
    assert apply_again(at=now) == 0
    assert not Contact.objects.filter(customer_id=customer).exists()
    assert not ProductUser.objects.filter(id=user).exists()
    assert lake().trail_size(users=[user]) == 0
    assert (Customer.objects.get(id=customer).name == "canarycorp") == (subject == "person")
    row = Erasure.objects.get()
    assert row.again_at == now
    assert Job.objects.filter(kind=REWRITE, payload={"erasure": row.key}).count() == 1


def test_a_number_that_was_given_anew_since_is_somebody_else(
    member: Callable[..., int], home: Path, now: datetime
) -> None:
    customer, user = erased_and_restored("customer", by=member("admin"), at=now)
    Customer.objects.filter(id=customer).update(key="another")
    assert apply_again(at=now) == 1
    assert Customer.objects.get(id=customer).name == "canarycorp"
    assert Contact.objects.filter(customer_id=customer).exists()
    assert Erasure.objects.get().counts == {}
    assert ProductUser.objects.filter(id=user).exists()


def test_a_list_that_was_lost_is_written_anew_from_the_records(
    member: Callable[..., int], home: Path, now: datetime
) -> None:
    admin = member("admin")
    canary = plant("canary", by=admin, at=now)
    erase(whom=whom.of_customer(canary.customer_id), reason="asked", is_kept_out=True, by=admin, at=now)
    before = erasures.entries()
    erasures.path().unlink()
    assert apply_again(at=now) == 0
    assert erasures.entries() == before


def test_a_torn_line_counts_as_not_written_and_a_foreign_one_is_named(home: Path) -> None:
    entry = {"key": "k", "at": "x", "salt": "00", "subject": "person", "customers": {}, "users": {}, "contacts": [],
             "refused": []}  # fmt: skip
    erasures.append(entry)
    with erasures.path().open("ab") as file:
        file.write(b'{"key": "torn')
    assert erasures.entries() == [entry]
    assert erasures.append({**entry, "key": "next"})
    assert not erasures.append({**entry, "key": "next"})
    assert [one["key"] for one in erasures.entries()] == ["k", "next"]
    with erasures.path().open("ab") as file:
        file.write(json.dumps({"key": "half"}).encode() + b"\n")
    with pytest.raises(erasures.ListError, match="line 3"):
        erasures.entries()
