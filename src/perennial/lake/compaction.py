"""Folding: the inbox and published imports become sorted day or month files and their facts, in one commit."""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb

from perennial.lake import ageing, daily, dedupe, inbox, manifest
from perennial.lake.engine import Engine, files_sql
from perennial.lake.engines.duckdb import DuckSession
from perennial.lake.engines.terms import Door
from perennial.lake.manifest import Manifest, Rewrite
from perennial.lake.rewriting import rewrite
from perennial.lake.rollup import rewrite_facts
from perennial.lake.spans import Span
from perennial.lake.storage.terms import Storage
from perennial.lake.terms import EVENT_SCHEMA, REPEAT_WINDOW_DAYS, Compaction, Counts
from perennial.lake.work import EVENTS, REJECTED, Work, in_turns

_ORDER = ("customer", "ts")  # an id in the order would double the cost of sorting, and nobody reads by it
AT_ONCE = 2_000_000
"""Events that are sorted, or whose facts are made, in one go."""
FEW = 20_000
"""Up to this many customers of a changed day are named, so that they alone are made anew."""
_COLUMNS = ", ".join(f'"{name}"' for name in EVENT_SCHEMA.names)
NOTHING = Counts()


def compact(
    root: Storage,
    engine: Engine,
    plans: Door,
    plan: dict[str, str],
    *,
    at: datetime,
    grace: timedelta,
    left_out: Iterable[int] | None = None,
) -> Compaction:
    """Fold everything that arrived, roll up the facts of the days touched, and commit; safe to kill and to repeat.

    `plans` rolls up facts, `plan` names their columns; where it differs from the lake's, all facts are made anew from
    the events.
    `left_out` are the users that the facts leave out (None: those of before); where one comes or goes, the facts of the
    days with events of his are made anew.
    `at` is the real clock. Waits while another process compacts or writes a daily table.

    :raises LostLease: another took over; do it again.
    """
    with root.lease("lease"):
        live = manifest.read(root)
        gone = manifest.sweep(root, live, at=at, grace=grace)
        arrived = [name for name in inbox.waiting(root) if name not in live.retired] + list(live.adopted)
        work = Work(root, live, arrived, plan, live.left_out if left_out is None else tuple(sorted(set(left_out))))
        with engine.session() as connection:
            aged = ageing.counted(connection, work)
            done, rewrites = _fold(connection, plans, work)
        root.keep([file.path for each in rewrites for file in each.files])
        manifest.commit(root, lambda current: _folded(current, work, done, rewrites, gone, at, aged))
    return done


def _folded(
    current: Manifest,
    work: Work,
    done: Compaction,
    rewrites: list[Rewrite],
    gone: list[str],
    at: datetime,
    aged: Counts = NOTHING,
) -> Manifest:
    """Return the manifest after this run; publications and tombstones that came meanwhile stay as they are."""
    current = current.with_changed(done.changed)
    for each in rewrites:
        current = current.with_rewrite(each, at=at)
    retired = {path: since for path, since in current.retired.items() if path not in gone}
    counted = {key: current.imports.get(key, Counts()) + counts for key, counts in done.by_import.items()}
    return replace(
        current,
        adopted=tuple(name for name in current.adopted if name not in work.arrived),
        retired=retired | dict.fromkeys(work.arrived, at),
        imports=current.imports | counted,
        left_out=work.left_out,
        pending=tuple(stone for stone in current.pending if stone not in work.live.pending),
        plan=work.plan,
        totals=current.totals + done.counts,
        kept_from=work.kept_from,
        aged=current.aged + aged,
        since=work.since,
    )


def _fold(connection: duckdb.DuckDBPyConnection, plans: Door, work: Work) -> tuple[Compaction, list[Rewrite]]:
    """Write all new files of this run, not yet durable nor live."""
    _lay_out(connection, work)
    dedupe.judge(connection)
    lost = {table: _erased_days(connection, work, table) for table in (EVENTS, REJECTED)}
    by_import = _counts(connection, work)
    changed = dict.fromkeys(lost[EVENTS]) | _touched(connection, "judged WHERE stored <> (verdict = 'stored')")
    counted = _differently_counted(connection, work)
    conflicts = lost[REJECTED] | _days(connection, "SELECT DISTINCT day FROM judged WHERE verdict = 'conflict'")
    unnamed = ageing.erased_days(connection, work)
    events = _rewrite_events(connection, work, EVENTS, set(changed))
    after = work.live.with_rewrite(events, at=datetime.min.replace(tzinfo=UTC)).files(EVENTS)
    rewrites = [
        events,
        _rewrite_events(connection, work, REJECTED, conflicts),
        *rewrite_facts(plans, work, after, {*changed, *counted, *unnamed}, at_once=AT_ONCE),
        *daily.without_erased(connection, work.root, work.live),
    ]
    total = sum(by_import.values(), Counts())
    imports = {key: counts for key, counts in by_import.items() if key is not None}
    both = {day: _together(changed.get(day, ()), counted.get(day, ())) for day in {*changed, *counted}}
    return Compaction(total, imports, both), [each for each in rewrites if each.spans]


def _lay_out(connection: duckdb.DuckDBPyConnection, work: Work) -> None:
    """Make the views that the judgement reads: what arrived, what is stored near it, what was rejected."""
    arrived = files_sql(work.root, work.arrived, EVENT_SCHEMA)
    connection.execute(f"CREATE TEMP VIEW incoming_all AS {arrived}")
    connection.execute(
        f"CREATE TEMP VIEW incoming AS SELECT * FROM incoming_all WHERE {work.unerased} AND {work.in_time}"
    )
    near = _days_near(connection)
    for view, rows in (("stored", work.rows_sql(EVENTS, *near)), ("rejected", work.rows_sql(REJECTED))):
        connection.execute(f"CREATE TEMP VIEW {view} AS SELECT * FROM ({rows}) WHERE {work.unerased} AND {work.kept}")


