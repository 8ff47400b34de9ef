"""The published sets through their example mappings; every count is recounted by other means."""

from __future__ import annotations

import csv
import gzip
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from django.db import transaction
from django.db.models import Count
from tests.integrations.imported import EXAMPLES, bring_in, checked, counts, quality

from perennial.contracts.models import Cancellation, Line
from perennial.customers.models import Customer
from perennial.integrations.imports import mapping, work
from perennial.support.models import Ticket
from perennial.usage.lake import definitions, lake
from perennial.usage.models import ProductUser

one_database = pytest.mark.skipif(os.environ.get("TEST_ON") == "postgres", reason="RavenStack goes into both databases")
LATER = 40_000
"""A day after all of them."""

FIELDS_OF_LINE = (
    "external_id",
    "customer__name",
    "starts_on",
    "ends_on",
    "amount",
    "quantity",
    "kind",
    "billing_months",
    "currency",
    "product__code",
    "learned_at",
    "learned_by_assumption",
)
FIELDS_OF_TICKET = (
    "external_id",
    "customer__name",
    "opened_at",
    "closed_at",
    "priority",
    "first_response_minutes",
    "satisfaction",
    "is_escalated",
    "learned_at",
)


def ravenstack(at: datetime) -> dict[str, Any]:
    """Return every record of the imported set as plain values, and what the lake holds."""
    lake().compact(definitions(), at=at)
    return {
        "customers": sorted(Customer.objects.values_list("name", "industry", "country", "signed_up_on")),
        "custom": {c.name: {k: str(v).lower() for k, v in c.custom.items()} for c in Customer.objects.all()},
        "lines": sorted(Line.objects.values_list(*FIELDS_OF_LINE), key=str),
        "tickets": sorted(Ticket.objects.values_list(*FIELDS_OF_TICKET), key=str),
        "cancellations": sorted(
            Cancellation.objects.values_list("external_id", "cancelled_on", "reason", "refund"), key=str
        ),
        "usage": lake().totals(),
    }


def test_ravenstack_agrees_with_a_recount_and_the_same_files_again_change_nothing(
    sample_data: Path, home: Path, organisation: None, now: datetime
) -> None:
    folder = sample_data / "ravenstack"
    found = bring_in(folder, "ravenstack.yaml", at=now)
    assert counts(found) == {
        "customers": {"new": 500, "changed": 0, "same": 0, "rejected": 0},
        "contracts": {"new": 5000, "changed": 0, "same": 0, "rejected": 0},
        "tickets": {"new": 2000, "changed": 0, "same": 0, "rejected": 0},
        "cancellations": {"new": 600, "changed": 0, "same": 0, "rejected": 0},
        "usage": {"new": 24979, "changed": 0, "same": 0, "rejected": 21},
    }
    usage_file, lines_file = (str(folder / f"ravenstack_{name}.csv") for name in ("feature_usage", "subscriptions"))
    conflicts = duckdb.sql(f"SELECT count(*) - count(DISTINCT usage_id) FROM '{usage_file}'").fetchall()[0][0]
    (before, after), *_ = duckdb.sql(
        "SELECT count(*) FILTER (usage_date < start_date), count(*) FILTER (usage_date >= end_date) "
        f"FROM (FROM '{usage_file}' QUALIFY row_number() OVER (PARTITION BY usage_id) = 1) "
        f"JOIN '{lines_file}' USING (subscription_id)"
    ).fetchall()
    told = quality(found)
    assert told["conflict"] == conflicts == 21
    assert told["cancellations_without_contract"] == 600
    assert told["use_before_line"] == pytest.approx(before, abs=21)
    assert told["use_after_line"] == pytest.approx(after, abs=21)
    months, cents = duckdb.sql(f"SELECT count(*), sum(mrr_amount) * 100 FROM '{lines_file}'").fetchall()[0]
    amounts = list(Line.objects.values_list("amount", flat=True))
    assert (len(amounts), sum(amounts)) == (months, cents)
    # A cancellation that names no subscription ends no revenue.
    flags = duckdb.sql(f"SELECT auto_renew_flag, count(*) FROM '{lines_file}' GROUP BY ALL").fetchall()
    assert dict(Line.objects.values_list("auto_renews").annotate(n=Count("id"))) == dict(flags)
    open_ended = duckdb.sql(f"SELECT count(*) FROM '{lines_file}' WHERE end_date IS NULL").fetchall()[0][0]
    assert Line.objects.filter(ends_on=None).count() == open_ended
    assert set(Cancellation.objects.values_list("line_fact", flat=True)) == {None}

    once = ravenstack(now)
    again = checked(folder, "ravenstack.yaml", at=now)
    assert {kind: (n["new"], n["changed"]) for kind, n in counts(again).items()} == dict.fromkeys(counts(again), (0, 0))
    assert counts(again)["usage"] == {"new": 0, "changed": 0, "same": 24979, "rejected": 21}
    work.publish_now(again, at=now)
    twice = ravenstack(now)
    assert twice.pop("usage").stored == once.pop("usage").stored
    assert twice == once


