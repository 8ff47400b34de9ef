"""A scorecard's text as fields: what a form shows of it, and the text that a filled-in form makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from perennial.blueprint import queries
from perennial.blueprint.calculations.patching import patched, written
from perennial.blueprint.scorecard_terms import CardRule, Scorecards
from perennial.blueprint.terms import Band, BlueprintError, Direction, Label, Measure, MissingPolicy, Scorecard
from perennial.pages.settings import scorecard_conditions as conditions
from perennial.pages.settings.scorecard_conditions import PREFIX, Conditions

TENURE = ("until_days", "yellow_from", "green_from")
NUMBERS = ("weight", "fresh_days", "max_age_days")
LANGUAGES = (("en", "English"), ("zh-Hans", "简体中文"), ("zh-Hant", "繁體中文"))


@dataclass(frozen=True)
class Entry:
    """A value of the text: the name of its field in the form, how it is written, and what is wrong with it ("" for
    nothing)."""

    name: str
    value: str
    wrong: str = ""

    @property
    def place(self) -> str:
        """Where the value stands in the text."""
        return self.name.removeprefix(PREFIX)


@dataclass(frozen=True)
class Wording:
    """A wording in the form: a field for each language."""

    entries: list[tuple[str, Entry]]

    @property
    def wrong(self) -> bool:
        """Whether a language's field is what is wrong."""
        return any(entry.wrong for _language, entry in self.entries)


