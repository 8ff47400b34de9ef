"""The method's configuration: what ships, and what an administrator put in force from which day on.

Each part is asked for as of a day, so that what was computed for a past day can be computed again; without a day the
present one is meant. A text that this version of Perennial cannot read (any more) gives way to the one before it, and
`problems` says so. Nothing here costs a SQL query once this unit of work has read the house.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, TypeVar

import yaml

from perennial.blueprint.calculations import document
from perennial.blueprint.calculations.lifecycle import parse_stages, parse_tiers
from perennial.blueprint.calculations.lifetime import parse_lifetime
from perennial.blueprint.calculations.measurable import label_of, measurable
from perennial.blueprint.calculations.metrics import event_predicates, parse_events, parse_metrics, spellings
from perennial.blueprint.calculations.node import Node
from perennial.blueprint.calculations.own_metrics import parse_own_metrics
from perennial.blueprint.calculations.presets import composed
from perennial.blueprint.calculations.products import parse_products
from perennial.blueprint.calculations.renewals import parse_renewals
from perennial.blueprint.calculations.revenue import parse_revenue
from perennial.blueprint.calculations.rights import completed, parse_rights, refuse_lost
from perennial.blueprint.calculations.scorecard import parse_scorecards
from perennial.blueprint.calculations.today import parse_today
from perennial.blueprint.kept import Version, versions
from perennial.blueprint.lifetime_terms import LifetimeRules
from perennial.blueprint.renewal_terms import RenewalRules
from perennial.blueprint.scorecard_terms import MeasureSource, Preset, Scorecards
from perennial.blueprint.terms import (
    BlueprintError,
    EventKinds,
    MetricDefinition,
    ProductFeatures,
    Rights,
    Scorecard,
    StageRule,
    TierPreset,
    TodayRule,
)
from perennial.kernel.organisation.queries import config_stamp

T = TypeVar("T")
log = logging.getLogger("perennial.blueprint")

PARTS = ("revenue", "scorecard", "tiers", "stages", "today", "rights", "products", "own_metrics", "lifetime",
         "renewals", "metrics", "events")  # fmt: skip
CHANGEABLE = tuple(part for part in PARTS if part not in {"metrics", "events"})
"""The parts that an administrator may change. Shipped metrics and events define what the lake's past days hold."""


def _own_metrics(node: Node) -> tuple[MetricDefinition, ...]:
    return parse_own_metrics(node, event_kinds())


_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "revenue": parse_revenue,
    "tiers": parse_tiers,
    "stages": parse_stages,
    "rights": parse_rights,
    "products": parse_products,
    "lifetime": parse_lifetime,
    "renewals": parse_renewals,
    "own_metrics": _own_metrics,
}
_SPEAK_OF_OWN: Mapping[str, Callable[[Any, frozenset[str]], Any]] = {
    "scorecard": parse_scorecards,
    "today": parse_today,
}
"""The parts that may name metrics of one's own."""


@cache
def default_text(part: str) -> str:
    """Return the YAML that ships for a part.

    :raises KeyError: there is no such part.
    """
    if part not in PARTS:
        raise KeyError(part)
    return (files("perennial.blueprint") / "defaults" / f"{part}.yaml").read_text(encoding="utf-8")


def check(part: str, text: str) -> None:
    """Read a text as a part would be read before it is put in force.

    :raises BlueprintError: it cannot be, naming the line and what is wanted.
    """
    if part in _SPEAK_OF_OWN:
        _speaking(part, text, f"{part}.yaml", frozenset(one.key for one in own_metrics()))
        return
    read = _parsed(part, text, f"{part}.yaml")
    if part == "rights":
        refuse_lost(read, _shipped("rights"), file=f"{part}.yaml")


def history(part: str) -> tuple[Version, ...]:
    """Return the versions of a part, the newest first; none where it is as it ships."""
    return versions(config_stamp()).get(part, ())


def version_of(part: str, version: int) -> Version | None:
    """Return one version of a part; None where there is none."""
    return next((one for one in history(part) if one.version == version), None)


def text_in_force(part: str, on: date | None = None) -> str:
    """Return the text of a part that is read for a day (None: the present)."""
    text = configured_text(part, on)
    return default_text(part) if text is None else text


def configured_text(part: str, on: date | None = None) -> str | None:
    """Return the text of a part for a day as it was configured; None: it is as it ships."""
    return _choose(config_stamp(), part, on)


