"""Reading scorecards: their curves must run the way they say, and each but the last must say for whom it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from itertools import pairwise

from perennial.blueprint.calculations.node import Node, refuse_doubles
from perennial.blueprint.scorecard_terms import CardRule, Scorecards, card_fields_with
from perennial.blueprint.terms import (
    MEASURES,
    Band,
    Direction,
    Measure,
    MeasureGroup,
    MissingPolicy,
    Scorecard,
    TenureBands,
    Veto,
    fields_with,
    gettext_noop,
)
from perennial.kernel.conditions.terms import FieldType

MOST_CARDS = 20
_RULE = ("when", "priority")


def parse_scorecards(node: Node, own: AbstractSet[str] = frozenset()) -> Scorecards:
    """Read the part: one scorecard as it ships, or `scorecards`, a list of them, each with `when` it is asked for and
    its `priority`, the last without, for all others. `own`: the keys of metrics of one's own.

    :raises BlueprintError: what `parse_scorecard` refuses, a scorecard but the last without a rule, the last with one.
    """
    if "scorecards" not in node.mapping():
        return Scorecards((CardRule(parse_scorecard(node, own), None, 0, _digest(node)),), is_single=True)
    node.only("scorecards")
    listed = node.at("scorecards")
    items = listed.items()
    if len(items) > MOST_CARDS:
        raise listed.fail(gettext_noop("at most %(most)s scorecards are wanted"), most=MOST_CARDS)
    rules = [_rule(item, own, is_last=item is items[-1]) for item in items]
    refuse_doubles(listed, tuple(one.card.key for one in rules))
    ordered = (*sorted(rules[:-1], key=lambda one: -one.priority), rules[-1])
    return Scorecards(ordered, is_single=False, keys=tuple(one.card.key for one in rules))


def _rule(node: Node, own: AbstractSet[str], *, is_last: bool) -> CardRule:
    when, priority = node.at("when"), node.at("priority")
    if is_last and (when.given or priority.given):
        wrong = when if when.given else priority
        raise wrong.fail(gettext_noop("the last scorecard is for all others and has no rule"))
    if not is_last and not when.given:
        raise node.fail(gettext_noop("when is wanted: only the last scorecard is for all others"))
    return CardRule(
        card=parse_scorecard(node, own, besides=_RULE),
        when=when.tree(card_fields_with(own)) if when.given else None,
        priority=priority.whole() if priority.given else 0,
        digest=_digest(node),
    )


def _digest(node: Node) -> str:
    return hashlib.sha256(json.dumps(node.value, sort_keys=True, default=str).encode()).hexdigest()


def parse_scorecard(node: Node, own: AbstractSet[str] = frozenset(), *, besides: tuple[str, ...] = ()) -> Scorecard:
    """Read one scorecard; `own`: the keys of metrics of one's own, which may be measures and stand in vetoes like those
    that ship. `besides`: what else may stand beside it.

    :raises BlueprintError: a measure that there is not, a curve that is not monotone, a weight of zero, a threshold out
        of order, a double key.
    """
    node.only("key", "version", "label", "groups", "bands", "coverage", "smallest_segment", "vetoes", "tenure_bands",
              *besides)  # fmt: skip
    bands, coverage = node.at("bands"), node.at("coverage")
    bands.only("yellow_from", "green_from", "hysteresis")
    coverage.only("least", "medium", "high")
    card = Scorecard(
        key=node.at("key").short(60),
        version=node.at("version").whole(1),
        label=node.at("label").label(),
        groups=tuple(_group(item, MEASURES | own) for item in node.at("groups").items()),
        yellow_from=bands.at("yellow_from").number(),
        green_from=bands.at("green_from").number(),
        hysteresis=bands.at("hysteresis").number(),
        least_coverage=coverage.at("least").number(),
        medium_coverage=coverage.at("medium").number(),
        high_coverage=coverage.at("high").number(),
        smallest_segment=node.at("smallest_segment").whole(1),
        vetoes=tuple(_veto(item, fields_with(own)) for item in node.at("vetoes").items())
        if node.at("vetoes").given
        else (),
        tenure_bands=_tenure_bands(node.at("tenure_bands"), bands.at("hysteresis").number()),
    )
    refuse_doubles(node.at("groups"), tuple(measure.key for measure in card.measures))
    if not 0 <= card.hysteresis <= card.yellow_from < card.green_from <= 100 - card.hysteresis:
        raise bands.fail(gettext_noop("0 <= hysteresis <= yellow_from < green_from <= 100 - hysteresis is wanted"))
    if not 0 <= card.least_coverage < card.medium_coverage < card.high_coverage <= 1:
        raise coverage.fail(gettext_noop("0 <= least < medium < high <= 1 is wanted"))
    return card


def _tenure_bands(node: Node, hysteresis: float) -> tuple[TenureBands, ...]:
    """Read the thresholds of new customers, the shortest tenure first; none where nothing is said."""
    found: list[TenureBands] = []
    for item in node.items() if node.given else ():
        item.only("until_days", "yellow_from", "green_from")
        least = found[-1].until_days + 1 if found else 1
        one = TenureBands(
            item.at("until_days").whole(least), item.at("yellow_from").number(), item.at("green_from").number()
        )
        if not hysteresis <= one.yellow_from < one.green_from <= 100 - hysteresis:
            raise item.fail(gettext_noop("0 <= hysteresis <= yellow_from < green_from <= 100 - hysteresis is wanted"))
        found.append(one)
    return tuple(found)


def _group(node: Node, known: AbstractSet[str]) -> MeasureGroup:
    node.only("key", "label", "weight", "measures")
    return MeasureGroup(
        key=node.at("key").text(),
        label=node.at("label").label(),
        weight=_weight(node.at("weight")),
        measures=tuple(_measure(item, known) for item in node.at("measures").items()),
    )


def _measure(node: Node, known: AbstractSet[str]) -> Measure:
    node.only("key", "label", "definition", "weight", "direction", "points", "fresh_days", "max_age_days", "missing")
    direction = node.at("direction").choice(Direction)
    if node.at("key").text() not in known:
        raise node.at("key").fail(gettext_noop("there is no measure %(key)s"), key=repr(node.at("key").text()))
    measure = Measure(
        key=node.at("key").text(),
        label=node.at("label").label(),
        definition=node.at("definition").label(),
        weight=_weight(node.at("weight")),
        direction=direction,
        points=_points(node.at("points"), direction),
        fresh_days=node.at("fresh_days").whole(),
        max_age_days=node.at("max_age_days").whole(1),
        missing=node.at("missing").choice(MissingPolicy),
    )
    if measure.fresh_days >= measure.max_age_days:
        raise node.at("max_age_days").fail(gettext_noop("more than fresh_days is wanted"))
    return measure


def _weight(node: Node) -> float:
    weight = node.number()
    if weight <= 0:
        raise node.fail(gettext_noop("a weight above 0 is wanted"))
    return weight


def _points(node: Node, direction: Direction) -> tuple[tuple[float, float], ...]:
    points = tuple(_point(item) for item in node.items())
    if len(points) < 2:
        raise node.fail(gettext_noop("two points or more are wanted"))
    for place, ((x0, z0), (x1, z1)) in enumerate(pairwise(points), start=1):
        at = node.items()[place]
        if x1 <= x0:
            raise at.fail(gettext_noop("x must grow from point to point"))
        if (direction is Direction.UP and z1 < z0) or (direction is Direction.DOWN and z1 > z0):
            raise at.fail(gettext_noop("a curve that runs %(direction)s may not turn"), direction=direction)
    return points


def _point(node: Node) -> tuple[float, float]:
    pair = node.items()
    if len(pair) != 2:
        raise node.fail(gettext_noop("a point is [x, z]"))
    x, z = pair[0].number(), pair[1].number()
    if not 0 <= z <= 100:
        raise node.fail(gettext_noop("z is from 0 to 100"))
    return x, z


def _veto(node: Node, fields: Mapping[str, FieldType]) -> Veto:
    node.only("key", "label", "when", "cap")
    cap = node.at("cap").choice(Band)
    if cap not in (Band.RED, Band.YELLOW):
        raise node.at("cap").fail(gettext_noop("a veto caps at red or yellow"))
    return Veto(
        key=node.at("key").text(),
        label=node.at("label").label(),
        when=node.at("when").tree(fields),
        cap=cap,
    )
