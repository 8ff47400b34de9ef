"""What is counted each once, or summed apart, over many days as SQL: users, features and events as they come into a
window and go out of it.

Measures over the same keys share them: a key's days are read once (`d<n>`), the gaps between them are found once for
all windows (`g<n>`), and all that comes and goes is added up in one relation (`moves`). What needs each key's own sum
has it laid out over the days on which it is above zero (`k<n>`), and then counts the keys there as well.
"""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from perennial.lake.algebra import TRENDS, WORKING, Aggregate, Measure

KEYED = {
    "user": {"user": '"user"'},
    "user_day": {"user": '"user"', "on_day": "day"},
    "user_week": {"user": '"user"', "week": "day - MOD(day + 3, 7)"},
    "feature": {"feature": '"feature"'},
    "event": {"event": '"event"'},
}
"""What is counted each once or summed apart, by its columns; day 0 was a Thursday, so that weeks begin on Mondays."""


@dataclass
class Source:
    """The days of one kind of key, and the measures made of them, by their number."""

    number: int
    first: Measure
    from_day: int
    until_day: int
    measures: dict[int, Measure] = field(default_factory=dict)

    @property
    def low(self) -> int:
        """The first day that the measures read."""
        return self.from_day - max(measure.reach - 1 for measure in self.measures.values())

    @property
    def names(self) -> str:
        """The key's columns."""
        return _list(f'"{name}"' for name in KEYED[self.first.of])

    @property
    def standing(self) -> dict[int, dict[int, Measure]]:
        """By window, the measures made of each key's own sum; those that merely count the same keys go with them."""
        own = {m.window for m in self.measures.values() if _is_standing(m)}
        return {
            window: {i: m for i, m in self.measures.items() if m.window == window and m.aggregate not in TRENDS}
            for window in sorted(own)
        }

    @property
    def moving(self) -> dict[int, Measure]:
        """The measures made of the keys that come and go."""
        stand = {index for mine in self.standing.values() for index in mine}
        return {index: measure for index, measure in self.measures.items() if index not in stand}


def sources_of(measures: list[Measure], from_day: int, until_day: int) -> list[Source]:
    """Return the keys that the measures of [from_day, until_day) count, each with its measures."""
    found: dict[tuple[str, ...], Source] = {}
    for index, measure in enumerate(measures):
        if measure.of in KEYED:
            alike = (measure.of, measure.where, str(measure.offset), measure.days)
            source = found.setdefault(alike, Source(len(found), measure, from_day, until_day))
            source.measures[index] = measure
    return list(found.values())


def keyed_ctes(sources: list[Source]) -> list[str]:
    """Return what makes the relations that `relations` names, of `fact_user` and `fact_event`."""
    ctes = _names(sources)
    for source in sources:
        ctes.append(f"d{source.number} AS ({_key_days(source)})")
        if source.moving:
            ctes.append(_gaps(source))
        for window, mine in source.standing.items():
            ctes += _standing(source, window, mine)
    return [*ctes, _moves(sources)] if _moving(sources) else ctes


def relations(sources: list[Source]) -> list[str]:
    """Return the names of the relations (customer, day, a column `v<index>` of each measure)."""
    stood = [f"k{source.number}_{window}" for source in sources for window in source.standing]
    return [*stood, *(["moves"] if _moving(sources) else [])]


def is_a_days_own(sources: list[Source], index: int) -> bool:
    """Say whether a measure's column is the day's value already; else it is what is added to the days before."""
    return any(index in mine for source in sources for mine in source.standing.values())


def over_keys(measure: Measure, amount: str) -> str:
    """Return what a measure makes of its keys' amounts."""
    if measure.aggregate == Aggregate.LARGEST:
        return f"MAX({amount})"
    if measure.aggregate == Aggregate.DISTINCT:
        return f"COUNT(CASE WHEN {amount} > 0 THEN 1 END)"
    one = f"CAST(CASE WHEN {amount} > 0 THEN {amount} END AS DOUBLE)"
    return f"EXP(LN(SUM({one})) - SUM({one} * LN({one})) / SUM({one}))"


def worked(day: str) -> str:
    """Return whether a day is one of Monday to Friday."""
    return f"MOD({day} + 3, 7) < 5"


def _is_standing(measure: Measure) -> bool:
    return measure.aggregate in (Aggregate.LARGEST, Aggregate.EFFECTIVE)


def _moving(sources: list[Source]) -> dict[int, Measure]:
    return {index: measure for source in sources for index, measure in source.moving.items()}


def _names(sources: list[Source]) -> list[str]:
    """Judge each name once: a predicate is text compared with long lists, and names are few."""
    named = {source.first.column: source for source in sources if not source.first.needs_users}
    if not named:
        return []
    low = min(source.low for source in named.values())
    judged = _list(f"({source.first.where}) AS {column}" for column, source in named.items())
    return [
        f"name AS (SELECT event, feature, {judged} FROM "
        f"(SELECT DISTINCT event, feature FROM fact_event WHERE day >= {low}))"
    ]


