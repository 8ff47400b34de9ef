"""What methods learn from: decisions, with what was known before each; and how they are parted for trials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from perennial.evidence.calculations.discrimination import Groups
from perennial.health.terms import Bools, Floats


@dataclass(frozen=True, slots=True)
class Sample:
    """Decisions, a row each. `points`: decisions × measures, 0 to 100 as the score counted them (assumed ones too);
    `weights`: the share of each measure in the score, summing to 1; `lost`: what was decided; `groups`: whose decision
    it was (a customer's rows stay together in every trial); `context`: decisions × facts that no customer success
    manager moves, about 1 in size."""

    points: Floats
    weights: Floats
    lost: Bools
    groups: Groups
    context: Floats

    @property
    def events(self) -> int:
        """Return how many were lost."""
        return int(self.lost.sum())

    @property
    def score(self) -> Floats:
        """Return the score of each row under the weights, 0 to 100."""
        found: Floats = self.points @ self.weights
        return found

    def of(self, rows: Bools | Groups) -> Sample:
        """Return some of the rows."""
        return Sample(self.points[rows], self.weights, self.lost[rows], self.groups[rows], self.context[rows])

    def drawn(self, random: np.random.Generator) -> Sample:
        """Return as many customers drawn with replacement, each with all its rows: a bootstrap sample."""
        keys, place = np.unique(self.groups, return_inverse=True)
        order = np.argsort(place, kind="stable")
        ends = np.cumsum(np.bincount(place, minlength=len(keys)))
        starts, chosen = np.r_[0, ends[:-1]], random.integers(0, len(keys), len(keys))
        if len(keys) == len(place):
            return self.of(order[chosen])
        rows = [order[starts[one] : ends[one]] for one in chosen]
        return self.of(np.concatenate(rows))


def folds(sample: Sample, count: int, *, seed: int) -> Iterator[tuple[Groups, Groups]]:
    """Yield `count` pairs of rows to learn from and to try on. Customers are never parted, and those that were lost at
    some time are dealt out evenly."""
    random = np.random.default_rng(seed)
    keys, place = np.unique(sample.groups, return_inverse=True)
    ever = np.bincount(place, weights=sample.lost, minlength=len(keys)) > 0
    fold = np.empty(len(keys), dtype=np.int64)
    for kind in (True, False):
        of = random.permutation(np.flatnonzero(ever == kind))
        fold[of] = (np.arange(len(of)) + (0 if kind else int(ever.sum()))) % count
    for one in range(count):
        held = fold[place] == one
        yield np.flatnonzero(~held), np.flatnonzero(held)
