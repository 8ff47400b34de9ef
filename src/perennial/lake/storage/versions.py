"""One object, replaced only by conditional PUT: of two who change one version, one succeeds and one begins anew."""

import json
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from perennial.lake.storage.client import Client, Outrun
from perennial.lake.storage.folder import MANIFEST, as_bytes
from perennial.lake.storage.terms import Raw, StoreFault, Unsuitable

CHANGES = "changes_made"
MOST_TURNS = 1_000
KEPT = 32
"""The last changes are named in the object: whose answer was lost on its way finds there that it came through."""


class Versions:
    """The manifest's object, and the version that this process saw last. What is returned must not be changed."""

    def __init__(self, client: Client) -> None:
        self.seen: tuple[Raw, str | None] | None = None
        self._client = client
        self._lock = threading.Lock()
        self._is_proven = False

    def latest(self) -> tuple[Raw, str | None]:
        """Return what is there now and its tag; nothing and no tag where there is none yet."""
        with self._lock:
            before = self.seen
        try:
            found = self._client.get(MANIFEST, unless=before[1] if before else None)
        except FileNotFoundError:
            return {}, None
        if found is None:
            assert before is not None
            return before
        return self._keep(self._parsed(found[0]), found[1])

    def _keep(self, raw: Raw, tag: str) -> tuple[Raw, str | None]:
        """Remember a version, unless another thread saw a later one meanwhile."""
        with self._lock:
            if self.seen is None or raw.get("generation", 0) >= self.seen[0].get("generation", 0):
                self.seen = (raw, tag)
        return raw, tag

    def _parsed(self, content: bytes) -> Raw:
        try:
            raw = json.loads(content)
        except ValueError:
            raw = None
        if not isinstance(raw, dict):
            raise Unsuitable(
                f"What {self._client.place} gives back is no manifest. Is PERENNIAL_LAKE_ENDPOINT an object store?"
            )
        return raw

    def remembered(self, content: bytes) -> tuple[Raw, str | None]:
        """Begin with a copy of an earlier version, for as long as the store does not answer."""
        with self._lock:
            self.seen = self.seen or (json.loads(content), None)
            return self.seen

    def change(self, edit: Callable[[Raw], Raw | None]) -> None:
        """Put what `edit` makes of the latest version in its place; None changes nothing."""
        mark = uuid4().hex[:12]
        for _turn in range(MOST_TURNS):
            raw, tag = self.latest()
            made = raw.get(CHANGES, [])
            if mark in made:
                return
            changed = edit(raw)
            if changed is None:
                return
            changed = {**changed, CHANGES: [*made[-KEPT + 1 :], mark]}
            try:
                put = self._client.swap(MANIFEST, as_bytes(changed), tag=tag)
            except Outrun:
                time.sleep(random.uniform(0, 0.05))  # noqa: S311 (to keep two apart, no secret)
                continue
            except StoreFault:
                if self._came_through(mark):
                    return
                raise
            self._keep(changed, put)
            return
        raise StoreFault(f"{self._client.place} refused {MOST_TURNS} changes of the manifest one after the other.")

    def _came_through(self, mark: str) -> bool:
        """Ask, after a fault, whether the change was made and only its answer lost; where that is not to be learned
        either, the caller hears of the fault, and whatever it does again must find that it is done."""
        try:
            return mark in self.latest()[0].get(CHANGES, [])
        except StoreFault:
            return False

    def prove(self, mark: Path) -> None:
        """See once, of each store, whether it refuses what it must refuse; `mark` is a file that remembers it.

        :raises Unsuitable: it does not.
        """
        place = self._client.place
        told = f"{place} {place.endpoint or place.region}"
        if self._is_proven or (mark.is_file() and mark.read_text() == told):
            self._is_proven = True
            return
        name = f"probe/{uuid4().hex}"
        try:
            tag = self._client.swap(name, b"1", tag=None)
            is_safe = self._refuses(name, None)
            self._client.swap(name, b"2", tag=tag)
            is_safe = is_safe and self._refuses(name, tag)
        except Outrun:
            is_safe = False
        self._client.delete([name])
        if not is_safe:
            raise Unsuitable(
                f"{place} at {place.endpoint or place.region} does not honour conditional PUTs (If-None-Match and "
                "If-Match): two writers would overwrite each other. Use a store that does, or a local folder."
            )
        mark.write_text(told)
        self._is_proven = True

    def _refuses(self, name: str, tag: str | None) -> bool:
        try:
            self._client.swap(name, b"no", tag=tag)
        except Outrun:
            return True
        return False
