"""What the lake asks of the place where its files are."""

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

Raw = dict[str, Any]
"""The manifest as it is written."""


class StoreFault(OSError):
    """The object store does not answer, refuses, or gave back other bytes than were put; the message says which."""


class Unsuitable(StoreFault):
    """This object store, or what was said of it, cannot hold a lake; the message says what to do."""


class LostLease(StoreFault):
    """Whoever held a lease was silent for so long that another took it over: nothing was committed, do it again."""


class Storage(Protocol):
    """The lake's files by their names, relative to it; any number of processes, or of machines, use one at a time.

    Every method but `named` may raise OSError; a StoreFault where the object store is at fault.
    """

    folder: Path
    """Where files of tables are written before they are kept, and where all files are read."""

    def prepare(self) -> None:
        """Make what is needed to write here."""

    def add(self, name: str, table: pa.Table) -> str:
        """Write a table as one durable Parquet file and return the name that it got."""

    def replace(self, name: str, table: pa.Table) -> str:
        """Do the same in the place of what was added under this name before."""

    def named(self, name: str, digest: str) -> str:
        """Return the name under which a file of this digest is kept."""

    def keep(self, names: Iterable[str]) -> None:
        """Make files that were written in the folder durable under their names."""

    def here(self, names: Iterable[str]) -> list[Path]:
        """Return where files can be read, brought here where they are not."""

    def listed(self, folder: str, *, is_fresh: bool = True) -> list[str]:
        """Return the names of the Parquet files of a folder, sorted; `is_fresh` False: while the store does not answer,
        those that this process saw last."""

    def newest(self, names: Iterable[str]) -> list[str]:
        """Return names that were listed, the file written last first."""

    def size(self, names: Iterable[str]) -> int:
        """Return the bytes of files of tables; none is brought here for it."""

    def remove(self, names: Iterable[str]) -> None:
        """Remove files for good; nothing happens to what is not there."""

    def clear(self, folder: str) -> None:
        """Remove a folder of staged files with all that is in it."""

    def read(self, *, is_fresh: bool = True) -> Raw | None:
        """Return the live manifest, None where there is none; `is_fresh` False: as `listed`. Where nothing changed it
        is the very object of before, which nobody may change."""

    def commit(self, change: Callable[[Raw | None], Raw | None]) -> None:
        """Put what `change` makes of the live manifest in its place, alone among all; None changes nothing. `change`
        may be called again where somebody else was faster.

        :raises LostLease: a lease of this thread was taken over; nothing is changed.
        """

    def lease(self, name: str) -> AbstractContextManager[None]:
        """Keep all others from a kind of work until the block ends; who dies lets go of it."""

    def hold(self) -> AbstractContextManager[None]:
        """Keep all others from committing until the block ends.

        :raises LostLease: at the end, where somebody may have committed nevertheless.
        """

    def sweep(self, known: Collection[str], *, at: datetime, grace: timedelta) -> None:
        """Remove what killed writers left in the tables' folders; only the holder of the lease for folding calls this.
        `known` is live or retired."""

    def tidy(self, known: Callable[[], Collection[str]], *, grace: timedelta) -> None:
        """Remove from a cache what is neither known nor waiting any more; `known` reads the live manifest."""

    def faults(self, names: Iterable[str]) -> list[str]:
        """Return what is wrong with these files in the object store, one sentence each."""
