"""The product's use: who worked on which day with what, as sums per user, day and event, and as a lake's table.

Vectorised, because it is most of a demo's rows. Every user has his own weekdays and favourites; people join in the
first months and with growth; holidays are quiet; before most losses work ebbs away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from perennial.demo.calculations.calendar import is_holiday
from perennial.demo.companies.terms import Company
from perennial.demo.terms import SOURCE, Account, Term
from perennial.lake.terms import EVENT_SCHEMA, day_number

HISTORY_DAYS = 730
Numbers = NDArray[np.int64]
_LOGIN_SHARE = 0.25
_ERROR_SHARE = 0.012


@dataclass(frozen=True, slots=True)
class Usage:
    """All use: one array entry a row. `user` counts through `users`, (customer, user) by external ids; `event` is a
    feature's place, or -1 for a login and -2 for an error; `day` is a lake's day number, `minute` of the local day."""

    users: tuple[tuple[str, str], ...]
    user: Numbers
    day: Numbers
    event: Numbers
    n: Numbers
    minute: Numbers


def usage_of(company: Company, lives: Sequence[tuple[Account, Sequence[Term]]], *, on: date, seed: int) -> Usage:
    """Return the use of all customers in the two years before `on`, that day left out."""
    since = on - timedelta(HISTORY_DAYS)
    calendar = _calendar(company, since)
    users: list[tuple[str, str]] = []
    blocks: list[tuple[Numbers, ...]] = []
    for number, (account, terms) in enumerate(lives):
        head_count = users_now(account, terms, on)
        if not head_count or account.deployment == "private":
            continue
        random = np.random.default_rng([seed, number])
        user, *rest = _work(company, account, head_count, calendar, since, on, random)
        blocks.append((user + len(users), *rest))
        users += [(account.external_id, address_of(account, place)) for place in range(1, head_count + 1)]
    columns = [np.concatenate(parts) for parts in zip(*blocks, strict=True)] if blocks else [np.zeros(0, np.int64)] * 5
    return Usage(tuple(users), *columns)


def address_of(account: Account, place: int) -> str:
    """Return the address by which a user signs in, counted from 1. The first two are the day-to-day contacts on file,
    the first of them the champion where there is one; the others are on no list of ours."""
    word = account.external_id.lower()
    return f"p{place + 1}@{word}.example" if place <= 2 else f"u{place}@{word}.example"


def users_now(account: Account, terms: Sequence[Term], on: date) -> int:
    """Return how many people use the product in the end: they grow and shrink with the seats bought."""
    last = [term for term in terms if term.starts_on <= on][-1]
    seats = last.seats + (last.extra[1] if last.extra else 0)
    return round(account.users * seats / account.seats) if account.users else 0


def _calendar(company: Company, since: date) -> NDArray[np.float64]:
    """Return how busy each day of the history is: 1 on a plain working day, little on holidays and at weekends."""
    days = [since + timedelta(number) for number in range(HISTORY_DAYS)]
    weekday = (1.0, 1.04, 1.05, 1.02, 0.93, 0.08, 0.04)
    busy = [weekday[day.weekday()] * (0.05 if is_holiday(day, company.country) else 1.0) for day in days]
    return np.array(busy)


def _work(
    company: Company,
    account: Account,
    head_count: int,
    calendar: NDArray[np.float64],
    since: date,
    on: date,
    random: np.random.Generator,
) -> tuple[Numbers, ...]:
    """Return user, day, event, n and minute of one customer's rows."""
    present = _level(account, calendar, since)
    eager = np.clip(random.beta(4.5, 1.6, head_count) * (0.25 + 0.85 * account.mood), 0.12, 0.98)
    joined = _joined(account, head_count, since, random)
    days = np.arange(HISTORY_DAYS)
    own_days = random.random((head_count, 7)) < 0.28
    own_days[np.arange(head_count), random.integers(0, 5, head_count)] = True
    is_own = own_days[:, (days + since.weekday()) % 7]
    chance = present[None, :] * eager[:, None] * is_own * (days[None, :] >= joined[:, None])
    if account.champion_left_on is not None:
        chance[0, (account.champion_left_on - since).days :] = 0  # his own account goes silent with him
    user, day = np.nonzero(random.random(chance.shape) < chance)
    weight = np.where(user == 0, 1.5, 1.0) * (0.6 + eager[user])
    core = (user, day, _features(company, account, head_count, user, random), 1 + random.poisson(4 * weight))
    logins = random.random(user.size) < _LOGIN_SHARE
    trouble = _ERROR_SHARE * (4 if account.is_escalated else 1)
    errors = random.random(user.size) < trouble
    rows = [core]
    for chosen, code, most in ((logins, -1, 3), (errors, -2, 2)):
        size = int(chosen.sum())
        rows.append((user[chosen], day[chosen], np.full(size, code), random.integers(1, most + 1, size)))
    users, day_places, events, counts = (np.concatenate(parts).astype(np.int64) for parts in zip(*rows, strict=True))
    return users, day_places + day_number(since), events, counts, random.integers(8 * 60, 19 * 60, users.size)


