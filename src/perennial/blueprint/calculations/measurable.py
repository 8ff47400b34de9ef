"""All that a scorecard may measure, with the words and the curve to begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from perennial.blueprint.scorecard_terms import Measurable, MeasureSource
from perennial.blueprint.terms import Better, Label, MetricDefinition

WEIGHT = 5


def label_of(given: Mapping[str, str]) -> Label:
    """Return a wording as the library holds it."""
    return Label(given["en"], given["zh-Hans"], given["zh-Hant"])


def words_of(label: Label) -> dict[str, str]:
    """Return a wording as a text of the part holds it."""
    return {"en": label.en, "zh-Hans": label.zh_hans, "zh-Hant": label.zh_hant}


def measurable(
    library: Mapping[str, Any], shipped: Mapping[str, Any], own: Sequence[MetricDefinition]
) -> tuple[MeasureSource, ...]:
    """Return the measures by source: those of the scorecard that ships as it has them, the library's others, and
    metrics of one's own, whose curve begins from 0 to 100 (a ratio's from 0 to 1).

    :raises KeyError: the library names a measure that is neither in it nor in the scorecard.
    """
    told = {one["key"]: one for group in shipped["groups"] for one in group["measures"]}
    told |= {one["key"]: one for one in library["measures"]}
    sources = [
        MeasureSource(label_of(source["label"]), [_shipped(told[key]) for key in source["measures"]])
        for source in library["sources"]
    ]
    if own:
        sources.append(MeasureSource(label_of(library["own"]), [_own(metric) for metric in own]))
    return tuple(sources)


def _shipped(one: Mapping[str, Any]) -> Measurable:
    return Measurable(one["key"], label_of(one["label"]), {**one, "weight": WEIGHT})


def _own(metric: MetricDefinition) -> Measurable:
    up = metric.better is not Better.LOWER
    most = 1 if metric.unit == "ratio" else 100
    told = {
        "key": metric.key,
        "label": words_of(metric.label),
        "definition": words_of(metric.definition),
        "weight": WEIGHT,
        "direction": "up" if up else "down",
        "points": [[0, 0 if up else 100], [most, 100 if up else 0]],
        "fresh_days": 7,
        "max_age_days": 28,
        "missing": "assume_segment_mean",
    }
    return Measurable(metric.key, metric.label, told)
