"""The words that columns and files carry for what we know (`synonyms.yaml`), kind by kind and field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("synonyms.yaml")


@dataclass(frozen=True)
class Word:
    """A word for a field; an ambiguous one counts only where the values look like what the field is."""

    text: str
    is_ambiguous: bool


@dataclass(frozen=True)
class Vocabulary:
    """The words of one kind. `about`: what each column of such a table may say too; `files`: names of such files;
    `values`: what cells write for our own words, field by field (lower case → our word)."""

    fields: Mapping[str, tuple[Word, ...]]
    about: tuple[str, ...]
    files: tuple[str, ...]
    values: Mapping[str, Mapping[str, str]]


@cache
def vocabulary() -> Mapping[str, Vocabulary]:
    """Return the words of every kind; the file is read once."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # our own file; the quick loader where it is built
    data = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
    shared = data.pop("shared")
    return {
        kind: Vocabulary(
            fields={key: _words(given, shared) for key, given in about["fields"].items()},
            about=tuple(about["about"]),
            files=tuple(about["files"]),
            values={key: _values(options) for key, options in about.get("values", {}).items()},
        )
        for kind, about in data.items()
    }


def _values(options: Mapping[str, list[str]]) -> dict[str, str]:
    return {str(spelt).lower(): ours for ours, spellings in options.items() for spelt in (ours, *spellings)}


def _words(given: list[str], shared: Mapping[str, list[str]]) -> tuple[Word, ...]:
    spelt = [word for one in given for word in (shared[one[1:]] if one.startswith("@") else [one])]
    return tuple(Word(str(word).rstrip("*"), str(word).endswith("*")) for word in spelt)
