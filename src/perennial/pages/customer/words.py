"""How the customer file says values: by unit, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_lazy

from perennial.blueprint import queries as blueprint
from perennial.contracts.terms import NODE_LABELS
from perennial.customers.catalogue import FIELDS, Unit
from perennial.engagement.terms import Channel
from perennial.lifecycle.terms import STAGE_LABELS
from perennial.pages import tags
from perennial.playbooks.terms import Reason
from perennial.renewals.terms import NEED_LABELS

RUNGS = (
    gettext_lazy("Stranger"), gettext_lazy("Knows you"), gettext_lazy("Understands you"),
    gettext_lazy("Recognises you"), gettext_lazy("Willing to help"),
)  # fmt: skip
BANDS = {
    "green": gettext_lazy("Green"), "yellow": gettext_lazy("Yellow"), "red": gettext_lazy("Red"),
    "grey": gettext_lazy("Unknown"),
}  # fmt: skip
CONFIDENCES = {
    "high": gettext_lazy("high confidence"), "medium": gettext_lazy("medium confidence"),
    "low": gettext_lazy("low confidence"), "grey": gettext_lazy("too little is known"),
}  # fmt: skip
MEANS_OF = {
    "segment": gettext_lazy("mean of the customers of the same tier"),
    "fleet": gettext_lazy("mean of all customers, for too few of the same tier are known"),
    "nobody": gettext_lazy("the middle, for it is known of nobody"),
}
"""Whose mean a measure is held against (a scorecard's segments are the tiers)."""
PRIORITIES = {
    "low": gettext_lazy("Low"), "normal": gettext_lazy("Normal"), "high": gettext_lazy("High"),
    "urgent": gettext_lazy("Urgent"),
}  # fmt: skip
SOURCES = {
    "customers": gettext_lazy("From: customer records"), "lifecycle": gettext_lazy("From: contracts and first value"),
    "health": gettext_lazy("From: health score"), "contracts": gettext_lazy("From: contracts"),
    "renewals": gettext_lazy("From: contracts"), "usage": gettext_lazy("From: usage"),
    "support": gettext_lazy("From: tickets"), "engagement": gettext_lazy("From: touchpoints"),
    "playbooks": gettext_lazy("From: tasks"), "calls": gettext_lazy("From: calls on renewals"),
    "voice": gettext_lazy("From: survey answers"),
}  # fmt: skip


def written(value: Any, unit: Unit, currency: str, *, key: str = "") -> str:
    """Write a value by its unit; a dash for unknown, a choice by its word."""
    if value is None or value == "":
        return tags.UNKNOWN
    match unit:
        case Unit.MONEY:
            return tags.exact_money(value, currency)
        case Unit.RATIO:
            return tags.percent(value)
        case Unit.DAY:
            return tags.day(value)
        case Unit.POINTS | Unit.NUMBER | Unit.DAYS:
            whole = unit is not Unit.POINTS and float(value).is_integer()
            return tags.number(Decimal(str(value)), 0 if whole else 1)
        case Unit.FLAG:
            return gettext("Yes") if value else gettext("No")
        case Unit.TAGS:
            return gettext(", ").join(tag for tag in str(value).split("\n") if tag) or tags.UNKNOWN
    return choice(key, str(value))


def share_known(coverage: float) -> str:
    """Write a coverage in whole percent, rounded down: 39.9 % is not the 40 % that a colour needs."""
    return tags.percent(Fraction(int(round(coverage * 10**6) // 10**4), 100))


def choice(key: str, value: str) -> str:
    """Return the word of a choice: a band, a stage, a tier; any other value as it is."""
    return str(labels().get(key, {}).get(value, value))


def labels() -> Mapping[str, Mapping[str, object]]:
    """Return the words of what the time line names: bands, stages, tiers, channels, priorities, scorecards."""
    language = get_language() or "en"
    return {
        "band": BANDS,
        "stage": {stage.value: label for stage, label in STAGE_LABELS.items()},
        "tier": {t.key: t.label.text(language) for preset in blueprint.tier_presets() for t in preset.tiers},
        "channel": dict(Channel.choices),
        "segment": {rule.key: rule.label.text(language) for rule in blueprint.stage_rules()},
        "priority": PRIORITIES,
        "waits_at": NODE_LABELS,
        "renewal_need": {need.value: label for need, label in NEED_LABELS.items()},
        "scorecard": {one.card.key: one.card.label.text(language) for one in blueprint.scorecards().rules},
        "is_live": {"yes": gettext("Yes"), "no": gettext("No")},
    }


def reason(found: Reason, currency: str) -> tuple[str, str]:
    """Return why a rule found the customer, and the next step that it proposes."""
    language = get_language() or "en"
    rule = next((one for one in blueprint.today_rules() if one.key == found.rule), None)
    if rule is None:
        return found.rule, ""
    # A rule that was changed speaks of its new fields only when the day is planned anew.
    values = dict.fromkeys(rule.fields, "–") | {k: _value(k, v, currency) for k, v in found.values.items()}
    return rule.reason.text(language).format_map(values), rule.next_step.text(language)


def _value(key: str, value: Any, currency: str) -> str:
    field = FIELDS.get(key)
    if field is None:  # a metric of one's own that is defined no more
        return "–"
    if field.unit is Unit.DAY and isinstance(value, str):
        value = date.fromisoformat(value)
    return written(value, field.unit, currency, key=key)


AMENDMENTS: Mapping[str, Promise] = {
    "terms": gettext_lazy("Quantity or price changed"),
    "end": gettext_lazy("End moved"),
    "pause": gettext_lazy("Paused"),
    "resume": gettext_lazy("Resumed"),
    "cancel": gettext_lazy("Cancelled"),
    "correct": gettext_lazy("Corrected"),
    "ramp": gettext_lazy("Steps agreed in advance"),
    "paper": gettext_lazy("Number, framework, reseller or day changed"),
    "line_added": gettext_lazy("Line added"),
    "contract_added": gettext_lazy("Contract added"),
    "undone": gettext_lazy("A change was taken back"),
}
"""What was done to a contract by hand, by the word that its entry in the journal has (contracts/amending.py)."""
