"""Invented usage of 10,000 customers over two years, a day at a time: few customers do most (zipf), weeks have
weekends, customers come and go, each has up to 20 users and some of 30 features. Every number follows from the seed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import numpy as np
import pyarrow as pa

from perennial.lake.terms import EVENT_SCHEMA, day_number

CUSTOMERS, USERS, DAYS = 10_000, 20, 730
FIRST = date(2024, 1, 1)
FROM_DAY, UNTIL_DAY = day_number(FIRST), day_number(FIRST) + DAYS
_FEATURES = [f"feature_{number:02}" for number in range(30)]
_PROPS = [f'{{"client":"{client}","plan":"{plan}","release":{release}}}' for client, plan, release
          in itertools.product(("web", "ios", "android", "api"), ("free", "pro", "enterprise"), range(12))]  # fmt: skip
_WEEKDAY = (1.0, 1.05, 1.1, 1.05, 0.9, 0.3, 0.25)


class Usage:
    """So many events in all, for whoever asks for a day of them."""

    def __init__(self, events: int, *, seed: int = 11) -> None:
        self._events = events
        self._seed = seed
        fleet = np.random.default_rng(seed)
        self._weight = fleet.permutation(1 / np.arange(1, CUSTOMERS + 1) ** 0.9)
        self._from = np.where(fleet.random(CUSTOMERS) < 0.6, 0, fleet.integers(0, DAYS - 120, CUSTOMERS))
        stays = fleet.random(CUSTOMERS) < 0.85
        self._until = np.where(stays, DAYS, self._from + fleet.integers(60, DAYS, CUSTOMERS))

    @cached_property
    def _shares(self) -> np.ndarray:
        days = [FIRST + timedelta(days=number) for number in range(DAYS)]
        share = np.array([_WEEKDAY[day.weekday()] for day in days]) * np.linspace(0.7, 1.3, DAYS)
        return np.asarray(share / share.sum())

    def days(self) -> Iterator[tuple[int, pa.Table]]:
        """Yield each day's number with its events."""
        for number in range(DAYS):
            yield FROM_DAY + number, self.day(number)

    def day(self, number: int) -> pa.Table:
        """Return the events of the day so many days after the first."""
        chance = np.random.default_rng([self._seed, number])
        count = round(self._events * self._shares[number])
        weight = np.cumsum(np.where((self._from <= number) & (number < self._until), self._weight, 0))
        customer = np.searchsorted(weight / weight[-1], chance.random(count), side="right").astype(np.int64)
        user = customer * USERS + (USERS * chance.random(count) ** 2).astype(np.int64)
        feature = np.minimum(chance.zipf(1.4, count) - 1, len(_FEATURES) - 1)
        is_login = chance.random(count) < 0.08
        midnight = datetime.combine(FIRST + timedelta(days=number), datetime.min.time(), UTC)
        clock = (np.clip(chance.normal(14, 4, count), 0, 23.999) * 3.6e9).astype(np.int64)
        ts = pa.array(clock + int(midnight.timestamp() * 1e6), pa.timestamp("us", tz="UTC"))
        ids = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, [None, pa.py_buffer(chance.bytes(16 * count))])
        columns = {
            "event_id": ids,
            "customer": customer + 1,
            "user": user + 1,
            "event": _named(["done", "login"], is_login.astype(np.int32)),
            "feature": _named(_FEATURES, feature, unless=is_login),
            "ts": ts,
            "day": pa.array(np.full(count, FROM_DAY + number, np.int32)),
            "n": pa.array(np.ones(count, np.int32)),
            "value": pa.nulls(count, pa.decimal128(18, 6)),
            "props": _named(_PROPS, chance.integers(0, len(_PROPS), count)),
            "received_at": ts,
            "source": _named(["made"], np.zeros(count, np.int32)),
            "import_id": pa.nulls(count, pa.int64()),
        }
        return pa.table(columns, schema=EVENT_SCHEMA)


def periods() -> pa.Table:
    """Return every customer's one period, with seats."""
    seats = np.random.default_rng(5).integers(5, 21, CUSTOMERS)
    return pa.table({
        "customer": pa.array(np.arange(1, CUSTOMERS + 1)),
        "from_day": pa.array(np.full(CUSTOMERS, FROM_DAY, np.int32)),
        "until_day": pa.array(np.full(CUSTOMERS, UNTIL_DAY, np.int32)),
        "seats": pa.array(seats.astype(np.int64)),
    })  # fmt: skip


def _named(names: list[str], numbers: np.ndarray, *, unless: np.ndarray | None = None) -> pa.Array:
    at = pa.array(numbers.astype(np.int32), mask=unless)
    return pa.DictionaryArray.from_arrays(at, pa.array(names)).cast(pa.string())
