"""A seeded home: everything computed, the stories where they are told to be, pages answering, nothing made twice."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse
from tests.demo.conftest import AT, ON, PASSWORD, WANTED

from perennial.contracts import queries as contracts
from perennial.contracts.models import Invoice, InvoiceLine, Line, Payment, Rate, Receivable, Settlement
from perennial.customers import queries as customers
from perennial.customers.models import Contact, Customer, Ownership, PortfolioRow
from perennial.demo import actions, queries
from perennial.demo.stories import STORIES, Story, story
from perennial.demo.terms import SOURCE
from perennial.engagement.models import Touchpoint
from perennial.health import queries as health
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation.queries import house
from perennial.kernel.queue.models import Job
from perennial.members import queries as members
from perennial.playbooks import queries as playbooks
from perennial.playbooks.models import TodayItem
from perennial.playbooks.terms import Whose
from perennial.renewals.models import Checkpoint, CheckpointCall, Finding, RenewalCause
from perennial.usage import queries as usage
from perennial.usage.models import ProductUser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo")]
ON_TODAY = [one for one in STORIES if one.today_rule]


def id_of(one: Story) -> int:
    return customers.ids_of(SOURCE, [one.external_id])[one.external_id]


def row_of(key: str) -> PortfolioRow:
    return PortfolioRow.objects.get(customer_id=id_of(story(key)))


def test_the_organisation_is_marked_as_a_demo_and_stays_on_its_day() -> None:
    place = house()
    assert (place.is_demo, place.currency, place.amounts_include_tax) == (True, "CNY", True)
    assert place.today(AT + timedelta(days=40)) == ON


def test_all_customers_have_a_row_and_the_ledger_holds_the_arr() -> None:
    assert PortfolioRow.objects.count() == 60
    arr = sum(standing.arr for standing in contracts.standing(ON).values())
    assert abs(arr / 100 / 3_600_000 - 1) < 0.02


@pytest.mark.parametrize("one", ON_TODAY, ids=lambda one: one.key)
def test_today_names_the_customer_of_the_story_for_the_reason_told(one: Story) -> None:
    admin = members.by_email("admin@lanshi.example")
    assert admin is not None
    day = playbooks.today(admin, on=ON, whose=Whose.ALL)
    (item,) = [item for item in day.open if item.row.customer_id == id_of(one)]
    assert one.today_rule in {reason.rule for reason in item.reasons}


def test_after_the_champion_left_usage_fell_and_the_band_is_capped() -> None:
    row = row_of("champion_left")
    assert row.champion_left_on == ON - timedelta(35)
    assert row.trend_28d is not None and row.trend_28d < 0.7
    assert row.band == "yellow"


def test_the_stuck_payment_is_overdue_since_its_due_day() -> None:
    row = row_of("payment_stuck")
    assert row.oldest_overdue_on == ON - timedelta(24)
    assert row.overdue_amount is not None and row.overdue_amount > 0


def test_the_late_onboarding_is_overdue_and_hardly_anybody_works() -> None:
    row = row_of("late_onboarding")
    assert row.stage == "onboarding_overdue"
    assert row.seats_used_28d is not None and row.seats_used_28d < 0.4


def test_the_seats_of_the_seat_limit_story_are_all_in_use() -> None:
    row = row_of("seat_limit")
    assert row.seats == 24
    assert row.seats_used_28d is not None and row.seats_used_28d >= 0.95


def test_the_silent_decider_hides_behind_fresh_contacts() -> None:
    row = row_of("silent_decider")
    assert row.last_touch_on is not None and row.last_touch_on > ON - timedelta(35)
    assert row.next_renewal_on is not None and timedelta(70) < row.next_renewal_on - ON < timedelta(80)
    decider = Contact.objects.current().get(customer_id=row.customer_id, level=1)
    met = (
        Touchpoint.objects.filter(customer_id=row.customer_id, contact_fact=decider.fact).order_by("happened_at").last()
    )
    assert met is not None and met.happened_at.date() <= ON - timedelta(205)


def test_the_customer_that_was_lost_had_been_green() -> None:
    row = row_of("lost_while_green")
    assert (row.is_live, row.mrr or 0) == (False, 0)
    left_on = ON - timedelta(45)
    scores = health.history_of(row.customer_id, from_on=left_on - timedelta(60), until_on=left_on)
    assert scores
    assert {score.band for score in scores} == {"green"}


def test_the_group_stands_above_its_four_subsidiaries() -> None:
    head = id_of(story("four_parties"))
    assert [child.name[:4] for child in customers.children_of(head)] == ["栖梧乾序"] * 4


def test_the_paused_customer_pays_nothing_now_and_is_not_lost() -> None:
    row = row_of("paused")
    assert not row.is_live
    assert row.next_renewal_on is not None and row.next_renewal_on > ON


def test_every_step_s_money_is_said_once_and_agrees_with_its_payments() -> None:
    """What the plan states as received and what payments brought are the same, to the cent."""
    steps = {row.fact: row for row in Receivable.objects.current()}
    matched: dict[object, int] = {}
    for part in Settlement.objects.current():
        matched[part.step] = matched.get(part.step, 0) + part.amount
    assert matched == {fact: row.received_amount for fact, row in steps.items() if row.received_amount}
    invoiced: dict[object, int] = {}
    for line in InvoiceLine.objects.current():
        invoiced[line.step] = invoiced.get(line.step, 0) + line.amount
    assert invoiced == {fact: row.amount for fact, row in steps.items() if row.invoiced_on or row.node == "invoice"}


def test_there_is_a_red_invoice_a_prepayment_and_a_bank_line_that_names_nobody() -> None:
    (red,) = Invoice.objects.current().filter(amount__lt=0)
    assert Invoice.objects.current().get(fact=red.red_of).amount == -red.amount
    settled = Settlement.objects.current().values_list("payment", flat=True)
    loose = Payment.objects.current().exclude(fact__in=[fact for fact in settled if fact])
    assert sorted((row.customer_id is None, row.amount > 0) for row in loose) == [(False, True), (True, True)]


def test_a_customer_that_pays_in_dollars_is_valued_at_the_month_s_rate() -> None:
    foreign = Line.objects.current().filter(currency="USD", kind="recurring").values_list("customer_id", flat=True)
    number = next(iter(foreign))
    held = sum(
        (Fraction(row.amount * 12, row.amount_months) for row in Line.objects.current().filter(customer_id=number)
         if row.kind == "recurring" and row.starts_on <= ON and (row.ends_on is None or row.ends_on > ON)),
        Fraction(0),
    )  # fmt: skip
    rate = Fraction(Rate.objects.current().get(on=ON.replace(day=1)).rate)
    arr = contracts.standing(ON, [number])[number].arr
    assert held > 0
    assert abs(arr - held * rate) < 1


def test_every_champion_on_file_is_one_of_the_users() -> None:
    called = Contact.objects.current().filter(is_champion=True, left_on=None)
    users = set(ProductUser.objects.values_list("customer_id", "external_id"))
    with_users = {customer for customer, _user in users}
    known = [(row.customer_id, row.email) in users for row in called if row.customer_id in with_users]
    assert known
    assert all(known)


def test_most_renewals_at_a_checkpoint_have_a_call_and_few_are_missing() -> None:
    reached = Checkpoint.objects.count()
    missing = PortfolioRow.objects.filter(checkpoint_due_on__isnull=False).count()
    assert reached >= 10
    assert CheckpointCall.objects.count() >= reached * 3 // 4
    assert missing <= reached // 4
    assert {row.by.role for row in CheckpointCall.objects.select_related("by")} == {"csm"}
    assert RenewalCause.objects.exists()
    assert Finding.objects.exists()


def test_a_call_that_is_missing_is_never_what_a_csm_sees_first() -> None:
    """Of the five customers that weigh most of each CSM, none is there for a missing call before all."""
    by_owner: dict[int, list[TodayItem]] = {}
    for item in TodayItem.objects.filter(on=ON, owner__role="csm").order_by("-weight", "id"):
        by_owner.setdefault(item.owner_id or 0, []).append(item)
    first = [item.reasons[0]["rule"] for items in by_owner.values() for item in items[:5]]
    assert len(first) >= 15
    assert "checkpoint_due" not in first


def test_no_rule_of_today_is_more_than_a_third_of_what_it_says_first() -> None:
    """Neither of all items of the CSMs nor of the five that each sees first."""
    by_owner: dict[int, list[str]] = {}
    for item in TodayItem.objects.filter(on=ON, owner__role="csm").order_by("-weight", "id"):
        by_owner.setdefault(item.owner_id or 0, []).append(item.reasons[0]["rule"])
    for most in (None, 5):
        firsts = Counter(rule for rules in by_owner.values() for rule in rules[:most])
        assert len(firsts) >= 6
        assert 3 * max(firsts.values()) <= firsts.total(), (most, firsts)


def test_history_is_known_at_its_own_date() -> None:
    assert {version.learned_by_assumption for version in Touchpoint.objects.all()} == {True}
    gone = Contact.objects.filter(customer_id=id_of(story("champion_left")), is_champion=True).order_by("learned_at")
    assert [version.left_on for version in gone][-2:] == [None, ON - timedelta(35)]
    assert Customer.objects.filter(learned_at__year__lte=2025).exists()
    assert Ownership.objects.filter(from_on__lt=date(2026, 1, 1)).exists()


def test_daily_values_reach_back_two_years() -> None:
    assert len(usage.values_on(ON - timedelta(600))) > 20
    assert len(usage.values_on(ON)) >= 50


def test_a_second_call_finds_the_company_complete() -> None:
    present = queries.begun()
    assert present is not None and present.is_complete
    assert (present.company, present.customers, present.seed, present.on) == ("zh", 60, 1, ON)


def test_an_interrupted_call_is_completed_without_a_second_of_anything() -> None:
    before = (Customer.objects.count(), Touchpoint.objects.count())
    actions.seed(WANTED, password=PASSWORD, at=AT)
    assert (Customer.objects.count(), Touchpoint.objects.count()) == before


@pytest.mark.parametrize("role", ["leader1", "csm1", "admin", "analyst", "reader"])
def test_the_first_of_each_role_can_sign_in(role: str, client: Client) -> None:
    assert client.login(username=f"{role}@lanshi.example", password=PASSWORD, email=f"{role}@lanshi.example")


@pytest.mark.parametrize("name", ["today", "customers", "revenue", "weekly", "settings"])
def test_a_page_answers_for_the_leader_of_the_house(name: str, client: Client) -> None:
    try:
        address = reverse(name)
    except NoReverseMatch:
        pytest.skip(f"there is no page {name} yet")
    admin: Any = members.by_email("admin@lanshi.example")
    client.force_login(admin)
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("one", STORIES, ids=lambda one: one.key)
def test_the_file_of_each_story_s_customer_opens_by_name(one: Story, client: Client) -> None:
    key = Customer.objects.get(id=id_of(one)).key
    try:
        address = reverse("customer", args=[key])
    except NoReverseMatch:
        pytest.skip("there is no customer file yet")
    admin: Any = members.by_email("admin@lanshi.example")
    client.force_login(admin)
    answer = client.get(address)
    assert answer.status_code == 200
    assert one.names["zh"] in answer.content.decode()


def test_nothing_waits_for_the_worker() -> None:
    assert Job.objects.count() == 0
    assert not JournalEntry.objects.filter(reacted_at=None).exclude(kind=queries.SEEDED).exists()
