"""The records of an erasure, in the caller's transaction: rows removed, personal fields emptied, words replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import JSONField, Model

from perennial.privacy.marking import Words
from perennial.privacy.rows import Place, all_rows, places, tables, theirs
from perennial.privacy.table import Held, model_of
from perennial.privacy.terms import MARK, As, Fate, Whom

CHUNK = 500
Counts = dict[str, dict[str, int]]
"""By table: rows gone, blank (the row stays without its personal fields) and mentioned (words replaced)."""


def counted(whom: Whom) -> Counts:
    """Return what an erasure would do, by table; tables that it leaves alone are left out. Writes nothing."""
    found: Counts = {}
    for name, held in tables():
        fate = held.fate(whom)
        if fate is not None and (number := theirs(name, held, whom).count()):
            found.setdefault(name, {})[fate.value] = number
        if mentioned := sum(len(_changes(place, name, held)) for place in places(name, held, whom)):
            found.setdefault(name, {})["mentioned"] = mentioned
    return found


def erase(whom: Whom, *, pseudonym: str) -> Counts:
    """Do it, and return the same. The words go first: they are read from rows that go afterwards."""
    found: Counts = {}
    for name, held in tables():
        for place in places(name, held, whom):
            changes = _changes(place, name, held)
            for pk, values in changes.items():
                all_rows(name).filter(pk=pk).update(**values)
            if changes:
                number = found.setdefault(name, {})
                number["mentioned"] = number.get("mentioned", 0) + len(changes)
    for name, held in tables():
        fate, rows = held.fate(whom), theirs(name, held, whom)
        if fate is None:
            continue
        pks = list(rows.values_list("pk", flat=True))
        if pks:
            found.setdefault(name, {})[fate.value] = len(pks)
        for start in range(0, len(pks), CHUNK):
            chunk = all_rows(name).filter(pk__in=pks[start : start + CHUNK])
            if fate is Fate.GONE:
                chunk._raw_delete(using=chunk.db)
            else:
                _blank(chunk.model, name, held, list(pks[start : start + CHUNK]), pseudonym)
    return found


def _changes(place: Place, name: str, held: Held) -> dict[Any, dict[str, Any]]:
    """Return the new values of rows that mention somebody, by key; a row whose words were others' is left out."""
    found: dict[Any, dict[str, Any]] = {}
    for pk, *values in place.rows.values_list("pk", *place.fields).iterator(chunk_size=CHUNK):
        after = {
            field: fresh
            for field, value in zip(place.fields, values, strict=True)
            if (fresh := _replaced(value, held.personal[field], place.words, pk)) != value
        }
        if after:
            found[pk] = _fitting(name, after)
    return found


def _replaced(value: Any, how: As, theirs: Words, pk: Any) -> Any:
    fresh = theirs.replaced(value, MARK)
    if fresh == value:
        return value
    if how is As.RAW:
        return ""
    return f"{fresh} {pk}" if how is As.UNIQUE else fresh


def _fitting(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Cut texts to their columns: the mark may be longer than the word whose place it takes."""
    lengths = {key: getattr(model_of(name)._meta.get_field(key), "max_length", None) for key in values}
    return {key: value[: lengths[key]] if isinstance(value, str) and lengths[key] else value
            for key, value in values.items()}  # fmt: skip


def _blank(model: type[Model], name: str, held: Held, pks: list[Any], pseudonym: str) -> None:
    same = {key: value for key, how in held.personal.items() if (value := _emptied(model, key, how, pseudonym)) != ...}
    if same:
        all_rows(name).filter(pk__in=pks).update(**_fitting(name, same))
    for key in (key for key, how in held.personal.items() if how is As.CODE):
        for pk in pks:
            all_rows(name).filter(pk=pk).exclude(**{key: None}).update(**{key: f"erased-{pk}"})


def _emptied(model: type[Model], key: str, how: As, pseudonym: str) -> Any:
    """Return what stands there afterwards; `...`: not the same for all rows, or kept."""
    match how:
        case As.TEXT | As.OWN | As.RAW:
            return ""
        case As.TITLE:
            return MARK
        case As.NAME:
            return pseudonym
        case As.LINK:
            return None
        case As.JSON:
            field = model._meta.get_field(key)
            assert isinstance(field, JSONField)
            return field.default() if callable(field.default) else {}
    return ...
