"""Metrics of one's own as fields of the catalogue: each has a column of the portfolio row as long as it has its values.

Which those are, usage tells by `bring_in_step`; the stamp of the configuration says when to read them anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.utils.functional import lazy
from django.utils.translation import get_language

from perennial.blueprint.terms import Label
from perennial.customers.models import OWN_COLUMNS, OwnField, PortfolioRow
from perennial.customers.terms import Field, Unit
from perennial.kernel.conditions.terms import FieldType
from perennial.kernel.organisation import stamp as stamps
from perennial.kernel.organisation.queries import config_stamp


@dataclass(frozen=True, slots=True)
class OwnTold:
    """A metric of one's own as it is told to the catalogue; `formula` is how its definition is written."""

    key: str
    label: Label
    definition: Label
    unit: str
    formula: str


def own_fields() -> Mapping[str, Field]:
    """Return the fields of own metrics by key; one query for a stamp of the configuration, none for a home as it
    ships."""
    return _read(config_stamp())[0]


def formula_of(key: str) -> str:
    """Return how an own metric's definition is written; "" where it is none."""
    return _read(config_stamp())[1].get(key, "")


@lru_cache(maxsize=4)
def _read(stamp: str) -> tuple[Mapping[str, Field], Mapping[str, str]]:
    if stamp == stamps.UNCHANGED:
        return {}, {}
    rows = list(OwnField.objects.order_by("key"))
    return {row.key: _field(row) for row in rows}, {row.key: row.told["formula"] for row in rows}


def _field(row: OwnField) -> Field:
    label, definition = (_worded(row.told[word]) for word in ("label", "definition"))
    return Field(
        row.key, FieldType.NUMBER, Unit(row.told["unit"]), label, definition, "usage", row.column, sortable=True
    )


def _worded(words: Sequence[str]) -> Any:
    """Return a wording that is put into the reader's language when it is written."""
    told = Label(*words)
    return lazy(lambda: told.text(get_language() or "en"), str)()


@transaction.atomic
def bring_in_step(wanted: Sequence[OwnTold]) -> None:
    """Make these the fields of own metrics; whoever calls has the configuration stamped anew. Safe to run twice.

    A column that becomes free is emptied before another metric gets it, so that no value ever stands under a wrong
    name.
    """
    rows = {row.key: row for row in OwnField.objects.all()}
    keys = {one.key for one in wanted}
    for key in sorted(rows.keys() - keys):
        column = rows.pop(key).column
        OwnField.objects.filter(key=key).delete()
        PortfolioRow.objects.filter(**{f"{column}__isnull": False}).update(**{column: None})
    free = [column for column in OWN_COLUMNS if column not in {row.column for row in rows.values()}]
    for one in wanted:
        told = _plain(one)
        if one.key not in rows:
            OwnField.objects.create(key=one.key, column=free.pop(0), told=told)
        elif rows[one.key].told != told:
            OwnField.objects.filter(key=one.key).update(told=told)


def _plain(one: OwnTold) -> dict[str, Any]:
    words = {name: [label.en, label.zh_hans, label.zh_hant] for name, label in
             (("label", one.label), ("definition", one.definition))}  # fmt: skip
    return {**words, "unit": one.unit, "formula": one.formula}
