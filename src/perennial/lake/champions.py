"""Whether a customer's champion fell silent, as SQL: in how many of 26 weeks he was active, and for how many he is not.

The champion is the user whom the period names (`champion`), else the one with the largest share of the counted events
and of the acts of administration of 90 days, both added; of equals the first known. Weeks are the 7 days up to the day
and those before. Who has neither has no champion: unknown, not zero.
"""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

from __future__ import annotations

from collections.abc import Mapping

WEEKS, LEAD_DAYS = 26, 90
REACH = 7 * WEEKS
"""Days that are looked back, the day itself among them."""
ATTRIBUTE = "champion"
"""The user whom a period names; unknown where none is."""
HAS_LEFT = "champion_left"
"""1 where the one who was the champion left and nobody is named in his place, else 0; for expressions."""
_DAYS = "(SELECT CAST(ahead AS INTEGER) AS ahead FROM (SELECT UNNEST(GENERATE_SERIES(0, 6)) AS ahead) AS d) AS o"
_BACKS = f"(SELECT CAST(back AS INTEGER) AS back FROM (SELECT UNNEST(GENERATE_SERIES(0, {WEEKS - 1})) AS back) AS b)"

Columns = tuple[str, str]
"""The facts' columns of counted events and of acts of administration ("" where these are not told apart)."""


def asof_ctes(number: int, columns: Columns, day: int) -> list[str]:
    """Return what makes `champion<number>` (customer, gap, silence) of `fact_user` and `period`, as of a day."""
    n = number
    return [
        f"cu{n} AS ({users_sql('fact_user', columns, day)})",
        *_first(n, f"cu{n}", "customer"),
        f'cc{n} AS (SELECT p.customer, COALESCE(p.{ATTRIBUTE}, w."user") AS "user" FROM period AS p '
        f"LEFT JOIN cw{n} AS w ON w.customer = p.customer WHERE p.from_day <= {day} AND {day} < p.until_day)",
        f"champion{n} AS (SELECT customer, {_told('weeks', 'gap')} FROM (SELECT c.customer, COALESCE(u.weeks, 0) AS "
        f"weeks, COALESCE(u.gap, {WEEKS}) AS gap FROM cc{n} AS c LEFT JOIN cu{n} AS u ON u.customer = c.customer "
        'AND u."user" = c."user" WHERE c."user" IS NOT NULL) AS k)',
    ]


def users_sql(facts: str, columns: Columns, day: int) -> str:
    """Return SELECT of customer, user, weeks (active ones of 26), gap (weeks since the last of them), and the sums core
    and admin of 90 days, one row a user."""
    core, admin = columns[0], columns[1] or "0"
    back = f"CASE WHEN {core} > 0 THEN ({day} - day - MOD({day} - day, 7)) / 7 END"
    recent = f"day > {day - LEAD_DAYS}"
    return (
        f'SELECT customer, "user", COUNT(DISTINCT {back}) AS weeks, MIN({back}) AS gap, '
        f"SUM(CASE WHEN {recent} THEN {core} ELSE 0 END) AS core, SUM(CASE WHEN {recent} THEN {admin} ELSE 0 END) "
        f'AS admin FROM {facts} WHERE day BETWEEN {day - REACH + 1} AND {day} AND "user" IS NOT NULL '
        'GROUP BY customer, "user"'
    )


