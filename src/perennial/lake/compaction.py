"""Folding: the inbox and published imports become sorted day or month files and their facts, in one commit."""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from perennial.lake import ageing, daily, dedupe, inbox, manifest
from perennial.lake.engines.terms import Door, Session, answers
from perennial.lake.manifest import Manifest, Rewrite
from perennial.lake.rewriting import forget_sorted, rewrite
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
    folds: Door,
    plans: Door,
    plan: dict[str, str],
    *,
    at: datetime,
    grace: timedelta,
    left_out: Iterable[int] | None = None,
) -> Compaction:
    """Fold everything that arrived, roll up the facts of the days touched, and commit; safe to kill and to repeat.

    `folds` judges and sorts events, `plans` rolls up facts, `plan` names their columns; where it differs from the
    lake's, all facts are made anew from the events.
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
        forget_sorted(root)
        with folds.session(work.size()) as session:
            aged = ageing.counted(session, work)
            done, rewrites = _fold(session, plans, work)
        rewrites += daily.without_erased(folds, root, live)
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


def _fold(session: Session, plans: Door, work: Work) -> tuple[Compaction, list[Rewrite]]:
    """Write all new files of this run, not yet durable nor live."""
    _lay_out(session, work)
    dedupe.judge(session)
    lost = {table: _erased_days(session, work, table) for table in (EVENTS, REJECTED)}
    by_import = _counts(session, work)
    changed = dict.fromkeys(lost[EVENTS]) | _touched(session, "judged WHERE stored <> (verdict = 'stored')")
    counted = _differently_counted(session, work)
    conflicts = lost[REJECTED] | _days(session, "SELECT DISTINCT day FROM judged WHERE verdict = 'conflict'")
    unnamed = ageing.erased_days(session, work)
    events = _rewrite_events(session, work, EVENTS, set(changed))
    after = work.live.with_rewrite(events, at=datetime.min.replace(tzinfo=UTC)).files(EVENTS)
    rewrites = [
        events,
        _rewrite_events(session, work, REJECTED, conflicts),
        *rewrite_facts(plans, work, after, {*changed, *counted, *unnamed}, at_once=AT_ONCE),
    ]
    total = sum(by_import.values(), Counts())
    imports = {key: counts for key, counts in by_import.items() if key is not None}
    both = {day: _together(changed.get(day, ()), counted.get(day, ())) for day in {*changed, *counted}}
    return Compaction(total, imports, both), [each for each in rewrites if each.spans]


def _lay_out(session: Session, work: Work) -> None:
    """Make the views that the judgement reads: what arrived, what is stored near it, what was rejected."""
    session.view("incoming_all", session.files_sql(work.root, work.arrived, EVENT_SCHEMA))
    session.view("incoming", f"SELECT * FROM incoming_all WHERE {work.unerased} AND {work.in_time}")
    near = _days_near(session)
    for view, rows in (
        ("stored", work.rows_sql(session, EVENTS, *near)),
        ("rejected", work.rows_sql(session, REJECTED)),
    ):
        session.view(view, f"SELECT * FROM ({rows}) WHERE {work.unerased} AND {work.kept}")


def _days_near(session: Session) -> tuple[int, int] | tuple[None, None]:
    """Return the days in which an arrival may meet its like: the window around it, all days for imported rows."""
    ((first, last, imported),) = answers(session, "SELECT MIN(day), MAX(day), COUNT(import_id) FROM incoming")
    if first is None:
        return (0, 0)  # nothing arrived: no stored file is opened
    return (None, None) if imported else (first - REPEAT_WINDOW_DAYS, last + REPEAT_WINDOW_DAYS + 1)


def _erased_days(session: Session, work: Work, table: str) -> set[int]:
    """Return the days whose files still hold rows of somebody erased since the last run."""
    if not work.live.pending:
        return set()
    rows = work.rows_sql(session, table, work.kept_from)
    return _days(session, f"SELECT DISTINCT day FROM ({rows}) WHERE NOT ({work.unerased}) AND {work.kept}")


def _counts(session: Session, work: Work) -> dict[int | None, Counts]:
    """Return by import what became of everything, the erased and what came too late included."""
    counts = dedupe.counts_by_import(session)
    gone = f"NOT ({work.unerased})"
    found = [("incoming_all", gone, Counts(accepted=1, erased=1))]
    if work.kept_from is not None:
        found.append(("incoming_all", f"{work.unerased} AND NOT ({work.in_time})", Counts(accepted=1, expired=1)))
    if work.live.pending:
        found.append((f"({work.rows_sql(session, EVENTS)})", gone, Counts(stored=-1, erased=1)))
        found.append((f"({work.rows_sql(session, REJECTED)})", gone, Counts(conflicts=-1, erased=1)))
    for rows, which, each in found:
        sql = f"SELECT import_id, COUNT(*) FROM {rows} WHERE {which} GROUP BY import_id"
        for import_id, times in answers(session, sql):
            counts[import_id] = counts.get(import_id, Counts()) + each * times
    return counts


def _rewrite_events(session: Session, work: Work, table: str, touched: set[int]) -> Rewrite:
    whole, touched = ageing.leaving(work, table), touched | ageing.cut(work, table)
    spans = work.spans(table, touched)
    present = [file for file in work.live.files(table) if file.span.from_day in spans]
    come = f"SELECT {_COLUMNS} FROM judged WHERE verdict = '{'stored' if table == EVENTS else 'conflict'}'"
    done = Rewrite(table, whole, ())
    for turn in in_turns(set(spans.values()), _rows_in(session, work, table, come, spans), AT_ONCE):
        days = {day: span for span in turn for day in span.days}
        there = session.files_sql(work.root, [f.path for f in present if f.span.from_day in days], EVENT_SCHEMA)
        kept = f"SELECT {_COLUMNS} FROM ({there}) AS e WHERE {work.unerased} AND {work.kept}"
        if table == EVENTS:
            # What shares an id with an arrival was judged again, and comes back from there if it stays.
            kept += " AND NOT EXISTS (SELECT 1 FROM shared AS s WHERE s.event_id = e.event_id AND s.day = e.day)"
        near = f"{kept} UNION ALL {come} AND day BETWEEN {min(days)} AND {max(days)}"
        done += rewrite(session, near, work.target(table, EVENT_SCHEMA), days, _ORDER)
    return done


def _rows_in(session: Session, work: Work, table: str, come: str, spans: dict[int, Span]) -> dict[Span, int]:
    """Return about how many rows each span to rewrite will have: those that are there, and those that come."""
    found = {file.span: file.rows for file in work.live.files(table)}
    rows = dict.fromkeys(spans.values(), 0)
    for day, count in answers(session, f"SELECT day, COUNT(*) FROM ({come}) GROUP BY day"):
        if day in spans:  # not one where what was stored stays as it is
            rows[spans[day]] += count
    for span, count in found.items():
        if span.from_day in spans:
            rows[spans[span.from_day]] += count
    return rows


def _differently_counted(session: Session, work: Work) -> dict[int, tuple[int, ...] | None]:
    """Return the days with events of users that are left out now and were not, or the other way round."""
    users = set(work.left_out) ^ set(work.live.left_out)
    if not users:
        return {}
    theirs = f'"user" IN ({", ".join(map(str, sorted(users)))})'
    return _touched(session, f"({work.rows_sql(session, EVENTS, work.kept_from)}) WHERE {theirs} AND {work.kept}")


def _touched(session: Session, rows: str) -> dict[int, tuple[int, ...] | None]:
    """Return the days of some rows with their customers, None where these are too many to name."""
    found = answers(
        session,
        f"SELECT day, CASE WHEN COUNT(*) <= {FEW} THEN LIST(customer) END AS customers "
        f"FROM (SELECT DISTINCT day, customer FROM {rows}) GROUP BY day",
    )
    return {day: None if customers is None else tuple(sorted(customers)) for day, customers in found}


def _together(one: tuple[int, ...] | None, other: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if one is None or other is None else tuple(sorted({*one, *other}))


def _days(session: Session, sql: str) -> set[int]:
    return {day for (day,) in answers(session, sql)}
