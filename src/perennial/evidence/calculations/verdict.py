"""What a backtest says, before any figure: too few losses, no evidence, probably leaking, or that it predicts."""

from __future__ import annotations

from enum import StrEnum

from perennial.evidence.calculations.intervals import Estimate

LIST_ONLY_BELOW, COMPARE_FROM = 10, 50
LEAKS_ABOVE, LEAKS_FROM = 0.90, 20


class Verdict(StrEnum):
    """What may be said of a scorecard at one lead."""

    TOO_FEW = "too_few"
    NO_EVIDENCE = "no_evidence"
    LEAKING = "leaking"
    PREDICTS = "predicts"


def verdict(events: int, auc: Estimate | None, band: tuple[float, float]) -> Verdict:
    """Return what may be said (analytics 1.2). Fewer than 10 losses: nothing but their list. No evidence: the AUC lies
    in what chance gives (`band`, of permutations), its interval reaches down to .5, or nobody stayed. Above .90 with 20
    losses a measure probably knows the outcome."""
    if events < LIST_ONLY_BELOW:
        return Verdict.TOO_FEW
    if auc is None or auc.low <= 0.5 or auc.value <= band[1]:
        return Verdict.NO_EVIDENCE
    if auc.value > LEAKS_ABOVE and events >= LEAKS_FROM:
        return Verdict.LEAKING
    return Verdict.PREDICTS
