"""Weekly users of the fleet on a grid of weeks, from the frozen daily values; and everybody's champion on a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from perennial.customers.aliases import aliases
from perennial.lake.answers import UserWeeks
from perennial.lake.champions import WEEKS
from perennial.lake.terms import day_number
from perennial.usage import counted
from perennial.usage.calculations.champions import stretches
from perennial.usage.calendar import USERS
from perennial.usage.champions import CHANCE, CORE, LEAST_GAP, tags
from perennial.usage.lake import METRICS_TABLE, lake

SINCE = "days_since_last"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """Weeks by their last day, the oldest first; customers × weeks: users of the 7 days up to it, and days since the
    last core event (NaN: unknown)."""

    customers: Sequence[int]
    weeks: Sequence[date]
    users: Floats
    since: Floats


def grid(last: date, weeks: int, customer_ids: Collection[int]) -> Grid:
    """Return the weeks up to a day of some customers, by their ids; no query. Who has no row is unknown."""
    ends = [last - timedelta(weeks=back) for back in range(weeks - 1, -1, -1)]
    customers = np.array(sorted(customer_ids), dtype=np.int64)
    days = np.array([day_number(one) for one in ends])
    with lake().analysis() as asked:
        rows = asked.on_days(METRICS_TABLE, (USERS, SINCE), days.tolist())
    whose, when = rows["customer"].to_numpy(), rows["day"].to_numpy()
    kept = np.isin(whose, customers)
    at = np.searchsorted(customers, whose[kept]), np.searchsorted(days, when[kept])
    found = {}
    for column in (USERS, SINCE):
        table = np.full((len(customers), weeks), np.nan)
        table[at] = rows[column].to_numpy().astype(np.float64)[kept]
        found[column] = table
    return Grid(customers.tolist(), ends, found[USERS], found[SINCE])


@dataclass(frozen=True, slots=True)
class Silence:
    """A customer's champion on a day: the user (None: there is none), in how many of 26 weeks active, weeks since the
    last of them (26 for all longer), how likely so long a gap is, and since when the one called so has left."""

    user: int | None
    weeks: int
    gap: int
    left_on: int | None

    @property
    def chance(self) -> float:
        """How likely so long a gap is while nothing changed: (1 − r)^gap (analytics 2.1)."""
        return (1 - (self.weeks + 1) / (WEEKS + 2)) ** self.gap

    @property
    def is_silent(self) -> bool:
        """Whether the gap is an alarm."""
        return self.user is not None and self.weeks > 0 and self.gap >= LEAST_GAP and self.chance < CHANCE


def champions_of(on: date, customer_ids: Collection[int]) -> dict[int, Silence]:
    """Return the champion of each customer as of a day, by the rule of `champions.of_customer`; at most five queries,
    and one for 500 customers that call somebody so."""
    by, day = aliases(), day_number(on)
    merged = counted.merged(by)
    called = tags(merged, None)
    with lake().analysis() as asked:
        users = asked.all_weeks(CORE.champion_columns, merged, day=day)
    of: dict[int, list[UserWeeks]] = defaultdict(list)
    for customer, one in users:
        of[customer].append(one)
    found = {}
    for customer in customer_ids:
        ((_start, _end, named, left),) = stretches(called.get(customer, ()), from_day=day, until_day=day + 1)
        left_on = max((one.left_day for one in called.get(customer, ()) if one.left_day is not None), default=None)
        user = _leading(of[customer]) if named is None else named
        mine = next((one for one in of[customer] if one.user == user), None)
        gap = WEEKS if mine is None or mine.gap is None else mine.gap
        found[customer] = Silence(user, mine.weeks if mine else 0, gap, left_on if left else None)
    return found


def _leading(users: Sequence[UserWeeks]) -> int | None:
    """Return the user with the largest shares of core events and of acts of administration, added; None without any."""
    core, admin = sum(one.core for one in users), sum(one.admin for one in users)
    shares = {one.user: _share(one.core, core) + _share(one.admin, admin) for one in users}
    return min((one for one in shares if shares[one] > 0), key=lambda one: (-shares[one], one), default=None)


def _share(part: int, whole: int) -> Fraction:
    return Fraction(part, whole) if whole else Fraction(0)
