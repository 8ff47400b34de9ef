"""A folder of this machine: durable by fsync, one commit at a time by a lock on a file, replaced by rename."""

import json
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from perennial.lake import durable
from perennial.lake.storage.terms import Raw

MANIFEST = "manifest.json"
TABLES = ("events", "rejected", "facts", "daily")
SETTLED = 100_000_000
"""Nanoseconds after which a file was surely not replaced by one with the same number, size and time: the clocks of file
systems tick slowly."""


class Folder:
    """A lake in a folder, all of it here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: tuple[tuple[int, int, int], Raw] | None = None

    def prepare(self) -> None:
        durable.make_folder(self.folder)

    def add(self, name: str, table: pa.Table) -> str:
        durable.replace_parquet(self.folder / name, table)
        return name

    def replace(self, name: str, table: pa.Table) -> str:
        return self.add(name, table)

    def named(self, name: str, digest: str) -> str:
        return name

    def keep(self, names: Iterable[str]) -> None:
        durable.sync_below(self.folder, names)

    def here(self, names: Iterable[str]) -> list[Path]:
        return [self.folder / name for name in names]

    def listed(self, folder: str, *, is_fresh: bool = True) -> list[str]:
        return [f"{folder}/{path.name}" for path in sorted((self.folder / folder).glob("*.parquet"))]

    def newest(self, names: Iterable[str]) -> list[str]:
        return sorted(names, key=lambda name: os.stat(self.folder / name).st_mtime_ns, reverse=True)

    def size(self, names: Iterable[str]) -> int:
        return sum(path.stat().st_size for path in self.here(names) if path.is_file())

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def clear(self, folder: str) -> None:
        shutil.rmtree(self.folder / folder, ignore_errors=True)

    def read(self, *, is_fresh: bool = True) -> Raw | None:
        """Return the manifest, the very object read before where the file is the same; it must not be changed."""
        before = self._read  # once: another thread may read a later one meanwhile
        try:
            if before is not None and _mark(os.stat(self.folder / MANIFEST)) == before[0]:
                return before[1]
            with (self.folder / MANIFEST).open("rb") as file:
                mark = _mark(os.fstat(file.fileno()))
                raw: Raw = json.load(file)
        except FileNotFoundError:
            return None
        self._read = (mark, raw) if time.time_ns() - mark[2] > SETTLED else None
        return raw

    def commit(self, change: Callable[[Raw | None], Raw | None]) -> None:
        self.prepare()
        with self.hold():
            if (changed := change(self.read())) is not None:
                durable.replace_bytes(self.folder / MANIFEST, as_bytes(changed))

    @contextmanager
    def lease(self, name: str) -> Iterator[None]:
        self.prepare()
        with durable.locked(self.folder / f"{name}.lock"):
            yield

    @contextmanager
    def hold(self) -> Iterator[None]:
        self.prepare()
        with durable.locked(self.folder / "manifest.lock"):
            yield

    def sweep(self, known: Collection[str], *, at: datetime, grace: timedelta) -> None:
        for table in TABLES:
            for path in (self.folder / table).rglob("*.parquet"):
                if str(path.relative_to(self.folder)) not in known:
                    path.unlink()
        for aside in self.folder.glob("*/*.tmp"):
            if aside.stat().st_mtime < (at - grace).timestamp():
                aside.unlink(missing_ok=True)

    def tidy(self, known: Callable[[], Collection[str]], *, grace: timedelta) -> None:
        """Nothing: the folder is the lake, no cache."""

    def faults(self, names: Iterable[str]) -> list[str]:
        return []


def _mark(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def as_bytes(raw: Raw) -> bytes:
    """Return the manifest as a file, one value a line."""
    return json.dumps(raw, indent=0).encode()
