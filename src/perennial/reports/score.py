"""A customer's score as one member may see it: what made its band, what each measure adds, what would lift it out of
grey."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext_lazy as _

from perennial.blueprint.terms import Measure, Scorecard
from perennial.customers.catalogue import Field, Unit
from perennial.health import queries as health
from perennial.kernel.conditions.terms import FieldType
from perennial.kernel.money import largest_remainder

MILLION = 10**6
_FIELDS = ("mrr", "arr", "seats", "renewal_arr", "overdue_amount")
_MADE_OF = {
    "overdue_days": "oldest_overdue_on", "renewal_days_behind": "next_renewal_on", "inspection_days": "last_touch_on",
    "tenure_days": "arr",
    **{key: key for key in _FIELDS},
}  # fmt: skip
"""The field behind a measure of the scorecard, where the measure would tell its value."""
_UNTOLD = {"value": None, "points": None, "effective": None, "age_days": None}
_UNTOLD_VETO: Mapping[str, Any] = {"key": None, "label": None, "values": {}}


def of(customer_id: int, fields: Mapping[str, Field]) -> health.Evidence | None:
    """Return the latest score for who sees `fields`; None before the first one, or where he sees none. One query."""
    found = health.evidence_of(customer_id) if "score" in fields else None
    return None if found is None else replace(found, told=visible(found.told, fields))


_CONTRACTS = {"products": "arr", "live_since_on": "arr", "deployment": "name"}
CARD_FIELDS: Mapping[str, Field] = {
    "products": Field("products", FieldType.TAGS, Unit.TAGS, _("Products"),
                      _("Codes of the products whose lines run."), "contracts", ""),
    "live_since_on": Field("live_since_on", FieldType.DATE, Unit.DAY, _("Customer since"),
                           _("The first paid day of the present time as a customer."), "contracts", ""),
    "deployment": Field("deployment", FieldType.CHOICE, Unit.CHOICE, _("Deployment"),
                        _("How the product is deployed at the customer."), "customers", ""),
}  # fmt: skip
"""What a scorecard's rule may ask and the portfolio row does not have."""


def fields_of_rules(fields: Mapping[str, Field]) -> Mapping[str, Field]:
    """Return the fields that a member sees in a scorecard's rule: his own, and those above where he sees revenue."""
    return {**fields, **{key: field for key, field in CARD_FIELDS.items() if _CONTRACTS[key] in fields}}


def visible(told: Mapping[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return a score (health.parts_of) without what tells of a field that the member does not see.

    A part made of such a field says only what it contributes, so that the parts still add up; a veto only its cap; the
    rule of the scorecard nothing of such a value.
    """
    parts = [{**part, **(_UNTOLD if is_untold(part["key"], fields) else {})} for part in told["parts"]]
    vetoes = [{**veto, **(_UNTOLD_VETO if veto["values"].keys() - fields.keys() else {})} for veto in told["vetoes"]]
    seen = fields_of_rules(fields)
    values = {key: value for key, value in told["scorecard"]["values"].items() if key in seen}
    return {**told, "parts": parts, "vetoes": vetoes, "scorecard": {**told["scorecard"], "values": values}}


def is_untold(measure: str, fields: Mapping[str, Field]) -> bool:
    """Return whether the value of a measure would tell of a field that the member does not see."""
    return _MADE_OF.get(measure, "name") not in fields


def untold_of(measures: Iterable[str], fields: Mapping[str, Field]) -> frozenset[str]:
    """Return the measures whose values would tell of a field that the member does not see."""
    return frozenset(key for key in measures if is_untold(key, fields))


@dataclass(frozen=True)
class Share:
    """A measure's part in a score as the page draws it.

    `reach`: how far the contribution reaches left or right, of the widest (100). `weight`: percent of the score with
    one decimal; those of a score add up to exactly 100. `mark`: "assumed" where nothing was observed, "stale" where
    what was observed counts only partly, "untold" where its value is not the member's to see, else "".
    """

    part: Mapping[str, Any]
    measure: Measure
    contribution: Decimal
    reach: int
    weight: Decimal
    mark: str


def shares(found: health.Evidence) -> list[Share]:
    """Return a score's parts in the scorecard's order; none where no measure counts."""
    parts = found.told["parts"]
    measures = {measure.key: measure for measure in found.card.measures}
    widest = max((abs(Decimal(part["contribution"])) for part in parts), default=Decimal(0))
    exact = [Fraction(round(part["weight"] * MILLION), 1000) for part in parts]
    weights = largest_remainder(exact, round(sum(exact, Fraction(0))))
    return [
        Share(
            part=part,
            measure=measures[part["key"]],
            contribution=(amount := Decimal(part["contribution"])),
            reach=round(100 * abs(amount) / widest) if widest else 0,
            weight=Decimal(weight).scaleb(-1),
            mark=_mark(part),
        )
        for part, weight in zip(parts, weights, strict=True)
    ]


def _mark(part: Mapping[str, Any]) -> str:
    if part["value"] is None:
        return "untold" if part["trust"] else "assumed"
    return "stale" if part["trust"] < 1 else ""


@dataclass(frozen=True)
class Way:
    """A measure that would bring a grey score nearer to a colour: how much of the weight fresh data of it would add.

    `is_enough`: it would do alone. `is_stale`: something is known, and too old to count wholly.
    """

    measure: Measure
    gain: Fraction
    is_enough: bool
    is_stale: bool


def needed(found: health.Evidence) -> Fraction:
    """Return the share of the weight that is missing for a colour, 0 where enough is known."""
    return max(Fraction(0), _share(found.card.least_coverage) - _share(found.told["coverage"]))


def ways_out(found: health.Evidence) -> list[Way]:
    """Return what fresh data would add to the coverage, the most first. Measures that do not apply are left out."""
    told = {part["key"]: part for part in found.told["parts"]}
    ways = []
    for measure, weight in zip(found.card.measures, found.cover, strict=True):
        part = told.get(measure.key, {"trust": 0.0})
        gain = Fraction(weight, MILLION) * (1 - _share(part["trust"]))
        if gain:
            ways.append(Way(measure, gain, gain >= needed(found), bool(part["trust"]) or _was_seen(part)))
    return sorted(ways, key=lambda way: -way.gain)


def _was_seen(part: Mapping[str, Any]) -> bool:
    return part.get("age_days") is not None


def how_many_suffice(ways: Sequence[Way], lacking: Fraction) -> int:
    """Return how many of the ways, the widest first, reach a colour together."""
    total = Fraction(0)
    for number, way in enumerate(ways, start=1):
        total += way.gain
        if total >= lacking:
            return number
    return len(ways)


def _share(value: float) -> Fraction:
    """Return a share of one exactly as the score counts it: in millionths."""
    return Fraction(round(value * MILLION), MILLION)


def thresholds(card: Scorecard) -> tuple[float, float]:
    """Return where yellow and green begin."""
    return card.yellow_from, card.green_from
