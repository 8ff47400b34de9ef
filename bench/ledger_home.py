"""Homes with many contract lines for `bench/revenue.py`: a quarter as many customers, three years.

The first 20,000 lines are written and their movements derived as in every home; one customer in twenty-five then turns
out to have agreed on something else, so that the ledger as it was reported is another one. More lines are copies of
them, made in SQL, with keys of their own.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
import uuid
from datetime import date, timedelta
from functools import cache
from typing import Any

from bench.home import AT, DAY, contracted, founded

FIRST = date(2023, 3, 1)
CSMS = 40
MADE = 20_000


def lines_of(customer: int, chance: random.Random) -> list[dict[str, Any]]:
    """Return four lines of a customer: a first year, a renewal, a second product, a third year for those who stay."""
    currency = "EUR" if chance.random() < 0.05 else "USD"
    seats, price = chance.randrange(1, 200), chance.randrange(500, 9_000)
    since = FIRST + timedelta(days=chance.randrange(300))
    year = timedelta(days=365)

    def line(product: int, starts: date, ends: date | None, quantity: int, months: int | None) -> dict[str, Any]:
        return {
            "customer_id": customer, "product_id": product, "kind": "recurring", "quantity": quantity,
            "amount": quantity * price * (months or 12) + chance.randrange(12), "amount_months": months,
            "currency": currency, "starts_on": starts, "ends_on": ends, "fact": uuid.UUID(int=chance.getrandbits(112)),
        }  # fmt: skip

    odd = chance.random() < 0.03
    first = line(1, since, since + year, seats, 12)
    if odd:  # a term of so many days, whose share of a month is no whole cent
        first |= {"starts_on": since + timedelta(days=chance.randrange(1, 150)), "amount_months": None}
    second = line(1, since + year, since + 2 * year, seats + chance.randrange(-5, 20) if seats > 6 else seats, 12)
    plus = line(2, since + timedelta(days=chance.randrange(30, 300)), since + 2 * year, chance.randrange(1, 50), 1)
    third = line(1, since + 2 * year + timedelta(days=chance.choice([0, 0, 0, 40])), None, seats, 12)
    if chance.random() < 0.15:
        third["ends_on"] = third["starts_on"] + timedelta(days=chance.randrange(20, 300))
    return [first, second, plus, third]


def fill(lines: int) -> dict[str, float]:
    """Make a home of that many lines; return the seconds of its parts."""
    from perennial.contracts import actions, columns
    from perennial.contracts.rates import write_rates
    from perennial.kernel.versions import Incoming

    started, first = time.monotonic(), min(lines, MADE) // 4
    members = founded(CSMS)
    write_rates(
        [Incoming(None, {"base": "EUR", "currency": "USD", "on": date(2023 + n // 12, n % 12 + 1, 1),
                         "rate": f"1.{n % 7}{n % 10}"}) for n in range(39)],
        source="bench", at=AT,
    )  # fmt: skip
    actions.write_products({"core": "Core", "plus": "Plus"})
    contracted(first, members, lines_of)
    made, cpu = time.monotonic(), time.process_time()
    actions.rebuild_movements(on=DAY)
    cpu = time.process_time() - cpu
    derived, peak = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _learn(first)
    for number in range(1, lines // 4 // first):
        _copy(number, first)
    _settle()
    copied = time.monotonic()
    columns.make(at=AT)
    return {"tables": made - started, "movements": derived - made, "movements_cpu": cpu, "copies": copied - derived,
            "columns": time.monotonic() - copied, "peak_mb": peak}  # fmt: skip


def _learn(customers: int) -> None:
    """Correct the first line of one customer in twenty-five, a year after the books were opened."""
    from perennial.contracts import actions
    from perennial.contracts.models import Line
    from perennial.kernel import versions
    from perennial.kernel.organisation.models import Organisation

    Organisation.objects.update(books_opened_on=FIRST + timedelta(days=40))
    for number in range(1, customers + 1, 25):
        row = Line.objects.current().filter(customer_id=number).order_by("id")[0]
        versions.change(Line, row.fact, {"amount": row.amount + 12_00}, at=AT)
    actions.rebuild_movements(on=DAY)


def _copy(number: int, customers: int) -> None:
    """Copy the first customers with all that they have; numbers grow by as many as there are of each."""
    from django.db import connection, transaction

    from perennial.contracts.models import Contract, FormerMovement, LedgerChange, LedgerMark, Line, Movement
    from perennial.customers.models import Customer, PortfolioRow

    digits, is_sqlite = f"{number:04x}", connection.vendor == "sqlite"
    fact = f"'{digits}' || substr(fact, 5)" if is_sqlite else f"('{digits}' || substr(fact::text, 5))::uuid"
    text, back = ("", "") if is_sqlite else ("::text", "::jsonb")
    facts = f"replace(line_facts{text}, '\"0000', '\"{digits}'){back}"
    named: dict[str | None, str] = {
        "key": f"'{number}-' || key", "name": f"name || ' {number}'", "external_id": f"'{number}-' || external_id",
        "fact": fact, "line_facts": facts,
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        for model in (Customer, PortfolioRow, Contract, Line, Movement, FormerMovement, LedgerMark, LedgerChange):
            count = _last(model)
            steps: dict[str | None, int] = {"id": count}
            steps |= {"customer_id": customers, "contract_id": customers}
            columns = [field.column for field in model._meta.concrete_fields]
            told = [
                named.get(name, f"{name} + {steps[name] * number}" if name in steps else f'"{name}"')
                for name in columns
            ]
            own = model._meta.pk.column
            quoted = ", ".join(f'"{name}"' for name in columns)
            cursor.execute(
                f"INSERT INTO {model._meta.db_table} ({quoted}) SELECT {', '.join(told)} "  # noqa: S608 - our own names
                f"FROM {model._meta.db_table} WHERE {own} <= {steps.get(own, customers)}"
            )


@cache
def _last(model: Any) -> int:
    """Return the last number of a table before anything was copied."""
    return int(model.objects.order_by("-pk").values_list("pk", flat=True)[0])


def _settle() -> None:
    """Bring PostgreSQL's counters and statistics in step with what was copied; SQLite's statistics too."""
    from django.core.management.color import no_style
    from django.db import connection

    from perennial.contracts.models import Contract, FormerMovement, LedgerChange, Line, Movement
    from perennial.customers.models import Customer

    tables = [Customer, Contract, Line, Movement, FormerMovement, LedgerChange]
    with connection.cursor() as cursor:
        for text in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(text)
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(fill(int(sys.argv[1]))))
