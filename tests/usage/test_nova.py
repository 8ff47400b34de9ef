"""Real usage of sixteen years, by mail domain: the explorer's numbers against a recount of the file by other means, the
twelve domains of one company merged in the page with their history, and taken apart again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from django.test import Client
from tests.aids import signed_in
from tests.integrations.imported import bring_in

from perennial.customers.models import Customer, PortfolioRow
from perennial.jobs import nightly, reactions
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.periods import add_months
from perennial.kernel.queue.models import Job

pytestmark = pytest.mark.django_db
ON = date(2016, 12, 31)
ZONE = "Asia/Shanghai"
NO_COMPANIES = ("individual", "bot", "unknown")
BY_DOMAIN = """
source: nova
tables:
  - file: usage_events.csv*
    kind: customers
    columns:
      external_id: {column: raw_domain, format: text}
      name: {column: raw_domain, format: text}
    where_not: {account_id: [individual, bot, unknown]}
  - file: usage_events.csv*
    kind: usage
    learned: own_date
    columns:
      event_id: {column: event_id, format: text}
      customer: {column: raw_domain, format: text}
      user: {column: user_id, format: text}
      event: {column: event_type, format: text}
      feature: {column: feature, format: text}
      at: {column: event_time, format: {kind: datetime, order: year_first}}
      value: {column: n_files, format: decimal}
    where_not: {account_id: [individual, bot, unknown]}
"""


@pytest.fixture
def events(sample_data: Path) -> pl.DataFrame:
    """Return the companies' rows of the file: domain, company, user, feature and the day in the organisation's zone."""
    rows = pl.read_csv(sample_data / "nova" / "usage_events.csv.gz", infer_schema=False)
    day = (
        pl.col("event_time").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC").dt.convert_time_zone(ZONE).dt.date()
    )
    return rows.filter(~pl.col("account_id").is_in(NO_COMPANIES)).select(
        "event_id", pl.col("raw_domain").alias("customer"), pl.col("account_id").alias("company"),
        pl.col("user_id").alias("user"), "feature", day.alias("day"),
    )  # fmt: skip


def window(events: pl.DataFrame, on: date, *, back: int = 28, ago: int = 0) -> pl.DataFrame:
    """Return the rows of `back` days up to `ago` days before a day."""
    last = on - timedelta(days=ago)
    return events.filter((pl.col("day") <= last) & (pl.col("day") > last - timedelta(days=back)))


def lived(events: pl.DataFrame, on: date) -> pl.DataFrame:
    """Return each customer that had any event up to a day: of those alone a value is known."""
    return events.filter(pl.col("day") <= on).select("customer").unique()


def active_users(events: pl.DataFrame, on: date) -> tuple[float, int]:
    """Return the sum over customers of their different users in 28 days, and how many customers are known."""
    users = window(events, on).group_by("customer").agg(pl.col("user").n_unique().alias("value"))
    return float(users["value"].sum()), lived(events, on).height


def breadth(events: pl.DataFrame, on: date) -> tuple[float, int]:
    """Return the median over all known customers of their different features in 28 days."""
    used = window(events, on).group_by("customer").agg(pl.col("feature").n_unique().alias("value"))
    every = lived(events, on).join(used, on="customer", how="left").with_columns(pl.col("value").fill_null(0))
    return float(every["value"].median() or 0), every.height  # type: ignore[arg-type]


def depth(events: pl.DataFrame, on: date) -> tuple[float, int]:
    """Return the median of events for each active day in 28 days, of the customers that had one."""
    used = window(events, on).group_by("customer").agg(pl.len() / pl.col("day").n_unique())
    return float(used["len"].median() or 0), used.height  # type: ignore[arg-type]


RECOUNTED: Mapping[str, Callable[[pl.DataFrame, date], tuple[float, int]]] = {
    "active_users_28d": active_users, "breadth_28d": breadth, "depth_28d": depth,
}  # fmt: skip


def explored(client: Client, metric: str) -> dict[date, tuple[float, int]]:
    """Return what the explorer's file says: day → (value, customers measured)."""
    answer = client.post(f"/usage/export?metric={metric}&period=24m", {"format": "csv"})
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    found = [row for row in rows if row and row[0][:2] == "20"]
    return {date.fromisoformat(day): (float(value), int(known)) for day, value, known in found}


def agrees(client: Client, events: pl.DataFrame) -> None:
    """Assert that every point of two years of each metric is what the recount says."""
    for metric, recount in RECOUNTED.items():
        found = explored(client, metric)
        assert len(found) == 25 and max(found) == ON
        for day, (value, known) in found.items():
            wanted, customers = recount(events, day)
            assert value == pytest.approx(wanted, abs=5e-7), (metric, day)  # a file has six decimals
            assert known == customers, (metric, day)


