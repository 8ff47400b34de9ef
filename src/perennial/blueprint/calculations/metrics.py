"""Reading the metric list and the kinds of events, and spelling those kinds out as predicates of the metric algebra."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from perennial.blueprint.calculations.node import Node, refuse_doubles
from perennial.blueprint.terms import Better, EventKinds, MetricDefinition


def parse_metrics(node: Node, kinds: EventKinds) -> tuple[MetricDefinition, ...]:
    """Read the metrics, `core`, `login` and `error` in a measure's `where` spelt out by these kinds of events.

    :raises BlueprintError: an unknown key, a double key, words that are missing in a language.
    """
    node.only("metrics")
    metrics = tuple(_metric(item, kinds) for item in node.at("metrics").items())
    refuse_doubles(node.at("metrics"), tuple(metric.key for metric in metrics))
    return metrics


def _metric(node: Node, kinds: EventKinds) -> MetricDefinition:
    node.only("key", "version", "measures", "expression", "label", "definition", "unit", "better")
    key = node.at("key").text()
    algebra: dict[str, object] = {
        "key": key,
        "version": node.at("version").whole(1),
        "measures": {name: _measure(part, kinds) for name, part in node.at("measures").pairs()},
    }
    if node.at("expression").given:
        algebra["expression"] = node.at("expression").text()
    return MetricDefinition(
        key=key,
        algebra=algebra,
        label=node.at("label").label(),
        definition=node.at("definition").label(),
        unit=node.at("unit").text(),
        better=node.at("better").choice(Better),
    )


def _measure(node: Node, kinds: EventKinds) -> Mapping[str, object]:
    node.only("aggregate", "where", "of", "window", "offset", "days")
    where = node.at("where")
    if not where.given:
        return node.mapping()
    return {**node.mapping(), "where": event_predicates(kinds).get(where.text(), where.text())}


def parse_events(node: Node) -> EventKinds:
    """Read which event names mean what.

    :raises BlueprintError: a name that stands twice.
    """
    node.only("login", "error", "ignored", "core", "admin")
    names = {key: part.texts() for key, part in node.pairs()}
    refuse_doubles(node, tuple(name for listed in names.values() for name in listed))
    return EventKinds(
        login=frozenset(names.get("login", ())),
        error=frozenset(names.get("error", ())),
        ignored=frozenset(names.get("ignored", ())),
        core=frozenset(names["core"]) if "core" in names else None,
        admin=frozenset(names.get("admin", ())),
    )


def event_predicates(kinds: EventKinds) -> Mapping[str, str]:
    """Return core, login, error and admin as predicates over the lake's `event` column."""
    others = kinds.login | kinds.error | kinds.ignored
    return {
        "login": _among(kinds.login),
        "error": _among(kinds.error),
        "admin": _among(kinds.admin),
        "core": f"NOT {_among(others)}" if kinds.core is None else _among(kinds.core),
    }


def _among(names: Iterable[str]) -> str:
    # The algebra compares names as they were sent, so the usual spellings are listed; "" is never an event's name.
    spelt = sorted({spelling for name in names for spelling in spellings(name)}) or [""]
    return f"event IN ({', '.join(_quoted(name) for name in spelt)})"


def _quoted(name: str) -> str:
    doubled = name.replace("'", "''")
    return f"'{doubled}'"


def spellings(name: str) -> frozenset[str]:
    """Return how senders write a name given in snake case: `Signed In`, `signed-in`, `signedIn`, `SIGNED_IN` …."""
    words = name.split("_")
    titled = [word[:1].upper() + word[1:] for word in words]
    joined = {glue.join(some) for glue in ("_", " ", "-", ".", "") for some in (words, titled)}
    return frozenset(joined | {words[0] + "".join(titled[1:]), " ".join([titled[0], *words[1:]]), name.upper()})
