"""Presets of scorecards: choices among the measures of the scorecard that ships, written out as a text of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.blueprint.calculations.relisting import dumped


def composed(preset: Mapping[str, Any], shipped: Mapping[str, Any], library: Mapping[str, Any]) -> str:
    """Return a preset as the text of the part: curves, freshness and words are the shipped scorecard's; those of
    `besides`, by group, the library's.

    :raises KeyError: the preset names a group or a measure that does not ship.
    """
    cards = [_card(card, shipped, library) for card in preset["cards"]]
    if len(cards) == 1:
        cards[0]["label"] = preset["label"]
    told = cards[0] if len(cards) == 1 else {"scorecards": cards}
    return dumped(told)


def _card(card: Mapping[str, Any], shipped: Mapping[str, Any], library: Mapping[str, Any]) -> dict[str, Any]:
    others = {measure["key"]: measure for measure in library["measures"]}
    besides: Mapping[str, Mapping[str, Any]] = card.get("besides", {})
    groups = {group["key"]: group for group in shipped["groups"]}
    rule = {key: card[key] for key in ("when", "priority") if key in card}
    wanted = dict(card["measures"])
    found = {
        "key": card["key"],
        "version": 1,
        "label": card.get("label", shipped["label"]),
        **rule,
        **{key: shipped[key] for key in ("bands", "coverage", "smallest_segment")},
        "groups": [
            {
                **groups[key],
                "weight": weight,
                "measures": [
                    {**measure, "weight": wanted.pop(measure["key"])}
                    for measure in groups[key]["measures"]
                    if measure["key"] in wanted
                ]
                + [{**others[one], "weight": share} for one, share in besides.get(key, {}).items()],
            }
            for key, weight in card["groups"].items()
        ],
        "vetoes": shipped["vetoes"],
    }
    if wanted:
        raise KeyError(next(iter(wanted)))
    return found
