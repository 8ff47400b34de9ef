"""The slope of weekly active users as SQL: Theil-Sen, the median of the slopes between any two of thirteen weeks.

The weeks are the 7 days up to the day and those before; log(1 + users) of each. A week counts from the first day on
that names a user, and only as a whole; below eight of them the slope is unknown.
"""
# ruff: noqa: S608 (names and numbers only)

from __future__ import annotations

from perennial.lake.calendars import FACTOR, joined

WEEKS, LEAST = 13, 8
REACH = 7 * WEEKS
"""Days that a slope looks back, its own among them."""
PAIRS = WEEKS * (WEEKS - 1) // 2
_SERIES = f"SELECT UNNEST(GENERATE_SERIES(0, {WEEKS - 1})) AS back"
_BACKS = f"(SELECT CAST(back * 7 AS INTEGER) AS back FROM ({_SERIES}) AS b) AS o"


def asof_ctes(index: int, column: str, day: int, *, is_adjusted: bool = False) -> list[str]:
    """Return what makes `trend<index>` (customer, v) of `fact_user` and `past`, as of a day; adjusted: each week's
    users divided by what the calendar made of it (`calendars.use`)."""
    factor, joins = (FACTOR, joined("q.customer", f"{day} - o.back")) if is_adjusted else ("1", "")
    back = f"{day} - day - MOD({day} - day, 7)"
    users = f'COUNT(DISTINCT CASE WHEN {column} > 0 THEN "user" END) AS users'
    return [
        f"u{index} AS (SELECT customer, {back} AS back, {users} "
        f'FROM fact_user WHERE day BETWEEN {day - REACH + 1} AND {day} AND "user" IS NOT NULL '
        f"GROUP BY customer, {back})",
        f"y{index} AS (SELECT q.customer, o.back, {_logged('u.users', factor)} AS y FROM past AS q "
        f"CROSS JOIN {_BACKS} LEFT JOIN u{index} AS u ON u.customer = q.customer AND u.back = o.back {joins} "
        f"WHERE q.first_user <= {day} - 6 - o.back)",
        f"trend{index} AS (SELECT a.customer, {_median()} AS v FROM y{index} AS a JOIN y{index} AS b "
        "ON b.customer = a.customer AND b.back > a.back GROUP BY a.customer)",
    ]


def backfill_ctes(index: int, from_day: int, until_day: int, *, is_adjusted: bool = False) -> list[str]:
    """Return what makes `trend<index>` (customer, day, v) of [from_day, until_day), of `spine`, `past` and the
    users that enter and leave, `moves`; adjusted as above."""
    factor, joins = (FACTOR, joined("u.customer", "u.day")) if is_adjusted else ("1", "")
    return [
        f"u{index} AS (SELECT s.customer, s.day, SUM(k.v{index}) OVER (PARTITION BY s.customer ORDER BY s.day "
        "ROWS UNBOUNDED PRECEDING) AS users FROM spine AS s LEFT JOIN moves AS k ON k.customer = s.customer "
        "AND k.day = s.day)",
        f"y{index} AS (SELECT u.customer, CAST(u.day + o.back AS INTEGER) AS day, o.back, "
        f"{_logged('u.users', factor)} AS y FROM u{index} AS u JOIN past AS f "
        f"ON f.customer = u.customer CROSS JOIN {_BACKS} {joins} "
        f"WHERE f.first_user <= u.day - 6 AND u.day + o.back >= {from_day} AND u.day + o.back < {until_day})",
        f"trend{index} AS (SELECT a.customer, a.day, {_median()} AS v FROM y{index} AS a JOIN y{index} AS b "
        "ON b.customer = a.customer AND b.day = a.day AND b.back > a.back GROUP BY a.customer, a.day)",
    ]


def _logged(users: str, factor: str) -> str:
    counted = f"COALESCE({users}, 0)"
    return f"LN(CAST(1 + {counted if factor == '1' else f'{counted} / {factor}'} AS DOUBLE))"


def _median() -> str:
    slope = "CAST(7 AS DOUBLE) * (a.y - b.y) / (b.back - a.back)"
    return f"CASE WHEN COUNT(*) >= {LEAST * (LEAST - 1) // 2} THEN MEDIAN({slope}) END"