def table(client: Client, address: str) -> list[list[str]]:
    """Return the rows below the headings of a page's file."""
    answer = client.post(f"/usage/{address}/export", {"format": "csv"})
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    head = next(number for number, row in enumerate(rows) if row and row[0] in ("Feature", "First use"))
    return [row for row in rows[head + 1 :] if len(row) == len(rows[head])]


def features_agree(client: Client, events: pl.DataFrame) -> None:
    """Assert that customers and events of each feature, now and in the 28 days before, are what the recount says."""
    wanted: dict[str, list[int]] = {}
    for place, ago in ((0, 0), (1, 28)):
        used = window(events, ON, ago=ago).group_by("feature").agg(pl.col("customer").n_unique(), pl.len())
        for feature, customers, count in used.iter_rows():
            numbers = wanted.setdefault(feature, [0, 0, 0, 0])
            numbers[place], numbers[place + 2] = customers, count
    found = {feature: [int(now), int(before), int(count), int(then)]
             for feature, now, _share, before, count, then, *_product in table(client, "features")}  # fmt: skip
    assert found == wanted


def cohorts_agree(client: Client, events: pl.DataFrame) -> None:
    """Assert that of each month of first use as many customers were active in each month since as the recount says."""
    used = (
        events.filter(pl.col("day") <= ON).select("customer", pl.col("day").dt.truncate("1mo").alias("month")).unique()
    )
    begun = used.group_by("customer").agg(pl.col("month").min().alias("begun"))
    cells = used.join(begun, on="customer").group_by("begun", "month").len()
    active = {(begun, month): count for begun, month, count in cells.iter_rows()}
    rows = table(client, "cohorts")
    assert len(rows) >= 12
    for first, size, *shares in rows:
        begun_on = date.fromisoformat(f"{first[:7]}-01")
        assert int(size) == active[begun_on, begun_on]
        for since, share in enumerate(shares):
            if share:
                month = add_months(begun_on, since)
                assert float(share) == pytest.approx(active.get((begun_on, month), 0) / int(size), abs=5e-5), (
                    first,
                    since,
                )


def worked(now: datetime) -> None:
    """Do what the worker does with what was written: nothing but the night's own steps."""
    reactions.dispatch(at=now)
    assert Job.objects.filter(kind="recompute").exists()
    Job.objects.all().delete()
    nightly.run(ON, at=now)


@pytest.fixture
def client(sample_data: Path, home: Path, member: Callable[..., int], now: datetime) -> Client:
    admin = member("admin")
    bring_in([sample_data / "nova" / "usage_events.csv.gz"], BY_DOMAIN, at=now)
    organisation.move_as_of(on=ON, by=None, at=now)
    worked(now)
    return signed_in(admin)


def test_the_explorer_says_what_a_recount_of_the_file_says_also_after_a_merge_and_back(
    client: Client, events: pl.DataFrame, now: datetime
) -> None:
    assert Customer.objects.count() == events["customer"].n_unique()
    agrees(client, events)
    features_agree(client, events)
    cohorts_agree(client, events)
    domains = sorted(events.filter(pl.col("company") == "ibm.com")["customer"].unique().to_list())
    assert len(domains) == 12
    before = dict(PortfolioRow.objects.values_list("name", "active_users_28d"))

    keys = dict(Customer.objects.filter(name__in=domains).values_list("name", "key"))
    chosen = {"row": list(keys.values()), "confirmed": "1", "into": keys["us.ibm.com"]}
    merged = client.post("/customers/list/merge", chosen, headers={"HX-Request": "true"})
    undo = json.loads(merged["HX-Trigger"])["toast"]["undo"]
    worked(now)
    one = events.with_columns(
        pl.when(pl.col("customer").is_in(domains)).then(pl.lit("us.ibm.com")).otherwise("customer").alias("customer")
    )
    assert one["customer"].n_unique() == events["customer"].n_unique() - 11
    agrees(client, one)
    features_agree(client, one)
    cohorts_agree(client, one)
    theirs = window(one, ON).filter(pl.col("customer") == "us.ibm.com")
    row = PortfolioRow.objects.get(name="us.ibm.com")
    assert row.active_users_28d == theirs["user"].n_unique() > (before["us.ibm.com"] or 0)

    assert client.post(undo).status_code == 204
    worked(now)
    agrees(client, events)
    assert dict(PortfolioRow.objects.values_list("name", "active_users_28d")) == before