def _level(account: Account, calendar: NDArray[np.float64], since: date) -> NDArray[np.float64]:
    """Return the chance that an eager user works, by day: from the first week to the last paid day, with its turns."""
    level = calendar.copy()
    begin = (account.starts_on - since).days + 4
    level[: max(begin, 0)] = 0
    if account.left_on is not None:
        level[max((account.left_on - since).days, 0) :] = 0
    if account.paused_on is not None:
        level[max((account.paused_on - since).days, 0) :] = 0
    if account.usage_turn is not None:
        turn, factor = account.usage_turn
        level[max((turn - since).days, 0) :] *= factor
    return level


def _joined(account: Account, head_count: int, since: date, random: np.random.Generator) -> Numbers:
    """Return each user's first day: most in the first quarter, the others over the time as a customer."""
    begin = (account.starts_on - since).days
    late = random.random(head_count) < 0.35
    gap = np.where(late, random.integers(60, 420, head_count), random.integers(0, 50, head_count))
    gap[0] = 0
    first = np.maximum(begin, -200) + gap
    last = HISTORY_DAYS - 60 if begin < HISTORY_DAYS - 90 else begin + 30
    return np.asarray(np.minimum(first, last), np.int64)


def _features(
    company: Company, account: Account, head_count: int, user: Numbers, random: np.random.Generator
) -> Numbers:
    """Return a feature for each row: a customer knows some of them, a user prefers a few."""
    known = min(len(company.features), 3 + int(account.mood * 5) + min(head_count, 12) // 4)
    order = random.permutation(len(company.features))[:known]
    offset = random.integers(0, known, head_count)
    step = np.minimum(random.geometric(0.42, user.size) - 1, known - 1)
    return order[(offset[user] + step) % known].astype(np.int64)


def tables(
    company: Company,
    usage: Usage,
    *,
    customers: Mapping[str, int],
    users: Mapping[tuple[int, str], int],
    import_id: int,
    seed: int,
) -> Iterator[pa.Table]:
    """Yield the rows as event tables of the lake, a quarter of a million each; ids are the records' numbers."""
    customer_ids = np.array([customers[customer] for customer, _user in usage.users], np.int64)
    user_ids = np.array([users[_key(key, customers)] for key in usage.users], np.int64)
    midnight, base = _midnights(company, usage)
    events = np.array([event for event, _feature in company.features] + ["error", "login"])
    features = np.array([feature for _event, feature in company.features] + [None, None], dtype=object)
    size = 250_000
    for part, start in enumerate(range(0, usage.user.size, size)):
        rows = slice(start, start + size)
        user, day, event = usage.user[rows], usage.day[rows], usage.event[rows]
        at = midnight[day - base] + usage.minute[rows] * 60_000_000
        ids = np.random.default_rng([seed, part]).bytes(16 * user.size)
        named = {
            "event_id": pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), user.size, [None, pa.py_buffer(ids)]),
            "customer": customer_ids[user],
            "user": user_ids[user],
            "event": pa.array(events[event].tolist(), pa.string()),
            "feature": pa.array(features[event].tolist(), pa.string()),
            "ts": pa.array(at, pa.timestamp("us", tz="UTC")),
            "day": day.astype(np.int32),
            "n": usage.n[rows].astype(np.int32),
            "value": pa.nulls(user.size, pa.decimal128(18, 6)),
            "props": pa.nulls(user.size, pa.string()),
            # Known at its own date: an hour later, as a collector would have stored it.
            "received_at": pa.array(at + 3_600_000_000, pa.timestamp("us", tz="UTC")),
            "source": pa.array([SOURCE] * user.size, pa.string()),
            "import_id": np.full(user.size, import_id, np.int64),
        }
        yield pa.table(named, schema=EVENT_SCHEMA)


def _key(key: tuple[str, str], customers: Mapping[str, int]) -> tuple[int, str]:
    return customers[key[0]], key[1]


def _midnights(company: Company, usage: Usage) -> tuple[Numbers, int]:
    """Return the microsecond at which each day begins in the company's zone, and the number of the first day."""
    first, last = (int(usage.day.min()), int(usage.day.max())) if usage.day.size else (0, 0)
    zone = ZoneInfo(company.timezone)
    starts = [
        datetime.combine(date(1970, 1, 1) + timedelta(day), time(0), zone).astimezone(UTC)
        for day in range(first, last + 1)
    ]
    return np.array([round(start.timestamp()) * 1_000_000 for start in starts], np.int64), first
