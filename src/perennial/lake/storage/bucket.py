"""A lake in an object store. The bucket is the truth; the folder is a cache of files that never change.

Names carry the digest of their bytes (`…/7.<digest>.parquet`), so that what comes from the bucket is compared with it,
and two writers never put different bytes under one name. The manifest, with the leases in it, is one object that is
replaced by conditional PUT alone (versions.py): a commit by somebody whose lease was taken over meanwhile is refused.
"""

import hashlib
import re
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from perennial.lake import durable
from perennial.lake.storage.client import Client, Listed
from perennial.lake.storage.folder import TABLES, as_bytes
from perennial.lake.storage.leases import HOLD, Leases
from perennial.lake.storage.terms import Raw, StoreFault
from perennial.lake.storage.versions import Versions

AT_ONCE = 8
"""Objects that are sent or fetched side by side."""
SILENCE = 5.0
"""Seconds for which readers do not ask a store again that did not answer."""
STRAYS_EVERY = 3600.0
STRAYS_AFTER = timedelta(days=1)
"""What no manifest knows is removed when it is so old: longer than any writer sleeps."""
Made = TypeVar("Made")
_DIGEST = re.compile(r"\.([0-9a-f]{32})\.parquet$")
_MD5 = re.compile(r'"?([0-9a-f]{32})"?')


