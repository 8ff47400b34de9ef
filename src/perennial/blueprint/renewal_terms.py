"""What the blueprint says of renewals: when each segment's checkpoints are, and how each way of buying is worked back
from the expiry. Frozen rows, all in days before the expiry."""

from __future__ import annotations

from dataclasses import dataclass

from perennial.blueprint.terms import Label

APPROVALS = ("budget", "procurement", "legal", "seal", "invoice", "payment")
"""The nodes of a customer's own approval, in order: the words that receivable plans use too."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step of a plan: done so many days before the expiry. `node`: the approval that it is, "" for none."""

    key: str
    label: Label
    days: int
    node: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """A way of buying (procurement method) with its steps, the earliest first."""

    key: str
    label: Label
    steps: tuple[PlannedStep, ...]


@dataclass(frozen=True, slots=True)
class SegmentRenewal:
    """The two checkpoints of a segment, and the key of the way in which it usually buys."""

    key: str
    label: Label
    first_days: int
    last_days: int
    purchase: str


@dataclass(frozen=True)
class RenewalRules:
    """How renewals are worked for, by segment (the first is the default) and by way of buying."""

    segments: tuple[SegmentRenewal, ...]
    purchases: tuple[Purchase, ...]

    def of(self, segment: str | None) -> SegmentRenewal:
        """Return the rules of a segment, by its key or any of its names; the first for all others."""
        wanted = (segment or "").strip().lower()
        for one in self.segments:
            if wanted in {one.key.lower(), one.label.en.lower(), one.label.zh_hans.lower(), one.label.zh_hant.lower()}:
                return one
        return self.segments[0]

    def purchase(self, key: str) -> Purchase | None:
        """Return a way of buying; None where there is none of this key."""
        return next((one for one in self.purchases if one.key == key), None)

    @property
    def furthest_days(self) -> int:
        """Return how long before the expiry the earliest checkpoint of any segment is."""
        return max(one.first_days for one in self.segments)
