"""A YAML text as values, and the line of every place in it, so that a mistake is named where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import yaml

from perennial.blueprint.calculations.node import Node
from perennial.blueprint.terms import BlueprintError, gettext_noop

T = TypeVar("T")
MOST_CHARACTERS = 200_000
MOST_LEVELS = 40
NO_YAML = gettext_noop("this is no YAML: %(reason)s")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


class _Loader(yaml.SafeLoader):
    """Reads plain values only: without aliases, by which a short text becomes a huge one, and without double keys."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._level = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise _at(self._mark(), gettext_noop("write it out: a text may not refer to another place"))
        self._level += 1
        if self._level > MOST_LEVELS:
            raise _at(self._mark(), gettext_noop("too many levels"))
        node = super().compose_node(parent, index)
        self._level -= 1
        return node

    def _mark(self) -> Any:
        return self.peek_event().start_mark  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it out

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _value in node.value:
            if key.value in seen:
                raise _at(key.start_mark, gettext_noop("%(key)s stands twice"), key=key.value)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _at(mark: Any, problem: str, **values: object) -> BlueprintError:
    return BlueprintError(problem, values, line=mark.line + 1)


def read(text: str, name: str, parse: Callable[[Node], T]) -> T:
    """Read a text with one of the parsers of this folder; `name` stands in the errors.

    :raises BlueprintError: no YAML, or what `parse` refuses, with the line where it stands.
    """
    value, root = loaded(text, name)
    try:
        return parse(Node(value, name))
    except BlueprintError as error:
        line = _line(root, error.place)
        raise BlueprintError(error.problem, error.values, file=name, place=error.place, line=line) from None


def loaded(text: str, name: str) -> tuple[Any, Any]:
    """Return the plain values of a text and the root of its nodes, which know where they stand.

    :raises BlueprintError: no YAML, with the line where it stands.
    """
    if len(text) > MOST_CHARACTERS:
        raise BlueprintError(
            gettext_noop("at most %(most)s characters are wanted"), {"most": MOST_CHARACTERS}, file=name
        )
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        value = None if root is None else loader.construct_document(root)
    except BlueprintError as error:
        raise BlueprintError(error.problem, error.values, file=name, line=error.line) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ", ".join(part for part in (error.context, error.problem) if part)
        line = None if mark is None else mark.line + 1
        raise BlueprintError(NO_YAML, {"reason": said}, file=name, line=line) from error
    except (yaml.YAMLError, ValueError) as error:  # a control character; a day such as 2026-02-30
        said = str(error).splitlines()[0]
        raise BlueprintError(NO_YAML, {"reason": said}, file=name) from error
    return value, root


def node_at(root: Any, place: str) -> Any:
    """Return the node that stands at a place.

    :raises KeyError: nothing stands there.
    """
    node, left = root, place
    while left:
        step = _step_into(node, left)
        if step is None:
            raise KeyError(place)
        node, _at, left = step
    return node


def _line(root: Any, place: str) -> int | None:
    """Return the line of a place; of the nearest part around it where nothing stands there."""
    if root is None:
        return None
    node, left = root, place
    line: int = root.start_mark.line + 1
    while left:
        step = _step_into(node, left)
        if step is None:
            break
        node, line, left = step
    return line


def _step_into(node: Any, place: str) -> tuple[Any, int, str] | None:
    """Return the part of a node with which a place begins, its line, and what is left of the place. Keys may hold dots,
    so the longest key that fits is taken."""
    if isinstance(node, yaml.SequenceNode):
        found = _STEP.match(place)
        number = int(found.group(1)) if found and found.group(1) else -1
        if found is None or not 0 <= number < len(node.value):
            return None
        part = node.value[number]
        return part, part.start_mark.line + 1, place[found.end() :].removeprefix(".")
    if not isinstance(node, yaml.MappingNode):
        return None
    fitting = [
        (key, value)
        for key, value in node.value
        if place == key.value or place.startswith((f"{key.value}.", f"{key.value}["))
    ]
    if not fitting:
        return None
    key, value = max(fitting, key=lambda pair: len(pair[0].value))
    return value, key.start_mark.line + 1, place[len(key.value) :].removeprefix(".")
