"""How long customers stay: the shifted beta-geometric (sBG) and the beta-discrete-Weibull (BdW), and what was observed.

S(t) = B(a, b + t^c) / B(a, b): each customer has its own chance to leave, drawn from a beta; with c it changes with
age (Fader-Hardie 2007, 2018; analytics 3.5). scipy is loaded only where a curve is fitted, which no request does.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma

import numpy as np
from numpy.typing import NDArray

from perennial.insights.terms import Ages, Curve, Fitted, Model, Parameters

DRAWS = 200
SEED = 20070101
LIKELY_RATIO = 3.84
"""The 95 % point of chi-squared with one degree of freedom: BdW has one parameter more, which must earn its place."""
BDW_POINTS = 4
LEVEL = 0.90
OBSERVED_DRAWS = 2000
_STARTS: tuple[Parameters, ...] = ((1.0, 1.0, 1.0), (0.5, 2.0, 1.2), (2.0, 6.0, 0.8))
_FAR = 15.0  # |log| of a parameter; beyond it the curve does not change any more


def survival(parameters: Parameters, ages: int) -> tuple[float, ...]:
    """Return the share that stays at ages 0 to `ages`, in years."""
    a, b, c = parameters
    start = lgamma(b) - lgamma(a + b)
    at = [b + float(age) ** c for age in range(ages + 1)]
    return tuple(exp(lgamma(one) - lgamma(a + one) - start) for one in at)


def fit(ages: Ages, *, draws: int = DRAWS, seed: int = SEED) -> Fitted:
    """Fit sBG, and from four renewal ages on BdW where it is likelier by more than chance, with a parametric bootstrap.

    :raises ValueError: too few ages or customers, or nobody was lost: what was observed is all there is.
    """
    if not ages.is_enough:
        raise ValueError("nothing may be extrapolated from so little")
    at_risk, lost = np.array(ages.at_risk, float), np.array(ages.lost, float)
    simple, simple_cost = _best(at_risk, lost, Model.SBG, _STARTS)
    chosen, parameters, other, ratio = Model.SBG, simple, None, None
    if ages.points >= BDW_POINTS:
        wider, wider_cost = _best(at_risk, lost, Model.BDW, (*_STARTS, simple))
        ratio, other = 2 * (simple_cost - wider_cost), wider
        if ratio > LIKELY_RATIO:
            chosen, parameters, other = Model.BDW, wider, simple
    random = np.random.default_rng(seed)
    again = [_simulated(ages.entered, parameters, random) for _draw in range(draws)]
    known: dict[tuple[bytes, bytes], Parameters] = {}
    for risk, gone in again:
        key = risk.tobytes(), gone.tobytes()
        if key not in known:
            known[key], _cost = _best(risk, gone, chosen, (parameters,), exact=False)
    drawn = tuple(known[risk.tobytes(), gone.tobytes()] for risk, gone in again)
    return Fitted(chosen, parameters, other, ratio, drawn)


def _best(
    at_risk: NDArray[np.float64], lost: NDArray[np.float64], model: Model, starts: Sequence[Parameters],
    *, exact: bool = True,
) -> tuple[Parameters, float]:  # fmt: skip
    """Return the likeliest parameters and minus their log likelihood: Nelder-Mead on their logs."""
    from scipy.optimize import minimize
    from scipy.special import betaln, xlogy

    free = 3 if model is Model.BDW else 2
    steps = np.arange(len(at_risk) + 1.0)

    def cost(logs: NDArray[np.float64]) -> float:
        if np.abs(logs).max() > _FAR:
            return float("inf")
        a, b = np.exp(logs[:2])
        c = np.exp(logs[2]) if free == 3 else 1.0
        stays = np.diff(betaln(a, b + steps**c))
        return float(-(xlogy(lost, -np.expm1(stays)) + (at_risk - lost) * stays).sum())

    close = {"xatol": 1e-6, "fatol": 1e-9} if exact else {"xatol": 1e-3, "fatol": 1e-5}
    found = None
    with np.errstate(all="ignore"):
        for start in starts:
            tried = minimize(cost, np.log(start[:free]), method="Nelder-Mead", options={**close, "maxfev": 4000})
            found = tried if found is None or tried.fun < found.fun else found
    assert found is not None
    values = [float(one) for one in np.exp(found.x)]
    return (values[0], values[1], values[2] if free == 3 else 1.0), float(found.fun)


def _simulated(
    entered: Sequence[int], parameters: Parameters, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many would be at risk and lost at each age, had the curve been the truth: everyone is observed for as
    long as he was."""
    stays = survival(parameters, len(entered))
    leaves = [1 - stays[age + 1] / stays[age] for age in range(len(entered))]
    at_risk, lost = np.zeros(len(entered)), np.zeros(len(entered))
    for observed, customers in enumerate(entered, start=1):
        left = customers
        for age in range(observed):
            at_risk[age] += left
            gone = random.binomial(left, leaves[age])
            lost[age] += gone
            left -= gone
    return at_risk, lost


def fitted_curve(fitted: Fitted, ages: int) -> Curve:
    """Return a fitted curve up to an age, with its 90 % interval."""
    draws = [survival(drawn, ages) for drawn in fitted.draws]
    return _with_interval(fitted.model, survival(fitted.parameters, ages), draws)


def observed_curve(ages: Ages, *, seed: int = SEED) -> Curve:
    """Return Kaplan-Meier's curve over the ages that were observed, and no further.

    The interval is beta-binomial: each age's share that stays has Jeffreys' beta after what was seen.
    """
    stays = [1.0]
    for risk, gone in zip(ages.at_risk, ages.lost, strict=True):
        stays.append(stays[-1] * (risk - gone) / risk)
    random = np.random.default_rng(seed)
    kept = [
        random.beta(risk - gone + 0.5, gone + 0.5, OBSERVED_DRAWS)
        for risk, gone in zip(ages.at_risk, ages.lost, strict=True)
    ]
    curves = np.cumprod(np.vstack([np.ones(OBSERVED_DRAWS), *kept]), axis=0).T
    return _with_interval(None, tuple(stays), curves.tolist())


def _with_interval(model: Model | None, stays: tuple[float, ...], draws: Sequence[Sequence[float]]) -> Curve:
    low, high = np.quantile(np.array(draws), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    low, high = np.minimum(low, stays), np.maximum(high, stays)  # of four customers who all left, none is below
    return Curve(model, stays, tuple(low.tolist()), tuple(high.tolist()), tuple(tuple(one) for one in draws))
