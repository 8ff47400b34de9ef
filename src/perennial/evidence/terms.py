"""The words of evidence: a decision with what was known before it, and what a backtest found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from perennial.evidence.calculations.verdict import Verdict

BACKTEST = "evidence.backtest"
"""The job that backtests a scorecard."""
LEADS = (180, 90, 28)
"""Days before a decision at which it is judged (analytics 1.2)."""
MAIN_LEAD = 90
YEARS = 3
SEED = 20261123


class Unreadable(Exception):
    """A stored backtest that asks for a scorecard which cannot be read any more."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A term that ended or, where no term ever does, a month of a paying customer; lost: nothing was paid after it."""

    customer_id: int
    on: date
    is_lost: bool
    is_month: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A decision with what the scorecard said before it; `band` without vetoes, `p` None where nothing was learned
    yet."""

    customer_id: int
    on: date
    is_lost: bool
    score: float
    band: str
    p: float | None


@dataclass(frozen=True, slots=True)
class Told:
    """A finished backtest. `leads`: by days, what was found (plain values, as stored); `proposal` None below 50
    losses; `besides`: what is said beside the leads (empty in a backtest made before it was): `vetoes` by key: met,
    right, share with interval, missed; `canary`: the AUC of the very day and of the main lead; `lead_time`: of so many
    lost so many were red before, and the median of days between."""

    id: int
    key: str
    version: int | None
    on: date
    made_at: datetime
    leads: Mapping[int, Mapping[str, Any]]
    proposal: Mapping[str, Any] | None
    data_version: str
    seed: int
    versions: Mapping[str, str]
    besides: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """Return what may be said at the main lead."""
        return Verdict(self.leads[MAIN_LEAD]["verdict"])

    @property
    def is_no_better(self) -> bool:
        """Say whether the scorecard's probabilities did no better than the base rate: no evidence, or no skill."""
        skill = self.leads[MAIN_LEAD].get("brier_skill")
        return self.verdict is Verdict.NO_EVIDENCE or (skill is not None and skill <= 0)


@dataclass(frozen=True, slots=True)
class Lists:
    """Cases to learn from at the main lead: lost while green, kept while red, and all that were lost."""

    false_greens: Sequence[Case]
    false_reds: Sequence[Case]
    lost: Sequence[Case]


class ShadowWord(TextChoices):
    """What was decided of a proposal that was in shadow."""

    adopt = "adopt", _("Adopted")
    keep = "keep", _("Kept as it was")
