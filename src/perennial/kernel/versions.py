"""Facts that feed a figure are append-only versions: when it was true, and when it was learned (decisions.md, Time)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from django.db import models, transaction

from perennial.kernel.inserting import insert

CHUNK = 500


class AppendOnly(Exception):
    """A version is never changed or deleted: write the next one with `supersede`."""


class VersionQuerySet(models.QuerySet[Any]):
    """Reads of versions; update and delete are refused."""

    def current(self) -> Self:
        """Return what is known now."""
        return self.filter(superseded_at=None)

    def known_at(self, at: datetime) -> Self:
        """Return what was known at an instant."""
        return self.filter(learned_at__lte=at).filter(models.Q(superseded_at=None) | models.Q(superseded_at__gt=at))

    def update(self, **_values: Any) -> int:
        raise AppendOnly

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnly

    def supersede(self, facts: Sequence[uuid.UUID], *, at: datetime) -> int:
        """Close the current versions of these facts; return how many. The only change that a version ever sees."""
        closed = 0
        for start in range(0, len(facts), 500):
            chunk = self.filter(fact__in=facts[start : start + 500], superseded_at=None)
            closed += super(VersionQuerySet, chunk).update(superseded_at=at)
        return closed


class Version(models.Model):
    """What every versioned fact carries.

    `fact` names the fact across its versions; (source, external_id) names it in the system it came from.
    `learned_by_assumption` marks a time that an import declared ("known at its own date") instead of observed.
    """

    fact = models.UUIDField(default=uuid.uuid4, editable=False)
    source = models.CharField(max_length=60, default="")
    external_id = models.CharField(max_length=200, null=True)
    learned_at = models.DateTimeField()
    learned_by_assumption = models.BooleanField(default=False)
    superseded_at = models.DateTimeField(null=True)
    import_id = models.BigIntegerField(null=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["fact"], condition=models.Q(superseded_at=None), name="%(class)s_one_current"
            ),
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=models.Q(superseded_at=None),
                name="%(class)s_one_of_source",
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert only. (An exception to "no save() overrides": refusing is the whole point.)"""
        if self.pk is not None:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnly


@dataclass(frozen=True)
class Incoming:
    """A fact as a source states it: its id there (None: new each time), its values, and when it was learned.

    `learned_at` None means now; a time marks it as assumed ("known at its own date").
    """

    external_id: str | None
    values: Mapping[str, Any]
    learned_at: datetime | None = None
    fact: uuid.UUID | None = None


@dataclass
class Counted:
    """What a set-wise write did; `outcomes` says it by external id: new, changed or same."""

    new: int = 0
    changed: int = 0
    same: int = 0
    outcomes: dict[str, str] = field(default_factory=dict)

    def add(self, external_id: str | None, outcome: str) -> None:
        """Count one fact."""
        setattr(self, outcome, getattr(self, outcome) + 1)
        if external_id is not None:
            self.outcomes[external_id] = outcome


@transaction.atomic
def write(
    model: type[Version], rows: Sequence[Incoming], *, source: str, at: datetime, import_id: int | None = None
) -> Counted:
    """Write the facts of one source set-wise by external id; three queries for 500 rows; return what happened.

    A fact that is known with the same values stays as it is; other values make the next version, learned now, whatever
    the source declares: only a first version may be known "at its own date".
    """
    counted = Counted()
    for start in range(0, len(rows), CHUNK):
        _write_chunk(model, rows[start : start + CHUNK], source=source, at=at, import_id=import_id, counted=counted)
    return counted


def _write_chunk(
    model: type[Version],
    rows: Sequence[Incoming],
    *,
    source: str,
    at: datetime,
    import_id: int | None,
    counted: Counted,
) -> None:
    asked = [row.external_id for row in rows if row.external_id is not None]
    known = {old.external_id: old for old in model.objects.current().filter(source=source, external_id__in=asked)}
    fresh: list[dict[str, Any]] = []
    closed: list[uuid.UUID] = []
    for row in rows:
        old = known.get(row.external_id) if row.external_id is not None else None
        if old is not None and all(getattr(old, key) == value for key, value in row.values.items()):
            counted.add(row.external_id, "same")
            continue
        if old is None:
            counted.add(row.external_id, "new")
            version = {
                "fact": row.fact or uuid.uuid4(),
                "learned_at": row.learned_at or at,
                "learned_by_assumption": row.learned_at is not None,
            }
        else:
            counted.add(row.external_id, "changed")
            closed.append(old.fact)
            version = _next_values(old, at=at)
        origin = {"source": source, "external_id": row.external_id, "import_id": import_id}
        fresh.append({**version, **row.values, **origin})
    model.objects.supersede(closed, at=at)
    insert(model, fresh)


def next_of(old: Version, *, at: datetime) -> Version:
    """Return an unsaved copy of a version, learned at `at`, to be changed and inserted after `supersede`."""
    return type(old)(**_next_values(old, at=at))


def _next_values(old: Version, *, at: datetime) -> dict[str, Any]:
    names = [field.attname for field in old._meta.concrete_fields if field.attname not in {"id", "superseded_at"}]
    learned = {"learned_at": at, "learned_by_assumption": False}
    return {name: getattr(old, name) for name in names} | learned


@transaction.atomic
def change(model: type[Version], fact: uuid.UUID, changes: Mapping[str, Any], *, at: datetime) -> Version:
    """Write the next version of one fact with `changes`; return it. Three queries."""
    old = model.objects.current().select_for_update().get(fact=fact)
    version = next_of(old, at=at)
    for key, value in changes.items():
        setattr(version, key, value)
    model.objects.supersede([fact], at=at)
    version.save()
    return version
