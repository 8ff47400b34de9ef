"""Movements: why MRR changed, day by day (analytics 3.1).

Each unit (a customer, unless `classified_by` says otherwise) is walked once over the days on which one of its
stretches begins or ends. What happens within a day is netted first, so a line that ends where its renewal begins
moves only the difference, and splitting a line moves nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction

from perennial.contracts.calculations.holdings import EMPTY, Change, Day, Holding, Slot
from perennial.contracts.calculations.mrr import Stretch, Unit, unit_of
from perennial.contracts.calculations.transfers import Handover, handovers
from perennial.contracts.terms import LineTerms, Movement, MovementKind, PolicySwitches

_KIND_ORDER = {kind: order for order, kind in enumerate(MovementKind)}


def movements(found: Iterable[Stretch], switches: PolicySwitches, *, as_of: date | None = None) -> list[Movement]:
    """Return every movement of the lines' whole lives, by day, then customer, product and kind.

    Those of a period are the ones whose day lies in it; the balance before a day is the sum of all before it.
    Amounts are in each line's own currency; `exchange` converts them. `as_of` is the day up to which the lines are
    known: a pause still open then is churn only once it is too long. None: an open pause has no end.
    """
    stretches = list(found)
    lives: dict[Unit, _Life] = defaultdict(_Life)
    for stretch in stretches:
        lives[unit_of(stretch.line, switches.classified_by)].add(stretch)
    for (unit, day), sides in handovers(stretches, switches.classified_by).items():
        lives[unit].handovers[day] = sides
    return sorted((one for life in lives.values() for one in life.told(switches, as_of)), key=_order)


def _order(one: Movement) -> tuple[object, ...]:
    product = (one.product_id is not None, one.product_id or 0)
    return one.on, one.customer_id, product, _KIND_ORDER[one.kind], one.currency, one.line_keys, one.amount


@dataclass(slots=True)
class _Absence:
    """The time from a unit's last MRR to its next. Its losses wait here until it is known what the time was."""

    since: date
    paused: bool
    losses: list[Movement]

    def is_pause(self, until: date | None, longest: int) -> bool:
        return self.paused and until is not None and until - self.since <= timedelta(days=longest)

    def booked(self, *, as_pause: bool) -> list[Movement]:
        if as_pause:
            return self.losses
        return [replace(one, kind=MovementKind.CHURN) if one.kind is MovementKind.PAUSE else one for one in self.losses]


@dataclass(slots=True)
class _Life:
    """One unit: its changes by day, and what it holds while they are walked through."""

    changes: dict[date, list[Change]] = field(default_factory=lambda: defaultdict(list))
    pauses: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    handovers: dict[date, list[Handover]] = field(default_factory=dict)
    ends: dict[date, list[LineTerms]] = field(default_factory=lambda: defaultdict(list))
    held: dict[Slot, Holding] = field(default_factory=lambda: defaultdict(lambda: EMPTY))
    totals: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    paused: int = 0
    ever_live: bool = False
    absence: _Absence | None = None

    def add(self, stretch: Stretch) -> None:
        """Note where the stretch begins and ends. What costs nothing moves nothing, whatever its quantity."""
        if stretch.paused:
            self.pauses[stretch.since] += 1
            if stretch.until is not None:
                self.pauses[stretch.until] -= 1
        elif stretch.mrr:
            change = Change.of(stretch)
            if stretch.line.ends_on is not None:
                self.ends[stretch.line.ends_on].append(stretch.line)
            self.changes[stretch.since].append(change)
            if stretch.until is not None:
                self.changes[stretch.until].append(change.taken_back())

    def told(self, switches: PolicySwitches, as_of: date | None) -> list[Movement]:
        """Return the unit's movements in order of time."""
        booked: list[Movement] = []
        for day in sorted(self.changes.keys() | self.pauses.keys()):
            self.paused += self.pauses.get(day, 0)
            if day in self.changes:
                booked += self._handed_over(day)
                booked += self._moved(day, switches)
            if self.absence is not None and not self.paused:
                self.absence.paused = False
        if self.absence is not None:
            still = self.absence.is_pause(as_of, switches.pause_is_churn_after_days)
            booked += self.absence.booked(as_pause=still)
        return booked

    def _handed_over(self, day: date) -> list[Movement]:
        """Move what other units give or take, and leave the rest of those lines' change to the day."""
        booked = []
        for side in self.handovers.get(day, ()):
            slot, amount = side.change.slot, side.change.by.amount
            self._apply(side.change)
            self.changes[day].append(side.change.taken_back())
            booked.append(
                Movement(
                    customer_id=slot.customer_id,
                    product_id=slot.product_id,
                    on=day,
                    kind=MovementKind.TRANSFER,
                    amount=amount,
                    currency=slot.currency,
                    line_keys=side.line_keys,
                )
            )
        return booked

    def _moved(self, day: date, switches: PolicySwitches) -> list[Movement]:
        """Apply the first rule of analytics 3.1 that fits the day."""
        changes = self.changes[day]
        was_live = self._is_live()
        before = {change.slot: self.held[change.slot] for change in changes}
        for change in changes:
            self._apply(change)
        is_live = self._is_live()
        change_of_day = Day(day, before, {slot: self.held[slot] for slot in before}, tuple(changes),
                            self._cotermed(day, changes) if was_live else frozenset())  # fmt: skip

        booked: list[Movement] = []
        return_kind = MovementKind.REACTIVATION if self.ever_live else MovementKind.NEW
        if switches.reactivation_as_new:
            return_kind = MovementKind.NEW
        if is_live and self.absence is not None:
            was_pause = self.absence.is_pause(day, switches.pause_is_churn_after_days)
            booked += self.absence.booked(as_pause=was_pause)
            return_kind = MovementKind.RESUME if was_pause else return_kind
            self.absence = None
        self.ever_live = self.ever_live or was_live or is_live
        if is_live and not was_live:
            return booked + change_of_day.in_one_go(return_kind)
        if was_live and not is_live:
            self.absence = _Absence(day, self.paused > 0, change_of_day.in_one_go(MovementKind.PAUSE))
            return booked
        return booked + change_of_day.product_by_product(switch_is_net=switches.product_switch_is_net)

    def _cotermed(self, day: date, changes: Sequence[Change]) -> frozenset[str]:
        """Return the keys of the lines that begin their term on the day, follow nothing, and end on the very day on
        which a term ends that ran before: what is added so is charged for the days until then (analytics 3.3)."""
        followed = {change.slot for change in changes if not change.begins}
        return frozenset(
            one.line.line_key
            for one in changes
            if one.begins and one.by.amount > 0 and one.slot not in followed and _begins_a_term(one.line, day)
            and one.line.ends_on is not None and any(_since(other) < day for other in self.ends[one.line.ends_on])
        )  # fmt: skip

    def _apply(self, change: Change) -> None:
        self.held[change.slot] = self.held[change.slot].plus(change.by)
        self.totals[change.slot.currency] += change.by.amount

    def _is_live(self) -> bool:
        return any(total > 0 for total in self.totals.values())


def _since(line: LineTerms) -> date:
    return line.term_starts_on or line.starts_on


def _begins_a_term(line: LineTerms, day: date) -> bool:
    return line.starts_on == day == _since(line) and line.renewal_of is None
