"""Which engine runs the plans: chosen here and nowhere else."""

from contextlib import AbstractContextManager

from perennial.lake.engine import Engine
from perennial.lake.engines.duckdb import InProcess
from perennial.lake.engines.terms import Door, NoEngine, Session

DUCKDB = "duckdb"
SPARK_FROM = 1_000_000
"""Rows from which work is worth sending to Spark: its smallest step takes seconds, and rows are the same here."""


class BySize:
    """The door to an engine for much work; little is done here."""

    def __init__(self, here: Door, there: Door, *, least: int) -> None:
        self._here, self._there, self._least = here, there, least
        self.folds = there.folds

    def session(self, rows: int) -> AbstractContextManager[Session]:
        return (self._there if rows >= self._least else self._here).session(rows)


def chosen(address: str, engine: Engine) -> Door:
    """Return the door to the engine at an address: `duckdb`, a Spark master, or `postgresql://…`.

    A Spark master is `spark://host:7077`, or `local[*]` in this machine; it gets what has SPARK_FROM rows or more.

    :raises NoEngine: the address names none.
    """
    if address == DUCKDB:
        return InProcess(engine)
    if address.startswith(("spark://", "local")):
        from perennial.lake.engines.spark import Cluster

        return BySize(InProcess(engine), Cluster(address), least=SPARK_FROM)
    if address.startswith(("postgres://", "postgresql://")):
        from perennial.lake.engines.postgres import Server

        return Server(address)
    raise NoEngine(f"no engine is called {address!r}: duckdb, spark://host:7077, local[*], postgresql://…")
