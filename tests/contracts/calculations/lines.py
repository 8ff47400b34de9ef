"""Lines for the tests of the calculations, with only what a test is about written out."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any

from perennial.contracts.calculations.grace import Grace, held
from perennial.contracts.calculations.movements import movements
from perennial.contracts.calculations.mrr import stretches
from perennial.contracts.terms import LineTerms, Movement, PolicySwitches

DEFAULT = PolicySwitches()
NO_GRACE = Grace(0)
day = date.fromisoformat


def line(key: str, since: str, until: str | None, amount: int, **more: Any) -> LineTerms:
    """Return a line of customer 1 that costs `amount` minor units a month."""
    terms: dict[str, Any] = {"customer_id": 1, "product_id": 1, "currency": "USD", "amount_months": 1} | more
    ends_on = None if until is None else day(until)
    return LineTerms(line_key=key, starts_on=day(since), ends_on=ends_on, amount_minor=amount, **terms)


def moves(
    lines: Iterable[LineTerms], switches: PolicySwitches = DEFAULT, as_of: str | None = None, *, grace: Grace = NO_GRACE
) -> list[Movement]:
    """Return the movements of the lines, late paper held as a grace allows it."""
    on = None if as_of is None else day(as_of)
    return movements(
        held(stretches(lines, switches), switches, lambda _: grace, as_of=on).stretches, switches, as_of=on
    )


def told(booked: Iterable[Movement]) -> list[tuple[str, str, Fraction]]:
    """Return day, kind and amount of each movement."""
    return [(one.on.isoformat(), one.kind.value, one.amount) for one in booked]
