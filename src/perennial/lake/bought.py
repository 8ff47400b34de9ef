"""How many features of what was bought are adopted, as SQL: used often enough within the window, or by several users.

`fact_use` says who used what; `period.bought` names a customer's set of features by day, and `entitled` (bought,
feature, begins, size) what each set holds: a name, or a beginning of names ("report_*") that counts as one feature.
"""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

BOUGHT = "bought"
"""The column of a period that names its set; what a measure of such features is of."""
LEAST_USES, LEAST_USERS = 3, 2
"""A feature is adopted with so many uses in the window, or so many users (analytics 2.1)."""
_ADOPTED = f"(n >= {LEAST_USES} OR users >= {LEAST_USERS})"


def set_named(features: Iterable[str]) -> str | None:
    """Return what stands in `period.bought` for some features, None for none."""
    return "\n".join(sorted(set(features))) or None


def sets_of(periods: pa.Table) -> pa.Table:
    """Return what each set holds that the periods name."""
    rows = [
        {"bought": named, "feature": one, "begins": one[:-1] if is_open else None, "size": len(one) - 1}
        for named in periods[BOUGHT].unique().to_pylist()
        if named is not None
        for one in named.split("\n")
        for is_open in [one.endswith("*")]
    ]
    types = {"bought": pa.string(), "feature": pa.string(), "begins": pa.string(), "size": pa.int32()}
    return pa.Table.from_pylist(rows, schema=pa.schema(types.items()))


def asof_ctes(index: int, column: str, within: str, day: int) -> list[str]:
    """Return what makes `bought<index>` (customer, v) of `fact_use`, `period` and `entitled`, as of a day."""
    return [
        _names(index, within),
        f'a{index} AS (SELECT u.customer, k.feature, SUM(u.{column}) AS n, COUNT(DISTINCT u."user") AS users '
        f"FROM fact_use AS u JOIN k{index} AS k ON k.name = u.feature WHERE {within} AND u.{column} > 0 "
        "GROUP BY u.customer, k.feature)",
        f"bought{index} AS (SELECT a.customer, COUNT(*) AS v FROM a{index} AS a "
        f"JOIN period AS p ON p.customer = a.customer AND p.from_day <= {day} AND {day} < p.until_day "
        f"JOIN entitled AS e ON e.bought = p.bought AND e.feature = a.feature WHERE {_ADOPTED} GROUP BY a.customer)",
    ]


def backfill_ctes(index: int, column: str, within: str, window: int, offset: int, until_day: int) -> list[str]:
    """Return what makes `bought<index>` (customer, day, v<index>) of the same: what is added to the days before.

    `within`: the days whose facts are read. A feature's uses and users of the window run as steps, as those of other
    keys do; the stretches on which it is adopted are cut by the periods whose set holds it, and count +1 and -1.
    """
    by = 'PARTITION BY customer, feature, "user" ORDER BY day'
    days = "PARTITION BY customer, feature ORDER BY day"
    left = f"day + {window}"
    one = "SELECT customer, feature"
    came = f"before IS NULL OR before >= {window}"
    went = f"(after IS NULL OR after >= {window}) AND {left} < {until_day}"
    both = (
        "p.customer = t.customer AND p.from_day < t.until AND t.day < p.until_day "
        "JOIN entitled AS e ON e.bought = p.bought AND e.feature = t.feature"
    )
    ends = [("GREATEST(t.day, p.from_day)", 1), ("LEAST(t.until, p.until_day)", -1)]
    moves = " UNION ALL ".join(
        f"SELECT t.customer, {day} AS day, {v} AS v FROM t{index} AS t JOIN period AS p ON {both} WHERE {_ADOPTED}"
        for day, v in ends
    )
    return [
        _names(index, within),
        f'a{index} AS (SELECT u.customer, k.feature, u."user", u.day + {offset} AS day, SUM(u.{column}) AS n '
        f"FROM fact_use AS u JOIN k{index} AS k ON k.name = u.feature WHERE {within} AND u.{column} > 0 "
        'GROUP BY u.customer, k.feature, u."user", u.day)',
        f"b{index} AS (SELECT customer, feature, day, day - LAG(day) OVER ({by}) AS before, "
        f'LEAD(day) OVER ({by}) - day AS after FROM a{index} WHERE "user" IS NOT NULL)',
        f"s{index} AS ({one}, day, SUM(n) AS n, SUM(users) AS users FROM ("
        f"{one}, day, n, 0 AS users FROM a{index} UNION ALL "
        f"{one}, {left} AS day, -n AS n, 0 AS users FROM a{index} WHERE {left} < {until_day} UNION ALL "
        f"{one}, day, 0 AS n, 1 AS users FROM b{index} WHERE {came} UNION ALL "
        f"{one}, {left} AS day, 0 AS n, -1 AS users FROM b{index} WHERE {went}) GROUP BY customer, feature, day)",
        f"t{index} AS ({one}, day, COALESCE(LEAD(day) OVER ({days}), {until_day}) AS until, "
        f"SUM(n) OVER ({days} ROWS UNBOUNDED PRECEDING) AS n, "
        f"SUM(users) OVER ({days} ROWS UNBOUNDED PRECEDING) AS users FROM s{index})",
        f"bought{index} AS (SELECT customer, CAST(day AS INTEGER) AS day, SUM(v) AS v{index} FROM ({moves}) "
        "GROUP BY customer, day)",
    ]


def _names(index: int, within: str) -> str:
    """Which names each feature means: these are few, and compared once."""
    return (
        f"k{index} AS (SELECT DISTINCT u.feature AS name, e.feature FROM "
        f"(SELECT DISTINCT feature FROM fact_use WHERE {within}) AS u JOIN entitled AS e "
        "ON u.feature = e.feature OR SUBSTRING(u.feature, 1, e.size) = e.begins)"
    )
