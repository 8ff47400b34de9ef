"""Daily values of customers: what is computed when, what a late event changes, and what stays unknown."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from tests.usage.events import happened

from perennial.contracts import actions as contracts
from perennial.customers import actions as customers
from perennial.customers.merging import merge, part
from perennial.customers.models import CustomerAlias
from perennial.customers.terms import CustomerFacts
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.versions import Incoming
from perennial.lake.terms import day_number
from perennial.usage import actions, people, queries
from perennial.usage.lake import lake
from perennial.usage.terms import UserKind

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 2)


@pytest.fixture
def ids(organisation: None, home: Path, now: datetime) -> dict[str, int]:
    facts = [CustomerFacts(source="crm", external_id=key, name=key) for key in ("used", "private")]
    return customers.upsert(facts, by=None, at=now)[0]


def test_a_user_keeps_its_number_and_two_customers_users_of_one_name_are_two(
    ids: dict[str, int], now: datetime
) -> None:
    first = actions.user_ids("app", [(ids["used"], "ada"), (ids["private"], "ada")], at=now)
    again = actions.user_ids("app", [(ids["used"], "ada")], at=now)
    assert first[ids["used"], "ada"] != first[ids["private"], "ada"]
    assert again[ids["used"], "ada"] == first[ids["used"], "ada"]


def test_the_values_of_a_day_follow_from_its_windows(ids: dict[str, int], now: datetime) -> None:
    used = ids["used"]
    happened(
        [
            (used, 1, "login", None, ON - timedelta(days=6), 1),
            (used, 1, "saved", "search", ON - timedelta(days=6), 3),
            (used, 2, "saved", "report", ON - timedelta(days=7), 1),
        ],
        now=now,
    )
    actions.bring_up_to(ON, at=now)
    values = queries.values_on(ON)[used]
    assert values["active_users_7d"] == 1
    assert values["active_users_28d"] == 2
    assert values["logins_7d"] == 1
    assert values["breadth_28d"] == 2
    assert values["depth_28d"] == 2.0
    assert values["days_since_last"] == 6
    assert values["top_user_share_28d"] == 0.75
    assert values["trend_28d"] is None


def test_a_customer_that_was_never_measured_has_no_values_rather_than_zeros(ids: dict[str, int], now: datetime) -> None:
    happened([(ids["used"], 1, "saved", None, ON, 1)], now=now)
    actions.bring_up_to(ON, at=now)
    assert ids["private"] not in queries.values_on(ON)


def test_seats_used_follows_the_seats_of_the_day(ids: dict[str, int], now: datetime) -> None:
    used = ids["used"]
    contract_ids, _ = contracts.write_contracts([Incoming("K1", {"customer_id": used})], source="crm", at=now)
    line = {"customer_id": used, "contract_id": contract_ids["K1"], "quantity": 4, "amount": 10000, "amount_months": 1,
            "currency": "USD", "starts_on": ON, "ends_on": None}  # fmt: skip
    contracts.write_lines([Incoming("L1", line)], source="crm", at=now)
    happened([(used, 1, "saved", None, ON - timedelta(days=1), 1)], now=now)
    actions.bring_up_to(ON, at=now)
    assert queries.values_on(ON - timedelta(days=1))[used]["seats_used_28d"] is None
    assert queries.values_on(ON)[used]["seats_used_28d"] == 0.25


def test_a_second_run_computes_nothing_and_a_late_event_recomputes_from_its_day_on(
    ids: dict[str, int], now: datetime
) -> None:
    used, late = ids["used"], ON - timedelta(days=3)
    happened([(used, 1, "saved", None, ON - timedelta(days=10), 1)], now=now)
    actions.bring_up_to(ON, at=now)
    assert actions.bring_up_to(ON, at=now).days == []
    happened([(used, 2, "saved", "new", late, 1)], now=now + timedelta(hours=1))
    assert actions.bring_up_to(ON, at=now + timedelta(hours=1)).days == list(
        range(day_number(late), day_number(ON) + 1)
    )
    assert queries.values_on(ON)[used]["active_users_28d"] == 2
    assert queries.values_on(late - timedelta(days=1))[used]["active_users_28d"] == 1


def test_the_next_day_is_computed_alone(ids: dict[str, int], now: datetime) -> None:
    happened([(ids["used"], 1, "saved", None, ON, 1)], now=now)
    actions.bring_up_to(ON, at=now)
    tomorrow = ON + timedelta(days=1)
    assert actions.bring_up_to(tomorrow, at=now).days == [day_number(tomorrow)]
    assert queries.values_on(tomorrow)[ids["used"]]["days_since_last"] == 1


def test_own_staff_bots_and_tests_count_in_no_metric(ids: dict[str, int], now: datetime) -> None:
    used = ids["used"]
    known = actions.user_ids("app", [(used, name) for name in ("ada", "staff", "bot", "test")], at=now)
    ada, staff, bot, test = (known[used, name] for name in ("ada", "staff", "bot", "test"))
    for user, kind in ((staff, UserKind.STAFF), (bot, UserKind.BOT), (test, UserKind.TEST)):
        assert actions.classify(user_ids=[user], kind=kind, by=None, at=now) == 1
    happened(
        [
            (used, ada, "saved", "search", ON - timedelta(days=2), 3),
            (used, staff, "saved", "report", ON - timedelta(days=1), 40),
            (used, bot, "login", None, ON, 500),
            (used, test, "saved", "search", ON, 7),
            (ids["private"], staff, "saved", "search", ON, 9),
        ],
        now=now,
    )
    actions.bring_up_to(ON, at=now)
    values = queries.values_on(ON)
    assert values.keys() == {used}  # nobody of the other one has ever used it
    assert (values[used]["active_users_7d"], values[used]["logins_7d"], values[used]["breadth_28d"]) == (1, 0, 1)
    assert (values[used]["depth_28d"], values[used]["days_since_last"]) == (3.0, 2)
    assert values[used]["top_user_share_28d"] == 1.0
    assert [one.n for one in queries.counts_of(used, from_on=ON - timedelta(days=5), until_on=ON)] == [3]


def test_values_of_earlier_days_follow_a_user_of_another_kind_and_back(ids: dict[str, int], now: datetime) -> None:
    used, day = ids["used"], ON - timedelta(days=5)
    known = actions.user_ids("app", [(used, "ada"), (used, "eve")], at=now)
    ada, eve = known[used, "ada"], known[used, "eve"]
    happened(
        [
            (used, ada, "saved", "search", day - timedelta(days=1), 1),
            (used, eve, "saved", "report", day, 1),
            (ids["private"], 99, "saved", "search", day, 1),
        ],
        now=now,
    )
    actions.bring_up_to(ON, at=now)
    before = queries.values_on(day), queries.values_on(ON)
    assert before[0][used]["active_users_7d"] == before[1][used]["active_users_7d"] == 2
    assert actions.classify(user_ids=[ada, eve], kind=UserKind.CUSTOMER, by=None, at=now) == 0
    assert actions.classify(user_ids=[eve], kind=UserKind.STAFF, by=None, at=now) == 1
    assert actions.bring_up_to(ON, at=now).days == list(range(day_number(day), day_number(ON) + 1))
    for on in (day, ON):
        told = queries.values_on(on)[used]
        assert (told["active_users_7d"], told["breadth_28d"]) == (1, 1)
        assert told["days_since_last"] == (on - day).days + 1
        assert queries.values_on(on)[ids["private"]] == before[on == ON][ids["private"]]
    assert actions.bring_up_to(ON, at=now).days == []
    actions.classify(user_ids=[eve], kind=UserKind.CUSTOMER, by=None, at=now)
    actions.bring_up_to(ON, at=now)
    assert (queries.values_on(day), queries.values_on(ON)) == before
    kinds = JournalEntry.objects.filter(kind="users.classified").order_by("id").values_list("data", flat=True)
    assert list(kinds) == [{"users": [eve], "kind": "staff"}, {"users": [eve], "kind": "customer"}]


def spoil(on: date, customer: int, now: datetime) -> None:
    """Write another value into a frozen row: it stays where a run leaves the row alone."""
    day = day_number(on)
    rows = lake().read_days("metrics", customers=[customer], from_day=day, until_day=day + 1)
    place = rows.column_names.index("logins_7d")
    spoiled = rows.set_column(place, "logins_7d", pa.array([777] * rows.num_rows, rows.schema.field(place).type))
    lake().write_days("metrics", spoiled, from_day=day, until_day=day + 1, at=now, customers=[customer])


def test_a_late_event_of_one_customer_leaves_the_rows_of_all_others_alone(ids: dict[str, int], now: datetime) -> None:
    used, other, late = ids["used"], ids["private"], ON - timedelta(days=3)
    happened([(used, 1, "saved", None, ON - timedelta(9), 1), (other, 2, "saved", None, ON - timedelta(9), 1)], now=now)
    actions.bring_up_to(ON, at=now)
    for customer in (used, other):
        spoil(ON, customer, now)
        spoil(late - timedelta(days=1), customer, now)
    happened([(used, 1, "login", None, late, 2)], now=now + timedelta(hours=1))
    tomorrow = ON + timedelta(days=1)
    assert actions.bring_up_to(tomorrow, at=now).days == list(range(day_number(late), day_number(tomorrow) + 1))
    logins = {
        (customer == used, on): queries.values_on(on)[customer]["logins_7d"]
        for customer in (used, other)
        for on in (late - timedelta(days=1), ON, tomorrow)
    }
    assert logins == {
        (True, late - timedelta(days=1)): 777, (True, ON): 2, (True, tomorrow): 2,
        (False, late - timedelta(days=1)): 777, (False, ON): 777, (False, tomorrow): 0,
    }  # fmt: skip


def test_an_earlier_day_brings_the_later_ones_along_that_a_late_event_changes(
    ids: dict[str, int], now: datetime
) -> None:
    used, earlier = ids["used"], ON - timedelta(days=4)
    happened([(used, 1, "saved", None, ON - timedelta(days=9), 1)], now=now)
    actions.bring_up_to(ON, at=now)
    happened([(used, 2, "saved", None, earlier, 1)], now=now + timedelta(hours=1))
    actions.bring_up_to(earlier, at=now)
    assert queries.values_on(ON)[used]["active_users_28d"] == 2


def merged_pair(ids: dict[str, int], now: datetime) -> tuple[int, int]:
    """Return two customers with a user that their source knows by one id, and one each of their own."""
    kept, gone = ids["used"], ids["private"]
    known = actions.user_ids("app", [(kept, "ada"), (gone, "ada"), (gone, "eve")], at=now)
    happened(
        [
            (kept, known[kept, "ada"], "saved", "search", ON - timedelta(days=3), 2),
            (gone, known[gone, "ada"], "saved", "search", ON - timedelta(days=3), 1),
            (gone, known[gone, "eve"], "login", None, ON - timedelta(days=4), 1),
            (gone, known[gone, "eve"], "saved", "report", ON - timedelta(days=1), 3),
        ],
        now=now,
    )
    return kept, gone


def test_a_merged_customers_facts_count_for_the_one_that_remains_and_its_users_once(
    ids: dict[str, int], now: datetime
) -> None:
    kept, gone = merged_pair(ids, now)
    actions.bring_up_to(ON, at=now)
    apart = [queries.values_on(ON - timedelta(days=back)) for back in range(6)]
    assert (apart[0][kept]["active_users_28d"], apart[0][gone]["active_users_28d"]) == (1, 2)

    merge(customer_id=gone, into=kept, by=None, at=now)
    actions.bring_up_to(ON, at=now)
    values = queries.values_on(ON)
    assert values.keys() == {kept}
    assert (values[kept]["active_users_28d"], values[kept]["breadth_28d"], values[kept]["logins_7d"]) == (2, 2, 1)
    assert (values[kept]["depth_28d"], values[kept]["top_user_share_28d"]) == (3.0, 0.5)  # 6 uses on 2 days
    assert queries.values_on(ON - timedelta(days=4))[kept]["logins_7d"] == 1  # its history too
    assert queries.first_used_on() == {kept: ON - timedelta(days=4)}
    assert queries.last_used_on() == {kept: ON - timedelta(days=1)}
    counts = queries.counts_of(kept, from_on=ON - timedelta(days=9), until_on=ON)
    assert [(one.event, one.feature, one.n) for one in counts] == [
        ("login", None, 1), ("saved", "search", 3), ("saved", "report", 3),
    ]  # fmt: skip
    assert actions.bring_up_to(ON, at=now).days == []

    part(customer_id=gone, by=None, at=now)
    actions.bring_up_to(ON, at=now)
    assert [queries.values_on(ON - timedelta(days=back)) for back in range(6)] == apart


def test_a_merge_leaves_the_rows_of_all_others_alone(ids: dict[str, int], now: datetime) -> None:
    kept, gone = merged_pair(ids, now)
    third = customers.upsert([CustomerFacts(source="crm", external_id="3", name="3")], by=None, at=now)[0]["3"]
    happened([(third, 50, "saved", None, ON - timedelta(days=9), 1)], now=now)
    actions.bring_up_to(ON, at=now)
    spoil(ON, third, now)
    merge(customer_id=gone, into=kept, by=None, at=now)
    actions.bring_up_to(ON, at=now)
    assert queries.values_on(ON)[third]["logins_7d"] == 777


def test_what_came_for_a_number_that_nobody_knew_counts_once_somebody_links_it(
    ids: dict[str, int], now: datetime
) -> None:
    used = ids["used"]
    ada = actions.user_ids("app", [(used, "ada")], at=now)[used, "ada"]
    stranger = people.stranger_ids("app", ["ada"], at=now)["ada"]
    happened(
        [(used, ada, "saved", "search", ON - timedelta(days=1), 1), (-4, stranger, "saved", "report", ON, 1)], now=now
    )
    actions.bring_up_to(ON, at=now)
    assert queries.values_on(ON)[used]["breadth_28d"] == 1
    CustomerAlias.objects.create(old_id=-4, customer_id=used, at=now)
    actions.bring_up_to(ON, at=now)
    values = queries.values_on(ON)[used]
    assert (values["active_users_28d"], values["breadth_28d"], values["days_since_last"]) == (1, 2, 0)
