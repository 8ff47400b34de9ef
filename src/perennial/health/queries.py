"""Reads of health: the scorecard in force, each customer's score on a day, its parts, its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Any

import numpy as np
from django.db.models import Q
from django.utils.translation import get_language

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import Band
from perennial.blueprint.terms import Scorecard as CardTerms
from perennial.health import frozen
from perennial.health.calculations.bands import reason_of
from perennial.health.calculations.weights import customer_weights
from perennial.health.models import Score, Scorecard
from perennial.health.terms import MILLION, BandReason
from perennial.kernel.among import among
from perennial.kernel.conditions.terms import Tree

PART_KEYS = (
    "key", "value", "points", "effective", "trust", "weight", "mean", "assumed_from", "contribution", "mean_of",
    "age_days",
)  # fmt: skip


@dataclass(frozen=True)
class Card:
    """A published scorecard: its row, its version, the text in which it first stood, what it says, and `when` it is
    asked for (None: for all others). `digest`: of its part of the text, "" where it is the whole text."""

    id: int
    version: int
    text: str
    card: CardTerms
    when: Tree | None = None
    digest: str = ""


@dataclass(frozen=True)
class Standing:
    """A customer's score as a day printed it; `band` grey: too little is known. `weekly`: 13 points, the day's last;
    None where that week had no colour. `fell_on`: the last fall of the band that no rise has made good."""

    band: str
    score: float | None
    change_28d: float | None
    coverage: float
    confidence: str
    fell_on: date | None
    weekly: Sequence[float | None]


@dataclass(frozen=True)
class DayScore:
    """One day of a customer's history."""

    on: date
    score: float | None
    band: str


def cards_in_force(on: date | None = None) -> tuple[Card, ...]:
    """Return the scorecards in force on a day (None: now) in the order in which they are asked, the last for all
    others; none before they were published. One query. Which text that is the configuration says; where nobody ever
    changed it, the last one published."""
    text = blueprint.configured_text("scorecard", on)
    rules = None if text is None else blueprint.scorecards_from(text, name="scorecard")
    if rules is None or rules.is_single:
        alone = Q(config__card__isnull=True) if text is None else Q(config={"yaml": text})
        row = Scorecard.objects.filter(alone).order_by("-published_at", "-id").first()
        return () if row is None else (_card(row),)
    wanted = [rule.digest for rule in rules.rules]
    rows = Scorecard.objects.filter(config__digest__in=wanted).order_by("published_at", "id")
    found = {row.config["digest"]: row for row in rows}
    return tuple(_card(found[digest]) for digest in wanted) if found.keys() >= set(wanted) else ()


def _card(row: Scorecard) -> Card:
    text = row.config["yaml"]
    rules = blueprint.scorecards_from(text, name=f"scorecard {row.key} {row.version}").rules
    rule = next(one for one in rules if one.card.key == row.key)
    return Card(row.pk, row.version, text, rule.card, rule.when, row.config.get("digest", ""))


def standing(on: date, customer_ids: Sequence[int] | None = None) -> dict[int, Standing]:
    """Return each customer's score as of a day, from the frozen rows of that day or of the last one in the 28 days
    before it; customers that were not scored are left out. No SQL query."""
    return {
        customer: Standing(
            band=one.band, score=one.score, change_28d=one.change_28d, coverage=one.coverage,
            confidence=one.confidence, fell_on=one.fell_on, weekly=one.weekly,
        )
        for customer, one in frozen.last_scores(on + timedelta(days=1), customer_ids).items()
    }  # fmt: skip


def history_of(customer_id: int, *, from_on: date, until_on: date) -> list[DayScore]:
    """Return one customer's frozen scores of [from_on, until_on), oldest first; days never scored are absent."""
    rows = frozen.read_scores(from_on, until_on, [customer_id])
    return [DayScore(on=one.on, score=one.score, band=one.band) for one in rows]


