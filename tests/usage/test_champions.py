"""Who the champion is: the contact called so where a user is known to be him, day by day; else by what users did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.usage.test_actions import happened

from perennial.blueprint import actions as configuration
from perennial.blueprint import queries as blueprint
from perennial.customers import actions as customers
from perennial.customers.models import Contact
from perennial.customers.terms import CustomerFacts
from perennial.kernel.organisation import actions as place
from perennial.kernel.versions import Incoming
from perennial.usage import actions, backfill, champions, own_inputs, queries
from perennial.usage.calculations.champions import Tag, stretches

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 2)


def test_of_several_the_last_called_counts_and_one_who_left_is_followed_by_nobody() -> None:
    tags = [Tag(0, 50, None, 7), Tag(20, None, 40, 8), Tag(30, None, None, None)]
    assert stretches(tags, from_day=10, until_day=60) == [
        (10, 20, 7, 0), (20, 30, 8, 0), (30, 40, 8, 0), (40, 50, 7, 0), (50, 60, None, 0)]  # fmt: skip
    assert stretches(tags[1:2], from_day=30, until_day=45) == [(30, 40, 8, 0), (40, 45, None, 1)]
    assert stretches([], from_day=1, until_day=3) == [(1, 3, None, 0)]


@pytest.fixture
def ids(organisation: None, home: Path, now: datetime, member: Callable[..., int]) -> dict[str, int]:
    """Of a: ada is busiest and was here in each of the last weeks, Bob not for six."""
    facts = [CustomerFacts(source="crm", external_id=name, name=name) for name in ("a", "none")]
    found = customers.upsert(facts, by=None, at=now)[0]
    users = actions.user_ids("app", [(found["a"], "ada@a.example"), (found["a"], "BOB@a.example")], at=now)
    ada, bob = users[found["a"], "ada@a.example"], users[found["a"], "BOB@a.example"]
    rows = [(found["a"], ada, "saved", None, ON - timedelta(weeks=back), 9) for back in range(26)]
    rows += [(found["a"], bob, "saved", None, ON - timedelta(weeks=back), 1) for back in range(6, 26)]
    rows += [(found["a"], bob, "User Invited", None, ON - timedelta(weeks=7), 1)]
    happened(rows, now=now)
    happened([(found["none"], None, "saved", None, ON, 1)], now=now)
    place.move_as_of(on=ON, by=None, at=now)
    wanted = [one for one in yaml.safe_load(blueprint.metric_library())["metrics"] if one["key"].startswith("champion")]
    text = yaml.safe_dump({"metrics": wanted}, allow_unicode=True)
    configuration.publish(part="own_metrics", text=text, reason="Wanted", from_on=None, base=None, by=member("admin"),
                          at=now)  # fmt: skip
    return {**found, "ada": ada, "bob": bob}


def calls(customer: int, name: str, at: datetime, **given: object) -> None:
    values = {"customer_id": customer, "name": name, "email": f"{name}@a.example", "is_champion": True, **given}
    customers.write_contacts([Incoming(name, values, at)], source="crm", at=at)


def computed(now: datetime) -> None:
    backfill.run(at=now, report=lambda _done, _total: None)
    actions.bring_up_to(ON, at=now)


def told(customer: int, on: date = ON) -> tuple[float | None, ...]:
    found = queries.values_on(on)[customer]
    return tuple(found[key] for key in ("champion_gap_weeks", "champion_alarm"))


def test_without_a_contact_the_leading_user_is_he_and_the_tab_says_by_which_shares(
    ids: dict[str, int], now: datetime
) -> None:
    computed(now)
    shown = champions.of_customer(ids["a"], ON)
    # of 90 days: thirteen weeks of ada's nine; of Bob seven, and all that was administered
    assert (shown.name, shown.is_called, shown.gap) == ("BOB@a.example", False, 6)
    assert (shown.of_core, shown.of_admin) == (Fraction(8, 125), Fraction(1))
    assert shown.tells_admin and shown.is_alarm and shown.silence == pytest.approx((7 / 28) ** 6)
    assert told(ids["a"]) == (6, 1)
    nobody = champions.of_customer(ids["none"], ON)
    assert (nobody.user, nobody.is_alarm) == (None, False) and told(ids["none"]) == (None, None)


def test_the_contact_called_so_is_he_from_the_day_on_which_that_was_learned(ids: dict[str, int], now: datetime) -> None:
    calls(ids["a"], "ada", now - timedelta(days=3))
    computed(now)
    shown = champions.of_customer(ids["a"], ON)
    assert (shown.name, shown.is_called, shown.gap, shown.weeks) == ("ada", True, 0, 26)
    assert told(ids["a"]) == (0, 0)
    assert told(ids["a"], ON - timedelta(days=7)) == (5, 1)  # nobody called her so then: Bob


def test_whoever_left_is_an_alarm_at_once_until_somebody_else_is_called_so(ids: dict[str, int], now: datetime) -> None:
    calls(ids["a"], "ada", now - timedelta(days=30), left_on=ON)
    computed(now)
    shown = champions.of_customer(ids["a"], ON)
    assert shown.left_on == ON and shown.is_alarm and told(ids["a"])[1] == 1
    assert told(ids["a"], ON - timedelta(days=7)) == (0, 0)
    made = {name: value for name, _measure, value in own_inputs.of_customer(ids["a"], "champion_alarm", ON, seats=None)}
    assert made["champion_left"] == 1 and made["gap"] == 6


def test_a_contact_whom_no_user_is_known_to_be_is_named_and_use_decides(ids: dict[str, int], now: datetime) -> None:
    calls(ids["a"], "cyd", now - timedelta(days=30))
    computed(now)
    shown = champions.of_customer(ids["a"], ON)
    assert (shown.called, shown.is_called, shown.user) == (("cyd",), False, ids["bob"])


def test_the_queries_do_not_grow_with_the_customers(ids: dict[str, int], now: datetime) -> None:
    calls(ids["a"], "ada", now)
    with CaptureQueriesContext(
        connection,
    ) as few:
        champions.tags(champions.counted.merged(champions.aliases()))
    more = customers.upsert([CustomerFacts(source="crm", external_id=str(n), name=str(n)) for n in range(40)], by=None,
                            at=now)[0]  # fmt: skip
    for name, customer in more.items():
        calls(customer, f"p{name}", now)
    with CaptureQueriesContext(connection) as many:
        champions.tags(champions.counted.merged(champions.aliases()))
    assert len(many) == len(few) and Contact.objects.count() == 41
