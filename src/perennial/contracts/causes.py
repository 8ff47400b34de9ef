"""The lines behind movements, as lists call them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from perennial.contracts.models import Line


@dataclass(frozen=True, slots=True)
class Cause:
    """A line behind a movement: its contract's number, or else its own external id, its product and tax rate."""

    paper: str
    product: str
    tax_rate: Fraction | None = None


def causes(line_facts: Iterable[str]) -> dict[str, Cause]:
    """Return what lists call each line; unknown ones are left out. One query for 500."""
    ordered, found = sorted(set(line_facts)), {}
    for start in range(0, len(ordered), 500):
        lines = Line.objects.current().filter(fact__in=ordered[start : start + 500])
        for fact, number, external_id, product, rate in lines.values_list(
            "fact", "contract__number", "external_id", "product__name", "tax_rate"
        ):
            found[str(fact)] = Cause(number or external_id or "", product or "", Fraction(rate) if rate else None)
    return found
