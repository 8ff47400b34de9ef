"""How long raw events are kept: what is to go, what that would be, and from which day on a metric is known."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import duckdb

from perennial.lake import ageing, known, manifest
from perennial.lake.algebra import Metric
from perennial.lake.engines.duckdb import DuckSession
from perennial.lake.manifest import Manifest
from perennial.lake.reading import Snapshot
from perennial.lake.storage.terms import Storage
from perennial.lake.terms import Ageing

Reader = Callable[[], AbstractContextManager[tuple[duckdb.DuckDBPyConnection, Snapshot]]]


class Retention:
    """The lake's door for this; days are as everywhere in the lake."""

    def __init__(self, root: Storage, reader: Reader) -> None:
        self._root = root
        self._reader = reader

    def expire(self, before: int) -> bool:
        """Say that raw events, the rejected too, of days before this one are to go: the next fold removes them, and
        takes none for such a day any more. Facts and daily values stay. Never goes back; a second time changes nothing.
        Return whether a fold has something to remove.
        """

        def expired(current: Manifest) -> Manifest:
            first = current.first_kept
            return current if first is not None and before <= first else replace(current, expire_before=before)

        live = manifest.commit(self._root, expired)
        return live.first_kept != live.kept_from

    def would_go(self, before: int) -> Ageing:
        """Return what `expire` would have removed; nothing is changed."""
        with self._reader() as (connection, snapshot):
            return ageing.asked(DuckSession(connection), snapshot.root, snapshot.live, before)

    def kept_from(self) -> int | None:
        """Return the first day whose raw events are kept, or are from the next fold on; None where all are."""
        return manifest.read(self._root, is_fresh=False).first_kept

    def known_from(self, metric: Metric) -> int | None:
        """Return the first day of which a metric can be known, None where nothing of its past is missing."""
        return known.known_from(metric, manifest.read(self._root, is_fresh=False).since)
