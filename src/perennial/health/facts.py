"""What a score is made of: the raw value of every measure for every customer on a day, and how old each is.

Private to the room. A measure that nothing tells of is unknown (NaN), never 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import cached_property
from math import nan
from typing import Any

import numpy as np

from perennial.blueprint.terms import Tier
from perennial.contracts import queries as contracts
from perennial.customers import queries as customers
from perennial.engagement import queries as engagement
from perennial.engagement.terms import Pulse
from perennial.health.terms import Floats
from perennial.kernel.money import to_major
from perennial.kernel.organisation.queries import House
from perennial.lake.terms import day_date
from perennial.lifecycle import queries as lifecycle
from perennial.support import queries as support
from perennial.usage import queries as usage
from perennial.usage.lake import lake, metric_keys
from perennial.voice import queries as voice

Value = tuple[float, float]  # raw value, and its age in days
UNKNOWN: Value = (nan, nan)
USAGE = metric_keys()
OTHERS = (
    "overdue_tickets", "open_tickets", "csat", "touch_ratio", "level_1_rung", "nps", "overdue_days",
    "renewal_days_behind", "pulse", "inspection_days", "mrr", "arr", "seats", "renewal_arr", "overdue_amount",
    "tenure_days",
)  # fmt: skip
MEASURES: tuple[str, ...] = (*USAGE, *OTHERS)


@dataclass(frozen=True, slots=True)
class Known:
    """What the rooms know of all customers on a day, by customer id."""

    on: date
    standing: Mapping[int, contracts.Standing]
    usage: Mapping[int, usage.Values]
    support: Mapping[int, support.Support]
    contact: Mapping[int, date]
    people: Mapping[int, customers.Relationship]
    nps: Mapping[int, voice.Answer]
    csat: Mapping[int, voice.Answer]
    pulse: Mapping[int, Pulse]
    inspected: Mapping[int, date]


@dataclass(frozen=True, slots=True)
class DayFacts:
    """The customers that are scored on a day, by id, their values and ages (customers × MEASURES) and their tiers (""
    for none); `tiers` None: frozen before tiers were kept."""

    on: date
    customers: list[int]
    values: Floats
    ages: Floats
    tiers: list[str] | None
    measures: tuple[str, ...] = MEASURES


class Facts:
    """Reads what scores are made of; what does not change from day to day is read once."""

    def __init__(self, place: House, terms: lifecycle.Terms | None = None) -> None:
        self.place = place
        self._given = terms
        self._tiers: dict[tuple[date, int], Tier | None] = {}
        last = lake().last_day()
        self.last_event_on = None if last is None else day_date(last)

    @cached_property
    def terms(self) -> lifecycle.Terms:
        """The terms that were given, else those of all customers."""
        return self._given or lifecycle.Terms.read()

    def known(self, on: date, ids: Sequence[int] | None = None) -> Known:
        """Return what the rooms know on a day of some customers (None: all), whose terms are at hand; nine queries."""
        at = datetime.combine(on, time.max, self.place.timezone)
        return Known(
            on=on,
            standing=self.terms.book.standing(on),
            usage=usage.values_on(on, ids),
            support=support.standing(at, ids),
            contact={c: self.place.day_of(when) for c, when in engagement.last_contact(at, ids).items()},
            people=customers.relationships(on, ids),
            nps=voice.latest("nps", at, ids),
            csat=voice.latest("csat", at, ids),
            pulse=engagement.pulses(at, ids),
            inspected={c: self.place.day_of(when) for c, when in engagement.last_inspection(at, ids).items()},
        )

    def scored(self, known: Known) -> list[int]:
        """Return who is scored: who pays, and who has a term running, within its grace or signed. Customers that left
        are not, nor are those that never bought; where no contract is kept at all, everybody is."""
        if not self.terms.lines:
            return sorted(self.terms.customers)
        live = {customer for customer, one in known.standing.items() if one.mrr > 0}
        return sorted(c for c in self.terms.customers if c in live or self.terms.of(c, known.on))

    def of_day(self, known: Known) -> DayFacts:
        """Return the values and ages of everybody who is scored on a day."""
        ids = self.scored(known)
        columns = [self._usage(known, key, ids) for key in USAGE]
        columns += [[read(self, known, customer) for customer in ids] for read in _READERS.values()]
        table = np.array(columns, dtype=np.float64).reshape(len(MEASURES), len(ids), 2)
        tiers = [tier.key if (tier := self.tier(known, customer)) else "" for customer in ids]
        values, ages = table[:, :, 0].T.copy(), table[:, :, 1].T.copy()
        return DayFacts(on=known.on, customers=ids, values=values, ages=ages, tiers=tiers)

    @staticmethod
    def tenures(day: DayFacts) -> Floats:
        """Return for how many days each has been a customer on the day, NaN where that is not known or was not kept."""
        if "tenure_days" not in day.measures:
            return np.full(len(day.customers), nan)
        tenures: Floats = day.values[:, day.measures.index("tenure_days")]
        return tenures

    def with_usage(self, day: DayFacts, of: Mapping[int, usage.Values]) -> DayFacts:
        """Return the facts of a day with the usage that some customers have by now; of the rest its age alone moves."""
        values, ages, count = day.values.copy(), day.ages.copy(), len(USAGE)
        ages[:, :count] = np.where(np.isnan(values[:, :count]), nan, self.age(day.on))
        rows = [row for row, customer in enumerate(day.customers) if customer in of]
        if rows:
            known = [[self._aged(of[day.customers[row]].get(key), day.on) for key in USAGE] for row in rows]
            values[rows, :count], ages[rows, :count] = np.moveaxis(np.array(known, dtype=np.float64), 2, 0)
        return replace(day, values=values, ages=ages)

    def with_own(self, day: DayFacts, keys: Sequence[str]) -> DayFacts:
        """Return the facts of a day with metrics of one's own as further columns, from the daily values.

        They are not frozen with the day's inputs: a new or changed definition has its whole history there, so that a
        trend is always under one definition. They are as old as the day's other usage.
        """
        if not keys:
            return day
        of, shipped = usage.values_on(day.on), day.ages[:, : len(USAGE)]
        known = shipped[~np.isnan(shipped)]
        age = float(known.max()) if known.size else self.age(day.on)
        told = [[of.get(customer, {}).get(key) for key in keys] for customer in day.customers]
        values = np.array(told, dtype=np.float64).reshape(len(day.customers), len(keys))
        ages = np.where(np.isnan(values), nan, age)
        return replace(
            day, values=np.hstack([day.values, values]), ages=np.hstack([day.ages, ages]), measures=(*MEASURES, *keys)
        )

    def _usage(self, known: Known, key: str, ids: Sequence[int]) -> list[Value]:
        return [self._aged(known.usage.get(customer, {}).get(key), known.on) for customer in ids]

    def _aged(self, value: float | None, on: date) -> Value:
        return UNKNOWN if value is None or self.last_event_on is None else (float(value), self.age(on))

    def age(self, on: date) -> float:
        """A metric is as old as the last event that anybody sent: a feed that stopped is not silence."""
        return nan if self.last_event_on is None else float(max((on - self.last_event_on).days, 0))

    def tier(self, known: Known, customer: int) -> Tier | None:
        """Return a customer's tier on the day."""
        key = known.on, customer
        if key not in self._tiers:
            one = known.standing.get(customer)
            self._tiers[key] = lifecycle.tier_by_revenue(one.arr if one else None, self.place.currency, known.on)
        return self._tiers[key]

    def row(self, known: Known, customer: int) -> dict[str, Any]:
        """Return the customer as the vetoes see it: fields of the portfolio row as far as they are known below health;
        the others (score, band, tasks, names) are unknown to a veto, and so is a metric of one's own without values."""
        one, people, tickets = known.standing.get(customer), known.people.get(customer), known.support.get(customer)
        told: dict[str, Any] = {
            "tier": tier.key if (tier := self.tier(known, customer)) else None,
            "segment": self.terms.customers[customer][0],
            "first_value_on": self.terms.customers[customer][1],
            "last_touch_on": known.contact.get(customer),
            "champion_left_on": people.champion_left_on if people else None,
            "open_tickets": tickets.open if tickets else None,
            "overdue_tickets": tickets.overdue if tickets else None,
            "is_live": one is not None and one.mrr > 0,
            "tags": (),
        }
        if one is not None:
            told |= {key: getattr(one, key) for key in (
                "mrr", "arr", "seats", "next_renewal_on", "renewal_arr", "notice_on", "overdue_amount",
                "oldest_overdue_on",
            )}  # fmt: skip
        return defaultdict(lambda: None, {**known.usage.get(customer, {}), **told})


