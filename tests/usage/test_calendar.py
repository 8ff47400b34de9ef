"""Trends of a fleet that rests together: what is a holiday for all is no customer's fall, and is on its usage tab."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import date, datetime, timedelta
from math import log1p
from pathlib import Path

import numpy as np
import pytest
import yaml
from django.test import Client
from scipy.stats import theilslopes
from tests.usage.test_actions import happened

from perennial.blueprint import actions as configuration
from perennial.blueprint import queries as blueprint
from perennial.customers import actions as customers
from perennial.customers.models import Customer
from perennial.customers.terms import CustomerFacts
from perennial.kernel.organisation import actions as organisation
from perennial.lake.terms import day_number
from perennial.members.models import Member
from perennial.usage import actions, backfill, calendar, own_inputs, queries

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 2)
WEEKS, LAST = 30, 6


def users_of(customer: int) -> list[int]:
    """Weekly users, the oldest first: level, and half of it in the last six weeks; the first customer falls deeper."""
    level = 4 + 2 * (customer % 3)
    return [level] * (WEEKS - LAST) + [level // (4 if customer == 0 else 2)] * LAST


def fleet(size: int, now: datetime, by: int) -> list[int]:
    organisation.move_as_of(on=ON, by=None, at=now)
    facts = [CustomerFacts(source="crm", external_id=str(n), name=str(n), region="EMEA") for n in range(size)]
    found = customers.upsert(facts, by=None, at=now)[0]
    ids = [found[str(n)] for n in range(size)]
    happened([
        (ids[n], user + 1, "saved", None, ON - timedelta(weeks=WEEKS - 1 - week), 1)
        for n in range(size) for week, users in enumerate(users_of(n)) for user in range(users)
    ], now=now)  # fmt: skip
    wanted = [one for one in yaml.safe_load(blueprint.metric_library())["metrics"] if one["key"].startswith("users_tr")]
    text = yaml.safe_dump({"metrics": wanted}, allow_unicode=True)
    configuration.publish(part="own_metrics", text=text, reason="Wanted", from_on=None, base=None, by=by, at=now)
    actions.bring_up_to(ON, at=now)
    backfill.run(at=now, report=lambda _done, _total: None)
    return ids


def recounted(size: int, customer: int) -> tuple[float, float]:
    """Return the slopes as counted and adjusted, in numpy and scipy."""
    every = np.array([users_of(n) for n in range(size)], dtype=float)
    weeks = range(WEEKS - 13, WEEKS)
    ratios = [(every[:, w] + 0.5) / (np.median(every[:, max(0, w - 25) : w + 1], axis=1) + 0.5) for w in weeks]
    mine = every[customer, WEEKS - 13 :]
    adjusted = mine / np.array([np.median(one) for one in ratios])
    slopes = [theilslopes([log1p(value) for value in values], range(13)).slope for values in (mine, adjusted)]
    return float(slopes[0]), float(slopes[1])


@pytest.fixture
def admin(organisation: None, home: Path, member: Callable[..., int]) -> int:
    return member("admin")


def test_a_rest_of_all_is_no_fall_of_one_in_values_on_the_tab_and_in_the_inputs(admin: int, now: datetime) -> None:
    ids = fleet(55, now, admin)
    for customer in (0, 1, 2):
        counted, adjusted = recounted(55, customer)
        told = queries.values_on(ON)[ids[customer]]
        assert told["users_trend_13w"] == pytest.approx(counted, rel=1e-9)
        assert told["users_trend_13w_adjusted"] == pytest.approx(adjusted, rel=1e-9)
        shown = calendar.of_customer(ids[customer], ON)
        assert (shown.slope, shown.adjusted_slope) == (pytest.approx(counted), pytest.approx(adjusted))
        ((_name, _measure, value),) = own_inputs.of_customer(
            ids[customer], "users_trend_13w_adjusted", ON, seats=None)  # fmt: skip
        assert value == pytest.approx(adjusted)
    falling, resting = (recounted(55, customer) for customer in (0, 1))
    assert resting[0] < -0.04 and abs(resting[1]) < 0.01 and falling[1] < -0.02
    assert shown.is_adjusted and shown.by_region and shown.customers == 55


def test_a_day_that_is_made_by_itself_is_as_it_was_made_with_the_others(admin: int, now: datetime) -> None:
    ids = fleet(55, now, admin)
    before = queries.values_on(ON)[ids[1]]["users_trend_13w_adjusted"]
    happened([(ids[2], 1, "saved", None, ON, 1)], now=now)
    actions.bring_up_to(ON, at=now)
    assert queries.values_on(ON)[ids[1]]["users_trend_13w_adjusted"] == pytest.approx(before, rel=1e-9)


def test_a_small_fleet_says_that_nothing_was_adjusted(admin: int, now: datetime) -> None:
    ids = fleet(9, now, admin)
    told = queries.values_on(ON)[ids[1]]
    assert told["users_trend_13w_adjusted"] == told["users_trend_13w"] == pytest.approx(recounted(9, 1)[0], rel=1e-9)
    assert not calendar.up_to(day_number(ON)).factors
    client = Client()
    client.force_login(Member.objects.get(id=admin))
    at = f"/customers/{Customer.objects.get(id=ids[1]).key}"
    said = html.unescape(client.get(f"{at}/weeks").content.decode())
    assert "Not adjusted: below 50 customers" in said and "Trend after adjustment" not in said
    assert len(client.get(f"{at}/charts/weekly").json()["series"]) == 1
