"""The lake's door: everything that the rooms above ask of it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from perennial.lake import calendars, compaction, daily, inbox, inspection, known, manifest, metrics, reading, trial
from perennial.lake.algebra import Metric, plan_of
from perennial.lake.analysis import Analysis
from perennial.lake.engine import Engine
from perennial.lake.engines.choice import DUCKDB, chosen
from perennial.lake.engines.duckdb import DuckSession, InProcess
from perennial.lake.engines.terms import Door
from perennial.lake.latest import Arrivals
from perennial.lake.manifest import Manifest
from perennial.lake.reading import Snapshot
from perennial.lake.retention import Retention
from perennial.lake.storage import moving
from perennial.lake.storage.folder import Folder
from perennial.lake.storage.leases import again
from perennial.lake.storage.terms import Storage
from perennial.lake.terms import (
    AlreadyPublished,
    Compaction,
    Counts,
    Event,
    EventCount,
    EventDays,
    Holdings,
    Merged,
    Stale,
    Tombstone,
    WentBackwards,
)

NOBODY_MERGED = Merged()


class Lake:
    """One organisation's usage in one folder or bucket; any number of processes may hold one.

    Days are INT32 numbers since 1970-01-01 in the organisation's zone; ranges of days are half-open. `at` is always
    the real clock, not the as-of day: it times the grace of files that readers may still hold. `engine` names where
    events are folded, and facts and metrics computed (engines/); all else is DuckDB's, in this process.
    """

    def __init__(
        self,
        root: Path | Storage,
        *,
        memory: str = "1GB",
        threads: int = 2,
        grace: timedelta = timedelta(minutes=10),
        engine: str | Door = DUCKDB,
    ) -> None:
        self._root = Folder(root) if isinstance(root, Path) else root
        self._engine = Engine(memory=memory, threads=threads, spill=self._root.folder / "spilled")
        self._plans = chosen(engine, self._engine) if isinstance(engine, str) else engine
        self._folds = self._plans if self._plans.folds else InProcess(self._engine)
        self._grace = grace
        self._latest = manifest.Latest(self._root)
        self._seen = 0

    # The way in

    def accept(self, batch: pa.Table, *, writer: str) -> None:
        """Store a batch of events durably; once this returns, no crash loses it.

        :raises NotAnEvent: the batch does not fit the schema.
        """
        inbox.accept(self._root, batch, writer=writer)

    def stage(self, import_id: int, part: int, batch: pa.Table) -> None:
        """Write one part of an import aside; the same part again replaces it.

        :raises NotAnEvent: the batch does not fit the schema.
        """
        inbox.stage(self._root, import_id, part, batch)

    def publish(self, import_id: int) -> None:
        """Make all staged parts of an import live in one step; a second time changes nothing."""

        def published(current: Manifest) -> Manifest:
            if import_id in current.imports:
                return current
            adopted = (*current.adopted, *inbox.staged(self._root, import_id))
            return replace(current, adopted=adopted, imports=current.imports | {import_id: Counts()})

        manifest.commit(self._root, published)

    def discard(self, import_id: int) -> None:
        """Drop an import's staged parts; a second time changes nothing.

        :raises AlreadyPublished: it was published.
        """
        if self.is_published(import_id):
            raise AlreadyPublished(import_id)
        inbox.discard(self._root, import_id)

    def is_published(self, import_id: int) -> bool:
        """Say whether an import's events are live; recovery after a crash asks this."""
        return import_id in self._live().imports

    def erase(self, tombstones: Iterable[Tombstone]) -> None:
        """Hide customers and users from every read at once; the next compaction removes their rows for good.

        Counts that name nobody (a customer's totals that an erased user added to) follow with that compaction.
        """
        stones = tuple(sorted(set(tombstones)))

        def erased(current: Manifest) -> Manifest:
            new = tuple(stone for stone in stones if stone not in current.tombstones)
            return replace(current, tombstones=(*current.tombstones, *new), pending=(*current.pending, *new))

        manifest.commit(self._root, erased)

    @property
    def retention(self) -> Retention:
        """How long raw events are kept."""
        return Retention(self._root, self._reader)

    # Folding

    def compact(
        self, definitions: tuple[Metric, ...], *, at: datetime, left_out: Iterable[int] | None = None
    ) -> Compaction:
        """Fold what arrived into the day files and the facts that these metrics need; safe to kill and to repeat.

        `left_out` are the users whose events are kept and count nowhere (own staff, bots, tests); None: those of
        before. Where one comes or goes, the facts of his days are made anew.
        """
        out = None if left_out is None else tuple(left_out)
        done = again(
            lambda: compaction.compact(
                self._root, self._folds, self._plans, plan_of(definitions), at=at, grace=self._grace, left_out=out
            )
        )
        self._tidy()
        return done

    def is_waiting(self) -> bool:
        """Return whether the inbox holds events that are not folded yet."""
        retired = self._live().retired
        return any(name not in retired for name in inbox.waiting(self._root, is_fresh=False))

    def import_counts(self, import_id: int) -> Counts | None:
        """Return what became of an import's events so far, None where it was not published."""
        return self._live().imports.get(import_id)

    def totals(self) -> Counts:
        """Return what became of all events that were ever folded."""
        return self._live().totals

    def stale(self) -> Stale:
        """Return what was made of facts that changed since, and that nobody called made anew."""
        live = self._live()
        return Stale(live.dirty, live.late, live.changes)

    def counted_as(self) -> dict[int, int]:
        """Return who counted for whom when the daily values were made."""
        return self._live().counted_as

    def freshen(self, stale: Stale, *, counted_as: Mapping[int, int]) -> None:
        """Say that everything made of these facts was made anew, and who counted for whom. Where facts changed since
        `stale` was read, nobody knows whether that was seen: everything stays stale."""

        def fresh(current: Manifest) -> Manifest:
            if current.changes != stale.changes:
                return current
            dirty = tuple(day for day in current.dirty if day not in stale.days)
            late = {customer: day for customer, day in current.late.items() if customer not in stale.customers}
            return replace(current, dirty=dirty, late=late, counted_as=dict(counted_as))

        manifest.commit(self._root, fresh)

    # Metrics and daily tables

    def metrics_asof(
        self, definitions: tuple[Metric, ...], periods: pa.Table, day: int, *, merged: Merged = NOBODY_MERGED,
        calendar: calendars.Calendar = calendars.NO_CALENDAR,
    ) -> pa.Table:  # fmt: skip
        """Return customer, day and each metric, sorted by customer, for customers with a period around the day.

        `periods` holds customer INT64, from_day, until_day INT32 (half-open, without overlap within a customer) and
        the attributes that the metrics read. Facts count for whom `merged` says; adjusted trends read `calendar`.

        :raises FactsMissing: compact with these definitions first.
        """
        snapshot = self._snapshot()
        days = range(day, day + 1)
        with self._plans.session(metrics.size(snapshot, definitions, periods, days=days)) as session:
            rows = metrics.metrics_asof(session, snapshot, definitions, periods, calendar, days=days, merged=merged)
        return known.masked(rows, definitions, snapshot.live.since)

    def metrics_backfill(
        self, definitions: tuple[Metric, ...], periods: pa.Table, *, from_day: int, until_day: int,
        merged: Merged = NOBODY_MERGED, calendar: calendars.Calendar = calendars.NO_CALENDAR,
    ) -> pa.Table:  # fmt: skip
        """Return the same as `metrics_asof` for each day in [from_day, until_day), in no order, at linear cost. Facts
        of customers without a period are not read."""
        snapshot = self._snapshot()
        days = range(from_day, until_day)
        with self._plans.session(metrics.size(snapshot, definitions, periods, days=days)) as session:
            rows = metrics.metrics_backfill(session, snapshot, definitions, periods, calendar, days=days, merged=merged)
        return known.masked(rows, definitions, snapshot.live.since)

    def metrics_trial(
        self, definitions: tuple[Metric, ...], periods: pa.Table, day: int, *, merged: Merged = NOBODY_MERGED,
        calendar: calendars.Calendar = calendars.NO_CALENDAR,
    ) -> pa.Table:  # fmt: skip
        """Return the same as `metrics_asof`, also where facts were never made: of raw events, for this one question."""
        with self._reader() as (connection, snapshot):
            session = DuckSession(connection)
            return trial.metrics_trial(session, snapshot, definitions, periods, calendar, day=day, merged=merged)

    def write_days(
        self,
        name: str,
        rows: pa.Table,
        *,
        from_day: int,
        until_day: int,
        at: datetime,
        customers: Iterable[int] | None = None,
    ) -> None:
        """Replace the days [from_day, until_day) of a daily table in one commit, of some customers (None: all); the
        table appears on first use."""
        some = None if customers is None else tuple(customers)
        again(
            lambda: daily.write_days(
                self._root, self._engine, name, rows, from_day=from_day, until_day=until_day, at=at, customers=some
            )
        )

    def write_columns(
        self, name: str, rows: pa.Table, *, from_day: int, until_day: int, at: datetime, keep: Iterable[str]
    ) -> None:
        """Put columns beside those that a daily table has on the days [from_day, until_day), in one commit; its other
        columns but `keep` leave the files that are written anew."""
        kept = tuple(keep)
        again(
            lambda: daily.write_columns(
                self._root, self._engine, name, rows, from_day=from_day, until_day=until_day, at=at, keep=kept
            )
        )

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        """Let nobody else bring a daily table in step until the block ends; whoever does so holds this from before he
        reads what its columns are until its rows are written."""
        with self._root.lease(name):
            yield

    def first_day_of(self, name: str) -> int | None:
        """Return the first day of the first file of a daily table, None where it has none."""
        return daily.first_day(self._live(), name)

    def last_day_of(self, name: str) -> int | None:
        """Return the last day of a daily table that has a row, None where none has."""
        with self._reader() as (connection, snapshot):
            return daily.last_day(connection, snapshot.root, snapshot.live, name)

    def read_days(self, name: str, *, customers: list[int] | None = None, from_day: int, until_day: int) -> pa.Table:
        """Return rows of a daily table by customer and day; `customers` None means all, no rows means no such days."""
        with self._reader() as (connection, snapshot):
            seen, days = snapshot, {"from_day": from_day, "until_day": until_day}
            return daily.read_days(connection, seen.root, seen.live, name, customers=customers, **days)

    # Reads for screens and reports

    def events(self, customer: int, *, from_day: int, until_day: int, limit: int = 100) -> list[Event]:
        """Return a customer's newest events, those not yet folded included."""
        with self._reader() as (connection, snapshot):
            return reading.events(connection, snapshot, customer, from_day=from_day, until_day=until_day, limit=limit)

    def event_counts(self, *customers: int, from_day: int, until_day: int) -> list[EventCount]:
        """Return the counts of some customers together per day, event and feature; days without events are absent."""
        with self._reader() as (connection, snapshot):
            return reading.event_counts(connection, snapshot, list(customers), from_day=from_day, until_day=until_day)

    def event_days(self) -> dict[int, EventDays]:
        """Return every customer's first and last day with an event; a customer without events is absent."""
        with self._reader() as (connection, snapshot):
            return reading.event_days(connection, snapshot)

    def last_day(self) -> int | None:
        """Return the last day that has an event, None where there is none."""
        with self._reader() as (connection, snapshot):
            return reading.last_day(connection, snapshot)

    @contextmanager
    def trail(
        self, *, customers: Iterable[int] | None = None, users: Iterable[int] | None = None
    ) -> Iterator[Iterator[pa.RecordBatch]]:
        """Yield every event of some customers or some users in batches, in the order of time: folded, waiting, and kept
        aside (`table` says which). For the export of what is held of somebody."""
        with self._reader() as (connection, snapshot):
            yield reading.trail(connection, snapshot, customers=customers, users=users)

    def trail_size(self, *, customers: Iterable[int] | None = None, users: Iterable[int] | None = None) -> int:
        """Return how many rows `trail` would yield."""
        with self._reader() as (connection, snapshot):
            return reading.trail_size(connection, snapshot, customers=customers, users=users)

    def known(self, ids: Iterable[pa.Array]) -> int:
        """Return how many of these event ids were accepted before, folded or not."""
        with self._reader() as (connection, snapshot):
            return reading.known(connection, snapshot, ids)

    def rejected(self, *, limit: int = 1000) -> pa.Table:
        """Return events kept aside because their id was taken by another content, newest first."""
        with self._reader() as (connection, snapshot):
            return reading.rejected(connection, snapshot, limit=limit)

    @contextmanager
    def arrivals(self) -> Iterator[Arrivals]:
        """Yield reads of raw events as they came in, those not yet folded included: for the intake's own pages."""
        with self._reader() as (connection, snapshot):
            yield Arrivals(connection, snapshot)

    @contextmanager
    def analysis(self) -> Iterator[Analysis]:
        """Yield reads of facts and daily tables over many customers, for the analysis pages; no event is read."""
        with self._reader() as (connection, snapshot):
            yield Analysis(connection, snapshot)

    @contextmanager
    def held(self, into: Path) -> Iterator[None]:
        """Put the live lake into an empty folder, and let nobody commit until the block ends.

        The folder then is a lake by itself: the manifest as it was read, and every file that it or the inbox counts,
        linked where the disk allows it, so that no later sweep takes a file away. What is copied of the records inside
        the block knows everything that this lake refers to.
        """
        with moving.held(self._root, into):
            yield

    def check(self) -> list[str]:
        """Return what is wrong with the files against the manifest, one sentence each."""
        with self._reader() as (connection, snapshot):
            return inspection.check(connection, snapshot.root, snapshot.live)

    def holdings(self) -> Holdings:
        """Return what the lake holds: how many files and bytes, its days, and what became of all that arrived."""
        return inspection.holdings(self._root, self._live())

    def is_empty(self) -> bool:
        """Return whether nothing was ever committed or accepted here."""
        return not self._live().generation and not inbox.waiting(self._root)

    def prepare(self) -> None:
        """Make what is needed to write here; called before anything serves.

        :raises Unsuitable: the object store cannot hold a lake.
        """
        self._root.prepare()

    def take_over(self, source: Path) -> int:
        """Bring the lake of a folder here, where none is yet, and return how many files it has.

        :raises Unsuitable: there is one.
        """
        return moving.take_over(Folder(source), self._root)

    def retired(self) -> list[str]:
        """Return the files that hold what is no longer live: they stay until readers have let go of them, and leave
        this list with the fold after that."""
        return sorted(self._live().retired)

    def _live(self) -> Manifest:
        seen = self._seen  # before the read: another thread may see a later one while this one waits for its answer
        live = self._latest.read()
        if live.generation < seen:
            raise WentBackwards(f"generation {live.generation} after {seen}")
        self._seen = max(self._seen, live.generation)
        return live

    @contextmanager
    def _reader(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, Snapshot]]:
        snapshot = self._snapshot()
        with self._engine.session() as connection:
            yield connection, snapshot

    def _snapshot(self) -> Snapshot:
        self._tidy()
        return Snapshot.of(self._root, self._live())

    def _tidy(self) -> None:
        """Now and then remove from a cache what nobody reads any more."""
        self._root.tidy(self._kept, grace=self._grace)

    def _kept(self) -> set[str]:
        live = manifest.read(self._root)
        return {*live.known, *live.adopted, *inbox.waiting(self._root)}
