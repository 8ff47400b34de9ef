"""From definitions to SQL: the step as of one day, and the linear backfill of many days.

Both read the relations `fact_day`, `fact_user`, `fact_event` (the facts, at least over the days that `reach` names),
`history` (all of `fact_day`) and `period` (customer, from_day, until_day, attributes); for what was bought also
`fact_use` and `entitled` (lake/bought.py). DuckDB's dialect, kept to what SQLGlot carries to the others.
"""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

from collections.abc import Iterable, Mapping

import sqlglot
from sqlglot import exp

from perennial.lake import champions
from perennial.lake.algebra import TRENDS, USERS, WINDOWLESS, WORKING, Aggregate, Measure, Metric, measures_of, plan_of
from perennial.lake.bought import asof_ctes as bought_asof
from perennial.lake.bought import backfill_ctes as bought_backfill
from perennial.lake.expressions import guarded_sql
from perennial.lake.keyed import KEYED, Source, is_a_days_own, keyed_ctes, over_keys, relations, sources_of, worked
from perennial.lake.trends import asof_ctes, backfill_ctes


def reach(metrics: Iterable[Metric], from_day: int) -> int:
    """Return the first day whose facts the metrics of `from_day` read, histories apart."""
    return from_day - max((m.reach - 1 for m in measures_of(metrics)), default=0)


def asof_sql(metrics: tuple[Metric, ...], day: int) -> str:
    """Return SELECT customer, day and every metric, for the customers that have a period around one day."""
    measures = measures_of(metrics)
    ctes = [_windows(measures, day), _history(measures, day)]
    ctes += [cte for of in KEYED for cte in _keyed_windows(measures, of, day)]
    silent = champions.sources({i: m.champion_columns for i, m in enumerate(measures) if m.of == "champion"})
    for index in sorted(set(silent.values())):
        ctes += champions.asof_ctes(index, measures[index].champion_columns, day)
    trends = {f"trend{i}": m for i, m in enumerate(measures) if m.aggregate in TRENDS}
    ctes += [
        cte
        for name, m in trends.items()
        for cte in asof_ctes(int(name[5:]), m.column, day, is_adjusted=m.aggregate == Aggregate.ADJUSTED)
    ]
    bought = {f"bought{i}": m for i, m in enumerate(measures) if m.aggregate == Aggregate.ADOPTED}
    ctes += [cte for name, m in bought.items() for cte in bought_asof(int(name[6:]), m.column, _within(m, day), day)]
    keyed = [f"by_{of}" for of in _keys(measures)]
    tables = ["windows", "past", *keyed, *trends, *bought, *_named(silent)]
    joined = "".join(f" LEFT JOIN {name} USING (customer)" for name in tables)
    columns = [
        f"{_asof_value(measure, silent.get(index, index), day)} AS m{index}" for index, measure in enumerate(measures)
    ]
    ctes.append(
        f"measured AS (SELECT p.customer, {_list([f'CAST({day} AS INTEGER) AS day', *columns])} FROM "
        f"(SELECT DISTINCT customer FROM period) AS p{joined})"
    )
    return _final(metrics, ctes, f"m.day = {day}")


def readable_sql(metrics: tuple[Metric, ...], day: int) -> str:
    """Return the SQL as of one day for a person to read, the facts' columns explained above it."""
    columns = "".join(f"-- {name}: {where}\n" for name, where in plan_of(metrics).items())
    return columns + sqlglot.transpile(asof_sql(metrics, day), read="duckdb", write="duckdb", pretty=True)[0]


def backfill_sql(metrics: tuple[Metric, ...], from_day: int, until_day: int) -> str:
    """Return SELECT customer, day and every metric, for all days in [from_day, until_day) that a period covers.

    Work is linear in facts and days: counts by a frame over a dense customer × day spine, distinct by +1 where a key
    enters the window and -1 where it leaves, since by a running maximum.
    """
    measures = measures_of(metrics)
    low = reach(metrics, from_day)
    keyed = sources_of(measures, from_day, until_day)
    ctes = [
        "spine AS (SELECT c.customer, d.day FROM (SELECT DISTINCT customer FROM period) AS c CROSS JOIN "
        f"(SELECT CAST(day AS INTEGER) AS day FROM (SELECT UNNEST(GENERATE_SERIES({low}, {until_day - 1})) AS day)"
        ") AS d)",
        _history(measures, low - 1, also_later=True),
        *keyed_ctes(keyed),
    ]
    trends = [index for index, measure in enumerate(measures) if measure.aggregate in TRENDS]
    for index in trends:
        is_adjusted = measures[index].aggregate == Aggregate.ADJUSTED
        ctes += backfill_ctes(index, from_day, until_day, is_adjusted=is_adjusted)
    silent = champions.sources({i: m.champion_columns for i, m in enumerate(measures) if m.of == "champion"})
    for index in sorted(set(silent.values())):
        ctes += champions.backfill_ctes(index, measures[index].champion_columns, from_day, until_day)
    bought = [index for index, measure in enumerate(measures) if measure.aggregate == Aggregate.ADOPTED]
    for index in bought:
        one, worked_then = measures[index], f" AND {worked('day')}" if measures[index].days == WORKING else ""
        within = f"day >= {from_day - one.reach + 1}{worked_then}"
        ctes += bought_backfill(index, one.column, within, one.window, one.offset, until_day)
    joined = [
        *relations(keyed),
        *(f"trend{index}" for index in trends),
        *(f"bought{index}" for index in bought),
        *_named(silent),
    ]
    joins = "".join(f" LEFT JOIN {one} ON {one}.customer = s.customer AND {one}.day = s.day" for one in joined)
    columns = [
        f"{_backfill_value(measure, silent.get(index, index), keyed)} AS m{index}"
        for index, measure in enumerate(measures)
    ]
    ctes.append(
        f"measured AS (SELECT s.customer, {_list(['s.day', *columns])} FROM spine AS s "
        "LEFT JOIN fact_day AS f ON f.customer = s.customer AND f.day = s.day "
        f"LEFT JOIN past ON past.customer = s.customer{joins})"
    )
    return _final(metrics, ctes, f"m.day >= {from_day} AND m.day < {until_day}")


