"""The tier of a customer and the rhythm of contact that it calls for (M5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction

from perennial.blueprint.terms import Tier, TierPreset


def tier_of(acv_minor: int | Fraction | None, currency: str, presets: Iterable[TierPreset]) -> Tier | None:
    """Return the tier by annual contract value in minor units of a currency.

    Only the preset of that very currency counts, for presets are never blended: None without one, and where the ACV is
    unknown. A negative ACV (red lines) is in the lowest tier.
    """
    preset = next((preset for preset in presets if preset.currency == currency), None)
    if acv_minor is None or preset is None:
        return None
    return next((tier for tier in preset.tiers if acv_minor >= tier.from_minor), preset.tiers[-1])


def touch_due_on(last_touch_on: date | None, tier: Tier | None) -> date | None:
    """Return the day by which the next touch is due; None where no rhythm is due or no touch is known."""
    if last_touch_on is None or tier is None or tier.touch_every_days is None:
        return None
    return last_touch_on + timedelta(days=tier.touch_every_days)


def touch_ratio(last_touch_on: date | None, tier: Tier | None, as_of: date) -> Fraction | None:
    """Return the silence divided by the rhythm of the tier: 1 is due today, 2 is twice too long.

    None where no rhythm is due or no touch is known. A touch of tomorrow is a plan, not a touch: the silence is 0.
    """
    if last_touch_on is None or tier is None or tier.touch_every_days is None:
        return None
    return Fraction(max((as_of - last_touch_on).days, 0), tier.touch_every_days)
