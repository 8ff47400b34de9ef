"""Facts written anew: those of the days that changed are rolled up from events, those of other days put beside them.

A file of facts holds a month once that is five days old, and a late event has its one day rolled up, not the month.
"""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

from collections.abc import Collection, Iterable

from perennial.lake.engine import excluding_sql
from perennial.lake.engines.terms import Door, Session
from perennial.lake.facts import FACT_EVENT, FACT_TABLES, INPUT, columns_of, fact_schema, fact_sql, lay_out, unknown
from perennial.lake.manifest import DataFile, Rewrite
from perennial.lake.rewriting import rewrite
from perennial.lake.spans import SUMS, Span, spans_to_write
from perennial.lake.terms import Subject
from perennial.lake.work import Work, in_turns


def rewrite_facts(
    plans: Door, work: Work, events: Iterable[DataFile], anew: Iterable[int], *, at_once: int
) -> list[Rewrite]:
    """Roll up the days `anew`, or every day where other facts are wanted than the lake has, from the files of events
    as they will be; about `at_once` events at a time. `anew` may name days whose events are gone: of these nothing is
    rolled up, and only the erased leave their facts."""
    files = sorted(events, key=lambda file: file.span)
    present = [file.span for table in FACT_TABLES for file in work.live.files(table)]
    touched = set(anew)
    if work.plan != work.live.plan:
        touched |= {day for span in [*present, *(file.span for file in files)] for day in span.days}
    days = {day for day in touched if not work.is_expired(day)}
    spans = spans_to_write(set(present), touched, SUMS)
    done = [Rewrite(table, frozenset(), ()) for table in FACT_TABLES]
    for turn in in_turns(set(spans.values()), _events_in(files, spans, days), at_once):
        part = _one_turn(plans, work, files, turn, days)
        done = [each + more for each, more in zip(done, part, strict=True)]
    return done


def _events_in(files: list[DataFile], spans: dict[int, Span], anew: Collection[int]) -> dict[Span, int]:
    """Return about how many events each span's facts are made of."""
    rows: dict[Span, int] = {}
    for file in files:
        for span in {spans[day] for day in file.span.days if day in anew}:
            rows[span] = rows.get(span, 0) + file.rows
    return rows


def _one_turn(plans: Door, work: Work, files: list[DataFile], turn: list[Span], anew: set[int]) -> list[Rewrite]:
    spans = {day: span for span in turn for day in span.days}
    mine = sorted(anew & spans.keys())
    read = [file for file in files if any(day in spans and day in anew for day in file.span.days)]
    with plans.session(sum(file.rows for file in read)) as session:
        where = f"{work.counted} AND {days_sql(mine)}"
        lay_out(session, session.files_sql(work.root, [file.path for file in read], INPUT, where=where), work.plan)
        return [
            rewrite(
                session, f"{fact_sql(table, work.plan)}{_beside(session, work, table, spans, set(mine))}",
                work.target(table, fact_schema(table, work.plan)), spans, grain,
            )
            for table, grain in FACT_TABLES.items()
        ]  # fmt: skip


def _beside(session: Session, work: Work, table: str, spans: dict[int, Span], anew: set[int]) -> str:
    """Return what is added to the facts rolled up: those that the spans' other days have already."""
    there = [file for file in work.live.files(table) if file.span.from_day in spans]
    paths = [file.path for file in there if not anew.issuperset(file.span.days)]
    if not paths:
        return ""
    where = f"NOT ({days_sql(sorted(anew))}) AND {unerased_sql(work, table)}"
    known = [name for name in work.plan if name in work.live.plan]
    rows = session.files_sql(work.root, paths, fact_schema(table, known), where=where)
    if table != FACT_EVENT:
        columns = [f'"{name}"' for name in FACT_TABLES[table]]
        columns += [name if name in known else unknown(name) for name in columns_of(table, work.plan)]
        rows = f"SELECT {', '.join(columns)} FROM ({rows}) AS beside"
    return f" UNION ALL {rows}"


def unerased_sql(work: Work, table: str) -> str:
    """Return the predicate that leaves out the facts of everybody erased."""
    where = excluding_sql("customer", work.live.erased(Subject.CUSTOMER))
    if "user" in FACT_TABLES[table]:
        where += f" AND {excluding_sql('user', work.live.erased(Subject.USER))}"
    return where


def days_sql(days: list[int]) -> str:
    """Return the predicate of some days, sorted."""
    if not days:
        return "FALSE"
    if days[-1] - days[0] == len(days) - 1:
        return f"day BETWEEN {days[0]} AND {days[-1]}"
    return f"day IN ({', '.join(map(str, days))})"
