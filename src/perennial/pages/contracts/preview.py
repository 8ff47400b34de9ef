"""What a draft would change, in words and rows: movements, MRR and ARR before and after, past months of Revenue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from perennial.contracts.calculations.differences import Step, balance, months_changed
from perennial.contracts.drafts import Draft
from perennial.contracts.ledger import product_names
from perennial.kernel.periods import day_before
from perennial.reports.revenue_figures import KINDS

LABELS = {figure.kind: figure.label for figure in KINDS}
MOST_MONTHS = 24


@dataclass(frozen=True)
class Point:
    """The customer's MRR at the end of a day, before and after the change, in exact minor units."""

    day: date
    what: str
    before: Fraction
    after: Fraction

    @property
    def rises(self) -> Fraction:
        """Return the change of MRR."""
        return self.after - self.before

    @property
    def arr(self) -> Fraction:
        """Return the ARR after the change."""
        return 12 * self.after


def told(draft: Draft, *, today: date) -> dict[str, Any]:
    """Return what the preview shows. One query."""
    steps, currency = draft.steps, draft.writes[0].new.currency
    names = product_names()
    months = months_changed(steps, today)
    return {
        "steps": [_row(one, names, draft) for one in steps],
        "points": _points(draft, steps, currency, today),
        "months": months[:MOST_MONTHS],
        "more_months": max(len(months) - MOST_MONTHS, 0),
        "warnings": draft.warnings,
        "currency": currency,
        "charged": draft.charged,
        "ends_on": draft.writes[0].new.ends_on,
        "customer_id": draft.customer_id,
    }


def _row(step: Step, names: dict[int, str], draft: Draft) -> dict[str, Any]:
    return {"on": step.on, "label": LABELS[step.kind], "product": names.get(step.product_id or 0, ""),
            "before": step.before, "after": step.after, "delta": step.after - step.before, "currency": step.currency,
            "is_other": step.customer_id != draft.customer_id}  # fmt: skip


def _points(draft: Draft, steps: list[Step], currency: str, today: date) -> list[Point]:
    """Tell the day of the change, today, and the last day before the last change: the end of the term."""
    days = {draft.on: "on", today: "today"}
    if steps:
        days.setdefault(max(steps[0].on, day_before(steps[-1].on)), "end")
    return [
        Point(day, what, balance(draft.before, day, currency, draft.customer_id),
              balance(draft.after, day, currency, draft.customer_id))
        for day, what in sorted(days.items())
    ]  # fmt: skip
