"""What the analysis pages ask of the lake: sums over many customers, from facts and daily tables, never from events.

Each question is one grouped pass inside DuckDB; what comes out is as long as what a page shows.
"""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list or is bound)

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from perennial.lake import calendars, champions, daily, groups
from perennial.lake.algebra import WORKING, Measure, Metric
from perennial.lake.answers import (
    CohortCell,
    CustomerUse,
    FeaturePoint,
    FeatureUse,
    FeatureUser,
    Point,
    UserUse,
    UserWeeks,
)
from perennial.lake.calendars import Calendar, Factor
from perennial.lake.engine import excluding_sql
from perennial.lake.engines.duckdb import DuckSession
from perennial.lake.facts import FACT_DAY, FACT_EVENT, FACT_USE, FACT_USER
from perennial.lake.keyed import worked
from perennial.lake.merging import merged_sql, use_merged
from perennial.lake.reading import Snapshot
from perennial.lake.terms import Merged, Subject

_FEATURE = "COALESCE(f.feature, f.event)"
"""What was used: the feature that the event names, else the event itself."""


class Analysis:
    """The lake at one moment, asked by one reader."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
        self._connection = connection
        self._snapshot = snapshot

    def first_fact_day(self) -> int | None:
        """Return the first day of the first file of facts, None where there is none; nothing is read."""
        files = self._snapshot.live.files(FACT_DAY)
        return files[0].span.from_day if files else None

    def points(
        self, table: str, column: str, days: Sequence[int], parts: Sequence[tuple[int, int]], *, adds_up: bool
    ) -> list[Point]:
        """Return a column of a daily table on some days, by part and for all together: its sum, or its median.

        `parts`: (customer, part); a customer may be in several. Who is in none is left out, unknown values too.
        """
        live = self._snapshot.live
        wanted = sorted(set(days))
        files = [
            file
            for file in live.files(f"daily/{table}")
            if any(file.span.from_day <= day < file.span.until_day for day in wanted)
        ]
        if not files:
            return []
        self._pairs("part_of", ("customer", "part"), parts)
        rows = daily.rows_sql(self._snapshot.root, files)
        self._connection.execute(
            f'CREATE TEMP TABLE at_point AS SELECT customer, day, CAST("{column}" AS DOUBLE) AS v FROM '
            f'({rows} UNION ALL BY NAME SELECT CAST(NULL AS DOUBLE) AS "{column}" WHERE FALSE) '
            f'WHERE day IN ({", ".join(map(str, wanted))}) AND "{column}" IS NOT NULL '
            f"AND {excluding_sql('customer', live.erased(Subject.CUSTOMER))} "
            "AND customer IN (SELECT customer FROM part_of)"
        )
        told = "COUNT(*), SUM(v)" if adds_up else "COUNT(*), MEDIAN(v)"
        found = self._connection.execute(
            f"SELECT p.part, a.day, {told} FROM at_point AS a JOIN part_of AS p USING (customer) GROUP BY ALL "
            f"UNION ALL SELECT NULL, day, {told} FROM at_point GROUP BY day ORDER BY 1 NULLS FIRST, 2"
        ).fetchall()
        return [Point(*row) for row in found]

    def features(self, where: str, members: Sequence[tuple[int, int]], *, day: int, window: int) -> list[FeatureUse]:
        """Return each feature used in the `window` days up to `day` or in as many before, the most events first.

        `where` says which events count; `members`: (number that facts carry, the customer that it counts for).
        """
        low = day - window + 1
        self._pairs("member_of", ("number", "customer"), members)
        found = self._connection.execute(
            "SELECT feature, COUNT(*) FILTER (now > 0), COUNT(*) FILTER (before > 0), CAST(SUM(now) AS BIGINT), "
            f"CAST(SUM(before) AS BIGINT) FROM (SELECT m.customer, {_FEATURE} AS feature, "
            f"SUM(CASE WHEN f.day >= {low} THEN f.n ELSE 0 END) AS now, "
            f"SUM(CASE WHEN f.day < {low} THEN f.n ELSE 0 END) AS before "
            f"FROM ({self._named(where, low - window, day)}) AS f JOIN member_of AS m ON m.number = f.customer "
            "GROUP BY 1, 2) GROUP BY feature HAVING SUM(now) + SUM(before) > 0 ORDER BY 4 DESC, 1"
        ).fetchall()
        return [FeatureUse(*row) for row in found]

    def customers_of(
        self, where: str, feature: str, members: Sequence[tuple[int, int]], *, day: int, window: int
    ) -> list[CustomerUse]:
        """Return who has a counted event in the window or the one before, and what each did with a feature."""
        low = day - window + 1
        self._pairs("member_of", ("number", "customer"), members)
        found = self._connection.execute(
            f"SELECT m.customer, {_times(f'{_FEATURE} = $1 AND f.day >= {low}')}, "
            f"{_times(f'{_FEATURE} = $1 AND f.day < {low}')}, {_times(f'f.day >= {low}')} "
            f"FROM ({self._named(where, low - window, day)}) AS f JOIN member_of AS m ON m.number = f.customer "
            "GROUP BY 1 ORDER BY 2 DESC, 4 DESC, 1",
            [feature],
        ).fetchall()
        return [CustomerUse(*row) for row in found]

    def features_on(
        self, counts: Measure, members: Sequence[tuple[int, int]], *, days: Sequence[int]
    ) -> list[FeaturePoint]:
        """Return a count of events on some days by what was used; what was not within a day's window is left out.

        `members`: (number that facts carry, the customer that it counts for).
        """
        if not days:
            return []
        self._pairs("member_of", ("number", "customer"), members)
        self._connection.register("at_day", pa.table({"day": pa.array(sorted(set(days)), pa.int32())}))
        facts = self._named(counts.where, min(days) - counts.reach + 1, max(days))
        found = self._connection.execute(
            f"SELECT {_FEATURE} AS feature, d.day, COUNT(DISTINCT m.customer), CAST(SUM(f.n) AS BIGINT) "
            f"FROM ({facts}) AS f JOIN at_day AS d ON {_counted(counts, 'd.day')} "
            "JOIN member_of AS m ON m.number = f.customer WHERE f.n > 0 GROUP BY 1, 2 ORDER BY 2, 1"
        ).fetchall()
        return [FeaturePoint(*row) for row in found]

    def of_feature(
        self, counts: Measure, feature: str, members: Sequence[tuple[int, int]], *, day: int
    ) -> dict[int, int]:
        """Return a count of events of one thing as of a day by customer; who did not do it is left out."""
        self._pairs("member_of", ("number", "customer"), members)
        facts = self._named(counts.where, day - counts.reach + 1, day)
        found = self._connection.execute(
            f"SELECT m.customer, CAST(SUM(f.n) AS BIGINT) FROM ({facts}) AS f "
            f"JOIN member_of AS m ON m.number = f.customer WHERE {_FEATURE} = $1 AND f.n > 0 "
            f"AND {_counted(counts, str(day))} GROUP BY 1",
            [feature],
        ).fetchall()
        return dict(found)

    def cohorts(self, column: str, months: Mapping[int, int], members: Sequence[tuple[int, int]]) -> list[CohortCell]:
        """Return how many customers of each month of first use were active in each month since.

        `column` of the facts counts use; `months`: day → number of its month; days without one are not read.
        """
        used = self._months_used(column, months, members)
        found = self._connection.execute(
            f"WITH used AS (SELECT DISTINCT customer, month FROM ({used})), "
            "begun AS (SELECT customer, MIN(month) AS cohort FROM used GROUP BY customer) "
            "SELECT cohort, month - cohort, COUNT(*) FROM used JOIN begun USING (customer) GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        return [CohortCell(*row) for row in found]

    def cohort(
        self, column: str, months: Mapping[int, int], members: Sequence[tuple[int, int]], *, cohort: int, month: int
    ) -> dict[int, int]:
        """Return the customers first active in month `cohort`, each with its use in `month` (0: not active)."""
        used = self._months_used(column, months, members)
        found = self._connection.execute(
            f"SELECT customer, CAST(SUM(CASE WHEN month = {month} THEN n ELSE 0 END) AS BIGINT) FROM ({used}) "
            f"GROUP BY customer HAVING MIN(month) = {cohort}"
        ).fetchall()
        return dict(found)

    def funnel(
        self,
        steps: Sequence[str],
        where: str,
        members: Sequence[tuple[int, int]],
        *,
        days: tuple[int, int],
        within: int,
    ) -> dict[int, int]:
        """Return how many of the steps each customer came through in order (1: the first alone), by customer.

        A step is a feature, done on the day of the step before or later, and at most `within` days after the first.
        Whoever began several times counts by the time that led furthest. `days`: the first and the last read.
        """
        first, last = days
        self._pairs("member_of", ("number", "customer"), members)
        self._connection.execute(
            f"CREATE TEMP TABLE done AS SELECT DISTINCT m.customer, f.day, {_FEATURE} AS feature FROM "
            f"({self._named(where, first, last)}) AS f JOIN member_of AS m ON m.number = f.customer "
            f"WHERE f.n > 0 AND {_FEATURE} IN (SELECT UNNEST($1))",
            [list(steps)],
        )
        chain = ["s1 AS (SELECT customer, day AS began, day AS at FROM done WHERE feature = $1)"]
        for step in range(2, len(steps) + 1):
            chain.append(
                f"s{step} AS (SELECT s.customer, s.began, MIN(d.day) AS at FROM s{step - 1} AS s JOIN done AS d ON "
                f"d.customer = s.customer AND d.feature = ${step} AND d.day BETWEEN s.at AND s.began + {within} "
                "GROUP BY 1, 2)"
            )
        through = " UNION ALL ".join(
            f"SELECT customer, {step} AS step FROM s{step}" for step in range(1, len(steps) + 1)
        )
        found = self._connection.execute(
            f"WITH {', '.join(chain)} SELECT customer, MAX(step) FROM ({through}) GROUP BY customer", list(steps)
        ).fetchall()
        return dict(found)

    def users(
        self, seen: str, counted: str, numbers: Sequence[int], merged: Merged, *, day: int, window: int
    ) -> list[UserUse]:
        """Return the users of one customer, whose facts carry these numbers, up to `day`.

        `seen` and `counted` are columns of the facts: any event, and those that count as use within the window.
        """
        if not {seen, counted} <= self._snapshot.live.plan.keys():
            return []
        use_merged(DuckSession(self._connection), merged)
        columns = list(dict.fromkeys([seen, counted]))
        facts = self._snapshot.fact_sql(FACT_USER, columns, until_day=day + 1)
        theirs = f"customer IN ({', '.join(map(str, numbers)) or 'NULL'})"
        facts = merged_sql(f"SELECT * FROM ({facts}) WHERE {theirs} AND day <= {day}", FACT_USER, columns, merged)
        low = day - window + 1
        found = self._connection.execute(
            f'SELECT "user", MAX(day), COUNT(DISTINCT day) FILTER (day >= {low} AND {counted} > 0), '
            f"CAST(COALESCE(SUM({counted}) FILTER (day >= {low}), 0) AS BIGINT) FROM ({facts}) WHERE {seen} > 0 "
            'GROUP BY "user"'
        ).fetchall()
        return [UserUse(*row) for row in found]

    def weeks(
        self, columns: champions.Columns, numbers: Sequence[int], merged: Merged, *, day: int
    ) -> tuple[list[UserWeeks], bool]:
        """Return the weeks of each user of one customer, whose facts carry these numbers, and whether the facts tell
        acts of administration apart."""
        plan = self._snapshot.live.plan
        if columns[0] not in plan:
            return [], False
        told = columns[0], columns[1] if columns[1] in plan else ""
        named = [name for name in told if name]
        use_merged(DuckSession(self._connection), merged)
        facts = self._snapshot.fact_sql(FACT_USER, named, from_day=day - champions.REACH + 1, until_day=day + 1)
        theirs = f"customer IN ({', '.join(map(str, numbers)) or 'NULL'})"
        facts = merged_sql(f"SELECT * FROM ({facts}) WHERE {theirs}", FACT_USER, named, merged)
        rows = self._connection.execute(
            'SELECT "user", weeks, CAST(gap AS INTEGER), CAST(core AS BIGINT), CAST(admin AS BIGINT) FROM '
            f"({champions.users_sql(f'({facts})', told, day)})"
        ).fetchall()
        return [UserWeeks(*row) for row in rows], bool(told[1])

    def all_weeks(self, columns: champions.Columns, merged: Merged, *, day: int) -> list[tuple[int, UserWeeks]]:
        """Return each customer with the weeks of each of its users; none where the facts do not tell counted events
        apart."""
        plan = self._snapshot.live.plan
        if columns[0] not in plan:
            return []
        told = columns[0], columns[1] if columns[1] in plan else ""
        named = [name for name in told if name]
        use_merged(DuckSession(self._connection), merged)
        facts = self._snapshot.fact_sql(FACT_USER, named, from_day=day - champions.REACH + 1, until_day=day + 1)
        facts = merged_sql(f"SELECT * FROM ({facts})", FACT_USER, named, merged)
        rows = self._connection.execute(
            'SELECT customer, "user", weeks, CAST(gap AS INTEGER), CAST(core AS BIGINT), CAST(admin AS BIGINT) FROM '
            f"({champions.users_sql(f'({facts})', told, day)}) ORDER BY customer"
        ).fetchall()
        return [(customer, UserWeeks(*rest)) for customer, *rest in rows]

    def on_days(self, table: str, columns: Sequence[str], days: Sequence[int]) -> pa.Table:
        """Return columns of a daily table (as doubles) on some days, with customer and day; a column that no file has
        is unknown. What is between the days is read over, not taken."""
        live, wanted = self._snapshot.live, sorted(set(days))
        files = [file for file in live.files(f"daily/{table}")
                 if any(file.span.from_day <= day < file.span.until_day for day in wanted)]  # fmt: skip
        nothing = ", ".join(f'CAST(NULL AS DOUBLE) AS "{column}"' for column in columns)
        none = f"SELECT CAST(NULL AS BIGINT) AS customer, CAST(NULL AS INTEGER) AS day, {nothing} WHERE FALSE"
        rows = f"{daily.rows_sql(self._snapshot.root, files)} UNION ALL BY NAME {none}" if files else none
        told = ", ".join(f'CAST("{column}" AS DOUBLE) AS "{column}"' for column in columns)
        return self._connection.sql(
            f"SELECT customer, day, {told} FROM ({rows}) WHERE day IN ({', '.join(map(str, wanted)) or 'NULL'}) "
            f"AND {excluding_sql('customer', live.erased(Subject.CUSTOMER))}"
        ).to_arrow_table()

    def calendar(
        self, table: str, column: str, fresh: pa.Table, parts: Sequence[tuple[int, int]], days: Sequence[int]
    ) -> list[Factor]:
        """Return what each of the days was for everybody and for each part (customer, part), where enough customers
        say so: of weekly users in a column of a daily table, and of `fresh` rows (customer, day, the column) in place
        of those there."""
        live = self._snapshot.live
        low, high = calendars.reach(min(days)), max(days)
        files = live.files(f"daily/{table}", low, high + 1)
        told = f'customer, day, CAST("{column}" AS DOUBLE) AS v'
        residues = ", ".join(map(str, sorted({day % 7 for day in days})))
        near = f'day BETWEEN {low} AND {high} AND day % 7 IN ({residues}) AND "{column}" IS NOT NULL'
        self._connection.register("fresh", fresh)
        stored = ""
        if files:
            rows = daily.rows_sql(self._snapshot.root, files)
            stored = (
                f"UNION ALL SELECT {told} FROM ({rows}) AS s WHERE {near} AND "
                f"{excluding_sql('customer', live.erased(Subject.CUSTOMER))} "
                "AND (customer, day) NOT IN (SELECT customer, day FROM fresh)"
            )
        self._connection.execute(f"CREATE TEMP TABLE weekly AS SELECT {told} FROM fresh WHERE {near} {stored}")
        self._pairs("part_of", ("customer", "part"), parts)
        found = self._connection.execute(calendars.factors_sql("weekly", "part_of", days)).fetchall()
        return [Factor(*row) for row in found]

    def users_of_features(
        self, counted: str, numbers: Sequence[int], merged: Merged, *, day: int, window: int, feature: str | None = None
    ) -> list[FeatureUser] | None:
        """Return who of one customer, whose facts carry these numbers, used which feature (`feature`: that one alone)
        in the `window` days up to `day`; None where these facts do not reach back so far."""
        low, live = day - window + 1, self._snapshot.live
        if counted not in live.plan or live.since.get(counted, low) > low:
            return None
        use_merged(DuckSession(self._connection), merged)
        facts = self._snapshot.fact_sql(FACT_USE, [counted], from_day=low, until_day=day + 1)
        theirs = f"customer IN ({', '.join(map(str, numbers)) or 'NULL'}) AND day BETWEEN {low} AND {day}"
        facts = merged_sql(f"SELECT * FROM ({facts}) WHERE {theirs}", FACT_USE, [counted], merged)
        found = self._connection.execute(
            f'SELECT feature, "user", CAST(SUM({counted}) AS BIGINT), MIN(day), MAX(day) FROM ({facts}) '
            f"WHERE {counted} > 0 AND ($1 IS NULL OR feature = $1) "
            'GROUP BY feature, "user" ORDER BY 3 DESC, feature, "user"',
            [feature],
        ).fetchall()
        return [FeatureUser(*row) for row in found]

    def metrics(
        self, definitions: tuple[Metric, ...], periods: pa.Table, calendar: Calendar, *, days: range, merged: Merged
    ) -> pa.Table:
        """Return metrics of a few customers, or of a group as one: see `groups.metrics_of`."""
        session = DuckSession(self._connection)
        return groups.metrics_of(session, self._snapshot, definitions, periods, calendar, days=days, merged=merged)

    def _named(self, where: str, from_day: int, day: int) -> str:
        facts = self._snapshot.fact_sql(FACT_EVENT, from_day=from_day, until_day=day + 1)
        return f"SELECT * FROM ({facts}) WHERE day BETWEEN {from_day} AND {day} AND ({where})"

    def _months_used(self, column: str, months: Mapping[int, int], members: Sequence[tuple[int, int]]) -> str:
        """Return SELECT customer, month and use n, a row a month or more, of months with use."""
        if column not in self._snapshot.live.plan or not months:
            return "SELECT NULL::BIGINT AS customer, NULL::INTEGER AS month, NULL::BIGINT AS n WHERE FALSE"
        self._pairs("member_of", ("number", "customer"), members)
        calendar = {"day": pa.array(months, pa.int32()), "month": pa.array(months.values(), pa.int32())}
        self._connection.register("calendar", pa.table(calendar))
        facts = self._snapshot.fact_sql(FACT_DAY, [column], from_day=min(months), until_day=max(months) + 1)
        return (
            f"SELECT m.customer, c.month, f.{column} AS n FROM ({facts}) AS f JOIN calendar AS c ON c.day = f.day "
            f"JOIN member_of AS m ON m.number = f.customer WHERE f.{column} > 0"
        )

    def _pairs(self, name: str, columns: tuple[str, str], pairs: Sequence[tuple[int, int]]) -> None:
        first, second = (pa.array([pair[place] for pair in pairs], pa.int64()) for place in (0, 1))
        self._connection.register(name, pa.table({columns[0]: first, columns[1]: second}))


def _counted(counts: Measure, day: str) -> str:
    """Return whether the day of a fact lies in the window of `day`."""
    last = f"{day} - {counts.offset}"
    within = f"f.day BETWEEN {last} - {counts.window - 1} AND {last}"
    return f"{within} AND {worked('f.day')}" if counts.days == WORKING else within


def _times(condition: str) -> str:
    return f"CAST(SUM(CASE WHEN {condition} THEN f.n ELSE 0 END) AS BIGINT)"
