"""Facts: what a day's events come to per customer, user, event with feature, and user with feature. All screens read
these."""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

from collections.abc import Iterable

import pyarrow as pa

from perennial.lake.engines.terms import Session
from perennial.lake.terms import EVENT_SCHEMA

FACT_DAY = "facts/day"
FACT_USER = "facts/user"
FACT_EVENT = "facts/event"
FACT_USE = "facts/use"
FACT_TABLES = {
    FACT_DAY: ("customer", "day"),
    FACT_USER: ("customer", "user", "day"),
    FACT_EVENT: ("customer", "day", "event", "feature"),
    FACT_USE: ("customer", "feature", "user", "day"),
}
"""Each fact table with its grain, which is also the order of its rows. Of use, `feature` is what was used: the feature
that the event names, else the event itself; its rows are those of events that count as use, by whom (None: nobody
named)."""

_TYPES = {"customer": pa.int64(), "user": pa.int64(), "day": pa.int32(), "event": pa.string(), "feature": pa.string()}
_SUM = pa.decimal128(38, 6)
INPUT = pa.schema([EVENT_SCHEMA.field(name) for name in ("customer", "user", "event", "feature", "day", "n", "value")])
"""The columns of an event that facts are made of."""
_KIND = "k.event = r.event AND k.feature IS NOT DISTINCT FROM r.feature AND k.anonymous = r.anonymous"


def fact_schema(table: str, columns: Iterable[str]) -> pa.Schema:
    """Return a fact table's schema: its grain, then its sums of n and of value."""
    grain = [pa.field(name, _TYPES[name]) for name in FACT_TABLES[table]]
    sums = columns_of(table, columns)
    return pa.schema([*grain, *(pa.field(name, _SUM if name[0] == "v" else pa.int64()) for name in sums)])


def columns_of(table: str, columns: Iterable[str]) -> list[str]:
    """Return the sums that a fact table has of a plan's columns: of n (`n_…`), of value (`v_…`), of use (`u_…`)."""
    if table == FACT_EVENT:
        return ["n", "value"]
    return [name for name in columns if (name[0] == "u") == (table == FACT_USE)]


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
    if table == FACT_USE:
        return _use_sql(plan)
    rows = "by_kind" if table == FACT_DAY else '(SELECT *, FALSE AS anonymous FROM event WHERE "user" IS NOT NULL)'
    sums = ", ".join(_sum(name) for name in columns_of(table, plan))
    return f"SELECT {grain}, {sums} FROM {rows} AS r JOIN kind AS k ON {_KIND} GROUP BY {grain}"


def _use_sql(plan: dict[str, str]) -> str:
    """Events that no column counts as use are left out before anything is summed."""
    named = columns_of(FACT_USE, plan)
    counts = " OR ".join(f"k.{name}" for name in named) or "FALSE"
    rows = 'SELECT *, "user" IS NULL AS anonymous FROM event WHERE n > 0'
    sums = ", ".join(_sum(name) for name in named)
    columns = f'r.customer, COALESCE(r.feature, r.event) AS feature, r."user", r.day{sums and ", "}{sums}'
    return f"SELECT {columns} FROM ({rows}) AS r JOIN kind AS k ON {_KIND} WHERE {counts} GROUP BY 1, 2, 3, 4"


def unknown(name: str) -> str:
    """Return a column of the plan for rows that do not know it."""
    return f"CAST(NULL AS {'DECIMAL(38, 6)' if name[0] == 'v' else 'BIGINT'}) AS {name}"


def _sum(name: str) -> str:
    """A count of nothing is 0; a sum of no values is unknown."""
    if name[0] != "v":
        return f"CAST(COALESCE(SUM(r.n) FILTER (WHERE k.{name}), 0) AS BIGINT) AS {name}"
    return f"SUM(r.value) FILTER (WHERE k.{name}) AS {name}"
