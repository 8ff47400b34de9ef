"""Tier and stage are derived set-wise from contracts; entries and exits are recorded, twice is once."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from tests.contracts.books import customers, keep, line

from perennial.contracts.rates import write_rates
from perennial.customers.models import Customer
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.versions import Incoming
from perennial.lifecycle import actions, queries
from perennial.lifecycle.models import Passage

pytestmark = pytest.mark.django_db
ON = date(2024, 12, 31)


def passages(customer_id: int) -> list[tuple[str, str, date, date | None]]:
    return [(p.scale, p.value, p.entered_on, p.left_on) for p in reversed(queries.passages_of(customer_id))]


@pytest.fixture
def ids(organisation: None, now: datetime) -> dict[str, int]:
    ids = customers("year", "open", "none", at=now)
    keep(
        [
            line("y", ids["year"], "2024-04-01", "2025-04-01", 1_000_000),  # 120,000.00 USD a year
            line("o", ids["open"], "2024-06-01", None, 50_000),  # 6,000.00 USD a year
        ],
        at=now,
        signed={"y": "2024-03-15"},
    )
    return ids


def test_the_tier_follows_the_revenue_of_the_day_and_the_stage_the_term(ids: dict[str, int]) -> None:
    found = queries.standing(ON)
    assert found[ids["year"]] == queries.Standing("usd_100k", "growth", date(2024, 6, 13), date(2024, 3, 15), None)
    assert found[ids["open"]].tier == "usd_5k"
    assert found[ids["none"]] == queries.Standing(None, None, None, None, None)
    assert queries.standing(date(2025, 1, 1), [ids["year"]])[ids["year"]].stage == "renewal"
    assert queries.standing(date(2024, 5, 1), [ids["year"]])[ids["year"]].stage == "onboarding"


def test_a_currency_without_a_preset_gives_no_tier(ids: dict[str, int], now: datetime) -> None:
    Organisation.objects.update(currency="EUR")
    known = {"base": "USD", "currency": "EUR", "on": date(2020, 1, 1), "rate": "0.9"}
    write_rates([Incoming(None, known)], source="test", at=now)
    assert {one.tier for one in queries.standing(ON).values()} == {None}


def test_first_value_that_others_reached_makes_a_missing_one_late(ids: dict[str, int]) -> None:
    Customer.objects.filter(id=ids["none"]).update(first_value_on=date(2024, 6, 1))
    assert queries.standing(ON, [ids["year"]])[ids["year"]].stage == "onboarding_overdue"
    Customer.objects.filter(id=ids["year"]).update(first_value_on=date(2024, 5, 20))
    found = queries.standing(ON, [ids["year"]])[ids["year"]]
    assert (found.stage, found.stage_since_on, found.first_value_on) == ("growth", date(2024, 5, 20), date(2024, 5, 20))


def test_passages_open_and_close_and_a_second_run_changes_nothing(ids: dict[str, int], now: datetime) -> None:
    assert actions.derive(ON, at=now) == 2
    assert actions.derive(ON, at=now) == 0
    assert actions.derive(date(2025, 1, 5), at=now) == 1
    assert actions.derive(ON, at=now) == 0  # an earlier day

    assert passages(ids["year"]) == [
        ("stage", "growth", date(2024, 6, 13), date(2025, 1, 1)),
        ("tier", "usd_100k", ON, None),
        ("stage", "renewal", date(2025, 1, 1), None),
    ]
    moved = JournalEntry.objects.get(kind="customer.stage_changed")
    assert moved.data == {"from": "growth", "to": "renewal", "on": "2025-01-01"}


def test_a_customer_whose_term_and_grace_are_over_leaves_its_stage(ids: dict[str, int], now: datetime) -> None:
    actions.derive(date(2025, 4, 20), at=now)
    assert queries.standing(date(2025, 4, 20))[ids["year"]].stage == "renewal"
    actions.derive(date(2025, 5, 1), at=now)
    assert not Passage.objects.filter(customer_id=ids["year"], scale="stage", left_on=None).exists()


@pytest.mark.parametrize("count", [1, 40])
def test_deriving_costs_the_same_queries_for_one_customer_and_for_forty(
    organisation: None, now: datetime, django_assert_num_queries: Any, count: int
) -> None:
    ids = customers(*(f"c{n}" for n in range(count)), at=now)
    keep([line(f"l{n}", ids[f"c{n}"], "2024-04-01", "2025-04-01", 1000) for n in range(count)], at=now)
    with django_assert_num_queries(14):  # a savepoint and its release among them
        actions.derive(ON, at=now)
