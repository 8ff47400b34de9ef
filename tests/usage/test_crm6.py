"""Accounts' events, a file without ids: the metrics of three of them against SQL written by hand.

The test takes ten accounts; `./run proof crm6` sets PERENNIAL_CRM6_ACCOUNTS and takes all hundred, 2.4 million events.
"""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from tests.integrations.imported import bring_in, counts

from perennial.customers.models import ExternalId
from perennial.lake.terms import day_number
from perennial.usage import actions
from perennial.usage.lake import METRICS_TABLE, lake

pytestmark = pytest.mark.django_db
ACCOUNTS = ("0", "17", "42")
MANY = int(os.environ.get("PERENNIAL_CRM6_ACCOUNTS", "10"))
DAYS = (date(2022, 3, 15), date(2022, 12, 31), date(2023, 12, 31))
EVENTS = """
CREATE TABLE event AS SELECT account_id AS account, user_id AS who, event_type_id AS kind,
  CAST(CAST(event_time AS TIMESTAMP) AS DATE) AS day  -- a time without a zone is the organisation's own
FROM read_csv('{file}', all_varchar = true) WHERE account_id IN ('0', '17', '42')
"""
BY_HAND = {
    "active_users_7d": "SELECT count(DISTINCT who) FROM event WHERE account = $1 AND day BETWEEN $2 - 6 AND $2",
    "active_users_28d": "SELECT count(DISTINCT who) FROM event WHERE account = $1 AND day BETWEEN $2 - 27 AND $2",
    "depth_28d": "SELECT count(*) / nullif(count(DISTINCT day), 0) FROM event "
                 "WHERE account = $1 AND day BETWEEN $2 - 27 AND $2",
    "trend_28d": "SELECT count(*) FILTER (day > $2 - 28) / nullif(count(*) FILTER (day <= $2 - 28), 0) FROM event "
                 "WHERE account = $1 AND day BETWEEN $2 - 55 AND $2",
    "days_since_last": "SELECT $2 - max(day) FROM event WHERE account = $1 AND day <= $2",
    "top_user_share_28d": "SELECT max(n) / sum(n) FROM (SELECT count(*) AS n FROM event "
                          "WHERE account = $1 AND day BETWEEN $2 - 27 AND $2 GROUP BY who)",
}  # fmt: skip


def some_accounts(given: Path, folder: Path) -> Path:
    """Return the set with the events of so many accounts, the three among them."""
    folder.mkdir()
    for name in ("account.csv.gz", "subscription.csv.gz"):
        (folder / name).write_bytes((given / name).read_bytes())
    duckdb.sql(
        f"COPY (SELECT * FROM read_csv('{given / 'event_first100accounts.csv.gz'}', all_varchar = true) WHERE "
        f"account_id IN {ACCOUNTS} OR account_id IN (SELECT DISTINCT account_id FROM "
        f"read_csv('{given / 'event_first100accounts.csv.gz'}', all_varchar = true) ORDER BY 1 LIMIT {MANY})) "
        f"TO '{folder / 'event_first100accounts.csv'}' (HEADER)"
    )
    return folder


def test_the_metrics_of_three_customers_are_what_sql_by_hand_says(
    sample_data: Path, tmp_path: Path, home: Path, organisation: None, now: datetime
) -> None:
    folder = some_accounts(sample_data / "crm6", tmp_path / "crm6")
    found = bring_in(folder, "crm6.yaml", at=now)
    file = folder / "event_first100accounts.csv"
    (events,) = duckdb.sql(f"SELECT count(*) FROM '{file}'").fetchall()[0]
    assert counts(found)["usage"] == {"new": events, "changed": 0, "same": 0, "rejected": 0}
    actions.bring_up_to(DAYS[-1], at=now)
    assert lake().totals().stored == events
    connection = duckdb.connect()
    connection.execute(EVENTS.format(file=file))
    ids = dict(ExternalId.objects.filter(external_id__in=ACCOUNTS).values_list("external_id", "customer_id"))
    for day in DAYS:
        number = day_number(day)
        rows = lake().read_days(METRICS_TABLE, customers=list(ids.values()), from_day=number, until_day=number + 1)
        told = {row["customer"]: row for row in rows.to_pylist()}
        for account in ACCOUNTS:
            for metric, sql in BY_HAND.items():
                (wanted,) = connection.execute(sql, [account, day]).fetchall()[0]
                value = told[ids[account]][metric]
                told_by_hand = None if wanted is None else pytest.approx(float(wanted), abs=1e-9)
                assert value == told_by_hand, (account, day, metric)
