"""A value of a YAML file that knows its place, so that every mistake can be named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import TypeVar

from perennial.blueprint.terms import BlueprintError, Label, gettext_noop
from perennial.kernel.conditions.parsing import parse
from perennial.kernel.conditions.terms import ConditionError, FieldType, Tree

E = TypeVar("E", bound=StrEnum)
_INSIDE = re.compile(r"[\w.\[\]]+")


@dataclass(frozen=True, slots=True)
class Node:
    """A value, its file and its place in it; every reader raises BlueprintError where the value is of another kind."""

    value: object
    file: str
    place: str = ""

    def fail(self, problem: str, **values: object) -> BlueprintError:
        """Return the error that names this place; `problem` is marked with gettext_noop, `values` fill it."""
        return BlueprintError(problem, values, file=self.file, place=self.place)

    def mapping(self) -> Mapping[str, object]:
        """Return the value as a mapping with text keys."""
        if not isinstance(self.value, dict) or not all(isinstance(key, str) for key in self.value):
            raise self.fail(gettext_noop("a mapping is wanted"))
        return self.value

    def only(self, *keys: str) -> None:
        """Refuse every key that is not named: a misspelt key must not be a silent default."""
        for key in self.mapping():
            if key not in keys:
                raise self.at(key).fail(gettext_noop("is not known here"))

    def at(self, key: str) -> Node:
        """Return the part under a key; its value is None where the key is absent."""
        return Node(self.mapping().get(key), self.file, f"{self.place}.{key}" if self.place else key)

    def items(self) -> tuple[Node, ...]:
        """Return the parts of a list that is not empty."""
        if not isinstance(self.value, list) or not self.value:
            raise self.fail(gettext_noop("a list that is not empty is wanted"))
        return tuple(Node(value, self.file, f"{self.place}[{i}]") for i, value in enumerate(self.value))

    def pairs(self) -> Iterator[tuple[str, Node]]:
        """Yield key and part of a mapping, in the order of the file."""
        for key in self.mapping():
            yield key, self.at(key)

    @property
    def given(self) -> bool:
        """Whether anything stands here."""
        return self.value is not None

    def text(self) -> str:
        """Return a text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.fail(gettext_noop("a text is wanted"))
        return self.value

    def short(self, most: int) -> str:
        """Return a text of at most so many characters: it is kept in a column."""
        if len(self.text()) > most:
            raise self.fail(gettext_noop("at most %(most)s characters are wanted"), most=most)
        return self.text()

    def texts(self) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(item.text() for item in self.items())

    def whole(self, least: int = 0) -> int:
        """Return a whole number, `least` or more."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < least:
            raise self.fail(gettext_noop("a whole number, %(least)s or more, is wanted"), least=least)
        return self.value

    def whole_or_none(self, least: int = 0) -> int | None:
        """Return a whole number, or None where nothing stands here."""
        return self.whole(least) if self.given else None

    def number(self) -> float:
        """Return a finite number."""
        if not isinstance(self.value, int | float) or isinstance(self.value, bool) or not isfinite(self.value):
            raise self.fail(gettext_noop("a number is wanted"))
        return float(self.value)

    def choice(self, kind: type[E]) -> E:
        """Return a member of an enumeration."""
        allowed = [str(member) for member in kind]
        if self.value not in allowed:
            said = {"value": repr(self.value), "allowed": ", ".join(allowed)}
            raise self.fail(gettext_noop("%(value)s is none of %(allowed)s"), **said)
        return kind(str(self.value))

    def label(self) -> Label:
        """Return a wording, which must be there in all three languages."""
        self.only("en", "zh-Hans", "zh-Hant")
        return Label(en=self.at("en").text(), zh_hans=self.at("zh-Hans").text(), zh_hant=self.at("zh-Hant").text())

    def tree(self, fields: Mapping[str, FieldType]) -> Tree:
        """Return a condition tree over these fields."""
        try:
            return parse(self.value, fields)
        except ConditionError as error:
            inside, _colon, problem = str(error).partition(": ")
            if not problem or not _INSIDE.fullmatch(inside):
                raise self.fail(str(error)) from error
            raise Node(None, self.file, f"{self.place}.{inside}").fail(problem) from error


def refuse_doubles(node: Node, keys: tuple[str, ...]) -> None:
    """Refuse a key that stands twice in a list."""
    for key in keys:
        if keys.count(key) > 1:
            raise node.fail(gettext_noop("%(key)s stands twice"), key=key)
