"""Which configuration is in force, as a stamp that is new after every change; the rooms keep what they parsed by it.

It comes with every read of the house and is kept for the present unit of work: a request, a job or a command, each of
which reads the house anew. So a change holds everywhere from the next request and job on, at the cost of no query.
"""

from __future__ import annotations

from contextvars import ContextVar

UNCHANGED = ""
"""The stamp of a home whose configuration is as it ships."""

_kept: ContextVar[str | None] = ContextVar("configuration", default=None)


def kept() -> str | None:
    """Return the stamp of this unit of work, None before anything read it."""
    return _kept.get()


def keep(stamp: str | None) -> None:
    """Keep a stamp for this unit of work; None: it is read again when it is next needed."""
    _kept.set(stamp)
