"""Which accepted events count: one per id within the window, the first accepted; others repeat it or conflict."""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

import duckdb

from perennial.lake.terms import CONTENT, EVENT_SCHEMA, REPEAT_WINDOW_DAYS, Counts

_COLUMNS = ", ".join(f'"{name}"' for name in EVENT_SCHEMA.names)
_CONTENT = ", ".join(f'"{name}"' for name in CONTENT)
# A message's time is not its sender's word alone: one without a time has that of its receipt, and a clock is corrected
# in whole minutes. Sent again it is the same message, so that its time need not be the same; an imported row's must.
_SAME_TIME = (
    "u.ts = f.ts OR (u.import_id IS NULL AND f.import_id IS NULL AND "
    "(ABS(epoch_us(u.ts) - epoch_us(f.ts)) <= 60000000 OR (u.ts = u.received_at AND f.ts = f.received_at)))"
)
_SAME = " AND ".join(
    f"({_SAME_TIME})" if name == "ts" else f'u."{name}" IS NOT DISTINCT FROM f."{name}"' for name in CONTENT
)
# A message's id is free again after the window; an imported row's id is its source's own key and is never free again.
_IN_WINDOW = f"ABS(u.day - f.day) <= {REPEAT_WINDOW_DAYS} OR (u.import_id IS NOT NULL AND f.import_id IS NOT NULL)"
# The rest only makes the choice the same on every run and in every engine.
_ACCEPTED_FIRST = f"received_at, NOT stored, day, {_CONTENT}, source, import_id"


IDS_AT_ONCE = 10_000_000
"""Arrived ids that are compared in one go."""


def judge(connection: duckdb.DuckDBPyConnection) -> None:
    """Judge the events of the view `incoming` against the views `stored` and `rejected`.

    Leaves behind: `judged`, every incoming event and every stored one that shares an id with one: the event's columns,
    `stored` (it was in the tables before) and `verdict` (stored, duplicate, conflict); and `shared`, (event_id, day) of
    all that share an id: those rows of the tables are to be replaced. Most events share theirs with nobody: they are
    judged by a view, and never copied.
    """
    connection.execute(f"CREATE TEMP VIEW arrived AS SELECT {_COLUMNS} FROM incoming")
    connection.execute(f"CREATE TEMP TABLE known AS SELECT {_COLUMNS} FROM stored LIMIT 0")
    connection.execute("CREATE TEMP TABLE shared_id AS SELECT event_id FROM arrived LIMIT 0")
    ((count,),) = connection.execute("SELECT COUNT(*) FROM arrived").fetchall()
    shares = count // IDS_AT_ONCE + 1
    for share in range(shares):
        _find_shared(connection, f"hash(event_id) % {shares} = {share}" if shares > 1 else "TRUE")
    ((some_shared,),) = connection.execute("SELECT COUNT(*) > 0 FROM shared_id").fetchall()
    connection.execute(
        "CREATE TEMP TABLE undecided AS WITH candidate AS ("
        "SELECT *, FALSE AS stored FROM arrived WHERE event_id IN (SELECT event_id FROM shared_id) UNION ALL "
        "SELECT *, TRUE AS stored FROM known) "
        f"SELECT *, ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY {_ACCEPTED_FIRST}) AS turn FROM candidate"
    )
    connection.execute("CREATE TEMP TABLE shared AS SELECT DISTINCT event_id, day FROM undecided")
    connection.execute(
        "CREATE TEMP TABLE contested AS SELECT * EXCLUDE (turn), 'stored' AS verdict FROM undecided LIMIT 0"
    )
    while connection.execute("SELECT COUNT(*) FROM undecided").fetchall() != [(0,)]:
        _one_round(connection)
    _repeated_conflicts(connection)
    alone = "event_id NOT IN (SELECT event_id FROM shared_id)" if some_shared else "TRUE"
    connection.execute(
        "CREATE TEMP VIEW judged AS SELECT * FROM contested UNION ALL "
        f"SELECT *, FALSE AS stored, 'stored' AS verdict FROM arrived WHERE {alone}"
    )


