"""The time line: every room's rows, newest first, and pages that are the whole line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.utils import timezone
from tests.contracts.books import keep, line
from tests.customers.books import customer
from tests.reports.files import ON, SOURCE, file_of, instant, rich

from perennial.contracts.actions import write_cancellations
from perennial.customers.actions import assign
from perennial.customers.models import Customer
from perennial.engagement.actions import log, write_touchpoints
from perennial.engagement.terms import LogEntry
from perennial.kernel.journal import actions as journal
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.organisation.queries import house
from perennial.kernel.versions import Incoming
from perennial.reports import timeline
from perennial.reports.timeline import Kind
from perennial.support.actions import write_tickets
from perennial.voice.actions import write_answers

SIZES = (1, 3, 7, 40)


@pytest.fixture
def place(member: Callable[..., int], now: datetime) -> dict[str, Any]:
    organisation.move_as_of(on=ON, by=None, at=now)
    csm = member("csm")
    key = customer("Acme", at=now, owner=csm)
    return {"csm": csm, "reader": member("reader"), "key": key, "id": Customer.objects.get(key=key).pk}


def whole(file: Any, size: int, kind: Kind | None = None) -> list[tuple[str, int]]:
    seen: list[tuple[str, int]] = []
    mark: str | None = None
    while True:
        page = timeline.page(file, kind=kind, mark=mark, size=size)
        seen += [(entry.what, entry.id) for entry in page.entries]
        mark = page.older
        if mark is None:
            return seen


def test_what_happened_stands_newest_first_whatever_room_it_comes_from(place: dict[str, Any], now: datetime) -> None:
    of = {"customer_id": place["id"]}
    keep([line("l", place["id"], "2026-01-05", "2026-02-05", 100_00)], at=now)
    write_tickets([Incoming("t", {**of, "opened_at": instant(20), "closed_at": instant(2)})], source=SOURCE, at=now)
    write_answers(
        [Incoming("a", {**of, "kind": "nps", "score": 7.0, "answered_at": instant(10)})], source=SOURCE, at=now
    )
    write_cancellations([Incoming("c", {**of, "cancelled_on": date(2026, 1, 20)})], source=SOURCE, at=now)
    log(LogEntry(place["id"], "call", "Hello", instant(5)), by=place["csm"], at=now)
    assign(customer_ids=[place["id"]], member_id=None, from_on=ON, by=place["csm"], at=now)
    assign(customer_ids=[place["id"]], member_id=place["csm"], from_on=ON, by=place["csm"], at=now)

    found = timeline.page(file_of(place["csm"], place["key"]))

    assert [(entry.what, entry.at.astimezone(UTC).date().isoformat()) for entry in found.entries] == [
        ("customer_assigned", "2026-03-02"),
        ("customer_assigned", "2026-03-02"),
        ("ticket_closed", "2026-02-28"),
        ("touchpoint", "2026-02-25"),
        ("answer", "2026-02-20"),
        ("ticket_opened", "2026-02-10"),
        ("line_ended", "2026-02-04"),  # the beginning of 5 February in Shanghai
        ("cancelled", "2026-01-19"),
        ("line_started", "2026-01-04"),
    ]
    assert found.older is None


@pytest.mark.parametrize("size", SIZES)
def test_the_pages_are_the_whole_line_also_where_many_things_happen_at_one_instant(
    place: dict[str, Any], now: datetime, size: int
) -> None:
    rich(place["key"], rows=9, by=place["csm"], at=now)
    same = [
        Incoming(f"s{n}", {"customer_id": place["id"], "channel": "note", "happened_at": instant(9)}) for n in range(9)
    ]
    write_touchpoints(same, source=SOURCE, at=now)
    file = file_of(place["csm"], place["key"])

    everything = timeline.page(file, size=10_000)

    assert len(everything.entries) == len({(e.what, e.id) for e in everything.entries}) == 9 * 7
    assert [e.at for e in everything.entries] == sorted((e.at for e in everything.entries), reverse=True)
    assert whole(file, size) == [(entry.what, entry.id) for entry in everything.entries]


def test_one_kind_alone_and_no_contracts_for_who_may_not_see_revenue(place: dict[str, Any], now: datetime) -> None:
    rich(place["key"], rows=2, by=place["csm"], at=now)
    mine, reader = file_of(place["csm"], place["key"]), file_of(place["reader"], place["key"])
    assert {what for what, _id in whole(mine, 5, Kind.CONTRACTS)} == {"line_started", "cancelled"}
    assert whole(reader, 5, Kind.CONTRACTS) == []
    assert {what for what, _id in whole(mine, 5)} - {what for what, _id in whole(reader, 5)} == {
        "line_started",
        "cancelled",
    }


def test_what_lies_after_the_as_of_day_is_not_there(place: dict[str, Any], now: datetime) -> None:
    write_touchpoints(
        [Incoming("later", {"customer_id": place["id"], "channel": "call", "happened_at": instant(-3)})],
        source=SOURCE,
        at=now,
    )
    keep([line("l", place["id"], "2026-04-01", "2027-04-01", 100_00)], at=now)
    assert timeline.page(file_of(place["csm"], place["key"])).entries == []


def test_what_was_computed_for_a_day_stands_on_that_day_and_not_on_the_one_of_the_run(
    place: dict[str, Any], now: datetime
) -> None:
    """`now` is 2 March at 17:00 in Shanghai; a missed night is computed days later."""
    of = {"customer_id": place["id"]}
    told = [
        ("health.band_fell", "score:2026-02-20", {"from": "green", "to": "yellow"}),
        ("health.band_rose", "score:2026-03-03", {"from": "yellow", "to": "green"}),  # after the as-of day
        ("customer.stage_changed", "", {"from": "onboarding", "to": "growth", "on": "2026-02-10"}),
        ("customer.tier_changed", "", {"from": "a", "to": "b", "on": "2026-02-27"}),
        ("health.band_rose", "score:2026-03-02", {"from": "yellow", "to": "green"}),  # on the day of the run
    ]
    for kind, subject, data in told:
        journal.record(kind, **of, at=now, subject=subject, data=data)
    log(LogEntry(place["id"], "call", "Hello", instant(10)), by=place["csm"], at=now)

    found = timeline.page(file_of(place["csm"], place["key"]))

    assert [(entry.what, timezone.localdate(entry.at, house().timezone), entry.is_day) for entry in found.entries] == [
        ("health_band_rose", date(2026, 3, 2), True),
        ("customer_tier_changed", date(2026, 2, 27), True),
        ("health_band_fell", date(2026, 2, 20), True),  # after what happened on that day
        ("touchpoint", date(2026, 2, 20), False),
        ("customer_stage_changed", date(2026, 2, 10), True),
    ]
    assert found.entries[0].at == now
    for size in SIZES:
        assert whole(file_of(place["csm"], place["key"]), size) == [(e.what, e.id) for e in found.entries]


@pytest.mark.parametrize("mark", ["x", "W10=", "WyIyMDI2LTAzLTAyIiwgMCwgMV0="])
def test_a_mark_that_no_page_gave_out_is_refused(place: dict[str, Any], mark: str) -> None:
    with pytest.raises(timeline.BadMarkError):
        timeline.page(file_of(place["csm"], place["key"]), mark=mark)