def problems(part: str) -> tuple[Version, BlueprintError] | None:
    """Return the newest version of a part and why this Perennial cannot read it; None where it can."""
    newest = next(iter(history(part)), None)
    if newest is None:
        return None
    try:
        _parsed(part, newest.text, f"{part}.yaml")
    except BlueprintError as error:
        return newest, error
    return None


@lru_cache(maxsize=2048)
def _choose(stamp: str, part: str, on: date | None) -> str | None:
    for one in versions(stamp).get(part, ()):
        if one.holds_on(on):
            try:
                _parsed(part, one.text, f"{part}.yaml")
            except BlueprintError as error:
                log.error("version %s of %s cannot be read and is passed over: %s", one.version, part, error)
                continue
            return one.text
    return None


def _parsed(part: str, text: str, name: str) -> Any:
    """Read a text that was put in force before: it may speak of a metric that somebody took away since."""
    own = part in _SPEAK_OF_OWN
    return _speaking(part, text, name, _ever_own(config_stamp())) if own else _plain(part, text, name)


@lru_cache(maxsize=64)
def _plain(part: str, text: str, name: str) -> Any:
    return document.read(text, name, _PARSERS[part])


@lru_cache(maxsize=64)
def _speaking(part: str, text: str, name: str, own: frozenset[str]) -> Any:
    return document.read(text, name, lambda node: _SPEAK_OF_OWN[part](node, own))


@lru_cache(maxsize=4)
def _ever_own(stamp: str) -> frozenset[str]:
    """Return the keys of all own metrics that were ever defined."""
    found: set[str] = set()
    for one in versions(stamp).get("own_metrics", ()):
        try:
            found |= {metric.key for metric in own_metrics_from(one.text)}
        except BlueprintError as error:
            log.error("version %s of own_metrics cannot be read: %s", one.version, error)
    return frozenset(found)


@cache
def _shipped(part: str) -> Any:
    return _parsed(part, default_text(part), f"{part}.yaml")


@lru_cache(maxsize=2048)
def _read(stamp: str, part: str, on: date | None) -> Any:
    text = _choose(stamp, part, on)
    return _shipped(part) if text is None else _parsed(part, text, f"{part}.yaml")


@lru_cache(maxsize=4)
def _rights(stamp: str) -> Rights:
    return completed(_read(stamp, "rights", None), _shipped("rights"))


def rights() -> Rights:
    """Return who may do what, now: a right is never one of a past day."""
    return _rights(config_stamp())


def tier_presets(on: date | None = None) -> tuple[TierPreset, ...]:
    """Return the tier presets, one for each currency; the first is the default (M5)."""
    presets: tuple[TierPreset, ...] = _read(config_stamp(), "tiers", on)
    return presets


def stage_rules(on: date | None = None) -> tuple[StageRule, ...]:
    """Return the stage rules, one for each segment; the first is the default (M13)."""
    rules: tuple[StageRule, ...] = _read(config_stamp(), "stages", on)
    return rules


def stage_rule_of(segment: str | None, on: date | None = None) -> StageRule:
    """Return the stage rule of a declared segment as of a day (None: the present), by its key or any of its names; the
    default where none has that key or name. No query."""
    rules = stage_rules(on)
    wanted = (segment or "").strip().lower()
    names = ((rule, (rule.key, rule.label.en, rule.label.zh_hans, rule.label.zh_hant)) for rule in rules)
    return next((rule for rule, words in names if wanted in {word.lower() for word in words}), rules[0])


def today_rules(on: date | None = None) -> tuple[TodayRule, ...]:
    """Return the rules of Today, in the order of the file."""
    rules: tuple[TodayRule, ...] = _read(config_stamp(), "today", on)
    return rules


def products(on: date | None = None) -> tuple[ProductFeatures, ...]:
    """Return which features belong to which product; none where nobody has said so."""
    found: tuple[ProductFeatures, ...] = _read(config_stamp(), "products", on)
    return found


def lifetime(on: date | None = None) -> LifetimeRules:
    """Return what lifetime value assumes."""
    rules: LifetimeRules = _read(config_stamp(), "lifetime", on)
    return rules


def renewals(on: date | None = None) -> RenewalRules:
    """Return how renewals are worked for: checkpoints by segment, plans by way of buying."""
    rules: RenewalRules = _read(config_stamp(), "renewals", on)
    return rules


def scorecard() -> Scorecard:
    """Return the scorecard that ships (analytics 1.1); health says which are in force."""
    cards: Scorecards = _shipped("scorecard")
    return cards.fallback


def scorecards() -> Scorecards:
    """Return the scorecards of the present configuration, in the order in which they are asked."""
    cards: Scorecards = _read(config_stamp(), "scorecard", None)
    return cards


