"""The one commit point: a JSON file that lists what is live, replaced in one step (storage/).

A reader takes the manifest first and the inbox folder second, and leaves out what the manifest calls retired: a file
folded in between is still on disk (the grace) and not yet retired in what the reader holds, so it counts once.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from perennial.lake.spans import Span
from perennial.lake.storage.terms import Raw, Storage
from perennial.lake.terms import Changed, Counts, Subject, Tombstone

FORMAT = 1
MOST_NAMED = 20_000
"""More customers than this are not worth naming: all are made anew."""


@dataclass(frozen=True)
class DataFile:
    """One immutable Parquet file of a table, its path relative to the lake; `digest` of its bytes ("": written before
    digests were kept)."""

    path: str
    span: Span
    rows: int
    digest: str = ""


@dataclass(frozen=True)
class Manifest:
    """What is live at one generation."""

    generation: int = 0
    tables: dict[str, tuple[DataFile, ...]] = field(default_factory=dict)
    adopted: tuple[str, ...] = ()  # staged files of published imports, not yet folded into the tables
    imports: dict[int, Counts] = field(default_factory=dict)  # published imports, with what was folded of them
    retired: dict[str, datetime] = field(default_factory=dict)  # files no longer live, until they are gone from disk
    dirty: tuple[int, ...] = ()  # days whose facts changed, for more customers than are named, since they were made new
    late: dict[int, int] = field(default_factory=dict)  # the others: customer → its first day whose facts changed
    changes: int = 0  # how often facts changed
    left_out: tuple[int, ...] = ()  # users that the facts leave out
    counted_as: dict[int, int] = field(default_factory=dict)  # who counted for whom when daily values were made
    tombstones: tuple[Tombstone, ...] = ()
    pending: tuple[Tombstone, ...] = ()  # tombstones whose rows are hidden but still in the files
    plan: dict[str, str] = field(default_factory=dict)  # the facts' columns: name → predicate
    totals: Counts = field(default_factory=Counts)
    expire_before: int | None = None  # raw events of earlier days are to go; it never goes back
    kept_from: int | None = None  # raw events of earlier days are gone: their facts stay as they are
    aged: Counts = field(default_factory=Counts)  # what is counted in `totals` and gone since its time was over
    since: dict[str, int] = field(default_factory=dict)  # the facts' columns that days before this one do not know

    def files(self, table: str, from_day: int | None = None, until_day: int | None = None) -> list[DataFile]:
        """Return a table's files that may hold days in [from_day, until_day); an open end means no bound."""
        return [
            file
            for file in self.tables.get(table, ())
            if (until_day is None or file.span.from_day < until_day)
            and (from_day is None or from_day < file.span.until_day)
        ]

    @property
    def first_kept(self) -> int | None:
        """Return the first day whose raw events are kept, or are from the next fold on; None where all are."""
        return max((day for day in (self.expire_before, self.kept_from) if day is not None), default=None)

    @property
    def known(self) -> set[str]:
        """Return the files of the tables, and those that are no longer live but still there."""
        return {file.path for files in self.tables.values() for file in files} | set(self.retired)

    def erased(self, subject: Subject) -> list[int]:
        """Return the surrogates that tombstones hide."""
        return [stone.id for stone in self.tombstones if stone.subject == subject]

    def with_changed(self, changed: Changed) -> "Manifest":
        """Return the successor that knows of these days' changed facts; far too many customers become all."""
        if not changed:
            return self
        dirty = {*self.dirty, *(day for day, customers in changed.items() if customers is None)}
        late = dict(self.late)
        for day, customers in changed.items():
            for customer in customers or ():
                late[customer] = min(day, late.get(customer, day))
        if len(late) > MOST_NAMED:
            dirty, late = {*dirty, *late.values()}, {}
        return replace(self, dirty=tuple(sorted(dirty)), late=late, changes=self.changes + 1)

    def with_rewrite(self, rewrite: "Rewrite", *, at: datetime) -> "Manifest":
        """Return the successor in which a table holds new files for whole spans; what they replace is retired."""
        days = {day for span in rewrite.spans for day in range(span.from_day, span.until_day)}
        present = self.tables.get(rewrite.table, ())
        kept = [file for file in present if file.span.from_day not in days]
        replaced = {file.path: at for file in present if file.span.from_day in days}
        live = tuple(sorted([*kept, *rewrite.files], key=lambda file: file.span))
        return replace(self, tables=self.tables | {rewrite.table: live}, retired=self.retired | replaced)


