"""The rows of somebody, table by table: theirs, and those that only mention them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import CharField, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from perennial.privacy.marking import Words, is_full_name, words
from perennial.privacy.table import NONE, TABLE, Held, model_of
from perennial.privacy.terms import LONG, As, Subject, Whom

TEXTS = (As.TEXT, As.TITLE, As.WORD, As.JSON, As.UNIQUE, As.RAW)
"""Treatments of fields that may mention others than those whose row it is."""


@dataclass(frozen=True)
class Place:
    """Rows of a table that may mention somebody in these fields, and which words would be theirs there."""

    rows: QuerySet[Model]
    fields: tuple[str, ...]
    words: Words


def all_rows(name: str) -> QuerySet[Model]:
    """Return a table's rows past the rule that versions are only ever added: erasure is the one exception."""
    return QuerySet(model=model_of(name))


def theirs(name: str, held: Held, whom: Whom) -> QuerySet[Model]:
    """Return the rows that are theirs."""
    return all_rows(name).filter(held.theirs(whom))


def places(name: str, held: Held, whom: Whom) -> Iterator[Place]:
    """Yield the rows that mention somebody: their customer's by every word, nobody's by a full name, others' by what is
    nobody else's alone (mail addresses, phones; a customer's name)."""
    fields = [key for key, how in held.personal.items() if how in TEXTS]
    if not fields:
        return
    rows = all_rows(name).exclude(pk__in=theirs(name, held, whom).values("pk"))
    near, nobodys, far = _words(whom)
    if not held.customer:
        yield _place(rows, fields, nobodys, name)
        return
    inside = Q(**{f"{held.customer}__in": whom.family})
    yield _place(rows.filter(inside), fields, near, name)
    yield _place(rows.filter(**{f"{held.customer}__isnull": True}), fields, nobodys, name)
    yield _place(rows.exclude(inside).exclude(**{f"{held.customer}__isnull": True}), fields, far, name)


def _words(whom: Whom) -> tuple[Words, Words, Words]:
    long = [code for code in whom.codes if len(code) >= LONG]
    if whom.subject is Subject.CUSTOMER:
        everywhere = [*whom.names, *whom.addresses, *long]
        full = [name for name in whom.people if is_full_name(name)]
        return words([*everywhere, *whom.people], whom.codes), words([*everywhere, *full]), words(everywhere)
    full = [name for name in whom.names if is_full_name(name)]
    return (
        words([*whom.names, *whom.addresses, *long], whom.codes),
        words([*full, *whom.addresses, *long]),
        words(whom.addresses),
    )


def _place(rows: QuerySet[Model], fields: list[str], theirs: Words, name: str) -> Place:
    return Place(_mentioning(rows, fields, theirs, name), tuple(fields), theirs)


def _mentioning(rows: QuerySet[Model], fields: list[str], theirs: Words, name: str) -> QuerySet[Model]:
    """Narrow rows to those with one of the words somewhere: the database looks first, the whole words are told apart
    afterwards. JSON is looked at as its text, in which SQLite writes other scripts as escapes."""
    if not theirs:
        return rows.none()
    kinds = {field: model_of(name)._meta.get_field(field) for field in fields}
    conditions = []
    for field, kind in kinds.items():
        column = field if isinstance(kind, (CharField, TextField)) else f"{field}_text"
        if column != field:
            rows = rows.alias(**{column: Cast(field, TextField())})
        for word in theirs.within:
            conditions += [Q(**{f"{column}__icontains": form}) for form in {word, json.dumps(word)[1:-1]}]
        for word in theirs.exact:
            forms = {word} if column == field else {json.dumps(word), json.dumps(word, ensure_ascii=False)}
            conditions += [Q(**{f"{column}__contains" if column != field else column: form}) for form in forms]
    return rows.filter(reduce(or_, conditions, NONE))


def tables() -> list[tuple[str, Held]]:
    """Return the tables that hold something personal, in the order of the list."""
    return [(name, held) for name, held in TABLE.items() if held.personal]
