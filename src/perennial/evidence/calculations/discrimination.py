"""How well a risk puts those that left before those that stayed (analytics 1.2).

Everywhere `lost` says who left and `risk` is any number that is higher the more a customer is at risk. Ties count half.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from perennial.evidence.calculations.intervals import Z95, Estimate, on_logit_scale, share
from perennial.health.terms import Bools, Floats

Groups = NDArray[np.int64]


def midranks(values: Floats) -> Floats:
    """Return each value's rank from 1, the middle of their ranks for equals."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    ends = np.r_[starts[1:], len(values)]
    middle = np.repeat((starts + ends + 1) / 2, ends - starts)
    found = np.empty(len(values))
    found[order] = middle
    return found


def auc(lost: Bools, risk: Floats) -> float | None:
    """Return the share of pairs, one lost and one kept, in which the lost one has the higher risk; None without both.

    (analytics 10) y = 1001000010, p = .8 .1 .2 .3 .4 .05 .15 .25 .35 .6: 17 of 21 pairs, .8095.
    """
    gone = int(lost.sum())
    kept = len(lost) - gone
    if not gone or not kept:
        return None
    return float((midranks(risk)[lost].sum() - gone * (gone + 1) / 2) / (gone * kept))


@dataclass(frozen=True, slots=True)
class Placements:
    """For each lost one the share of the kept that it lies above, and for each kept one the share of the lost above it:
    the parts of DeLong's variance."""

    of_lost: Floats
    of_kept: Floats


def placements(lost: Bools, risk: Floats) -> Placements:
    """Return the placements (DeLong 1988 by the midranks of Sun and Xu 2014)."""
    every, gone, kept = midranks(risk), risk[lost], risk[~lost]
    of_lost = (every[lost] - midranks(gone)) / len(kept)
    of_kept = 1 - (every[~lost] - midranks(kept)) / len(gone)
    return Placements(of_lost, of_kept)


def auc_with_interval(lost: Bools, risk: Floats) -> Estimate | None:
    """Return the AUC with DeLong's 95 % interval on the logit scale; None without lost and kept ones.

    Where every pair is right (or wrong) the variance tells nothing; half a pair stands in for what was not seen. With a
    single lost or kept one there is no variance: the interval is all of 0 to 1.
    """
    value = auc(lost, risk)
    if value is None:
        return None
    found = placements(lost, risk)
    gone, kept = len(found.of_lost), len(found.of_kept)
    if min(gone, kept) < 2:
        return Estimate(value, 0.0, 1.0)
    error = sqrt(found.of_lost.var(ddof=1) / gone + found.of_kept.var(ddof=1) / kept)
    least = 0.5 / (gone * kept)
    if value in (0.0, 1.0):
        near = on_logit_scale(abs(value - least), sqrt(least * (1 - least) / min(gone, kept)))
        return Estimate(value, near.low if value else 0.0, 1.0 if value else near.high)
    return on_logit_scale(value, error)


def difference(lost: Bools, risk: Floats, other: Floats) -> Estimate | None:
    """Return the AUC of `risk` less that of `other` on the same rows, with DeLong's paired 95 % interval; None without
    lost and kept ones. Two configurations are compared by this alone."""
    first, second = auc(lost, risk), auc(lost, other)
    if first is None or second is None:
        return None
    one, two = placements(lost, risk), placements(lost, other)
    by_lost, by_kept = one.of_lost - two.of_lost, one.of_kept - two.of_kept
    if min(len(by_lost), len(by_kept)) < 2:
        return Estimate(first - second, -1.0, 1.0)
    half = Z95 * sqrt(by_lost.var(ddof=1) / len(by_lost) + by_kept.var(ddof=1) / len(by_kept))
    return Estimate(first - second, first - second - half, first - second + half)


def average_precision(lost: Bools, risk: Floats) -> float | None:
    """Return the mean precision at each lost one, from the highest risk down; None where nobody was lost. Equals are
    taken together. The golden case: (1 + 2/4 + 3/5) / 3 = .7."""
    gone = int(lost.sum())
    if not gone:
        return None
    order = np.argsort(-risk, kind="stable")
    hits = np.cumsum(lost[order])
    last = np.r_[risk[order][1:] != risk[order][:-1], True]
    found, taken = hits[last], np.flatnonzero(last) + 1
    return float((np.diff(np.r_[0, found]) * found / taken).sum() / gone)


@dataclass(frozen=True, slots=True)
class Lift:
    """The worst part of a fleet: how many it is, how many of them were lost, their share with Wilson's interval, the
    same divided by the share of all (lift), and the part of all lost ones that it holds (recall)."""

    count: int
    hits: float
    precision: Estimate
    lift: Estimate
    recall: float


def lift(lost: Bools, risk: Floats, part: float = 0.10) -> Lift | None:
    """Return what the worst `part` held; None where nobody was lost. Equals at the edge share their losses.

    The golden case at 20 %: one of two lost, .5 ÷ .3 = 1.667.
    """
    gone, count = int(lost.sum()), max(1, round(part * len(lost)))
    if not gone:
        return None
    edge = np.sort(risk)[::-1][count - 1]
    above, at = risk > edge, risk == edge
    hits = float(lost[above].sum() + lost[at].mean() * (count - above.sum()))
    found, base = share(round(hits), count), gone / len(lost)
    assert found is not None
    precision = Estimate(hits / count, found.low, found.high)
    return Lift(count, hits, precision, Estimate(*(one / base for one in precision)), hits / gone)


def permutation_band(
    lost: Bools, risk: Floats, *, seed: int, draws: int = 1000, groups: Groups | None = None
) -> tuple[float, float, float]:
    """Return the 95 % band of the AUC where who left is dealt out anew, and the share of draws at least as far from
    .5 as what was found (p). `groups`: rows that belong together (a customer's months) are dealt out together.

    A customer with several rows keeps its pattern of losses; only which customer has it is shuffled, among customers
    with equally many rows, so that rows of one customer are never taken for independent ones. Right only where how many
    rows a customer has says nothing of whether it is lost; else the band does not lie around .5.
    """
    random = np.random.default_rng(seed)
    value = auc(lost, risk)
    if value is None:
        return (0.0, 1.0, 1.0)
    ranks, gone = midranks(risk), int(lost.sum())
    pairs = gone * (len(lost) - gone)
    blocks = _blocks(groups) if groups is not None else [np.arange(len(lost))[:, None]]
    drawn = np.empty(draws)
    for draw in range(draws):
        dealt = np.empty_like(lost)
        for rows in blocks:
            dealt[rows] = lost[rows[random.permutation(len(rows))]]
        drawn[draw] = (ranks[dealt].sum() - gone * (gone + 1) / 2) / pairs
    low, high = np.quantile(drawn, [0.025, 0.975])
    far = int((np.abs(drawn - 0.5) >= abs(value - 0.5) - 1e-12).sum())
    return (float(low), float(high), (1 + far) / (1 + draws))


def _blocks(groups: Groups) -> list[NDArray[np.int64]]:
    """Return the rows of each group, those with equally many rows together: groups × rows."""
    order = np.argsort(groups, kind="stable")
    _keys, starts, counts = np.unique(groups[order], return_index=True, return_counts=True)
    return [np.array([order[start : start + size] for start in starts[counts == size]]) for size in np.unique(counts)]
