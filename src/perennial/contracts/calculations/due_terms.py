"""Which lines come due: the one definition of a term, for renewals, the weekly meeting and Revenue alike.

Evergreen and monthly lines have no renewal date (decisions, Money): they are churn risk, not renewals. A file of
subscriptions writes the day on which one was stopped into the same column as the agreed end of a term, so that an end
alone proves nothing. What proves a term: its length, its price, or another line.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta

from perennial.contracts.terms import LineKind, LineTerms, OddEnd, PolicySwitches
from perennial.kernel.periods import Period, months_between, whole_months

TERM_MONTHS = 6
"""Terms of this length or more renew; shorter ones are churn risk (decisions, Money)."""

QUARTER = 3
"""Nobody agrees on seven months from the 26th by the month: what ran so long by chance was stopped."""


def is_term(line: LineTerms, switches: PolicySwitches) -> bool:
    """Say whether the line by itself shows a term: six months or more to an end that was agreed beforehand.

    Agreed is an end after whole months, or where the price is by the month after whole calendar months or quarters (a
    day fewer counts too: many files name the last day), one whose price is for the whole term, or one of a line that
    follows another or is a step of a ramp. Any other line was stopped, unless `odd_end` says that such ends come due.
    A line that was amended ends no term; the one that goes on has the length of the whole.
    """
    if line.kind is not LineKind.RECURRING or line.ends_on is None or line.is_amended:
        return False
    since, until = line.term_starts_on or line.starts_on, line.ends_on + timedelta(days=1)
    if months_between(since, until) < TERM_MONTHS:
        return False
    rhythm = QUARTER if line.amount_months == 1 and since.day != 1 else 1
    lengths = [whole_months(Period(since, end)) for end in (line.ends_on, until)]
    is_whole = any(length is not None and length % rhythm == 0 for length in lengths)
    is_linked = any(one is not None for one in (line.renewal_of, line.ramp_step, line.term_starts_on))
    return is_whole or is_linked or line.amount_months is None or switches.odd_end is OddEnd.DUE


def is_odd(line: LineTerms, switches: PolicySwitches) -> bool:
    """Say whether only another line can tell what the end is: long enough for a term, and not `is_term` by itself."""
    if line.kind is not LineKind.RECURRING or line.ends_on is None or line.is_amended or is_term(line, switches):
        return False
    return months_between(line.term_starts_on or line.starts_on, line.ends_on) >= TERM_MONTHS


def due_keys(lines: Iterable[LineTerms], followed: Collection[str], switches: PolicySwitches) -> set[str]:
    """Return the keys of the lines whose end is a due day.

    `followed` are the keys that another line names as the one it renews: these were terms. What a customer added
    meanwhile ends with its term on the same day and belongs to it, however short (co-termed); what merely rolls on by
    the month does not.
    """
    ending: dict[tuple[int, date], list[LineTerms]] = defaultdict(list)
    due: set[tuple[int, date]] = set()
    for line in lines:
        if line.kind is not LineKind.RECURRING or line.ends_on is None or line.is_amended:
            continue
        place = line.customer_id, line.ends_on
        ending[place].append(line)
        if is_term(line, switches) or (line.line_key in followed and is_odd(line, switches)):
            due.add(place)
    return {line.line_key for place in due for line in ending[place] if not _rolls(line)}


def _rolls(line: LineTerms) -> bool:
    """Say whether the line is a short one of whole periods of its price: a month by the month, a quarter at a time."""
    assert line.ends_on is not None
    months = whole_months(Period(line.term_starts_on or line.starts_on, line.ends_on))
    return line.amount_months is not None and bool(months) and (months or 0) < TERM_MONTHS and not (
        (months or 0) % line.amount_months)  # fmt: skip
