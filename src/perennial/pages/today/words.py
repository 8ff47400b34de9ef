"""What Today says beside the blueprint's own words: what comes of it if nothing is done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_lazy

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import TodayRule
from perennial.pages import tags
from perennial.playbooks.terms import EVERY_REASON, Whose

WHOSE: Mapping[Whose, Promise] = {
    Whose.MINE: gettext_lazy("Mine"),
    Whose.TEAM: gettext_lazy("My team"),
    Whose.ALL: gettext_lazy("Everyone"),
}
SNOOZES = (
    ("tomorrow", gettext_lazy("Until tomorrow")), ("days", gettext_lazy("For 3 days")),
    ("week", gettext_lazy("Until next Monday")),
)  # fmt: skip
# Where money and a day are at stake the sentence names them (`_ending`); these say it of the others.
_ELSE: Mapping[str, Promise] = {
    "payment_overdue": gettext_lazy("After 60 days overdue the health band is capped at yellow."),
    "approval_stuck": gettext_lazy("What nobody asks after stays where it lies."),
    "champion_left": gettext_lazy("Nobody inside speaks for you when the renewal is decided."),
    "band_fell": gettext_lazy("The cause goes on working until the renewal."),
    "health_red": gettext_lazy("The cause goes on working until the renewal."),
    "ticket_overdue": gettext_lazy("The customer waits without knowing until when."),
    "onboarding_overdue": gettext_lazy("A customer without first value has no reason to renew."),
    "usage_alert": gettext_lazy("What is no longer used is not renewed."),
    "champion_silent": gettext_lazy("Nobody inside speaks for you when the renewal is decided."),
    "users_silent": gettext_lazy("What is no longer used is not renewed."),
    "task_due": gettext_lazy("A promise is broken."),
    "checkpoint_due": gettext_lazy("Whoever waits and sees hears of the decision when it is made."),
    "silent_too_long": gettext_lazy("You hear of the next decision when it is made."),
    "seat_limit_reached": gettext_lazy("People who need the product cannot get in."),
}


def rule_of(key: str) -> TodayRule | None:
    """Return a rule of Today by its key, None where it is no longer in the blueprint."""
    return next((rule for rule in blueprint.today_rules() if rule.key == key), None)


def label_of(rule: TodayRule) -> str:
    """Return a rule's name in the reader's language."""
    return rule.label.text(get_language() or "en")


def name_of(key: str) -> str:
    """Return the name of a rule by its key: "" is every reason, one that is no longer in the blueprint its key."""
    if key == EVERY_REASON:
        return gettext("Everything about this customer")
    rule = rule_of(key)
    return label_of(rule) if rule else key


def otherwise(rule: str, row: Any, *, with_money: bool) -> str:
    """Return what comes of it if nothing is done, "" where nothing can be said."""
    if rule in ("renewal_due", "renewal_ahead", "notice_due"):
        return _ending(rule, row, with_money=with_money)
    return str(_ELSE.get(rule, ""))


def _ending(rule: str, row: Any, *, with_money: bool) -> str:
    day = row.notice_on if rule == "notice_due" else row.next_renewal_on
    if rule == "renewal_due" and row.renewal_need_on is not None and row.renewal_need_on < (day or date.max):
        return gettext("The contract ended on %(day)s.") % {"day": tags.day(row.renewal_need_on)}
    amount = row.arr if rule == "notice_due" or not row.renewal_arr else row.renewal_arr
    if day is None:
        return ""
    values = {"day": tags.day(day), "amount": tags.exact_money(amount, row.currency) if amount else ""}
    if rule == "notice_due":
        return gettext("The customer may give notice until %(day)s.") % values
    if not amount or not with_money:
        return gettext("The contract ends on %(day)s.") % values
    return gettext("%(amount)s a year ends on %(day)s.") % values
