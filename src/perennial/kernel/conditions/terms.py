"""The one condition-tree format: filters, segments, triggers and Today all read and write it.

As data: `{"all": [...]}`, `{"any": [...]}`, `{"not": {...}}` or `{"field": "mrr", "op": "gte", "value": 1000}`.

Logic is three-valued, as in SQL: a condition on an unknown value is neither true nor false, `not` leaves it
unknown, `all` and `any` follow Kleene. A row matches only where the tree is true; so neither `mrr > 5` nor
`not mrr > 5` finds a row without an MRR: ask `is_unknown` for those. `matching.evaluate` (Python) and `sql.to_q`
mean the same, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class FieldType(StrEnum):
    """What a field holds, and so which questions may be asked of it.

    Tags are a set that is never unknown; a column keeps them as one text with a line feed before and after each tag.
    """

    TEXT = "text"
    CHOICE = "choice"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    FLAG = "flag"
    TAGS = "tags"


class Op(StrEnum):
    """The questions.

    `contains` and `starts` take a–z and A–Z for the same. Bounds of `between` count as inside. `within_days: 7` is true
    from the as-of day to seven days after it, `older_than_days: 7` from the eighth day after on.
    """

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    STARTS = "starts"
    BETWEEN = "between"
    WITHIN_DAYS = "within_days"
    OLDER_THAN_DAYS = "older_than_days"
    IS_KNOWN = "is_known"
    IS_UNKNOWN = "is_unknown"


KNOWN = frozenset({Op.IS_KNOWN, Op.IS_UNKNOWN})
_CHOICE = KNOWN | {Op.EQ, Op.NE, Op.IN, Op.NOT_IN}
_ORDER = _CHOICE | {Op.LT, Op.LTE, Op.GT, Op.GTE, Op.BETWEEN}

# Text has no order here: every database sorts it by another collation.
OPS: Mapping[FieldType, frozenset[Op]] = {
    FieldType.TEXT: _CHOICE | {Op.CONTAINS, Op.STARTS},
    FieldType.CHOICE: _CHOICE,
    FieldType.INTEGER: _ORDER,
    FieldType.NUMBER: _ORDER,
    FieldType.DATE: _ORDER | {Op.WITHIN_DAYS, Op.OLDER_THAN_DAYS},
    FieldType.FLAG: KNOWN | {Op.EQ, Op.NE},
    FieldType.TAGS: KNOWN | {Op.CONTAINS},
}

Value = (
    str | int | float | date | bool | tuple[str, ...] | tuple[int, ...] | tuple[float, ...] | tuple[date, ...] | None
)
Row = Mapping[str, object]


class ConditionError(ValueError):
    """A tree that cannot be read; the message begins with the place, as in `all[1].value: a whole number is wanted`."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One question about one field; `value` has the type that the field and the op call for, None for `is_known`."""

    field: str
    type: FieldType
    op: Op
    value: Value


@dataclass(frozen=True, slots=True)
class AllOf:
    """True where every part is; with no parts, everywhere."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True where at least one part is."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True where the part is false; unknown stays unknown."""

    part: Tree


Tree = Condition | AllOf | AnyOf | Not


def conditions(tree: Tree) -> Iterator[Condition]:
    """Yield every condition of the tree, in the order in which it is written."""
    match tree:
        case Condition():
            yield tree
        case Not(part):
            yield from conditions(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from conditions(part)


def fields_of(tree: Tree) -> frozenset[str]:
    """Return the fields that the tree asks about, so that a hidden one can be refused."""
    return frozenset(c.field for c in conditions(tree))
