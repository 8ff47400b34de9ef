"""Who counts for whom: read wherever old facts are counted, so that a merge changes no fact (decisions, Identity)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from perennial.customers.models import CustomerAlias


@dataclass(frozen=True)
class Aliases:
    """`into`: a number that old facts carry → the customer that they count for. Whoever is not named is himself."""

    into: Mapping[int, int]

    def of(self, number: int) -> int:
        """Return the customer that facts of this number count for."""
        return self.into.get(number, number)

    def family(self, customer_ids: Iterable[int]) -> list[int]:
        """Return all numbers whose facts count for these customers, their own among them, sorted."""
        wanted = {self.of(customer_id) for customer_id in customer_ids}
        return sorted(wanted | {number for number, customer_id in self.into.items() if customer_id in wanted})

    def absorbed(self) -> dict[int, list[int]]:
        """Return the numbers that count for each customer besides its own."""
        found: dict[int, list[int]] = defaultdict(list)
        for number, customer_id in sorted(self.into.items()):
            found[customer_id].append(number)
        return dict(found)


def aliases() -> Aliases:
    """Return who counts for whom now; one query.

    A merge of the merged leads to the end: the table holds each single step, so that each can be taken back.
    """
    steps = dict(CustomerAlias.objects.values_list("old_id", "customer_id"))
    return Aliases({number: _end(number, steps) for number in steps})


def _end(number: int, steps: Mapping[int, int]) -> int:
    while number in steps:
        number = steps[number]
    return number
