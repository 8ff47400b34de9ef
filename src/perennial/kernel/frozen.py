"""Rows that are written once: what somebody said, or what was known on a day, is never changed afterwards."""

from __future__ import annotations

from typing import Any

from django.db import models

from perennial.kernel.versions import AppendOnly


class FrozenQuerySet(models.QuerySet[Any]):
    """Reads of frozen rows; update and delete are refused."""

    def update(self, **_values: Any) -> int:
        raise AppendOnly

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnly


class Frozen(models.Model):
    """What every row has that is written once. Only an erasure reaches behind it."""

    objects = FrozenQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert only. (An exception to "no save() overrides": refusing is the whole point.)"""
        if self.pk is not None:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnly
