"""Parts of a scorecard's text added, taken away and moved: groups, measures, vetoes and whole scorecards."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from django.utils.translation import get_language, gettext

from perennial.blueprint import queries
from perennial.blueprint.calculations.patching import value_at
from perennial.blueprint.calculations.relisting import dumped, relisted
from perennial.blueprint.terms import BlueprintError
from perennial.pages.settings.scorecard_form import LANGUAGES, cards_of

_PART = re.compile(
    r"(?P<list>(?:scorecards\[\d+\]\.)?(?:groups(?:\[\d+\]\.measures)?|vetoes|tenure_bands)|scorecards)\[(?P<n>\d+)\]"
)
_LIST = re.compile(r"(?:scorecards\[\d+\]\.)?(?:groups(?:\[\d+\]\.measures)?|vetoes|tenure_bands)|scorecards")
ANYBODY = {"field": "segment", "op": "is_known"}


class NoSuchPart(ValueError):
    """What is to be added, taken away or moved is not there."""


@dataclass(frozen=True)
class Done:
    """The text afterwards, which scorecard is looked at, and where the part stands that was added or moved."""

    text: str
    card: str
    place: str


def done(text: str, asked: str, card: str, given: Mapping[str, Any]) -> Done:
    """Do what a button asks: `up PLACE`, `down PLACE`, `remove PLACE`, or `add PLACE-OF-A-LIST` with what the form says
    of the new part.

    :raises NoSuchPart: there is no such part, or it cannot go there.
    :raises BlueprintError: what comes out cannot be.
    """
    what, _space, place = asked.partition(" ")
    if what == "add" and _LIST.fullmatch(place):
        found = _added(text, place, card, given)
    elif what in ("up", "down", "remove") and (part := _PART.fullmatch(place)):
        found = _moved(text, what, part["list"], int(part["n"]), card)
    else:
        raise NoSuchPart
    queries.check("scorecard", found.text)
    return found


def _moved(text: str, what: str, place: str, number: int, card: str) -> Done:
    items = _items(text, place)
    is_cards = place == "scorecards"
    most = len(items) - (1 if is_cards else 0)  # the last scorecard is for all others and stays where it is
    if number >= most:
        raise NoSuchPart
    order = list(range(len(items)))
    if what == "remove":
        del order[number]
        if not order and not place.endswith(("vetoes", "tenure_bands")):
            raise BlueprintError(gettext("one part or more has to stay here"), place=place)
        return Done(relisted(text, place, order), "" if is_cards else card, "")
    to = number + (1 if what == "down" else -1)
    if not 0 <= to < most:
        raise NoSuchPart
    order[number], order[to] = order[to], order[number]
    if not is_cards:
        return Done(relisted(text, place, order), card, f"{place}[{to}]")
    return Done(_in_order(relisted(text, place, order)), card, f"{place}[{to}]")


def _in_order(text: str) -> str:
    """Return the text with priorities that ask the scorecards in the order in which they stand."""
    told = yaml.safe_load(text)
    rules = told["scorecards"][:-1]
    for number, one in enumerate(rules):
        one["priority"] = 10 * (len(rules) - number)
    return dumped(told)


def _added(text: str, place: str, card: str, given: Mapping[str, Any]) -> Done:
    if place == "scorecards":
        return _with_card(text, card, given)
    items = _items(text, place)
    if place.endswith("tenure_bands"):
        new = _tenure(text, place, items)
    else:
        new = _new(place, {str(one.get("key")) for one in items}, given)
    added = relisted(text, place, [*range(len(items)), new])
    return Done(added, card, f"{place}[{len(items)}]")


def _new(place: str, taken: set[str], given: Mapping[str, Any]) -> dict[str, Any]:
    if place.endswith("measures"):
        return _measure(place, given)
    name = str(given.get(f"new:{place}:name", "")).strip()
    if not name:
        raise BlueprintError(gettext("a name is wanted"), place=place)
    if place.endswith("groups"):
        return {"key": _key("group", taken), "label": _words(name), "weight": 10, "measures": [_measure(place, given)]}
    condition = {"field": "oldest_overdue_on", "op": "older_than_days", "value": 60}
    return {"key": _key("veto", taken), "label": _words(name), "when": condition, "cap": "yellow"}


def _tenure(text: str, place: str, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return thresholds of customers newer than the ones that are there know, as they are for all to begin with."""
    bands = value_at(yaml.safe_load(text), place.replace("tenure_bands", "bands"))
    days = int(items[-1]["until_days"]) + 90 if items else 90
    return {"until_days": days, "yellow_from": bands["yellow_from"], "green_from": bands["green_from"]}


def _measure(place: str, given: Mapping[str, Any]) -> dict[str, Any]:
    wanted = str(given.get(f"new:{place}:measure", ""))
    for source in queries.measure_sources():
        for one in source.measures:
            if one.key == wanted:
                return dict(one.told)
    raise BlueprintError(gettext("choose a measure"), place=place)


def _with_card(text: str, card: str, given: Mapping[str, Any]) -> Done:
    """Return the text with a copy of a scorecard before the one for all others, under a name and a rule of its own."""
    name = str(given.get("new:scorecards:name", "")).strip()
    if not name:
        raise BlueprintError(gettext("a name is wanted"), place="scorecards")
    cards = cards_of(text)
    told = yaml.safe_load(text)
    listed: list[dict[str, Any]] = [told] if cards.is_single else told["scorecards"]
    model = next((one for one in listed if one["key"] == card), listed[-1])
    key = _key("scorecard", set(cards.keys))
    rest = {part: value for part, value in model.items() if part not in ("key", "version", "label", "when", "priority")}
    new = {"key": key, "version": 1, "label": _words(name), "when": ANYBODY, "priority": 0, **rest}
    place = f"scorecards[{len(listed) - 1}]"
    if cards.is_single:
        return Done(dumped({"scorecards": [new, *listed]}), key, place)
    return Done(relisted(text, "scorecards", [*range(len(listed) - 1), new, len(listed) - 1]), key, place)


def _items(text: str, place: str) -> Sequence[Mapping[str, Any]]:
    try:
        found: Sequence[Mapping[str, Any]] = value_at(yaml.safe_load(text), place) or []
    except (KeyError, IndexError):
        raise NoSuchPart from None
    return found


def _key(kind: str, taken: set[str]) -> str:
    number = 1
    while f"{kind}_{number}" in taken:
        number += 1
    return f"{kind}_{number}"


def _words(name: str) -> dict[str, str]:
    return {code: name for code, _language in LANGUAGES}


def offered() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return all that can be measured, by source, in the reader's language: key and label."""
    language = get_language() or "en"
    return [
        (source.label.text(language), [(one.key, one.label.text(language)) for one in source.measures])
        for source in queries.measure_sources()
    ]
