"""The figures of the Retention pages in words: label, definition and formula of each, for page, files and API."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from perennial.renewals.terms import Outcome
from perennial.reports.retention import Direction
from perennial.reports.revenue_figures import FIGURES as OF_REVENUE
from perennial.reports.revenue_figures import Figure

DUE = _("The terms that end in the period, by their last day, whenever the paper was signed: neither early nor late "
        "paper moves a renewal from one period into another.")  # fmt: skip

AFTER_GRACE = _("The same terms by a second horizon, the same for all: what was signed within 90 days after its due "
                "day is renewed, also where the grace was over before and the term was lost, and what was signed later "
                "is not, also where a longer grace kept it open.")  # fmt: skip

FIGURES: Mapping[str, Figure] = {
    one.key: one
    for one in (
        *(OF_REVENUE[key] for key in ("nrr", "grr", "logo")),
        Figure(
            "flow",
            _("GRR, movement view"),
            _("The same year told by its movements: who left and came back within it, or came and left, counts as "
              "lost. So it lies below the cohort's GRR and is not the headline."),
            _("1 − (churn + contraction + lower prices + pauses) ÷ opening MRR"),
        ),
        Figure(
            "by_product",
            _("GRR, each product by itself"),
            _("Each customer and product counts by itself: who gave one product up for another has lost the first."),
            _("Σ min(closing, opening) ÷ Σ opening, by customer and product"),
        ),
        Figure(
            "churned",
            _("Churn in twelve months"),
            _("What the customers of twelve months before have lost, told at each month's end. Its direction matters "
              "more than its level."),
            _("1 − GRR"),
        ),
        Figure("renewal", _("Renewal rate"), DUE, _("Σ min(renewed, due) ÷ Σ due, in ARR")),
        Figure("renewal_net", _("Renewal rate, net"), DUE, _("Σ renewed ÷ Σ due, in ARR, with what was added")),
        Figure("renewal_logo", _("Renewal rate, logos"), DUE,
               _("terms renewed ÷ terms due, a customer's of one day as one")),
        Figure("renewal_90", _("Renewal rate within 90 days"), AFTER_GRACE,
               _("Σ min(renewed by day 90, due) ÷ Σ due, in ARR")),
        Figure(
            "times",
            _("Revenue for each initial deal"),
            _("Recurring revenue so far over a year of what each customer first agreed to. The method's reference for "
              "a whole life is 6×."),
            _("Σ MRR at the ends of past months ÷ (12 × MRR of the first paid day)"),
        ),
        Figure(
            "after",
            _("Share after the initial deal"),
            _("Of all recurring revenue so far, what came after the first twelve months of the initial deal or above "
              "it. The method says that 90% of revenue comes from customer success."),
            _("1 − revenue of the initial deals ÷ all revenue"),
        ),
    )
}  # fmt: skip

OUTCOMES: Mapping[Outcome, Promise] = {
    Outcome.EARLY: _("Early"),
    Outcome.ON_TIME: _("Renewed on time"),
    Outcome.LATE: _("Late"),
    Outcome.OPEN: _("Open"),
    Outcome.LOST: _("Lost"),
}

LATE_90 = _("Of the lost: late, within 90 days")
LOST_LATE_90 = _("Lost; late, within 90 days")

REFERENCES: Mapping[str, Promise] = {
    "negative_churn": _("Negative churn"),
    "break_even": _("Break-even"),
    "early_team": _("Early team"),
    "none": _("No customer success"),
}

DIRECTIONS: Mapping[Direction, Promise] = {
    Direction.RISING: pgettext_lazy("of churn", "rising"),
    Direction.FALLING: pgettext_lazy("of churn", "falling"),
    Direction.STEADY: _("steady"),
    Direction.UNKNOWN: _("not known yet"),
}
