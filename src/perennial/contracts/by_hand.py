"""What a member changed of a contract's paper, when its source is read again: what it repeats contradicts nobody; where
it says something new, the member's word stays and the difference is an open point until somebody decides.

`Contract.by_hand` holds, for each column that a member changed, `told`, what the source said when that was looked at
last, and `says`, what it says otherwise since. Private to the room.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from perennial.contracts.models import Contract

DAYS = frozenset({"signed_on", "accepted_on"})
Kept = dict[str, dict[str, Any]]


def plain(name: str, value: Any) -> Any:
    """Return a column's value as JSON holds it."""
    return value.isoformat() if isinstance(value, date) else value


def value_of(name: str, held: Any) -> Any:
    """Return a column's value as the contract holds it."""
    return date.fromisoformat(held) if name in DAYS and held else held


def changed(contract: Contract, after: Mapping[str, Any]) -> Kept:
    """Return what is by hand once a member wrote these columns. One that says again what its source says is not."""
    kept: Kept = {name: dict(one) for name, one in contract.by_hand.items()}
    for name, value in after.items():
        before, now = plain(name, getattr(contract, name)), plain(name, value)
        if now == before:
            continue
        one = kept.setdefault(name, {"told": before})
        if now in (one["told"], one.get("says", one["told"])):
            del kept[name]
    return kept


def read_again(contract: Contract, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that a source may write of a contract, `by_hand` among them: those that a member changed stay,
    unless the source says the same by now."""
    written, kept = dict(values), {name: dict(one) for name, one in contract.by_hand.items()}
    for name in kept.keys() & values.keys():
        says = plain(name, values[name])
        if says == plain(name, getattr(contract, name)):
            del kept[name]
            continue
        del written[name]
        kept[name].pop("says", None)
        if says != kept[name]["told"]:
            kept[name]["says"] = says
    return {**written, "by_hand": kept} if kept != contract.by_hand else written


def open_points(contract: Contract) -> list[str]:
    """Return the columns of which the source says something else since a member changed them."""
    return sorted(name for name, one in contract.by_hand.items() if "says" in one)


def decided(contract: Contract, name: str, *, takes: bool) -> dict[str, Any]:
    """Return the columns to write where a member takes what the source says, or keeps his own."""
    kept: Kept = {other: dict(one) for other, one in contract.by_hand.items()}
    says = kept[name].pop("says")
    if takes:
        del kept[name]
        return {name: value_of(name, says), "by_hand": kept}
    kept[name]["told"] = says
    return {"by_hand": kept}