@dataclass(frozen=True)
class Evidence:
    """A customer's latest score with all that explains it: `told` is what `parts_of` returns, `card` the scorecard
    under which it was made, `when` its rule (None: it is for all others), `reason` why the band is what it is, `cover`
    the weight of each of its measures in the coverage (millionths). `is_one_of_several`: there are other scorecards."""

    told: dict[str, Any]
    card: CardTerms
    reason: BandReason
    cover: Sequence[int]
    on: date
    computed_at: datetime
    when: Tree | None = None
    is_one_of_several: bool = False


def evidence_of(customer_id: int) -> Evidence | None:
    """Return a customer's latest score with its evidence; None before the first score. One query."""
    row = Score.objects.filter(customer_id=customer_id).select_related("scorecard").first()
    if row is None:
        return None
    rule, told = _card(row.scorecard), _told(row)
    card = rule.card.at_tenure(row.parts.get("tenure_days"))
    score, scored = told["score"], told["scored_band"]
    reason = reason_of(
        card, None if score is None else Decimal(score), None if scored is None else Band(scored), Band(told["band"])
    )
    known = {part["key"]: round(part["trust"] * MILLION) for part in told["parts"]}
    trust = np.array([[known.get(measure.key, 0) for measure in card.measures]])
    cover = customer_weights(card, trust)[1][0].tolist()
    return Evidence(told, card, reason, cover, row.on, row.computed_at, rule.when, bool(rule.digest))


def parts_of(customer_id: int) -> dict[str, Any] | None:
    """Return a customer's latest score with its parts as plain values; None before the first score. One query.

    Figures are decimal texts with one decimal; the contributions add up exactly to `score` − `segment_score`. A part
    says its measure's label and definition in the language that is active, its group, in `value` what was observed
    (None: nothing, and `assumed_from` says whose mean stands in), how old that was, and whose mean `mean` is. `vetoes`:
    those that were met, each with the best band that it leaves and the values that it was met by. `scorecard`: which
    one made it, whether by a rule or because it is for all others, and the values by which the rule found the customer.
    """
    row = Score.objects.filter(customer_id=customer_id).select_related("scorecard").first()
    return None if row is None else _told(row)


def _told(row: Score) -> dict[str, Any]:
    rule, language = _card(row.scorecard), get_language() or "en"
    card = rule.card
    groups = {m.key: (group.label.text(language), m) for group in card.groups for m in group.measures}
    rules = {veto.key: veto for veto in card.vetoes}
    stored: dict[str, Any] = dict(row.parts)
    parts = [dict(zip_longest(PART_KEYS, part)) for part in stored.pop("parts")]
    chosen = stored.pop("chosen", {})
    stored.pop("tenure_days", None)  # the thresholds that it found are the scorecard's (Evidence.card)
    return {
        **stored,
        "as_of": row.on.isoformat(),
        "scorecard": {
            "key": row.scorecard.key,
            "version": row.scorecard.version,
            "label": card.label.text(language),
            "by_rule": rule.when is not None,
            "values": chosen,
        },
        "vetoes": [
            {"key": key, "label": rules[key].label.text(language), "cap": rules[key].cap.value, "values": values}
            for key, values in stored.get("vetoes", ())
        ],
        "parts": [
            {
                **part,
                "group": groups[part["key"]][0],
                "label": groups[part["key"]][1].label.text(language),
                "definition": groups[part["key"]][1].definition.text(language),
            }
            for part in parts
        ],
    }


def open_vetoes(customer_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the keys of the vetoes that each customer's latest score met; those without one are left out. One
    query."""
    found: dict[int, tuple[str, ...]] = {}
    rows = Score.objects.filter(among("customer_id", customer_ids))
    for customer, vetoes in rows.values_list("customer_id", "parts__vetoes"):
        if vetoes:
            found[customer] = tuple(key for key, _values in vetoes)
    return found


def version_of(text: str) -> int | None:
    """Return the version under which exactly this text was published last; None: a draft. One query."""
    return Scorecard.objects.filter(config={"yaml": text}).order_by("-id").values_list("version", flat=True).first()
