"""How customers stand on days: their lines, movements and receivables read once, told for any number of days.

Plain rows and bisection: a fleet's lines as model instances, read again for every step of a night, cost more than all
that is computed from them. Rooms above reach this through `queries`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property, partial
from itertools import pairwise
from typing import TypeVar

from django.db.models import Q

from perennial.contracts import facts
from perennial.contracts.calculations import receipts
from perennial.contracts.calculations.due_terms import due_keys
from perennial.contracts.calculations.mrr import counts_until, mrr_on
from perennial.contracts.calculations.receipts import Settled
from perennial.contracts.models import Line, Movement, Receivable
from perennial.contracts.rates import Exchange
from perennial.contracts.receivables import settled_of
from perennial.contracts.terms import BillingStatus, LineKind, LineTerms, MovementKind, PolicySwitches
from perennial.customers.aliases import Aliases, aliases
from perennial.kernel.money import round_half_even
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import day_before

_PAPER = ("notice_on", "contract__signed_on", "contract__accepted_on")
_NOTHING = Fraction(0)
_Told = TypeVar("_Told")


@dataclass(frozen=True)
class Standing:
    """A customer's contracts on a day. Exact minor units without tax; ARR is 12 times MRR.

    `seats`: quantity over the recurring lines that run, None where none states one. `live_since_on`: the first paid
    day of the present time as a customer (a pause does not end it), None while nothing is paid. `next_renewal_on` and
    `renewal_arr`: the next end of a term of six months or more that nothing follows yet. `notice_on`: the next day of
    notice that a running line states. `overdue_amount`: None where no receivable is kept, 0 where all were paid.
    """

    mrr: Fraction
    arr: Fraction
    seats: int | None
    live_since_on: date | None
    next_renewal_on: date | None
    renewal_arr: Fraction | None
    notice_on: date | None
    overdue_amount: int | None
    oldest_overdue_on: date | None


@dataclass(frozen=True)
class ProductLine:
    """A recurring line as the lifecycle sees it. `ends_on`: the first day on which it counts no more, by notice too.

    `is_given_up`: cancelled, so that nobody waits for its renewal. `paid_on`: the contract's first receipt.
    `late_until`: the day on which the grace after its end is over, as the lifecycle adds it (`grace`).
    """

    fact: str
    product: str
    starts_on: date
    ends_on: date | None
    is_given_up: bool
    renewal_of: str | None
    signed_on: date | None
    accepted_on: date | None
    paid_on: date | None
    late_until: date | None = None


SeatPeriod = tuple[date, date | None, int | None]
_Moved = tuple[date, str, str, Fraction]  # day, kind, currency, amount
_Owed = tuple[int | None, date, int, Settled, str]  # contract, last day, amount, what came, currency
Run = tuple[date, date | None, int | None, date | None]  # starts on, counts until, quantity, day of notice


@dataclass(frozen=True, slots=True)
class _Line:
    """A line with its paper's days; `until` is the first day on which it counts no more."""

    terms: LineTerms
    until: date | None
    notice_on: date | None
    signed_on: date | None
    accepted_on: date | None

    @property
    def is_given_up(self) -> bool:
        return self.terms.cancelled_on is not None or self.terms.billing_status is BillingStatus.CANCELLED


