"""An ear at the engine: which SQL is it asked?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pytest

from perennial.lake.engine import Engine


class _Heard:
    """A connection that keeps what it is asked."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, said: list[str]) -> None:
        self._connection, self._said = connection, said

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in {"sql", "execute", "query", "from_query", "read_parquet"}:
            return found

        def kept(text: str, *given: Any, **named: Any) -> Any:
            self._said.append(str(text))
            return found(text, *given, **named)

        return kept


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return every SQL text that the engine is asked from here on."""
    told: list[str] = []
    session = Engine.session

    @contextmanager
    def heard(engine: Engine) -> Iterator[_Heard]:
        with session(engine) as connection:
            yield _Heard(connection, told)

    monkeypatch.setattr(Engine, "session", heard)
    return told
