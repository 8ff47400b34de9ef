"""Many numbers of a query as one text: a hundred thousand ids arrive without becoming a hundred thousand rows on the
way."""

from __future__ import annotations

from typing import Any

from django.db.models import Aggregate, TextField


class Joined(Aggregate):
    """The whole numbers of a group as a text, "3,1,2"; NULL for none."""

    function = "GROUP_CONCAT"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Say the same to PostgreSQL."""
        return self.as_sql(compiler, connection, template="STRING_AGG((%(expressions)s)::text, ',')", **context)