@dataclass(frozen=True)
class Book:
    """What is known now of the customers' contracts, whatever day is asked for. Merged customers are one."""

    switches: PolicySwitches
    lines: dict[int, list[_Line]]  # by start
    moved: dict[int, list[_Moved]]  # by day
    owed: dict[int, list[_Owed]]  # by due day
    followed: set[str]
    exchange: Exchange
    told: dict[date, dict[int, Standing]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, customer_ids: Sequence[int] | None = None) -> Book:
        """Read the contracts of these customers (None: all); six queries, seven for some, and the rates where somebody
        pays in another currency."""
        place, merged = house(), aliases()
        switches = facts.switches_of(place.policy_switches)
        ids = None if customer_ids is None else merged.family(customer_ids)
        lines = _lines(ids, merged, switches)
        followed = {one.terms.renewal_of for found in lines.values() for one in found if one.terms.renewal_of}
        if ids is not None:  # a line may be followed by another customer's
            mine = Line.objects.current().filter(customer_id__in=ids).values("fact")
            rows = Line.objects.current().filter(renewal_of__in=mine)
            followed |= {str(fact) for fact in rows.values_list("renewal_of", flat=True)}
        return cls(switches, lines, _moved(ids, merged), _owed(ids, merged), followed, Exchange(place.currency))

    def standing(self, on: date) -> dict[int, Standing]:
        """Return how each customer stands at the end of a day; those without line and receivable are left out.

        The last day told is kept: a night asks for it in every step.
        """
        if on not in self.told:
            self.told.clear()
            self.told[on] = {number: self._standing(number, on) for number in self.lines.keys() | self.owed.keys()}
        return self.told[on]

    def standing_of(self, customer_id: int, on: date) -> Standing | None:
        """Return how one customer stands at the end of a day; None where no line and no receivable is kept."""
        is_known = customer_id in self.lines or customer_id in self.owed
        return self._standing(customer_id, on) if is_known else None

    def _standing(self, customer_id: int, on: date) -> Standing:
        mrr, live_since_on = self._balance(customer_id, on)
        renewal_on, renewal_arr = next(
            ((day, arr) for day, arr in self._renewals.get(customer_id, ()) if day > on), (None, None)
        )
        running = [run for run in self._runs.get(customer_id, ()) if run[0] <= on and (run[1] is None or on < run[1])]
        amount, since_on = self._overdue(customer_id, on)
        return Standing(
            mrr=mrr,
            arr=12 * mrr,
            seats=_seats(running),
            live_since_on=live_since_on,
            next_renewal_on=renewal_on,
            renewal_arr=renewal_arr,
            notice_on=min((run[3] for run in running if run[3] is not None and run[3] >= on), default=None),
            overdue_amount=amount,
            oldest_overdue_on=since_on,
        )

    def revenue_over(self, days: Sequence[date]) -> dict[int, list[Fraction]]:
        """Return the MRR at the end of each of the days (ascending), as `standing` says it; who has no movement is left
        out."""
        return {
            number: _over(days, cuts, self._has_one_currency(one for one, _since in held),
                          partial(self._mrr, number))
            for number, (cuts, held) in self._balances.items()
        }  # fmt: skip

    def overdue_over(self, days: Sequence[date]) -> dict[int, list[date | None]]:
        """Return since when anything was overdue on each of the days (ascending), None where nothing was, as `standing`
        says it; of whom no receivable is kept is left out."""
        found = {}
        for number, steps in self.owed.items():
            cuts = {last_day + timedelta(days=1) for _contract, last_day, *_rest in steps}
            cuts |= {part.on for *_rest, came, _own in steps for part in (*came.received, *came.written_off)}
            is_own = all(currency == self.exchange.currency for *_rest, currency in steps)
            found[number] = _over(days, sorted(cuts), is_own, partial(self._overdue_since, number))
        return found

    def _has_one_currency(self, held: Iterable[Mapping[str, Fraction]]) -> bool:
        return all(currency == self.exchange.currency for amounts in held for currency in amounts)

    def _mrr(self, customer_id: int, on: date) -> Fraction:
        return self._balance(customer_id, on)[0]

    def _overdue_since(self, customer_id: int, on: date) -> date | None:
        return self._overdue(customer_id, on)[1]

    def seat_periods(self) -> dict[int, list[SeatPeriod]]:
        """Return each customer's stretches [from, until) with the seats contracted then, in order, none overlapping.

        An until of None is open; seats None: lines run and none states a quantity. Days without a running line lie in
        no stretch.
        """
        return {customer_id: _stretches(runs) for customer_id, runs in self._runs.items()}

    def product_lines(self) -> dict[int, list[ProductLine]]:
        """Return each customer's recurring lines by start; who has none is left out."""
        paid: dict[int, date] = {}
        for steps in self.owed.values():
            for contract_id, _last_day, _amount, came, _currency in steps:
                if contract_id is not None and came.received:
                    first = min(part.on for part in came.received)
                    paid[contract_id] = min(first, paid.get(contract_id, first))
        found = {
            customer_id: [_product_line(one, paid) for one in lines if one.terms.kind is LineKind.RECURRING]
            for customer_id, lines in self.lines.items()
        }
        return {customer_id: lines for customer_id, lines in found.items() if lines}

    @cached_property
    def _runs(self) -> dict[int, list[Run]]:
        found = {
            customer_id: [
                (one.terms.starts_on, one.until, one.terms.quantity, one.notice_on)
                for one in lines
                if one.terms.kind is LineKind.RECURRING and (one.until is None or one.terms.starts_on < one.until)
            ]
            for customer_id, lines in self.lines.items()
        }
        return {customer_id: runs for customer_id, runs in found.items() if runs}

    @cached_property
    def _renewals(self) -> dict[int, list[tuple[date, Fraction]]]:
        """Return the due days that nothing follows yet, in order, and the ARR that ends on each."""
        return {customer_id: self._ending(lines) for customer_id, lines in self.lines.items()}

    def _ending(self, lines: Sequence[_Line]) -> list[tuple[date, Fraction]]:
        due = due_keys([one.terms for one in lines], self.followed, self.switches)
        ending: dict[date, Fraction] = defaultdict(Fraction)
        for one in lines:
            end, key = one.terms.ends_on, one.terms.line_key
            if end is not None and not one.is_given_up and key in due and key not in self.followed:
                arr = 12 * mrr_on(one.terms, day_before(end), self.switches)
                ending[end] += self.exchange.value(arr, one.terms.currency, end)
        return sorted(ending.items())

    @cached_property
    def _balances(self) -> dict[int, tuple[list[date], list[tuple[dict[str, Fraction], date | None]]]]:
        return {customer_id: _held(moved) for customer_id, moved in self.moved.items()}

    def _balance(self, customer_id: int, on: date) -> tuple[Fraction, date | None]:
        """Return the MRR at the end of the day, and since when it has been a customer without a break."""
        days, held = self._balances.get(customer_id, ((), ()))
        place = bisect_right(days, on)
        if not place:
            return _NOTHING, None
        amounts, since = held[place - 1]
        mrr = sum((self.exchange.value(amount, currency, on) for currency, amount in amounts.items()), _NOTHING)
        return mrr, since if mrr > 0 else None

    def _overdue(self, customer_id: int, on: date) -> tuple[int | None, date | None]:
        steps = self.owed.get(customer_id)
        if steps is None:
            return None, None
        total, since = _NOTHING, None
        for _contract_id, last_day, amount, came, currency in steps:
            left = receipts.owed(amount, came, on)
            if last_day < on and left > 0 and self.exchange.knows(currency, on):
                total, since = total + self.exchange.value(left, currency, on), min(since or last_day, last_day)
        return round_half_even(total), since


