"""Rows 5, 6 and 7: what the blend, the leak tests and the hazard do where the truth is known (bench/simulator.py)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from bench import simulator
from bench.proofs.evidence import row
from bench.simulator import MONTH, WEEKS, Portfolio
from perennial.evidence.calculations import timing
from perennial.evidence.calculations.calibration import intercept_and_slope
from perennial.evidence.calculations.challengers import Trees, is_installed, trial
from perennial.evidence.calculations.discrimination import auc
from perennial.evidence.calculations.methods import Blend
from perennial.evidence.calculations.samples import Sample
from perennial.evidence.calculations.timing import MONTHS, Months
from perennial.health.terms import Bools, Floats, Ints

TESTED, TRAININGS, AHEAD = 24_000, 8, 13
LANDMARKS = (26, 39, 52, 65, 78, 91, 104)


def rows() -> Iterator[dict[str, Any]]:
    """Yield rows 5, 6 and 7."""
    yield from weights_learned()
    yield from leaks()
    yield from when()


def decisions(made: Portfolio, ahead: int, count: int | None = None) -> tuple[Sample, Ints]:
    """Return the annual decisions `ahead` weeks before, with the accounts' places."""
    there = np.flatnonzero(made.left >= made.renews)[:count]
    points, context = made.seen(made.renews - ahead), made.context()
    return Sample(points[there], simulator.HAND, made.lost()[there], there, context[there]), there


def _auc(lost: Bools, risk: Floats) -> float:
    found = auc(lost, risk)
    assert found is not None
    return found


def weights_learned() -> Iterator[dict[str, Any]]:
    """Yield row 5: the blend from good and from bad hand weights, against the oracle, and who challenges it."""
    made = simulator.simulate(TESTED, 999)
    good, there = decisions(made, AHEAD)
    bad = replace(good, weights=simulator.BAD)
    oracle = _auc(good.lost, made.oracle(AHEAD)[there])
    hand, worse = _auc(good.lost, -good.score), _auc(bad.lost, -bad.score)
    how = f"{TRAININGS} trainings, tested on {len(there)} accounts, lead 91 days; hand {hand:.3f}, bad hand {worse:.3f}"
    yield row("row 5: AUC of the oracle", round(oracle, 3), ".79 to .81", 0.79 <= oracle <= 0.81, how)
    for count, share, gain in ((500, 0.95, 0.015), (2000, 0.96, 0.03)):
        by_good, by_bad, slopes, switched = [], [], [], 0
        for seed in range(TRAININGS):
            known, _there = decisions(simulator.simulate(count * 6 // 5, seed), AHEAD, count)
            model = Blend().fit(known, seed=1)
            by_good.append(_auc(good.lost, model.probability(good)))
            slope = intercept_and_slope(good.lost, model.probability(good))
            slopes.append(slope[1].value if slope else 0.0)
            fitted = Blend().fit(replace(known, weights=simulator.BAD), seed=1)
            by_bad.append(_auc(bad.lost, fitted.probability(bad)))
            if is_installed() and seed < 2:
                switched += trial(known, Blend(), Trees(), seed=1).is_better
        found, mended = float(np.mean(by_good)), float(np.mean(by_bad))
        yield row(f"row 5, {count} accounts: blend less hand", round(found - hand, 4), "≥ -.005",
                  found - hand >= -0.005, f"{how}; slope {np.mean(slopes):.2f}")  # fmt: skip
        yield row(f"row 5, {count} accounts: blend ÷ oracle", round(found / oracle, 4), f"≥ {share}",
                  found / oracle >= share, f"blend {found:.3f}")  # fmt: skip
        yield row(f"row 5, {count} accounts: gain from bad weights", round(mended - worse, 4), f"≥ {gain}",
                  mended - worse >= gain, f"{worse:.3f} to {mended:.3f}")  # fmt: skip
        yield row(f"row 5, {count} accounts: trees adopted", switched, "0 of 2", switched == 0,
                  "they cannot be better here; Nadeau and Bengio's correction")  # fmt: skip


def leaks() -> Iterator[dict[str, Any]]:
    """Yield the canary of row 6: what the due day knows that 91 days before could not. (Poison: the test of the
    lake.)"""
    made = simulator.simulate(9000, 5)
    by = {}
    for ahead in (26, 13, 4, 0):
        sample, _there = decisions(made, ahead)
        by[ahead] = _auc(sample.lost, -sample.score)
    jump = by[0] - by[13]
    yield row("row 6: canary, AUC on the due day less 91 days before", round(jump, 3), "≥ .05, shown", jump >= 0.05,
              ", ".join(f"{ahead * 7} days {value:.3f}" for ahead, value in by.items()))  # fmt: skip


def when() -> Iterator[dict[str, Any]]:
    """Yield row 7: who leaves within twelve weeks, by the hazard and by a score that knows no calendar."""
    gains, ratios, aucs = [], [], []
    fresh = simulator.simulate(8000, 777, monthly=0.25)
    for seed in range(5):
        made = simulator.simulate(500, seed, monthly=0.25)
        parts = [_ahead(made, week) for week in LANDMARKS]
        months = Months(*(np.concatenate([getattr(one, name)[there] for one, there, _lost in parts])
                          for name in ("risk", "due", "tenure", "segment")))  # fmt: skip
        hazard = timing.fit(months, np.concatenate([lost[there] for _one, there, lost in parts]))
        told, gone, blind = [], [], []
        for week in LANDMARKS:
            ahead, _there, lost = _ahead(fresh, week)
            start: Bools = np.asarray(fresh.left >= week)
            told.append(timing.within(hazard.probability(ahead).reshape(MONTHS, -1).T)[start])
            gone.append(np.asarray(lost.reshape(MONTHS, -1).any(axis=0))[start])
            blind.append(ahead.risk[: len(start)][start])
        p, happened, risk = np.concatenate(told), np.concatenate(gone), np.concatenate(blind)
        aucs.append(_auc(happened, p))
        gains.append(aucs[-1] - _auc(happened, risk))
        ratios.append(happened.sum() / p.sum())
    how = "5 portfolios of 500 (a quarter by the month), seven days of each; tested on 8,000 others"
    yield row("row 7: 12-week AUC above the score's", round(float(np.mean(gains)), 3), "≥ .05",
              float(np.mean(gains)) >= 0.05, f"{how}; AUC {np.mean(aucs):.3f}")  # fmt: skip
    yield row("row 7: observed ÷ expected", round(float(np.mean(ratios)), 3), ".85 to 1.15",
              0.85 <= float(np.mean(ratios)) <= 1.15, f"{min(ratios):.2f} to {max(ratios):.2f}")  # fmt: skip


def _ahead(made: Portfolio, week: int) -> tuple[Months, Bools, Bools]:
    """Return the three months after a week (one after the other, all accounts each), where the account was still there,
    and who left in each."""
    rows = np.arange(len(made.left))
    risk = (100 - made.seen(np.full(len(rows), week)) @ simulator.HAND) / 25
    segment = made.context()[:, 1:]
    parts, there, lost = [], [], []
    for month in range(MONTHS):
        since, until = week + month * MONTH, min(week + (month + 1) * MONTH, WEEKS)
        parts.append(made.due[:, since:until].any(axis=1))
        there.append(made.left >= since)
        lost.append((made.left >= since) & (made.left < until))
    tenure = np.exp(made.tenure)
    months = Months(
        np.tile(risk, MONTHS), np.concatenate(parts), np.tile(tenure, MONTHS), np.tile(segment, (MONTHS, 1))
    )
    return months, np.concatenate(there), np.concatenate(lost)
