"""Reading the metrics that an administrator defines: the same algebra as the shipped ones, held to what cannot hurt.

A mistake is named where it stands. The limits keep a definition from stopping the daily run: with so few and so bounded
numbers no product leaves the range of a DOUBLE.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from perennial.blueprint.calculations.metrics import event_predicates
from perennial.blueprint.calculations.node import Node, refuse_doubles
from perennial.blueprint.terms import (
    MEASURES,
    PORTFOLIO_FIELDS,
    Better,
    EventKinds,
    MetricDefinition,
    MetricUnit,
    gettext_noop,
)
from perennial.lake.algebra import OF, TRENDS, WINDOWLESS, WORKING, Aggregate, BadDefinition, parse_metrics, predicate

MOST_METRICS, MOST_MEASURES, MOST_PARTS = 40, 8, 16
MOST_WINDOW, MOST_OFFSET = 366, 730
MOST_WHERE, MOST_EXPRESSION = 2000, 300
MOST_NUMBER = 10**9
ATTRIBUTES = ("seats", "champion_left", "features_bought")
"""What an expression may read of the customer besides its measures: the contracted seats of the day, whether (1, else
0) the contact called the champion left and nobody else is called so, and how many features the products have that
were bought then."""
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TAKEN = frozenset({"customer", "day", "from_day", "until_day", *ATTRIBUTES})
A_NAME = gettext_noop("a name of a-z, 0-9 and _ is wanted that begins with a letter, at most 40 characters")
IS_TAKEN = gettext_noop("the name %(name)s is taken")
NO_PREDICATE = gettext_noop(
    "core, login, error, or comparisons of %(columns)s with texts are wanted, joined by and, or, not"
)
NO_EXPRESSION = gettext_noop(
    "names of measures, numbers, + - * /, brackets, log1p, least, greatest, coalesce and case when are wanted"
)


def parse_own_metrics(node: Node, kinds: EventKinds) -> tuple[MetricDefinition, ...]:
    """Read the metrics, none being none; `core`, `login` and `error` are spelt out by these kinds of events.

    :raises BlueprintError: an unknown key, a name that is taken, a predicate or an expression outside the allow-list.
    """
    node.only("metrics")
    listed = node.at("metrics")
    if not listed.value:
        return ()
    items = listed.items()
    if len(items) > MOST_METRICS:
        raise listed.fail(gettext_noop("at most %(most)s metrics are wanted"), most=MOST_METRICS)
    metrics = tuple(_metric(item, kinds) for item in items)
    refuse_doubles(listed, tuple(metric.key for metric in metrics))
    return metrics


def _metric(node: Node, kinds: EventKinds) -> MetricDefinition:
    node.only("key", "label", "definition", "unit", "better", "measures", "expression")
    key = _name(node.at("key"))
    if key in MEASURES or key in PORTFOLIO_FIELDS:
        raise node.at("key").fail(IS_TAKEN, name=key)
    for words, most in (("label", 60), ("definition", 500)):
        for _language, part in node.at(words).pairs():
            part.short(most)
    measures = _measures(node.at("measures"), kinds)
    expression = node.at("expression").short(MOST_EXPRESSION) if node.at("expression").given else ""
    if not expression and len(measures) > 1:
        raise node.at("expression").fail(gettext_noop("several measures need an expression"))
    algebra: dict[str, object] = {"measures": measures}
    if expression:
        algebra["expression"] = expression
        _refuse_expression(node.at("expression"), key, expression, measures)
    return MetricDefinition(
        key=key,
        algebra=algebra,
        label=node.at("label").label(),
        definition=node.at("definition").label(),
        unit=node.at("unit").choice(MetricUnit),
        better=node.at("better").choice(Better) if node.at("better").given else Better.NONE,
    )


def _name(node: Node, text: str | None = None) -> str:
    name = node.text() if text is None else text
    if not _KEY.fullmatch(name):
        raise node.fail(A_NAME)
    if name in _TAKEN:
        raise node.fail(IS_TAKEN, name=name)
    return name


def _measures(node: Node, kinds: EventKinds) -> Mapping[str, Mapping[str, object]]:
    found = {_name(part, name): _measure(part, kinds) for name, part in node.pairs()}
    if not 1 <= len(found) <= MOST_MEASURES:
        raise node.fail(gettext_noop("1 to %(most)s measures are wanted"), most=MOST_MEASURES)
    return found


def _measure(node: Node, kinds: EventKinds) -> Mapping[str, object]:
    node.only("aggregate", "where", "of", "window", "offset", "days")
    aggregate = node.at("aggregate").choice(Aggregate)
    found: dict[str, object] = {"aggregate": aggregate.value}
    of, allowed = node.at("of"), OF.get(aggregate, ())
    if of.given and not allowed:
        text = gettext_noop("only distinct, largest, effective, adopted, trend, gap and silence are of something")
        raise of.fail(text)
    if allowed:
        if of.value not in allowed:
            raise of.fail(gettext_noop("one of %(allowed)s is wanted"), allowed=", ".join(allowed))
        found["of"] = of.text()
    if node.at("where").given:
        found["where"] = _where(node.at("where"), found.get("of"), kinds)
    for name, least, most in (("window", 1, MOST_WINDOW), ("offset", 0, MOST_OFFSET)):
        part = node.at(name)
        if not part.given:
            continue
        if aggregate in WINDOWLESS:
            raise part.fail(gettext_noop("days since the last event and a champion's silence have no window"))
        if part.whole(least) > most:
            raise part.fail(gettext_noop("at most %(most)s days are wanted"), most=most)
        found[name] = part.whole(least)
    if aggregate in TRENDS and (found.get("window"), found.get("offset", 0)) != (7, 0):
        raise node.at("window").fail(gettext_noop("a trend is one of weeks: 7 days, and none ago"))
    if node.at("days").given:
        if aggregate in {*WINDOWLESS, *TRENDS} or node.at("days").value != WORKING:
            raise node.at("days").fail(
                gettext_noop("working is wanted, for no trend, no champion's silence and no days since the last event")
            )
        found["days"] = WORKING
    if found.get("of") == "champion":
        found["admin"] = event_predicates(kinds)["admin"]
    return found


def _where(node: Node, of: object, kinds: EventKinds) -> str:
    text = event_predicates(kinds).get(node.short(MOST_WHERE), node.text())
    columns = ("event", "feature") if of in ("feature", "event") else ("event", "feature", "user")
    try:
        return predicate(text, columns)
    except BadDefinition:
        raise node.fail(NO_PREDICATE, columns=", ".join(columns[:2])) from None


def _refuse_expression(node: Node, key: str, text: str, measures: Mapping[str, Mapping[str, object]]) -> None:
    try:
        (metric,) = parse_metrics([{"key": key, "measures": measures, "expression": text}])
    except BadDefinition:
        raise node.fail(NO_EXPRESSION) from None
    names = metric.names()
    for name in names:
        if name not in measures and name not in ATTRIBUTES:
            raise node.fail(gettext_noop("there is no measure %(name)s"), name=name)
    for name in measures:
        if name not in names:
            raise node.fail(gettext_noop("the measure %(name)s stands nowhere in it"), name=name)
    numbers = metric.numbers()
    if len(names) + len(numbers) > MOST_PARTS:
        raise node.fail(gettext_noop("at most %(most)s names and numbers are wanted"), most=MOST_PARTS)
    if any(number and not 1 / MOST_NUMBER <= number <= MOST_NUMBER for number in numbers):
        raise node.fail(gettext_noop("numbers from 0.000000001 to 1000000000, or 0, are wanted"))