def _find_shared(connection: duckdb.DuckDBPyConnection, share: str) -> None:
    """Add to `known` and `shared_id` what belongs to a share of all ids (a predicate): a hundred million ids at once
    would need gigabytes, and one id is never in two shares."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE arrived_id AS SELECT event_id FROM arrived WHERE {share}")
    connection.execute(
        f"INSERT INTO known SELECT {_COLUMNS} FROM stored "
        f"WHERE {_days_with_known_ids(connection, share)} AND {share} "
        "AND event_id IN (SELECT event_id FROM arrived_id)"
    )
    connection.execute(
        "INSERT INTO shared_id SELECT event_id FROM (SELECT event_id FROM arrived_id UNION ALL "
        f"SELECT event_id FROM known WHERE {share}) GROUP BY event_id HAVING COUNT(*) > 1"
    )
    connection.execute("DROP TABLE arrived_id")


def _days_with_known_ids(connection: duckdb.DuckDBPyConnection, share: str) -> str:
    """Look up the arrived ids in that column alone: most ids are new, and most of a file is then never read."""
    ((first, last),) = connection.execute(
        f"SELECT MIN(day), MAX(day) FROM stored WHERE {share} AND event_id IN (SELECT event_id FROM arrived_id)"
    ).fetchall()
    return "FALSE" if first is None else f"day BETWEEN {first} AND {last}"


def counts_by_import(connection: duckdb.DuckDBPyConnection) -> dict[int | None, Counts]:
    """Return what became of the arrived events, by import; None are those of no import.

    A stored event that had to give way to one accepted earlier counts against its own import.
    """
    rows = connection.execute(
        "SELECT import_id, COUNT(*) FILTER (WHERE NOT stored), "
        "COUNT(*) FILTER (WHERE verdict = 'stored') - COUNT(*) FILTER (WHERE stored), "
        "COUNT(*) FILTER (WHERE verdict = 'duplicate'), COUNT(*) FILTER (WHERE verdict = 'conflict') "
        "FROM judged GROUP BY import_id"
    ).fetchall()
    return {import_id: Counts(*counts) for import_id, *counts in rows}


def _one_round(connection: duckdb.DuckDBPyConnection) -> None:
    """The first of each id is stored and settles all within the window around it; the rest waits for another round."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE first_one AS SELECT * FROM undecided "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY turn) = 1"
    )
    settled = f"f.event_id = u.event_id AND ({_IN_WINDOW})"
    connection.execute(
        "INSERT INTO contested SELECT u.* EXCLUDE (turn), "
        f"CASE WHEN u.turn = f.turn THEN 'stored' WHEN {_SAME} THEN 'duplicate' ELSE 'conflict' END "
        f"FROM undecided AS u JOIN first_one AS f ON {settled}"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE undecided AS SELECT u.* FROM undecided AS u "
        f"WHERE NOT EXISTS (SELECT 1 FROM first_one AS f WHERE {settled})"
    )


def _repeated_conflicts(connection: duckdb.DuckDBPyConnection) -> None:
    """The same conflict sent again is a duplicate of it: a file imported twice changes nothing."""
    known = " AND ".join(f'r."{name}" IS NOT DISTINCT FROM u."{name}"' for name in ("event_id", *CONTENT))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE contested AS SELECT u.* EXCLUDE (verdict, again), CASE "
        "WHEN verdict = 'conflict' AND (again > 1 OR EXISTS (SELECT 1 FROM rejected AS r "
        f"WHERE {known})) THEN 'duplicate' ELSE verdict END AS verdict "
        "FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY event_id, verdict, "
        f"{_CONTENT} ORDER BY {_ACCEPTED_FIRST}) AS again FROM contested) AS u"
    )
