"""Which column is which field of a kind: by its name, and by its values where the name alone says too little."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from perennial.integrations.imports.detection.terms import Column
from perennial.integrations.imports.kinds import READS, Field, Kind
from perennial.integrations.imports.names import readings_of, words_of
from perennial.integrations.imports.synonyms import Vocabulary, vocabulary
from perennial.integrations.imports.values.terms import Kind as Type

DAYS = frozenset({Type.DATE, Type.DATETIME})
STRICT = frozenset({("contracts", "contract_kind"), ("contracts", "kind"), ("contracts", "billing_status"),
                    ("contracts", "billing_months"), ("touchpoints", "channel"), ("surveys", "kind"),
                    ("targets", "kind")})  # fmt: skip
"""Fields whose rows are refused where a value is none of our words."""
_NAMES = frozenset({"name", "customer_name", "legal_name"})
_AN_ID = re.compile(r"^(?=.*\d)[\w./#:-]{1,60}$", re.ASCII)
_WAY = 100  # so many points less for each step away from the full name; the place among a field's words is a tie-break


@dataclass(frozen=True)
class Matches:
    """The column of each field, and columns that a field's name fits but not its values (column → field)."""

    columns: Mapping[str, Column]
    near: Mapping[str, Field]


def match(kind: Kind, columns: Sequence[Column], values: Mapping[str, Iterable[str]]) -> Matches:
    """Give each field the column that says it best; `values` are some cells of each column, as far as known."""
    about = vocabulary()[kind.key.value]
    found: list[tuple[int, int, int]] = []
    near: dict[str, Field] = {}
    for number, field in enumerate(kind.fields):
        for place, column in enumerate(columns):
            points = _points(kind, field, column, about)
            if points and fits(kind, field, column, values.get(column.name, column.examples)):
                found.append((-points, number, place))
            elif points and points > 1000 - _WAY:
                near.setdefault(column.name, field)
    taken: dict[str, Column] = {}
    used: set[int] = set()
    for _points_lost, number, place in sorted(found):
        key = kind.fields[number].key
        if key not in taken and place not in used:
            taken[key] = columns[place]
            used.add(place)
    named = {columns[place].name for place in used}
    ordered = {field.key: taken[field.key] for field in kind.fields if field.key in taken}
    return Matches(ordered, {name: field for name, field in near.items() if name not in named})


def _points(kind: Kind, field: Field, column: Column, about: Vocabulary) -> int:
    ways = readings_of(column.name, about.about)
    best = 0
    for step, way in enumerate(ways):
        for place, word in enumerate(about.fields.get(field.key, ())):
            if words_of(word.text) == way and (not word.is_ambiguous or _looks_like(field, column)):
                best = max(best, 1000 - _WAY * step - place)
    return best


def fits(kind: Kind, field: Field, column: Column, values: Iterable[str]) -> bool:
    """Return whether the column's values can be the field's: of its type; of its words, where it takes only ours.

    A required day is taken by its name alone, so that what is wrong with its values is said and not overlooked.
    """
    if (kind.key.value, field.key) in STRICT and not known_words(kind, field, values):
        return False
    if column.filled == 0 or (field.required and field.type in DAYS):
        return True
    found = column.format.kind if column.format else (column.choices[0].format.kind if column.choices else Type.TEXT)
    return found in READS[field.type]


def known_words(kind: Kind, field: Field, values: Iterable[str]) -> dict[str, str]:
    """Return what these cells write for our own words (as written → ours); empty where none is known.

    A whole number of months is a word of its own.
    """
    known = vocabulary()[kind.key.value].values.get(field.key, {})
    found = {}
    for text in dict.fromkeys(one.strip() for one in values):
        word = known.get(text.lower())
        if word is None and field.key == "billing_months" and text.isdecimal():
            word = text
        if word is not None:
            found[text] = word
    return found


def _looks_like(field: Field, column: Column) -> bool:
    """An ambiguous word ("Account") is a name over names, and an id over ids."""
    ids = sum(bool(_AN_ID.match(text.strip())) for text in column.examples)
    is_named = ids * 2 < len(column.examples)
    return is_named if field.key in _NAMES else not is_named


def says(name: str, *words: str) -> bool:
    """Return whether a column's name holds one of these sayings: all words of it, or a Chinese one within a word."""
    held = words_of(name.rpartition(" / ")[2] or name)
    return any(words_of(word) <= held or any(not word.isascii() and word in one for one in held) for word in words)
