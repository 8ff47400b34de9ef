"""Facts: what a day's events come to per customer, user, and event with feature. All screens read these."""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

from collections.abc import Iterable

import pyarrow as pa

from perennial.lake.engines.terms import Session
from perennial.lake.terms import EVENT_SCHEMA

FACT_DAY = "facts/day"
FACT_USER = "facts/user"
FACT_EVENT = "facts/event"
FACT_TABLES = {
    FACT_DAY: ("customer", "day"),
    FACT_USER: ("customer", "user", "day"),
    FACT_EVENT: ("customer", "day", "event", "feature"),
}
"""Each fact table with its grain, which is also the order of its rows."""

_TYPES = {"customer": pa.int64(), "user": pa.int64(), "day": pa.int32(), "event": pa.string(), "feature": pa.string()}
_SUM = pa.decimal128(38, 6)
INPUT = pa.schema([EVENT_SCHEMA.field(name) for name in ("customer", "user", "event", "feature", "day", "n", "value")])
"""The columns of an event that facts are made of."""


def fact_schema(table: str, columns: Iterable[str]) -> pa.Schema:
    """Return a fact table's schema: its grain, then the plan's sums of n (`n_…`) and of value (`v_…`)."""
    grain = [pa.field(name, _TYPES[name]) for name in FACT_TABLES[table]]
    if table == FACT_EVENT:
        return pa.schema([*grain, pa.field("n", pa.int64()), pa.field("value", _SUM)])
    return pa.schema([*grain, *(pa.field(name, pa.int64() if name[0] == "n" else _SUM) for name in columns)])


def lay_out(session: Session, events_sql: str, plan: dict[str, str]) -> None:
    """Make the relations that `fact_sql` reads from events; they replace those laid out before.

    A predicate is text compared with long lists of names: it is judged once for each kind of event (`kind`), not for
    each event. What needs no user is made of the far fewer rows of `by_kind`.
    """
    predicates = "".join(f", ({where}) AS {name}" for name, where in plan.items())
    session.view("event", events_sql)
    session.keep(
        "by_kind",
        'SELECT customer, day, event, feature, "user" IS NULL AS anonymous, '
        'SUM(n) AS n, SUM(value) AS value FROM event GROUP BY customer, day, event, feature, "user" IS NULL',
    )
    session.keep(
        "kind",
        f"SELECT event, feature, anonymous{predicates} FROM "
        '(SELECT DISTINCT event, feature, anonymous, CASE WHEN NOT anonymous THEN 0 END AS "user" FROM by_kind)',
    )


def fact_sql(table: str, plan: dict[str, str]) -> str:
    """Return SELECT of a fact table from what `lay_out` made: one grouped pass, whatever the number of days."""
    grain = ", ".join(f'r."{name}"' for name in FACT_TABLES[table])
    if table == FACT_EVENT:
        return f"SELECT {grain}, CAST(SUM(n) AS BIGINT) AS n, SUM(value) AS value FROM by_kind AS r GROUP BY {grain}"
    rows = "by_kind" if table == FACT_DAY else '(SELECT *, FALSE AS anonymous FROM event WHERE "user" IS NOT NULL)'
    kind = "k.event = r.event AND k.feature IS NOT DISTINCT FROM r.feature AND k.anonymous = r.anonymous"
    sums = ", ".join(_sum(name) for name in plan)
    return f"SELECT {grain}, {sums} FROM {rows} AS r JOIN kind AS k ON {kind} GROUP BY {grain}"


def unknown(name: str) -> str:
    """Return a column of the plan for rows that do not know it."""
    return f"CAST(NULL AS {'BIGINT' if name[0] == 'n' else 'DECIMAL(38, 6)'}) AS {name}"


def _sum(name: str) -> str:
    """A count of nothing is 0; a sum of no values is unknown."""
    if name[0] == "n":
        return f"CAST(COALESCE(SUM(r.n) FILTER (WHERE k.{name}), 0) AS BIGINT) AS {name}"
    return f"SUM(r.value) FILTER (WHERE k.{name}) AS {name}"
