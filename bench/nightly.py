"""A night of 10,000 customers, of which a day brought 1,000,000 events: the day's usage step, and the whole night.

Customers, contracts and four weeks of usage are made through the rooms' doors in a temporary home; the night before is
computed first, so that the measured ones are ordinary nights: one new day, everything else frozen. Two nights follow:
one as the command runs it, with the events folded aside, and one step by step, for the CPU seconds of each.
PERENNIAL_BENCH_EVENTS_BEFORE says how many events each of the four weeks' days had (50,000): with 1,000,000 it is the
night of somebody who has that many every day, and takes a quarter of an hour to make.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

ON = date(2026, 3, 2)
AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
CUSTOMERS = 10_000
EVENTS = 1_000_000
BEFORE = int(os.environ.get("PERENNIAL_BENCH_EVENTS_BEFORE", EVENTS // 20))
FEATURES = [f"feature_{n}" for n in range(20)]


def rows() -> Iterator[dict[str, Any]]:
    """Yield wall and CPU seconds of a night and of its steps."""
    import django

    django.setup()

    from perennial.jobs import nightly
    from perennial.site.start import migrate

    migrate()
    _people_and_papers()
    for back in range(28, 0, -1):
        _events(ON - timedelta(days=back), BEFORE, back)
    first = nightly.run(ON - timedelta(days=1), at=AT - timedelta(days=1))["seconds"]
    _events(ON, EVENTS, 0)
    started, cpu = time.monotonic(), time.process_time()
    told = nightly.run(ON, at=AT)["seconds"]
    wall, spent = time.monotonic() - started, time.process_time() - cpu
    _events(ON + timedelta(days=1), EVENTS, 100)
    steps = _step_by_step(ON + timedelta(days=1))
    usage_wall, usage_cpu = steps["usage"]
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    how = f"{CUSTOMERS:,} customers, {EVENTS:,} events on the day, {BEFORE:,} on each before; one process; load {load}"
    alone = "; ".join(f"{name} {seconds:.2f} ({used:.2f})" for name, (seconds, used) in steps.items())
    yield {
        "name": "nightly, the day's usage step",
        "value": round(usage_wall, 2),
        "unit": "s",
        "reach": 5,
        "ok": usage_wall <= 5,
        "how": f"wall, folding and values one after the other; CPU {usage_cpu:.1f} s; {how}",
    }
    yield {
        "name": "nightly, all steps",
        "value": round(wall, 2),
        "unit": "s",
        "reach": 5,
        "ok": wall <= 5,
        "how": f"wall of one night, CPU {spent:.1f} s: {told}; alone, wall (CPU): {alone}; the first night: {first}",
    }


def _step_by_step(on: date) -> dict[str, tuple[float, float]]:
    """Return wall and CPU seconds of each step of a night, one after the other, nothing aside."""
    from perennial.jobs import nightly

    night = nightly.Night(on, AT + timedelta(days=1))
    found = {}
    for name, step in nightly.STEPS:
        started, cpu = time.monotonic(), time.process_time()
        step(night)
        found[name] = time.monotonic() - started, time.process_time() - cpu
    return found


def _people_and_papers() -> None:
    from perennial.contracts import actions as contracts
    from perennial.customers import actions as customers
    from perennial.customers.terms import CustomerFacts
    from perennial.kernel.organisation import actions as organisation
    from perennial.kernel.versions import Incoming

    organisation.found(name="Bench", currency="USD", timezone="UTC", language="en", at=AT)
    facts = [CustomerFacts(source="bench", external_id=str(n), name=f"Customer {n}") for n in range(CUSTOMERS)]
    ids = customers.upsert(facts, by=None, at=AT)[0]
    papers = [Incoming(key, {"customer_id": number}) for key, number in ids.items()]
    contract_ids = contracts.write_contracts(papers, source="bench", at=AT)[0]
    lines = [
        Incoming(key, {"customer_id": number, "contract_id": contract_ids[key], "quantity": 20, "amount": 1_200_000,
                       "amount_months": 12, "currency": "USD", "starts_on": ON - timedelta(days=300),
                       "ends_on": ON + timedelta(days=65)})
        for key, number in ids.items()
    ]  # fmt: skip
    contracts.write_lines(lines, source="bench", at=AT)


def _events(on: date, count: int, seed: int) -> None:
    from perennial.lake.terms import EVENT_SCHEMA, day_number
    from perennial.usage.lake import lake

    random = np.random.default_rng(seed)
    customer = random.integers(1, CUSTOMERS + 1, count)
    second = np.sort(random.integers(0, 86_400, count))
    start = int(datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp())
    ids = pa.py_buffer(random.bytes(16 * count))
    columns = {
        "event_id": pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, [None, ids]),
        "customer": pa.array(customer, pa.int64()),
        "user": pa.array(customer * 100 + random.integers(0, 20, count), pa.int64()),
        "event": pa.array(np.where(random.random(count) < 0.1, "login", "used"), pa.string()),
        "feature": pa.array(np.array(FEATURES)[random.integers(0, 20, count)], pa.string()),
        "ts": pa.array((start + second) * 1_000_000, pa.timestamp("us", tz="UTC")),
        "day": pa.array(np.full(count, day_number(on)), pa.int32()),
        "n": pa.array(np.ones(count), pa.int32()),
        "value": pa.nulls(count, EVENT_SCHEMA.field("value").type),
        "props": pa.nulls(count, pa.string()),
        "received_at": pa.array((start + second) * 1_000_000, pa.timestamp("us", tz="UTC")),
        "source": pa.array(np.full(count, "bench"), pa.string()),
        "import_id": pa.nulls(count, pa.int64()),
    }  # fmt: skip
    lake().accept(pa.table(columns), writer="bench")