@dataclass(frozen=True)
class Rewrite:
    """New files that stand for everything a table had in these spans; a span without rows has no file."""

    table: str
    spans: frozenset[Span]
    files: tuple[DataFile, ...]

    def __add__(self, other: "Rewrite") -> "Rewrite":
        """Return both as one rewrite of the same table; their spans differ."""
        return Rewrite(self.table, self.spans | other.spans, (*self.files, *other.files))


def read(root: Storage, *, is_fresh: bool = True) -> Manifest:
    """Return the live manifest; an empty one where there is no lake yet. `is_fresh` False: for readers only, who go on
    with the one seen last while an object store does not answer."""
    return _parsed(root.read(is_fresh=is_fresh))


class Latest:
    """The live manifest for readers, parsed once for as long as it stays the same."""

    def __init__(self, root: Storage) -> None:
        self._root = root
        self._parsed: tuple[Raw | None, Manifest] = (None, Manifest())

    def read(self) -> Manifest:
        """Return the same as `read(is_fresh=False)`; the object is shared by all who ask."""
        raw, (before, parsed) = self._root.read(is_fresh=False), self._parsed
        if raw is not before:
            parsed = _parsed(raw)
            self._parsed = (raw, parsed)
        return parsed


def commit(root: Storage, change: Callable[[Manifest], Manifest]) -> Manifest:
    """Apply a change to the live manifest, alone among all processes, and return its successor.

    Nothing is written where the change returns what it was given. It may be called again: see Storage.commit.
    """
    live = Manifest()

    def changed(raw: Raw | None) -> Raw | None:
        nonlocal live
        current = _parsed(raw)
        live = change(current)
        if live == current:
            return None
        live = replace(live, generation=current.generation + 1)
        return written(live)

    root.commit(changed)
    return live


def sweep(root: Storage, current: Manifest, *, at: datetime, grace: timedelta) -> list[str]:
    """Remove files past their grace and files that a killed writer left; return the retired names now gone.

    Only the lease holder may call this: nobody else then writes into the tables' folders.
    """
    gone = [name for name, retired_at in current.retired.items() if retired_at + grace <= at]
    root.remove(gone)
    root.sweep(current.known, at=at, grace=grace)
    return gone


def written(manifest: Manifest) -> Raw:
    """Return a manifest as it is written."""
    return asdict(manifest) | {
        "format": FORMAT,
        "tables": {
            name: [[file.path, file.span.from_day, file.span.until_day, file.rows, file.digest] for file in files]
            for name, files in manifest.tables.items()
        },
        "retired": {path: at.isoformat() for path, at in manifest.retired.items()},
        "tombstones": [[stone.subject, stone.id] for stone in manifest.tombstones],
        "pending": [[stone.subject, stone.id] for stone in manifest.pending],
    }


def _parsed(raw: Raw | None) -> Manifest:
    if raw is None:
        return Manifest()
    if raw["format"] != FORMAT:
        raise ValueError(f"this lake has format {raw['format']}, this version reads {FORMAT}")
    return Manifest(
        generation=raw["generation"],
        tables={
            name: tuple(DataFile(path, Span(first, until), *rest) for path, first, until, *rest in files)
            for name, files in raw["tables"].items()
        },
        adopted=tuple(raw["adopted"]),
        imports={int(key): Counts(**counts) for key, counts in raw["imports"].items()},
        retired={path: datetime.fromisoformat(at) for path, at in raw["retired"].items()},
        dirty=tuple(raw["dirty"]),
        late={int(customer): day for customer, day in raw.get("late", {}).items()},
        changes=raw.get("changes", 0),
        left_out=tuple(raw.get("left_out", ())),
        counted_as={int(number): customer for number, customer in raw.get("counted_as", {}).items()},
        tombstones=_tombstones(raw["tombstones"]),
        pending=_tombstones(raw["pending"]),
        plan=raw["plan"],
        totals=Counts(**raw["totals"]),
        expire_before=raw.get("expire_before"),
        kept_from=raw.get("kept_from"),
        aged=Counts(**raw.get("aged", {})),
        since=raw.get("since", {}),
    )


def _tombstones(raw: list[list[Any]]) -> tuple[Tombstone, ...]:
    return tuple(Tombstone(Subject(subject), surrogate) for subject, surrogate in raw)
