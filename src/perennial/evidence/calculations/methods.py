"""Ways to turn a score into a probability, each behind one interface (analytics 1.4). scipy in the worker only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import sqrt
from typing import Any, Protocol

import numpy as np

from perennial.evidence.calculations.calibration import expit, log_losses
from perennial.evidence.calculations.samples import Sample, folds
from perennial.health.terms import Bools, Floats

POINTS_A_UNIT = 25.0
LADDER = (1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0)
FOLDS = 5
LEAST_EVENTS = 10
BLEND_EVENTS = 50
CHALLENGER_EVENTS, TREE_ROWS = 100, 500
_OF_KAPPA, _STEPS, _SMALLEST, _CLOSE = 0.02, 100, 1e-6, 1e-12


class Model(Protocol):
    """What a method learned. `weights`: the share of each measure in it, None where it has none."""

    @property
    def weights(self) -> Floats | None: ...
    @property
    def told(self) -> Mapping[str, Any]: ...
    def probability(self, sample: Sample) -> Floats: ...


class Method(Protocol):
    """A way to learn probabilities of loss. Deterministic: one sample and one seed, one model."""

    @property
    def key(self) -> str: ...
    def fit(self, sample: Sample, *, seed: int) -> Model: ...


@dataclass(frozen=True, slots=True)
class Linear:
    """P(lost) = expit(start + risks · of_points + context · of_context), a risk being (100 - points) ÷ 25."""

    start: float
    of_points: Floats
    of_context: Floats
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def weights(self) -> Floats | None:
        """Return the share of each measure; None where no measure counts."""
        total = self.of_points.sum()
        return self.of_points / total if total > 0 else None

    def probability(self, sample: Sample) -> Floats:
        """Return each row's probability of loss."""
        return expit(self.start + risks_of(sample) @ self.of_points + sample.context @ self.of_context)


def risks_of(sample: Sample) -> Floats:
    """Return the risks of each row by measure: 0 at 100 points, 4 at none."""
    found: Floats = (100 - sample.points) / POINTS_A_UNIT
    return found


@dataclass(frozen=True, slots=True)
class Constant:
    """The base rate: the same of everybody."""

    key: str = "base_rate"

    def fit(self, sample: Sample, *, seed: int) -> Linear:
        """Return the share lost, half a loss and half a stay added, so that it is never 0 or 1."""
        rate = (sample.events + 0.5) / (len(sample.lost) + 1)
        return Linear(float(np.log(rate / (1 - rate))), np.zeros(len(sample.weights)),
                      np.zeros(sample.context.shape[1]), {"rate": rate})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Platt:
    """The score as it is, made a probability by two parameters. A score that does not predict (its slope would have the
    wrong sign) gives the base rate, and says so."""

    key: str = "platt"

    def fit(self, sample: Sample, *, seed: int) -> Linear:
        """Return the curve; `told["predicts"]` False where the slope is at its end, 0."""
        risk = (100 - sample.score) / POINTS_A_UNIT
        start, slope = minimised(risk[:, None], sample.lost, np.array([1e-6]), np.array([0.0]))
        return Linear(start, slope[0] * sample.weights, np.zeros(sample.context.shape[1]),
                      {"slope": float(slope[0]), "predicts": bool(slope[0] > 1e-9)})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Blend:
    """Weights learned from evidence, held to the hand's own: none below 0, and as far from them as trials allow.

    beta_m = kappa × hand weight + delta_m ≥ 0; the likeliest under lam M |delta|² + √lam |context|² + .02 kappa². Of
    the ladder the largest lam is taken whose loss in five trials is within a standard error of the best. At the top of
    the ladder it is the hand's score.
    """

    ladder: tuple[float, ...] = LADDER
    key: str = "blend"

    def fit(self, sample: Sample, *, seed: int) -> Linear:
        """Return the blend; `told` has lam and kappa."""
        lam = self.ladder[0] if len(self.ladder) == 1 else chosen_lam(sample, self.ladder, seed=seed)
        return blended(sample, lam)


def chosen_lam(sample: Sample, ladder: tuple[float, ...], *, seed: int) -> float:
    """Return the largest lam whose paired loss over five trials lies within one standard error of the best's."""
    losses = np.empty((len(ladder), len(sample.lost)))
    for learn, held in folds(sample, FOLDS, seed=seed):
        known, tried, before = sample.of(learn), sample.of(held), None
        for place, lam in enumerate(ladder):
            before = blended(known, lam, before)
            losses[place, held] = log_losses(tried.lost, before.probability(tried))
    best = int(losses.mean(axis=1).argmin())
    for place, lam in enumerate(ladder):
        more = losses[place] - losses[best]
        if more.mean() <= more.std(ddof=1) / sqrt(len(more)):
            return lam
    return ladder[best]


