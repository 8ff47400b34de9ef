"""Where the lake's plans run: DuckDB in this process, a Spark cluster, or PostgreSQL; chosen here and nowhere else.

Every plan is one text in DuckDB's dialect. What runs it is a `Session` (terms.py) with the same few methods; the other
two have the text carried over by `dialects.py`. Rows are the same everywhere: whole numbers and decimals equal,
doubles equal bit for bit.
"""

from perennial.lake.engine import Engine
from perennial.lake.engines.duckdb import InProcess
from perennial.lake.engines.terms import Door, NoEngine

DUCKDB = "duckdb"


def chosen(address: str, engine: Engine) -> Door:
    """Return the door to the engine at an address: `duckdb`, a Spark master, or `postgresql://…`.

    A Spark master is `spark://host:7077`, or `local[*]` for one in this machine.

    :raises NoEngine: the address names none.
    """
    if address == DUCKDB:
        return InProcess(engine)
    if address.startswith(("spark://", "local")):
        from perennial.lake.engines.spark import Cluster

        return Cluster(address)
    if address.startswith(("postgres://", "postgresql://")):
        from perennial.lake.engines.postgres import Server

        return Server(address)
    raise NoEngine(f"no engine is called {address!r}: duckdb, spark://host:7077, local[*], postgresql://…")
