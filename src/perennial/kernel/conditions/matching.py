"""Whether one row matches a condition tree, in Python, and why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import isnan
from typing import Any

from perennial.kernel.conditions.terms import AllOf, AnyOf, Condition, FieldType, Not, Op, Tree, conditions

# Only A to Z: the one folding that SQLite, PostgreSQL and Python agree on.
FOLD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one condition found on a row: the row's value, and true, false or None where the value is unknown."""

    condition: Condition
    value: object
    matched: bool | None


def evaluate(tree: Tree, row: Row, as_of: date) -> bool:
    """Say whether the row matches: true only where the whole tree is true, so unknown does not match.

    `row` holds every field of the tree, None where unknown; a missing key is a KeyError.
    """
    return truth(tree, row, as_of) is True


def explain(tree: Tree, row: Row, as_of: date) -> tuple[Finding, ...]:
    """Return what every condition of the tree found, in the order in which they are written."""
    return tuple(Finding(c, row[c.field], truth(c, row, as_of)) for c in conditions(tree))


def truth(tree: Tree, row: Row, as_of: date) -> bool | None:
    """Return true, false or None (unknown) by Kleene's logic."""
    match tree:
        case Condition():
            return _holds(tree, row[tree.field], as_of)
        case Not(part):
            inner = truth(part, row, as_of)
            return None if inner is None else not inner
        case AllOf(parts):
            found = {truth(part, row, as_of) for part in parts}
            return False if False in found else None if None in found else True
        case AnyOf(parts):
            found = {truth(part, row, as_of) for part in parts}
            return True if True in found else None if None in found else False


def _holds(condition: Condition, found: object, as_of: date) -> bool | None:
    if condition.type is FieldType.TAGS:
        return _holds_tags(condition, found)
    known = found is not None and not (
        isinstance(found, float) and isnan(found)
    )  # NaN is unknown too: SQLite stores it as NULL
    if condition.op is Op.IS_KNOWN:
        return known
    if condition.op is Op.IS_UNKNOWN:
        return not known
    return _COMPARE[condition.op](_comparable(condition.type, found), condition.value, as_of) if known else None


def _holds_tags(condition: Condition, found: object) -> bool:
    tags: Collection[object] = found if isinstance(found, Collection) and not isinstance(found, str) else ()
    if condition.op is Op.CONTAINS:
        return condition.value in tags
    return bool(tags) is (condition.op is Op.IS_KNOWN)


def _comparable(kind: FieldType, found: Any) -> Any:
    return float(found) if kind is FieldType.NUMBER else found


# (found, value, as-of day) → whether it holds; Any, for op and type were matched when the tree was read.
_COMPARE: Mapping[Op, Callable[[Any, Any, date], bool]] = {
    Op.EQ: lambda found, value, _: bool(found == value),
    Op.NE: lambda found, value, _: bool(found != value),
    Op.LT: lambda found, value, _: bool(found < value),
    Op.LTE: lambda found, value, _: bool(found <= value),
    Op.GT: lambda found, value, _: bool(found > value),
    Op.GTE: lambda found, value, _: bool(found >= value),
    Op.IN: lambda found, value, _: bool(found in value),
    Op.NOT_IN: lambda found, value, _: bool(found not in value),
    Op.BETWEEN: lambda found, value, _: bool(value[0] <= found <= value[1]),
    Op.CONTAINS: lambda found, value, _: bool(value.translate(FOLD) in found.translate(FOLD)),
    Op.STARTS: lambda found, value, _: bool(found.translate(FOLD).startswith(value.translate(FOLD))),
    Op.WITHIN_DAYS: lambda found, value, as_of: bool(as_of <= found <= as_of + timedelta(days=value)),
    Op.OLDER_THAN_DAYS: lambda found, value, as_of: bool(found < as_of - timedelta(days=value)),
}