def _over(days: Sequence[date], cuts: Sequence[date], is_flat: bool, told: Callable[[date], _Told]) -> list[_Told]:
    """Return what is told of each of the days; where it is flat between the cuts, it is asked once between two."""
    found: list[_Told] = []
    before = -1
    for day in days:
        place = bisect_right(cuts, day)
        found.append(found[-1] if is_flat and place == before else told(day))
        before = place
    return found


def _lines(ids: Sequence[int] | None, merged: Aliases, switches: PolicySwitches) -> dict[int, list[_Line]]:
    rows = Line.objects.current() if ids is None else Line.objects.current().filter(customer_id__in=ids)
    found: dict[int, list[_Line]] = defaultdict(list)
    for row in rows.order_by("starts_on", "id").values_list(*facts.COLUMNS, *_PAPER, named=True):
        terms = facts.terms_of(row, merged)
        until = counts_until(terms, switches)
        found[terms.customer_id].append(
            _Line(terms, until, row.notice_on, row.contract__signed_on, row.contract__accepted_on)
        )
    return dict(found)


def _moved(ids: Sequence[int] | None, merged: Aliases) -> dict[int, list[_Moved]]:
    rows = Movement.objects.all() if ids is None else Movement.objects.filter(customer_id__in=ids)
    found: dict[int, list[_Moved]] = defaultdict(list)
    columns = ("customer_id", "on", "kind", "currency", "numerator", "denominator")
    for customer_id, on, kind, currency, numerator, denominator in rows.order_by("on", "id").values_list(*columns):
        found[merged.of(customer_id)].append((on, kind, currency, Fraction(numerator, denominator)))
    return dict(found)


