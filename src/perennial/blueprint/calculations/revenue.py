"""Reading how revenue is counted. What each switch may be, contracts says: it applies them."""

from __future__ import annotations

from collections.abc import Mapping

from perennial.blueprint.calculations.node import Node
from perennial.blueprint.terms import gettext_noop


def parse_revenue(node: Node) -> Mapping[str, object]:
    """Read the switches by name: each a text, a whole number, true, false, or nothing.

    :raises BlueprintError: a value of another kind.
    """
    for _key, part in node.pairs():
        if part.value is not None and not isinstance(part.value, str | int):
            raise part.fail(gettext_noop("a text, a whole number, true or false is wanted"))
    return dict(node.mapping())
