"""Tiers by ACV, and the silence that each allows."""

from datetime import date
from fractions import Fraction

import pytest

from perennial.blueprint import queries
from perennial.lifecycle.calculations.tiers import tier_of, touch_due_on, touch_ratio

PRESETS = queries.tier_presets()
CNY, USD = PRESETS


@pytest.mark.parametrize(
    ("acv_minor", "currency", "tier"),
    [
        (50_000_000, "CNY", "cny_500k"),
        (49_999_999, "CNY", "cny_100k"),
        (Fraction(99_999_999, 2), "CNY", "cny_100k"),
        (3_000_000, "CNY", "cny_30k"),
        (0, "CNY", "cny_0"),
        (-1, "CNY", "cny_0"),
        (10_000_000, "USD", "usd_100k"),
        (500_000, "USD", "usd_5k"),
    ],
)
def test_the_tier_follows_the_acv_in_its_own_currency(acv_minor: int | Fraction, currency: str, tier: str) -> None:
    found = tier_of(acv_minor, currency, PRESETS)
    assert found is not None
    assert found.key == tier


def test_without_an_acv_or_a_preset_of_the_currency_there_is_no_tier() -> None:
    assert tier_of(None, "CNY", PRESETS) is None
    assert tier_of(10_000_000, "EUR", PRESETS) is None
    assert tier_of(10_000_000, "USD", [CNY]) is None


def test_the_silence_is_measured_by_the_rhythm_of_the_tier() -> None:
    top, last = USD.tiers[0], date(2026, 3, 1)
    assert touch_due_on(last, top) == date(2026, 3, 15)
    assert touch_ratio(last, top, date(2026, 3, 15)) == 1
    assert touch_ratio(last, top, date(2026, 3, 22)) == Fraction(3, 2)
    assert touch_ratio(last, top, date(2026, 2, 1)) == 0


def test_no_rhythm_and_no_known_touch_are_no_silence() -> None:
    reactive, top, last = USD.tiers[-1], USD.tiers[0], date(2026, 3, 1)
    assert (touch_due_on(last, reactive), touch_ratio(last, reactive, last)) == (None, None)
    assert (touch_due_on(None, top), touch_ratio(None, top, last)) == (None, None)
    assert touch_due_on(last, None) is None
