"""Newest first, page by page: which rows come after a mark."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

Mark = tuple[datetime, int]


def before(column: str, mark: Mark | None) -> Q:
    """Return the condition of the rows that follow a mark in the order (-column, -id); of all rows where it is None."""
    if mark is None:
        return Q()
    at, row_id = mark
    return Q(**{f"{column}__lt": at}) | Q(**{column: at, "id__lt": row_id})
