"""Writes of health: the scorecard in force, and the scores of a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import PORTFOLIO_FIELDS, Band
from perennial.health import frozen
from perennial.health.calculations.printing import print_fleet
from perennial.health.calculations.scoring import score_fleet
from perennial.health.facts import MEASURES, USAGE, DayFacts, Facts, Known
from perennial.health.frozen import FrozenScore
from perennial.health.models import Score, Scorecard
from perennial.health.queries import Card, card_in_force
from perennial.health.terms import BANDS, NO_BAND, NO_CAP, CustomerScore, FleetInputs, MetVeto, Part
from perennial.kernel.conditions.matching import evaluate
from perennial.kernel.conditions.terms import fields_of
from perennial.kernel.inserting import insert
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation.queries import House, house
from perennial.lifecycle import queries as lifecycle
from perennial.usage import queries as usage

WEEKS = 13
FELL, ROSE = "health.band_fell", "health.band_rose"
COLOURS = (Band.RED.value, Band.YELLOW.value, Band.GREEN.value)
NOT_USAGE = PORTFOLIO_FIELDS.keys() - set(USAGE)


@transaction.atomic
def publish(text: str, *, by: int | None, at: datetime) -> int:
    """Put a scorecard (YAML) in force; return its version. The text that is in force already changes nothing.

    :raises BlueprintError: the text cannot be read, or a measure is none that health knows; nothing is changed.
    """
    card = blueprint.scorecard_from(text, name="scorecard")
    last = Scorecard.objects.select_for_update().filter(key=card.key).order_by("-version").first()
    if last is not None and last.config == {"yaml": text}:
        return last.version
    version = last.version + 1 if last else card.version
    Scorecard.objects.create(key=card.key, version=version, config={"yaml": text}, published_at=at, by_id=by)
    journal.record("scorecard.published", by=by, at=at, data={"key": card.key, "version": version})
    return version


def score_day(on: date, *, at: datetime, terms: lifecycle.Terms | None = None) -> int:
    """Score everybody who pays or has a term running or ahead, as of a day; return how many. A constant count of reads.

    Freezes the day's inputs and scores in the lake, and writes each customer's latest score unless a later day was
    scored. Twelve earlier weeks come from frozen inputs, or are made where there are none, so that a trend never shows
    a change of the scorecard. Safe to run twice: the day's own rows are made anew, `health.band_fell` and
    `health.band_rose` are told once for each customer and day, and never of a first score. `terms`: those of all
    customers, where they are at hand.
    """
    card = _card(on, at)
    place = house()
    facts = Facts(place, terms)
    is_present = place.as_of_on == on
    today = facts.known(on)
    weeks = _weeks(facts, today, at)
    ids = weeks[-1].customers
    if not ids:
        _replace_latest({}, on, card, at, is_present=is_present)
        return 0
    before = frozen.last_scores(on)
    vetoes = [_vetoes(card, facts.row(today, c), on) for c in ids] if card.card.vetoes else [[] for _customer in ids]
    inputs = _inputs(card, _with_own(card, facts, weeks), vetoes, before)
    printed = dict(zip(ids, print_fleet(card.card, inputs, score_fleet(card.card, inputs)), strict=True))
    frozen.write_scores(on, printed, {c: _fell_on(one, before.get(c), on) for c, one in printed.items()}, at=at)
    with transaction.atomic():
        _replace_latest(printed, on, card, at, is_present=is_present)
        _tell(printed, before, on, at)
    return len(ids)


def rescore(on: date, customer_ids: Sequence[int], *, at: datetime) -> bool:
    """Score some customers anew whose usage changed within a day; return False where the day was not scored as a whole
    yet, and nothing is changed. A constant count of reads.

    All else that a score reads is as the day's whole run froze it; everybody's usage is as old as the feed is now. The
    means beside a score move with these customers; scores of others follow with the next whole run.
    """
    card, stored = card_in_force(on), frozen.read_inputs(on, news=None)
    if card is None or stored is None or stored.tiers is None:
        return False
    wanted = set(customer_ids)
    places = np.array([row for row, c in enumerate(stored.customers) if c in wanted], dtype=np.int64)
    ids = [stored.customers[row] for row in places]
    weeks = [frozen.inputs_near(day, news=_news()) for day in _weeks_before(on)]
    past = [week for week in weeks if week is not None]
    if len(past) < len(weeks):
        return False
    if not ids:
        return True
    place = house()
    facts = Facts(place)
    present = facts.with_usage(stored, usage.values_on(on, ids))
    before = frozen.last_scores(on, ids)
    vetoes: list[list[MetVeto]] = [[] for _customer in stored.customers]
    for row, met in zip(places, _met(card, place, on, ids), strict=True):
        vetoes[row] = met
    inputs = _inputs(card, _with_own(card, facts, [*past, present]), vetoes, before)
    scores = score_fleet(card.card, inputs)
    printed = dict(zip(ids, print_fleet(card.card, inputs.of(places), scores.of(places)), strict=True))
    fell = {c: _fell_on(one, before.get(c), on) for c, one in printed.items()}
    frozen.write_inputs([present], news=None, at=at)
    frozen.write_scores(on, printed, fell, at=at, customer_ids=ids)
    with transaction.atomic():
        _replace_latest(printed, on, card, at, is_present=place.as_of_on == on, customer_ids=ids)
        _tell(printed, before, on, at)
    return True


def _met(card: Card, place: House, on: date, ids: Sequence[int]) -> list[list[MetVeto]]:
    """Return the vetoes that each customer meets: as the day's whole run found them, unless one asks about usage."""
    caps = {veto.key: BANDS.index(veto.cap) for veto in card.card.vetoes}
    if not any(fields_of(veto.when) - NOT_USAGE for veto in card.card.vetoes):
        printed = {one.customer: one for one in frozen.read_scores(on, on + timedelta(days=1), ids)}
        found = [printed[customer].met(caps) if customer in printed else None for customer in ids]
        known = [met for met in found if met is not None]
        if len(known) == len(ids):
            return known
    facts = Facts(place, lifecycle.Terms.read(ids))
    today = facts.known(on, ids)
    return [_vetoes(card, facts.row(today, customer), on) for customer in ids]


