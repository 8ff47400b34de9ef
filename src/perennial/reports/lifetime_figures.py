"""The figures of lifetime value in words, so that each opens to the same text on the page, in files and in the API."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from perennial.insights.terms import Model, Stage, Verdict
from perennial.reports.revenue_figures import Figure

FIGURES: Mapping[str, Figure] = {
    one.key: one
    for one in (
        Figure(
            "worth",
            _("Lifetime value"),
            _(
                "What a customer leaves over the years that it stays, today's worth of later years being less. An "
                "estimate: the interval says how far chance alone may put how long customers stay; revenue and gross "
                "margin are taken as they are. “At least”: too little is known for a curve, so only the years that "
                "were observed count."
            ),
            _("Σ S(t) × revenue per customer and year × gross margin ÷ (1 + discount rate)^t, t = 0, 1, …"),
        ),
        Figure(
            "years",
            _("Discounted years"),
            _("How many years a new customer stays on average within the horizon, later years counting less."),
            _("Σ S(t) ÷ (1 + discount rate)^t, t = 0, 1, …"),
        ),
        Figure(
            "revenue",
            _("Revenue per customer and year"),
            _("What the customers who pay on the day pay a year on average, without tax."),
            _("12 × MRR ÷ customers with MRR above zero"),
        ),
        Figure(
            "cost",
            _("CAC"),
            _(
                "What winning one customer cost: sales and marketing spend of twelve months, over the customers who "
                "paid for the first time a sales cycle later. Only months whose spend is known count, on both sides; "
                "who came back was not won anew."
            ),
            _("spend ÷ customers won by it"),
        ),
        Figure(
            "payback",
            _("CAC payback"),
            _("In how many months a customer's gross profit repays what winning it cost."),
            _("CAC ÷ (revenue per customer and month × gross margin)"),
        ),
        Figure(
            "ratio",
            _("LTV : CAC"),
            _(
                "How many times a customer repays what winning it cost. Over three is the usual test; it counts as "
                "certain once the lower end of the 80% interval is over three as well."
            ),
            _("lifetime value ÷ CAC"),
        ),
        Figure(
            "stay",
            _("Who stays"),
            _(
                "The share of customers who still pay at each anniversary of their first paid day. A departure counts "
                "after 30 days without pay, a pause does not, and who came back later had left."
            ),
            _("sBG and BdW: S(t) = B(α, β + t^c) ÷ B(α, β); c = 1 for sBG"),
        ),
    )
}

MODELS: Mapping[Model | None, Promise] = {
    Model.SBG: _("sBG: every customer has its own chance to leave, the same each year"),
    Model.BDW: _("BdW: every customer has its own chance to leave, and it changes with age"),
    None: _("as observed (Kaplan-Meier), nothing extrapolated"),
}

STAGES: Mapping[Stage, tuple[Promise, Promise]] = {
    Stage.SEARCHING: (
        _("Finding product/market fit"),
        _("One head early, generalists, fires put out by hand. Later renewals do not lose clearly less yet."),
    ),
    Stage.PMF: (
        _("Finding a model that repeats"),
        _("Who stays, stays. What is left to show is that winning customers pays, for certain."),
    ),
    Stage.REPEATABLE: (
        _("A model that repeats"),
        _("Winning customers pays, for certain. Four such quarters with a steady GRR, and it is time to grow."),
    ),
    Stage.SCALE: (_("Ready to grow"), _("Four quarters long a customer repaid what it cost, and GRR was steady.")),
}

CHECKS: Mapping[str, Promise] = {
    "logos": _("Customers with a first renewal behind them"),
    "flattens": _("The last two renewals lose at most half of what the first one does"),
    "ratio": _("LTV over 3 × CAC, also at the lower end of its 80% interval"),
    "payback": _("CAC paid back within 12 months"),
    "quarters": _("Quarters in a row in which both held"),
    "steady": _("GRR at four quarter ends lies close together"),
}

VERDICTS: Mapping[Verdict, Promise] = {
    Verdict.PASSED: pgettext_lazy("a test", "passed"),
    Verdict.NOT_YET_CERTAIN: _("passes point estimate, not yet certain"),
    Verdict.FAILED: pgettext_lazy("a test", "not passed"),
    Verdict.UNKNOWN: pgettext_lazy("a test", "not known"),
}
TONES: Mapping[Verdict, str] = {Verdict.PASSED: "good", Verdict.NOT_YET_CERTAIN: "watch", Verdict.FAILED: "bad"}
SHARES = frozenset({"flattens", "steady"})
"""The tests whose value is a share."""
