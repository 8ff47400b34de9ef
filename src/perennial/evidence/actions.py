"""Writes of evidence: a backtest, computed outside of any request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from django.db import transaction

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import Scorecard
from perennial.evidence.calculations import challengers
from perennial.evidence.calculations.colours import first_red, lead_time, ruled
from perennial.evidence.calculations.discrimination import auc
from perennial.evidence.calculations.judging import Cases, judged
from perennial.evidence.calculations.methods import BLEND_EVENTS, LEAST_EVENTS, Blend, Platt
from perennial.evidence.calculations.proposals import proposal
from perennial.evidence.calculations.samples import Sample
from perennial.evidence.decisions import decisions
from perennial.evidence.models import Backtest, BacktestCase
from perennial.evidence.queries import digest_of
from perennial.evidence.terms import LEADS, MAIN_LEAD, SEED, Decision
from perennial.health.calculations.weights import weights_of
from perennial.health.facts import Facts
from perennial.health.past import PastFleet, fleets_on
from perennial.health.past_vetoes import met_on
from perennial.health.queries import version_of
from perennial.health.terms import MILLION, Floats
from perennial.kernel.inserting import insert
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation.queries import House
from perennial.kernel.queue.actions import Report

METHOD = 2
"""Counted up where the same data would give other figures."""
LIBRARIES = ("numpy", "scipy", "scikit-learn", "lightgbm")


@dataclass(frozen=True, slots=True)
class Found:
    """What a backtest leaves: figures, the rows to learn from, and a digest of all rows that the figures were made
    of."""

    told: dict[str, Any]
    kept: list[dict[str, Any]]
    digest: str


def backtest(
    text: str, *, place: House, on: date, by: int | None, at: datetime, report: Report | None = None, seed: int = SEED
) -> int:
    """Backtest a scorecard (YAML), published or a draft; return the id of what was found. Safe to run twice: each run
    is a row of its own, and the same data give the same figures.

    Of several scorecards the one for all others is held against everybody's past: it says nothing of the rest.

    A constant count of queries.
    :raises BlueprintError: the text cannot be read.
    """
    card = blueprint.scorecards_from(text, name="scorecard").fallback
    facts = Facts(place)
    made, late = decisions(place, facts.terms.book, on)
    fleets = _fleets(card, facts, made, report)
    told: dict[str, Any] = {"leads": {}, "proposal": None}
    kept: list[dict[str, Any]] = []
    digest = sha256()
    for lead in LEADS:
        cases, rows, rebuilt = _cases(card, made, fleets, lead, late)
        if lead == MAIN_LEAD:
            told |= _besides(card, facts, made, fleets, (rows, cases), late)
        figures, p = judged(cases, lead, seed=seed)
        told["leads"][str(lead)] = {**figures, "days_rebuilt": rebuilt}
        for part in (cases.score, cases.sample.points, cases.days, cases.sample.lost):
            digest.update(np.ascontiguousarray(part).tobytes())
        if lead == MAIN_LEAD:
            told["proposal"], kept = _proposal(card, cases.sample, seed), _kept(rows, cases, p)
    return _store(text, card, Found(told, kept, digest.hexdigest()), on=on, by=by, at=at, seed=seed)


def as_of(decision_on: date, lead: int) -> date:
    """Return the day by which a decision is judged: the Monday of the week `lead` days before it, so that few days are
    made; never a later one."""
    day = decision_on - timedelta(days=lead)
    return day - timedelta(days=day.weekday())


def _besides(
    card: Scorecard, facts: Facts, made: Sequence[Decision], fleets: dict[date, PastFleet],
    main: tuple[Sequence[Decision], Cases], late: int,
) -> dict[str, Any]:  # fmt: skip
    """Return what is said beside the leads: how early red came, what each veto was worth at the main lead, and the AUC
    of the very day, when a measure may know the outcome already (the canary)."""
    rows, cases = main
    lost = cases.sample.lost.tolist()
    met = met_on(card, [(one.customer_id, as_of(one.on, MAIN_LEAD)) for one in rows], facts)
    on_the_day = _cases(card, made, fleets, 0, late)[0]
    enough = min(cases.sample.events, on_the_day.sample.events) >= LEAST_EVENTS
    both = [auc(one.sample.lost, -one.score) if enough else None for one in (on_the_day, cases)]
    warned = lead_time([_first_red(one, fleets) for one in made if one.is_lost])
    return {
        "vetoes": {key: list(astuple(ruled(of, lost))) for key, of in met.items()},
        "canary": both, "lead_time": list(astuple(warned)),
    }  # fmt: skip


def _first_red(one: Decision, fleets: dict[date, PastFleet]) -> int | None:
    """Return how many days before a decision the customer was first red, of the weeks since the longest lead."""
    days = (as_of(one.on, back) for back in range(0, max(LEADS) + 1, 7))
    return first_red([((one.on - day).days, fleets[day].band_of(one.customer_id)) for day in days if day in fleets])


def _fleets(card: Scorecard, facts: Facts, made: Sequence[Decision], report: Report | None) -> dict[date, PastFleet]:
    days = sorted({as_of(one.on, lead) for one in made for lead in (*LEADS, 0)})
    if days:  # every week between, so that it is told since when somebody was red
        days = [days[0] + timedelta(weeks=number) for number in range((days[-1] - days[0]).days // 7 + 1)]
    found = {}
    for number, fleet in enumerate(fleets_on(card, days, facts)):
        if report is not None:
            report(number, len(days), days[number].isoformat())
        found[days[number]] = fleet
    return found


def _cases(
    card: Scorecard, made: Sequence[Decision], fleets: dict[date, PastFleet], lead: int, late: int
) -> tuple[Cases, list[Decision], int]:
    """Return the decisions of customers that were scored on their as-of day, and how many days were made later."""
    rows, points, score, bands = [], [], [], []
    used = set()
    for one in made:
        day = as_of(one.on, lead)
        fleet = fleets[day]
        row = fleet.row_of(one.customer_id)
        if row is not None:
            rows.append(one)
            points.append(fleet.points[row])
            score.append(fleet.score[row])
            bands.append(fleet.band[row])
            used.add(day)
    count = len(rows)
    sample = Sample(
        np.array(points, dtype=np.float64).reshape(count, len(card.measures)), weights_of(card) / MILLION,
        np.array([one.is_lost for one in rows], dtype=bool),
        np.array([one.customer_id for one in rows], dtype=np.int64), np.zeros((count, 0)),
    )  # fmt: skip
    days = np.array([one.on.toordinal() for one in rows], dtype=np.int64)
    quarters = np.array([one.on.year * 4 + (one.on.month - 1) // 3 for one in rows], dtype=np.int64)
    known = days + np.array([31 + late if one.is_month else late for one in rows], dtype=np.int64)
    rebuilt = sum(not fleets[day].is_frozen for day in used)
    return Cases(sample, np.array(score, dtype=np.float64), bands, days, known, quarters), rows, rebuilt


def _proposal(card: Scorecard, sample: Sample, seed: int) -> dict[str, Any] | None:
    """Return the weights proposed beside the hand's, and who would challenge; None below 50 losses."""
    if sample.events < BLEND_EVENTS or sample.events == len(sample.lost):
        return None
    blend = Blend().fit(sample, seed=seed)
    asked = proposal(sample, blend, seed=seed)
    if asked is None:
        return None
    champion = Blend((float(blend.told["lam"]),))
    trials = [challengers.trial(sample, champion, one, seed=seed) for one in challengers.challengers(sample)]
    over = challengers.trial(sample, Platt(), champion, seed=seed)
    return {
        "keeps": asked.keeps, "lam": blend.told["lam"], "over_hand": [over.gain, over.error, over.is_better],
        "weights": [
            [measure.key, *(float(one[at]) for one in (sample.weights, asked.weights, asked.low, asked.high))]
            for at, measure in enumerate(card.measures)
        ],
        "challengers": [[one.challenger, one.gain, one.error, one.is_better] for one in trials],
    }  # fmt: skip


