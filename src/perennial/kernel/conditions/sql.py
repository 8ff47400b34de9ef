"""A condition tree as a Django Q that means the same as `matching.evaluate`, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, FloatField, Func, Q, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import Exact, GreaterThan
from django.db.models.sql.compiler import SQLCompiler

from perennial.kernel.conditions.matching import FOLD
from perennial.kernel.conditions.terms import AllOf, AnyOf, Condition, FieldType, Not, Op, Tree

_EVERYONE = Q(pk__isnull=False)


class AsciiLower(Func):
    """Lower case of A to Z only, which is what SQLite's LOWER does by itself."""

    function = "LOWER"

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        """Fold as SQLite does: the C collation knows no letters but A to Z."""
        return self.as_sql(compiler, connection, template='%(function)s(%(expressions)s COLLATE "C")')


def to_q(tree: Tree, columns: Mapping[str, str], as_of: date) -> Q:
    """Return the filter that finds exactly the rows where the tree is true; `columns` gives the ORM path of a field.

    A column is of the kind that its field type says: whole numbers, numbers (any exact or floating column; compared as
    doubles), days, text. Costs no query. Paths go to one row, never to many.
    """
    return _where(tree, columns, as_of, wanted=True)


def _where(tree: Tree, columns: Mapping[str, str], as_of: date, *, wanted: bool) -> Q:
    """Return where the tree is true (or false, with wanted=False).

    Negation is carried down to the single conditions: Django's own ~Q also finds rows whose value is NULL.
    """
    match tree:
        case Condition():
            return _leaf(tree, columns[tree.field], as_of, wanted)
        case Not(part):
            return _where(part, columns, as_of, wanted=not wanted)
        case AllOf(parts):
            found = [_where(p, columns, as_of, wanted=wanted) for p in parts]
            return reduce(and_ if wanted else or_, found) if found else _EVERYONE if wanted else ~_EVERYONE
        case AnyOf(parts):
            return reduce(or_ if wanted else and_, [_where(p, columns, as_of, wanted=wanted) for p in parts])


def _leaf(condition: Condition, column: str, as_of: date, wanted: bool) -> Q:
    if condition.type is FieldType.TAGS:
        found = _tags(condition, column)
        return found if wanted else ~found
    known = Q(**{f"{column}__isnull": False})
    if condition.op in (Op.IS_KNOWN, Op.IS_UNKNOWN):
        return known if wanted is (condition.op is Op.IS_KNOWN) else ~known
    holds = _holds(condition, column, as_of)
    return known & (holds if wanted else ~holds)


def _tags(condition: Condition, column: str) -> Q:
    if condition.op is Op.CONTAINS:
        return Q(GreaterThan(StrIndex(F(column), Value(f"\n{condition.value}\n")), 0))
    some = ~Q(**{column: ""})
    return some if condition.op is Op.IS_KNOWN else ~some


def _holds(condition: Condition, column: str, as_of: date) -> Q:  # noqa: PLR0911 - one line for each op
    value: Any = condition.value
    match condition.op:
        case Op.EQ:
            return _is(condition, column, "exact", value)
        case Op.NE:
            return ~_is(condition, column, "exact", value)
        case Op.IN:
            return _any(condition, column, value)
        case Op.NOT_IN:
            return ~_any(condition, column, value)
        case Op.BETWEEN:
            return _is(condition, column, "gte", value[0]) & _is(condition, column, "lte", value[1])
        case Op.CONTAINS:
            return Q(GreaterThan(_place_of(value, column), 0))
        case Op.STARTS:
            return Q(Exact(_place_of(value, column), 1))
        case Op.WITHIN_DAYS:
            return Q(**{f"{column}__gte": as_of, f"{column}__lte": as_of + timedelta(days=value)})
        case Op.OLDER_THAN_DAYS:
            return Q(**{f"{column}__lt": as_of - timedelta(days=value)})
        case op:
            return _is(condition, column, str(op), value)


def _any(condition: Condition, column: str, values: tuple[Any, ...]) -> Q:
    # IN where it means the same as equality: SQLite walks an index's order through the values of an IN, never of an OR.
    if condition.type is not FieldType.NUMBER:
        return Q(**{f"{column}__in": list(values)})
    return reduce(or_, (_is(condition, column, "exact", value) for value in values))


def _is(condition: Condition, column: str, lookup: str, value: Any) -> Q:
    # A bare number would first be rounded to the column's own digits; as a double it is compared as it is.
    asked = Value(value, output_field=FloatField()) if condition.type is FieldType.NUMBER else value
    return Q(**{f"{column}__{lookup}": asked})


def _place_of(value: str, column: str) -> StrIndex:
    return StrIndex(AsciiLower(F(column)), Value(value.translate(FOLD)))