def _tickets(key: str) -> Callable[[Facts, Known, int], Value]:
    """Where tickets are kept at all, a customer without one has none open."""

    def read(_facts: Facts, known: Known, customer: int) -> Value:
        if not known.support:
            return UNKNOWN
        found = known.support.get(customer)
        return (float(getattr(found, key)) if found else 0.0, 0.0)

    return read


def _answer(answer: voice.Answer | None, facts: Facts, on: date) -> Value:
    return UNKNOWN if answer is None else (answer.score, float((on - facts.place.day_of(answer.answered_at)).days))


def _csat(facts: Facts, known: Known, customer: int) -> Value:
    """The last survey answer; where there is none, what tickets of the last 90 days were rated."""
    if customer in known.csat:
        return _answer(known.csat[customer], facts, known.on)
    tickets = known.support.get(customer)
    return UNKNOWN if tickets is None or tickets.satisfaction is None else (tickets.satisfaction, 0.0)


def _touch_ratio(facts: Facts, known: Known, customer: int) -> Value:
    if customer not in known.contact:
        return UNKNOWN
    ratio = lifecycle.touch_ratio(known.contact[customer], facts.tier(known, customer), known.on)
    return UNKNOWN if ratio is None else (float(ratio), 0.0)


def _level_1_rung(_facts: Facts, known: Known, customer: int) -> Value:
    """0 where contacts are kept and none is level 1; else 1 (stranger) to 5, where contacts count rungs from 0."""
    people = known.people.get(customer)
    if people is None or (people.has_level_1 and people.level_1_rung is None):
        return UNKNOWN
    rung = 0 if people.level_1_rung is None else people.level_1_rung + 1
    return (float(rung), float((known.on - people.learned_on).days))


