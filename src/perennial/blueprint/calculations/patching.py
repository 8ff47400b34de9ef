"""Values put into a YAML text where they stand, so that its comments, its order and its line breaks stay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from perennial.blueprint.calculations import document

_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # where libyaml is: the text was read strictly before
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def patched(text: str, changes: Mapping[str, object]) -> str:
    """Return the text with other values at some places (`groups[0].weight`); what is equal already stays as written.
    A value of None takes the key away; a key that is not there is added.

    A text that would not say what is wanted afterwards is written anew as a whole, without its comments.

    :raises BlueprintError: the text is no YAML.
    :raises KeyError: what should hold a place is not there.
    """
    before, root = document.loaded(text, "text")
    if all(value_at(before, place) == value for place, value in changes.items()):
        return text
    wanted = yaml.load(text, _FAST)  # noqa: S506 - a safe loader
    spans: list[tuple[int, int, str]] = []
    for place, value in changes.items():
        was = value_at(before, place)
        if was == value:
            continue
        _put(wanted, place, value)
        if was is None or value is None:
            continue
        node = document.node_at(root, place)
        spans.append((node.start_mark.index, end_of(node), written(value)))
    found = text
    for start, end, said in sorted(spans, reverse=True):
        found = found[:start] + said + found[end:]
    return found if says(found, wanted) else yaml.safe_dump(wanted, sort_keys=False, allow_unicode=True)


def written(value: object) -> str:
    """Return a value as it stands in a line of YAML."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(written(one) for one in value)}]"
    return (
        yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000).removesuffix("\n...\n").strip()
    )


def end_of(node: Any) -> int:
    """Return where a node ends: one that is written over lines with its last value, not with what follows it."""
    last = node
    while isinstance(last, yaml.CollectionNode) and not last.flow_style and last.value:
        last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
    end: int = last.end_mark.index
    return end


def says(text: str, wanted: object) -> bool:
    """Return whether a text says exactly this."""
    try:
        return bool(yaml.load(text, _FAST) == wanted)  # noqa: S506 - a safe loader
    except yaml.YAMLError:
        return False


def _steps(place: str) -> list[str | int]:
    return [int(number) if number else key for number, key in _STEP.findall(place)]


def value_at(value: Any, place: str) -> Any:
    """Return what stands at a place; None where its last key is not there.

    :raises KeyError, IndexError: what should hold it is not there.
    """
    steps = _steps(place)
    for step in steps[:-1]:
        value = value[step]
    if not steps:
        return value
    return value.get(steps[-1]) if isinstance(value, dict) else value[steps[-1]]


def _put(value: Any, place: str, new: object) -> None:
    *way, last = _steps(place)
    for step in way:
        value = value[step]
    if new is None:
        value.pop(last, None)
    else:
        value[last] = new
