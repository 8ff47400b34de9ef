"""One run of the compaction: the lake as it stood at its start, and what is to be made of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from perennial.lake.engine import Target, excluding_sql
from perennial.lake.engines.terms import Session
from perennial.lake.facts import FACT_DAY
from perennial.lake.manifest import Manifest
from perennial.lake.spans import Span, spans_to_write
from perennial.lake.storage.terms import Storage
from perennial.lake.terms import EVENT_SCHEMA, Subject

EVENTS = "events"
REJECTED = "rejected"


@dataclass(frozen=True)
class Work:
    """One run: the lake as it stood at its start, what arrived, and the facts wanted."""

    root: Storage
    live: Manifest
    arrived: list[str]
    plan: dict[str, str]
    left_out: tuple[int, ...] = ()

    @property
    def kept_from(self) -> int | None:
        """Return the first day whose raw events this run keeps, None where it keeps all."""
        return self.live.first_kept

    @property
    def is_ageing(self) -> bool:
        """Return whether events of further days are to go."""
        return self.kept_from != self.live.kept_from

    @property
    def kept(self) -> str:
        """Return the predicate of raw events whose time is not over."""
        return "TRUE" if self.kept_from is None else f"day >= {self.kept_from}"

    @property
    def in_time(self) -> str:
        """Return the predicate of arrivals that may still count. The first day that is kept takes none any more: what
        comes again with its clock corrected past midnight would find its like of the day before gone."""
        return "TRUE" if self.kept_from is None else f"day > {self.kept_from}"

    def is_expired(self, day: int) -> bool:
        """Return whether the events of a day are gone, so that its facts stay as they are."""
        return self.kept_from is not None and day < self.kept_from

    @property
    def since(self) -> dict[str, int]:
        """Return the columns wanted that earlier days will not know, each with the first day that does."""
        first = min((file.span.from_day for file in self.live.files(FACT_DAY)), default=None)
        new = {name for name in self.plan if name not in self.live.plan}
        if first is None or self.kept_from is None or not self.is_expired(first):
            new = set()
        return {name: day for name, day in self.live.since.items() if name in self.plan and name not in new} | (
            dict.fromkeys(new, self.kept_from or 0)
        )

    @property
    def counted(self) -> str:
        """Return the predicate that leaves out events of users that the facts leave out."""
        return excluding_sql("user", list(self.left_out))

    @property
    def unerased(self) -> str:
        """Return the predicate that leaves out everything erased."""
        customers, users = self.live.erased(Subject.CUSTOMER), self.live.erased(Subject.USER)
        return f"{excluding_sql('customer', customers)} AND {excluding_sql('user', users)}"

    def rows_sql(self, session: Session, table: str, from_day: int | None = None, until_day: int | None = None) -> str:
        """Return SELECT over the whole files of events or rejected events that may hold these days."""
        return session.files_sql(self.root, [f.path for f in self.live.files(table, from_day, until_day)], EVENT_SCHEMA)

    def size(self) -> int:
        """Return about how many rows the run goes through: those that arrived and those of the files that they may go
        into; all, where somebody's are looked for."""
        stored = [file for table in (EVENTS, REJECTED) for file in self.live.files(table)]
        arrived = [_footer(path) for path in self.root.here(self.arrived)]
        if not self.live.pending and set(self.left_out) == set(self.live.left_out):
            days = {_days_in(found) for found in arrived}
            stored = [file for file in stored if any(file.span.overlaps(first, last + 1) for first, last in days)]
        return sum(int(found.num_rows) for found in arrived) + sum(file.rows for file in stored)

    def spans(self, table: str, touched: Iterable[int]) -> dict[int, Span]:
        """Return day → span to rewrite in a table of events."""
        return spans_to_write((file.span for file in self.live.files(table, self.kept_from)), touched)

    def target(self, table: str, schema: pa.Schema) -> Target:
        """Return where this run writes a table's files."""
        return Target(self.root, table, self.live.generation + 1, schema)


def _footer(path: Path) -> pq.FileMetaData:
    """Return what a file says of itself.

    :raises ValueError: it is no Parquet file, or torn; the message names it.
    """
    try:
        return pq.read_metadata(path)
    except pa.ArrowException as error:
        raise ValueError(f"{path.name}: {error}") from error


ANY_DAY = (0, 2**31 - 2)


def _days_in(found: pq.FileMetaData) -> tuple[int, int]:
    """Return the first and the last day of a file that arrived, from its statistics; no day where it has no row, any
    day where it has no statistics."""
    place = EVENT_SCHEMA.names.index("day")
    known = [found.row_group(group).column(place).statistics for group in range(found.num_row_groups)]
    if not all(one is not None and one.has_min_max for one in known):
        return ANY_DAY
    return min((one.min for one in known), default=0), max((one.max for one in known), default=-1)


def in_turns(spans: Iterable[Span], rows: Mapping[Span, int], at_once: int) -> Iterator[list[Span]]:
    """Yield the spans in order, together up to so many rows."""
    turn: list[Span] = []
    for span in sorted(spans):
        if turn and sum(rows.get(one, 0) for one in [*turn, span]) > at_once:
            yield turn
            turn = []
        turn.append(span)
    if turn:
        yield turn