def backfill_ctes(number: int, columns: Columns, from_day: int, until_day: int) -> list[str]:
    """Return what makes `champion<number>` (customer, day, gap, silence) of [from_day, until_day), of `fact_user`,
    `spine` and `period`.

    A user's sums of 90 days are steps, laid out over the days on which he has any; the weeks are looked up for the one
    that comes first on a day alone.
    """
    n, until, left = number, until_day, f"day + {LEAD_DAYS}"
    by = 'PARTITION BY customer, "user" ORDER BY day'
    steps = f"SUM({{}}) OVER ({by} ROWS UNBOUNDED PRECEDING)"
    series = f"UNNEST(GENERATE_SERIES(GREATEST(day, {from_day}), LEAST(until, {until}) - 1)) AS day"
    return [
        f'cd{n} AS (SELECT customer, "user", day, {columns[0]} AS core, {columns[1] or 0} AS admin FROM fact_user '
        f'WHERE "user" IS NOT NULL AND day >= {from_day - REACH + 1})',
        f'ct{n} AS (SELECT customer, "user", day, {steps.format("core")} AS core, {steps.format("admin")} AS admin, '
        f'COALESCE(LEAD(day) OVER ({by}), {until}) AS until FROM (SELECT customer, "user", day, core, admin FROM cd{n} '
        f'UNION ALL SELECT customer, "user", {left} AS day, -core AS core, -admin AS admin FROM cd{n} '
        f"WHERE {left} < {until}) AS m)",
        f'ck{n} AS (SELECT customer, "user", core, admin, CAST(day AS INTEGER) AS day FROM (SELECT customer, "user", '
        f"core, admin, {series} FROM ct{n} WHERE (core > 0 OR admin > 0) AND day < until AND day < {until} "
        f"AND until > {from_day}) AS l)",
        *_first(n, f"ck{n}", "customer, day"),
        f'cc{n} AS (SELECT s.customer, s.day, COALESCE(p.{ATTRIBUTE}, w."user") AS "user" FROM spine AS s '
        "JOIN period AS p ON p.customer = s.customer AND p.from_day <= s.day AND s.day < p.until_day "
        f"LEFT JOIN cw{n} AS w ON w.customer = s.customer AND w.day = s.day WHERE s.day >= {from_day})",
        f'ca{n} AS (SELECT DISTINCT customer, "user", CAST(day + o.ahead AS INTEGER) AS day FROM cd{n} CROSS JOIN '
        f"{_DAYS} WHERE core > 0)",
        f"champion{n} AS (SELECT customer, day, {_told('weeks', f'COALESCE(gap, {WEEKS})')} FROM (SELECT c.customer, "
        "c.day, COUNT(a.day) AS weeks, MIN(CASE WHEN a.day IS NOT NULL THEN b.back END) AS gap "
        f'FROM (SELECT * FROM cc{n} WHERE "user" IS NOT NULL) AS c CROSS JOIN {_BACKS} AS b LEFT JOIN ca{n} AS a '
        'ON a.customer = c.customer AND a."user" = c."user" AND a.day = c.day - 7 * b.back '
        "GROUP BY c.customer, c.day) AS k)",
    ]


def sources(columns: Mapping[int, Columns]) -> dict[int, int]:
    """Return for each measure, by its number, the measure whose relation it reads: those over the same facts share
    one."""
    first: dict[Columns, int] = {}
    return {index: first.setdefault(mine, index) for index, mine in columns.items()}


def silence(active_weeks: int, gap: int) -> float:
    """Return how likely so many weeks of silence are of somebody who was active in so many of 26: (1 - r)^gap."""
    return (1 - rate(active_weeks)) ** gap


def rate(active_weeks: int) -> float:
    """Return r, the share of weeks in which somebody is active, by those of 26 in which he was."""
    return (active_weeks + 1) / (WEEKS + 2)


def _first(n: int, users: str, by: str) -> list[str]:
    """Return what makes `cw<n>` of users with sums: the one that comes first, by customer or customer and day."""

    def share(column: str) -> str:
        whole = f"NULLIF(CAST(SUM({column}) OVER (PARTITION BY {by}) AS DOUBLE), 0)"
        return f"COALESCE(CAST({column} AS DOUBLE) / {whole}, 0)"

    return [
        f'cs{n} AS (SELECT {by}, "user", {share("core")} + {share("admin")} AS share FROM {users})',
        f'cr{n} AS (SELECT {by}, "user", ROW_NUMBER() OVER (PARTITION BY {by} ORDER BY share DESC, "user") AS place '
        f"FROM cs{n} WHERE share > 0)",
        f'cw{n} AS (SELECT {by}, "user" FROM cr{n} WHERE place = 1)',
    ]


def _told(weeks: str, gap: str) -> str:
    left = f"CAST({WEEKS + 1} - {weeks} AS DOUBLE) / {WEEKS + 2}"
    return f"CAST({gap} AS BIGINT) AS gap, POWER({left}, CAST({gap} AS DOUBLE)) AS silence"
