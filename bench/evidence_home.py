"""A home of customers with three years of yearly terms, papers, tickets, answers, contacts and daily usage, whose
unhappy ones leave more often: what `bench/health.py` backtests. Nothing of it was ever scored, so that every past day
is made of facts by their dates."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

AT, ON = datetime(2026, 3, 2, 9, tzinfo=UTC), date(2026, 3, 2)
YEARS, CHURN = 3, 0.1
BEFORE = 200
"""So many days before the first decision usage is known."""


def fill(customers: int) -> float:
    """Make the home; return the seconds that took."""
    from bench import nightly
    from perennial.contracts import actions as contracts
    from perennial.customers import actions as people
    from perennial.customers.terms import CustomerFacts
    from perennial.engagement.actions import write_touchpoints
    from perennial.kernel.organisation import actions as organisation
    from perennial.kernel.versions import Incoming
    from perennial.site.start import migrate
    from perennial.support.actions import write_tickets
    from perennial.voice.actions import write_answers

    started = time.monotonic()
    migrate()
    organisation.found(name="Bench", currency="USD", timezone="Asia/Shanghai", language="en", at=AT)
    organisation.move_as_of(on=ON, by=None, at=AT)
    facts = [CustomerFacts(source="bench", external_id=str(n), name=f"Customer {n}") for n in range(customers)]
    ids = list(people.upsert(facts, by=None, at=AT)[0].values())
    papers = contracts.write_contracts([Incoming(str(n), {"customer_id": n}) for n in ids], source="bench", at=AT)[0]
    chance = random.Random(11)  # noqa: S311 - the same company each time
    mood = [chance.gauss(0, 1) for _customer in ids]
    lines, tickets, answers, contacts = [], [], [], []
    for customer, joy in zip(ids, mood, strict=True):
        for place, one in enumerate(_terms(chance, joy)):
            lines.append(
                Incoming(f"{customer}/{place}", {"customer_id": customer, "contract_id": papers[str(customer)], **one})
            )
        for number in range(max(round(4 - joy), 0)):
            opened = _some(chance)
            values = {"customer_id": customer, "opened_at": opened, "closed_at": opened + timedelta(days=2 - joy / 2)}
            tickets.append(Incoming(f"{customer}/{number}", values))
        for number in range(3):
            score = min(max(round(7 + 2 * joy + chance.gauss(0, 2)), 0), 10)
            values = {"customer_id": customer, "kind": "nps", "score": score, "answered_at": _some(chance)}
            answers.append(Incoming(f"{customer}/{number}", values))
            values = {"customer_id": customer, "channel": "call", "happened_at": _some(chance)}
            contacts.append(Incoming(f"{customer}/{number}", values))
    contracts.write_lines(lines, source="bench", at=AT)
    contracts.rebuild_movements(on=ON)
    write_tickets(tickets, source="bench", at=AT)
    write_answers(answers, source="bench", at=AT)
    write_touchpoints(contacts, source="bench", at=AT)
    nightly._events(ON, 1_000, 0)
    _usage(np.array(ids), np.array(mood))
    return time.monotonic() - started


def _terms(chance: random.Random, joy: float) -> Iterator[dict[str, Any]]:
    """Yield a year's line after another, until the customer leaves or the present."""
    starts = ON - timedelta(days=365 * (YEARS + 1) + chance.randrange(365))
    price, seats = chance.randrange(300, 9_000), chance.randrange(5, 200)
    while starts < ON:
        yield {"quantity": seats, "amount": price * seats * 12, "amount_months": 12, "currency": "USD",
               "starts_on": starts, "ends_on": starts + timedelta(days=365)}  # fmt: skip
        if chance.random() < CHURN * 2 / (1 + np.exp(1.5 * joy)):
            return
        starts += timedelta(days=365)


def _some(chance: random.Random) -> datetime:
    return AT - timedelta(hours=chance.randrange(24 * (365 * YEARS + BEFORE)))


def _usage(ids: np.ndarray[Any, Any], mood: np.ndarray[Any, Any]) -> None:
    """Write every metric of every customer on every day, a month at a time, as the lake keeps them."""
    from perennial.kernel.periods import add_months
    from perennial.lake.terms import day_number
    from perennial.usage.lake import METRICS_TABLE, lake, metric_keys

    start = add_months(ON.replace(day=1), -12 * YEARS - 7)
    random_ = np.random.default_rng(3)
    while start <= ON:
        until = min(add_months(start, 1), ON + timedelta(days=1))
        days = np.arange(day_number(start), day_number(until), dtype=np.int32)
        count = len(ids) * len(days)
        columns = {
            "customer": pa.array(np.repeat(ids, len(days)), pa.int64()),
            "day": pa.array(np.tile(days, len(ids))),
        }
        for place, key in enumerate(metric_keys()):
            level = np.repeat(mood + random_.normal(0, 1, len(ids)), len(days)) + place
            columns[key] = pa.array(np.round(np.abs(level + np.tile(days % 7, len(ids)) / 7), 3), pa.float64())
            assert len(columns[key]) == count
        lake().write_days(METRICS_TABLE, pa.table(columns), from_day=int(days[0]), until_day=int(days[-1]) + 1, at=AT)
        start = until
