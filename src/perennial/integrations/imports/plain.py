"""Plain data (YAML's or JSON's) taken apart with a clear word wherever it is not what a mapping expects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from perennial.integrations.imports.terms import MappingError

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True)
class At:
    """A place in a mapping: the way to it, and the file and column of which it speaks where that is known."""

    way: str
    file: str = ""
    column: str = ""

    def __truediv__(self, step: str | int) -> At:
        return replace(self, way=f"{self.way}[{step}]" if isinstance(step, int) else f"{self.way}.{step}".lstrip("."))

    def fault(self, text: str) -> MappingError:
        """Return the error that says what is wrong here and what to do: place, file, column, then the text."""
        about = {"file": self.file, "column": self.column}
        where = ""
        if self.file and self.column:
            where = _("%(file)s, column “%(column)s”") % about
        elif self.file:
            where = self.file
        return MappingError(": ".join(part for part in (self.way, where, text) if part))


def fields(data: Any, at: At, known: Iterable[str]) -> dict[str, Any]:
    """Return a table of keys and values that has no other keys than the known ones."""
    if not isinstance(data, dict):
        raise at.fault(_("Expected keys and values."))
    names = sorted(known)
    for key in data:
        if key not in names:
            raise (at / str(key)).fault(unknown(str(key), names))
    return data


def unknown(name: str, known: Iterable[str]) -> str:
    """Say that a name is unknown, which one was probably meant, and which there are."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    about = {"name": name, "known": ", ".join(names), "near": near[0] if near else ""}
    if near:
        return _("“%(name)s” is unknown. Did you mean “%(near)s”? There are: %(known)s.") % about
    return _("“%(name)s” is unknown. There are: %(known)s.") % about


def table(given: dict[str, Any], key: str, at: At) -> dict[str, Any]:
    """Return keys and values that may be left out."""
    value = given.get(key) or {}
    if not isinstance(value, dict):
        raise (at / key).fault(_("Expected keys and values."))
    return {str(name): one for name, one in value.items()}


def texts(given: dict[str, Any], key: str, at: At) -> tuple[str, ...]:
    """Return a list of column names that may be left out."""
    value = given.get(key) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise (at / key).fault(_("Expected a list of column names."))
    return tuple(value)


def sets(given: dict[str, Any], key: str, at: At) -> dict[str, tuple[str, ...]]:
    """Return columns, each with one or several texts."""
    return {
        column: tuple(str(item) for item in (items if isinstance(items, list) else [items]))
        for column, items in table(given, key, at).items()
    }


def text(given: dict[str, Any], key: str, at: At) -> str | None:
    """Return a text that may be left out."""
    value = given.get(key)
    if value is not None and not isinstance(value, str):
        raise (at / key).fault(_("Expected a text."))
    return value


def whole(given: dict[str, Any], key: str, usual: int, at: At) -> int:
    """Return a whole number that is not negative."""
    value = given.get(key, usual)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 10**9:
        raise (at / key).fault(_("Expected a whole number."))
    return value


def choice(value: Any, options: type[Choice], at: At) -> Choice:
    """Return one of the options."""
    try:
        return options(value)
    except ValueError as error:
        names = ", ".join(options)
        text = _("“%(value)s” is not possible here. Use one of: %(options)s.") % {"value": value, "options": names}
        raise at.fault(text) from error
