"""Many numbers of a query as one text: a hundred thousand ids arrive in an array without becoming a hundred thousand
rows on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.db.models import Aggregate, TextField
from numpy.typing import NDArray


class Joined(Aggregate):
    """The whole numbers of a group as a text, which `numbers` reads; NULL for none."""

    function = "GROUP_CONCAT"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Say the same to PostgreSQL."""
        return self.as_sql(compiler, connection, template="STRING_AGG((%(expressions)s)::text, ',')", **context)


def numbers(text: str | None) -> NDArray[np.int64]:
    """Return the numbers of such a text, in order, each once."""
    return np.unique(np.fromstring(text, np.int64, sep=",")) if text else np.zeros(0, np.int64)
