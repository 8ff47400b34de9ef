"""Several scorecards in one part: which there are, for whom each is, and in which order they are asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perennial.blueprint.terms import PORTFOLIO_FIELDS, Label, Scorecard
from perennial.kernel.conditions.terms import FieldType, Tree, fields_of

_ABOVE_HEALTH = frozenset(
    {
        "name", "owner", "parent", "currency", "band", "score", "score_change_28d", "coverage", "health_fell_on",
        "waits_at", "waits_since_on", "waits_over_days", "next_task_on", "next_step", "checkpoint_due_on",
        "renewal_need", "renewal_need_on",
    }
)  # fmt: skip
ONLY_OF_CARDS: Mapping[str, FieldType] = {
    "products": FieldType.TAGS,
    "deployment": FieldType.CHOICE,
    "live_since_on": FieldType.DATE,
}
"""What a scorecard's rule may ask besides: codes of the products whose lines run, how the product is deployed, the
first paid day of the present time as a customer."""
CARD_FIELDS: Mapping[str, FieldType] = {
    **{key: kind for key, kind in PORTFOLIO_FIELDS.items() if key not in _ABOVE_HEALTH},
    **ONLY_OF_CARDS,
}
"""The fields by which a scorecard may be chosen: known below health, so that no score decides how it is made."""


def card_fields_with(own: Iterable[str]) -> Mapping[str, FieldType]:
    """Return the fields of which a scorecard's rule may speak: those above, and metrics of one's own by their keys."""
    return {**CARD_FIELDS, **dict.fromkeys(own, FieldType.NUMBER)}


@dataclass(frozen=True, slots=True)
class CardRule:
    """A scorecard and for whom it is: where `when` is true; None: for everybody whom no earlier one is for.

    `digest` is that of all that the text says of it, its rule among it: two texts that say the same of a scorecard have
    the same one, however they are written.
    """

    card: Scorecard
    when: Tree | None
    priority: int
    digest: str

    @property
    def fields(self) -> frozenset[str]:
        """The measures, and what the vetoes and the rule ask about."""
        return self.card.fields | (frozenset() if self.when is None else fields_of(self.when))


@dataclass(frozen=True, slots=True)
class Scorecards:
    """The scorecards of one text in the order in which they are asked: the highest priority first, of equals the
    earlier one; the last is for all others. `is_single`: the text is one scorecard and has no rules. `keys`: in the
    order of the text."""

    rules: tuple[CardRule, ...]
    is_single: bool
    keys: tuple[str, ...] = ()

    @property
    def fallback(self) -> Scorecard:
        """The scorecard for everybody whom no rule finds."""
        return self.rules[-1].card


@dataclass(frozen=True, slots=True)
class Preset:
    """Scorecards to begin with: what they are called, for whom they are meant, and their text."""

    key: str
    label: Label
    meaning: Label
    text: str


@dataclass(frozen=True, slots=True)
class Measurable:
    """A measure that a scorecard may have: its words, and `told`, what the text says of it to begin with."""

    key: str
    label: Label
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MeasureSource:
    """Measures that come from the same place."""

    label: Label
    measures: Sequence[Measurable]
