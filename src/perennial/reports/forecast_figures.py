"""The figures of the forecast in words, so that every number opens to the same text on the page and in the API."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from perennial.renewals.terms import Category, Outcome
from perennial.reports.revenue_figures import Figure

CATEGORIES: Mapping[Category, Promise] = {
    Category.COMMIT: pgettext_lazy("forecast", "Commit"),
    Category.BEST_CASE: pgettext_lazy("forecast", "Best case"),
    Category.AT_RISK: pgettext_lazy("forecast", "At risk"),
    Category.LOST: pgettext_lazy("forecast", "Lost"),
}
OUTCOMES: Mapping[Outcome, Promise] = {
    Outcome.EARLY: _("Renewed early"),
    Outcome.ON_TIME: _("Renewed on time"),
    Outcome.LATE: _("Renewed late"),
    Outcome.OPEN: _("Open"),
    Outcome.LOST: _("Lost"),
}
_SUM = _("due = renewed + lost + commit + best case + at risk + signed off")
_FAN = _("logit p + u, u = a + s·z for all contracts of one quarter; 4,000 draws")

FIGURES: Mapping[str, Figure] = {
    one.key: one
    for one in (
        Figure("due", _("Due"), _("ARR of the terms that end in the period, without tax, at the value that was due. "
                                  "The weekly meeting means the same terms."), _SUM),
        Figure("renewed", _("Renewed"), _("Of what was due, what has renewed already, at most its value due: what "
                                          "was added is expansion."), _SUM),
        Figure("lost", _("Lost"), _("Of what was due, what was cancelled, lowered at renewal, or not renewed by the "
                                    "end of the grace."), _SUM),
        Figure("commit", CATEGORIES[Category.COMMIT], _("Open terms with a probability of 90% or more and no open "
                                                        "veto of the health score, and those moved here."), _SUM),
        Figure("best_case", CATEGORIES[Category.BEST_CASE], _("Open terms with a probability of 70% to 90%, or more "
                                                              "with an open veto, and those moved here."), _SUM),
        Figure("at_risk", CATEGORIES[Category.AT_RISK], _("Open terms with a probability below 70%, and those moved "
                                                          "here."), _SUM),
        Figure("signed_off", _("Signed off"), _("Open terms that somebody counts as lost, with a reason."), _SUM),
        Figure("middle", _("Expected"), _("What will have renewed of what is due: in half of all cases more. A renewal "
                                          "counts with its whole value due."), _FAN),
        Figure("low", _("10%"), _("In nine of ten cases more than this will have renewed."), _FAN),
        Figure("high", _("90%"), _("In one of ten cases more than this will have renewed."), _FAN),
        Figure("count", _("Terms that renew"), _("If nothing systematic happens: how many terms renew if each fails by "
               "itself, independently of all others: the exact distribution. Quarters share their luck, so that the "
               "truth is wider."), _("Poisson-binomial, by convolution")),
        Figure("probability", _("Probability"), _("The base rate: how many terms of this kind renewed before. The "
               "kind is the segment, the years with us, and how near the due day it is while unsigned. Few terms "
               "borrow from other ages and segments."), _("(renewed + ½) ÷ (terms + 1); Jeffreys interval of 95%")),
    )
}  # fmt: skip
PARTS = ("due", "renewed", "lost", "commit", "best_case", "at_risk", "signed_off")
FANS = ("low", "middle", "high")
STANDS: Mapping[int, Promise] = {
    2: _("unsigned, more than 28 days left"),
    1: _("unsigned, 28 days left or fewer"),
    0: _("unsigned after the due day"),
}
