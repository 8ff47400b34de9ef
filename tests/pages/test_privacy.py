"""The pages of privacy: found, shown before, typed, erased, certified; and nobody else may."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from tests.aids import signed_in
from tests.privacy.planted import Planted, plant

from perennial.customers.models import Contact, Customer
from perennial.health.models import Score
from perennial.jobs.handlers import HANDLERS
from perennial.kernel import erasures
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue.models import Job
from perennial.privacy.models import Erasure


@pytest.fixture
def admin(member: Callable[..., int], home: Path) -> int:
    return member("admin")


@pytest.fixture
def canary(admin: int, now: datetime) -> Planted:
    return plant("canary", by=admin, at=now)


def work_off(kind: str, now: datetime) -> None:
    Job.objects.filter(kind=kind).update(run_at=now)
    claim = queue.claim(at=now, kinds=[kind])
    assert claim is not None
    result = HANDLERS[kind](claim, lambda _done, _total, _text: None, now)
    queue.finish(claim, result=result, at=now)


def test_a_person_is_found_by_name_address_and_id_and_a_customer_by_name(admin: int, canary: Planted) -> None:
    client = signed_in(admin)
    for text in ("canary Per", canary.mail, "canary-contact"):
        page = client.get("/settings/privacy", {"q": text}).content.decode()
        assert f"/settings/privacy/person/contact-{canary.fact}" in page
    assert f"/settings/privacy/customer/{canary.key}" in client.get("/settings/privacy?q=canaryco").content.decode()
    assert "Nobody found" in client.get("/settings/privacy?q=unheard-of").content.decode()


def test_the_page_says_what_goes_and_erases_only_what_was_typed(admin: int, canary: Planted) -> None:
    client, path = signed_in(admin), f"/settings/privacy/person/contact-{canary.fact}"
    page = client.get(path).content.decode()
    assert re.search(r"Usage events</td><td class=\"num\">3<", page)
    for wrong in ({"reason": "asked", "typed": "canary"}, {"reason": "", "typed": canary.name}):
        answer = client.post(path, {"do": "erase", **wrong})
        assert answer.status_code == 422
    assert not Erasure.objects.exists()
    answer = client.post(path, {"do": "erase", "reason": "asked", "typed": canary.name}, follow=True)
    assert "Certificate of erasure" in answer.content.decode()
    assert canary.mail not in answer.content.decode()
    assert not Contact.objects.filter(fact=canary.fact).exists()
    assert client.get(path).status_code == 404
    facts = json.loads(client.get(f"/settings/privacy/erasures/{Erasure.objects.get().key}/file").content)
    assert facts["counts"]["Contact"] == {"gone": 1}
    assert facts["reason"] == "asked"


def test_a_customer_is_erased_and_its_address_leads_nowhere(admin: int, canary: Planted) -> None:
    client = signed_in(admin)
    Score.objects.all().delete()  # the planted one has a scorecard that cannot be opened
    assert client.get(f"/customers/{canary.key}").status_code == 200
    client.post(f"/settings/privacy/customer/{canary.key}",
                {"do": "erase", "reason": "ended", "typed": canary.company, "keep_out": "on"})  # fmt: skip
    assert client.get(f"/customers/{canary.key}").status_code == 404
    assert len(erasures.entries()[0]["refused"]) == 2
    row = Customer.objects.get(id=canary.customer_id)
    page = client.get(f"/customers/{row.key}").content.decode()
    assert row.name in page
    assert "canary" not in page.lower()
    assert "canary" not in client.get("/settings/privacy").content.decode().lower()


def test_an_export_is_written_by_the_worker_for_who_asked_alone(
    admin: int, canary: Planted, member: Callable[..., int], now: datetime
) -> None:
    client = signed_in(admin)
    answer = client.post(f"/settings/privacy/person/contact-{canary.fact}", {"do": "export"})
    assert "Waiting to begin" in client.get(answer.url).content.decode()
    work_off("privacy.export", now)
    path = f"{answer.url}/file"
    Job.objects.filter(kind="privacy.export").update(finished_at=datetime.now(now.tzinfo))
    with zipfile.ZipFile(BytesIO(b"".join(client.get(path).streaming_content))) as file:
        assert json.loads(file.read("about.json"))["events"] == 3
    assert signed_in(member("admin")).get(path).status_code == 404
    entry = JournalEntry.objects.get(kind="person.exported")
    assert entry.by_id == admin
    assert entry.data["events"] == 3


@pytest.mark.parametrize("role", ["leader", "csm", "analyst", "reader"])
def test_whoever_has_no_right_finds_nothing_and_changes_nothing(
    role: str, admin: int, canary: Planted, member: Callable[..., int]
) -> None:
    client = signed_in(member(role))
    for kind, ref in (("person", f"contact-{canary.fact}"), ("customer", canary.key)):
        for asked in ({"do": "export"}, {"do": "erase", "reason": "x", "typed": canary.name}):
            assert client.post(f"/settings/privacy/{kind}/{ref}", asked).status_code == 404
    assert client.get("/settings/privacy?q=canary").status_code == 404
    assert not Erasure.objects.exists()
    assert not Job.objects.filter(kind__startswith="privacy").exists()
    assert Contact.objects.filter(fact=canary.fact).exists()
