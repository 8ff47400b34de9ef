"""Leases among machines, kept inside the object that commits replace.

So that a commit and the loss of a lease cannot pass each other unseen: both change one object. Clocks are not compared:
a holder counts up while he lives, and who sees the same count for the whole of his own patience takes over.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from perennial.lake import durable
from perennial.lake.storage.terms import LostLease, Raw, StoreFault
from perennial.lake.storage.versions import Versions

LEASES = "leases"
HOLD = "hold"
"""The lease that keeps all others from committing."""
ASK_EVERY = 0.2
BEATS = 6
"""How often a holder counts up within the others' patience."""


TURNS = 3
Made = TypeVar("Made")


def again(work: Callable[[], Made]) -> Made:
    """Do a piece of work anew where another machine took over its lease: nothing of it was committed."""
    for _turn in range(TURNS - 1):
        try:
            return work()
        except LostLease:
            continue
    return work()


class OnHold(Exception):
    """Somebody keeps all others from committing."""


class Leases:
    """The leases that threads of this process hold, and those of others."""

    def __init__(self, versions: Versions, *, patience: float) -> None:
        self._versions = versions
        self._patience = patience
        self._of_thread = threading.local()

    @contextmanager
    def held(self, name: str, here: Path) -> Iterator[None]:
        """Hold a lease; `here` is a lock that keeps the other processes of this machine waiting cheaply."""
        with durable.locked(here):
            machine = _machine(here.parent)
            holder = f"{machine}:{uuid4().hex}"
            self._take(name, holder, machine)
            done = threading.Event()
            threading.Thread(
                target=self._count_up, args=(name, holder, done), daemon=True, name=f"lease-{name}"
            ).start()
            self._mine.append((name, holder))
            try:
                yield
                if name == HOLD:
                    self.refuse_lost(self._versions.latest()[0])
            finally:
                self._mine.remove((name, holder))
                done.set()
                self._let_go(name, holder)

    def refuse_lost(self, raw: Raw) -> None:
        """:raises LostLease: a lease of this thread is another's now."""
        there = raw.get(LEASES, {})
        for name, holder in self._mine:
            if there.get(name, [None])[0] != holder:
                raise LostLease(f"the lease “{name}” was taken over by another; nothing was committed")

    def carried(self, raw: Raw, changed: Raw) -> Raw:
        """Return a manifest with the leases that stand in its predecessor.

        :raises OnHold: it must not be committed now.
        """
        there = raw.get(LEASES, {})
        if HOLD in there and (HOLD, there[HOLD][0]) not in self._mine:
            raise OnHold
        return {**changed, LEASES: there}

    def wait_for_hold(self, commit: Callable[[], None]) -> None:
        """Commit as soon as nobody holds all others; one who fell silent is passed over."""
        watch = _Watch(self._patience)
        while True:
            try:
                return commit()
            except OnHold:
                there = self._versions.latest()[0].get(LEASES, {}).get(HOLD)
                if there is not None and watch.is_silent(there):
                    self._let_go(HOLD, there[0])
                else:
                    time.sleep(ASK_EVERY)

    @property
    def _mine(self) -> list[tuple[str, str]]:
        if not hasattr(self._of_thread, "leases"):
            self._of_thread.leases = []
        mine: list[tuple[str, str]] = self._of_thread.leases
        return mine

    def _take(self, name: str, holder: str, machine: str) -> None:
        """Wait for a lease. A holder of this machine is dead: its lock here is ours."""
        watch = _Watch(self._patience)
        while True:
            there = self._versions.latest()[0].get(LEASES, {}).get(name)
            if there is None or there[0].startswith(f"{machine}:") or watch.is_silent(there):
                self._versions.change(lambda raw, old=there: _with(raw, name, [holder, 0], instead_of=old))  # type: ignore[misc]
                if self._versions.latest()[0].get(LEASES, {}).get(name, [None])[0] == holder:
                    return
            else:
                time.sleep(ASK_EVERY)

    def _count_up(self, name: str, holder: str, done: threading.Event) -> None:
        def counted(raw: Raw) -> Raw | None:
            there = raw.get(LEASES, {}).get(name)
            return (
                None
                if done.is_set() or not there
                else _with(raw, name, [holder, there[1] + 1], instead_of=[holder, there[1]])
            )

        while not done.wait(self._patience / BEATS):
            try:
                self._versions.change(counted)
            except StoreFault:
                continue  # it may come back before the others lose patience

    def _let_go(self, name: str, holder: str) -> None:
        def without(raw: Raw) -> Raw | None:
            there = raw.get(LEASES, {})
            if there.get(name, [None])[0] != holder:
                return None
            return {**raw, LEASES: {key: value for key, value in there.items() if key != name}}

        with contextlib.suppress(StoreFault):  # the others wait until they lose patience
            self._versions.change(without)


class _Watch:
    """How long a lease has looked the same to us."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._last: object = None
        self._since = 0.0

    def is_silent(self, there: object) -> bool:
        if there != self._last:
            self._last, self._since = there, time.monotonic()
        return time.monotonic() - self._since >= self._patience


def _machine(folder: Path) -> str:
    """Return the name of whoever uses this cache, made on first use."""
    path = folder / "machine"
    if not path.is_file():
        with durable.locked(folder / "machine.lock"):
            if not path.is_file():
                durable.replace_bytes(path, uuid4().hex.encode())
    return path.read_text()


def _with(raw: Raw, name: str, lease: list[object], *, instead_of: list[object] | None) -> Raw | None:
    there = raw.get(LEASES, {})
    return {**raw, LEASES: {**there, name: lease}} if there.get(name) == instead_of else None
