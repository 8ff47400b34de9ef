"""Methods on decisions whose truth is known: Platt against scikit-learn, the blend's two ends, trials, proposals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bench import simulator

from perennial.evidence.calculations import challengers, methods, timing
from perennial.evidence.calculations.calibration import expit
from perennial.evidence.calculations.discrimination import auc
from perennial.evidence.calculations.proposals import proposal
from perennial.evidence.calculations.samples import Sample, folds


def decisions(count: int, seed: int, weights: np.ndarray = simulator.HAND) -> Sample:
    """Return decisions of the simulator 13 weeks before they fell."""
    made = simulator.simulate(count, seed)
    there = np.flatnonzero(made.left >= made.renews)
    return Sample(made.seen(made.renews - 13)[there], weights, made.lost()[there], there, made.context()[there])


def measures(count: int, seed: int) -> Sample:
    """Return decisions that only the first of three equally weighted measures tells of."""
    random = np.random.default_rng(seed)
    points = random.uniform(0, 100, (count, 3))
    lost = random.random(count) < expit(-0.08 * (points[:, 0] - 10))
    return Sample(points, np.full(3, 1 / 3), lost, np.arange(count), np.zeros((count, 0)))


def test_platt_is_the_logistic_curve_that_scikit_learn_finds() -> None:
    from sklearn.linear_model import LogisticRegression

    sample = decisions(1500, 1)
    risk = ((100 - sample.score) / 25)[:, None]
    other = LogisticRegression(C=1e6, tol=1e-10).fit(risk, sample.lost)
    ours = methods.Platt().fit(sample, seed=0).probability(sample)
    assert ours == pytest.approx(other.predict_proba(risk)[:, 1], abs=1e-5)


def test_a_score_that_points_the_wrong_way_is_said_not_to_predict() -> None:
    sample = measures(400, 2)
    upside_down = replace(sample, points=100 - sample.points)
    model = methods.Platt().fit(upside_down, seed=0)
    assert model.told["predicts"] is False and model.weights is None
    assert np.ptp(model.probability(upside_down)) == 0
    assert model.probability(upside_down)[0] == pytest.approx(sample.lost.mean(), abs=1e-4)


def test_at_the_top_of_the_ladder_the_blend_is_the_hands_score_and_at_its_end_it_learns() -> None:
    sample = measures(800, 3)
    top, end = (methods.blended(sample, lam) for lam in (1e7, 1.0))
    assert top.weights is not None and end.weights is not None
    assert top.weights == pytest.approx(sample.weights, abs=1e-3)
    assert end.weights[0] > 0.8
    assert (end.of_points >= 0).all()


def test_the_blends_coefficients_are_those_of_a_search_without_slopes() -> None:
    from scipy.optimize import minimize

    sample, lam = measures(150, 4), 3.0
    found = methods.blended(sample, lam)

    def cost(at: np.ndarray) -> float:
        eta = at[0] + methods.risks_of(sample) @ at[1:4]
        delta = at[1:4] - at[4] * sample.weights
        return float(np.logaddexp(0, eta).sum() - eta @ sample.lost + lam * 3 * delta @ delta + 0.02 * at[4] ** 2)

    ours = np.r_[found.start, found.of_points, found.told["kappa"]]
    other = minimize(cost, ours + 0.05, method="L-BFGS-B", bounds=[(None, None), *[(0, None)] * 4])
    assert cost(ours) <= other.fun + 1e-7


def test_good_weights_are_kept_and_bad_ones_are_mended() -> None:
    from perennial.evidence.calculations.methods import Blend

    fresh = decisions(6000, 50)
    for weights, least in ((simulator.HAND, -0.005), (simulator.BAD, 0.03)):
        known = replace(decisions(2000, 7), weights=weights)
        tried = replace(fresh, weights=weights)
        before, after = auc(tried.lost, -tried.score), auc(tried.lost, Blend().fit(known, seed=1).probability(tried))
        assert before is not None and after is not None and after - before >= least


def test_a_stage_has_its_method_by_the_number_of_losses() -> None:
    keys = [one.key if (one := methods.stage(events)) else None for events in (9, 10, 49, 50)]
    assert keys == [None, "platt", "platt", "blend"]
    assert challengers.challengers(decisions(500, 1)) == []
    some = decisions(2000, 1)
    assert [one.key for one in challengers.challengers(some)] == ["ridge", "trees"]


def test_trials_part_no_customer_and_deal_losses_evenly() -> None:
    sample = replace(decisions(600, 9), groups=np.repeat(np.arange(200), 3)[: len(decisions(600, 9).lost)])
    held = []
    for learn, tried in folds(sample, 5, seed=1):
        assert not set(sample.groups[learn]) & set(sample.groups[tried])
        held.append(tried)
    assert sorted(np.concatenate(held).tolist()) == list(range(len(sample.lost)))
    assert np.ptp([sample.lost[one].sum() for one in held]) <= 8


def test_a_bootstrap_draws_customers_with_all_their_rows() -> None:
    sample = replace(measures(90, 1), groups=np.repeat(np.arange(30), 3))
    drawn = sample.drawn(np.random.default_rng(1))
    _keys, counts = np.unique(drawn.groups, return_counts=True)
    assert len(drawn.lost) == 90 and (counts % 3 == 0).all() and len(counts) < 30


def test_a_proposal_keeps_good_weights_and_changes_those_that_evidence_is_against() -> None:
    known = decisions(1500, 3)
    kept = proposal(known, methods.Blend().fit(known, seed=1), seed=1, draws=40)
    assert kept is not None and kept.keeps and kept.weights.sum() == pytest.approx(1)
    only_one = measures(1500, 3)
    changed = proposal(only_one, methods.blended(only_one, 1.0), seed=1, draws=40)
    assert changed is not None and not changed.keeps
    assert changed.low[0] > 1 / 3 and changed.high[1] < 1 / 3


def test_the_same_seed_gives_the_same_bits() -> None:
    known = decisions(900, 3)
    for method in (methods.Platt(), methods.Blend(), challengers.Ridge(), challengers.Trees()):
        one, two = (method.fit(known, seed=5).probability(known) for _time in range(2))
        assert one.tobytes() == two.tobytes(), method.key


def test_a_challenger_that_only_chance_favours_is_not_taken_and_one_that_sees_more_is() -> None:
    from perennial.evidence.calculations.methods import Blend, Constant

    known = decisions(1500, 4)
    assert not challengers.trial(known, Blend((1000.0,)), Blend((300.0,)), seed=1).is_better
    assert challengers.trial(known, Constant(), Blend((1000.0,)), seed=1).is_better


def test_trees_never_give_more_risk_for_more_points() -> None:
    known = decisions(1200, 6)
    model = challengers.Trees().fit(known, seed=1)
    row = replace(known.of(np.zeros(21, dtype=np.int64)))
    for measure in range(3):
        points = row.points.copy()
        points[:, measure] = np.linspace(0, 100, 21)
        told = model.probability(replace(row, points=points))
        assert (np.diff(told) <= 1e-12).all()


def test_months_without_an_opportunity_carry_hardly_any_risk() -> None:
    random = np.random.default_rng(1)
    count = 6000
    due, risk = random.random(count) < 0.1, random.uniform(0, 4, count)
    lost = random.random(count) < np.where(due, expit(risk - 3), 0.001)
    months = timing.Months(risk, due, random.uniform(0, 5, count), np.zeros((count, 0)))
    told = timing.fit(months, lost).probability(months)
    assert told[due].sum() == pytest.approx(lost[due].sum(), rel=0.1)
    assert told[~due].mean() < 0.005
    assert auc(lost[due], told[due]) == pytest.approx(auc(lost[due], risk[due]), abs=0.01)
    assert timing.within(np.array([[0.1, 0.2]])) == pytest.approx([0.28])
