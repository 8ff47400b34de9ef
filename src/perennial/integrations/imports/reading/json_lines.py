"""Rows of a file with one JSON object a line (NDJSON), as products and event stores write their logs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from perennial.integrations.imports.reading import limits
from perennial.integrations.imports.reading.delimited import Faulty, Row, checked, lines_of, open_text
from perennial.integrations.imports.reading.encoding import Encoding
from perennial.integrations.imports.reading.terms import Code, Refused

HEADER_ROW = 0  # the names stand in every line; the first line of the file is row 1


def is_json_lines(sample: list[str]) -> bool:
    """Return whether the first line that is not blank is an object.

    :raises Refused: the file is one JSON value, spread over lines or within brackets.
    """
    first = next((line.strip() for line in sample if line.strip()), "")
    if first[:1] == "{" and _object(first) is not None:
        return True
    if first in ("{", "[", "[{") or (first.startswith(("[{", "[[")) and first[-1] in ",]}"):
        raise Refused(Code.JSON_VALUE)
    return False


def json_rows(path: Path, encoding: Encoding) -> Iterator[Row]:
    """Yield a header (row 0) with every key of the file in the order of its first line, then a row for each line.

    An object within an object gives keys with a point (`user.id`); a list stays JSON. Blank lines are yielded as [].

    :raises Refused: more keys than columns are read.
    """
    keys: dict[str, int] = {}
    for _number, found in _objects(path, encoding):
        if found:
            for key in found:
                keys.setdefault(key, len(keys))
        if len(keys) > limits.COLUMNS:
            raise Refused(Code.TOO_MANY_COLUMNS, details={"count": len(keys), "limit": limits.COLUMNS})
    yield HEADER_ROW, list(keys)
    for number, found in _objects(path, encoding):
        if found is None:
            yield number, Faulty(Code.ROW_JSON)
        else:
            yield number, checked([found.get(key, "") for key in keys] if found else [], nul=True)


def _objects(path: Path, encoding: Encoding) -> Iterator[tuple[int, dict[str, str] | None]]:
    with open_text(path, encoding) as stream:
        for number, line in enumerate(lines_of(stream), start=1):
            text = line.strip()
            yield number, _flat(_object(text)) if text else {}


def _object(text: str) -> dict[str, Any] | None:
    try:
        # numbers stay as they are written, so that ids keep their digits and sums their cents
        value = json.loads(text, parse_float=str, parse_int=str, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _flat(found: dict[str, Any] | None) -> dict[str, str] | None:
    if found is None:
        return None
    flat: dict[str, str] = {}
    for key, value in found.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{inner}": _text(one) for inner, one in value.items()}
        else:
            flat[key] = _text(value)
    return flat


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
