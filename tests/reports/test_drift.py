"""Drift of the measures that the score reads, from what nights froze."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.aids import signed_in, told
from tests.customers.books import customer

from perennial.customers.models import Customer
from perennial.health import actions as health
from perennial.health import frozen
from perennial.health import queries as health_reads
from perennial.health.calculations.weights import weights_of
from perennial.health.facts import MEASURES, DayFacts
from perennial.kernel.organisation import actions as organisation_actions
from perennial.members.models import Member
from perennial.pages import tags
from perennial.reports import drift

ON = date(2026, 3, 2)
THEN = ON - timedelta(weeks=13)
SIZE = 60
Day = Callable[..., None]


@pytest.fixture
def ids(organisation: None, home: Path, member: Callable[..., int], now: datetime) -> list[int]:
    """Sixty customers of Wei, as the scorecard that ships sees them."""
    organisation_actions.move_as_of(on=ON, by=None, at=now)
    owner = member("csm", name="Wei")
    for n in range(SIZE):
        customer(f"C{n:02}", at=now, owner=owner)
    health.score_day(ON, at=now)
    return list(Customer.objects.order_by("id").values_list("id", flat=True))


@pytest.fixture
def day(ids: list[int], now: datetime) -> Day:
    """Return what freezes a day: every measure is the customer's place, of today, but for those that are given."""

    def freeze(on: date, **other: tuple[Any, float]) -> None:
        values = np.repeat(np.arange(SIZE, dtype=np.float64)[:, None], len(MEASURES), axis=1)
        ages = np.zeros_like(values)
        for key, (value, age) in other.items():
            values[:, MEASURES.index(key)], ages[:, MEASURES.index(key)] = value, age
        frozen.write_inputs([DayFacts(on, ids, values, ages, tiers=None)], news=None, at=now)

    return freeze


def found(key: str) -> drift.Drift:
    told = drift.drifts(Member.objects.get(role="csm"), ON)
    assert told is not None
    return next(one for one in told.measures if one.measure.key == key)


def test_what_did_not_change_is_not_flagged(day: Day) -> None:
    day(THEN)
    day(ON)
    one = found("nps")
    assert (one.psi.value, one.is_drifted, one.stopped_on) == (0, False, None)
    assert (one.psi.before, one.psi.now) == (SIZE, SIZE)
    assert one.psi.floor == pytest.approx(21.666 * 2 / SIZE, abs=1e-3)


def test_a_shift_beyond_noise_is_flagged(day: Day) -> None:
    day(THEN)
    day(ON, nps=(np.arange(SIZE) / 4, 0))
    assert found("nps").is_drifted
    assert not found("csat").is_drifted


def test_a_measure_that_stopped_is_named_with_its_day_and_who_turns_grey(day: Day) -> None:
    day(THEN)
    stale = {key: (np.nan, np.nan) for key in MEASURES if key not in {"active_users_28d", "nps"}}
    day(ON, **stale, nps=(5.0, 200))
    one = found("nps")
    assert one.stopped_on == ON - timedelta(days=200)
    gone = found("csat")
    assert (gone.stopped_on, gone.is_drifted, gone.psi.now) == (THEN, False, 0)


def test_who_turns_grey_is_who_had_a_colour_with_it(day: Day) -> None:
    [card] = health_reads.cards_in_force(ON)
    shares = dict(zip((one.key for one in card.card.measures), weights_of(card.card).tolist(), strict=True))
    known, stale = 1_000_000, dict[str, Any]()
    for key in sorted(shares, key=lambda one: -shares[one]):
        stale[key], known = (1.0, 10_000), known - shares[key]
        if known < 1_000_000 * card.card.least_coverage:
            break
    day(THEN)
    day(ON, **stale)
    assert found(key).grey == SIZE
    assert found(key).stopped_on == ON - timedelta(days=10_000)


def test_the_page_says_it_in_words_and_the_file_has_it(day: Day) -> None:
    client = signed_in(Member.objects.get(role="csm").pk)
    assert "Nothing is known of thirteen weeks ago" in told(client.get("/usage/drift"))
    day(THEN)
    day(ON, nps=(np.nan, np.nan), csat=(np.arange(SIZE) / 4, 0))
    page = told(client.get("/usage/drift"))
    assert "2 measures of the score drifted or stopped." in page
    assert f"No value has come since {tags.day(THEN)}. It turns 0 customers grey." in page
    assert page.count("Drifted beyond its noise") == 1
    file = client.post("/usage/drift/export", {"format": "csv"}).content.decode("utf-8-sig")
    assert "Drifted beyond its noise" in file


def test_whoever_sees_nobody_is_told_of_nobody(day: Day, member: Callable[..., int]) -> None:
    day(THEN)
    day(ON)
    assert "Nothing was scored yet" in told(signed_in(member("csm")).get("/usage/drift"))
