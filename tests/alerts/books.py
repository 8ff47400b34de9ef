"""A fleet with a history of weekly users in the lake, for the tests of what alerts make of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
from tests.alerts import fleets
from tests.usage.events import happened

from perennial.alerts.calculations.calendar import Floats
from perennial.alerts.calculations.fleet import WHOLE_REACH
from perennial.customers import actions as customers
from perennial.customers.terms import CustomerFacts
from perennial.kernel.organisation import actions as organisation
from perennial.lake.terms import day_number
from perennial.usage import actions as usage
from perennial.usage.lake import METRICS_TABLE, lake

ON = date(2026, 3, 2)
WEEK_ON = date(2026, 3, 1)
"""The Sunday before: the last whole week."""
FELL, SMALL, QUIET = 0, 1, 2
"""Whose users fall from 100 to 30 in the last five weeks; who has five users and none in the last four; nobody else."""


def users(size: int, weeks: int = WHOLE_REACH, ahead: int = 0) -> Floats:
    """Return weekly users of a quiet fleet but for the first two; `ahead` weeks more, in which the fall goes on."""
    found = fleets.quiet(size, weeks + ahead, 17).users + 12
    found[FELL] = 100
    found[FELL, -5 - ahead :] = 30
    found[SMALL] = 5
    found[SMALL, -4 - ahead :] = 0
    return found


def fleet(size: int, now: datetime, *, weekly: Floats | None = None) -> list[int]:
    """Make customers with these weekly users up to WEEK_ON, and an event on that day; return their ids."""
    organisation.move_as_of(on=ON, by=None, at=now)
    facts = [CustomerFacts(source="crm", external_id=str(n), name=f"Customer {n}", region="EMEA") for n in range(size)]
    found = customers.upsert(facts, by=None, at=now)[0]
    ids = [found[str(n)] for n in range(size)]
    happened([(ids[QUIET], 1, "saved", None, WEEK_ON, 1)], now=now)
    usage.bring_up_to(ON, at=now)
    write(ids, users(size) if weekly is None else weekly, WEEK_ON, now)
    return ids


def write(ids: list[int], weekly: Floats, last: date, now: datetime) -> None:
    """Write weekly users into the daily values, the last week ending on `last`."""
    weeks = weekly.shape[1]
    days = [day_number(last - timedelta(weeks=weeks - 1 - week)) for week in range(weeks)]
    when = np.tile(np.array(days, dtype=np.int32), len(ids))
    rows = pa.table({
        "customer": pa.array(np.repeat(np.array(ids, dtype=np.int64), weeks)), "day": pa.array(when),
        "active_users_7d": pa.array(weekly.astype(np.int64).ravel()),
        "days_since_last": pa.array(np.where(weekly > 0, 0, 30).astype(np.int32).ravel()),
    })  # fmt: skip
    lake().write_days(METRICS_TABLE, rows, from_day=days[0], until_day=days[-1] + 1, at=now)
