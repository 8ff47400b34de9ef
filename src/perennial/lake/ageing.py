"""Raw events whose time is over: which files go whole, which are cut, and what that is; their facts stay."""
# ruff: noqa: S608 (names and numbers only; text from outside passes the algebra's allow-list)

from perennial.lake.engines.terms import Session, answers
from perennial.lake.facts import FACT_TABLES, fact_schema
from perennial.lake.manifest import Manifest
from perennial.lake.rollup import unerased_sql
from perennial.lake.spans import Span
from perennial.lake.storage.terms import Storage
from perennial.lake.terms import EVENT_SCHEMA, Ageing, Counts
from perennial.lake.work import EVENTS, REJECTED, Work


def leaving(work: Work, table: str) -> frozenset[Span]:
    """Return the spans of which nothing is kept: their files are not even read."""
    if not work.is_ageing:
        return frozenset()
    return frozenset(file.span for file in work.live.files(table) if work.is_expired(file.span.until_day - 1))


def cut(work: Work, table: str) -> set[int]:
    """Return a day of the file of which a part is kept, if there is one: it is to be written anew."""
    first = work.kept_from
    if first is None or not work.is_ageing:
        return set()
    return {first for file in work.live.files(table) if file.span.from_day < first < file.span.until_day}


def counted(session: Session, work: Work) -> Counts:
    """Return how much of what is stored goes; who is erased at the same time counts as erased."""
    first = work.kept_from
    if first is None or not work.is_ageing:
        return Counts()
    unerased = work.unerased if work.live.pending else ""
    events, rejected = (
        _rows_before(session, work.root, work.live, table, first, unerased) for table in (EVENTS, REJECTED)
    )
    return Counts(stored=events, conflicts=rejected)


def asked(session: Session, root: Storage, live: Manifest, before: int) -> Ageing:
    """Return what would be gone if raw events were kept from a day on; only the file that the day lies in is read."""
    events, rejected = (_rows_before(session, root, live, table, before, "") for table in (EVENTS, REJECTED))
    files = live.files(EVENTS, until_day=before)
    first = None
    if events and files:
        rows = session.files_sql(root, [files[0].path], EVENT_SCHEMA)
        ((first,),) = answers(session, f"SELECT MIN(day) FROM ({rows})")
    return Ageing(events, rejected, first)


def _rows_before(session: Session, root: Storage, live: Manifest, table: str, before: int, where: str) -> int:
    """Return how many rows of a table lie before a day; `where` "": files that lie before it wholly are not read."""
    files = live.files(table, until_day=before)
    read = [file for file in files if where or file.span.until_day > before]
    known = sum(file.rows for file in files if file not in read)
    if not read:
        return known
    early = f"day < {before} AND {where or 'TRUE'}"
    rows = session.files_sql(root, [file.path for file in read], EVENT_SCHEMA, where=early)
    ((count,),) = answers(session, f"SELECT COUNT(*) FROM ({rows})")
    return known + int(count)


def erased_days(session: Session, work: Work) -> set[int]:
    """Return the days without raw events whose facts still name somebody erased since the last run."""
    first = work.kept_from
    if first is None or not work.live.pending:
        return set()
    found: set[int] = set()
    for table in FACT_TABLES:
        files = [file.path for file in work.live.files(table, until_day=first)]
        where = f"day < {first} AND NOT ({unerased_sql(work, table)})"
        rows = session.files_sql(work.root, files, fact_schema(table, ()), where=where)
        found |= {day for (day,) in answers(session, f"SELECT DISTINCT day FROM ({rows})")}
    return found
