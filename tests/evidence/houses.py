"""A house whose renewals are known: the satisfied renew, the others mostly do not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
from tests.contracts.books import SOURCE, customers, keep, line, own

from perennial.kernel.periods import add_months
from perennial.kernel.versions import Incoming
from perennial.voice.actions import write_answers

FIRST = date(2023, 1, 15)
ON = date(2025, 6, 30)


def noon(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, 4, tzinfo=UTC)


def house_of(
    count: int, *, at: datetime, seed: int = 1, is_told: bool = True, loss: float = 0.3, days: int = 90
) -> dict[str, int]:
    """Make customers with a year's line each, due in 2024; who answers low NPS half a year before is lost more often.

    `is_told` False: answers have nothing to do with what happens. `days`: over so many the due days lie.
    """
    random = np.random.default_rng(seed)
    ids = customers(*(f"C{number:03}" for number in range(count)), at=at)
    lines, answers = [], []
    for number, (name, customer) in enumerate(ids.items()):
        own(customer, None, at)
        starts = FIRST + timedelta(days=number * days // count)
        ends = add_months(starts, 12)
        unhappy = random.random() < 0.5
        chance = (2 * loss * (0.9 if unhappy else 0.1)) if is_told else loss
        lines.append(line(name, customer, starts.isoformat(), ends.isoformat(), 1_000_00))
        if random.random() >= chance:
            lines.append(line(f"{name}+", customer, ends.isoformat(), add_months(ends, 24).isoformat(), 1_000_00))
        answers.append(answer(name, customer, 2 if unhappy else 9, ends - timedelta(days=200)))
    keep(lines, at=at, on=ON.isoformat())
    write_answers(answers, source=SOURCE, at=at)
    return ids


def answer(key: str, customer: int, score: int, on: date) -> Incoming:
    """Return an NPS answer of a day, learned on that day."""
    values = {"customer_id": customer, "kind": "nps", "score": score, "answered_at": noon(on)}
    return Incoming(key, values, noon(on))


def bits(parts: Sequence[np.ndarray]) -> bytes:
    """Return arrays as bytes, to be compared by their bits."""
    return b"".join(np.ascontiguousarray(one).tobytes() for one in parts)
