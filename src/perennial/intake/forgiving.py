"""Bodies that a strict JSON reader refuses, read so that one bad message does not sink its batch. Pure.

What no message may hold comes out as something that the verdict on that message refuses: half a character, a number
that is none, levels beyond `DEEPEST`.
"""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 300
"""Levels that are read; what lies deeper is left out. More than any message may have (terms.MESSAGE_LEVELS)."""
LEFT_OUT = '"…"'
_LARGEST, _SMALLEST = 2**64, -(2**63)
_DIGITS = 20
"""More than the digits of either: Python itself refuses to read some thousands."""
# Each piece is taken or passed in one go, also a text that never ends: no body costs more than its length.
_PIECES = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def read(body: bytes) -> Any:
    """Return what a body holds.

    :raises ValueError: it is no JSON.
    """
    encoding = json.detect_encoding(body)
    text = body.decode(encoding, "surrogateescape" if encoding.startswith("utf-8") else "strict")
    return json.loads(_cut(text), parse_int=_whole)


def _whole(digits: str) -> int | float:
    """Return a whole number as the strict reader does, which takes one beyond 64 bits for a double."""
    if len(digits) <= _DIGITS and _SMALLEST <= (number := int(digits)) < _LARGEST:
        return number
    return float(digits)


def _cut(text: str) -> str:
    """Return JSON text with what lies deeper than `DEEPEST` left out."""
    depth, start, kept = 0, 0, list[str]()
    for found in _PIECES.finditer(text):
        match found[0]:
            case "[" | "{":
                depth += 1
                if depth == DEEPEST + 1:
                    kept += text[start : found.start()], LEFT_OUT
            case "]" | "}":
                if depth == DEEPEST + 1:
                    start = found.end()
                depth -= 1
    return text if not kept else "".join([*kept, text[start:] if depth <= DEEPEST else ""])


def shallow(value: Any, levels: int) -> Any:
    """Return a JSON value with what lies deeper than so many levels left out."""
    if not isinstance(value, dict | list):
        return value
    if not levels:
        return json.loads(LEFT_OUT)
    if isinstance(value, list):
        return [shallow(each, levels - 1) for each in value]
    return {key: shallow(each, levels - 1) for key, each in value.items()}