def scorecards_from(text: str, *, name: str) -> Scorecards:
    """Read a text as the part of scorecards; `name` stands in the errors. Parsed once: every page reads it."""
    cards: Scorecards = _parsed("scorecard", text, name)
    return cards


def scorecards_using(keys: Collection[str], language: str) -> Mapping[str, tuple[str, ...]]:
    """Return which of these metrics stand in the scorecards in force or in those of a day to come, as measures, in
    vetoes or in the rule by which one is chosen, each with the labels of these scorecards."""
    rules = (one for text in _texts_ahead("scorecard") for one in scorecards_from(text, name="scorecard.yaml").rules)
    return _by_key(keys, [(one.fields, one.card.label.text(language)) for one in rules])


def today_rules_using(keys: Collection[str], language: str) -> Mapping[str, tuple[str, ...]]:
    """Return which of these metrics rules of Today speak of, in force or of a day to come, each with their labels."""
    rules = (rule for text in _texts_ahead("today") for rule in _parsed("today", text, "today.yaml"))
    return _by_key(keys, [(rule.fields, rule.label.text(language)) for rule in rules])


def _texts_ahead(part: str) -> list[str]:
    return list(dict.fromkeys([text_in_force(part), *(one.text for one in history(part)[:1])]))


def _by_key(keys: Collection[str], said: Iterable[tuple[frozenset[str], str]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for fields, label in said:
        for key in fields & set(keys):
            found.setdefault(key, {})[label] = None
    return {key: tuple(named) for key, named in found.items()}


@cache
def metrics() -> tuple[MetricDefinition, ...]:
    """Return the first metrics (decisions, Usage) over the default kinds of events; `algebra` is for `lake.algebra`."""
    return document.read(default_text("metrics"), "metrics.yaml", lambda node: parse_metrics(node, event_kinds()))


def own_metrics() -> tuple[MetricDefinition, ...]:
    """Return the metrics that an administrator defined, for all days; which of them have their values, usage says."""
    found: tuple[MetricDefinition, ...] = _read(config_stamp(), "own_metrics", None)
    return found


def own_metrics_from(text: str) -> tuple[MetricDefinition, ...]:
    """Read a text as the part of own metrics.

    :raises BlueprintError: it cannot be, naming the line.
    """
    found: tuple[MetricDefinition, ...] = _parsed("own_metrics", text, "own_metrics.yaml")
    return found


@cache
def metric_library() -> str:
    """Return the YAML of the metrics that are ready to be taken over as own ones."""
    return (files("perennial.blueprint") / "library" / "metrics.yaml").read_text(encoding="utf-8")


@cache
def scorecard_presets() -> tuple[Preset, ...]:
    """Return the scorecards to begin with, as texts of the part (M21)."""
    shipped = yaml.safe_load(default_text("scorecard"))
    return tuple(
        Preset(
            one["key"], label_of(one["label"]), label_of(one["meaning"]), composed(one, shipped, _library("measures"))
        )
        for one in _library("scorecards")
    )


@cache
def _library(name: str) -> Any:
    return yaml.safe_load((files("perennial.blueprint") / "library" / f"{name}.yaml").read_text(encoding="utf-8"))


def measure_sources() -> tuple[MeasureSource, ...]:
    """Return all that a scorecard may measure by where it comes from, metrics of one's own last."""
    return measurable(_library("measures"), yaml.safe_load(default_text("scorecard")), own_metrics())


@cache
def event_kinds() -> EventKinds:
    """Return which event names are logins, errors and core."""
    return document.read(default_text("events"), "events.yaml", parse_events)


def is_core(event: str) -> bool:
    """Return whether an event name means use of the product, as the metrics count it: no login, error or noise."""
    named, is_listed = _core_names()
    return (event in named) == is_listed


@cache
def core_predicate() -> str:
    """Return `is_core` as a predicate over the lake's column `event`, in the metric algebra's form."""
    return event_predicates(event_kinds())["core"]


@cache
def admin_predicate() -> str:
    """Return which events are acts of administration, in the metric algebra's form."""
    return event_predicates(event_kinds())["admin"]


@cache
def _core_names() -> tuple[frozenset[str], bool]:
    """Return the spelt names, and whether these are the core events (else all others are)."""
    kinds = event_kinds()
    names = kinds.login | kinds.error | kinds.ignored if kinds.core is None else kinds.core
    return frozenset(spelling for name in names for spelling in spellings(name)), kinds.core is not None
