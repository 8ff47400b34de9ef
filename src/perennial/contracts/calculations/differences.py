"""What another set of lines would change in the ledger: movement by movement, exactly."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from perennial.contracts.terms import Movement, MovementKind

_Key = tuple[date, MovementKind, int, int | None, str]
_ORDER = {kind: order for order, kind in enumerate(MovementKind)}


@dataclass(frozen=True, slots=True)
class Step:
    """All movements of one day, kind, customer, product and currency, before and after: exact minor units a month."""

    on: date
    kind: MovementKind
    customer_id: int
    product_id: int | None
    currency: str
    before: Fraction
    after: Fraction


def difference(before: Iterable[Movement], after: Iterable[Movement]) -> list[Step]:
    """Return what differs, by day, then kind; nothing where both ledgers are one."""
    sums: dict[_Key, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for side, movements in enumerate((before, after)):
        for one in movements:
            sums[one.on, one.kind, one.customer_id, one.product_id, one.currency][side] += one.amount
    found = [Step(*key, before=was, after=becomes) for key, (was, becomes) in sums.items() if was != becomes]
    return sorted(found, key=lambda one: (one.on, _ORDER[one.kind], one.customer_id, one.product_id or 0, one.currency))


def balance(movements: Iterable[Movement], day: date, currency: str, customer_id: int) -> Fraction:
    """Return a customer's MRR in a currency at the end of a day."""
    return sum(
        (
            one.amount
            for one in movements
            if one.on <= day and (one.currency, one.customer_id) == (currency, customer_id)
        ),
        Fraction(0),
    )


def months_changed(steps: Sequence[Step], as_of: date) -> list[tuple[date, str, Fraction]]:
    """Return the first days of the months up to the as-of day whose sums change, with the change of their closing MRR
    in each currency; a month in which only names of movements change has 0."""
    touched = sorted({(one.on.replace(day=1), one.currency) for one in steps if one.on <= as_of})
    return [
        (month, currency,
         sum((one.after - one.before for one in steps
              if one.currency == currency and one.on <= as_of and one.on.replace(day=1) <= month), Fraction(0)))
        for month, currency in touched
    ]  # fmt: skip
