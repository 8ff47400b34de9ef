"""Reading the assumptions behind lifetime value."""

from __future__ import annotations

from perennial.blueprint.calculations.node import Node, refuse_doubles
from perennial.blueprint.lifetime_terms import LifetimeRules
from perennial.blueprint.terms import gettext_noop

MOST_YEARS = 10
MOST_CYCLE = 24


def parse_lifetime(node: Node) -> LifetimeRules:
    """Read the assumptions.

    :raises BlueprintError: one is missing, of another kind, or out of its range.
    """
    node.only("gross_margin", "discount_rate", "horizon_years", "sales_cycle_months", "channel_fields", "steady_grr")
    fields = node.at("channel_fields").texts() if node.at("channel_fields").value != [] else ()
    refuse_doubles(node.at("channel_fields"), fields)
    margin = _between(node.at("gross_margin"), 0, 1)
    if not margin:
        raise node.at("gross_margin").fail(gettext_noop("a number above 0 and up to 1 is wanted, such as 0.8"))
    return LifetimeRules(
        gross_margin=margin,
        discount_rate=_between(node.at("discount_rate"), 0, 1),
        horizon_years=_at_most(node.at("horizon_years"), 1, MOST_YEARS),
        sales_cycle_months=_at_most(node.at("sales_cycle_months"), 0, MOST_CYCLE),
        channel_fields=fields,
        steady_grr=_between(node.at("steady_grr"), 0, 1),
    )


def _between(node: Node, least: float, most: float) -> float:
    number = node.number()
    if not least <= number <= most:
        raise node.fail(gettext_noop("a number from %(least)s to %(most)s is wanted"), least=least, most=most)
    return number


def _at_most(node: Node, least: int, most: int) -> int:
    number = node.whole(least)
    if number > most:
        raise node.fail(gettext_noop("a number from %(least)s to %(most)s is wanted"), least=least, most=most)
    return number
