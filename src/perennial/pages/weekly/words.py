"""What the meeting's figures are called and mean."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from perennial.contracts.terms import MovementKind, node_name
from perennial.renewals.terms import Outcome
from perennial.reports.weekly.terms import Figure, Item
from perennial.team.terms import TargetKind

KINDS: Mapping[TargetKind, Promise] = {
    TargetKind.RENEWALS: _("Renewals"),
    TargetKind.COLLECTIONS: _("Collections"),
    TargetKind.EXPANSION: _("Expansion"),
}
DONE: Mapping[TargetKind, Promise] = {
    TargetKind.RENEWALS: _("New value"),
    TargetKind.COLLECTIONS: _("Received"),
    TargetKind.EXPANSION: _("Won"),
}
LABELS: Mapping[Figure, Promise] = {
    Figure.TARGET: _("Target"),
    Figure.DUE: _("Due"),
    Figure.RENEWED: _("Renewed"),
    Figure.LOST: _("Lost"),
    Figure.OPEN: pgettext_lazy("renewals", "Still open"),
    Figure.UPLIFT: _("Uplift"),
    Figure.WAITING: _("In process"),
    Figure.OWED: _("Invoiced, not received"),
    Figure.GAP: _("Gap"),
    Figure.LAST_YEAR: _("Last year"),
}
DONE_MEANS: Mapping[TargetKind, Promise] = {
    TargetKind.RENEWALS: _(
        "ARR of what followed the terms that end in the period, whenever it was signed, also beyond what was due."
    ),
    TargetKind.COLLECTIONS: _(
        "Money received in the period. It counts for the customer that uses, whoever pays; red invoices lower it."
    ),
    TargetKind.EXPANSION: _(
        "ARR won in the period by expansion and price rises. A ramp agreed at signing and new customers do not count."
    ),
}
MEANS: Mapping[Figure, Promise] = {
    Figure.TARGET: _(
        "What was set for exactly these days, or the sum of the shorter periods that make them up. A year's target is"
        " never split. A team without a target of its own shows what its members have."
    ),
    Figure.DUE: _(
        "ARR of the terms that end in the period. A term comes due where its end was agreed beforehand: six months or"
        " more, and after whole months (by the month: calendar months or quarters), priced as a whole, or followed"
        " by its renewal; what was added meanwhile ends with it. Open-ended and monthly lines never come due, nor does"
        " a line that was stopped: what they lose is churn and contraction on the Revenue page."
    ),
    Figure.RENEWED: _("Of what was due: ARR of the terms that something follows, at the value that was due."),
    Figure.UPLIFT: _("What the renewals are worth a year more than was due; below zero where they shrank."),
    Figure.OPEN: _(
        "ARR of the terms due that nothing follows yet and that nobody gave up, within the days that late paper has."
    ),
    Figure.LOST: _(
        "ARR of the terms due that were given up, or that nothing followed within the days that late paper has."
    ),
    Figure.WAITING: _(
        "Receivables due by the end of the period, not yet invoiced, that wait at an approval node: how many at each,"
        " and the longest wait in days."
    ),
    Figure.OWED: _("Receivables due by the end of the period that were invoiced and not fully received."),
    Figure.GAP: _("Target less what is done. Below zero, the target is passed."),
    Figure.LAST_YEAR: _(
        "The same for last year's same days, and the change against it. A customer counts for its present owner."
    ),
}
SUMS: Mapping[Figure, Promise] = {
    Figure.DUE: _("renewed + lost + still open"),
    Figure.UPLIFT: _("new value − renewed"),
}
DONE_SUM = _("renewed + uplift")
GAPS: Mapping[TargetKind, Promise] = {
    TargetKind.RENEWALS: _("target − new value"),
    TargetKind.COLLECTIONS: _("target − received"),
    TargetKind.EXPANSION: _("target − won"),
}
VERSIONS: Mapping[TargetKind, int] = {TargetKind.RENEWALS: 2, TargetKind.COLLECTIONS: 1, TargetKind.EXPANSION: 1}
"""Renewals are at their second definition: at first any end after six months was a term."""
OUTCOMES: Mapping[str, Promise] = {
    Outcome.EARLY: _("renewed early"),
    Outcome.ON_TIME: _("renewed on time"),
    Outcome.LATE: _("renewed late"),
    Outcome.OPEN: _("still open"),
    Outcome.LOST: _("lost"),
    MovementKind.EXPANSION: _("Expansion"),
    MovementKind.PRICE_UP: _("Price up"),
}


def label_of(figure: Figure, kind: TargetKind) -> str:
    """Return what a figure is called in a kind's table."""
    return str(DONE[kind] if figure is Figure.DONE else LABELS[figure])


def meaning_of(figure: Figure, kind: TargetKind) -> str:
    """Return what a figure means in a kind's table."""
    return str(DONE_MEANS[kind] if figure is Figure.DONE else MEANS[figure])


def formula_of(figure: Figure, kind: TargetKind) -> str:
    """Return what a figure is the sum of, "" where it is no sum."""
    if figure is Figure.GAP:
        return str(GAPS[kind])
    if figure is Figure.DONE and kind is TargetKind.RENEWALS:
        return str(DONE_SUM)
    return str(SUMS.get(figure, ""))


def what_of(item: Item) -> str:
    """Return what an item is in a word: an outcome, a kind of movement, the node at which it waits, or nothing."""
    return str(OUTCOMES[item.what]) if item.what in OUTCOMES else node_name(item.what)
