"""What the intake's pages read: keys, groups of rejected messages, what comes in now and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.intake.sending import SEEN_BY_ALL_THREADS, Sending, track

from perennial.customers.models import Customer
from perennial.intake import actions, deciding, live, queries
from perennial.intake.live import Asked, Came, Fate
from perennial.intake.models import RejectedMessage, Unconfirmed
from perennial.intake.queries import Chosen
from perennial.lake.terms import Subject, Tombstone
from perennial.members import actions as members
from perennial.usage.lake import definitions, lake
from perennial.usage.models import ProductUser

pytestmark = SEEN_BY_ALL_THREADS

Known = Callable[..., dict[str, int]]
MINUTE = timedelta(minutes=1)


def came(source: str = "", event: str = "", who: str = "", limit: int = 50) -> list[Came]:
    return live.newest(Asked(source, event, who), among=Customer.objects.filter(merged_into=None), limit=limit)


def told(found: list[Came]) -> list[tuple[str, str, str, str]]:
    """Return what each line says: fate, event or reason, whose, user."""
    return [
        (one.fate.value, one.event.event if one.event else one.rejected.reason if one.rejected else "",
         one.whose.name if one.whose else "", one.user)
        for one in found
    ]  # fmt: skip


def test_write_keys_are_listed_with_their_source_and_when_it_last_sent(web: Sending, admin: int, now: datetime) -> None:
    Sending(admin, now, source="shop", name="Shop")
    members.create_key(member_id=admin, name="Old", scope="intake", by=admin, at=now)
    members.create_key(member_id=admin, name="Reader", scope="read", by=admin, at=now)
    web.send(track(1), at=now + MINUTE)
    members.revoke_key(key_id=web.sender.key_id, by=admin, at=now)
    found = [(key.name, key.source, key.last_at, key.revoked_at) for key in live.keys_with_last()]
    assert found == [("Old", "events", None, None), ("Shop", "shop", None, None), ("Web", "app", now + MINUTE, now)]


def test_rejected_messages_are_grouped_by_reason_place_and_key(web: Sending, admin: int, now: datetime) -> None:
    shop = Sending(admin, now, source="shop", name="Shop")
    large = {**track(1), "properties": {"x": "a" * 40_000}}
    web.send(*({**track(n), "userId": ""} for n in range(3)), {**track(7), "event": "\n"})
    web.send(large, {**large, "messageId": "larger by two"}, {**track(8), "event": "e" * 201})
    shop.send({**track(9), "userId": ""}, at=now + MINUTE)
    actions.discard(Chosen(reason="control_character"), by=admin, at=now)
    found = {(group.reason, group.where, group.key_name): group for group in queries.rejected_groups()}
    assert {key: group.count for key, group in found.items()} == {
        ("no_user", "userId", "Web"): 3, ("too_large", "", "Web"): 2, ("too_long", "event", "Web"): 1,
        ("no_user", "userId", "Shop"): 1,
    }  # fmt: skip
    assert found["no_user", "userId", "Web"].newest.message_id == "m2"
    assert queries.rejected_groups()[0].count == 3
    assert queries.open_counts() == (7, 0)


def test_rejected_messages_are_read_page_by_page_the_newest_first(web: Sending, now: datetime) -> None:
    web.send(*({**track(n), "userId": ""} for n in range(7)))
    first, mark = queries.rejected_page(Chosen(reason="no_user"), before=None, size=3)
    second, mark = queries.rejected_page(Chosen(reason="no_user"), before=mark, size=3)
    third, last = queries.rejected_page(Chosen(reason="no_user"), before=mark, size=3)
    assert [each.message_id for each in (*first, *second, *third)] == [f"m{n}" for n in range(6, -1, -1)]
    assert last is None and queries.rejected_page(Chosen(reason="no_event"), before=None) == ([], None)
    assert [each.message_id for each in queries.rejected_stream(Chosen())] == [f"m{n}" for n in range(7)]


@pytest.mark.parametrize("count", [1, 40])
def test_the_number_of_queries_does_not_grow_with_the_rows(web: Sending, now: datetime, count: int) -> None:
    web.send(*({**track(n), "userId": "", "type": "track" if n % 2 else f"t{n}"} for n in range(count)))
    web.send(*(track(100 + n, userId=f"u{n}", context={"groupId": f"g{n}"}) for n in range(count)))
    with CaptureQueriesContext(connection) as groups:
        queries.rejected_groups()
    with CaptureQueriesContext(connection) as page:
        queries.rejected_page(Chosen(), before=None)
    with CaptureQueriesContext(connection) as lately:
        came()
    assert (len(groups), len(page), len(lately)) == (3, 2, 4)


def test_what_comes_in_is_told_with_what_became_of_it(web: Sending, admin: int, known: Known, now: datetime) -> None:
    acme = known("acme", source="app")["acme"]
    assert acme
    web.send(track(1, userId="ada", context={"groupId": "app-acme"}), at=now)
    web.send(track(2, userId="bob", context={"groupId": "globex"}), at=now + MINUTE)
    web.send({**track(3), "userId": ""}, at=now + 2 * MINUTE)
    web.send(track(2, userId="bob", context={"groupId": "globex"}), at=now + 3 * MINUTE)
    assert told(came()) == [
        ("repeated", "Report Opened", "globex", "bob"),
        ("rejected", "no_user", "", ""),
        ("unconfirmed", "Report Opened", "globex", "bob"),
        ("taken", "Report Opened", "acme", "ada"),
    ]
    deciding.ignore([Unconfirmed.objects.get(external_id="globex").pk], by=admin, at=now)
    actions.discard(Chosen(), by=admin, at=now)
    assert [one.fate for one in came()] == [Fate.REPEATED, Fate.DISCARDED, Fate.IGNORED, Fate.TAKEN]


def test_a_fold_changes_nothing_of_what_is_shown_but_the_repeat(web: Sending, now: datetime) -> None:
    web.send(track(1, timestamp="2025-06-01T00:00:00Z"), at=now)
    web.send(track(2), at=now + MINUTE)
    web.send(track(2), at=now + 2 * MINUTE)
    lake().compact(definitions(), at=now)
    web.send(track(3), at=now + 3 * MINUTE)
    web.send(track(1, timestamp="2025-06-01T00:00:00Z"), at=now + 4 * MINUTE)
    assert [(one.fate, one.received_at - now) for one in came()] == [
        (Fate.REPEATED, 4 * MINUTE), (Fate.UNCONFIRMED, 3 * MINUTE), (Fate.UNCONFIRMED, MINUTE),
        (Fate.UNCONFIRMED, timedelta()),
    ]  # fmt: skip


def test_what_comes_in_is_narrowed_by_source_event_and_whose(
    web: Sending, admin: int, known: Known, now: datetime
) -> None:
    shop = Sending(admin, now, source="shop", name="Shop")
    ids = known("Acme", "Globex")
    web.send(track(1, event="Report Opened", context={"groupId": "crm-Acme"}))
    web.send(track(2, event="Order Placed", userId="u2", context={"groupId": "crm-Globex"}), at=now + MINUTE)
    shop.send(track(3, event="ORDER placed", userId="u3", context={"groupId": "initech"}), at=now + 2 * MINUTE)
    shop.send({**track(4, event="Order lost"), "userId": ""}, at=now + 3 * MINUTE)
    assert ids["Acme"] != ids["Globex"]
    assert [row[:3] for row in told(came(source="shop"))] == [
        ("rejected", "no_user", ""), ("unconfirmed", "ORDER placed", "initech"),
    ]  # fmt: skip
    assert [row[1] for row in told(came(event="order"))] == ["no_user", "ORDER placed", "Order Placed"]
    assert [row[1:3] for row in told(came(who="glob"))] == [("Order Placed", "Globex")]
    assert [row[1:3] for row in told(came(who="INITECH"))] == [("ORDER placed", "initech")]
    assert came(who="nobody at all") == [] and came(event="'; DROP TABLE x --") == []
    assert len(came(limit=2)) == 2


def test_events_of_a_linked_group_carry_the_name_of_its_customer(
    web: Sending, admin: int, known: Known, now: datetime
) -> None:
    web.send(track(1, context={"groupId": "g"}))
    deciding.link({Unconfirmed.objects.get().pk: known("Acme")["Acme"]}, by=admin, at=now)
    assert told(came()) == [("taken", "Report Opened", "Acme", "u1")]
    assert [row[2] for row in told(came(who="acme"))] == ["Acme"]


def test_a_customer_that_the_reader_may_not_see_has_no_name_here(web: Sending, known: Known) -> None:
    known("Acme")
    web.send(track(1, context={"groupId": "crm-Acme"}))
    found = live.newest(Asked(), among=Customer.objects.none())
    assert [(one.fate, one.whose) for one in found] == [(Fate.TAKEN, None)]
    assert live.newest(Asked(who="acme"), among=Customer.objects.none()) == []


def test_who_was_erased_is_not_shown(web: Sending) -> None:
    web.send(track(1, userId="ada"), track(2, userId="bob"))
    ada = ProductUser.objects.get(external_id="ada").pk
    lake().erase([Tombstone(Subject.USER, ada)])
    assert [row[3] for row in told(came())] == ["bob"]


def test_imported_events_are_not_what_comes_in(web: Sending, now: datetime) -> None:
    import pyarrow as pa
    from tests.lake.builders import event

    from perennial.lake.terms import EVENT_SCHEMA

    web.send(track(1))
    rows = [event("x", import_id=1)]
    columns = {
        name: pa.array([row[name] for row in rows], EVENT_SCHEMA.field(name).type) for name in EVENT_SCHEMA.names
    }
    lake().stage(1, 0, pa.table(columns))
    lake().publish(1)
    assert len(came()) == 1 and live.balance().waiting == 1
    lake().compact(definitions(), at=now)
    assert len(came()) == 1 and (live.balance().stored, live.balance().sent) == (1, 1)


def test_a_message_that_was_cut_is_kept_and_shown_as_it_is(web: Sending) -> None:
    web.send({**track(1), "properties": {"x": "a" * 70_000}})
    row = RejectedMessage.objects.get()
    found = queries.rejected_one(row.pk)
    assert found is not None and len(found.raw) == 65_536
    assert queries.rejected_one(row.pk + 1) is None
