"""What a week was for everybody: by how much the fleet's weekly users stood above or below what is usual, so that a
holiday is no customer's fall (analytics 2.1).

The factor of a day is the median, over the customers of a part (a region) or else over all, of (users of the 7 days up
to it + 0.5) ÷ (the customer's own median of these over 26 weeks + 0.5). Customers without users in most of these weeks,
or with fewer than eight of them, say nothing of the calendar. Below fifty customers there is no factor: the table of
holidays that would stand in is not there yet.
"""
# ruff: noqa: S608 (names and numbers only)

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from perennial.lake.engines.terms import Session

WEEKS, LEAST_WEEKS, LEAST_CUSTOMERS = 26, 8, 50
EVERYBODY = -1
"""The part that stands for all customers."""


@dataclass(frozen=True, slots=True)
class Factor:
    """What one day was for a part (EVERYBODY: for all): the factor, and of how many customers it is the median."""

    part: int
    day: int
    customers: int
    value: float


@dataclass(frozen=True)
class Calendar:
    """The factors by part and day, and the part of each customer; whoever has none, or whose part has no factor on a
    day, has everybody's."""

    factors: Mapping[tuple[int, int], Factor] = field(default_factory=dict)
    parts: Mapping[int, int] = field(default_factory=dict)

    def of(self, customer: int, day: int) -> Factor | None:
        """Return a customer's factor of a day, None where the fleet is too small for one."""
        own = self.factors.get((self.parts.get(customer, EVERYBODY), day))
        return own or self.factors.get((EVERYBODY, day))


NO_CALENDAR = Calendar()


def reach(from_day: int) -> int:
    """Return the first day whose users the factors of `from_day` read."""
    return from_day - 7 * (WEEKS - 1)


def factors_sql(users: str, parts: str, days: Iterable[int]) -> str:
    """Return SELECT of part, day, customers and factor, of `users` (customer, day, v) and `parts` (customer, part).

    `days`: those wanted; the 26 weeks before each are read of `users`.
    """
    wanted = ", ".join(map(str, sorted(set(days)))) or "NULL"
    return (
        f"WITH ratio AS (SELECT a.customer, a.day, (MAX(a.v) + 0.5) / (MEDIAN(b.v) + 0.5) AS r FROM {users} AS a "
        f"JOIN {users} AS b ON b.customer = a.customer AND MOD(b.day, 7) = MOD(a.day, 7) "
        f"AND b.day BETWEEN a.day - {7 * (WEEKS - 1)} AND a.day WHERE a.day IN ({wanted}) GROUP BY a.customer, a.day "
        f"HAVING COUNT(*) >= {LEAST_WEEKS} AND MEDIAN(b.v) > 0), "
        f"told AS (SELECT {EVERYBODY} AS part, day, r FROM ratio UNION ALL "
        f"SELECT p.part, r.day, r.r FROM ratio AS r JOIN {parts} AS p ON p.customer = r.customer) "
        "SELECT part, day, COUNT(*) AS customers, MEDIAN(r) AS factor FROM told GROUP BY part, day "
        f"HAVING COUNT(*) >= {LEAST_CUSTOMERS} ORDER BY part, day"
    )


def use(session: Session, calendar: Calendar) -> None:
    """Make the tables known that an adjusted trend joins: `calendar` (part, day, factor), `calendar_part` (customer,
    part)."""
    found = list(calendar.factors.values())
    session.register("calendar", pa.table({
        "part": pa.array([one.part for one in found], pa.int64()),
        "day": pa.array([one.day for one in found], pa.int32()),
        "factor": pa.array([one.value for one in found], pa.float64()),
    }))  # fmt: skip
    session.register("calendar_part", pa.table({
        "customer": pa.array(calendar.parts, pa.int64()), "part": pa.array(calendar.parts.values(), pa.int64()),
    }))  # fmt: skip


def joined(customer: str, day: str) -> str:
    """Return the joins that find the factor of a customer's day: `factor()` reads them."""
    return (
        f"LEFT JOIN calendar_part AS cp ON cp.customer = {customer} "
        f"LEFT JOIN calendar AS cf ON cf.part = cp.part AND cf.day = {day} "
        f"LEFT JOIN calendar AS ce ON ce.part = {EVERYBODY} AND ce.day = {day}"
    )


FACTOR = "COALESCE(cf.factor, ce.factor, 1)"
"""By what a week's users are divided, over what `joined` joins; 1 where the fleet is too small."""
