"""Grace: late paper is not churn (analytics 3.3). A term that ended unsigned keeps its MRR until somebody signed, or
until its grace is over.

What is held: the end of a term that comes due (`due_terms`) and that nobody gave up, until a line that renews it, or
one of its product, begins; and any gap in which all of a customer is gone for no longer than the grace.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from perennial.contracts.calculations.due_terms import due_keys
from perennial.contracts.calculations.mrr import Stretch, Unit, unit_of
from perennial.contracts.terms import LOSSES, BillingStatus, LineTerms, Movement, PolicySwitches

Approval = tuple[date, date | None]
"""The days at an approval node, from and up to; None: still there."""
End = tuple[str, date]
"""A line's key and the day on which it ended."""


@dataclass(frozen=True, slots=True)
class Grace:
    """How long a customer's paper may be late: `days`; up to `longest` while an approval runs, and for `days` after it.

    An approval that hangs for more than `longest` is no evidence any more.
    """

    days: int
    longest: int = 0
    approvals: tuple[Approval, ...] = ()

    def over_on(self, ended_on: date) -> date:
        """Return the first day on which a term that ended on a day is no late paper any more."""
        return self._over(ended_on)[0]

    def shown_by(self, ended_on: date) -> Approval | None:
        """Return the approval for whose sake a term that ended on a day may be late the longest; None: there is none,
        and the grace is the usual one."""
        return self._over(ended_on)[1]

    def _over(self, ended_on: date) -> tuple[date, Approval | None]:
        days, longest = timedelta(self.days), timedelta(self.longest)
        over, shown = ended_on + days, None
        for since, until in sorted(self.approvals, key=lambda one: one[0]):
            if since < over:
                shows_until = since + longest if until is None else min(until + days, since + longest)
                if (later := min(ended_on + longest, shows_until)) > over:
                    over, shown = later, (since, until)
        return over, shown


GraceOf = Callable[[int], Grace]
"""The grace of a customer."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What is held of a line that is past its end, or will be held: until `over_on`, unless somebody signs before."""

    stretch: Stretch
    ended_on: date
    over_on: date


@dataclass(frozen=True, slots=True)
class Held:
    """Stretches with what is held. `holds`: where nobody signed yet; `over`: where nobody signed until grace was over,
    with that day."""

    stretches: list[Stretch]
    holds: list[Hold] = field(default_factory=list)
    over: Mapping[End, date] = field(default_factory=dict)

    def in_grace(self, on: date) -> list[Hold]:
        """Return what is held on a day: ended, unsigned, and late paper yet."""
        return [one for one in self.holds if one.ended_on <= on < one.over_on]

    def known_on(self, moved: Movement) -> date:
        """Return the day on which a movement can first be known: a loss that waited for its grace, when it is over."""
        if moved.kind not in LOSSES:
            return moved.on
        return max([moved.on, *(self.over[key, moved.on] for key in moved.line_keys if (key, moved.on) in self.over)])


def held(found: Sequence[Stretch], switches: PolicySwitches, grace_of: GraceOf, *, as_of: date | None) -> Held:
    """Return the stretches with late paper held as it is known on a day; None: whatever is unsigned stays unsigned."""
    gaps = _gaps(found, switches, grace_of)
    followers = _Followers.of(found)
    due = _due(found, switches)
    kept, holds, over = [], list[Hold](), dict[End, date]()
    for one in found:
        end = one.until
        if end is not None and (unit_of(one.line, switches.classified_by), end) in gaps:
            kept.append(replace(one, until=gaps[unit_of(one.line, switches.classified_by), end]))
        elif end is None or not one.mrr or end != one.line.ends_on or one.line.line_key not in due:
            kept.append(one)
        else:
            last = grace_of(one.line.customer_id).over_on(end)
            again = followers.after(one.line, end)
            if again is not None and again <= last:
                kept.append(replace(one, until=max(again, end)))
            elif as_of is not None and as_of < last:
                kept.append(replace(one, until=last))
                holds.append(Hold(one, end, last))
            else:
                kept.append(one)
                over[one.line.line_key, end] = last
    return Held(kept, holds, over)


def _due(found: Sequence[Stretch], switches: PolicySwitches) -> set[str]:
    """Return the keys of the lines that end as a term and that nobody gave up."""
    lines = {one.line.line_key: one.line for one in found}
    followed = {line.renewal_of for line in lines.values() if line.renewal_of is not None}
    return {key for key in due_keys(lines.values(), followed, switches) if not is_given_up(lines[key])}


def is_given_up(line: LineTerms) -> bool:
    """Say whether the line was cancelled, so that nobody waits for its renewal."""
    return line.cancelled_on is not None or line.billing_status is BillingStatus.CANCELLED


@dataclass(frozen=True, slots=True)
class _Followers:
    """On which days lines begin: those that say what they renew, and by customer and product those that do not; and
    which lines end together."""

    named: Mapping[str, list[LineTerms]]
    others: Mapping[tuple[int, int | None], list[date]]
    ending: Mapping[tuple[int, date | None], list[LineTerms]]

    @classmethod
    def of(cls, found: Iterable[Stretch]) -> _Followers:
        named, others, ending = defaultdict(list), defaultdict(list), defaultdict(list)
        for line in {one.line.line_key: one.line for one in found if one.mrr > 0}.values():
            ending[line.customer_id, line.ends_on].append(line)
            if line.renewal_of is not None:
                named[line.renewal_of].append(line)
            else:
                others[line.customer_id, line.product_id].append(line.starts_on)
        return cls(named, others, ending)

    def after(self, line: LineTerms, end: date) -> date | None:
        """Return the first day on which something follows a line; None where nothing does.

        Lines of one product that end on one day are renewed together, whichever is named; a line of another product
        than the one that it names renews all that ended on that day.
        """
        days = [day for day in self.others.get((line.customer_id, line.product_id), ()) if day >= end]
        for other in self.ending.get((line.customer_id, end), [line]):
            for heir in self.named.get(other.line_key, ()):
                if other.product_id == line.product_id or heir.product_id != other.product_id:
                    days.append(heir.starts_on)
        return min(days, default=None)


def _gaps(
    found: Iterable[Stretch], switches: PolicySwitches, grace_of: GraceOf
) -> dict[tuple[Unit, date], date]:  # fmt: skip
    """Return the short gaps in which a unit is gone altogether: from the day that ends it to the day that resumes."""
    by_unit: dict[Unit, list[Stretch]] = defaultdict(list)
    for stretch in found:
        if stretch.mrr or stretch.paused:
            by_unit[unit_of(stretch.line, switches.classified_by)].append(stretch)
    gaps: dict[tuple[Unit, date], date] = {}
    for unit, running in by_unit.items():
        covered: date | None = None
        for stretch in sorted(running, key=lambda one: one.since):
            if covered is not None and covered < stretch.since <= grace_of(unit[0]).over_on(covered):
                gaps[unit, covered] = stretch.since
            if stretch.until is None:
                break
            covered = stretch.until if covered is None else max(covered, stretch.until)
    return gaps