def _key_days(source: Source) -> str:
    """SELECT customer, key, day and amount v, one row a key and day on which it counts; days moved by the offset."""
    measure, keys = source.first, KEYED[source.first.of]
    told = _list(f'{value} AS "{name}"' for name, value in keys.items())
    moved = f"day + {measure.offset}" if measure.offset else "day"
    within = f'day >= {source.low} AND "{next(iter(keys))}" IS NOT NULL'
    within += f" AND {worked('day')}" if measure.days == WORKING else ""
    if measure.needs_users:  # the facts have one row a user and day
        amount = measure.column if measure.of == "user" else "1"
        return (
            f"SELECT customer, {told}, {moved} AS day, {amount} AS v FROM fact_user "
            f"WHERE {within} AND {measure.column} > 0"
        )
    return (
        f"SELECT customer, {told}, {moved} AS day, SUM(n) AS v FROM (SELECT f.customer, f.event, f.feature, f.day, f.n "
        "FROM fact_event AS f JOIN name AS k ON k.event = f.event AND k.feature IS NOT DISTINCT FROM f.feature "
        f"WHERE k.{measure.column}) AS named WHERE {within} "
        f"GROUP BY customer, {_list(dict.fromkeys([*keys.values(), 'day']))} HAVING SUM(n) > 0"
    )


def _gaps(source: Source) -> str:
    by = f"PARTITION BY customer, {source.names} ORDER BY day"
    return (
        f"g{source.number} AS (SELECT customer, day, day - LAG(day) OVER ({by}) AS before, "
        f"LEAD(day) OVER ({by}) - day AS after FROM d{source.number})"
    )


def _moves(sources: list[Source]) -> str:
    """+1 on the day a key enters the window, -1 on the day it leaves: exact, and two rows a gap at most."""
    columns = _moving(sources)
    rows = []
    for source in sources:
        windows = sorted({measure.window for measure in source.moving.values()})
        for window in windows:
            mine = [index for index, measure in source.moving.items() if measure.window == window]
            gap, of = f"g{source.number}", [*columns]
            left = f"day + {window}"
            rows += [
                f"SELECT customer, day, {_ones(of, mine, 1)} FROM {gap} WHERE before IS NULL OR before >= {window}",
                f"SELECT customer, {left} AS day, {_ones(of, mine, -1)} FROM {gap} "
                f"WHERE (after IS NULL OR after >= {window}) AND {left} < {source.until_day}",
            ]
    sums = _list(f"SUM(v{index}) AS v{index}" for index in columns)
    return (
        f"moves AS (SELECT customer, CAST(day AS INTEGER) AS day, {sums} FROM ({' UNION ALL '.join(rows)}) "
        "GROUP BY customer, day)"
    )


def _ones(columns: Iterable[int], mine: Iterable[int], one: int) -> str:
    return _list(f"{one if index in mine else 0} AS v{index}" for index in columns)


def _standing(source: Source, window: int, mine: dict[int, Measure]) -> list[str]:
    """Each key's running window sum as steps, laid out over the days on which it is above zero; made one a day.

    Where a key leaves and enters on one day, the first of its two steps lasts no day.
    """
    number, key, until, left = f"{source.number}_{window}", source.names, source.until_day, f"day + {window}"
    days = f"PARTITION BY customer, {key} ORDER BY day"
    made = _list(f"{over_keys(measure, 'v')} AS v{index}" for index, measure in mine.items())
    return [
        f"t{number} AS (SELECT customer, day, SUM(v) OVER ({days} ROWS UNBOUNDED PRECEDING) AS v, "
        f"COALESCE(LEAD(day) OVER ({days}), {until}) AS until FROM ("
        f"SELECT customer, {key}, day, v FROM d{source.number} UNION ALL "
        f"SELECT customer, {key}, {left} AS day, -v AS v FROM d{source.number} WHERE {left} < {until}))",
        # A step outside the days is left out here: some engines count a series backwards where its end comes first.
        f"k{number} AS (SELECT customer, day, {made} FROM (SELECT customer, v, CAST(day AS INTEGER) AS day FROM "
        f"(SELECT customer, CAST(v AS BIGINT) AS v, UNNEST(GENERATE_SERIES(GREATEST(day, {source.from_day}), "
        f"LEAST(until, {until}) - 1)) AS day FROM t{number} WHERE v > 0 AND day < until AND day < {until} "
        f"AND until > {source.from_day})) GROUP BY customer, day)",
    ]


def _list(columns: Iterable[str]) -> str:
    return ", ".join(columns)
