"""Writes of health: the scorecards in force, and the scores of a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import PORTFOLIO_FIELDS, Band
from perennial.blueprint.terms import Scorecard as CardTerms
from perennial.health import frozen
from perennial.health.calculations.printing import print_fleet
from perennial.health.calculations.scoring import score_fleet
from perennial.health.choosing import Chooser, Chosen, Scored, plain
from perennial.health.facts import MEASURES, USAGE, DayFacts, Facts, Known
from perennial.health.frozen import FrozenScore
from perennial.health.models import Score, Scorecard
from perennial.health.queries import Card, cards_in_force
from perennial.health.telling import fell_on, tell
from perennial.health.terms import BANDS, NO_BAND, NO_CAP, CustomerScore, FleetInputs, MetVeto, Part
from perennial.kernel.conditions.matching import evaluate
from perennial.kernel.conditions.terms import fields_of
from perennial.kernel.inserting import insert
from perennial.kernel.journal import actions as journal
from perennial.kernel.organisation.queries import House, house
from perennial.lifecycle import queries as lifecycle
from perennial.usage import queries as usage

WEEKS = 13
NOT_USAGE = PORTFOLIO_FIELDS.keys() - set(USAGE)


@transaction.atomic
def publish(text: str, *, by: int | None, at: datetime) -> Mapping[str, int]:
    """Put the scorecards of a text (YAML) in force; return the version of each by its key. Of several only those that
    the text changes get another version; the text that is in force already changes nothing.

    :raises BlueprintError: the text cannot be read, or a measure is none that health knows; nothing is changed.
    """
    rules = blueprint.scorecards_from(text, name="scorecard")
    return {
        rule.card.key: _publish(rule.card, {"yaml": text} if rules.is_single else
                                {"yaml": text, "card": rule.card.key, "digest": rule.digest}, by, at)
        for rule in rules.rules
    }  # fmt: skip


def _publish(card: CardTerms, config: Mapping[str, str], by: int | None, at: datetime) -> int:
    rows = Scorecard.objects.select_for_update().filter(key=card.key).order_by("-version")
    last = rows.first()
    if last is not None and last.config == config:
        return last.version
    same = rows.filter(config__digest=config["digest"]).first() if "digest" in config else None
    if same is not None:
        return same.version
    version = last.version + 1 if last else card.version
    Scorecard.objects.create(key=card.key, version=version, config=config, published_at=at, by_id=by)
    journal.record("scorecard.published", by=by, at=at, data={"key": card.key, "version": version})
    return version


def score_day(on: date, *, at: datetime, terms: lifecycle.Terms | None = None) -> int:
    """Score everybody who pays or has a term running or ahead, as of a day; return how many. A constant count of reads.

    Freezes the day's inputs and scores in the lake, and writes each customer's latest score unless a later day was
    scored. Twelve earlier weeks come from frozen inputs, or are made where there are none, and are scored by the
    scorecard that is the customer's on the day, beside the others whose it is: so a trend never shows a change of the
    scorecard. Safe to run twice: the day's own rows are made anew, `health.band_fell`, `health.band_rose` and
    `health.card_changed` are told once for each customer and day, and never of a first score. `terms`: those of all
    customers, where they are at hand.
    """
    cards = _cards(on, at)
    place = house()
    facts = Facts(place, terms)
    is_present = place.as_of_on == on
    today = facts.known(on)
    weeks = _weeks(facts, today, at)
    ids = weeks[-1].customers
    if not ids:
        _replace_latest({}, on, at, is_present=is_present)
        return 0
    before = frozen.last_scores(on)
    chosen, vetoes = _judged(cards, facts, today, ids)
    scored: dict[int, Scored] = {}
    for place_of, card in enumerate(cards):
        hers = [c for c in ids if chosen[c].place == place_of]
        if hers:
            inputs = _inputs(card, _with_own(card, facts, weeks), hers, vetoes, before)
            printed = zip(hers, print_fleet(card.card, inputs, score_fleet(card.card, inputs)), strict=True)
            scored |= {c: Scored(card, one, chosen[c].values) for c, one in printed}
    scored = {customer: scored[customer] for customer in ids}
    _freeze(scored, before, on, at)
    with transaction.atomic():
        _replace_latest(scored, on, at, is_present=is_present)
        tell(scored, before, on, at)
    return len(ids)


def rescore(on: date, customer_ids: Sequence[int], *, at: datetime) -> bool:
    """Score some customers anew whose usage changed within a day; return False where the day was not scored as a whole
    yet, and nothing is changed. A constant count of reads.

    All else that a score reads is as the day's whole run froze it, the scorecard that is a customer's among it;
    everybody's usage is as old as the feed is now. The means beside a score move with these customers; scores of others
    follow with the next whole run.
    """
    cards, stored = cards_in_force(on), frozen.read_inputs(on, news=None)
    if not cards or stored is None or stored.tiers is None:
        return False
    whose = _frozen_cards(cards, stored, on)
    weeks = [frozen.inputs_near(day, news=frozen.news()) for day in _weeks_before(on)]
    past = [week for week in weeks if week is not None]
    if whose is None or len(past) < len(weeks):
        return False
    wanted = set(customer_ids)
    ids = [customer for customer in stored.customers if customer in wanted]
    if not ids:
        return True
    place = house()
    facts = Facts(place)
    present = facts.with_usage(stored, usage.values_on(on, ids))
    before = frozen.last_scores(on, ids)
    printed = {one.customer: one for one in frozen.read_scores(on, on + timedelta(days=1), ids)}
    scored: dict[int, Scored] = {}
    for card in cards:
        everyone = [c for c in stored.customers if whose[c] == card.card.key]
        places = np.array([row for row, c in enumerate(everyone) if c in wanted], dtype=np.int64)
        hers = [everyone[row] for row in places]
        if hers:
            vetoes = dict(zip(hers, _met(card, place, on, hers, printed), strict=True))
            inputs = _inputs(card, _with_own(card, facts, [*past, present]), everyone, vetoes, before)
            scores = score_fleet(card.card, inputs)
            one_by_one = zip(hers, print_fleet(card.card, inputs.of(places), scores.of(places)), strict=True)
            scored |= {c: Scored(card, one, {}) for c, one in one_by_one}
    kept = _chosen_before(ids)
    scored = {c: replace(scored[c], chosen=kept.get(c, {})) for c in ids}
    frozen.write_inputs([present], news=None, at=at)
    _freeze(scored, before, on, at, customer_ids=ids)
    with transaction.atomic():
        _replace_latest(scored, on, at, is_present=place.as_of_on == on, customer_ids=ids)
        tell(scored, before, on, at)
    return True


def _judged(
    cards: Sequence[Card], facts: Facts, today: Known, ids: Sequence[int]
) -> tuple[dict[int, Chosen], dict[int, list[MetVeto]]]:
    """Return the scorecard of each customer on the day, and the vetoes of it that he meets."""
    chooser, chosen, vetoes = Chooser(cards, facts, today), dict[int, Chosen](), dict[int, list[MetVeto]]()
    asks = bool(chooser.asked) or any(card.card.vetoes for card in cards)
    for customer in ids:
        row = facts.row(today, customer) if asks else {}
        chosen[customer] = chooser.of(customer, row)
        vetoes[customer] = _vetoes(cards[chosen[customer].place], row, today.on)
    return chosen, vetoes


def _frozen_cards(cards: Sequence[Card], stored: DayFacts, on: date) -> Mapping[int, str] | None:
    """Return the key of each customer's scorecard as the day's whole run found it; None where one was scored by none
    that is in force. No read where there is one for everybody."""
    if len(cards) == 1:
        return dict.fromkeys(stored.customers, cards[0].card.key)
    keys, found = {card.card.key for card in cards}, frozen.cards_on(on)
    whose = {customer: key for customer in stored.customers if (key := found.get(customer)) in keys and key}
    return whose if len(whose) == len(stored.customers) else None


def _chosen_before(ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Return the values by which each customer's scorecard was chosen, as the latest score keeps them."""
    rows = Score.objects.filter(customer_id__in=ids).values_list("customer_id", "parts__chosen")
    return {customer: values or {} for customer, values in rows}