def _named(silent: Mapping[int, int]) -> list[str]:
    return [f"champion{index}" for index in sorted(set(silent.values()))]


def _keys(measures: list[Measure]) -> list[str]:
    return [of for of in KEYED if any(_is_summed(measure, of) for measure in measures)]


def _is_summed(measure: Measure, of: str) -> bool:
    """Whether a measure is made of sums per key of this kind."""
    return measure.of == of and measure.aggregate not in TRENDS


def _amount(measure: Measure) -> str:
    """What one row of facts adds to a measure."""
    if measure.of in ("feature", "event"):
        return f"CASE WHEN {measure.where} THEN n ELSE 0 END"
    if measure.of.startswith("user_"):
        return f"CASE WHEN {measure.column} > 0 THEN 1 ELSE 0 END"
    return f"CASE WHEN {measure.column} > 0 THEN 1 ELSE 0 END" if measure.of == "day" else measure.column


def _windows(measures: list[Measure], day: int) -> str:
    """One scan of the days' facts for all measures that merely add up."""
    sums = [
        f"SUM(CASE WHEN {_within(measure, day)} THEN {_amount(measure)} END) AS w{index}"
        for index, measure in enumerate(measures)
        if measure.of not in KEYED and measure.aggregate not in {*WINDOWLESS, Aggregate.ADOPTED}
    ]
    low = day - max((m.reach - 1 for m in measures), default=0)
    within = f"day BETWEEN {low} AND {day}"
    return f"windows AS (SELECT {_list(['customer', *sums])} FROM fact_day WHERE {within} GROUP BY customer)"


def _history(measures: list[Measure], day: int, *, also_later: bool = False) -> str:
    """One scan of all days up to `day` for the measures without a window.

    `also_later`: the first day that names a user may come after it.
    """
    until = f" AND day <= {day}" if also_later else ""
    lasts = [
        f"MAX(CASE WHEN {measure.column} > 0{until} THEN day END) AS last{index}"
        for index, measure in enumerate(measures)
        if measure.aggregate == Aggregate.SINCE
    ]
    first_user = f"MIN(CASE WHEN {USERS.column} > 0 THEN day END) AS first_user"
    within = "" if also_later else f" WHERE day <= {day}"
    return f"past AS (SELECT {_list(['customer', first_user, *lasts])} FROM history{within} GROUP BY customer)"


def _keyed_windows(measures: list[Measure], of: str, day: int) -> list[str]:
    """Sum per key once, then count the keys above zero or take the largest, for all measures of one kind of key.

    Measures of the same sum share it. Events are first summed by name too: there are few names, so the predicate is
    judged on far fewer rows.
    """
    mine = {index: measure for index, measure in enumerate(measures) if _is_summed(measure, of)}
    if not mine:
        return []
    low = day - max(measure.reach - 1 for measure in mine.values())
    rows, amounts = _named_windows(of, mine, low, day)
    sums = {amount: f"s{number}" for number, amount in enumerate(dict.fromkeys(amounts.values()))}
    ends = [f"{over_keys(m, sums[amounts[i]])} AS w{i}" for i, m in mine.items()]
    columns = _list(["customer", *(f"SUM({amount}) AS {name}" for amount, name in sums.items())])
    return [
        f"per_{of} AS (SELECT {columns} FROM {rows} GROUP BY customer, {_list(KEYED[of].values())})",
        f"by_{of} AS (SELECT {_list(['customer', *ends])} FROM per_{of} GROUP BY customer)",
    ]