def _card(on: date, at: datetime) -> Card:
    """Return the scorecard in force on a day; the configuration's text is published on first use."""
    found = card_in_force(on)
    if found is None:
        publish(blueprint.text_in_force("scorecard", on), by=None, at=at)
        found = card_in_force(on)
    assert found is not None
    return found


def _weeks(facts: Facts, today: Known, at: datetime) -> list[DayFacts]:
    """Return the facts of the day and of the twelve weeks before, oldest first; a week of which no day near
    by is frozen is made and frozen now."""
    days, news = _weeks_before(today.on), _news()
    found = {day: frozen.inputs_near(day, news=news) for day in days}
    made = {day: facts.of_day(facts.known(day)) for day, near in found.items() if near is None}
    frozen.write_inputs(list(made.values()), news=news, at=at)
    present = facts.of_day(today)
    frozen.write_inputs([present], news=None, at=at)
    return [*(found[day] or made[day] for day in days), present]


def _weeks_before(on: date) -> list[date]:
    return [on - timedelta(weeks=back) for back in range(WEEKS - 1, 0, -1)]


def _news() -> int:
    """Return the last import that was published: rows made for a past day are made anew after the next one."""
    return JournalEntry.objects.filter(kind="import.published").aggregate(last=Max("id"))["last"] or 0


def _with_own(card: Card, facts: Facts, weeks: Sequence[DayFacts]) -> list[DayFacts]:
    """Return the weeks with the metrics of one's own of which the scorecard speaks."""
    keys = [measure.key for measure in card.card.measures if measure.key not in MEASURES]
    return [facts.with_own(week, keys) for week in weeks]


