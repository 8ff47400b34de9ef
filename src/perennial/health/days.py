"""Facts of many past days in one pass: what `Facts.of_day` says of each of them, value for value, asked once.

A day by itself asks seven rooms and reckons customer by customer; a backtest of three years asks for 180 of them. Here
each room's facts are read once, and become columns of customers × days. Only the measures asked for are made. Private
to the room.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from perennial.blueprint import queries as blueprint
from perennial.customers import queries as customers
from perennial.engagement import queries as engagement
from perennial.health.calculations.over_days import held, instants, last_of, mean_of
from perennial.health.facts import OTHERS, USAGE, DayFacts, Facts
from perennial.health.terms import Floats, Ints
from perennial.kernel.money import to_major
from perennial.lake.terms import day_number
from perennial.lifecycle import queries as lifecycle
from perennial.support import queries as support
from perennial.usage import queries as usage
from perennial.voice import queries as voice

AT_ONCE = 250_000
"""So many customers × days are in memory at once."""
Column = tuple[Floats, Floats]  # values and ages, customers × days


def can_make(keys: Sequence[str]) -> bool:
    """Say whether every one of these measures is made here."""
    return all(key not in OTHERS or key in _COLUMNS for key in keys)


class Days:
    """Past days of everybody, with some measures. `keys`: shipped ones and metrics of one's own."""

    def __init__(self, facts: Facts, keys: Sequence[str]) -> None:
        self.facts, self.keys = facts, tuple(keys)
        self.everybody = np.array(sorted(facts.terms.customers), dtype=np.int64)

    def made(self, days: Sequence[date]) -> Iterator[DayFacts]:
        """Yield the facts of each day, in order; tiers are not told. Seven queries, however many days."""
        ordered, size = sorted(set(days)), max(1, AT_ONCE // max(len(self.everybody), 1))
        for start in range(0, len(ordered), size):
            yield from _Stretch(self, ordered[start : start + size]).made()

    def place(self, whose: Sequence[int]) -> Ints:
        """Return the places of customers among everybody, -1 of who is not among them."""
        asked = np.array(whose, dtype=np.int64)
        if not self.everybody.size:
            return np.full(len(asked), -1)
        found = np.minimum(np.searchsorted(self.everybody, asked), len(self.everybody) - 1)
        return np.where(self.everybody[found] == asked, found, -1)

    @cached_property
    def tickets(self) -> tuple[Ints, Ints, Ints, Ints, Floats]:
        """Whose each ticket is, when it was opened and closed, when it is late (instants), and how it was rated."""
        rows = support.times()
        return (
            self.place([one.customer for one in rows]),
            instants([one.opened_at for one in rows]), instants([one.closed_at for one in rows]),
            instants([one.late_at for one in rows]),
            np.array([one.satisfaction for one in rows], dtype=np.float64),
        )  # fmt: skip

    def _happened(self, rows: Sequence[tuple[int, datetime]]) -> tuple[Ints, Ints, Ints]:
        """Return whose each thing is, when it happened (instants), on which day."""
        days = [self.facts.place.day_of(at).toordinal() for _customer, at in rows]
        return self.place([customer for customer, _at in rows]), instants([at for _customer, at in rows]), \
            np.array(days, dtype=np.int64)  # fmt: skip

    def _said(self, rows: Sequence[tuple[int, float, datetime]]) -> tuple[Ints, Floats, Ints, Ints]:
        """Return whose each number is, the number, when it was said (instants), on which day."""
        whose, at, on = self._happened([(customer, at) for customer, _said, at in rows])
        return whose, np.array([said for _customer, said, _at in rows], dtype=np.float64), at, on

    @cached_property
    def contacts(self) -> tuple[Ints, Ints, Ints]:
        """Who was in contact, when, on which day."""
        return self._happened(engagement.contacts())

    @cached_property
    def inspections(self) -> tuple[Ints, Ints, Ints]:
        """Who was inspected, when, on which day."""
        return self._happened(engagement.inspections())

    @cached_property
    def judged(self) -> tuple[Ints, Floats, Ints, Ints]:
        """Who was judged by the CSM, how, when, on which day."""
        return self._said(engagement.judged())

    @cached_property
    def people(self) -> list[Any]:
        """What is known of each contact person."""
        return customers.people_of()

    def answers(self, kind: str) -> tuple[Ints, Floats, Ints, Ints]:
        """Return who answered, what, when, on which day."""
        if kind not in self._answers:
            self._answers[kind] = self._said(voice.answers(kind))
        return self._answers[kind]

    @cached_property
    def _answers(self) -> dict[str, tuple[Ints, Floats, Ints, Ints]]:
        return {}


class _Stretch:
    """Some days that are in memory together."""

    def __init__(self, whole: Days, days: Sequence[date]) -> None:
        self.whole, self.days, self.facts = whole, days, whole.facts
        self.shape = len(whole.everybody), len(days)
        self.ends = instants([datetime.combine(day, time.max, whole.facts.place.timezone) for day in days])
        self.numbers = np.array([day.toordinal() for day in days], dtype=np.int64)

    def made(self) -> Iterator[DayFacts]:
        columns = [self._usage[key] if key not in OTHERS else _COLUMNS[key](self) for key in self.whole.keys]
        for number, day in enumerate(self.days):
            there = np.flatnonzero(self.scored[:, number])
            values, ages = np.empty((2, len(there), len(columns)))
            for place, (told, age) in enumerate(columns):
                values[:, place], ages[:, place] = told[there, number], age[there, number]
            yield DayFacts(day, self.whole.everybody[there].tolist(), values, ages, None, self.whole.keys)

    def nothing(self) -> Floats:
        return np.full(self.shape, np.nan)

    def from_on(self, at: Ints) -> Ints:
        """Return the place of the first day at whose end an instant has come."""
        return np.searchsorted(self.ends, at, side="left")

    @cached_property
    def revenue(self) -> Mapping[int, Sequence[Any]]:
        """The exact MRR of who has movements, by day."""
        return self.facts.terms.book.revenue_over(self.days)

    @cached_property
    def terms(self) -> Ints:
        """What the terms of everybody say on each day: whether any is there, whether any ends, and the number of the
        first end of those that are not renewed (NO_END: none)."""
        found = np.empty((*self.shape, 3), dtype=np.int64)
        for row, customer in enumerate(self.whole.everybody.tolist()):
            found[row] = _each(self.facts.terms.over(customer, self.days), _numbers)
        return found

    @cached_property
    def scored(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Who is scored on which day, as `Facts.scored` says it."""
        if not self.facts.terms.lines:
            return np.ones(self.shape, dtype=bool)
        found = self.terms[:, :, 0] > 0
        for row, customer in enumerate(self.whole.everybody.tolist()):
            if (paid := self.revenue.get(customer)) is not None:
                found[row] |= _each(paid, lambda mrr: mrr > 0)
        return found

    @cached_property
    def _usage(self) -> Mapping[str, Column]:
        """Every measure of usage that is asked for; one of one's own is as old as the shipped ones of the day."""
        keys = [key for key in self.whole.keys if key not in OTHERS]
        if not keys:
            return {}
        rows = usage.columns_on(self.days, keys)
        known = rows.values
        row = self.whole.place(rows.customers.tolist())
        column = np.searchsorted([day_number(day) for day in self.days], rows.days)
        seen, found = row >= 0, {}
        has_feed = self.facts.last_event_on is not None
        age = np.array([self.facts.age(day) for day in self.days])
        for key in keys:
            values = self.nothing()
            if key in known and (has_feed or key not in USAGE):
                values[row[seen], column[seen]] = known[key][seen]
            found[key] = values, np.where(np.isnan(values), np.nan, age)
        return found

    @cached_property
    def _open(self) -> tuple[Ints, Ints, Ints]:
        """Tickets of everybody: those ever opened, those open and those overdue, on each day."""
        whose, opened, closed, late, _rated = self.whole.tickets
        mine = whose >= 0
        begins, ends = self.from_on(opened), self.from_on(closed)
        too_late = np.searchsorted(self.ends, late, side="right")
        last = np.full(len(whose), self.shape[1])
        return (held(whose[mine], begins[mine], last[mine], self.shape),
                held(whose[mine], begins[mine], ends[mine], self.shape),
                held(whose[mine], np.maximum(begins, too_late)[mine], ends[mine], self.shape))  # fmt: skip

    def tickets(self, which: int) -> Column:
        """Return open (1) or overdue (2) tickets; unknown on days before anybody's first one."""
        any_kept = self._open[0].any(axis=0)
        values = np.where(any_kept, self._open[which].astype(np.float64), np.nan)
        return values, np.where(np.isnan(values), np.nan, 0.0)

    def answered(self, kind: str) -> Column:
        """Return each customer's latest answer."""
        whose, score, at, on = self.whole.answers(kind)
        return self._latest(whose, at, score, on)

    def _latest(self, whose: Ints, at: Ints, values: Floats, on: Ints) -> Column:
        mine = np.flatnonzero(whose >= 0)
        which = last_of(whose[mine], self.from_on(at[mine]), self.shape)
        if not mine.size:
            return self.nothing(), self.nothing()
        there = which >= 0
        row = mine[which]
        return np.where(there, values[row], np.nan), np.where(there, self.numbers - on[row], np.nan)

    def csat(self) -> Column:
        """Return the last survey answer; of who never gave one, how tickets of 90 days were rated."""
        values, ages = self.answered("csat")
        whose, opened, closed, _late, rated = self.whole.tickets
        mine = (whose >= 0) & ~np.isnan(rated) & (closed < instants([None])[0])
        begins = np.maximum(self.from_on(closed), self.from_on(opened))
        days = timedelta(days=support.SATISFACTION_DAYS) // timedelta(microseconds=1)
        ends = self.from_on(np.where(mine, closed, 0) + days)
        mean = mean_of(whose[mine], rated[mine], begins[mine], ends[mine], self.shape)
        stands_in = np.isnan(values) & ~np.isnan(mean)
        return np.where(stands_in, mean, values), np.where(stands_in, 0.0, ages)

    def touch_ratio(self) -> Column:
        """Return the silence by the rhythm of the tier of the day."""
        whose, at, on = self.whole.contacts
        silence = self._latest(whose, at, np.zeros(len(at)), on)[1]
        every = self.rhythms()
        known = ~np.isnan(silence) & ~np.isnan(every)
        values = np.where(known, np.maximum(silence, 0) / np.where(known, every, 1), np.nan)
        return values, np.where(known, 0.0, np.nan)

    def rhythms(self) -> Floats:
        """Return after how many days the tier of the day calls for a contact, NaN where none does."""
        found, currency, book = self.nothing(), self.facts.place.currency, self.facts.terms.book
        presets = [blueprint.tier_presets(day) for day in self.days]
        same = [0] * len(presets)
        for number in range(1, len(presets)):
            same[number] = same[number - 1] + (presets[number] != presets[number - 1])
        first = [self.days[same.index(number)] for number in range(same[-1] + 1)]

        def told(mrr: Fraction) -> list[float]:
            tiers = [lifecycle.tier_by_revenue(12 * mrr, currency, on) for on in first]
            return [np.nan if one is None or one.touch_every_days is None else one.touch_every_days for one in tiers]

        for row, customer in enumerate(self.whole.everybody.tolist()):
            if customer not in book.lines and customer not in book.owed:
                continue
            paid = self.revenue.get(customer, [NOTHING] * len(self.days))
            by_rule: Floats = np.array(_each(paid, told))
            found[row] = by_rule[np.arange(len(self.days)), same]
        return found

    def level_1_rung(self) -> Column:
        """Return the rung of the best decider who was there; as old as what was last learned of anybody."""
        people = self.whole.people
        whose = self.whole.place([one.whose for one in people])
        left = np.array([NO_END if one.left_on is None else one.left_on.toordinal() for one in people], dtype=np.int64)
        until, first = np.searchsorted(self.numbers, left, side="left"), np.zeros(len(people), dtype=np.int64)
        mine = whose >= 0
        deciders = mine & np.array([one.level == 1 for one in people], dtype=bool)
        has = held(whose[deciders], first[deciders], until[deciders], self.shape) > 0
        values = np.where(has, np.nan, 0.0)
        for rung in sorted({one.rung for one in people if one.rung is not None}):
            on_it = deciders & np.array([one.rung == rung for one in people], dtype=bool)
            values[held(whose[on_it], first[on_it], until[on_it], self.shape) > 0] = rung + 1
        learned = np.full(self.shape[0], -1, dtype=np.int64)
        days = np.array([one.learned_at.date().toordinal() for one in people], dtype=np.int64)
        np.maximum.at(learned, whose[mine], days[mine])
        values = np.where((learned >= 0)[:, None], values, np.nan)
        return values, np.where(np.isnan(values), np.nan, self.numbers - learned[:, None])

    def overdue_days(self) -> Column:
        """Return for how long the oldest receivable is overdue."""
        values = self.nothing()
        for customer, since in self.facts.terms.book.overdue_over(self.days).items():
            row = bisect_left(self.whole.everybody, customer)
            if row < self.shape[0] and self.whole.everybody[row] == customer:
                values[row] = [0.0 if one is None else float((day - one).days)
                               for day, one in zip(self.days, since, strict=True)]  # fmt: skip
        return values, np.where(np.isnan(values), np.nan, 0.0)

    def pulse(self) -> Column:
        """Return how each customer was judged last."""
        whose, rating, at, on = self.whole.judged
        return self._latest(whose, at, rating, on)

    def inspection_days(self) -> Column:
        """Return since how many days each customer was not inspected; known as of the day for ever after the first."""
        whose, at, on = self.whole.inspections
        silence = self._latest(whose, at, np.zeros(len(at)), on)[1]
        return silence, np.where(np.isnan(silence), np.nan, 0.0)

    @cached_property
    def standing(self) -> list[list[Any]]:
        """What the contracts of everybody say on each day."""
        book = self.facts.terms.book
        return [[book.standing_of(customer, day) for day in self.days] for customer in self.whole.everybody.tolist()]

    def of_contracts(self, read: Callable[[Any], float | None]) -> Column:
        """Return a number of the contracts."""
        values = self.nothing()
        for row, days in enumerate(self.standing):
            told = _each(days, lambda one: None if one is None else read(one))
            values[row] = [np.nan if one is None else one for one in told]
        return values, np.where(np.isnan(values), np.nan, 0.0)

    def tenure_days(self) -> Column:
        """Return the days since the first paid day of the present time as a customer."""
        values = self.nothing()
        for row, days in enumerate(self.standing):
            values[row] = [np.nan if one is None or one.live_since_on is None else float((day - one.live_since_on).days)
                           for day, one in zip(self.days, days, strict=True)]  # fmt: skip
        return values, np.where(np.isnan(values), np.nan, 0.0)

    def money(self, key: str) -> Column:
        """Return an amount of the contracts in whole units of the house's currency."""
        currency = self.facts.place.currency

        def read(one: Any) -> float | None:
            minor = getattr(one, key)
            return None if minor is None else float(to_major(minor, currency))

        return self.of_contracts(read)

    def renewal_days_behind(self) -> Column:
        """Return by how many days a renewal is unsigned past the end of its term."""
        behind = np.maximum(self.numbers - self.terms[:, :, 2], 0).astype(np.float64)
        values = np.where(self.terms[:, :, 1] > 0, behind, np.nan)
        return values, np.where(np.isnan(values), np.nan, 0.0)


NO_END = date.max.toordinal() + 1
NOTHING = Fraction(0)
One = TypeVar("One")
Told = TypeVar("Told")


def _numbers(one: lifecycle.TermOn) -> tuple[int, int, int]:
    return one.is_there, one.ends, NO_END if one.open_until is None else one.open_until.toordinal()


def _each(items: Sequence[One], of: Callable[[One], Told]) -> list[Told]:
    """Return what is told of each item; the same one as before is not asked again."""
    found: list[Told] = []
    for number, item in enumerate(items):
        found.append(found[-1] if number and item is items[number - 1] else of(item))
    return found


_COLUMNS: Mapping[str, Callable[[_Stretch], Column]] = {
    "overdue_tickets": lambda of: of.tickets(2),
    "open_tickets": lambda of: of.tickets(1),
    "csat": _Stretch.csat,
    "touch_ratio": _Stretch.touch_ratio,
    "level_1_rung": _Stretch.level_1_rung,
    "nps": lambda of: of.answered("nps"),
    "overdue_days": _Stretch.overdue_days,
    "renewal_days_behind": _Stretch.renewal_days_behind,
    "pulse": _Stretch.pulse,
    "inspection_days": _Stretch.inspection_days,
    "mrr": lambda of: of.money("mrr"),
    "arr": lambda of: of.money("arr"),
    "seats": lambda of: of.of_contracts(lambda one: None if one.seats is None else float(one.seats)),
    "renewal_arr": lambda of: of.money("renewal_arr"),
    "overdue_amount": lambda of: of.money("overdue_amount"),
    "tenure_days": _Stretch.tenure_days,
}
