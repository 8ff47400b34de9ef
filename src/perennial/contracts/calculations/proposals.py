"""Which open steps a payment is probably for: by contract number, payer and amount. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class Why(StrEnum):
    """What speaks for a step."""

    CONTRACT = "contract"
    PAYER = "payer"
    AMOUNT = "amount"


WEIGHT = {Why.CONTRACT: 4, Why.PAYER: 3, Why.AMOUNT: 2}
"""An amount alone is met by chance; a contract's number hardly is."""


@dataclass(frozen=True)
class Candidate:
    """A step that money may be for. `names`: who may pay it, as they are written; `room` minor units still without
    payment. `is_stated`: its source says that it was received."""

    step: UUID
    customer_id: int
    contract: str
    names: frozenset[str]
    currency: str
    due_on: date
    room: int
    is_stated: bool = False


@dataclass(frozen=True)
class Proposal:
    """A step with the part that is proposed for it and why; `weight` orders them."""

    step: UUID
    amount: int
    why: tuple[Why, ...]

    @property
    def weight(self) -> int:
        return sum(WEIGHT[why] for why in self.why)


def plain(name: str) -> str:
    """Return a company's name without what writers differ in: case, spaces and brackets."""
    return "".join(c for c in name.casefold() if c.isalnum())


def propose(
    *, customer_id: int | None, payer: str, contract: str, currency: str, rest: int, among: Iterable[Candidate]
) -> list[Proposal]:
    """Return the steps that something speaks for, the likeliest first, the earlier due before the later; each gets what
    it has room for until the payment is used up, those after that 0. What a source states as received is proposed only
    for a payment of just that amount, after what is open."""
    asked, number = plain(payer), contract.strip().casefold()
    found: list[tuple[tuple[bool, int, date, str], Candidate, tuple[Why, ...]]] = []
    for one in among:
        if one.currency != currency or not one.room or (one.room > 0) != (rest > 0):
            continue
        is_theirs = one.customer_id == customer_id or (asked != "" and asked in one.names)
        said = {
            Why.CONTRACT: number != "" and number == one.contract.casefold(),
            Why.PAYER: is_theirs,
            Why.AMOUNT: one.room == rest,
        }
        why = tuple(reason for reason, holds in said.items() if holds)
        if why and why != (Why.AMOUNT,) and (said[Why.AMOUNT] or not one.is_stated):
            weight = sum(WEIGHT[reason] for reason in why)
            found.append(((one.is_stated, -weight, one.due_on, str(one.step)), one, why))
    found.sort(key=lambda each: each[0])
    told, left = [], rest
    for _key, one, why in found:
        part = min(left, one.room, key=abs)
        left -= part
        told.append(Proposal(one.step, part, why))
    return told