def _named_windows(of: str, mine: dict[int, Measure], low: int, day: int) -> tuple[str, dict[int, str]]:
    """Return what to sum per key from, and each measure's amount of one of its rows."""

    def within(measure: Measure, amount: str) -> str:
        everything = measure.offset == 0 and day - measure.window + 1 == low and measure.days != WORKING
        return amount if everything else f"CASE WHEN {_within(measure, day)} THEN {amount} END"

    days = f'day BETWEEN {low} AND {day} AND "{next(iter(KEYED[of]))}" IS NOT NULL'
    if of.startswith("user"):
        return f"fact_user WHERE {days}", {i: within(m, _amount(m)) for i, m in mine.items()}
    windows = {i: within(m, "n") for i, m in mine.items()}
    names = {amount: f"n{number}" for number, amount in enumerate(dict.fromkeys(windows.values()))}
    sums = [f"SUM({amount}) AS {name}" for amount, name in names.items()]
    columns = _list(["customer", "event", "feature", *sums])
    by_name = f"SELECT {columns} FROM fact_event WHERE {days} GROUP BY customer, event, feature"
    return f"({by_name}) AS named", {
        i: f"CASE WHEN {m.where} THEN {names[windows[i]]} ELSE 0 END" for i, m in mine.items()
    }


def _asof_value(measure: Measure, index: int, day: int) -> str:
    if measure.aggregate == Aggregate.SINCE:
        return f"{day} - past.last{index}"
    if measure.of == "champion":
        return f"champion{index}.{measure.aggregate}"
    if measure.aggregate in TRENDS:
        return f"trend{index}.v"
    value = _typed(measure, f"bought{index}.v" if measure.aggregate == Aggregate.ADOPTED else f"w{index}")
    return f"CASE WHEN past.first_user IS NOT NULL THEN {value} END" if measure.needs_users else value


def _backfill_value(measure: Measure, index: int, keyed: list[Source]) -> str:
    days = "PARTITION BY s.customer ORDER BY s.day"
    if measure.aggregate == Aggregate.SINCE:
        last = f"MAX(CASE WHEN f.{measure.column} > 0 THEN f.day END) OVER ({days} ROWS UNBOUNDED PRECEDING)"
        return f"s.day - COALESCE({last}, past.last{index})"
    if measure.of == "champion":
        return f"champion{index}.{measure.aggregate}"
    if measure.aggregate in TRENDS:
        return f"trend{index}.v"
    if is_a_days_own(keyed, index):
        value = f"v{index}"
    elif measure.of in KEYED or measure.aggregate == Aggregate.ADOPTED:
        value = f"SUM(v{index}) OVER ({days} ROWS UNBOUNDED PRECEDING)"
    else:
        frame = f"{measure.window + measure.offset - 1} PRECEDING AND {measure.offset} PRECEDING"
        amount = _amount(measure)
        if measure.days == WORKING:
            amount = f"CASE WHEN {worked('s.day')} THEN {amount} END"
        value = f"SUM({amount}) OVER ({days} ROWS BETWEEN {frame})"
    value = _typed(measure, value)
    return f"CASE WHEN past.first_user <= s.day THEN {value} END" if measure.needs_users else value


def _within(measure: Measure, day: int) -> str:
    last = day - measure.offset
    within = f"day BETWEEN {last - measure.window + 1} AND {last}"
    return f"{within} AND {worked('day')}" if measure.days == WORKING else within


def _typed(measure: Measure, value: str) -> str:
    """A count of nothing is 0; a sum of no values is unknown, and how spread out nothing is."""
    return (
        value if measure.aggregate in (Aggregate.SUM, Aggregate.EFFECTIVE) else f"CAST(COALESCE({value}, 0) AS BIGINT)"
    )


def _final(metrics: tuple[Metric, ...], ctes: list[str], days: str) -> str:
    """Evaluate the expressions for the days that a period covers."""
    places = {measure: f"m{index}" for index, measure in enumerate(measures_of(metrics))}
    columns = [f'{_expression_sql(metric, places)} AS "{metric.key}"' for metric in metrics]
    return (
        f"WITH {', '.join(ctes)} SELECT {_list(['m.customer', 'm.day', *columns])} FROM measured AS m "
        f"JOIN period AS p ON p.customer = m.customer AND p.from_day <= m.day AND m.day < p.until_day WHERE {days}"
    )


def _expression_sql(metric: Metric, places: dict[Measure, str]) -> str:
    """A lone measure keeps its type; everything else is counted in DOUBLE, unknown where a divisor is zero."""
    tree = metric.tree()
    if isinstance(tree, exp.Column) and tree.name in metric.measures:
        return f"m.{places[metric.measures[tree.name]]}"

    def column(named: exp.Column) -> exp.Expr:
        measure = metric.measures.get(named.name)
        return exp.column(places[measure], "m") if measure else exp.column(named.name, "p", quoted=True)

    return guarded_sql(tree, column)


def _list(columns: Iterable[str]) -> str:
    return ", ".join(columns)
