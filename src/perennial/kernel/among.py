"""Many ids as one parameter of a query: thousands of them need no chunks, and no placeholder each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db.models import ForeignKey, Lookup, Q


class Among(Lookup):
    """`field IN (…)` for whole numbers, however many there are."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Say it to SQLite."""
        left, given = self.process_lhs(compiler, connection)
        return left + " IN (SELECT value FROM json_each(%s))", (*given, json.dumps(self.rhs))  # noqa: S608 - no value in it

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Say it to PostgreSQL."""
        left, given = self.process_lhs(compiler, connection)
        return left + " = ANY(%s::bigint[])", (*given, self.rhs)


ForeignKey.register_lookup(Among)


def among(field: str, ids: Iterable[int]) -> Q:
    """Return the condition that a reference (`customer_id`) is one of these."""
    return Q(**{f"{field}__among": [int(one) for one in ids]})
