"""A home with annual contracts over five years for `bench/revenue.py`: its forecast and its renewal rate, as pages."""

from __future__ import annotations

import json
import random
import sys
import time
import uuid
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

from bench.home import AT, DAY, contracted, founded

CSMS, FIRST_YEAR = 40, 2022
PAGES = {"forecast": "/revenue/forecast", "renewal rate": "/revenue/retention/renewals"}
RUNS = 5


def lines_of(customer: int, chance: random.Random) -> list[dict[str, Any]]:
    """Return a year's contract after the other, each signed before it begins; one in ten leaves each year."""
    since = date(FIRST_YEAR, 1, 1) + timedelta(days=chance.randrange(365))
    found: list[dict[str, Any]] = []
    while since <= DAY + timedelta(days=40) and (not found or chance.random() > 0.1):
        until = since.replace(year=since.year + 1)
        found.append({
            "customer_id": customer, "product_id": 1, "kind": "recurring", "quantity": chance.randrange(1, 200),
            "amount": chance.randrange(1_000_00, 90_000_00), "amount_months": 12, "currency": "USD",
            "starts_on": since, "ends_on": until, "fact": uuid.UUID(int=chance.getrandbits(112)),
        })  # fmt: skip
        since = until
    return found


def fill(customers: int) -> None:
    """Make the home, and learn what a night learns."""
    from perennial.contracts import actions
    from perennial.insights import learning

    members = founded(CSMS)
    actions.write_products({"core": "Core"})
    contracted(customers, members, lines_of)
    actions.rebuild_movements(on=DAY)
    learning.learn(DAY, at=AT)


def measure(customers: int) -> dict[str, Any]:
    """Return the CPU of both pages, and of a contract changed."""
    from django.test import Client

    from perennial.members.queries import by_email
    from perennial.site.memory import settle
    from perennial.site.start import place_static_files

    fill(customers)
    place_static_files()
    settle()
    client = Client(headers={"host": "localhost"})
    member = by_email("m0@example.com")
    assert member is not None
    client.force_login(member)
    client.get("/customers")
    found = {}
    for name, address in PAGES.items():
        spent = []
        for _ in range(RUNS):
            before = time.process_time()
            if client.get(address).status_code != 200:
                raise SystemExit(f"{address} does not answer")
            spent.append((time.process_time() - before) * 1000)
        found[name] = {"first": spent[0], "ms": median(spent[1:])}
    return {"pages": found, "change": change(client, member.pk)}


def change(client: Any, by: int) -> dict[str, float]:
    """Amend a contract that comes due; return how long until the forecast tells it."""
    from perennial.contracts import amending
    from perennial.contracts.models import LedgerChange, Line

    line = Line.objects.current().filter(starts_on__lt=DAY, ends_on__gt=DAY + timedelta(days=60)).order_by("id")[17]
    before, changes = client.get(PAGES["forecast"]).content, LedgerChange.objects.count()
    started = time.monotonic()
    terms = amending.Terms(on=DAY, quantity=(line.quantity or 0) + 300, amount=None)
    amending.amend(line.fact, terms, seen=line.pk, by=by, at=datetime.now(UTC))
    amended = time.monotonic() - started
    if client.get(PAGES["forecast"]).content == before:
        raise SystemExit("the forecast says what it said before")
    return {"s": time.monotonic() - started, "amended": amended,
            "customers": LedgerChange.objects.count() - changes}  # fmt: skip


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(measure(int(sys.argv[1]))))
