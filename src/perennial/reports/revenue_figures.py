"""The figures of revenue in words: label, definition and formula of each, so that every number opens to the same text
on the page and in the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from perennial.contracts.terms import MovementKind


@dataclass(frozen=True)
class Figure:
    """A figure that opens. `kind`: the movement that it sums, None for balances and rates. `version` counts how often
    its definition was changed."""

    key: str
    label: Promise
    definition: Promise
    formula: Promise
    kind: MovementKind | None = None
    version: int = 1

    @property
    def is_rate(self) -> bool:
        """Say whether it is a share of the customers of a year ago."""
        return self.key in {"nrr", "grr", "logo"}


MRR = _("MRR: the recurring fee of a month, without tax, of every line that runs at the end of the day. "
        "One-off fees, services, usage and trials are not in it.")  # fmt: skip
ROW = _("opening + all movements = closing")
SUM = _("sum of these movements' MRR over the customers")
COHORT = _("The customers with MRR above zero on the first day, one by one. Who came later does not count.")

FIGURES: Mapping[str, Figure] = {
    one.key: one
    for one in (
        Figure("opening", _("Opening"), _("MRR before the first day of the period."), ROW),
        Figure("new", _("New"), _("MRR of customers who pay for the first time."), SUM, MovementKind.NEW),
        Figure(
            "reactivation",
            _("Reactivation"),
            _("MRR of customers who had left and came back."),
            SUM,
            MovementKind.REACTIVATION,
        ),
        Figure(
            "expansion",
            _("Expansion"),
            _("More quantity or another product at a customer who stays, at the old price."),
            SUM,
            MovementKind.EXPANSION,
        ),
        Figure(
            "contraction",
            _("Contraction"),
            _("Less quantity or a product fewer at a customer who stays."),
            SUM,
            MovementKind.CONTRACTION,
        ),
        Figure(
            "price_up", _("Price up"), _("A higher price for what the customer had before."), SUM, MovementKind.PRICE_UP
        ),
        Figure(
            "price_down",
            _("Price down"),
            _("A lower price for what the customer had before."),
            SUM,
            MovementKind.PRICE_DOWN,
        ),
        Figure(
            "churn",
            _("Churn"),
            _("MRR of customers who pay nothing any more, on the day after their last."),
            SUM,
            MovementKind.CHURN,
        ),
        Figure("pause", _("Pause"), _("MRR of customers whose lines all pause."), SUM, MovementKind.PAUSE),
        Figure("resume", _("Resume"), _("MRR of customers who go on after a pause."), SUM, MovementKind.RESUME),
        Figure(
            "transfer",
            _("Transfer"),
            _("MRR that went from one customer or product to another; both sides sum to zero."),
            SUM,
            MovementKind.TRANSFER,
        ),
        Figure(
            "fx",
            _("Exchange rates"),
            _("What changes of exchange rates did to MRR that was held."),
            SUM,
            MovementKind.FX,
        ),
        Figure(
            "restated",
            _("Restated"),
            _(
                "What was found later about earlier months: movements that were reported and do not hold are taken "
                "back, and what takes their place is booked, in the month in which it was found. As reported only: as "
                "restated, each stands in its own month."
            ),
            SUM,
            MovementKind.RESTATED,
        ),
        Figure("closing", _("Closing"), MRR, ROW),
        Figure(
            "customers",
            _("Customers"),
            _("Customers with MRR above zero at the end of the period."),
            _("count of customers with MRR > 0"),
        ),
        Figure("mrr", _("MRR"), MRR, ROW),
        Figure(
            "in_grace",
            _("In grace"),
            _(
                "MRR of terms that ended unsigned and are only late: it is still held. Signed within the grace, "
                "nothing has moved; unsigned at its end, it is churn on the day on which the term ended."
            ),
            _("sum of the held lines' MRR; part of MRR"),
        ),
        Figure(
            "terms",
            _("Under terms"),
            _(
                "MRR of the lines whose end was agreed beforehand: six months or more, and after whole months (by the "
                "month: calendar months or quarters), priced as a whole, or followed by its renewal; with what "
                "was added meanwhile. Only these come due in the weekly meeting."
            ),
            _("MRR − what never comes due"),
            version=2,
        ),
        Figure(
            "open_ended",
            _("Never comes due"),
            _(
                "MRR of open-ended and monthly lines, and of lines that are known to stop. What they lose is churn and "
                "contraction, not a lost renewal."
            ),
            _("MRR − what is under terms"),
            version=2,
        ),
        Figure("arr", _("ARR"), _("Annual recurring revenue at the end of the day, without tax."), _("12 × MRR")),
        Figure(
            "nrr",
            _("NRR"),
            _(
                "Net revenue retention: what the customers of the first day pay at the end, with what "
                "they added, as a share of what they paid then."
            ),
            _("closing MRR of the cohort ÷ its opening MRR"),
        ),
        Figure(
            "grr",
            _("GRR"),
            _(
                "Gross revenue retention: the same without what anyone added; each customer counts at "
                "most what it paid on the first day."
            ),
            _("Σ min(closing, opening) ÷ Σ opening, by customer"),
        ),
        Figure(
            "logo",
            _("Logo retention"),
            _(
                "The share of the first day's customers who still pay at the end. The "
                "interval is Wilson's: how far off chance alone may put it."
            ),
            _("customers kept ÷ customers at the start"),
        ),
    )
}

KINDS: tuple[Figure, ...] = tuple(FIGURES[kind.value] for kind in MovementKind)
TERMS = frozenset({"terms", "open_ended"})
RATES: tuple[Figure, ...] = tuple(one for one in FIGURES.values() if one.is_rate)

SWITCH_LABELS: Mapping[str, Promise] = {
    "discounts_in_mrr": _("Discounts in MRR"),
    "churn_day": _("Day of churn"),
    "past_due_counts_for_days": _("Past due counts, days"),
    "unpaid_counts": _("Unpaid counts"),
    "reactivation_as_new": _("Returns count as new"),
    "reactivation_in_quick_ratio": _("Returns in the quick ratio"),
    "classified_by": _("Classified by"),
    "product_switch_is_net": _("Product switches are net"),
    "gift_months": _("Gift months"),
    "odd_term": _("Odd terms"),
    "odd_end": _("An end that nobody agreed on"),
    "grace_days": _("Grace, days"),
    "pause_is_churn_after_days": _("Longest pause, days"),
    "customer_churn_over": _("Churn is divided by"),
}

CHOICES: Mapping[str, Promise] = {
    "every": _("every one"),
    "forever": _("those without an end"),
    "none": _("none"),
    "end_of_period": _("end of the paid period"),
    "cancellation": _("day of notice"),
    "inside": _("inside the term"),
    "outside": _("outside the term"),
    "days_365": _("by 365 days"),
    "snapped_years": _("by years of 365.25 days"),
    "stopped": _("an open-ended line was stopped"),
    "due": _("a term comes due"),
    "customer": _("customer"),
    "product": _("product"),
    "contract": _("contract"),
    "start": _("customers at the start"),
    "start_and_new": _("customers at the start and new ones"),
    "True": _("yes"),
    "False": _("no"),
    "None": _("without limit"),
}

CHANGE_TAGS: Mapping[str, Promise] = {
    "cross_sell": _("another product"),
    "ramp": _("agreed when the contract was signed"),
    "coterm": _("added until the running term ends"),
    "product_switch": _("one product for another"),
}
