"""Today in the browser's words: who sees what, what each decision answers, and what an empty day says."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from tests.aids import toast
from tests.playbooks.rows import AT, ON, row
from tests.usage.events import happened

from perennial.customers.models import PortfolioRow
from perennial.engagement.models import Touchpoint
from perennial.kernel.organisation.actions import move_as_of
from perennial.members.models import Member, Team
from perennial.playbooks import actions
from perennial.playbooks.models import PlannedDay, PutAway, Task, TodayItem
from perennial.usage.lake import definitions, lake

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]
HTMX = {"HX-Request": "true"}
LOGGED = {"channel": "call", "summary": "Thinks about it", "happened_on": "2024-12-31"}
AWAY = {"rules": "renewal_due", "why": "other", "days": "30", "note": "They told me"}


@pytest.fixture
def csm(member: Callable[..., int], client: Client) -> int:
    """Return a CSM who is signed in, on a day with one customer that renews in 45 days."""
    move_as_of(on=ON, by=None, at=AT)
    me = member("csm")
    row("Acme", owner=me, next_renewal_on=ON + timedelta(days=45), arr=100_00, band="green", score=78.0)
    actions.plan_today(ON, at=AT)
    client.force_login(Member.objects.get(id=me))
    return me


def item() -> TodayItem:
    return TodayItem.objects.get()


def post(client: Client, what: str, data: dict[str, str] | None = None, **headers: str) -> Any:
    return client.post(f"/today/{item().pk}/{what}", data or {}, headers={**HTMX, **headers})


def test_the_page_says_how_many_which_first_why_what_next_and_what_else(csm: int, client: Client) -> None:
    written = client.get("/").content.decode()
    for words in (
        "1 customer needs you today", "First: Acme.", "0 of 1 done", "0 contacts logged",
        "Renewal of 14 Feb 2025: a cause is against us", "renews in 45 d",
        "Open the renewal&#x27;s room and act on it",
        "If nothing is done: $100.00 a year ends on 14 Feb 2025.", 'id="count-today">1<',
    ):  # fmt: skip
        assert words in written


def test_done_counts_and_can_be_taken_back(csm: int, client: Client) -> None:
    answer = post(client, "done")
    written = answer.content.decode()
    assert "1 of 1 done" in written and "0 contacts logged" in written and "done without a contact" in written
    assert toast(answer) == {
        "text": "Acme: done for today. No contact is logged.", "kind": "good", "undo": f"/today/{item().pk}/reopen",
        "more": "Log contact", "address": f"/today/{item().pk}/log", "dialog": "today-dialog",
    }  # fmt: skip
    assert not Touchpoint.objects.exists()
    assert answer["HX-Retarget"] == "#today"
    assert 'id="count-today" hx-swap-oob="true"></span>' in answer.content.decode()
    assert item().decided_by_id == csm
    client.post(toast(answer)["undo"], headers=HTMX)
    assert item().done_at is None


def test_who_is_done_may_log_the_contact_in_a_second_step(csm: int, client: Client) -> None:
    post(client, "done")
    assert 'name="settles"' not in client.get(f"/today/{item().pk}/log", headers=HTMX).content.decode()
    written = post(client, "log", LOGGED).content.decode()
    assert "1 of 1 done" in written and "1 contact logged" in written and "contact logged</span>" in written
    assert item().is_contact


@pytest.mark.parametrize(("until", "days"), [("tomorrow", 1), ("days", 3), ("week", 6)])  # the day is a Tuesday
def test_an_item_is_put_off(csm: int, client: Client, until: str, days: int) -> None:
    answer = post(client, "snooze", {"until": until})
    assert item().snoozed_until_on == ON + timedelta(days=days)
    assert "1 put off to a later day" in answer.content.decode()
    assert post(client, "snooze", {"until": "never"}).status_code == 404


def test_not_useful_asks_which_why_and_how_long_and_then_says_so_with_a_way_back(csm: int, client: Client) -> None:
    asked = client.get(f"/today/{item().pk}/put-away", headers=HTMX).content.decode()
    for words in ("Renewal of 14 Feb 2025: a cause is against us", "Wrong data",
                  "Everything about this customer, also what comes new", "Not important",
                  "Already known", "30 days"):  # fmt: skip
        assert words in asked
    answer = post(client, "put-away", AWAY)
    assert toast(answer)["text"] == "Acme: 1 reason is put away until 30 Jan 2025."
    gone = PutAway.objects.get()
    assert (gone.rule, gone.why, gone.note, gone.by_id) == ("renewal_due", "other", "They told me", csm)
    written = answer.content.decode()
    assert "Nothing urgent" not in written and "No customer is left for today." in written
    assert "1 reason put away by you until 30 Jan 2025" in written and "/today/put-away?whose=mine" in written
    back = client.post(toast(answer)["undo"], headers=HTMX)
    assert "Renewal of 14 Feb 2025: a cause is against us" in back.content.decode()
    assert toast(back)["text"] == "Acme: 1 reason is back."


@pytest.mark.parametrize("left_out", ["rules", "why", "note", "days"])
def test_what_is_left_out_of_not_useful_comes_back_with_its_error(csm: int, client: Client, left_out: str) -> None:
    refused = post(client, "put-away", {key: value for key, value in AWAY.items() if key != left_out})
    assert refused.status_code == 422 and refused["HX-Retarget"] == "#today-dialog"
    assert "errorlist" in refused.content.decode()
    assert not PutAway.objects.exists()


def test_what_is_put_away_is_listed_narrowed_counted_and_brought_back_where_it_stands(csm: int, client: Client) -> None:
    post(client, "put-away", AWAY)
    for address, is_listed in (("", True), ("?rule=renewal_due&why=other", True), ("?why=wrong_data", False),
                               ("?rule=usage_alert", False)):  # fmt: skip
        written = client.get(f"/today/put-away{address}").content.decode()
        assert ("They told me" in written) is is_listed
        assert "How often each rule was not useful, last 90 days" in written
    back = client.post(f"/today/put-away/bring-back?id={PutAway.objects.get().pk}",
                       headers={**HTMX, "HX-Target": "div#put-away"})  # fmt: skip
    assert "Nothing is put away" in back.content.decode()
    assert item().reasons[0]["rule"] == "renewal_due"


def test_only_who_decides_on_the_customer_brings_back(csm: int, client: Client, member: Callable[..., int]) -> None:
    post(client, "put-away", AWAY)
    address = f"/today/put-away/bring-back?id={PutAway.objects.get().pk}&id=x"
    for role in ("csm", "analyst", "reader"):
        client.force_login(Member.objects.get(id=member(role)))
        assert client.post(address, headers=HTMX).status_code == 404
    assert PutAway.objects.get().ended_at is None
    client.force_login(Member.objects.get(id=csm))
    assert client.get(address).status_code == 405


def test_delegating_shows_a_form_refuses_a_past_day_and_gives_a_task(
    csm: int, client: Client, member: Callable[..., int]
) -> None:
    other, reader = member("csm", name="Other"), member("reader", name="Reader")
    form = client.get(f"/today/{item().pk}/delegate", headers=HTMX).content.decode()
    assert f'value="{other}"' in form and f'value="{reader}"' not in form and "2025-01-03" in form
    refused = post(client, "delegate", {"to": str(other), "title": "x", "due_on": "2024-12-31"})
    assert refused.status_code == 422 and refused["HX-Retarget"] == "#today-dialog"
    assert not Task.objects.exists()
    given = post(client, "delegate", {"to": str(other), "title": "Ask them", "due_on": "2025-01-03"})
    assert Task.objects.get().owner_id == other
    assert item().snoozed_until_on == ON + timedelta(days=3)
    client.post(toast(given)["undo"], headers=HTMX)
    assert item().snoozed_until_on is None
    assert Task.objects.get().dropped_at is not None


def test_a_logged_contact_settles_where_the_form_says_so(csm: int, client: Client) -> None:
    assert toast(post(client, "log", LOGGED))["text"] == "Logged."
    assert item().done_at is None
    assert toast(post(client, "log", LOGGED | {"settles": "on"}))["text"] == "Logged, and done for today."
    assert item().is_contact
    assert list(Touchpoint.objects.order_by("id").values_list("channel", "member_id")) == [("call", csm)] * 2
    assert post(client, "log", {**LOGGED, "summary": " "}).status_code == 422
    assert Touchpoint.objects.count() == 2


@pytest.mark.parametrize(("channel", "settles"), [("", True), ("note", False), ("smoke", True)])
def test_the_form_settles_by_itself_for_a_contact_and_not_for_a_note(
    csm: int, client: Client, channel: str, settles: bool
) -> None:
    form = client.get(f"/today/{item().pk}/log?channel={channel}", headers=HTMX).content.decode()
    assert ('name="settles" id="id_settles" checked' in form) is settles
    checked = "note" if channel == "note" else "call"
    assert re.search(f'value="{checked}"[^>]*checked', form)


def test_a_next_step_with_a_day_becomes_a_task_and_undo_takes_back_all_of_it(csm: int, client: Client) -> None:
    fields = LOGGED | {"settles": "on", "next_step": "Send the offer", "due_on": "2025-01-03", "fact": str(uuid4())}
    answer = post(client, "log", fields)
    assert toast(answer)["text"] == "Logged, and done for today. Task for Csm 1 by Fri 3 Jan 2025."
    task = Task.objects.get()
    assert (task.title, task.due_on.isoformat(), task.owner_id) == ("Send the offer", "2025-01-03", csm)
    written = answer.content.decode()
    assert "Tasks ahead" in written and "Send the offer" in written and "due in 3 d" in written
    post(client, "log", fields)
    assert (Task.objects.count(), Touchpoint.objects.count()) == (1, 1)
    undone = client.post(toast(answer)["undo"], headers=HTMX)
    assert toast(undone)["text"] == "The entry was taken back, with its open task."
    assert "Send the offer" not in undone.content.decode() and "1 customer needs you" in undone.content.decode()
    task.refresh_from_db()
    assert task.dropped_at is not None and not Touchpoint.objects.current().exists()


@pytest.mark.parametrize(
    "wrong", [{"next_step": ""}, {"due_on": "2024-12-30"}, {"due_on": "2026-03-01"}, {"owner": "reader"}]
)
def test_a_next_step_needs_words_a_day_ahead_and_somebody_who_has_tasks(
    csm: int, client: Client, member: Callable[..., int], wrong: dict[str, str]
) -> None:
    if wrong.get("owner") == "reader":
        wrong = {"owner": str(member("reader"))}
    refused = post(client, "log", LOGGED | {"next_step": "Send it", "due_on": "2025-01-03", **wrong})
    assert refused.status_code == 422 and "errorlist" in refused.content.decode()
    assert ("Write what is to be done by then." in refused.content.decode()) is (wrong == {"next_step": ""})
    assert not Touchpoint.objects.exists() and not Task.objects.exists()


def test_only_the_author_and_who_leads_take_an_entry_back(csm: int, client: Client, member: Callable[..., int]) -> None:
    undo = toast(post(client, "log", LOGGED))["undo"]
    for role in ("csm", "analyst", "reader"):
        client.force_login(Member.objects.get(id=member(role)))
        assert client.post(undo, headers=HTMX).status_code == 404
    successor = member("csm")
    PortfolioRow.objects.update(owner_id=successor)
    client.force_login(Member.objects.get(id=successor))
    assert client.post(undo, headers=HTMX).status_code == 404
    assert Touchpoint.objects.current().count() == 1
    client.force_login(Member.objects.get(id=member("admin")))
    assert client.post(undo, headers=HTMX).status_code == 200
    assert not Touchpoint.objects.current().exists()


def test_a_task_is_put_off_and_goes_back_to_its_day(csm: int, client: Client) -> None:
    mine = actions.add_task(customer_id=None, owner_id=csm, title="Send it", due_on=ON, by=csm, at=AT)
    moved = client.post(f"/today/tasks/{mine}/due", {"until": "days"}, headers=HTMX)
    assert toast(moved)["text"] == "The task is due on Fri 3 Jan 2025."
    assert Task.objects.get().due_on == ON + timedelta(days=3)
    back = client.post(toast(moved)["undo"], headers=HTMX)
    assert toast(back) == {"text": "The task is back on its day.", "kind": "good", "undo": ""}
    assert Task.objects.get().due_on == ON
    assert client.post(f"/today/tasks/{mine}/due", {"until": "never"}, headers=HTMX).status_code == 404
    assert client.post(f"/today/tasks/{mine}/due?to=x", headers=HTMX).status_code == 404


def test_a_place_in_the_order_opens_to_its_sum_and_who_stands_beside_it(csm: int, client: Client) -> None:
    row("Birch", owner=csm, overdue_tickets=1, next_renewal_on=ON + timedelta(days=45), arr=50_00)
    actions.plan_today(ON, at=AT)
    birch = TodayItem.objects.get(customer__name="Birch")
    written = client.get(f"/today/{birch.pk}/order").content.decode()
    # renewal 72 × (0.6 + 0.4 × 0.5) = 57.6; ticket 70 × (0.6 + 0.4 × 0.5) = 56, of which half; × (1 + ½ ÷ 2)
    for words in ("Why is this number 1 of 2?", "57.6 of 72 → 57.6", "56.0 of 70 → 28.0", "<dd class=\"num\">85.6</dd>",
                  "not less than 50% of those that pay", "× 1.25", "107.0", "After: Acme", "86.4"):  # fmt: skip
        assert words in written
    assert client.get("/today/0/order").status_code == 404
    assert "It is no contact" in client.get("/today/about").content.decode()


def test_a_place_in_the_order_says_nothing_of_hidden_money(
    csm: int, client: Client, member: Callable[..., int]
) -> None:
    PortfolioRow.objects.update(oldest_overdue_on=ON - timedelta(days=20), overdue_amount=5)
    actions.plan_today(ON, at=AT)
    client.force_login(Member.objects.get(id=member("reader")))
    written = client.get(f"/today/{item().pk}/order").content.decode()
    assert "1 reason that your role does not see" in written
    assert "Together" not in written and "Money at stake" not in written and "Payment" not in written


def test_score_amount_and_renewal_open_to_their_explanations(csm: int, client: Client) -> None:
    written, key = client.get("/").content.decode(), PortfolioRow.objects.get().key
    for field in ("score", "arr", "next_renewal_on"):
        assert f"/explain/{field}?customer={key}" in written


def test_a_reason_opens_to_its_rule_and_values(csm: int, client: Client) -> None:
    written = client.get(f"/today/{item().pk}/why/renewal_due").content.decode()
    assert "Renewal in danger" in written and "Renewal asks for" in written and "14 Feb 2025" in written
    assert "counts 58 of 72 points" in written and "weighs 86" in written
    assert client.get(f"/today/{item().pk}/why/usage_fell").status_code == 404


@pytest.mark.parametrize("what", ["done", "snooze", "put-away", "reopen", "delegate", "log"])
def test_a_stranger_finds_nothing_and_changes_nothing(
    csm: int, client: Client, member: Callable[..., int], what: str
) -> None:
    before = TodayItem.objects.values().get()
    for role in ("csm", "analyst", "reader"):
        client.force_login(Member.objects.get(id=member(role)))
        assert post(client, what, {"until": "days", **LOGGED, **AWAY}).status_code == 404
    client.logout()
    assert post(client, what).status_code == 302
    assert TodayItem.objects.values().get() == before
    assert not Touchpoint.objects.exists() and not Task.objects.exists() and not PutAway.objects.exists()


def test_only_post_decides(csm: int, client: Client) -> None:
    for what in ("done", "snooze", "reopen"):
        assert client.get(f"/today/{item().pk}/{what}").status_code == 405


def test_a_reader_sees_no_money_and_no_buttons(csm: int, client: Client, member: Callable[..., int]) -> None:
    client.force_login(Member.objects.get(id=member("reader")))
    written = client.get("/").content.decode()
    assert "Acme" in written and "$100" not in written and "The contract ends on 14 Feb 2025." in written
    assert "data-key=" not in written


def test_a_leader_switches_between_the_own_book_and_the_teams(
    csm: int, client: Client, member: Callable[..., int]
) -> None:
    leader = member("leader", team_id=Team.objects.create(name="North").pk)
    PortfolioRow.objects.update(team_id=Member.objects.get(id=leader).team_id)
    row("Own", owner=leader)
    client.force_login(Member.objects.get(id=leader))
    assert "Acme" not in client.get("/").content.decode()
    assert "Acme" in client.get("/?whose=team").content.decode()
    answer = post(client, "done", **{"HX-Current-URL": "http://testserver/?whose=team"})
    assert "1 of 1 done" in answer.content.decode()


def test_a_task_is_done_and_reopened_and_a_strangers_is_not_found(
    csm: int, client: Client, member: Callable[..., int]
) -> None:
    mine = actions.add_task(customer_id=None, owner_id=csm, title="Send it", due_on=ON, by=csm, at=AT)
    other = member("csm")
    theirs = actions.add_task(customer_id=None, owner_id=other, title="No", due_on=ON, by=other, at=AT)
    assert "Send it" in client.get("/").content.decode()
    answer = client.post(f"/today/tasks/{mine}/done", headers=HTMX)
    assert "Send it" not in answer.content.decode()
    assert client.post(f"/today/tasks/{theirs}/done", headers=HTMX).status_code == 404
    client.post(toast(answer)["undo"], headers=HTMX)
    assert list(Task.objects.order_by("id").values_list("done_at", flat=True)) == [None, None]


def test_an_empty_day_names_the_silent_and_an_empty_house_leads_to_the_import(
    csm: int, client: Client, member: Callable[..., int]
) -> None:
    TodayItem.objects.exclude(id=item().pk).delete()
    quiet = member("csm")
    row("Quiet", owner=quiet, last_touch_on=ON - timedelta(days=120))
    client.force_login(Member.objects.get(id=quiet))
    written = client.get("/").content.decode()
    assert "Nothing urgent." in written and "1 customer you have not spoken to in 90 days:" in written
    assert "Quiet" in written and "120 d ago" in written
    TodayItem.objects.all().delete()
    assert "Nothing urgent." in client.get("/").content.decode()
    PlannedDay.objects.all().delete()
    assert "Today is not worked out yet" in client.get("/").content.decode()
    PortfolioRow.objects.all().delete()
    assert "Ask an administrator" in client.get("/").content.decode()
    client.force_login(Member.objects.get(id=member("admin")))
    assert "Import customers" in client.get("/").content.decode()


def test_an_empty_day_over_data_of_the_past_says_when_it_ended_and_how_today_is_put_there(
    csm: int, client: Client, member: Callable[..., int], settings: Any
) -> None:
    settings.COMMAND_LINE = ("./run perennial", "/srv/home")
    TodayItem.objects.all().delete()
    happened([(1, 1, "saved", None, ON - timedelta(days=28), 1)], now=AT)
    lake().compact(definitions(), at=AT)
    assert "No use of the product" not in client.get("/").content.decode()
    move_as_of(on=ON + timedelta(days=1), by=None, at=AT)
    actions.plan_today(ON + timedelta(days=1), at=AT)
    TodayItem.objects.all().delete()
    written = client.get("/").content.decode()
    assert "No use of the product was reported since 3 Dec 2024 (29 d ago)" in written
    assert "nightly" not in written  # a CSM imports nothing
    client.force_login(Member.objects.get(id=member("admin")))
    assert "./run perennial nightly --on 2024-12-03 --home /srv/home" in client.get("/").content.decode()


@pytest.mark.parametrize("count", [1, 40])
def test_the_page_costs_the_same_queries_for_one_item_and_for_forty(
    csm: int, client: Client, django_assert_num_queries: Any, count: int
) -> None:
    for number in range(count - 1):
        row(f"c{number}", owner=csm, next_renewal_on=ON)
    actions.plan_today(ON, at=AT)
    with django_assert_num_queries(11):
        client.get("/")


def test_a_page_that_stays_open_gets_the_list_anew_only_when_something_else_is_to_be_seen(
    csm: int, client: Client
) -> None:
    page = client.get("/").content.decode()
    (asks,) = re.findall(r'<div id="today" hx-get="([^"]*)"', page)
    asks, here = asks.replace("&amp;", "&"), {**HTMX, "HX-Target": "div#today"}
    assert client.get(asks, headers=here).status_code == 204
    actions.finish(item_id=item().pk, by=csm, at=AT)
    again = client.get(asks, headers=here)
    assert again.status_code == 200 and "1 of 1 done" in again.content.decode()
    assert "<html" not in again.content.decode() and 'id="count-today"' in again.content.decode()
    actions.add_task(customer_id=item().customer_id, owner_id=csm, title="Call", due_on=ON, by=csm, at=AT)
    (now,) = re.findall(r'<div id="today" hx-get="([^"]*)"', again.content.decode())
    assert client.get(now.replace("&amp;", "&"), headers=here).status_code == 200
