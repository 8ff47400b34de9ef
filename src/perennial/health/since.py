"""What changed a customer's score since an earlier day: the frozen inputs of both, each under its own scorecard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import isnan

import numpy as np

from perennial.health import frozen
from perennial.health.calculations.scoring import week_of
from perennial.health.calculations.since import Side, moved
from perennial.health.facts import MEASURES, DayFacts, Facts
from perennial.health.queries import Card, cards_in_force
from perennial.health.terms import Moved
from perennial.kernel.organisation.queries import house


@dataclass(frozen=True)
class Since:
    """What changed from `from_on` (the frozen day nearest to the one that was asked for) to `on`. `was`, `card`: the
    scorecards of both days. `values`: the raw value of each measure of either scorecard on both days, None unknown."""

    from_on: date
    on: date
    was: Card
    card: Card
    moved: Moved
    values: Mapping[str, tuple[float | None, float | None]]


@dataclass(frozen=True)
class _Day:
    """A frozen day: what was known, and who was scored by which scorecard ("" for the only one)."""

    facts: DayFacts
    cards: tuple[Card, ...]
    whose: Mapping[int, str | None]

    def card_of(self, customer: int) -> Card:
        """Return the scorecard of a customer; the one for all others where that was not kept."""
        key = self.whose.get(customer)
        return next((card for card in self.cards if card.card.key == key), self.cards[-1])


def since(customer_id: int, on: date, back: date) -> Since | None:
    """Return what changed a customer's score from about `back` to `on`, a day that was scored; None where it was not
    scored on one of both, or nothing counted. At most three queries; reads the fleet's frozen inputs of two days.

    The first day is the nearest to `back` whose inputs were frozen, up to three days off. Under the later scorecard it
    is seen beside those whom that one scores now.
    """
    then, now = _day(back), _day(on)
    if then is None or now is None or then.facts.on >= now.facts.on:
        return None
    if customer_id not in then.facts.customers or customer_id not in now.facts.customers:
        return None
    was, card = then.card_of(customer_id), now.card_of(customer_id)
    sides = [_side(was, then.facts, then, customer_id), _side(card, then.facts, now, customer_id),
             _side(card, now.facts, now, customer_id)]  # fmt: skip
    first, by_card, last = sides
    if first is None or by_card is None or last is None:
        return None
    told: dict[str, tuple[float | None, float | None]] = {}
    for place, measure in enumerate(was.card.measures):
        told[measure.key] = _known(first, place), None
    for place, measure in enumerate(card.card.measures):
        told[measure.key] = _known(by_card, place), _known(last, place)
    found = moved(was.card, first, card.card, by_card, last)
    return Since(then.facts.on, now.facts.on, was, card, found, told)


def _known(side: Side, place: int) -> float | None:
    value = float(side.values[place])
    return None if isnan(value) else value


def _day(on: date) -> _Day | None:
    facts = frozen.inputs_near(on, news=frozen.news())
    if facts is None or facts.tiers is None:
        return None
    cards = cards_in_force(facts.on)
    return _Day(facts, cards, frozen.cards_on(facts.on) if len(cards) > 1 else {}) if cards else None


def _side(card: Card, facts: DayFacts, day: _Day, customer: int) -> Side | None:
    """Return a customer's values on a day, with the means of those whom a scorecard scores; None where nothing counts.

    `day`: whose scorecard is whose.
    """
    own = [measure.key for measure in card.card.measures if measure.key not in MEASURES]
    told = Facts(house()).with_own(facts, own)
    columns = [told.measures.index(measure.key) for measure in card.card.measures]
    rows = [row for row, one in enumerate(told.customers) if one == customer or day.card_of(one) is card]
    assert told.tiers is not None
    tiers = [told.tiers[row] for row in rows]
    codes = {tier: code for code, tier in enumerate(sorted(set(tiers)))}
    values, ages = (table[rows][:, columns] for table in (told.values, told.ages))
    week = week_of(card.card, values, ages, np.array([codes[tier] for tier in tiers], dtype=np.int64))
    place = rows.index(told.customers.index(customer))
    return Side(values[place], ages[place], week.means[place]) if week.scored[place] else None