def _kept(rows: Sequence[Decision], cases: Cases, p: Floats) -> list[dict[str, Any]]:
    """Return the rows to learn from: who was lost, and who was kept while red."""
    return [
        {
            "customer_id": one.customer_id, "on": one.on, "is_lost": one.is_lost, "band": cases.band[at],
            "score": round(float(cases.score[at]), 1), "p": None if np.isnan(p[at]) else float(p[at]),
        }
        for at, one in enumerate(rows)
        if one.is_lost or cases.band[at] == "red"
    ]  # fmt: skip


@transaction.atomic
def _versions() -> dict[str, str]:
    """Return what the figures depend on besides the data; the challengers' libraries where they are installed."""
    found = {"method": str(METHOD)}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _store(text: str, card: Scorecard, found: Found, *, on: date, by: int | None, at: datetime, seed: int) -> int:
    last = JournalEntry.objects.order_by("-id").values_list("id", flat=True).first()
    row = Backtest.objects.create(
        key=card.key, version=version_of(text), digest=digest_of(text), text=text, on=on, made_at=at,
        by_id=by, found=found.told, data_version=f"{last or 0}:{found.digest}", seed=seed,
        versions=_versions(),
    )  # fmt: skip
    insert(BacktestCase, [{"backtest_id": row.pk, **one} for one in found.kept])
    journal.record("scorecard.backtested", by=by, at=at, data={"key": card.key, "backtest": row.pk})
    return row.pk