def _owed(ids: Sequence[int] | None, merged: Aliases) -> dict[int, list[_Owed]]:
    kept = Receivable.objects.current()
    if ids is not None:
        kept = kept.filter(customer_id__in=ids)
    settled = settled_of(Q() if ids is None else Q(step__in=kept.values("fact")))
    found: dict[int, list[_Owed]] = defaultdict(list)
    columns = ("customer_id", "fact", "contract_id", "due_on", "contract__credit_days", "amount", "received_on",
               "received_amount", "currency")  # fmt: skip
    steps = kept.order_by("due_on", "id").values_list(*columns)
    for customer_id, fact, contract_id, due_on, credit_days, amount, stated_on, stated, currency in steps:
        came = receipts.came(stated_on, stated, settled.get(fact, receipts.NOTHING))
        last_day = due_on + timedelta(days=credit_days or 0)
        found[merged.of(customer_id)].append((contract_id, last_day, amount, came, currency))
    return dict(found)


def _held(moved: Iterable[_Moved]) -> tuple[list[date], list[tuple[dict[str, Fraction], date | None]]]:
    """Return the days of movements, and what was held in each currency at the end of each, with the day since when any
    of it was positive."""
    by_day: dict[date, list[_Moved]] = defaultdict(list)
    for one in moved:
        by_day[one[0]].append(one)
    amounts: dict[str, Fraction] = {}
    since, held = None, []
    for day, changes in by_day.items():
        was_live = any(amount > 0 for amount in amounts.values())
        amounts = dict(amounts)
        for _on, _kind, currency, amount in changes:
            amounts[currency] = amounts.get(currency, _NOTHING) + amount
        resumed = any(kind == MovementKind.RESUME for _on, kind, _currency, _amount in changes)
        if not was_live and any(amount > 0 for amount in amounts.values()) and not (resumed and since):
            since = day
        held.append((amounts, since))
    return list(by_day), held


def _seats(running: Iterable[Run]) -> int | None:
    known = [quantity for _start, _end, quantity, _notice in running if quantity is not None]
    return sum(known) if known else None


def _stretches(runs: Sequence[Run]) -> list[SeatPeriod]:
    cuts: list[date | None] = [*sorted({day for run in runs for day in run[:2] if day}), None]
    found: list[SeatPeriod] = []
    for since, until in pairwise(cuts):
        assert since is not None  # only the last cut is open
        running = [run for run in runs if run[0] <= since and (run[1] is None or since < run[1])]
        if running:
            found.append((since, until, _seats(running)))
    return found


def _product_line(one: _Line, paid: dict[int, date]) -> ProductLine:
    terms = one.terms
    return ProductLine(
        fact=terms.line_key,
        product=str(terms.product_id or ""),
        starts_on=terms.starts_on,
        ends_on=one.until,
        is_given_up=one.is_given_up,
        renewal_of=terms.renewal_of,
        signed_on=one.signed_on,
        accepted_on=one.accepted_on,
        paid_on=None if terms.contract_id is None else paid.get(terms.contract_id),
    )
