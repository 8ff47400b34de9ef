"""The words of fixed choices, as pages show them and exports write them."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import get_language, gettext

from perennial.blueprint import queries as blueprint
from perennial.contracts.terms import NODE_LABELS
from perennial.lifecycle.terms import STAGE_LABELS
from perennial.renewals.terms import NEED_LABELS

Words = Mapping[str, Mapping[str, str]]


def choice_words(currency: str) -> Words:
    """Return the words of fixed choices in the active language, by field and value. No query."""
    language = get_language() or "en"
    presets = [preset for preset in blueprint.tier_presets() if preset.currency == currency]
    return {
        "band": {
            "green": gettext("Green"),
            "yellow": gettext("Yellow"),
            "red": gettext("Red"),
            "grey": gettext("Unknown"),
        },
        "stage": {str(stage): str(label) for stage, label in STAGE_LABELS.items()},
        "tier": {tier.key: tier.label.text(language) for preset in presets for tier in preset.tiers},
        "waits_at": {code: str(label) for code, label in NODE_LABELS.items()},
        "renewal_need": {str(need): str(label) for need, label in NEED_LABELS.items()},
        "is_live": {"yes": gettext("Yes"), "no": gettext("No")},
    }
