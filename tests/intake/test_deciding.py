"""The unconfirmed: what links them, what follows a link, and that each decision can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.intake.sending import SEEN_BY_ALL_THREADS, Sending, track

from perennial.customers.models import Customer, CustomerAlias, ExternalId, PortfolioRow
from perennial.intake import deciding, proposals
from perennial.intake.actions import IntakeError
from perennial.intake.models import LastGroup, Unconfirmed
from perennial.intake.proposals import Asked, Decided, Stranger, Why
from perennial.intake.taking import taking
from perennial.jobs import reactions
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.queue.models import Job
from perennial.kernel.versions import Incoming
from perennial.usage.models import ProductUser

pytestmark = SEEN_BY_ALL_THREADS

Known = Callable[..., dict[str, int]]
ON = date(2026, 3, 2)


def group(number: int, group_id: str, user: str = "u1", **traits: str) -> dict[str, object]:
    return {"type": "group", "messageId": f"g{number}", "userId": user, "groupId": group_id, "traits": traits,
            "timestamp": "2026-03-01T08:00:00Z"}  # fmt: skip


def strangers(decided: Decided = Decided.OPEN, text: str = "") -> list[Stranger]:
    return proposals.page(Asked(decided, text), among=Customer.objects.filter(merged_into=None), on=ON)[0]


def one(external_id: str) -> int:
    return Unconfirmed.objects.get(external_id=external_id).pk


def test_a_group_that_nobody_knows_stands_here_with_what_came_for_it(web: Sending) -> None:
    web.send(group(1, "acme", name="Acme", website="https://www.acme.example/x"), track(2), track(3, userId="u2"))
    web.send(track(4, userId="u2", context={"groupId": "acme"}))
    acme, alone = sorted(strangers(), key=lambda each: each.is_user)
    assert (acme.source, acme.external_id, acme.name, acme.domain) == ("app", "acme", "Acme", "acme.example")
    assert (acme.events, acme.users, acme.last_on) == (3, 2, date(2026, 3, 1))
    assert (alone.external_id, alone.is_user, alone.events, alone.users) == ("u2", True, 1, 1)


def test_an_id_of_another_source_a_domain_and_a_name_propose_a_customer(
    web: Sending, known: Known, now: datetime
) -> None:
    from perennial.customers import actions as customers

    web.send(
        group(1, "crm-Hooli"),  # the CRM's id, sent before the CRM was imported
        group(2, "g2", user="u2", name="Wholly other", website="globex.example"),
        group(3, "g3", user="u3", name="INITECH, Inc."),
        group(4, "g4", user="u4", name="Umbrella Logistics"),
        group(5, "g5", user="u5", name="Stark", website="https://stark.example"),
        group(6, "g6", user="u6", name="华东重工集团有限公司"),
        group(7, "g7", user="u7", name="Nobody Knows"),
    )
    ids = known("Hooli", "Globex", "Initech", "Umbrella Logistic GmbH", "Tony", "华东重工", "Nobodies")
    contact = {"customer_id": ids["Globex"], "name": "Ann", "email": "Ann@GLOBEX.example"}
    customers.write_contacts([Incoming("c1", contact, now)], source="crm", at=now)
    Customer.objects.filter(id=ids["Tony"]).update(custom={"website": "http://www.stark.example/home"})
    found = {each.external_id: [(p.customer_id, p.why, p.detail) for p in each.proposals] for each in strangers()}
    assert found == {
        "crm-Hooli": [(ids["Hooli"], Why.EXTERNAL_ID, "crm")],
        "g2": [(ids["Globex"], Why.DOMAIN, "globex.example")],
        "g3": [(ids["Initech"], Why.SAME_NAME, "")],
        "g4": [(ids["Umbrella Logistic GmbH"], Why.SIMILAR_NAME, "")],
        "g5": [(ids["Tony"], Why.DOMAIN, "stark.example")],
        "g6": [(ids["华东重工"], Why.SAME_NAME, "")],
        "g7": [],
    }


def test_a_user_who_acts_for_a_known_group_since_is_proposed_its_customer(web: Sending, known: Known) -> None:
    acme = known("acme", source="app")["acme"]
    web.send({"type": "identify", "messageId": "i1", "userId": "u1", "traits": {"name": "Ada"}})
    web.send(group(2, "app-acme", user="u1"))
    assert [[(p.customer_id, p.why) for p in each.proposals] for each in strangers()] == [[(acme, Why.GROUP)]]


def test_a_mail_provider_that_anybody_may_use_proposes_nobody(web: Sending, known: Known, now: datetime) -> None:
    from perennial.customers import actions as customers

    ids = known("Acme")
    contact = {"customer_id": ids["Acme"], "name": "Ann", "email": "ann@gmail.com"}
    customers.write_contacts([Incoming("c1", contact, now)], source="crm", at=now)
    web.send({"type": "identify", "messageId": "i1", "userId": "u1", "traits": {"email": "bob@gmail.com"}})
    assert [each.proposals for each in strangers()] == [()]


def test_nobody_is_proposed_or_named_whom_the_reader_may_not_see(web: Sending, admin: int, known: Known,
                                                                 now: datetime) -> None:  # fmt: skip
    web.send(group(1, "g1", name="Acme"), group(2, "g2", user="u2", name="Acme"))
    ids = known("Acme")
    deciding.link({one("g1"): ids["Acme"]}, by=admin, at=now)
    for decided, shown in ((Decided.OPEN, []), (Decided.LINKED, [("", "")])):
        found, _mark = proposals.page(Asked(decided), among=Customer.objects.none(), on=ON)
        assert [each.proposals for each in found] == [()]
        assert [each.customer for each in found if each.customer] == shown


def test_a_link_names_the_customer_and_leads_old_events_and_users_to_it(
    web: Sending, admin: int, known: Known, now: datetime
) -> None:
    web.send(group(1, "acme", name="Acme"), track(2), group(3, "globex", user="u3"))
    web.send(track(4, userId="u9", context={"groupId": "acme"}))
    acme = known("Acme")["Acme"]
    number = one("acme")
    deciding.link({number: acme}, by=admin, at=now)
    assert ExternalId.objects.get(source="app", external_id="acme").customer_id == acme
    assert list(CustomerAlias.objects.values_list("old_id", "customer_id")) == [(-number, acme)]
    assert dict(LastGroup.objects.values_list("user", "customer_number")) == {
        "u1": acme, "u3": -one("globex"), "u9": acme,
    }  # fmt: skip
    owners = dict(ProductUser.objects.values_list("external_id", "customer_id"))
    assert owners == {"u1": acme, "u3": None, "u9": acme}
    row = Unconfirmed.objects.get(id=number)
    assert (row.customer_id, row.decided_at, row.decided_by_id) == (acme, now, admin)
    entry = JournalEntry.objects.get(kind="unconfirmed.linked")
    assert (entry.customer_id, entry.subject, entry.by_id) == (acme, f"unconfirmed:{number}", admin)
    reactions.dispatch(at=now)
    assert Job.objects.filter(kind="recompute").count() == 1


def test_after_a_link_events_go_to_the_customer_itself_and_its_users_stay_one(
    web: Sending, admin: int, known: Known, now: datetime
) -> None:
    from perennial.lake.latest import Wanted
    from perennial.usage.lake import lake

    web.send(group(1, "acme"), track(2))
    acme = known("Acme")["Acme"]
    number = one("acme")
    deciding.link({number: acme}, by=admin, at=now)
    taking.cache_clear()  # another process: it knows nothing yet
    web.send(track(3), track(4, context={"groupId": "acme"}))
    with lake().arrivals() as arrivals:
        came = {each.event_id: (each.customer, each.user) for each in arrivals.newest(Wanted(), limit=9)}
    user = ProductUser.objects.get().pk
    assert sorted(came.values()) == [(-number, user), (-number, user), (acme, user), (acme, user)]


def test_a_user_without_a_group_is_linked_without_naming_a_customer(
    web: Sending, admin: int, known: Known, now: datetime
) -> None:
    web.send({"type": "identify", "messageId": "i1", "userId": "u1", "traits": {"name": "Ada"}}, track(2))
    acme = known("Acme")["Acme"]
    number = one("user:u1")
    deciding.link({number: acme}, by=admin, at=now)
    assert not ExternalId.objects.filter(source="app").exists()
    assert ProductUser.objects.get().customer_id == acme
    taking.cache_clear()
    web.send(track(3))
    assert Unconfirmed.objects.count() == 1


def test_a_link_that_cannot_be_changes_nothing(web: Sending, admin: int, known: Known, now: datetime) -> None:
    web.send(group(1, "acme"), group(2, "globex", user="u2"))
    ids = known("Acme", "Other")
    ExternalId.objects.create(customer_id=ids["Other"], source="app", external_id="globex")
    both = {one("acme"): ids["Acme"], one("globex"): ids["Acme"]}
    with pytest.raises(IntakeError, match="globex"):
        deciding.link(both, by=admin, at=now)
    with pytest.raises(IntakeError, match="gone"):
        deciding.link({one("acme"): 999_999}, by=admin, at=now)
    assert not CustomerAlias.objects.exists() and Unconfirmed.objects.filter(decided_at=None).count() == 2
    deciding.link({one("acme"): ids["Acme"]}, by=admin, at=now)
    with pytest.raises(IntakeError, match="meanwhile"):
        deciding.link({one("acme"): ids["Other"]}, by=admin, at=now)
    with pytest.raises(IntakeError, match="200"):
        deciding.link(dict.fromkeys(range(201), ids["Acme"]), by=admin, at=now)


def test_a_link_is_taken_back_whole(web: Sending, admin: int, known: Known, now: datetime) -> None:
    web.send(group(1, "acme"), track(2, userId="u9", context={"groupId": "acme"}))
    acme, number = known("Acme")["Acme"], one("acme")
    deciding.link({number: acme}, by=admin, at=now)
    assert deciding.take_back([number], by=admin, at=now + timedelta(minutes=1)) == 1
    assert deciding.take_back([number], by=admin, at=now + timedelta(minutes=2)) == 0
    assert not CustomerAlias.objects.exists() and not ExternalId.objects.filter(source="app").exists()
    assert set(LastGroup.objects.values_list("customer_number", flat=True)) == {-number}
    assert set(ProductUser.objects.values_list("customer_id", flat=True)) == {None}
    row = Unconfirmed.objects.get()
    assert (row.customer_id, row.decided_at, row.decided_by_id) == (None, None, None)
    kinds = list(JournalEntry.objects.filter(customer_id=acme).order_by("id").values_list("kind", flat=True))
    assert kinds == ["unconfirmed.linked", "unconfirmed.unlinked"]
    deciding.link({number: acme}, by=admin, at=now + timedelta(minutes=3))
    assert ProductUser.objects.filter(customer_id=acme).count() == 2


def test_an_id_that_named_the_customer_before_the_link_stays_when_it_is_taken_back(
    web: Sending, admin: int, known: Known, now: datetime
) -> None:
    web.send(group(1, "acme"))
    acme = known("Acme")["Acme"]
    ExternalId.objects.create(customer_id=acme, source="app", external_id="acme")
    deciding.link({one("acme"): acme}, by=admin, at=now)
    deciding.take_back([one("acme")], by=admin, at=now)
    assert ExternalId.objects.filter(source="app", external_id="acme", customer_id=acme).exists()


def test_two_unconfirmed_of_one_customer_are_linked_together(
    web: Sending, admin: int, known: Known, now: datetime
) -> None:
    web.send(group(1, "acme"), group(2, "acme-eu", user="u2"))
    acme = known("Acme")["Acme"]
    deciding.link({one("acme"): acme, one("acme-eu"): acme}, by=admin, at=now)
    subjects = JournalEntry.objects.filter(kind="unconfirmed.linked", customer_id=acme).values_list(
        "subject", flat=True
    )
    assert set(subjects) == {f"unconfirmed:{one('acme')}", f"unconfirmed:{one('acme-eu')}"}
    assert deciding.take_back([one("acme"), one("acme-eu")], by=admin, at=now) == 2
    assert set(ProductUser.objects.values_list("customer_id", flat=True)) == {None}


def test_a_customer_is_made_of_an_unconfirmed(web: Sending, admin: int, now: datetime) -> None:
    web.send(group(1, "acme", name="Acme", website="acme.example"), track(2, userId="lone"))
    made = deciding.create([one("acme"), one("user:lone")], by=admin, at=now)
    acme = Customer.objects.get(id=made[one("acme")])
    assert (acme.name, acme.custom) == ("Acme", {"website": "acme.example"})
    assert PortfolioRow.objects.get(customer=acme).name == "Acme"
    assert Customer.objects.get(id=made[one("user:lone")]).name == "lone"
    assert CustomerAlias.objects.get(old_id=-one("acme")).customer_id == acme.pk
    deciding.take_back([one("acme")], by=admin, at=now)
    taking.cache_clear()
    web.send(group(3, "acme", user="u7"))
    assert LastGroup.objects.get(user="u7").customer_number == -one("acme")


def test_ignored_ones_wait_no_more_and_come_back(web: Sending, admin: int, now: datetime) -> None:
    web.send(group(1, "acme"))
    deciding.ignore([one("acme")], by=admin, at=now)
    assert strangers() == [] and [each.external_id for each in strangers(Decided.IGNORED)] == ["acme"]
    with pytest.raises(IntakeError):
        deciding.ignore([one("acme")], by=admin, at=now)
    assert deciding.take_back([one("acme")], by=admin, at=now) == 1
    assert [each.external_id for each in strangers()] == ["acme"] and strangers(Decided.IGNORED) == []


def test_the_list_is_searched_and_read_page_by_page(web: Sending) -> None:
    web.send(*(group(n, f"team-{n}", user=f"u{n}", name=f"Team {n:02}") for n in range(7)))
    among = Customer.objects.all()
    first, mark = proposals.page(Asked(), among=among, on=ON, size=3)
    second, mark = proposals.page(Asked(), among=among, on=ON, before=mark, size=3)
    third, last = proposals.page(Asked(), among=among, on=ON, before=mark, size=3)
    assert [each.external_id for each in (*first, *second, *third)] == [f"team-{n}" for n in range(6, -1, -1)]
    assert last is None
    assert [each.name for each in strangers(text="team 03")] == ["Team 03"]


@pytest.mark.parametrize("count", [1, 40])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    web: Sending, admin: int, known: Known, now: datetime, count: int
) -> None:
    web.send(*(group(n, f"g{n}", user=f"u{n}", name=f"Team {n}", website=f"t{n}.example") for n in range(count)))
    ids = known(*(f"Team {n}" for n in range(count)))
    with CaptureQueriesContext(connection) as reading:
        found = strangers()
    assert len(found) == count and all(each.first is not None for each in found)
    with CaptureQueriesContext(connection) as writing:
        deciding.link({one_.id: ids[one_.name] for one_ in found}, by=admin, at=now)
    assert (len(reading), len(writing)) == (6, 22)
