"""Who comes back: somebody new, or refused with the reason; never hidden under the number that was erased."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tests.intake.sending import SEEN_BY_ALL_THREADS, Sending, admin, fresh, known, track, web
from tests.integrations.imported import bring_in, counts, lines, rejections

from perennial.customers.models import Contact, Customer
from perennial.intake.models import RejectedMessage
from perennial.lake.terms import day_number
from perennial.privacy import whom, work
from perennial.privacy.actions import erase
from perennial.usage.lake import lake
from perennial.usage.models import ProductUser

__all__ = ["admin", "fresh", "known", "web"]

MAPPING = """
source: crm
tables:
  - {file: accounts.csv, kind: customers, columns: {external_id: id, name: name}}
  - {file: people.csv, kind: contacts, columns: {customer: account, name: name, email: email}}
  - {file: use.csv, kind: usage, columns: {event_id: id, customer: account, at: time, event: event, user: user}}
"""


def erase_user(number: int, *, by: int, at: datetime, is_kept_out: bool) -> str:
    row = ProductUser.objects.get(id=number)
    return erase(whom=whom.of_person(row.customer_id, users=[number]), reason="asked", is_kept_out=is_kept_out, by=by,
                 at=at)  # fmt: skip


@SEEN_BY_ALL_THREADS
def test_an_event_of_the_same_id_makes_somebody_new_at_once(
    web: Sending, admin: int, known: Callable[..., dict[str, int]], now: datetime
) -> None:
    customer = known("Acme")["Acme"]
    web.send(track(1, context={"groupId": "crm-Acme"}))
    former = ProductUser.objects.get(external_id="u1")
    assert former.customer_id == customer
    erase_user(former.pk, by=admin, at=now, is_kept_out=False)
    assert web.send(track(2, context={"groupId": "crm-Acme"})).accepted == 1
    again = ProductUser.objects.get(external_id="u1")
    assert again.pk != former.pk
    assert (lake().trail_size(users=[former.pk]), lake().trail_size(users=[again.pk])) == (0, 1)


@SEEN_BY_ALL_THREADS
def test_who_is_kept_out_is_refused_and_nothing_of_the_message_is_kept(
    web: Sending, admin: int, known: Callable[..., dict[str, int]], now: datetime
) -> None:
    known("Acme")
    web.send(track(1, context={"groupId": "crm-Acme"}))
    erase_user(ProductUser.objects.get(external_id="u1").pk, by=admin, at=now, is_kept_out=True)
    verdict = web.send(track(2), track(3, userId="U1 "), track(4, userId="u2", context={"groupId": "crm-Acme"}))
    assert verdict.accepted == 1
    assert [(one.index, one.reason) for one in verdict.refused] == [(0, "erased"), (1, "erased")]
    kept = RejectedMessage.objects.filter(reason="erased")
    assert list(kept.values_list("raw", "message_id", "settled_as")) == [("", "", "discarded")] * 2
    assert not ProductUser.objects.filter(external_id__iexact="u1").exists()


@SEEN_BY_ALL_THREADS
def test_a_kept_out_customer_is_refused_by_its_group(
    web: Sending, admin: int, known: Callable[..., dict[str, int]], now: datetime
) -> None:
    customer = known("Acme", source="app")["Acme"]
    erase(whom=whom.of_customer(customer), reason="ended", is_kept_out=True, by=admin, at=now)
    verdict = web.send(track(1, context={"groupId": "app-Acme"}), track(2, context={"groupId": "app-Other"}))
    assert verdict.accepted == 1
    assert [one.reason for one in verdict.refused] == ["erased"]


@SEEN_BY_ALL_THREADS
def test_a_file_with_them_is_refused_by_row_and_usage_counts_for_the_customer_alone(
    admin: int, tmp_path: Path, now: datetime
) -> None:
    files = tmp_path / "given"
    files.mkdir()
    (files / "accounts.csv").write_text(lines(("id", "name"), ("A1", "Acme"), ("B1", "Beta")))
    (files / "people.csv").write_text(lines(("account", "name", "email"), ("A1", "Ann Erased", "ann@example.com"),
                                            ("A1", "Bob Stays", "bob@example.com")))  # fmt: skip
    use = [(f"e{n}", "A1", "2026-02-01 10:00:00", "use", user) for n, user in enumerate(("ann@example.com", "bob"))]
    (files / "use.csv").write_text(lines(("id", "account", "time", "event", "user"), *use))
    bring_in(files, MAPPING, at=now)
    beta = Customer.objects.get(name="Beta").pk
    ann = Contact.objects.get(name="Ann Erased")
    found = whom.of_person(ann.customer_id, contacts=[ann.fact])
    assert len(found.users) == 1
    first = erase(whom=found, reason="asked", is_kept_out=True, by=admin, at=now)
    second = erase(whom=whom.of_customer(beta), reason="ended", is_kept_out=True, by=admin, at=now)
    for key in (first, second):
        work.start(key, at=now, report=lambda _done, _total, _text: None)
    done = bring_in(files, MAPPING, at=now)
    assert [(one.column, one.value) for one in rejections(done)] == [("id", ""), ("email", "")]
    assert all("was erased and is kept out" in one.reason for one in rejections(done))
    assert counts(done)["contacts"]["rejected"] == 1
    assert not Contact.objects.filter(name="Ann Erased").exists()
    assert not ProductUser.objects.filter(external_id="ann@example.com").exists()
    day = day_number(datetime(2026, 2, 1).date())  # noqa: DTZ001 - a day, no instant
    lake().compact((), at=now)
    events = lake().events(ann.customer_id, from_day=day, until_day=day + 1)
    assert sorted((one.user is None) for one in events) == [False, True]
