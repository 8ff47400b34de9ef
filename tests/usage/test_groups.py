"""The usage of a group of customers as one: over the union of its facts, nobody counted twice."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.usage.events import ON, ago, happened

from perennial.contracts import actions as contracts
from perennial.customers import actions as customers
from perennial.customers.merging import merge
from perennial.customers.terms import CustomerFacts
from perennial.kernel.versions import Incoming
from perennial.usage import actions, groups, queries
from perennial.usage.lake import metric_keys
from perennial.usage.models import ProductUser
from perennial.usage.queries import Values
from perennial.usage.terms import UserKind

pytestmark = pytest.mark.django_db


@pytest.fixture
def ids(organisation: None, home: Path, now: datetime) -> dict[str, int]:
    facts = [CustomerFacts(source="crm", external_id=key, name=key) for key in ("top", "left", "right", "silent")]
    return customers.upsert(facts, by=None, at=now)[0]


def used(ids: dict[str, int], now: datetime) -> dict[tuple[int, str], int]:
    """Ada works for left and right, by one id of one source; her namesake of another source at right is somebody else.

    Core events of 28 days: left 3 + 1, right 2 + 1 + 4; on the days 1, 3 and 10 ago.
    """
    left, right = ids["left"], ids["right"]
    known = actions.user_ids("app", [(left, "ada"), (right, "ada"), (left, "eve")], at=now)
    known |= actions.user_ids("desk", [(right, "ada")], at=now) | {(right, "ada"): known[right, "ada"]}
    namesake = ProductUser.objects.get(source="desk").pk
    happened(
        [
            (left, known[left, "ada"], "saved", "search", ago(1), 3),
            (left, known[left, "eve"], "saved", "report", ago(10), 1),
            (left, known[left, "eve"], "login", None, ago(2), 5),
            (right, known[right, "ada"], "saved", "search", ago(1), 2),
            (right, namesake, "saved", "board", ago(3), 1),
            (right, namesake, "saved", "search", ago(3), 4),
            (right, known[right, "ada"], "saved", "search", ago(40), 7),
        ],
        now=now,
    )
    return known


def group_on(ids: dict[str, int], day: date = ON, names: tuple[str, ...] = ("top", "left", "right")) -> Values:
    (row,) = groups.series_of([ids[name] for name in names], from_on=day, until_on=day + timedelta(days=1))
    return row.values


def test_a_group_is_counted_over_the_union_of_its_facts_and_a_user_of_two_customers_once(
    ids: dict[str, int], now: datetime
) -> None:
    used(ids, now)
    actions.bring_up_to(ON, at=now)
    found = group_on(ids)
    assert (found["active_users_7d"], found["active_users_28d"]) == (2, 3)  # Ada, her namesake; and Eve
    assert found["breadth_28d"] == 3  # search is one, wherever it was used
    assert (found[groups.CORE_EVENTS], found[groups.ACTIVE_DAYS]) == (11, 3)  # both worked on the day before
    assert found["depth_28d"] == 11 / 3
    assert found["logins_7d"] == 5
    assert found["top_user_share_28d"] == 5 / 11  # Ada 3 + 2, her namesake 1 + 4
    assert found["trend_28d"] == 16 / 7
    assert found["days_since_last"] == 1
    assert found["seats_used_28d"] is None


def test_each_customer_by_itself_has_the_values_that_its_own_file_shows(ids: dict[str, int], now: datetime) -> None:
    used(ids, now)
    actions.bring_up_to(ON, at=now)
    apart = groups.apart([ids[name] for name in ("top", "left", "right")], on=ON)
    assert apart.keys() == {ids["left"], ids["right"]}  # nothing was ever measured of the one on top
    for customer, values in queries.values_on(ON).items():
        assert {key: apart[customer][key] for key in metric_keys()} == values
    assert [apart[ids[name]]["active_users_28d"] for name in ("left", "right")] == [2, 2]
    assert [apart[ids[name]][groups.CORE_EVENTS] for name in ("left", "right")] == [4, 7]
    assert [apart[ids[name]][groups.ACTIVE_DAYS] for name in ("left", "right")] == [2, 2]


def test_each_day_of_the_past_is_counted_so_and_there_is_none_before_the_first_event(
    ids: dict[str, int], now: datetime
) -> None:
    used(ids, now)
    actions.bring_up_to(ON, at=now)
    rows = groups.series_of(
        [ids[name] for name in ("top", "left", "right")], from_on=ago(90), until_on=ON + timedelta(days=1)
    )
    assert [row.on for row in rows] == [ago(back) for back in range(40, -1, -1)]
    by_day = {row.on: row.values for row in rows}
    assert [by_day[ago(back)]["active_users_28d"] for back in (40, 13, 12, 10, 4, 3, 1)] == [1, 1, 0, 1, 1, 2, 3]
    assert by_day[ON] == group_on(ids)


def test_only_the_customers_named_are_counted(ids: dict[str, int], now: datetime) -> None:
    used(ids, now)
    actions.bring_up_to(ON, at=now)
    assert group_on(ids, names=("top", "left"))[groups.CORE_EVENTS] == 4
    assert groups.series_of([ids["top"], ids["silent"]], from_on=ON, until_on=ON + timedelta(days=1)) == []
    only = groups.series_of(
        [ids["top"], ids["left"]], from_on=ON, until_on=ON + timedelta(days=1), keys=["active_users_28d"]
    )
    assert only[0].values == {"active_users_28d": 2}


def test_a_merged_customers_facts_are_in_the_group_of_the_one_that_remains(ids: dict[str, int], now: datetime) -> None:
    used(ids, now)
    merge(customer_id=ids["right"], into=ids["left"], by=None, at=now)
    actions.bring_up_to(ON, at=now)
    found = group_on(ids, names=("top", "left"))
    assert (found["active_users_28d"], found[groups.CORE_EVENTS]) == (3, 11)
    apart = groups.apart([ids["top"], ids["left"]], on=ON)
    assert (apart[ids["left"]]["active_users_28d"], apart[ids["left"]][groups.CORE_EVENTS]) == (3, 11)


def test_own_staff_is_in_no_group(ids: dict[str, int], now: datetime) -> None:
    known = used(ids, now)
    actions.classify(user_ids=[known[ids["left"], "eve"]], kind=UserKind.STAFF, by=None, at=now)
    actions.bring_up_to(ON, at=now)
    assert (group_on(ids)["active_users_28d"], group_on(ids)["logins_7d"]) == (2, 0)


def test_the_seats_of_a_group_are_the_sum_of_those_that_contracts_name(ids: dict[str, int], now: datetime) -> None:
    used(ids, now)
    contract_ids, _ = contracts.write_contracts(
        [Incoming(name, {"customer_id": ids[name]}) for name in ("top", "right")], source="crm", at=now
    )
    line = {"amount": 10000, "amount_months": 1, "currency": "USD", "ends_on": None}
    contracts.write_lines(
        [
            Incoming(name, {**line, "customer_id": ids[name], "contract_id": contract_ids[name], "quantity": seats,
                            "starts_on": ago(since)})
            for name, seats, since in (("top", 10, 20), ("right", 2, 0))
        ],
        source="crm", at=now,
    )  # fmt: skip
    actions.bring_up_to(ON, at=now)
    assert group_on(ids)["seats_used_28d"] == 3 / 12
    assert group_on(ids, ago(1))["seats_used_28d"] == 3 / 10
    assert group_on(ids, ago(21))["seats_used_28d"] is None


def test_events_by_feature_are_those_of_all_its_customers(ids: dict[str, int], now: datetime) -> None:
    used(ids, now)
    actions.bring_up_to(ON, at=now)
    counts = groups.counts_of([ids["top"], ids["left"], ids["right"]], from_on=ago(1), until_on=ON)
    assert [(one.event, one.feature, one.n) for one in counts] == [("saved", "search", 5)]


def test_which_metrics_count_users(home: Path) -> None:
    counted = [key for key in metric_keys() if groups.users_counted(key)]
    assert counted == ["active_users_7d", "active_users_28d"]
    assert not groups.users_counted(groups.CORE_EVENTS)
    assert not groups.users_counted("nothing")


def test_a_larger_group_costs_no_more_queries(ids: dict[str, int], now: datetime) -> None:
    used(ids, now)
    actions.bring_up_to(ON, at=now)

    def cost(names: tuple[str, ...]) -> int:
        with CaptureQueriesContext(connection) as asked:
            group_on(ids, names=names)
            groups.apart([ids[name] for name in names], on=ON)
        return len(asked)

    assert cost(("top", "left")) == cost(("top", "left", "right", "silent"))
