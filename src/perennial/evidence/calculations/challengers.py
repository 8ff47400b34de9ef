"""Methods that challenge the blend once there are a hundred losses (analytics 1.4). They need the extra `evidence`
(scikit-learn, LightGBM): the scorecard, its probability and the blend do without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from math import sqrt
from typing import Any

import numpy as np

from perennial.evidence.calculations.calibration import log_losses, logit
from perennial.evidence.calculations.methods import CHALLENGER_EVENTS, FOLDS, TREE_ROWS, Method, minimised
from perennial.evidence.calculations.samples import Sample, folds
from perennial.health.terms import Floats

REPEATS = 2
STANDARD_ERRORS = 2.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model of a library: whatever gives a probability to columns, then Platt where it needs it."""

    made: Any
    weights: Floats | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    platt: tuple[float, float] | None = None

    def probability(self, sample: Sample) -> Floats:
        """Return each row's probability of loss."""
        p = _probability(self.made, _columns(sample))
        if self.platt is None:
            return p
        start, slope = self.platt
        found: Floats = 1 / (1 + np.exp(-(start + slope * logit(p))))
        return found


@dataclass(frozen=True, slots=True)
class Ridge:
    """A logistic regression with a ridge chosen by trials, on measures and context; weights may have any sign."""

    key: str = "ridge"
    strength: float | None = None

    def fit(self, sample: Sample, *, seed: int) -> Fitted:
        """Return the regression; `strength`: scikit-learn's C, None to choose it."""
        from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        if self.strength is None:
            model: Any = LogisticRegressionCV(Cs=np.logspace(-3, 1, 9), cv=list(folds(sample, FOLDS, seed=seed)),
                                         scoring="neg_log_loss", max_iter=1000, use_legacy_attributes=False,
                                         l1_ratios=(0.0,))  # fmt: skip
        else:
            model = LogisticRegression(C=self.strength, max_iter=1000)
        made = make_pipeline(StandardScaler(), model).fit(_columns(sample), sample.lost)
        return Fitted(made, told={"C": float(np.ravel(made[-1].C_)[0]) if self.strength is None else self.strength})


@dataclass(frozen=True, slots=True)
class Trees:
    """Small boosted trees in which more points never mean more risk; then Platt, of trials that did not see the row."""

    key: str = "trees"
    parameters: Mapping[str, Any] = field(
        default_factory=lambda: {
            "n_estimators": 150, "learning_rate": 0.05, "num_leaves": 7, "max_depth": 3, "min_child_samples": 20,
            "subsample": 0.8, "subsample_freq": 1, "colsample_bytree": 0.8, "reg_lambda": 5.0,
        }
    )  # fmt: skip
    is_monotone: bool = True
    is_recalibrated: bool = True

    def fit(self, sample: Sample, *, seed: int) -> Fitted:
        """Return the trees."""
        made = self._grown(sample, seed)
        if not self.is_recalibrated:
            return Fitted(made)
        held_out = np.empty(len(sample.lost))
        for learn, held in folds(sample, FOLDS, seed=seed):
            held_out[held] = _probability(self._grown(sample.of(learn), seed), _columns(sample.of(held)))
        start, slope = minimised(logit(held_out)[:, None], sample.lost, np.array([1e-6]), np.array([0.0]))
        return Fitted(made, platt=(start, float(slope[0])))

    def _grown(self, sample: Sample, seed: int) -> Any:
        from lightgbm import LGBMClassifier

        signs = [-1] * sample.points.shape[1] + [0] * sample.context.shape[1]
        held: dict[str, Any] = dict(self.parameters)
        if self.is_monotone:
            held |= {"monotone_constraints": signs, "monotone_constraints_method": "advanced"}
        model = LGBMClassifier(**held, random_state=seed, deterministic=True, force_row_wise=True,
                               n_jobs=1, verbose=-1)  # fmt: skip
        return model.fit(_columns(sample), sample.lost.astype(int))


def _columns(sample: Sample) -> Floats:
    return np.hstack([sample.points, sample.context])


def _probability(made: Any, columns: Floats) -> Floats:
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        found: Floats = made.predict_proba(columns)[:, 1]
    return found


def is_installed() -> bool:
    """Say whether the extra `evidence` is there."""
    return find_spec("sklearn") is not None and find_spec("lightgbm") is not None


def challengers(sample: Sample) -> list[Method]:
    """Return who may challenge: a ridge from 100 losses on, trees where there are 500 rows too."""
    if sample.events < CHALLENGER_EVENTS or not is_installed():
        return []
    return [Ridge(), Trees()] if len(sample.lost) >= TREE_ROWS else [Ridge()]


@dataclass(frozen=True, slots=True)
class Trial:
    """A challenger against the champion: how much less it lost per decision (log-loss), Nadeau and Bengio's standard
    error of it over ten trials, and whether it may go into shadow: a gain of more than two of them."""

    challenger: str
    gain: float
    error: float
    is_better: bool


def trial(sample: Sample, champion: Method, challenger: Method, *, seed: int) -> Trial:
    """Return the gain over 5 × 2 trials on the same rows. The correction (1/J + 1/(K-1)) is for trials that share most
    of what they learned from: without it two in 24 switches were wrong (analytics 1.4)."""
    gains = []
    for repeat in range(REPEATS):
        for learn, held in folds(sample, FOLDS, seed=seed + repeat):
            known, tried = sample.of(learn), sample.of(held)
            by = [log_losses(tried.lost, one.fit(known, seed=seed).probability(tried)).mean()
                  for one in (champion, challenger)]  # fmt: skip
            gains.append(by[0] - by[1])
    error = sqrt((1 / len(gains) + 1 / (FOLDS - 1)) * float(np.var(gains, ddof=1)))
    gain = float(np.mean(gains))
    return Trial(challenger.key, gain, error, gain > STANDARD_ERRORS * error)
