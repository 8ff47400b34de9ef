"""Many new rows of one table at once, prepared once for the table and not anew for each value of each row.

Django's bulk_create spends most of an import's time on that; where rows are told by their columns this does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import connection, models

Prepare = Callable[[Any], Any]
_AS_THEY_ARE: Mapping[type[models.Field[Any, Any]], type] = {
    models.CharField: str,
    models.TextField: str,
    models.IntegerField: int,
    models.BigIntegerField: int,
    models.PositiveIntegerField: int,
    models.PositiveSmallIntegerField: int,
    models.ForeignKey: int,
    models.BooleanField: bool,
    models.FloatField: float,
}
"""Columns that take a value of this very type without a change, on every database."""
_RECURRING = (models.DateTimeField, models.DateField)
"""Columns whose values repeat, so that each different one is prepared once."""


def insert(model: type[models.Model], rows: Sequence[Mapping[str, Any]], *, unless_there: bool = False) -> None:
    """Insert rows, each its columns (`customer_id`, not `customer`) with their values; what a row leaves out is its
    default. One statement. The database gives the keys; whoever needs them asks for the rows again. `unless_there`
    leaves out rows that break a uniqueness: somebody else wrote them meanwhile.

    :raises KeyError: a row names a column that the table does not have.
    """
    if not rows:
        return
    columns = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    known = {field.attname for field in columns}
    for row in rows:
        if not row.keys() <= known:
            raise KeyError(", ".join(sorted(row.keys() - known)))
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in columns)
    places = ", ".join(["%s"] * len(columns))
    conflict = " ON CONFLICT DO NOTHING" if unless_there else ""
    values = zip(*(prepared(field, rows) for field in columns), strict=True)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({places}){conflict}",  # noqa: S608 - our own names
            list(values),
        )


def values_of(row: models.Model) -> dict[str, Any]:
    """Return a row's columns with their values, without its key."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if not field.primary_key}


def prepared(field: models.Field[Any, Any], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the column of each row as the database takes it; what a row leaves out is its default."""
    name, prepare = field.attname, _prepare(field)
    return [prepare(row[name] if name in row else field.get_default()) for row in rows]


def _prepare(field: models.Field[Any, Any]) -> Prepare:
    def slow(value: Any) -> Any:
        return field.get_db_prep_save(value, connection)

    plain = _AS_THEY_ARE.get(type(field))
    if plain is not None:
        return lambda value: value if value is None or type(value) is plain else slow(value)
    if isinstance(field, models.JSONField):
        return lambda value: slow(value) if value is None else connection.ops.adapt_json_value(value, field.encoder)
    return _remembering(slow) if isinstance(field, _RECURRING) else slow


def _remembering(prepare: Prepare) -> Prepare:
    known: dict[Any, Any] = {}

    def remembered(value: Any) -> Any:
        if value not in known:
            known[value] = prepare(value)
        return known[value]

    return remembered
