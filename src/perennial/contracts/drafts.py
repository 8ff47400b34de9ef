"""Drafts: lines as they would be, what the ledger would become, and why a line of a form cannot be kept.

Page and action take the same draft, so that what was shown before saving is what is saved.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from perennial.contracts import actions, facts
from perennial.contracts.calculations import red_lines
from perennial.contracts.calculations.differences import Step, difference
from perennial.contracts.calculations.movements import movements
from perennial.contracts.calculations.mrr import counts_until
from perennial.contracts.deriving import as_held
from perennial.contracts.grace import graces
from perennial.contracts.models import Line
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import LineKind, LineTerms, Movement, PolicySwitches
from perennial.customers.aliases import Aliases, aliases
from perennial.kernel import money
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import add_months

SMALL_GAP = timedelta(days=7)
COLUMNS = tuple(
    field.attname for field in Line._meta.concrete_fields
    if field.attname not in {"id", "fact", "source", "external_id", "learned_at", "learned_by_assumption",
                             "superseded_at", "import_id", "is_typed"}
)  # fmt: skip
"""What a line states; the rest says which version of which line it is."""


class LineError(ValueError):
    """A line or a change of one that cannot be kept; `field` is the input to blame, "" for none of them."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True)
class Write:
    """A version that would be written, unsaved; `old` is the one that it supersedes, None for a new line."""

    old: Line | None
    new: Line


@dataclass(frozen=True)
class Draft:
    """What would be written, and the ledgers before and after it of the customers whose movements could change.

    `warnings` are odd but may be meant. `on`: the day from which the change holds;
    `charged`: what a new line with an end costs until then, exact minor units.
    """

    customer_id: int
    on: date
    writes: tuple[Write, ...]
    before: Sequence[Movement]
    after: Sequence[Movement]
    warnings: tuple[str, ...]
    cancellation: dict[str, Any] | None = None
    charged: Fraction | None = None

    @property
    def steps(self) -> list[Step]:
        """The movements that would be added or changed."""
        return difference(self.before, self.after)


def draft(writes: Sequence[Write], *, on: date, as_of: date, cancellation: dict[str, Any] | None = None) -> Draft:
    """Return the draft of these versions; six queries, more where customers are linked.

    :raises LineError: a version cannot be kept.
    """
    merged, switches = aliases(), facts.switches_of(house().policy_switches)
    customer_id = merged.of(writes[0].new.customer_id)
    together = actions.linked({merged.of(one.new.customer_id) for one in writes}, merged)
    now = facts.current_lines(together, merged)
    exchange = Exchange.of_house()
    for one in writes:
        _check(one.new, exchange)
    then = _as_written(now, writes, merged)
    for one in writes:
        _check_red(one, then, merged)
    own = graces(switches, merged, together)
    before, after = (as_held(lines, switches, own, as_of).stretches for lines in (now, then))
    return Draft(
        customer_id,
        on,
        tuple(writes),
        movements(before, switches, as_of=as_of),
        movements(after, switches, as_of=as_of),
        _warnings(writes, then, switches),
        cancellation,
    )


def _as_written(now: Sequence[LineTerms], writes: Sequence[Write], merged: Aliases) -> list[LineTerms]:
    new = {str(one.new.fact): facts.terms_of(one.new, merged) for one in writes}
    return [new.pop(line.line_key, line) for line in now] + list(new.values())


def _check(line: Line, exchange: Exchange) -> None:
    if not money.is_known(line.currency):
        raise LineError("currency", _("This is no ISO 4217 currency code."))
    if line.ends_on is not None and line.ends_on < line.starts_on:
        raise LineError("ends_on", _("The line would end before it starts."))
    if line.ends_on is not None and line.ends_on > add_months(line.starts_on, actions.LONGEST_MONTHS):
        raise LineError("ends_on", _("A term of more than 40 years: check the year of its end."))
    if line.gift_months and (line.ends_on is None or add_months(line.starts_on, line.gift_months) > line.ends_on):
        raise LineError("gift_months", _("The months given away are longer than the term."))
    is_late = line.notice_on is not None and line.ends_on is not None and line.notice_on >= line.ends_on
    if is_late and not line.is_amended:  # one that goes on as another line keeps the day of notice of the whole term
        raise LineError("notice_on", _("Notice is given before the line ends."))
    if line.renewal_of == line.fact:
        raise LineError("", _("A line cannot renew itself."))
    reason = actions.check_line({name: getattr(line, name) for name in COLUMNS})
    if reason is not None:
        raise LineError("", reason)
    reason = exchange.refusal(line.currency, line.starts_on)
    if reason is not None:
        raise LineError("currency", reason)


def _check_red(write: Write, lines: Sequence[LineTerms], merged: Aliases) -> None:
    """Refuse a red line that takes nothing back; a new one keeps which line it corrects."""
    line = write.new
    if line.amount >= 0:
        if line.corrects is not None:
            raise LineError("corrects", _("Only a negative line takes something of another line back."))
        return
    fit = red_lines.corrected(facts.terms_of(line, merged), lines)
    if not fit:
        raise LineError(
            "amount", _("A negative line takes something back: no line of this product and currency runs in its days.")
        )
    if line.corrects is not None and str(line.corrects) not in fit:
        raise LineError("corrects", _("That line is of another product or currency, or runs on other days."))
    if line.corrects is None and write.old is None:
        if len(fit) > 1:
            raise LineError("corrects", _("Several lines run in these days: choose the one that it takes back."))
        line.corrects = uuid.UUID(fit[0])


def _warnings(writes: Sequence[Write], lines: Sequence[LineTerms], switches: PolicySwitches) -> tuple[str, ...]:
    """Return what is odd about the lines that would be new, or hold other days than before."""
    by_key = {line.line_key: line for line in lines}
    found = []
    for one in writes:
        line = by_key[str(one.new.fact)]
        moved = one.old is None or (one.old.starts_on, one.old.ends_on) != (one.new.starts_on, one.new.ends_on)
        if moved and line.kind is LineKind.RECURRING and line.amount_minor > 0:
            found += _beside(line, lines, switches)
    return tuple(dict.fromkeys(found))


def _beside(line: LineTerms, lines: Sequence[LineTerms], switches: PolicySwitches) -> list[str]:
    found, since, until = [], line.starts_on, counts_until(line, switches)
    for other in lines:
        alike = (other.customer_id, other.product_id, other.kind) == (line.customer_id, line.product_id, line.kind)
        if other.line_key == line.line_key or not alike or other.amount_minor <= 0:
            continue
        begin, end = other.starts_on, counts_until(other, switches)
        if red_lines.overlap(since, until, begin, end):
            found.append(_("Another line of this product runs in the same days, from %(day)s on: both count.") % {
                "day": begin})  # fmt: skip
        for over, again in ((end, since), (until, begin)):
            if over is not None and timedelta(0) < again - over <= SMALL_GAP:
                found.append(
                    _("No line of this product runs from %(over)s to %(again)s: MRR leaves and comes back.")
                    % {"over": over, "again": again})  # fmt: skip
    return found
