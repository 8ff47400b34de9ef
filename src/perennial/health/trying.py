"""What other scorecards would make of everybody on the newest day that was scored, from what that day froze.

Nothing is written. Vetoes and whose scorecard is whose are as the day found them, unless a draft has other conditions:
those are asked of what is known about the day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pyarrow as pa
from django.db.models import Max

from perennial.blueprint.scorecard_terms import CardRule, Scorecards
from perennial.health import frozen
from perennial.health.calculations.scoring import try_fleet
from perennial.health.choosing import Chooser
from perennial.health.facts import MEASURES, DayFacts, Facts
from perennial.health.models import Score
from perennial.health.terms import BANDS, NO_BAND, NO_CAP, POINT, FleetInputs, Floats, Ints
from perennial.kernel.conditions.matching import evaluate
from perennial.kernel.organisation.queries import house
from perennial.lake.terms import day_number
from perennial.usage.lake import lake

GREY = len(BANDS) - 1
_CODES = {band.value: code for code, band in enumerate(BANDS)}


class CannotTry(ValueError):
    """Nothing was scored yet, or the day did not keep what is wanted; nothing can be compared."""


@dataclass(frozen=True, slots=True)
class Day:
    """What the newest scored day froze: its facts, and of each of its customers, in the same order, the scorecard's key
    ("" where that was not kept), the band that the score alone gave the last day before with the scorecard of then
    (None: not known), and the vetoes met (JSON, "" for none)."""

    facts: DayFacts
    cards: list[str]
    before: list[tuple[str | None, str | None]]
    vetoes: list[str]

    @property
    def on(self) -> date:
        """The day."""
        return self.facts.on


@dataclass(frozen=True, slots=True)
class Found:
    """For each of a day's customers, in its order: the place of the scorecard, and the best band that its vetoes leave
    (index into BANDS, NO_CAP for none)."""

    place: Ints
    caps: Ints


@dataclass(frozen=True, slots=True)
class Outcome:
    """What scorecards make of a day's customers, in its order: tenths of a point, bands (indexes into BANDS), the place
    of the scorecard, and what each measure adds (points; NaN where it is none of the customer's scorecard)."""

    tenths: Ints
    band: Ints
    place: Ints
    adds: Mapping[str, Floats]


def newest_day() -> Day:
    """Return the newest scored day. One query, three reads of the lake.

    :raises CannotTry: no day was scored.
    """
    on = Score.objects.aggregate(last=Max("on"))["last"]
    facts = None if on is None else frozen.read_inputs(on, news=None)
    if on is None or facts is None:
        raise CannotTry
    rows = lake().read_days(frozen.SCORES, from_day=day_number(on), until_day=day_number(on + timedelta(days=1)))
    if rows["customer"].to_pylist() != facts.customers:
        raise CannotTry
    last = frozen.last_bands(on)
    return Day(
        facts=facts,
        cards=_texts(rows, "card"),
        before=[last.get(customer, (None, None)) for customer in facts.customers],
        vetoes=_texts(rows, "vetoes"),
    )


def _texts(rows: pa.Table, name: str) -> list[str]:
    if name not in rows.column_names:
        return [""] * rows.num_rows
    return [text or "" for text in rows[name].to_pylist()]


def asked_anew(day: Day, cards: Scorecards) -> Found:
    """Return whom the rules and the vetoes of scorecards find, asked of what is known about the day now. About
    twelve queries."""
    facts = Facts(house())
    known = facts.known(day.on)
    chooser = Chooser(cards.rules, facts, known)
    caps = [[(veto, BANDS.index(veto.cap)) for veto in rule.card.vetoes] for rule in cards.rules]
    places, lowest = [], []
    for customer in day.facts.customers:
        row = facts.row(known, customer)
        place = chooser.of(customer, row).place
        places.append(place)
        met = [cap for veto, cap in caps[place] if evaluate(veto.when, row, day.on)]
        lowest.append(min(met, default=NO_CAP))
    return Found(np.array(places, dtype=np.int64), np.array(lowest, dtype=np.int64))


def tried(day: Day, cards: Scorecards, found: Found | None = None) -> Outcome:
    """Return what scorecards make of a day. A text of one scorecard is for everybody; of several, each customer has the
    one by whose key the day scored him. `found`: whom rules and vetoes find, where they are not as on the day.

    :raises CannotTry: the day scored somebody by a scorecard that is not among them.
    """
    keys = {rule.card.key: place for place, rule in enumerate(cards.rules)}
    if found is not None:
        place = found.place
    elif cards.is_single:
        place = np.zeros(len(day.cards), dtype=np.int64)
    elif set(day.cards) <= keys.keys():
        place = np.array([keys[key] for key in day.cards], dtype=np.int64)
    else:
        raise CannotTry
    size = len(day.cards)
    made = Outcome(np.zeros(size, np.int64), np.full(size, GREY, np.int64), place, {})
    adds: dict[str, Floats] = {}
    for number, rule in enumerate(cards.rules):
        rows = np.flatnonzero(place == number)
        if not rows.size:
            continue
        caps = _caps(day, rule, rows) if found is None else found.caps[rows]
        one = try_fleet(rule.card, _inputs(day, rule, rows, caps))
        made.tenths[rows], made.band[rows] = one.tenths, one.band
        for column, measure in enumerate(rule.card.measures):
            of = adds.setdefault(measure.key, np.full(size, np.nan))
            of[rows] = one.adds[:, column] / POINT
    return Outcome(made.tenths, made.band, place, adds)


def _caps(day: Day, rule: CardRule, rows: Ints) -> Ints:
    caps = {veto.key: BANDS.index(veto.cap) for veto in rule.card.vetoes}
    by_text = {text: min((caps.get(key, NO_CAP) for key in _met(text)), default=NO_CAP) for text in set(day.vetoes)}
    return np.array([by_text[day.vetoes[row]] for row in rows.tolist()], dtype=np.int64)


def _inputs(day: Day, rule: CardRule, rows: Ints, caps: Ints) -> FleetInputs:
    keys = [measure.key for measure in rule.card.measures]
    facts, own = day.facts, [key for key in keys if key not in MEASURES]
    if own:
        facts = Facts(house()).with_own(facts, own)
    columns = [facts.measures.index(key) for key in keys]
    tiers = np.array(facts.tiers or [""] * len(facts.customers))
    return FleetInputs(
        values=facts.values[rows][:, columns][None],
        ages=facts.ages[rows][:, columns][None],
        segments=np.unique(tiers, return_inverse=True)[1][rows].astype(np.int64),
        previous=np.array([_previous(day.before[row], rule.card.key) for row in rows.tolist()], dtype=np.int64),
        caps=caps,
        tenures=Facts.tenures(day.facts)[rows],
    )


def _previous(before: tuple[str | None, str | None], key: str) -> int:
    """Return the band that holds by its hysteresis, as the day's run finds it: none that another scorecard gave."""
    band, card = before
    return NO_BAND if band is None or card not in {None, key} else _CODES[band]


@lru_cache(maxsize=4096)
def _met(text: str) -> tuple[str, ...]:
    return tuple(key for key, _values in json.loads(text)) if text else ()
