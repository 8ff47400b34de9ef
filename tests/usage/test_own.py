"""Metrics of one's own: their history beside the served one, one switch, the same values on trial and by the night."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.usage.events import happened

from perennial.blueprint import actions as blueprint
from perennial.blueprint import queries as definitions
from perennial.contracts import actions as contracts
from perennial.customers import actions as customers
from perennial.customers.terms import CustomerFacts
from perennial.jobs import nightly, reactions
from perennial.jobs.worker import perform
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue.models import Job
from perennial.kernel.versions import Incoming
from perennial.usage import actions, backfill, own, queries, trial
from perennial.usage.lake import METRICS_TABLE, lake
from perennial.usage.models import MetricColumn

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 2)
TEXT = """metrics:
  - key: exports
    label: {en: Exports, zh-Hans: 导出, zh-Hant: 匯出}
    definition: {en: Exports of a week., zh-Hans: 一周导出数。, zh-Hant: 一週匯出數。}
    unit: number
    measures: {n: {aggregate: count, where: "feature = 'export'", window: 7}}
"""
MONTH = TEXT.replace("window: 7", "window: 28").replace("a week", "a month")
TWO = TEXT + TEXT.split("\n", 1)[1].replace("key: exports", "key: people").replace(
    "{aggregate: count, where: \"feature = 'export'\", window: 7}",
    "{aggregate: distinct, of: user, where: core, window: 7}",
)


@pytest.fixture
def ids(organisation: None, home: Path, now: datetime) -> dict[str, int]:
    facts = [CustomerFacts(source="crm", external_id=key, name=key) for key in ("used", "other", "silent")]
    found = customers.upsert(facts, by=None, at=now)[0]
    days = [ON - timedelta(days=back) for back in (70, 40, 20, 5, 0)]
    happened([(found["used"], 1, "saved", "export", day, 2) for day in days], now=now)
    happened([(found["other"], 2, "saved", "search", ON - timedelta(days=9), 1)], now=now)
    actions.bring_up_to(ON, at=now)
    return found


@pytest.fixture
def put(member: Callable[..., int], now: datetime) -> Callable[[str], None]:
    by = member("admin")

    def put(text: str) -> None:
        blueprint.publish(part="own_metrics", text=text, reason="Wanted", from_on=None, base=None, by=by, at=now)

    return put


def told(_done: int, _total: int) -> None:
    """Hear how far a run is, and let it go on."""


def series(customer: int, key: str = "exports", *, days: int = 71) -> list[Any]:
    found = queries.series_of(customer, from_on=ON - timedelta(days=days - 1), until_on=ON + timedelta(days=1))
    return [one.values.get(key) for one in found]


def test_a_definition_gets_its_whole_history_and_is_read_like_the_others(
    ids: dict[str, int], put: Callable[[str], None], now: datetime
) -> None:
    put(TEXT)
    assert "exports" not in queries.values_on(ON)[ids["used"]]
    assert backfill.run(at=now, report=told) == 1
    values = series(ids["used"])
    assert values[0] == 2 and values[6] == 2 and values[7] == 0
    assert values[-6:] == [2, 2, 2, 2, 2, 4]
    assert series(ids["other"])[-1] == 0
    assert ids["silent"] not in queries.values_on(ON)
    assert queries.values_on(ON)[ids["used"]]["active_users_28d"] == 1
    assert JournalEntry.objects.get(kind="metrics.made").data["metrics"] == ["exports"]
    assert backfill.run(at=now, report=told) == 0


def test_the_daily_run_computes_own_metrics_with_the_others(
    ids: dict[str, int], put: Callable[[str], None], now: datetime
) -> None:
    put(TEXT)
    backfill.run(at=now, report=told)
    happened([(ids["used"], 1, "saved", "export", ON - timedelta(days=3), 10)], now=now)
    actions.bring_up_to(ON + timedelta(days=1), at=now)
    assert queries.values_on(ON)[ids["used"]]["exports"] == 14
    assert queries.values_on(ON + timedelta(days=1))[ids["used"]]["exports"] == 14
    assert queries.values_on(ON - timedelta(days=4))[ids["used"]]["exports"] == 2


def test_what_is_shown_on_trial_is_what_the_run_then_writes(
    ids: dict[str, int], put: Callable[[str], None], now: datetime
) -> None:
    contract_ids, _ = contracts.write_contracts([Incoming("K", {"customer_id": ids["used"]})], source="crm", at=now)
    line = {"customer_id": ids["used"], "contract_id": contract_ids["K"], "quantity": 4, "amount": 1, "currency": "USD",
            "amount_months": 1, "starts_on": ON - timedelta(days=9), "ends_on": None}  # fmt: skip
    contracts.write_lines([Incoming("L", line)], source="crm", at=now)
    text = definitions.metric_library()
    tried = {one.key: trial.values_of(one, ON) for one in definitions.own_metrics_from(text)}
    put(text)
    backfill.run(at=now, report=told)
    written = queries.values_on(ON)
    for key, found in tried.items():
        assert found == {customer: values[key] for customer, values in written.items()}, key
    actions.bring_up_to(ON + timedelta(days=1), at=now)
    night = queries.values_on(ON + timedelta(days=1))
    for one in definitions.own_metrics():
        assert trial.values_of(one, ON + timedelta(days=1)) == {c: values[one.key] for c, values in night.items()}
    assert tried["seats_used_4w"][ids["used"]] == pytest.approx((1 + 0 + 1 + 0) / 4 / 4)


def test_the_former_values_serve_until_the_whole_history_is_made_and_then_all_switch_in_one_step(
    ids: dict[str, int], put: Callable[[str], None], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "STRETCH_ROWS", 0)
    put(TEXT)
    backfill.run(at=now, report=told)
    before = series(ids["used"])
    put(MONTH)
    seen: list[tuple[int, int]] = []

    def report(done: int, total: int) -> None:
        seen.append((done, total))
        if done < total:
            assert series(ids["used"]) == before
            assert own.served()[0].definition.en == "Exports of a week."

    backfill.run(at=now, report=report)
    assert seen == [(0, 92), (31, 92), (62, 92), (92, 92)]  # from the first day of the first month
    after = series(ids["used"])
    assert after[27] == 2 and after[-1] == 6 and after != before
    assert own.served()[0].definition.en == "Exports of a month."
    assert MetricColumn.objects.count() == 1


class Killed(BaseException):
    """What a process that is killed would have done next never happens."""


@pytest.mark.parametrize("place", ["write_columns", "mark", "switch"])
def test_a_run_that_is_killed_goes_on_where_it_stopped(
    place: str, ids: dict[str, int], put: Callable[[str], None], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "STRETCH_ROWS", 0)
    put(TEXT)
    starts: list[int] = []
    with monkeypatch.context() as patched:
        count = 0
        wrote = lake().write_columns

        def write(*args: Any, **given: Any) -> None:
            nonlocal count
            count += 1
            if place == "write_columns" and count == 2:
                raise Killed
            wrote(*args, **given)
            if place == "mark" and count == 2:
                raise Killed

        def die(*_args: Any, **_given: Any) -> None:
            raise Killed

        patched.setattr(lake(), "write_columns", write)
        if place == "switch":
            patched.setattr(own, "switch", die)
        with pytest.raises(Killed):
            backfill.run(at=now, report=told)
    assert own.served() == ()
    actions.bring_up_to(ON + timedelta(days=1), at=now)  # the night does not wait for it

    def wrote_from(*args: Any, **given: Any) -> None:
        starts.append(given["from_day"])
        wrote(*args, **given)

    monkeypatch.setattr(lake(), "write_columns", wrote_from)
    assert backfill.run(at=now, report=told) == 1
    first = lake().first_day_of(METRICS_TABLE)
    assert first is not None
    assert starts[0] - first == {"write_columns": 31, "mark": 31, "switch": 92}[place]
    whole = series(ids["used"])
    MetricColumn.objects.all().delete()
    backfill.run(at=now, report=told)
    assert series(ids["used"]) == whole
    assert queries.values_on(ON + timedelta(days=1))[ids["used"]]["exports"] == 4


def test_a_customer_changed_meanwhile_and_a_second_change_meanwhile_end_right(
    ids: dict[str, int], put: Callable[[str], None], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "STRETCH_ROWS", 0)
    put(TEXT)

    def report(done: int, total: int) -> None:
        if done == 31:
            happened([(ids["used"], 1, "saved", "export", ON - timedelta(days=60), 5)], now=now)
            actions.bring_up_to(ON, at=now)
        if done == 62 and not own.served():
            put(TWO)

    backfill.run(at=now, report=report)
    assert series(ids["used"])[10:17] == [5] * 7
    assert {one.key for one in own.served()} == {"exports", "people"}
    assert series(ids["used"])[10:17] == [5] * 7
    assert series(ids["used"], "people")[-1] == 1


def test_words_hold_at_once_and_what_is_defined_no_more_is_neither_served_nor_computed(
    ids: dict[str, int], put: Callable[[str], None], now: datetime
) -> None:
    put(TEXT)
    backfill.run(at=now, report=told)
    column = own.served()[0].column
    put(TEXT.replace("en: Exports,", "en: Files out,"))
    assert backfill.run(at=now, report=told) == 0
    assert own.served()[0].label.en == "Files out" and own.served()[0].column == column
    put("metrics: []")
    assert backfill.run(at=now, report=told) == 0
    assert own.served() == () and own.kept() == ()
    assert "exports" not in queries.values_on(ON)[ids["used"]]
    put(TEXT)
    backfill.run(at=now, report=told)
    assert series(ids["used"])[-1] == 4


def test_a_change_starts_one_job_that_can_be_cancelled_and_started_afresh(
    ids: dict[str, int], put: Callable[[str], None], now: datetime
) -> None:
    put(TEXT)
    reactions.dispatch(at=now)
    assert Job.objects.filter(kind="metrics.backfill").count() == 1
    claimed = queue.claim(at=now, kinds=["metrics.backfill"])
    assert claimed is not None
    queue.request_cancel(job_id=claimed.id, at=now)
    perform(claimed)
    assert Job.objects.get(id=claimed.id).state == "cancelled"
    assert own.served() == ()
    queue.retry(job_id=claimed.id, at=now)
    claimed = queue.claim(at=now, kinds=["metrics.backfill"])
    assert claimed is not None
    perform(claimed)
    assert Job.objects.get(id=claimed.id).state == "done"
    assert own.served()[0].key == "exports"


def test_a_definition_that_is_computed_otherwise_by_a_new_version_is_made_anew_by_the_night(
    ids: dict[str, int], put: Callable[[str], None], now: datetime
) -> None:
    put(TEXT)
    backfill.run(at=now, report=told)
    assert not own.is_behind()
    MetricColumn.objects.update(column="exports_before")
    assert own.is_behind()
    claimed = queue.claim(at=now)
    queue.enqueue("nightly", at=now)
    claimed = queue.claim(at=now, kinds=["nightly"])
    assert claimed is not None
    nightly.nightly(claimed, lambda *_: None, now)
    assert Job.objects.filter(kind="metrics.backfill", state="waiting").count() == 1


def test_a_home_as_it_ships_asks_nothing_of_the_records(ids: dict[str, int]) -> None:
    queries.values_on(ON)
    with CaptureQueriesContext(connection) as asked:
        queries.values_on(ON)
        assert not own.is_behind()
    assert len(asked) == 0