def _freeze(
    scored: Mapping[int, Scored],
    before: Mapping[int, FrozenScore],
    on: date,
    at: datetime,
    customer_ids: Sequence[int] | None = None,
) -> None:
    fell = {c: fell_on(one, before.get(c), on) for c, one in scored.items()}
    cards = {c: one.card.card.key for c, one in scored.items()}
    frozen.write_scores(on, {c: one.one for c, one in scored.items()}, fell, cards, at=at, customer_ids=customer_ids)


def _met(
    card: Card, place: House, on: date, ids: Sequence[int], printed: Mapping[int, FrozenScore]
) -> list[list[MetVeto]]:
    """Return the vetoes that each customer meets: as the day's whole run found them, unless one asks about usage."""
    caps = {veto.key: BANDS.index(veto.cap) for veto in card.card.vetoes}
    if not any(fields_of(veto.when) - NOT_USAGE for veto in card.card.vetoes):
        found = [printed[customer].met(caps) if customer in printed else None for customer in ids]
        known = [met for met in found if met is not None]
        if len(known) == len(ids):
            return known
    facts = Facts(place, lifecycle.Terms.read(ids))
    today = facts.known(on, ids)
    return [_vetoes(card, facts.row(today, customer), on) for customer in ids]


def _cards(on: date, at: datetime) -> tuple[Card, ...]:
    """Return the scorecards in force on a day; the configuration's text is published on first use."""
    found = cards_in_force(on)
    if not found:
        publish(blueprint.text_in_force("scorecard", on), by=None, at=at)
        found = cards_in_force(on)
    assert found
    return found


def _weeks(facts: Facts, today: Known, at: datetime) -> list[DayFacts]:
    """Return the facts of the day and of the twelve weeks before, oldest first; a week of which no day near
    by is frozen is made and frozen now."""
    days, news = _weeks_before(today.on), frozen.news()
    found = {day: frozen.inputs_near(day, news=news) for day in days}
    made = {day: facts.of_day(facts.known(day)) for day, near in found.items() if near is None}
    frozen.write_inputs(list(made.values()), news=news, at=at)
    present = facts.of_day(today)
    frozen.write_inputs([present], news=None, at=at)
    return [*(found[day] or made[day] for day in days), present]