def _nps(facts: Facts, known: Known, customer: int) -> Value:
    return _answer(known.nps.get(customer), facts, known.on)


def _overdue_days(_facts: Facts, known: Known, customer: int) -> Value:
    one = known.standing.get(customer)
    if one is None or one.overdue_amount is None:
        return UNKNOWN
    return (float((known.on - one.oldest_overdue_on).days) if one.oldest_overdue_on else 0.0, 0.0)


def _renewal_days_behind(facts: Facts, known: Known, customer: int) -> Value:
    days = facts.terms.days_behind(customer, known.on)
    return UNKNOWN if days is None else (float(days), 0.0)


def _pulse(facts: Facts, known: Known, customer: int) -> Value:
    """How the member judged the customer last, 1 to 5."""
    one = known.pulse.get(customer)
    return UNKNOWN if one is None else (float(one.rating), float((known.on - facts.place.day_of(one.at)).days))


def _inspection_days(_facts: Facts, known: Known, customer: int) -> Value:
    """The age is the measure: it is known as of the day for ever after the first inspection."""
    last = known.inspected.get(customer)
    return UNKNOWN if last is None else (float((known.on - last).days), 0.0)


def _money(key: str) -> Callable[[Facts, Known, int], Value]:
    """A field of the customer in whole units of the house's currency."""

    def read(facts: Facts, known: Known, customer: int) -> Value:
        one = known.standing.get(customer)
        minor = None if one is None else getattr(one, key)
        return UNKNOWN if minor is None else (float(to_major(minor, facts.place.currency)), 0.0)

    return read


def _seats(_facts: Facts, known: Known, customer: int) -> Value:
    one = known.standing.get(customer)
    return UNKNOWN if one is None or one.seats is None else (float(one.seats), 0.0)


def _tenure_days(_facts: Facts, known: Known, customer: int) -> Value:
    """Days since the first paid day of the present time as a customer."""
    one = known.standing.get(customer)
    since = None if one is None else one.live_since_on
    return UNKNOWN if since is None else (float((known.on - since).days), 0.0)


_READERS: Mapping[str, Callable[[Facts, Known, int], Value]] = {
    "overdue_tickets": _tickets("overdue"),
    "open_tickets": _tickets("open"),
    "csat": _csat,
    "touch_ratio": _touch_ratio,
    "level_1_rung": _level_1_rung,
    "nps": _nps,
    "overdue_days": _overdue_days,
    "renewal_days_behind": _renewal_days_behind,
    "pulse": _pulse,
    "inspection_days": _inspection_days,
    "mrr": _money("mrr"),
    "arr": _money("arr"),
    "seats": _seats,
    "renewal_arr": _money("renewal_arr"),
    "overdue_amount": _money("overdue_amount"),
    "tenure_days": _tenure_days,
}
assert tuple(_READERS) == OTHERS
