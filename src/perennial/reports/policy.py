"""The policy switches in force, in words: each page that a switch touches shows it with its present choice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields

from django.utils.functional import Promise

from perennial.contracts.terms import SWITCH_MEANINGS, PolicySwitches
from perennial.reports.revenue_figures import CHOICES, SWITCH_LABELS

OF_RENEWALS = frozenset({"odd_end", "odd_term", "gift_months", "discounts_in_mrr", "grace_days"})
OF_EXPANSION = frozenset({"classified_by", "product_switch_is_net", "discounts_in_mrr", "gift_months", "odd_term"})
OF_REVENUE = frozenset(one.name for one in fields(PolicySwitches))


@dataclass(frozen=True)
class Setting:
    """A policy switch in force: what it is called, what it means, and its value in words or days."""

    label: Promise
    meaning: Promise
    value: Promise | int
    is_default: bool


def settings(switches: PolicySwitches, only: Collection[str]) -> list[Setting]:
    """Return the switches of these names as they are set, each with its meaning. No query."""
    found = []
    for one in fields(PolicySwitches):
        if one.name in only:
            value = getattr(switches, one.name)
            said = CHOICES.get(str(value), value)
            found.append(Setting(SWITCH_LABELS[one.name], SWITCH_MEANINGS[one.name], said, value == one.default))
    return found