@dataclass(frozen=True)
class OfMeasure:
    """A measure in the form."""

    place: str
    key: str
    label: str
    definition: str
    words: Wording
    meaning: Wording
    weight: Entry
    direction: Entry
    points: Entry
    fresh_days: Entry
    max_age_days: Entry
    missing: Entry

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All fields but the words."""
        return (self.weight, self.direction, self.points, self.fresh_days, self.max_age_days, self.missing)

    @property
    def wrong(self) -> bool:
        """Whether one of its fields is what is wrong."""
        return any(entry.wrong for entry in self.entries) or self.words.wrong or self.meaning.wrong


@dataclass(frozen=True)
class OfGroup:
    """A group in the form."""

    place: str
    label: str
    words: Wording
    weight: Entry
    measures: list[OfMeasure]


@dataclass(frozen=True)
class OfVeto:
    """A veto in the form: the best band that it leaves, and when."""

    place: str
    label: str
    words: Wording
    cap: Entry
    when: Conditions


@dataclass(frozen=True)
class Shown:
    """One scorecard of the text as the form shows it; `bands` and `coverage` in the order of the text's keys. `place`:
    where it stands, "" where it is the whole text; `when` and `priority` None: it is for all others.
    `tenures`: thresholds of new customers, each its place, and days, yellow, green."""

    place: str
    key: str
    label: str
    words: Wording
    bands: list[Entry]
    coverage: list[Entry]
    smallest_segment: Entry
    groups: list[OfGroup]
    vetoes: list[OfVeto]
    when: Conditions | None
    priority: Entry | None
    tenures: list[tuple[str, list[Entry]]]


@dataclass(frozen=True)
class _Given:
    """What a form sent, and the place of the text that is wrong."""

    given: Mapping[str, Any] = field(default_factory=dict)
    wrong: str = ""
    said: str = ""

    def entry(self, place: str, value: str) -> Entry:
        name = PREFIX + place
        is_wrong = self.wrong == place or self.wrong.startswith((f"{place}[", f"{place}."))
        return Entry(name, str(self.given.get(name, value)), self.said if is_wrong else "")

    def number(self, place: str, value: float) -> Entry:
        return self.entry(place, written(value))

    def words(self, place: str, label: Label) -> Wording:
        told = {"en": label.en, "zh-Hans": label.zh_hans, "zh-Hant": label.zh_hant}
        return Wording([(name, self.entry(f"{place}.{code}", told[code])) for code, name in LANGUAGES])


def cards_of(text: str) -> Scorecards:
    """Return the scorecards of a text.

    :raises BlueprintError: it cannot be read.
    """
    queries.check("scorecard", text)
    return queries.scorecards_from(text, name="scorecard.yaml")


def shown(
    text: str, key: str, given: Mapping[str, Any] | None = None, problem: BlueprintError | None = None, said: str = ""
) -> Shown:
    """Return one scorecard of a text that can be read, as fields; the one for all others where none has the key.

    `given`: what was written into the fields; `problem`: which of them cannot be, `said` how the page says so.
    """
    cards = cards_of(text)
    rule = next((rule for rule in cards.rules if rule.card.key == key), cards.rules[-1])
    at = _place(cards, rule.card.key)
    told = _Given(given or {}, problem.place if problem else "", said)
    return _Form(told, get_language() or "en").shown(rule, at)


@dataclass(frozen=True)
class _Form:
    told: _Given
    language: str

    def shown(self, rule: CardRule, at: str) -> Shown:
        card, number = rule.card, self.told.number
        return Shown(
            place=at.removesuffix("."),
            key=card.key,
            label=card.label.text(self.language),
            words=self.told.words(f"{at}label", card.label),
            bands=[
                number(f"{at}bands.{one}", getattr(card, one)) for one in ("yellow_from", "green_from", "hysteresis")
            ],
            coverage=[
                number(f"{at}coverage.{one}", getattr(card, f"{one}_coverage")) for one in ("least", "medium", "high")
            ],
            smallest_segment=number(f"{at}smallest_segment", card.smallest_segment),
            groups=self._groups(card, at),
            vetoes=[
                OfVeto(
                    place=f"{at}vetoes[{n}]",
                    label=veto.label.text(self.language),
                    words=self.told.words(f"{at}vetoes[{n}].label", veto.label),
                    cap=self.told.entry(f"{at}vetoes[{n}].cap", veto.cap.value),
                    when=self._when(f"{at}vetoes[{n}].when", veto.when, conditions.of_vetoes()),
                )
                for n, veto in enumerate(card.vetoes)
            ],
            when=None if rule.when is None else self._when(f"{at}when", rule.when, conditions.of_rules()),
            tenures=[
                (place, [number(f"{place}.{name}", getattr(one, name)) for name in TENURE])
                for n, one in enumerate(card.tenure_bands)
                for place in [f"{at}tenure_bands[{n}]"]
            ],
            priority=None if rule.when is None else number(f"{at}priority", rule.priority),
        )

    def _when(self, place: str, tree: Any, fields: Any) -> Conditions:
        is_wrong = self.told.wrong == place or self.told.wrong.startswith((f"{place}.", f"{place}["))
        return conditions.shown(place, tree, fields, self.told.given, self.told.said if is_wrong else "")

    def _groups(self, card: Scorecard, at: str) -> list[OfGroup]:
        return [
            OfGroup(
                place=(place := f"{at}groups[{g}]"),
                label=group.label.text(self.language),
                words=self.told.words(f"{place}.label", group.label),
                weight=self.told.number(f"{place}.weight", group.weight),
                measures=[self._measure(measure, f"{place}.measures[{m}]") for m, measure in enumerate(group.measures)],
            )
            for g, group in enumerate(card.groups)
        ]

    def _measure(self, measure: Measure, at: str) -> OfMeasure:
        entry, number = self.told.entry, self.told.number
        return OfMeasure(
            place=at,
            key=measure.key,
            label=measure.label.text(self.language),
            definition=measure.definition.text(self.language),
            words=self.told.words(f"{at}.label", measure.label),
            meaning=self.told.words(f"{at}.definition", measure.definition),
            points=entry(f"{at}.points", " ".join(f"{written(x)}:{written(z)}" for x, z in measure.points)),
            direction=entry(f"{at}.direction", measure.direction.value),
            missing=entry(f"{at}.missing", measure.missing.value),
            weight=number(f"{at}.weight", measure.weight),
            fresh_days=number(f"{at}.fresh_days", measure.fresh_days),
            max_age_days=number(f"{at}.max_age_days", measure.max_age_days),
        )


NAMES = {
    "weight": _("Weight"), "fresh_days": _("Fresh for days"), "max_age_days": _("Counts for days"),
    "points": _("Points, as value:points"), "direction": _("Direction"), "missing": _("Where nothing is known"),
    "cap": _("Vetoes"), "priority": _("Priority: the highest is asked first"), "label": _("Wording"),
    "smallest_segment": _("Customers for a mean of their own"), "yellow_from": _("Yellow from"),
    "green_from": _("Green from"), "hysteresis": _("Hysteresis"), "least": _("Least, for a colour"),
    "until_days": _("Customer for less than … days"),
    "medium": _("Medium confidence from"), "high": _("High confidence from"),
}  # fmt: skip


def wrong_of(card: Shown) -> tuple[str, str] | None:
    """Return the field that is wrong and what it is called: group, measure, field. None where none of these is."""
    for group in card.groups:
        for one in group.measures:
            for entry in (*one.entries, *_of_words(one.words, one.meaning)):
                if entry.wrong:
                    return entry.name, " · ".join((group.label, one.label, _name(entry)))
        for entry in (group.weight, *_of_words(group.words)):
            if entry.wrong:
                return entry.name, f"{group.label} · {_name(entry)}"
    for veto in card.vetoes:
        if veto.when.wrong or veto.cap.wrong or veto.words.wrong:
            return veto.cap.name, f"{gettext('Vetoes')} · {veto.label}"
    besides = [*card.bands, *card.coverage, card.smallest_segment, *([card.priority] if card.priority else [])]
    besides += [entry for _place, entries in card.tenures for entry in entries]
    found = next((entry for entry in besides if entry.wrong), None)
    return None if found is None else (found.name, _name(found))


def _name(entry: Entry) -> str:
    name = next((part for part in reversed(entry.place.split(".")) if part in NAMES), "label")
    return str(NAMES[name])


def _place(cards: Scorecards, key: str) -> str:
    """Return where a scorecard stands in its text: "" where it is the whole text."""
    return "" if cards.is_single else f"scorecards[{cards.keys.index(key)}]."


def text_of(base: str, given: Mapping[str, Any]) -> str:
    """Return the text that a form makes of the one it was shown for. Only fields that the text has are read.

    :raises BlueprintError: the base cannot be read, a field holds no number, or what comes out cannot be.
    """
    changes: dict[str, object] = {}
    for rule in cards_of(base).rules:
        card = shown(base, rule.card.key)
        known = {entry.name for entry in _entries(card)}
        changes |= {name.removeprefix(PREFIX): _read(name, str(given[name])) for name in given if name in known}
        for one in [*(veto.when for veto in card.vetoes), *([card.when] if card.when else [])]:
            tree = conditions.read(one, given)
            if tree is not None:
                changes[one.place] = tree
    text = patched(base, changes)
    queries.check("scorecard", text)
    return text


def _entries(card: Shown) -> Iterator[Entry]:
    yield from (*card.bands, *card.coverage, card.smallest_segment, *(veto.cap for veto in card.vetoes))
    yield from (entry for _place, entries in card.tenures for entry in entries)
    if card.priority is not None:
        yield card.priority
    for group in card.groups:
        yield group.weight
        for one in group.measures:
            yield from one.entries
            yield from _of_words(one.words, one.meaning)
    yield from _of_words(card.words, *(group.words for group in card.groups), *(veto.words for veto in card.vetoes))


def _of_words(*words: Wording) -> Iterator[Entry]:
    for wording in words:
        yield from (entry for _language, entry in wording.entries)


def _read(name: str, given: str) -> object:
    place = name.removeprefix(PREFIX)
    if place.endswith((".direction", ".missing", ".cap")):
        return given
    if ".label." in f".{place}" or ".definition." in place:
        return given.strip()
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
