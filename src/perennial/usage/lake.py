"""The organisation's lake, one handle a process, and the metric definitions in force."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

from django.conf import settings

from perennial.blueprint import queries as blueprint
from perennial.lake.algebra import Aggregate, Measure, Metric, parse_metrics
from perennial.lake.storage.bucket import Bucket
from perennial.lake.storage.client import Client
from perennial.lake.storage.folder import Folder
from perennial.lake.storage.place import Place
from perennial.lake.store import Lake

METRICS_TABLE = "metrics"
WINDOW = 28
USE = Measure(Aggregate.ADOPTED, of="bought", where=blueprint.core_predicate(), window=WINDOW)
"""Core events by user and feature; its column is in the facts always, since pages read it."""


def lake() -> Lake:
    """Return the lake of this home, in its folder or in the object store that the environment names."""
    return _lake(Path(settings.HOME), settings.LAKE_PLACE)


@lru_cache(maxsize=4)
def _lake(home: Path, place: Place | None) -> Lake:
    storage = Folder(home / "lake") if place is None else Bucket(Client(place), home / "lake-cache" / place.folder)
    return Lake(storage, engine=settings.LAKE_ENGINE)


@cache
def definitions() -> tuple[Metric, ...]:
    """Return the metrics that the blueprint defines, as the algebra computes them."""
    return parse_metrics([dict(definition.algebra) for definition in blueprint.metrics()])


@cache
def metric_keys() -> tuple[str, ...]:
    """Return the keys of the metrics, in the blueprint's order."""
    return tuple(metric.key for metric in definitions())
