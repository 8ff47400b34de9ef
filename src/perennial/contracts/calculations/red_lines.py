"""Red (negative) lines: each takes something of another line back, of the same customer, product and currency."""

from collections.abc import Sequence
from datetime import date

from perennial.contracts.terms import LineTerms


def corrected(red: LineTerms, lines: Sequence[LineTerms]) -> list[str]:
    """Return the keys of the lines of which a red line may take something back: those that run on a day of it."""
    place = red.customer_id, red.product_id, red.currency
    return [
        line.line_key
        for line in lines
        if (line.customer_id, line.product_id, line.currency) == place
        and line.amount_minor > 0
        and overlap(red.starts_on, red.ends_on, line.starts_on, line.ends_on)
    ]


def overlap(since: date, until: date | None, begin: date, end: date | None) -> bool:
    """Say whether two half-open spans share a day; None: no end."""
    return (end is None or since < end) and (until is None or begin < until)
