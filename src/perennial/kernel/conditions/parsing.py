"""Reading a condition tree from JSON or YAML, with errors that name the place, and writing it back."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import cast

from perennial.kernel.conditions.terms import (
    KNOWN,
    OPS,
    AllOf,
    AnyOf,
    Condition,
    ConditionError,
    FieldType,
    Not,
    Op,
    Tree,
    Value,
    conditions,
)

MOST_LEVELS = 8
MOST_CONDITIONS = 100
MOST_VALUES = 500
MOST_DAYS = 36_500
MOST_TEXT = 500
_UNWANTED = re.compile("[\x00\n\ud800-\udfff]")  # a line break splits tags; no database compares the others


def parse(data: object, fields: Mapping[str, FieldType]) -> Tree:
    """Read a tree over these fields.

    :raises ConditionError: unknown key, field or op, a value of another type, too deep, too long.
    """
    tree = _tree(data, fields, "", 1)
    if sum(1 for _ in conditions(tree)) > MOST_CONDITIONS:
        raise ConditionError(f"the tree: at most {MOST_CONDITIONS} conditions")
    return tree


def to_data(tree: Tree) -> dict[str, object]:
    """Return the tree as JSON would hold it; `parse` of it gives the same tree."""
    match tree:
        case AllOf(parts):
            return {"all": [to_data(p) for p in parts]}
        case AnyOf(parts):
            return {"any": [to_data(p) for p in parts]}
        case Not(part):
            return {"not": to_data(part)}
        case Condition(field, _, op, value):
            return {"field": field, "op": str(op)} | ({} if value is None else {"value": _plain(value)})


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value


def _tree(data: object, fields: Mapping[str, FieldType], at: str, level: int) -> Tree:
    if level > MOST_LEVELS:
        raise ConditionError(f"{at or 'the tree'}: at most {MOST_LEVELS} levels")
    if not isinstance(data, Mapping):
        raise ConditionError(f"{at or 'the tree'}: a mapping is wanted, got {type(data).__name__}")
    if "field" in data:
        return _condition(data, fields, at)
    if len(data) != 1 or (kind := next(iter(data))) not in ("all", "any", "not"):
        raise ConditionError(f"{at or 'the tree'}: exactly one of all, any, not, or a field with its op, is wanted")
    inside = f"{at}.{kind}" if at else str(kind)
    if kind == "not":
        return Not(_tree(data["not"], fields, inside, level + 1))
    parts = data[kind]
    if not isinstance(parts, list):
        raise ConditionError(f"{inside}: a list is wanted")
    if not parts and kind == "any":
        raise ConditionError(f"{inside}: an empty any would match nobody")
    if len(parts) > MOST_CONDITIONS:
        raise ConditionError(f"{inside}: at most {MOST_CONDITIONS} parts")
    read = tuple(_tree(p, fields, f"{inside}[{i}]", level + 1) for i, p in enumerate(parts))
    return AllOf(read) if kind == "all" else AnyOf(read)


def _condition(data: Mapping[object, object], fields: Mapping[str, FieldType], at: str) -> Condition:
    dot = f"{at}." if at else ""
    for key in data:
        if key not in ("field", "op", "value"):
            raise ConditionError(f"{dot}{key}: only field, op and value belong to a condition")
    field, asked = data["field"], data.get("op")
    if not isinstance(field, str) or field not in fields:
        raise ConditionError(f"{dot}field: there is no field {field!r}")
    kind = fields[field]
    if asked not in OPS[kind]:
        raise ConditionError(f"{dot}op: {field} is {kind}, {asked!r} is none of {', '.join(sorted(OPS[kind]))}")
    op = Op(str(asked))
    if op in KNOWN:
        if "value" in data:
            raise ConditionError(f"{dot}value: {op} takes none")
        return Condition(field, kind, op, None)
    if "value" not in data:
        raise ConditionError(f"{dot}value: is missing")
    return Condition(field, kind, op, _value(data["value"], kind, op, f"{dot}value"))


def _value(raw: object, kind: FieldType, op: Op, at: str) -> Value:
    if op in (Op.WITHIN_DAYS, Op.OLDER_THAN_DAYS):
        days = _integer(raw, at)
        if not 0 <= days <= MOST_DAYS:
            raise ConditionError(f"{at}: days from 0 to {MOST_DAYS} are wanted")
        return days
    one = _READERS[kind]
    if op not in (Op.IN, Op.NOT_IN, Op.BETWEEN):
        return one(raw, at)
    if not isinstance(raw, list) or not 1 <= len(raw) <= MOST_VALUES:
        raise ConditionError(f"{at}: a list of 1 to {MOST_VALUES} values is wanted")
    values = tuple(one(v, f"{at}[{i}]") for i, v in enumerate(raw))
    if op is Op.BETWEEN and (
        len(values) != 2 or cast("tuple[int, int]", values)[0] > cast("tuple[int, int]", values)[1]
    ):
        raise ConditionError(f"{at}: two values are wanted, the lower first")
    return cast("Value", values)


def _text(raw: object, at: str) -> str:
    if not isinstance(raw, str) or not 1 <= len(raw) <= MOST_TEXT or _UNWANTED.search(raw):
        raise ConditionError(f"{at}: one line of text, 1 to {MOST_TEXT} characters, is wanted")
    return raw


def _integer(raw: object, at: str) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool) or abs(raw) >= 2**63:
        raise ConditionError(f"{at}: a whole number is wanted")
    return raw


def _number(raw: object, at: str) -> float:
    if not isinstance(raw, int | float) or isinstance(raw, bool) or not math.isfinite(raw):
        raise ConditionError(f"{at}: a number is wanted")
    return float(raw)


def _date(raw: object, at: str) -> date:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    try:
        return date.fromisoformat(raw if isinstance(raw, str) else "")
    except ValueError:
        raise ConditionError(f"{at}: a day such as 2026-03-31 is wanted") from None


def _flag(raw: object, at: str) -> bool:
    if not isinstance(raw, bool):
        raise ConditionError(f"{at}: true or false is wanted")
    return raw


_READERS: Mapping[FieldType, Callable[[object, str], str | int | float | date | bool]] = {
    FieldType.TEXT: _text,
    FieldType.CHOICE: _text,
    FieldType.TAGS: _text,
    FieldType.INTEGER: _integer,
    FieldType.NUMBER: _number,
    FieldType.DATE: _date,
    FieldType.FLAG: _flag,
}
