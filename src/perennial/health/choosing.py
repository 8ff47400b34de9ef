"""Which scorecard scores a customer on a day: the first whose rule is true of what the rooms below health know of him.

Private to the room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from perennial.blueprint.scorecard_terms import CardRule
from perennial.contracts import queries as contracts
from perennial.customers import queries as customers
from perennial.health.facts import Facts, Known
from perennial.health.queries import Card
from perennial.health.terms import CustomerScore
from perennial.kernel.conditions.matching import evaluate
from perennial.kernel.conditions.terms import fields_of

_OF_CUSTOMERS = frozenset({"industry", "country", "region", "deployment", "tags"})
_OF_STAGES = frozenset({"stage", "stage_since_on", "onboarding_started_on"})
_OF_CONTRACTS = frozenset({"products", "live_since_on"})


@dataclass(frozen=True, slots=True)
class Chosen:
    """The place of the scorecard among those in force, and the values of the fields that its rule asks for (days as
    texts); none where it is the one for all others."""

    place: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scored:
    """A customer's score as it is printed, the scorecard that made it, and the values by which that was chosen."""

    card: Card
    one: CustomerScore
    chosen: Mapping[str, Any]


class Chooser:
    """Asks the rules of the scorecards on one day. Reads only what they ask for, for all customers at once."""

    def __init__(self, cards: Sequence[Card | CardRule], facts: Facts, known: Known) -> None:
        self.cards, self.facts, self.known = cards, facts, known
        self.asked = frozenset[str]().union(*(fields_of(card.when) for card in cards if card.when is not None))

    def of(self, customer: int, row: Mapping[str, Any]) -> Chosen:
        """Return the scorecard of a customer; `row`: what a veto sees of him (Facts.row)."""
        if not self.asked:
            return Chosen(len(self.cards) - 1, {})
        told = {key: row[key] for key in self.asked} | self._besides(customer)
        for place, card in enumerate(self.cards):
            if card.when is not None and evaluate(card.when, told, self.known.on):
                return Chosen(place, {key: plain(told[key]) for key in sorted(fields_of(card.when))})
        return Chosen(len(self.cards) - 1, {})

    def _besides(self, customer: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.asked & _OF_CUSTOMERS:
            one = self._customers[customer]
            found |= {key: getattr(one, key) for key in _OF_CUSTOMERS - {"tags"}} | {"tags": tuple(one.tags)}
        if self.asked & _OF_STAGES:
            stage = self.facts.terms.stage(customer, self.known.on)
            found["stage"] = stage.stage.value if stage else None
            found["stage_since_on"] = stage.since_on if stage else None
            found["onboarding_started_on"] = stage.onboarding_started_on if stage else None
        if self.asked & _OF_CONTRACTS:
            standing = self.known.standing.get(customer)
            found["live_since_on"] = standing.live_since_on if standing else None
            found["products"] = self._products(customer, self.known.on)
        return {key: value for key, value in found.items() if key in self.asked}

    def _products(self, customer: int, on: date) -> tuple[str, ...]:
        """Return the codes of the products whose lines run on the day."""
        lines = self.facts.terms.lines.get(customer, ())
        running = {one.product for one in lines if one.starts_on <= on and (one.ends_on is None or on < one.ends_on)}
        return tuple(sorted(self._codes[number] for number in running if number in self._codes))

    @cached_property
    def _customers(self) -> Mapping[int, Any]:
        return customers.facts_of()

    @cached_property
    def _codes(self) -> Mapping[str, str]:
        return contracts.product_codes()


def plain(value: Any) -> Any:
    """Return a value as JSON holds it: days and exact amounts as texts."""
    if isinstance(value, tuple):
        return list(value)
    return value if value is None or isinstance(value, bool | int | float) else str(value)