@one_database
def test_both_publishers_files_give_the_same_records(
    sample_data: Path, home: Path, organisation: None, now: datetime, settings: Any, tmp_path: Path
) -> None:
    found = []
    for folder, example in (("ravenstack", "ravenstack.yaml"), ("ravenstack/variant", "ravenstack-variant.yaml")):
        settings.HOME = tmp_path / example
        with transaction.atomic():
            bring_in(sample_data / folder, example, at=now)
            found.append(ravenstack(now))
            transaction.set_rollback(True)
    for key in found[0]:
        assert found[0][key] == found[1][key], key
    assert len(found[0]["lines"]) == 5000


@one_database
def test_nova_makes_its_companies_from_the_events_and_leaves_out_who_is_none(
    sample_data: Path, home: Path, organisation: None, now: datetime
) -> None:
    file = sample_data / "nova" / "usage_events.csv.gz"
    found = bring_in([file], "nova.yaml", at=now)
    companies, events, users = duckdb.sql(
        "SELECT count(DISTINCT account_id), count(*), count(DISTINCT (account_id, user_id)) "
        f"FROM '{file}' WHERE account_id NOT IN ('individual', 'bot', 'unknown')"
    ).fetchall()[0]
    assert counts(found)["customers"]["new"] == Customer.objects.count() == companies == 380
    assert counts(found)["usage"] == {"new": events, "changed": 0, "same": 0, "rejected": 0}
    lake().compact(definitions(), at=now)
    assert lake().totals().stored == events
    assert ProductUser.objects.count() == users
    redhat = Customer.objects.get(name="redhat.com").pk
    ours = sum(one.n for one in lake().event_counts(redhat, from_day=0, until_day=LATER))
    assert ours == duckdb.sql(f"SELECT count(*) FROM '{file}' WHERE account_id = 'redhat.com'").fetchall()[0][0]


@pytest.fixture
def crm6(sample_data: Path, tmp_path: Path) -> Path:
    """Return the set with the events of its first days only, so that the test stays quick."""
    folder = tmp_path / "crm6"
    folder.mkdir()
    for name in ("account.csv.gz", "subscription.csv.gz"):
        (folder / name).write_bytes((sample_data / "crm6" / name).read_bytes())
    with gzip.open(sample_data / "crm6" / "event_first100accounts.csv.gz", "rt", newline="") as given:
        head = [row for _n, row in zip(range(20_001), csv.reader(given), strict=False)]
    with (folder / "event_first100accounts.csv").open("w", newline="") as file:
        csv.writer(file).writerows(head)
    return folder


@one_database
def test_crm6_counts_seats_only_where_the_unit_is_users_and_keeps_each_event_once_though_none_has_an_id(
    crm6: Path, home: Path, organisation: None, now: datetime
) -> None:
    found = bring_in(crm6, "crm6.yaml", at=now)
    lines, cents, seats, addons = duckdb.sql(
        "SELECT count(*), sum((mrr * 100)::DECIMAL(18, 0)), sum(quantity) FILTER (units = 'users'), "
        "count(*) FILTER (units <> 'users') "
        f"FROM read_csv('{crm6 / 'subscription.csv.gz'}', types = {{'mrr': 'DECIMAL(18, 4)'}})"
    ).fetchall()[0]
    assert counts(found)["contracts"] == {"new": lines, "changed": 0, "same": 0, "rejected": 0}
    kept = list(Line.objects.values_list("amount", "quantity"))
    assert sum(amount for amount, _quantity in kept) == cents
    assert sum(quantity for _amount, quantity in kept if quantity is not None) == seats
    assert sum(quantity is None for _amount, quantity in kept) == addons

    file = crm6 / "event_first100accounts.csv"
    events = duckdb.sql(f"SELECT count(*) FROM '{file}'").fetchall()[0][0]
    assert counts(found)["usage"] == {"new": events, "changed": 0, "same": 0, "rejected": 0}
    lake().compact(definitions(), at=now)
    kinds: dict[str, int] = {}
    for one in lake().event_counts(*Customer.objects.values_list("id", flat=True), from_day=0, until_day=LATER):
        kinds[one.event] = kinds.get(one.event, 0) + one.n
    assert sum(kinds.values()) == events
    assert kinds["search"] == duckdb.sql(f"SELECT count(*) FROM '{file}' WHERE event_type_id = 0").fetchall()[0][0]
    assert not [kind for kind in kinds if kind.isdigit()]
    again = checked(crm6, "crm6.yaml", at=now)
    assert counts(again)["usage"] == {"new": 0, "changed": 0, "same": events, "rejected": 0}


def test_the_words_of_crm6_events_are_those_of_its_key(sample_data: Path) -> None:
    with (sample_data / "crm6" / "event_type.csv").open(newline="") as file:
        key = {row["event_type_id"]: row["event_type"] for row in csv.DictReader(file)}
    example = yaml.safe_load((EXAMPLES / "crm6.yaml").read_text())
    (table,) = [table for table in example["tables"] if table["kind"] == "usage"]
    assert table["columns"]["event"]["values"] == key


def test_every_example_says_what_it_is_and_is_a_whole_mapping() -> None:
    found = sorted(EXAMPLES.glob("*.yaml"))
    assert {path.stem for path in found} == {"crm6", "mrr_playbook", "nova", "ravenstack", "ravenstack-variant"}
    for path in found:
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# ")
        assert f"examples/{path.name}" in text
        assert mapping.from_data(mapping.to_data(mapping.parse(text))) == mapping.parse(text)