def _days_near(connection: duckdb.DuckDBPyConnection) -> tuple[int, int] | tuple[None, None]:
    """Return the days in which an arrival may meet its like: the window around it, all days for imported rows."""
    ((first, last, imported),) = connection.execute(
        "SELECT MIN(day), MAX(day), COUNT(import_id) FROM incoming"
    ).fetchall()
    if first is None:
        return (0, 0)  # nothing arrived: no stored file is opened
    return (None, None) if imported else (first - REPEAT_WINDOW_DAYS, last + REPEAT_WINDOW_DAYS + 1)


def _erased_days(connection: duckdb.DuckDBPyConnection, work: Work, table: str) -> set[int]:
    """Return the days whose files still hold rows of somebody erased since the last run."""
    if not work.live.pending:
        return set()
    rows = work.rows_sql(table, work.kept_from)
    return _days(connection, f"SELECT DISTINCT day FROM ({rows}) WHERE NOT ({work.unerased}) AND {work.kept}")


def _counts(connection: duckdb.DuckDBPyConnection, work: Work) -> dict[int | None, Counts]:
    """Return by import what became of everything, the erased and what came too late included."""
    counts = dedupe.counts_by_import(connection)
    gone = f"NOT ({work.unerased})"
    found = [("incoming_all", gone, Counts(accepted=1, erased=1))]
    if work.kept_from is not None:
        found.append(("incoming_all", f"{work.unerased} AND NOT ({work.in_time})", Counts(accepted=1, expired=1)))
    if work.live.pending:
        found.append((f"({work.rows_sql(EVENTS)})", gone, Counts(stored=-1, erased=1)))
        found.append((f"({work.rows_sql(REJECTED)})", gone, Counts(conflicts=-1, erased=1)))
    for rows, which, each in found:
        sql = f"SELECT import_id, COUNT(*) FROM {rows} WHERE {which} GROUP BY import_id"
        for import_id, times in connection.execute(sql).fetchall():
            counts[import_id] = counts.get(import_id, Counts()) + each * times
    return counts


def _rewrite_events(connection: duckdb.DuckDBPyConnection, work: Work, table: str, touched: set[int]) -> Rewrite:
    whole, touched = ageing.leaving(work, table), touched | ageing.cut(work, table)
    spans = work.spans(table, touched)
    present = [file.path for file in work.live.files(table) if file.span.from_day in spans]
    kept = f"SELECT * FROM ({files_sql(work.root, present, EVENT_SCHEMA)}) AS e WHERE {work.unerased} AND {work.kept}"
    if table == EVENTS:
        # What shares an id with an arrival was judged again, and comes back from there if it stays.
        kept += " AND NOT EXISTS (SELECT 1 FROM shared AS s WHERE s.event_id = e.event_id AND s.day = e.day)"
    come = f"SELECT {_COLUMNS} FROM judged WHERE verdict = '{'stored' if table == EVENTS else 'conflict'}'"
    rows, done = f"{kept} UNION ALL {come}", Rewrite(table, whole, ())
    for turn in in_turns(set(spans.values()), _rows_in(connection, work, table, come, spans), AT_ONCE):
        days = {day: span for span in turn for day in span.days}
        # the bounds are read off the files' row groups, so that a turn opens little else
        near = f"SELECT * FROM ({rows}) WHERE day BETWEEN {min(days)} AND {max(days)}"
        done += rewrite(DuckSession(connection), near, work.target(table, EVENT_SCHEMA), days, _ORDER)
    return done


def _rows_in(
    connection: duckdb.DuckDBPyConnection, work: Work, table: str, come: str, spans: dict[int, Span]
) -> dict[Span, int]:
    """Return about how many rows each span to rewrite will have: those that are there, and those that come."""
    found = {file.span: file.rows for file in work.live.files(table)}
    rows = dict.fromkeys(spans.values(), 0)
    for day, count in connection.execute(f"SELECT day, COUNT(*) FROM ({come}) GROUP BY day").fetchall():
        if day in spans:  # not one where what was stored stays as it is
            rows[spans[day]] += count
    for span, count in found.items():
        if span.from_day in spans:
            rows[spans[span.from_day]] += count
    return rows


def _differently_counted(connection: duckdb.DuckDBPyConnection, work: Work) -> dict[int, tuple[int, ...] | None]:
    """Return the days with events of users that are left out now and were not, or the other way round."""
    users = set(work.left_out) ^ set(work.live.left_out)
    if not users:
        return {}
    theirs = f'"user" IN ({", ".join(map(str, sorted(users)))})'
    return _touched(connection, f"({work.rows_sql(EVENTS, work.kept_from)}) WHERE {theirs} AND {work.kept}")


def _touched(connection: duckdb.DuckDBPyConnection, rows: str) -> dict[int, tuple[int, ...] | None]:
    """Return the days of some rows with their customers, None where these are too many to name."""
    found = connection.execute(
        f"SELECT day, CASE WHEN COUNT(*) <= {FEW} THEN LIST(customer) END "
        f"FROM (SELECT DISTINCT day, customer FROM {rows}) GROUP BY day"
    ).fetchall()
    return {day: None if customers is None else tuple(sorted(customers)) for day, customers in found}


def _together(one: tuple[int, ...] | None, other: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if one is None or other is None else tuple(sorted({*one, *other}))


def _days(connection: duckdb.DuckDBPyConnection, sql: str) -> set[int]:
    return {day for (day,) in connection.execute(sql).fetchall()}
