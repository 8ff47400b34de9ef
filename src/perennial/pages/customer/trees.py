"""A condition tree in words: the same branches, each condition as a sentence, with what the row says to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext

from perennial.customers.catalogue import FIELDS, Field, Unit
from perennial.kernel.conditions.matching import truth
from perennial.kernel.conditions.terms import AllOf, AnyOf, Condition, Not, Tree, fields_of
from perennial.pages import tags
from perennial.pages.customer.words import labels, written
from perennial.pages.customers.address import Reader
from perennial.pages.customers.words import said
from perennial.reports.score import CARD_FIELDS


@dataclass(frozen=True)
class Branch:
    """A part of a tree as `components/tree.html` shows it.

    `text`: a condition's sentence, or what its parts have to be; `found`: the row's value ("" for a group and for a
    value that the member does not see). `holds` None: unknown on this row.
    """

    text: str
    found: str
    holds: bool | None
    parts: Sequence[Branch] = ()


@dataclass(frozen=True)
class Grower:
    """Turns trees into branches for a member who sees `fields`, on a row of values, as of a day. `owners`: the names of
    members by their numbers, where a tree may ask for them."""

    fields: Mapping[str, Field]
    values: Mapping[str, Any]
    on: date
    currency: str
    owners: Mapping[str, str] = field(default_factory=dict)

    def branch(self, tree: Tree) -> Branch:
        """Return a tree in words. A condition on a field that the member does not see says only that there is one."""
        holds = truth(tree, {**dict.fromkeys(fields_of(tree)), **self.values}, self.on)
        match tree:
            case AllOf(parts):
                return Branch(gettext("All of these:"), "", holds, [self.branch(part) for part in parts])
            case AnyOf(parts):
                return Branch(gettext("At least one of these:"), "", holds, [self.branch(part) for part in parts])
            case Not(part):
                return Branch(gettext("Not:"), "", holds, [self.branch(part)])
            case Condition():
                return self._leaf(tree, holds)

    def _leaf(self, condition: Condition, holds: bool | None) -> Branch:
        asked, known = self.fields.get(condition.field), {**FIELDS, **CARD_FIELDS}
        if asked is None and condition.field not in known:
            return Branch(gettext("A condition on a metric that has no values"), gettext("unknown"), holds)
        if asked is None:
            return Branch(gettext("A condition on a figure that you may not see"), "", None)
        words = {key: {value: str(word) for value, word in named.items()} for key, named in labels().items()}
        words["owner"] = dict(self.owners)
        text = said(condition, Reader(known, self.currency), words)
        found = found_words(asked, self.values[condition.field], self.currency, self.on)
        return Branch(text, "" if text.endswith(found) else found, holds)


def found_words(field: Field, value: Any, currency: str, on: date) -> str:
    """Write what a row says to a condition: the value by its unit; a day also by how far off it lies."""
    if value is None:
        return gettext("unknown")
    if isinstance(value, list | tuple):
        value = "\n".join(value)
    if field.unit is Unit.DAY:
        day = date.fromisoformat(value) if isinstance(value, str) else value
        return gettext("%(day)s (%(since)s)") % {"day": tags.day(day), "since": tags.since(day, on)}
    return written(value, field.unit, currency, key=field.key)
