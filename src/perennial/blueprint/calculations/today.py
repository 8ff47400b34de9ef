"""Reading the rules of Today."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from string import Formatter

from perennial.blueprint.calculations.node import Node, refuse_doubles
from perennial.blueprint.terms import TodayRule, fields_with, gettext_noop, placeholders
from perennial.kernel.conditions.terms import FieldType

NO_FIELD = gettext_noop("there is no field %(field)s")


def parse_today(node: Node, own: AbstractSet[str] = frozenset()) -> tuple[TodayRule, ...]:
    """Read the rules, in the order of the file; `own`: the keys of metrics of one's own, fields like those that ship.

    :raises BlueprintError: a condition or a reason that names no field of the portfolio row, a key used twice.
    """
    node.only("rules")
    fields = fields_with(own)
    rules = tuple(_rule(item, fields) for item in node.at("rules").items())
    refuse_doubles(node.at("rules"), tuple(rule.key for rule in rules))
    return rules


def _rule(node: Node, fields: Mapping[str, FieldType]) -> TodayRule:
    node.only("key", "weight", "label", "reason", "next_step", "when", "orders_by")
    orders_by = node.at("orders_by").text() if node.at("orders_by").given else None
    if orders_by is not None and orders_by not in fields:
        raise node.at("orders_by").fail(NO_FIELD, field=repr(orders_by))
    for language, part in node.at("reason").pairs():
        for field in _fields_named(part):
            if field not in fields:
                raise node.at("reason").at(language).fail(NO_FIELD, field=repr(field))
    return TodayRule(
        key=node.at("key").text(),
        weight=node.at("weight").whole(1),
        label=node.at("label").label(),
        reason=node.at("reason").label(),
        next_step=node.at("next_step").label(),
        when=node.at("when").tree(fields),
        orders_by=orders_by,
    )


def _fields_named(part: Node) -> frozenset[str]:
    """Return the fields that a wording names; a wording that cannot be filled in is refused here, not in the night."""
    try:
        found = list(Formatter().parse(part.text()))
    except ValueError:
        raise part.fail(gettext_noop("every brace { needs its }")) from None
    for _text, _name, spec, conversion in found:
        if spec or conversion:
            raise part.fail(gettext_noop("only {field} may stand in braces"))
    return placeholders(part.text())
