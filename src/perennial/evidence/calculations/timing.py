"""When a customer leaves: a hazard by month in which only real opportunities carry risk (analytics 1.4, method 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perennial.evidence.calculations.calibration import expit
from perennial.evidence.calculations.methods import minimised
from perennial.health.terms import Bools, Floats

MONTHS = 3


@dataclass(frozen=True, slots=True)
class Months:
    """Months ahead of as-of days, a row each while the customer was still there. `risk`: (100 - score) ÷ 25 as of the
    day, not of the month; `due`: whether a term ends in the month; `tenure`: years with us; `segment`: columns
    of 0 and 1."""

    risk: Floats
    due: Bools
    tenure: Floats
    segment: Floats

    def design(self) -> Floats:
        """Return the columns: risk, due, risk × due, log(1 + tenure), segment."""
        due = self.due.astype(float)
        return np.column_stack([self.risk, due, self.risk * due, np.log1p(self.tenure), self.segment])


@dataclass(frozen=True, slots=True)
class Hazard:
    """The chance of leaving within one month, of who is still there."""

    start: float
    slopes: Floats

    def probability(self, months: Months) -> Floats:
        """Return the hazard of each row."""
        return expit(self.start + months.design() @ self.slopes)


def fit(months: Months, lost: Bools) -> Hazard:
    """Return the likeliest hazard under a ridge of 1 on each slope (scikit-learn's C = 1)."""
    design = months.design()
    ridge = np.ones(design.shape[1])
    return Hazard(*minimised(design, lost, ridge, np.full(len(ridge), -np.inf)))


def within(hazards: Floats) -> Floats:
    """Return the chance of leaving within all the months: rows × months of hazards. (.1, .2): 1 - .9 × .8 = .28."""
    found: Floats = 1 - np.prod(1 - hazards, axis=1)
    return found
