"""Words for the parts of an answer's schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Schema = dict[str, Any]


def text(said: str = "", *, null: bool = False, **more: Any) -> Schema:
    kind = {"type": "string", **more}
    shape: Schema = {"anyOf": [kind, {"type": "null"}]} if null else kind
    return shape | ({"description": said} if said else {})


def number(said: str = "", *, null: bool = False, kind: str = "number") -> Schema:
    shape: Schema = {"anyOf": [{"type": kind}, {"type": "null"}]} if null else {"type": kind}
    return shape | ({"description": said} if said else {})


def array(items: Schema, said: str = "", *, null: bool = False) -> Schema:
    kind = {"type": "array", "items": items}
    shape: Schema = {"anyOf": [kind, {"type": "null"}]} if null else kind
    return shape | ({"description": said} if said else {})


def shape_of(fields: Mapping[str, Schema], said: str = "", *, optional: Sequence[str] = ()) -> Schema:
    shape: Schema = {"type": "object", "properties": dict(fields),
                     "required": [key for key in fields if key not in optional]}  # fmt: skip
    return shape | ({"description": said} if said else {})


def amount(said: str = "", *, null: bool = False) -> Schema:
    return text(said, null=null, format="decimal", examples=["1234.56"])


DAY = text(format="date")
NEXT = text("Goes back as `after`; null on the last page.", null=True)