def _weeks_before(on: date) -> list[date]:
    return [on - timedelta(weeks=back) for back in range(WEEKS - 1, 0, -1)]


def _with_own(card: Card, facts: Facts, weeks: Sequence[DayFacts]) -> list[DayFacts]:
    """Return the weeks with the metrics of one's own of which the scorecard speaks."""
    keys = [measure.key for measure in card.card.measures if measure.key not in MEASURES]
    return [facts.with_own(week, keys) for week in weeks]


def _inputs(
    card: Card,
    weeks: Sequence[DayFacts],
    ids: Sequence[int],
    vetoes: Mapping[int, Sequence[MetVeto]],
    before: Mapping[int, FrozenScore],
) -> FleetInputs:
    """Put the weeks side by side for the customers of one scorecard; who was not scored in a week is unknown there, and
    a band that another scorecard gave holds nobody."""
    columns = [weeks[-1].measures.index(measure.key) for measure in card.card.measures]
    values, ages = np.full((2, len(weeks), len(ids), len(columns)), np.nan)
    place = {customer: row for row, customer in enumerate(ids)}
    for number, week in enumerate(weeks):
        pairs = [(place[c], row) for row, c in enumerate(week.customers) if c in place]
        if pairs:
            to, origin = np.array(pairs).T
            values[number, to] = week.values[origin][:, columns]
            ages[number, to] = week.ages[origin][:, columns]
    told = weeks[-1].tiers or [""] * len(weeks[-1].customers)
    tier_of = dict(zip(weeks[-1].customers, told, strict=True))
    codes = {tier: code for code, tier in enumerate(sorted(set(told)))}
    tenure_of = dict(zip(weeks[-1].customers, Facts.tenures(weeks[-1]).tolist(), strict=True))
    met = [vetoes.get(customer, ()) for customer in ids]
    return FleetInputs(
        values=values,
        ages=ages,
        segments=np.array([codes[tier_of[c]] for c in ids], dtype=np.int64),
        previous=np.array([_previous(before.get(c), card) for c in ids], dtype=np.int64),
        caps=np.array([min((one.cap for one in of), default=NO_CAP) for of in met], dtype=np.int64),
        vetoes=met,
        tenures=np.array([tenure_of.get(customer, np.nan) for customer in ids], dtype=np.float64),
    )


def _previous(before: FrozenScore | None, card: Card) -> int:
    if before is None or before.scored_band is None or before.card not in {None, card.card.key}:
        return NO_BAND
    return BANDS.index(Band(before.scored_band))


def _vetoes(card: Card, row: Mapping[str, Any], on: date) -> list[MetVeto]:
    return [
        MetVeto(veto.key, BANDS.index(veto.cap), {key: plain(row[key]) for key in sorted(fields_of(veto.when))})
        for veto in card.card.vetoes
        if evaluate(veto.when, row, on)
    ]


def _replace_latest(
    scored: Mapping[int, Scored],
    on: date,
    at: datetime,
    *,
    is_present: bool,
    customer_ids: Sequence[int] | None = None,
) -> None:
    """Write the scores that pages open, of some customers (None: all). A later day's stay, unless `on` is where the
    organisation was put: history imported today is first scored on the clock's day, and then where the data ends."""
    latest = Score.objects.aggregate(last=Max("on"))["last"]
    if latest is not None and latest > on and not is_present:
        return
    (Score.objects.all() if customer_ids is None else Score.objects.filter(customer_id__in=customer_ids)).delete()
    insert(Score, [
        {"customer_id": c, "scorecard_id": one.card.id, "on": on, "computed_at": at,
         "parts": _stored(one.one) | ({"chosen": dict(one.chosen)} if one.chosen else {})}
        for c, one in scored.items()
    ], unless_there=True)  # fmt: skip


def _stored(one: CustomerScore) -> dict[str, Any]:
    """Return a score as it is kept: figures as decimal texts, parts as lists in the order of PART_KEYS."""
    return {
        "score": _text(one.score), "segment_score": _text(one.segment_score), "error": _text(one.error),
        "coverage": one.coverage, "confidence": one.confidence.value, "band": one.band.value,
        "scored_band": one.scored_band.value if one.scored_band else None,
        "trend": _text(one.trend), "trend_shown": one.trend_shown, "change_28d": _text(one.change_28d),
        "weekly": [_text(week) for week in one.weekly],
        "parts": [_part(part) for part in one.parts],
        "vetoes": [[veto.key, veto.values] for veto in one.vetoes],
        **({} if one.tenure_days is None else {"tenure_days": one.tenure_days}),
    }  # fmt: skip


def _part(part: Part) -> list[Any]:
    return [
        part.key, part.value, _text(part.points), str(part.effective), part.trust, part.weight, str(part.mean),
        part.assumed_from, str(part.contribution), part.mean_of, part.age_days,
    ]  # fmt: skip


def _text(value: object) -> str | None:
    return None if value is None else str(value)