class Bucket:
    """See Storage. `patience`: seconds after which a silent holder's lease is taken over."""

    def __init__(self, client: Client, folder: Path, *, patience: float = 30.0) -> None:
        self.folder = folder
        self._client = client
        self._versions = Versions(client)
        self._leases = Leases(self._versions, patience=patience)
        self._listed: dict[str, list[Listed]] = {}
        self._silent_until = 0.0
        self._strays_at = self._tidy_at = 0.0
        self._copied: int | None = None

    def prepare(self) -> None:
        durable.make_folder(self.folder)
        self._versions.prove(self.folder / "proven")

    # Files

    def add(self, name: str, table: pa.Table) -> str:
        """Nothing is written here: who only accepts events needs no disk."""
        content = _encoded(table)
        name = self.named(name, durable.digest_of(content))
        self._client.put(name, content)
        return name

    def replace(self, name: str, table: pa.Table) -> str:
        content = _encoded(table)
        final = self.named(name, durable.digest_of(content))
        stem = name.removesuffix("parquet")
        rows = self._client.listed(name.rpartition("/")[0])
        # First away, then anew: never are there two of one part, and the part was not yet called done.
        self._client.delete(row.name for row in rows if row.name.startswith(stem) and row.name != final)
        self._client.put(final, content)
        return final

    def named(self, name: str, digest: str) -> str:
        return name if _DIGEST.search(name) else f"{name.removesuffix('.parquet')}.{digest}.parquet"

    def keep(self, names: Iterable[str]) -> None:
        wanted = list(names)
        durable.sync_below(self.folder, wanted)
        self._side_by_side(lambda name: self._client.put(name, self.folder / name), wanted)

    def here(self, names: Iterable[str]) -> list[Path]:
        wanted = list(names)
        self._side_by_side(self._bring, [name for name in wanted if not (self.folder / name).is_file()])
        return [self.folder / name for name in wanted]

    def listed(self, folder: str, *, is_fresh: bool = True) -> list[str]:
        if is_fresh or time.monotonic() >= self._silent_until:
            try:
                self._listed[folder] = self._client.listed(folder)
            except StoreFault:
                self._silent_until = time.monotonic() + SILENCE
                if is_fresh:
                    raise
        return [row.name for row in self._listed.get(folder, []) if row.name.endswith(".parquet")]

    def newest(self, names: Iterable[str]) -> list[str]:
        put = {row.name: row.at.timestamp() for rows in self._listed.values() for row in rows}
        return sorted(names, key=lambda name: put.get(name, 0.0), reverse=True)

    def size(self, names: Iterable[str]) -> int:
        there = {row.name: row.size for table in TABLES for row in self._client.listed(table)}
        return sum(there.get(name, 0) for name in names)

    def remove(self, names: Iterable[str]) -> None:
        wanted = list(names)
        self._client.delete(wanted)
        for name in wanted:
            (self.folder / name).unlink(missing_ok=True)

    def clear(self, folder: str) -> None:
        self.remove(row.name for row in self._client.listed(folder))

    # The manifest

    def read(self, *, is_fresh: bool = True) -> Raw | None:
        if is_fresh:
            return _manifest_in(self._versions.latest()[0])
        return _manifest_in(self._seen_last())

    def commit(self, change: Callable[[Raw | None], Raw | None]) -> None:
        self.prepare()

        def edited(raw: Raw) -> Raw | None:
            self._leases.refuse_lost(raw)
            changed = change(_manifest_in(raw))
            return None if changed is None else self._leases.carried(raw, changed)

        self._leases.wait_for_hold(lambda: self._versions.change(edited))

    def lease(self, name: str) -> AbstractContextManager[None]:
        self.prepare()
        return self._leases.held(name, self.folder / f"{name}.lock")

    def hold(self) -> AbstractContextManager[None]:
        self.prepare()
        return self._leases.held(HOLD, self.folder / f"{HOLD}.lock")

    # Order

    def sweep(self, known: Collection[str], *, at: datetime, grace: timedelta) -> None:
        if time.monotonic() < self._strays_at:
            return
        rows = [row for table in TABLES for row in self._client.listed(table)]
        strays = [row.name for row in rows if row.name not in known and row.at + STRAYS_AFTER < at]
        # Whoever slept with an old manifest in his hands must not remove what others committed since.
        self._leases.refuse_lost(self._versions.latest()[0])
        self._client.delete(strays)
        self._strays_at = time.monotonic() + STRAYS_EVERY

    def tidy(self, known: Callable[[], Collection[str]], *, grace: timedelta) -> None:
        if time.monotonic() < self._tidy_at or not self.folder.is_dir():
            return
        self._tidy_at = time.monotonic() + grace.total_seconds()
        # While nobody on this machine folds: what he wrote is in no manifest yet.
        with durable.locked_if_free(self.folder / "lease.lock") as is_free:
            if not is_free:
                return
            try:
                kept = known()
            except StoreFault:
                return
            before = time.time() - grace.total_seconds()
            for path in [path for table in (*TABLES, "inbox", "staging") for path in (self.folder / table).rglob("*")]:
                if path.suffix in (".parquet", ".tmp") and str(path.relative_to(self.folder)) not in kept:
                    durable.remove_if_older(path, before)

    def faults(self, names: Iterable[str]) -> list[str]:
        rows = {row.name: row for table in (*TABLES, "staging") for row in self._client.listed(table)}
        found = self._side_by_side(lambda name: self._fault(name, rows.get(name)), sorted(names))
        return [fault for fault in found if fault]

    def _fault(self, name: str, row: Listed | None) -> str | None:
        """Return what is wrong with an object; one whose tag says nothing (it went up in parts) is read again, and a
        copy here that was damaged is brought anew."""
        if row is None:
            return f"{name} is missing in {self._client.place}"
        here = self.folder / name
        if here.is_file() and _is_as_named(here, name) and _is_like(here, row):
            return None
        try:
            self._bring(name)
        except OSError as error:
            return str(error)
        return None

    def _bring(self, name: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with durable.aside(path) as unfinished:
            self._client.fetch(name, unfinished)
            if not _is_as_named(unfinished, name):
                raise StoreFault(
                    f"{name} in {self._client.place} is damaged: its bytes are not those that were written"
                )

    def _seen_last(self) -> Raw:
        """Return the manifest, the one seen last where the store does not answer: its files may all be here."""
        copy = self.folder / "manifest.json"
        before = self._versions.seen
        if time.monotonic() >= self._silent_until:
            try:
                raw, _tag = self._versions.latest()
                if self.folder.is_dir() and raw.get("generation") not in (None, self._copied):
                    durable.replace_bytes(copy, as_bytes(raw))
                    self._copied = raw["generation"]
                return raw
            except StoreFault:
                self._silent_until = time.monotonic() + SILENCE
                if before is None and not copy.is_file():
                    raise
        if before is None:
            before = self._versions.remembered(copy.read_bytes())
        return before[0]

    def _side_by_side(self, work: Callable[[str], Made], names: list[str]) -> list[Made]:
        if len(names) < 2:
            return [work(name) for name in names]
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            return list(pool.map(work, names))


def _encoded(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    durable.write_parquet(table, sink)
    return bytes(sink.getvalue())


def _manifest_in(raw: Raw) -> Raw | None:
    """Return the object's manifest; before the first commit there are only leases in it."""
    return raw if "format" in raw else None


def _is_as_named(path: Path, name: str) -> bool:
    named = _DIGEST.search(name)
    return named is None or durable.digest(path) == named.group(1)


def _is_like(path: Path, row: Listed) -> bool:
    """Say whether an object is surely what is here: by its size, and by its tag, which of most is the MD5."""
    tag = _MD5.fullmatch(row.tag)
    with path.open("rb") as file:
        same = tag and hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == tag.group(1)
    return bool(same) and path.stat().st_size == row.size
