"""When a veto is met and for whom a scorecard is, as rows of a form: a field, a question, a value.

All rows must hold, or one of them. A condition within a condition is shown in words and stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from perennial.blueprint import queries
from perennial.blueprint.scorecard_terms import card_fields_with
from perennial.blueprint.terms import BlueprintError, fields_with
from perennial.customers.catalogue import FIELDS, Field
from perennial.customers.terms import ListError
from perennial.kernel.conditions.parsing import to_data
from perennial.kernel.conditions.terms import KNOWN, AllOf, AnyOf, Condition, FieldType, Op, Tree
from perennial.kernel.organisation.queries import house
from perennial.pages.customer.trees import Branch, Grower
from perennial.pages.customers.address import MANY, Reader
from perennial.pages.customers.words import QUESTIONS
from perennial.reports.score import CARD_FIELDS

PREFIX = "f:"
BLANK = 2  # rows to add conditions in
_SIGNS = {Op.LT: "<", Op.GT: ">", Op.NE: "≠"}
_COMMA = re.compile(r"\s*[,，;；、]\s*")


@dataclass(frozen=True)
class RowOf:
    """One condition in the form; `field` "": none yet."""

    name: str
    field: str
    op: str
    value: str


@dataclass(frozen=True)
class Conditions:
    """The conditions of a place of the text. `rows` empty: they are nested, and `nested` says them in words. `fields`
    and `ops`: what may be chosen, with the words for it."""

    place: str
    is_any: bool
    rows: Sequence[RowOf]
    nested: Branch | None
    fields: Sequence[tuple[str, str]]
    ops: Sequence[tuple[str, str]]
    types: Mapping[str, FieldType]
    wrong: str = ""

    @property
    def name(self) -> str:
        """How the names of its fields begin."""
        return PREFIX + self.place


def of_vetoes() -> Mapping[str, FieldType]:
    """Return the fields of which a veto may speak."""
    return fields_with(one.key for one in queries.own_metrics())


def of_rules() -> Mapping[str, FieldType]:
    """Return the fields by which a scorecard may be chosen."""
    return card_fields_with(one.key for one in queries.own_metrics())


def shown(
    place: str, tree: Tree, types: Mapping[str, FieldType], given: Mapping[str, Any], wrong: str = ""
) -> Conditions:
    """Return the conditions of a tree as rows, with what was written into them; nested ones in words."""
    parts = tree.parts if isinstance(tree, AllOf | AnyOf) else (tree,)
    flat = [part for part in parts if isinstance(part, Condition)]
    reader, known = _reader(types)
    is_nested = len(flat) < len(parts) or any(part.field not in known for part in flat)
    rows: list[RowOf] = []
    for number in range(0 if is_nested else len(flat) + BLANK):
        name = f"{PREFIX}{place}[{number}]"
        one = flat[number] if number < len(flat) else None
        rows.append(RowOf(
            name,
            str(given.get(f"{name}.field", one.field if one else "")),
            str(given.get(f"{name}.op", one.op if one else "")),
            str(given.get(f"{name}.value", ", ".join(reader.texts(one)) if one else "")),
        ))  # fmt: skip
    house_of = house()
    grower = Grower(known, {}, house_of.today(timezone.now()), house_of.currency)
    mode = given.get(f"{PREFIX}{place}.mode", "any" if isinstance(tree, AnyOf) else "all")
    return Conditions(
        place=place,
        is_any=mode == "any",
        rows=rows,
        nested=grower.branch(tree) if is_nested else None,
        fields=sorted(((key, str(one.label)) for key, one in known.items()), key=lambda pair: pair[1]),
        ops=_ops(),
        types=types,
        wrong=wrong,
    )


def read(shown: Conditions, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the tree that the rows of a form make, as the text holds it; None where the form has none of them.

    :raises BlueprintError: a value that cannot be, or no row is left.
    """
    if not any(f"{row.name}.field" in given for row in shown.rows):
        return None
    rows = [_written(row.name, given) for row in shown.rows]
    mode = "any" if given.get(f"{shown.name}.mode") == "any" else "all"
    was = [(row.field, row.op, row.value) for row in shown.rows if row.field]
    found = [row for row in rows if row[0]]
    if found == was and (mode == "any") == shown.is_any:
        return None
    if not found:
        raise BlueprintError(gettext_noop("one condition or more is wanted"), place=shown.place)
    reader, _known = _reader(shown.types)
    try:
        parts = [to_data(reader.made(field, op, _texts(op, value))) for field, op, value in found]
    except ListError as error:
        raise BlueprintError("%(reason)s", {"reason": str(error)}, place=shown.place) from error
    return parts[0] if len(parts) == 1 else {mode: parts}


def _written(name: str, given: Mapping[str, Any]) -> tuple[str, str, str]:
    field, op, value = (str(given.get(f"{name}.{part}", "")).strip() for part in ("field", "op", "value"))
    return field, op, "" if op in KNOWN else value


def _texts(op: str, value: str) -> list[str]:
    return _COMMA.split(value) if op in MANY else [value]


def _reader(types: Mapping[str, FieldType]) -> tuple[Reader, Mapping[str, Field]]:
    known = {key: field for key, field in {**FIELDS, **CARD_FIELDS}.items() if key in types}
    return Reader(known, house().currency), known


def _ops() -> list[tuple[str, str]]:
    return [(str(op), str(QUESTIONS.get(op) or _SIGNS[op])) for op in Op]
