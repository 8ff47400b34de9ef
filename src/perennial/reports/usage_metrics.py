"""The metrics that may be looked at over many customers: those that ship, and the company's own that have their values.

Each with what it counts, how it is made, and the SQL that makes it: this stands beside a chart, in a file, an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import get_language

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import Label, MetricUnit
from perennial.customers.access import visible_fields
from perennial.customers.catalogue import FIELDS, Unit
from perennial.members.models import Member
from perennial.reports.explain import FORMULAS
from perennial.usage import analysis, own


@dataclass(frozen=True, slots=True)
class Told:
    """A metric in words. `formula`: how it joins its measures, "" where its definition says it all; `adds_up`: summed
    over customers, else the median customer stands for them; `by_feature`: it counts events, and so can be told apart
    by feature."""

    key: str
    label: str | Promise
    definition: Label
    formula: str | Promise
    unit: Unit | MetricUnit
    is_own: bool
    adds_up: bool
    by_feature: bool

    @property
    def said(self) -> str:
        """Return what it counts, in the reader's language."""
        return self.definition.text(get_language() or "en")


def metrics_of(member: Member) -> list[str]:
    """Return the keys of the metrics that a member may see: those that ship in the blueprint's order, then own ones."""
    fields = visible_fields(member)
    known = [*(one.key for one in blueprint.metrics()), *(one.key for one in own.served())]
    return [key for key in known if key in fields]


def by_origin(keys: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return those that ship, and the company's own."""
    mine = {one.key for one in own.served()}
    return [key for key in keys if key not in mine], [key for key in keys if key in mine]


def told(key: str) -> Told:
    """Return a metric in words. No query."""
    adds_up, by_feature = analysis.adds_up(key), analysis.is_by_feature(key)
    mine = next((one for one in own.served() if one.key == key), None)
    if mine is not None:
        label, formula = FIELDS[key].label, str(mine.algebra.get("expression") or "")
        return Told(key, label, mine.definition, formula, mine.unit, True, adds_up, by_feature)
    found = next(one for one in blueprint.metrics() if one.key == key)
    field = FIELDS[key]
    return Told(key, field.label, found.definition, FORMULAS.get(key, ""), field.unit, False, adds_up, by_feature)


def sql_of(key: str, on: date) -> str:
    """Return the SQL by which a metric is computed as of a day, for a person to read."""
    return analysis.sql_of(key, on)