def _inputs(
    card: Card, weeks: Sequence[DayFacts], vetoes: Sequence[Sequence[MetVeto]], before: Mapping[int, FrozenScore]
) -> FleetInputs:
    """Put the weeks side by side for the customers of the last one; who was not scored in a week is unknown there."""
    ids = weeks[-1].customers
    columns = [weeks[-1].measures.index(measure.key) for measure in card.card.measures]
    values, ages = np.full((2, len(weeks), len(ids), len(columns)), np.nan)
    place = {customer: row for row, customer in enumerate(ids)}
    for number, week in enumerate(weeks):
        pairs = [(place[c], row) for row, c in enumerate(week.customers) if c in place]
        if pairs:
            to, origin = np.array(pairs).T
            values[number, to] = week.values[origin][:, columns]
            ages[number, to] = week.ages[origin][:, columns]
    tiers = weeks[-1].tiers or [""] * len(ids)
    codes = {tier: code for code, tier in enumerate(sorted(set(tiers)))}
    return FleetInputs(
        values=values,
        ages=ages,
        segments=np.array([codes[tier] for tier in tiers], dtype=np.int64),
        previous=np.array([_index(before[c].scored_band) if c in before else NO_BAND for c in ids], dtype=np.int64),
        caps=np.array([min((one.cap for one in met), default=NO_CAP) for met in vetoes], dtype=np.int64),
        vetoes=vetoes,
    )


def _index(band: str | None) -> int:
    return NO_BAND if band is None else BANDS.index(Band(band))


def _vetoes(card: Card, row: Mapping[str, Any], on: date) -> list[MetVeto]:
    return [
        MetVeto(veto.key, BANDS.index(veto.cap), {key: _plain(row[key]) for key in sorted(fields_of(veto.when))})
        for veto in card.card.vetoes
        if evaluate(veto.when, row, on)
    ]


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it: days and exact amounts as texts."""
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _step(now: str, then: str) -> int:
    """Return by how many bands the colour rose (negative: fell); 0 where one of the two is grey."""
    return COLOURS.index(now) - COLOURS.index(then) if now in COLOURS and then in COLOURS else 0


def _fell_on(now: CustomerScore, before: FrozenScore | None, on: date) -> date | None:
    """Return the day of the last fall: today's, or the one before it that no rise has made good."""
    if before is None:
        return None
    step = _step(now.band.value, before.band)
    return on if step < 0 else before.fell_on if step == 0 else None


def _replace_latest(
    printed: Mapping[int, CustomerScore],
    on: date,
    card: Card,
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
        {"customer_id": c, "scorecard_id": card.id, "on": on, "parts": _stored(one), "computed_at": at}
        for c, one in printed.items()
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
    }  # fmt: skip


def _part(part: Part) -> list[Any]:
    return [
        part.key, part.value, _text(part.points), str(part.effective), part.trust, part.weight, str(part.mean),
        part.assumed_from, str(part.contribution), part.mean_of, part.age_days,
    ]  # fmt: skip


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _tell(printed: Mapping[int, CustomerScore], before: Mapping[int, FrozenScore], on: date, at: datetime) -> None:
    subject = f"score:{on.isoformat()}"
    told = set(
        JournalEntry.objects.filter(kind__in=(FELL, ROSE), subject=subject).values_list("customer_id", flat=True)
    )
    moved: dict[str, dict[int, dict[str, Any]]] = {FELL: {}, ROSE: {}}
    for customer, one in printed.items():
        then = before.get(customer)
        step = _step(one.band.value, then.band) if then else 0
        if then is not None and step and customer not in told:
            change = {"from": then.band, "to": one.band.value, "score": _text(one.score)}
            moved[FELL if step < 0 else ROSE][customer] = change
    for kind, changes in moved.items():
        journal.record_each(kind, changes, at=at, subjects=dict.fromkeys(changes, subject))
