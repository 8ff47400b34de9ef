"""A week's judgement: reads the fleet's weeks from the lake, and says whom it found. Private to the room."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from perennial.alerts.calculations import fleet, silence
from perennial.alerts.calculations.calendar import LEAST_CUSTOMERS, Floats, Ints, medians
from perennial.alerts.calculations.ewma import REACH, RECENT, lately
from perennial.alerts.calculations.fleet import LEAST_USERS, WATCH, WHOLE_REACH, Judged
from perennial.alerts.terms import Found, Kind, Listed, Trouble
from perennial.customers import queries as customers
from perennial.usage import queries as usage
from perennial.usage import weekly
from perennial.usage.weekly import Grid, Silence

LATE_DAYS = 3
"""So many days before the end of a week the last event may lie: a weekend is no feed that stopped."""


@dataclass(frozen=True)
class Week:
    """A week's verdicts: the grid, what was judged, everybody's champion, and why nobody was judged (None: somebody
    was)."""

    week_on: date
    grid: Grid
    judged: Judged
    champions: Mapping[int, Silence]
    trouble: Trouble | None

    @property
    def judged_ids(self) -> list[int]:
        """Return the customers that were judged by change."""
        return [self.grid.customers[place] for place in np.flatnonzero(~np.isnan(self.judged.p)).tolist()]

    @property
    def is_fed(self) -> bool:
        """Whether events arrived to the week's end, so that silence is the customers' own."""
        return self.trouble not in (Trouble.nothing, Trouble.stopped)

    @property
    def places(self) -> dict[int, int]:
        """Return each customer's row."""
        return {customer: place for place, customer in enumerate(self.grid.customers)}


def week_of(on: date) -> date:
    """Return the last day (Sunday) of the last week that is over by a day."""
    return on - timedelta(days=on.isoweekday())


def look(on: date, paying: Collection[int]) -> Week:
    """Judge the last whole week of a day over the customers that pay. About seven queries."""
    week_on = week_of(on)
    grid = weekly.grid(week_on, WHOLE_REACH, paying)
    judged = fleet.judge(grid.users, _parts(grid.customers))
    stopped = (last := usage.last_event_on()) is None or last < week_on - timedelta(days=LATE_DAYS)
    champions = {} if stopped else weekly.champions_of(week_on, grid.customers)
    return Week(week_on, grid, judged, champions, _trouble(grid, judged, stopped=stopped))


def found_in(week: Week) -> list[Found]:
    """Return everything that the week found; nothing where the feed stopped."""
    if not week.is_fed:
        return []
    found = [] if week.trouble else _drops(week)
    return [*found, *_silent(week), *_champions(week)]


def _parts(ids: Collection[int]) -> Ints:
    regions = customers.regions()
    codes = {region: code for code, region in enumerate(sorted(set(regions.values())), 1)}
    return np.array([codes.get(regions.get(customer, ""), 0) for customer in ids], dtype=np.int64)


def _trouble(grid: Grid, judged: Judged, *, stopped: bool) -> Trouble | None:
    if not grid.customers or np.isnan(grid.users).all():
        return Trouble.nothing
    if stopped:
        return Trouble.stopped
    if judged.judged and judged.against.max() + 1 > 1 / WATCH:
        return None
    large = medians(grid.users[:, -RECENT:]) >= LEAST_USERS
    return Trouble.short if large.sum() >= LEAST_CUSTOMERS else Trouble.few


def _drops(week: Week) -> list[Found]:
    one, users = week.judged, lately(week.judged.adjusted)
    return [
        Found(
            week.grid.customers[place], Kind.drop, Listed.act if one.act[place] else Listed.watch,
            float(one.statistic[place]), float(one.p[place]), int(one.against[place]),
            known(users[place]), float(one.usual[place]), float(one.spread[place]),
            _series(week, place), {},
        )
        for place in np.flatnonzero(one.watch | one.act).tolist()
    ]  # fmt: skip


def _silent(week: Week) -> list[Found]:
    """Whoever is too small to be judged by change: nobody came for longer than chance explains."""
    since = week.grid.since
    used = np.where(np.isnan(since), 0.0, (since < 7).astype(np.float64))
    active, gap = silence.gaps(used)
    small = np.isnan(week.judged.p)
    chance = silence.chance(active, gap)
    return [
        Found(
            week.grid.customers[place], Kind.silence, Listed.act, None, float(chance[place]), None,
            known(week.grid.users[place, -1]), None, None, _series(week, place),
            {"weeks": int(active[place]), "gap": int(gap[place])},
        )
        for place in np.flatnonzero(silence.is_silent(active, gap) & small).tolist()
    ]  # fmt: skip


def _champions(week: Week) -> list[Found]:
    places, found = week.places, []
    for customer, one in week.champions.items():
        gone = one.left_on is not None
        if not gone and not one.is_silent:
            continue
        place = places[customer]
        found.append(Found(
            customer, Kind.champion_gone if gone else Kind.champion_gap, Listed.act, None,
            None if gone else one.chance, None, known(week.grid.users[place, -1]), None, None, _series(week, place),
            {"weeks": one.weeks, "gap": one.gap, "user": one.user},
        ))  # fmt: skip
    return found


def _series(week: Week, place: int) -> list[tuple[float | None, float]]:
    users, divided = week.grid.users[place, -REACH:], week.judged.factors[place, -REACH:]
    return [(known(count), round(float(factor), 4)) for count, factor in zip(users, divided, strict=True)]


def known(value: float) -> float | None:
    """Return a number as it is told: NaN is unknown."""
    return None if np.isnan(value) else float(value)


def recent(week: Week, place: int, last: int = RECENT) -> list[float | None]:
    """Return a customer's last adjusted weeks, the oldest first."""
    told: Floats = week.judged.adjusted[place, -last:]
    return [known(one) for one in told]
