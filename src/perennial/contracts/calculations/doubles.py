"""Which payment is probably the same as one that is known already, told by another source. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

NEAR_DAYS = 5
"""A member writes a payment down on the day on which he hears of it, a bank on the day on which it books it."""
SAME_REFERENCE_DAYS = 31
"""One bank reference within a month is one transfer; standing orders repeat theirs month by month."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A payment as one source tells it. `names`: payer and customer, as `proposals.plain` writes them; `reference` so
    too; minor units of its currency."""

    fact: UUID
    source: str
    customer_id: int | None
    names: frozenset[str]
    amount: int
    currency: str
    on: date
    reference: str


def is_alike(one: Seen, other: Seen) -> bool:
    """Say whether two payments are probably one: the same amount in the same currency, and either the same bank
    reference within a month, or the same customer or payer within a few days."""
    if (one.amount, one.currency) != (other.amount, other.currency):
        return False
    apart = abs((one.on - other.on).days)
    if one.reference and one.reference == other.reference:
        return apart < SAME_REFERENCE_DAYS
    is_theirs = one.customer_id is not None and one.customer_id == other.customer_id
    return apart <= NEAR_DAYS and (is_theirs or bool(one.names & other.names))


def pairs(fresh: Iterable[Seen], known: Iterable[Seen], taken: Iterable[tuple[UUID, str]] = ()) -> dict[UUID, UUID]:
    """Return which known payment each fresh one is probably, the nearest day first. A source tells a payment once: of
    two alike of one source only one is a known payment again (`taken`: known ones with a source that told them)."""
    others, used, found = list(known), set(taken), dict[UUID, UUID]()
    alike = [
        (one.reference == "" or one.reference != other.reference, abs((one.on - other.on).days), str(one.fact),
         str(other.fact), one, other)
        for one in fresh for other in others if one.fact != other.fact and is_alike(one, other)
    ]  # fmt: skip
    for *_order, one, other in sorted(alike, key=lambda each: each[:4]):
        if one.fact not in found and (other.fact, one.source) not in used:
            found[one.fact] = other.fact
            used.add((other.fact, one.source))
    return found
