"""From an event that was sent for nobody to the customer's figures: after a link what came before counts, users once,
and taken back it counts for nobody again. Every figure is told by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from tests.intake.sending import SEEN_BY_ALL_THREADS, Sending

from perennial.intake import deciding
from perennial.intake.models import Unconfirmed
from perennial.intake.taking import taking
from perennial.jobs import nightly, reactions
from perennial.kernel.queue.models import Job
from perennial.usage import queries

pytestmark = SEEN_BY_ALL_THREADS
Known = Callable[..., dict[str, int]]
ON = date(2026, 3, 2)


def used(number: int, user: str, days_ago: int, group: str | None = None, feature: str = "reports") -> dict[str, Any]:
    """Return a core event at noon UTC, some days before the as-of day."""
    on = ON - timedelta(days=days_ago)
    message = {"type": "track", "messageId": f"m{number}", "userId": user, "event": "Report Opened",
               "timestamp": f"{on}T02:00:00Z", "properties": {"feature": feature}}  # fmt: skip
    return message | ({"context": {"groupId": group}} if group else {})


def told(customer_id: int, on: date = ON) -> tuple[Any, ...] | None:
    """Return (active users in 28 days, in 7 days, breadth, core events a day, days since the last) of a day."""
    values = queries.values_on(on, [customer_id]).get(customer_id)
    if values is None:
        return None
    keys = ("active_users_28d", "active_users_7d", "breadth_28d", "depth_28d", "days_since_last")
    return tuple(values[key] for key in keys)


def computed(now: datetime) -> None:
    """Do what the worker does after a decision: its reaction, and the computation that it asks for."""
    reactions.dispatch(at=now)
    assert Job.objects.filter(kind="recompute").exists()
    nightly.run(ON, at=now)


def one(external_id: str) -> int:
    return Unconfirmed.objects.get(external_id=external_id).pk


def test_what_came_before_a_link_counts_after_it_and_each_user_once(
    web: Sending, admin: int, known: Known, now: datetime
) -> None:
    acme = known("Acme")["Acme"]
    web.send(
        used(1, "u1", 20, "acme"), used(2, "u1", 20, "acme", "export"), used(3, "u2", 10, "acme"),
        used(4, "u1", 3, "acme"), used(5, "u3", 2, "globex"),
    )  # fmt: skip
    nightly.run(ON, at=now)
    assert told(acme) is None
    deciding.link({one("acme"): acme}, by=admin, at=now)
    computed(now)
    # u1 and u2; of these u1 in the last week; reports and export; 4 events on 3 days; the last 3 days ago
    assert told(acme) == (2, 1, 2, 4 / 3, 3)
    assert told(acme, ON - timedelta(days=10)) == (2, 1, 2, 3 / 2, 0)
    web.send(used(6, "u1", 1, "acme"))  # the process that knew it as nobody's
    taking.cache_clear()
    web.send(used(7, "u1", 1, "acme"), used(8, "u2", 1), used(9, "u4", 0, "acme"))  # one that has just begun
    nightly.run(ON, at=now)
    # u1, u2, u4 all in the last week; 8 events on 5 days
    assert told(acme) == (3, 3, 2, 8 / 5, 0)
    assert queries.counts_of(acme, from_on=ON, until_on=ON + timedelta(days=1))[0].n == 1
    assert {each.day for each in queries.counts_of(acme, from_on=date(2026, 1, 1), until_on=date(2027, 1, 1))} == {
        20494, 20504, 20511, 20513, 20514,
    }  # fmt: skip


def test_a_user_who_came_under_two_groups_of_one_customer_is_one(
    web: Sending, admin: int, known: Known, now: datetime
) -> None:
    acme = known("acme", source="app")["acme"]
    web.send(used(1, "u1", 5, "app-acme"), used(2, "u1", 4, "acme-eu"), used(3, "u1", 3, "acme-us"))
    for group in ("acme-eu", "acme-us"):
        deciding.link({one(group): acme}, by=admin, at=now)
    taking.cache_clear()
    web.send(used(4, "u1", 1, "acme-us"))
    computed(now)
    assert told(acme) == (1, 1, 1, 4 / 4, 1)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_user_of_two_groups_of_two_customers_is_one_at_each(
    web: Sending, admin: int, known: Known, now: datetime, at_once: bool
) -> None:
    ids = known("Acme", "Globex")
    web.send(used(1, "both", 5, "a"), used(2, "both", 4, "g"), used(3, "alone", 4, "g"))
    links = {one("a"): ids["Acme"], one("g"): ids["Globex"]}
    for part in [links] if at_once else [{number: customer} for number, customer in links.items()]:
        deciding.link(part, by=admin, at=now)
    taking.cache_clear()
    web.send(used(4, "both", 2, "a"), used(5, "both", 2, "g"))
    computed(now)
    assert told(ids["Acme"]) == (1, 1, 1, 2 / 2, 2)
    assert told(ids["Globex"]) == (2, 2, 1, 3 / 2, 2)


def test_a_user_whom_an_old_process_still_takes_for_a_stranger_is_one(
    web: Sending, admin: int, known: Known, now: datetime
) -> None:
    acme = known("Acme")["Acme"]
    web.send(used(1, "u1", 5, "acme"))
    old = taking()
    deciding.link({one("acme"): acme}, by=admin, at=now)
    web.send(used(2, "late", 4, "acme"))  # the old process makes a stranger of him
    assert taking() is old
    taking.cache_clear()
    web.send(used(3, "late", 3, "acme"))
    computed(now)
    assert told(acme) == (2, 2, 1, 3 / 3, 3)


def test_a_link_taken_back_leaves_the_customer_as_if_it_had_never_been(
    web: Sending, admin: int, known: Known, now: datetime
) -> None:
    acme = known("acme", source="app")["acme"]
    web.send(used(1, "u1", 5, "app-acme"), used(2, "u2", 4, "other"))
    nightly.run(ON, at=now)
    before = told(acme)
    assert before == (1, 1, 1, 1.0, 5)
    deciding.link({one("other"): acme}, by=admin, at=now)
    computed(now)
    assert told(acme) == (2, 2, 1, 1.0, 4)
    deciding.take_back([one("other")], by=admin, at=now)
    computed(now)
    assert told(acme) == before


def test_a_customer_made_of_a_group_has_its_past_at_once(web: Sending, admin: int, now: datetime) -> None:
    web.send(used(1, "u1", 5, "acme"), used(2, "u2", 4, "acme"), used(3, "lone", 3))
    made = deciding.create([one("acme"), one("user:lone")], by=admin, at=now)
    computed(now)
    assert told(made[one("acme")]) == (2, 2, 1, 1.0, 4)
    assert told(made[one("user:lone")]) == (1, 1, 1, 1.0, 3)


def test_an_ignored_group_counts_for_nobody(web: Sending, admin: int, known: Known, now: datetime) -> None:
    acme = known("acme", source="app")["acme"]
    web.send(used(1, "u1", 5, "app-acme"), used(2, "u2", 4, "bots"))
    deciding.ignore([one("bots")], by=admin, at=now)
    nightly.run(ON, at=now)
    assert told(acme) == (1, 1, 1, 1.0, 5)
    assert set(queries.values_on(ON)) == {acme}
