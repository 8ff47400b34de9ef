"""Metrics of one's own: which columns of the daily values they have, which of them are served, which are being made.

A definition in force gets a column named by how it is computed. The daily run computes every column that is kept;
readers are shown the one that is served. A change makes a second column beside it, and the switch is one transaction.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from django.db import transaction

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import Better, Label, MetricDefinition, MetricUnit
from perennial.customers import own_fields
from perennial.customers.own_fields import OwnTold
from perennial.kernel.journal import actions as journal
from perennial.kernel.organisation import actions as organisation
from perennial.kernel.organisation import stamp as stamps
from perennial.kernel.organisation.queries import config_stamp
from perennial.lake.algebra import BadDefinition, Metric, parse_metrics
from perennial.usage.models import MetricColumn

log = logging.getLogger("perennial.usage")


@dataclass(frozen=True, slots=True)
class OwnMetric:
    """A metric of one's own that has its values, as people read it, and the column that they stand in."""

    key: str
    column: str
    label: Label
    definition: Label
    unit: MetricUnit
    better: Better
    algebra: Mapping[str, Any]

    @property
    def formula(self) -> str:
        """Return how the definition joins its measures; the name of a lone one."""
        return str(self.algebra.get("expression") or next(iter(self.algebra["measures"])))


@dataclass(frozen=True, slots=True)
class Kept:
    """One column that is computed each day; `metric` carries the column's name as its key."""

    id: int
    key: str
    metric: Metric
    is_served: bool
    made_until: int | None


def served() -> tuple[OwnMetric, ...]:
    """Return the own metrics that have their values, by the order of their keys; one query for a stamp of the
    configuration, none for a home as it ships."""
    return _served(config_stamp())


@lru_cache(maxsize=4)
def _served(stamp: str) -> tuple[OwnMetric, ...]:
    if stamp == stamps.UNCHANGED:
        return ()
    return tuple(_own(row) for row in MetricColumn.objects.filter(is_served=True).order_by("key"))


def kept() -> tuple[Kept, ...]:
    """Return every column that is computed, as the records say this moment; one query."""
    found = []
    for row in MetricColumn.objects.order_by("column"):
        try:
            metric = as_metric(row.column, row.definition["algebra"])
        except BadDefinition as error:
            log.error("own metric %s is not computed: %s", row.key, error)
            continue
        found.append(Kept(row.pk, row.key, metric, row.is_served, row.made_until))
    return tuple(found)


def as_metric(name: str, algebra: Mapping[str, Any]) -> Metric:
    """Return a definition as the lake computes it, under a name."""
    return parse_metrics([{**algebra, "key": name}])[0]


def column_of(definition: MetricDefinition) -> str:
    """Return the column of a definition: another one for every other way of computing, the same for other words."""
    told = json.dumps(definition.algebra, sort_keys=True).encode()
    return f"{definition.key}_{blake2b(told, digest_size=5).hexdigest()}"


def is_behind() -> bool:
    """Return whether a definition in force has no column yet; no query where nobody defined any, else one."""
    wanted = {column_of(one) for one in blueprint.own_metrics()}
    return bool(wanted) and not wanted <= set(MetricColumn.objects.values_list("column", flat=True))


@transaction.atomic
def reconcile(*, at: datetime) -> None:
    """Bring the columns in step with the definitions in force. Safe to run twice.

    A new way of computing gets a column that is still to be made; words that changed hold at once; what is defined no
    more is neither computed nor served from here on.
    """
    organisation.lock_configuration()
    stamps.keep(None)  # what is in force now, whatever this job read when it began
    wanted = {column_of(one): one for one in blueprint.own_metrics()}
    keys = {one.key for one in wanted.values()}
    touched = False
    for row in MetricColumn.objects.order_by("id"):
        one = wanted.get(row.column)
        if one is None and not (row.is_served and row.key in keys):
            row.delete()
            touched = True
        elif one is not None and row.definition != (told := _plain(one)):
            row.definition = told
            row.save(update_fields=["definition"])
            touched = True
    there = set(MetricColumn.objects.values_list("column", flat=True))
    for column, one in wanted.items():
        if column not in there:
            MetricColumn.objects.create(key=one.key, column=column, definition=_plain(one), at=at)
    if touched:
        _show()
        organisation.stamp_configuration()


@transaction.atomic
def switch(ids: Iterable[int], *, at: datetime) -> None:
    """Serve columns that have their whole history in place of their keys' former ones, in one step.

    One that is defined no more, or otherwise by now, is left to the next `reconcile`.
    """
    organisation.lock_configuration()
    stamps.keep(None)
    wanted = {column_of(one) for one in blueprint.own_metrics()}
    rows = [row for row in MetricColumn.objects.filter(id__in=list(ids), is_served=False) if row.column in wanted]
    for row in rows:
        MetricColumn.objects.filter(key=row.key, is_served=True).delete()
        row.is_served = True
        row.save(update_fields=["is_served"])
    if rows:
        _show()
        organisation.stamp_configuration()
        data = {"metrics": [row.key for row in rows], "columns": [row.column for row in rows]}
        journal.record("metrics.made", subject="configuration:own_metrics", at=at, data=data)


def _show() -> None:
    """Tell the field catalogue which own metrics have their values."""
    served = [_own(row) for row in MetricColumn.objects.filter(is_served=True).order_by("key")]
    own_fields.bring_in_step(
        [OwnTold(one.key, one.label, one.definition, one.unit.value, one.formula) for one in served]
    )


def _plain(one: MetricDefinition) -> dict[str, Any]:
    words = {name: [label.en, label.zh_hans, label.zh_hant] for name, label in
             (("label", one.label), ("definition", one.definition))}  # fmt: skip
    return {**words, "unit": str(one.unit), "better": str(one.better), "algebra": json.loads(json.dumps(one.algebra))}


def _own(row: MetricColumn) -> OwnMetric:
    told = row.definition
    return OwnMetric(
        key=row.key,
        column=row.column,
        label=Label(*told["label"]),
        definition=Label(*told["definition"]),
        unit=MetricUnit(told["unit"]),
        better=Better(told["better"]),
        algebra=told["algebra"],
    )
