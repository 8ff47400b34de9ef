"""What is said at a lead: nothing below ten losses, and no probability that knew what came later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from perennial.evidence.calculations.calibration import expit
from perennial.evidence.calculations.intervals import Estimate
from perennial.evidence.calculations.judging import Cases, judged, learned_forward
from perennial.evidence.calculations.samples import Sample
from perennial.evidence.calculations.verdict import Verdict, verdict


def cases(count: int = 400, *, seed: int = 1, slope: float = 0.08) -> Cases:
    """Return decisions of eight quarters whose losses follow the score by `slope`."""
    random = np.random.default_rng(seed)
    score = random.uniform(0, 100, count)
    days = np.sort(random.integers(0, 8 * 91, count))
    lost = random.random(count) < expit(-slope * (score - 20)) if slope else random.random(count) < 0.2
    sample = Sample(score[:, None], np.ones(1), lost, np.arange(count), np.zeros((count, 0)))
    band = ["red" if one < 50 else "yellow" if one < 70 else "green" for one in score]
    return Cases(sample, score, band, days, days + 30, days // 91)


def test_a_probability_knows_only_what_was_decided_and_known_before_its_quarter_and_lead() -> None:
    made = cases()
    told = learned_forward(made, 90)
    assert np.isnan(told[made.quarters == 0]).all() and not np.isnan(told[made.quarters >= 4]).any()
    first = made.days[made.quarters == 4].min()
    later = made.known_by > first - 90
    poisoned = replace(made, sample=replace(made.sample, lost=np.where(later, ~made.sample.lost, made.sample.lost)))
    again = learned_forward(poisoned, 90)
    assert again[made.quarters == 4].tobytes() == told[made.quarters == 4].tobytes()
    assert again[made.quarters == 7].tobytes() != told[made.quarters == 7].tobytes()


def test_figures_of_a_score_that_foretells_and_of_one_that_does_not() -> None:
    found, p = judged(cases(), 90, seed=1)
    assert found["verdict"] == "predicts" and found["brier_skill"] > 0.1
    assert found["foretold"] == int((~np.isnan(p)).sum()) and sum(one[0] for one in found["bins"]) == found["foretold"]
    nothing, _p = judged(cases(slope=0), 90, seed=1)
    assert nothing["verdict"] == "no_evidence" and nothing["chance"][0] < nothing["auc"].value < nothing["chance"][1]


def test_below_ten_losses_there_is_no_figure() -> None:
    made = cases(40)
    few = np.zeros(40, dtype=bool)
    few[:9] = True
    found, _p = judged(replace(made, sample=replace(made.sample, lost=few)), 90, seed=1)
    assert found["verdict"] == "too_few" and found["events"] == 9
    assert not {"auc", "lift", "average_precision", "bins"} & set(found)


def test_each_verdict_has_its_edge() -> None:
    chance = (0.4, 0.6)
    assert verdict(9, Estimate(0.8, 0.7, 0.9), chance) is Verdict.TOO_FEW
    assert verdict(10, Estimate(0.8, 0.7, 0.9), chance) is Verdict.PREDICTS
    assert verdict(10, Estimate(0.65, 0.5, 0.8), chance) is Verdict.NO_EVIDENCE
    assert verdict(10, Estimate(0.6, 0.55, 0.7), chance) is Verdict.NO_EVIDENCE
    assert verdict(20, Estimate(0.91, 0.8, 0.97), chance) is Verdict.LEAKING
    assert verdict(19, Estimate(0.91, 0.8, 0.97), chance) is Verdict.PREDICTS
    assert verdict(30, None, chance) is Verdict.NO_EVIDENCE


def test_what_chance_gives_lies_around_a_half_where_who_left_has_fewer_months() -> None:
    random = np.random.default_rng(3)
    months = random.integers(2, 36, 120)
    groups = np.repeat(np.arange(120), months)
    lost = np.zeros(len(groups), dtype=bool)
    lost[np.cumsum(months)[:40] - 1] = True
    score = random.uniform(0, 100, len(groups))
    days = np.arange(len(groups))
    sample = Sample(score[:, None], np.ones(1), lost, groups, np.zeros((len(groups), 0)))
    found, _p = judged(Cases(sample, score, ["grey"] * len(groups), days, days, days // 400), 90, seed=1)
    low, high = found["chance"]
    assert abs(low + high - 1) < 0.03 and high - low < 0.25
