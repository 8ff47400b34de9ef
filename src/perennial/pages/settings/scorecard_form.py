"""A scorecard's text as fields: what a form shows of it, and the text that a filled-in form makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, gettext

from perennial.blueprint import queries
from perennial.blueprint.calculations.patching import patched, written
from perennial.blueprint.scorecard_terms import Scorecards
from perennial.blueprint.terms import Band, BlueprintError, Direction, Measure, MissingPolicy, Scorecard

PREFIX = "f:"
NUMBERS = ("weight", "fresh_days", "max_age_days")


@dataclass(frozen=True)
class Entry:
    """A value of the text: the name of its field in the form, and how it is written."""

    name: str
    value: str


@dataclass(frozen=True)
class OfMeasure:
    """A measure in the form."""

    key: str
    label: str
    definition: str
    weight: Entry
    direction: Entry
    points: Entry
    fresh_days: Entry
    max_age_days: Entry
    missing: Entry


@dataclass(frozen=True)
class OfGroup:
    """A group in the form."""

    label: str
    weight: Entry
    measures: list[OfMeasure]


@dataclass(frozen=True)
class Shown:
    """One scorecard of the text as the form shows it; `bands` and `coverage` in the order of the text's keys; `vetoes`:
    label and the best band that each leaves."""

    key: str
    label: str
    bands: list[Entry]
    coverage: list[Entry]
    smallest_segment: Entry
    groups: list[OfGroup]
    vetoes: list[tuple[str, Entry]]


def cards_of(text: str) -> Scorecards:
    """Return the scorecards of a text.

    :raises BlueprintError: it cannot be read.
    """
    queries.check("scorecard", text)
    return queries.scorecards_from(text, name="scorecard.yaml")


def shown(text: str, key: str) -> Shown:
    """Return one scorecard of a text that can be read, as fields; the one for all others where none has the key."""
    cards = cards_of(text)
    card = next((rule.card for rule in cards.rules if rule.card.key == key), cards.fallback)
    at = _place(text, card.key)
    language = get_language() or "en"
    return Shown(
        key=card.key,
        label=card.label.text(language),
        bands=[_number(f"{at}bands.{one}", getattr(card, one)) for one in ("yellow_from", "green_from", "hysteresis")],
        coverage=[
            _number(f"{at}coverage.{one}", getattr(card, f"{one}_coverage")) for one in ("least", "medium", "high")
        ],
        smallest_segment=_number(f"{at}smallest_segment", card.smallest_segment),
        groups=_groups(card, at, language),
        vetoes=[
            (veto.label.text(language), Entry(f"{PREFIX}{at}vetoes[{n}].cap", veto.cap.value))
            for n, veto in enumerate(card.vetoes)
        ],
    )


def _groups(card: Scorecard, at: str, language: str) -> list[OfGroup]:
    return [
        OfGroup(
            label=group.label.text(language),
            weight=_number(f"{at}groups[{g}].weight", group.weight),
            measures=[
                _measure(measure, f"{at}groups[{g}].measures[{m}].", language)
                for m, measure in enumerate(group.measures)
            ],
        )
        for g, group in enumerate(card.groups)
    ]


def _measure(measure: Measure, at: str, language: str) -> OfMeasure:
    return OfMeasure(
        key=measure.key,
        label=measure.label.text(language),
        definition=measure.definition.text(language),
        points=Entry(f"{PREFIX}{at}points", " ".join(f"{written(x)}:{written(z)}" for x, z in measure.points)),
        direction=Entry(f"{PREFIX}{at}direction", measure.direction.value),
        missing=Entry(f"{PREFIX}{at}missing", measure.missing.value),
        weight=_number(f"{at}weight", measure.weight),
        fresh_days=_number(f"{at}fresh_days", measure.fresh_days),
        max_age_days=_number(f"{at}max_age_days", measure.max_age_days),
    )


def _number(place: str, value: float) -> Entry:
    return Entry(f"{PREFIX}{place}", written(value))


def _place(text: str, key: str) -> str:
    """Return where a scorecard stands in the text: "" where it is the whole text."""
    cards = cards_of(text)
    return "" if cards.is_single else f"scorecards[{cards.keys.index(key)}]."


def text_of(base: str, given: Mapping[str, Any]) -> str:
    """Return the text that a form makes of the one it was shown for. Only fields that the text has are read.

    :raises BlueprintError: the base cannot be read, a field holds no number, or what comes out cannot be.
    """
    cards = cards_of(base)
    known = {entry.name for rule in cards.rules for entry in _entries(shown(base, rule.card.key))}
    changes = {name.removeprefix(PREFIX): _read(name, str(given[name])) for name in given if name in known}
    text = patched(base, changes)
    queries.check("scorecard", text)
    return text


def _entries(card: Shown) -> Iterator[Entry]:
    yield from (*card.bands, *card.coverage, card.smallest_segment, *(entry for _label, entry in card.vetoes))
    for group in card.groups:
        yield group.weight
        for one in group.measures:
            yield from (one.weight, one.direction, one.points, one.fresh_days, one.max_age_days, one.missing)


def _read(name: str, given: str) -> object:
    place = name.removeprefix(PREFIX)
    if place.endswith((".direction", ".missing", ".cap")):
        return given
    if place.endswith(".points"):
        return [_point(place, one) for one in given.replace(";", " ").split()]
    return _read_number(place, given)


def _point(place: str, given: str) -> list[float | int]:
    x, colon, z = given.partition(":")
    if not colon:
        raise BlueprintError(gettext("write each point as value:points, such as 0.5:70"), place=place)
    return [_read_number(place, x), _read_number(place, z)]


def _read_number(place: str, given: str) -> float | int:
    try:
        value = float(given.strip().replace(",", "."))
    except ValueError:
        raise BlueprintError(gettext("a number is wanted"), place=place) from None
    return int(value) if value.is_integer() else value


CHOICES = {"direction": tuple(Direction), "missing": tuple(MissingPolicy), "cap": (Band.YELLOW, Band.RED)}
