"""Reading tiers and stages."""

from __future__ import annotations

from itertools import pairwise

from perennial.blueprint.calculations.node import Node, refuse_doubles
from perennial.blueprint.terms import Clock, StageRule, Tier, TierPreset, gettext_noop
from perennial.kernel.money import MoneyError, minor_per_major


def parse_tiers(node: Node) -> tuple[TierPreset, ...]:
    """Read the tier presets, one for each currency.

    :raises BlueprintError: tiers out of order, a lowest tier that does not begin at 0, a key that stands twice.
    """
    node.only("presets")
    presets = tuple(_preset(item) for item in node.at("presets").items())
    refuse_doubles(node.at("presets"), tuple(preset.currency for preset in presets))
    refuse_doubles(node.at("presets"), tuple(tier.key for preset in presets for tier in preset.tiers))
    return presets


def _preset(node: Node) -> TierPreset:
    node.only("key", "label", "currency", "tiers")
    unit = _minor_per_major(node.at("currency"))
    tiers = tuple(_tier(item, unit) for item in node.at("tiers").items())
    if tiers[-1].from_minor != 0 or any(high.from_minor <= low.from_minor for high, low in pairwise(tiers)):
        raise node.at("tiers").fail(gettext_noop("the highest first, the lowest from 0"))
    return TierPreset(node.at("key").text(), node.at("label").label(), node.at("currency").text(), tiers)


def _minor_per_major(node: Node) -> int:
    try:
        return minor_per_major(node.text())
    except MoneyError as error:
        raise node.fail(str(error)) from error


def _tier(node: Node, unit: int) -> Tier:
    node.only(
        "key",
        "label",
        "from",
        "touch_every_days",
        "executive_every_days",
        "visits_per_year",
        "accounts_per_csm",
        "model",
    )
    return Tier(
        key=node.at("key").short(20),
        label=node.at("label").label(),
        from_minor=node.at("from").whole() * unit,
        touch_every_days=node.at("touch_every_days").whole_or_none(1),
        executive_every_days=node.at("executive_every_days").whole_or_none(1),
        visits_per_year=node.at("visits_per_year").whole(),
        accounts_per_csm=node.at("accounts_per_csm").whole_or_none(1),
        model=node.at("model").label(),
    )


def parse_stages(node: Node) -> tuple[StageRule, ...]:
    """Read the stage rules, one for each segment; the first is the default.

    :raises BlueprintError: an unknown clock, a segment twice.
    """
    node.only("segments")
    rules = tuple(_stage(item) for item in node.at("segments").items())
    refuse_doubles(node.at("segments"), tuple(rule.key for rule in rules))
    return rules


def _stage(node: Node) -> StageRule:
    node.only("key", "label", "clock", "onboarding_days", "renewal_days", "grace_days", "shortest_renewal_months")
    return StageRule(
        key=node.at("key").text(),
        label=node.at("label").label(),
        clock=node.at("clock").choice(Clock),
        onboarding_days=node.at("onboarding_days").whole(1),
        renewal_days=node.at("renewal_days").whole(1),
        grace_days=node.at("grace_days").whole_or_none(),
        shortest_renewal_months=node.at("shortest_renewal_months").whole(1),
    )