def blended(sample: Sample, lam: float, near: Linear | None = None) -> Linear:
    """Return the blend at one lam; `near`: a solution to begin from."""
    hand, measures, contexts = sample.weights, len(sample.weights), sample.context.shape[1]
    size = measures + contexts + 2  # the start, measures, context, kappa
    of_delta = np.zeros((measures, size))
    of_delta[:, 1 : measures + 1], of_delta[:, -1] = np.eye(measures), -hand
    curvature = 2 * lam * measures * of_delta.T @ of_delta
    held = np.zeros(size)
    held[measures + 1 : -1], held[-1] = 2 * sqrt(lam), 2 * _OF_KAPPA
    design = np.column_stack([np.ones(len(sample.lost)), risks_of(sample), sample.context, np.zeros(len(sample.lost))])
    if near is None:
        first = Platt().fit(sample, seed=0)
        near = replace(first, told={"kappa": first.told["slope"]})
    begin = np.r_[near.start, near.of_points, near.of_context, near.told["kappa"]]
    low = np.r_[-np.inf, np.zeros(measures), np.full(contexts, -np.inf), 0.0]
    at = likeliest(design, sample.lost, curvature + np.diag(held), begin, low)
    return Linear(float(at[0]), at[1 : measures + 1], at[measures + 1 : -1], {"lam": lam, "kappa": float(at[-1])})


def minimised(design: Floats, lost: Bools, ridge: Floats, low: Floats) -> tuple[float, Floats]:
    """Return the start and the coefficients of the likeliest logistic curve under a ridge (half the square of each),
    none of them below `low`."""
    rate = (lost.sum() + 0.5) / (len(lost) + 1)
    begin = np.r_[np.log(rate / (1 - rate)), np.maximum(low, 0)]
    columns = np.column_stack([np.ones(len(lost)), design])
    at = likeliest(columns, lost, np.diag(np.r_[0.0, ridge]), begin, np.r_[-np.inf, low])
    return float(at[0]), at[1:]


def likeliest(design: Floats, lost: Bools, curvature: Floats, begin: Floats, low: Floats) -> Floats:
    """Return x ≥ low that minimises the logistic loss of design · x plus x' curvature x ÷ 2.

    By Newton's steps, each the least of its parabola within the bounds (bounded least squares), halved until the loss
    falls: some ten steps. L-BFGS-B takes thousands where a large lam ties the weights to each other.
    """
    x, value = begin, _cost(design, lost, curvature, begin)
    for _step in range(_STEPS):
        p = expit(design @ x)
        weights = np.maximum(p * (1 - p), 1e-10)
        slope = design.T @ (p - lost) + curvature @ x
        bend = design.T @ (design * weights[:, None]) + curvature + 1e-9 * np.eye(len(x))
        way = _bounded(bend, x - np.linalg.solve(bend, slope), low) - x
        share, found = 1.0, _cost(design, lost, curvature, x + way)
        while found > value and share > _SMALLEST:
            share /= 2
            found = _cost(design, lost, curvature, x + share * way)
        if found > value:
            break
        gain, x, value = value - found, x + share * way, found
        if gain < _CLOSE * (1 + abs(value)):
            break
    return np.maximum(x, low)


def _cost(design: Floats, lost: Bools, curvature: Floats, x: Floats) -> float:
    eta = design @ x
    return float(np.logaddexp(0, eta).sum() - eta @ lost + 0.5 * x @ curvature @ x)


def _bounded(bend: Floats, target: Floats, low: Floats) -> Floats:
    """Return the least of the parabola (x - target)' bend (x - target) with x ≥ low."""
    from scipy.optimize import lsq_linear

    if (target >= low).all():
        return target
    root = np.linalg.cholesky(bend).T
    found = lsq_linear(root, root @ target, bounds=(low, np.full(len(low), np.inf)), method="bvls")
    return np.maximum(np.asarray(found.x, dtype=np.float64), low)


def stage(events: int) -> Method | None:
    """Return the method that so many losses carry: None below 10 (the list alone), Platt below 50, then the blend."""
    if events < LEAST_EVENTS:
        return None
    return Platt() if events < BLEND_EVENTS else Blend()
