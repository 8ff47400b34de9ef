"""Reading how renewals are worked for: checkpoints by segment, plans by way of buying."""

from __future__ import annotations

from itertools import pairwise

from perennial.blueprint.calculations.node import Node, refuse_doubles
from perennial.blueprint.renewal_terms import APPROVALS, PlannedStep, Purchase, RenewalRules, SegmentRenewal
from perennial.blueprint.terms import gettext_noop

MOST_DAYS = 730
MOST_KEY = 30


def parse_renewals(node: Node) -> RenewalRules:
    """Read checkpoints and plans; the first segment is the default.

    :raises BlueprintError: a key twice, a segment that buys in a way that is not there, checkpoints or steps out of
        order, an approval that does not exist.
    """
    node.only("segments", "purchases")
    purchases = tuple(_purchase(item) for item in node.at("purchases").items())
    refuse_doubles(node.at("purchases"), tuple(one.key for one in purchases))
    segments = tuple(_segment(item, {one.key for one in purchases}) for item in node.at("segments").items())
    refuse_doubles(node.at("segments"), tuple(one.key for one in segments))
    return RenewalRules(segments, purchases)


def _segment(node: Node, purchases: set[str]) -> SegmentRenewal:
    node.only("key", "label", "first_days", "last_days", "purchase")
    first, last = _days(node.at("first_days"), 2), _days(node.at("last_days"), 1)
    if last >= first:
        raise node.at("last_days").fail(gettext_noop("the last checkpoint has fewer days than the first"))
    purchase = node.at("purchase")
    if purchase.text() not in purchases:
        raise purchase.fail(gettext_noop("there is no such way of buying: %(key)s"), key=repr(purchase.text()))
    return SegmentRenewal(node.at("key").text(), node.at("label").label(), first, last, purchase.text())


def _purchase(node: Node) -> Purchase:
    node.only("key", "label", "steps")
    steps = tuple(_step(item) for item in node.at("steps").items())
    refuse_doubles(node.at("steps"), tuple(one.key for one in steps))
    if any(later.days > earlier.days for earlier, later in pairwise(steps)):
        raise node.at("steps").fail(gettext_noop("the earliest step first: days only become fewer"))
    return Purchase(node.at("key").short(MOST_KEY), node.at("label").label(), steps)


def _step(node: Node) -> PlannedStep:
    node.only("key", "label", "days", "node")
    approval = node.at("node").text() if node.at("node").given else ""
    if approval and approval not in APPROVALS:
        raise node.at("node").fail(gettext_noop("%(value)s is none of %(allowed)s"), value=repr(approval),
                                   allowed=", ".join(APPROVALS))  # fmt: skip
    return PlannedStep(node.at("key").short(MOST_KEY), node.at("label").label(), _days(node.at("days"), 0), approval)


def _days(node: Node, least: int) -> int:
    days = node.whole(least)
    if days > MOST_DAYS:
        raise node.fail(gettext_noop("a number from %(least)s to %(most)s is wanted"), least=least, most=MOST_DAYS)
    return days
