"""All that is said of a scorecard at one lead, from its cases (analytics 1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from perennial.evidence.calculations import calibration, discrimination
from perennial.evidence.calculations.colours import share_lost
from perennial.evidence.calculations.intervals import jeffreys, observed_to_expected
from perennial.evidence.calculations.methods import LEAST_EVENTS, Platt
from perennial.evidence.calculations.samples import Sample
from perennial.evidence.calculations.verdict import Verdict, verdict
from perennial.health.terms import Bools, Floats, Ints

PERMUTATIONS = 500


@dataclass(frozen=True, slots=True)
class Cases:
    """Decisions at one lead, a row each. `days`: the day of the decision as a number; `known_by`: the day from which on
    what became of it was known."""

    sample: Sample
    score: Floats
    band: Sequence[str]
    days: Ints
    known_by: Ints
    quarters: Ints


def learned_forward(cases: Cases, lead: int) -> Floats:
    """Return each row's probability, learned (Platt) only of decisions whose outcome was known `lead` days before the
    first decision of its quarter; NaN where fewer than ten losses were."""
    found = np.full(len(cases.days), np.nan)
    for quarter in np.unique(cases.quarters):
        rows = cases.quarters == quarter
        known = cases.known_by <= cases.days[rows].min() - lead
        past = cases.sample.of(known)
        if past.events >= LEAST_EVENTS and past.events < len(past.lost):
            found[rows] = Platt().fit(past, seed=0).probability(cases.sample.of(rows))
    return found


def judged(cases: Cases, lead: int, *, seed: int) -> tuple[dict[str, Any], Floats]:
    """Return the figures of a lead as plain values, and each row's probability. With fewer than ten losses only counts
    and the base rate."""
    lost, risk, p = cases.sample.lost, -cases.score, learned_forward(cases, lead)
    found: dict[str, Any] = {
        "count": len(lost), "customers": len(np.unique(cases.sample.groups)), "events": cases.sample.events,
        "base_rate": jeffreys(cases.sample.events, len(lost)),
        "bands": {band: share_lost(cases.band, lost.tolist(), band) for band in ("green", "yellow", "red", "grey")},
    }  # fmt: skip
    if cases.sample.events < LEAST_EVENTS:
        return {**found, "verdict": Verdict.TOO_FEW.value}, p
    value = discrimination.auc_with_interval(lost, risk)
    # Row by row: a customer leaves once. Dealt out by customers with equally many rows the band is off .5, since who
    # left has fewer rows than who stayed.
    low, high, chance = discrimination.permutation_band(lost, risk, seed=seed, draws=PERMUTATIONS)
    worst = discrimination.lift(lost, risk)
    assert worst is not None
    found |= {
        "verdict": verdict(cases.sample.events, value, (low, high)).value,
        "auc": value, "chance": [low, high], "chance_p": chance,
        "average_precision": discrimination.average_precision(lost, risk),
        "lift": worst.lift, "worst_count": worst.count, "worst_precision": worst.precision,
        "worst_recall": worst.recall,
    }  # fmt: skip
    return found | _probabilities(lost, p), p


def _probabilities(lost: Bools, p: Floats) -> dict[str, Any]:
    """Return what is said of the probabilities, of the rows that have one."""
    there = ~np.isnan(p)
    gone, told = lost[there], p[there]
    if not gone.any() or gone.all():
        return {"foretold": int(there.sum())}
    line = calibration.intercept_and_slope(gone, told)
    return {
        "foretold": int(there.sum()), "foretold_lost": int(gone.sum()),
        "brier": calibration.brier(gone, told), "brier_skill": calibration.brier_skill(gone, told),
        "log_loss": calibration.log_loss(gone, told),
        "intercept": line[0] if line else None, "slope": line[1] if line else None,
        "observed_to_expected": observed_to_expected(int(gone.sum()), float(told.sum())),
        "bins": [[one.count, one.told, one.lost, *one.happened] for one in calibration.reliability(gone, told)],
    }  # fmt: skip
