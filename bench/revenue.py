"""Revenue: movements of 10,000 lines, the waterfall page over 1,000,000 lines, a changed contract, and the plain ways.

Each home lives in a process of its own. Pages: CPU of the process that serves, through all middleware, p50 of warm
requests, and the first one after the night, which reads the file of columns. With PERENNIAL_BENCH_POSTGRES (the
address of an empty database) on PostgreSQL too, its own CPU told beside. PERENNIAL_BENCH_LINES: how many lines.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

LINES = int(os.environ.get("PERENNIAL_BENCH_LINES", "1000000"))
PAGES = {
    "unfiltered": ("m0", "/revenue"),
    "one segment of five": ("m0", "/revenue?segment=Small"),
    "one CSM of forty": ("m0", "/revenue?owner=3"),
    "as a CSM": ("m1", "/revenue"),
    "as a CSM, one segment": ("m1", "/revenue?segment=Small"),
    "as reported": ("m0", "/revenue?view=reported"),
    "as reported, one segment": ("m0", "/revenue?view=reported&segment=Small"),
    "as reported, one CSM": ("m0", "/revenue?view=reported&owner=3"),
    "as reported, as a CSM": ("m1", "/revenue?view=reported"),
}
OTHERS = {
    "the chart": ("m0", "/revenue/chart"),
    "constant currency": ("m0", "/revenue?rates=constant"),
    "retention by CSM": ("m0", "/revenue?by=owner"),
    "retention by product": ("m0", "/revenue?by=product"),
    "retention by country, no index": ("m0", "/revenue?by=country"),
    "120 months": ("m0", "/revenue?period=custom&from=2016-04&until=2026-03"),
    "expansion opened": ("m0", "/revenue/explanation?figure=expansion&from=2025-04&until=2026-03"),
    "a CSM's customers behind expansion": ("m1", "/revenue/customers?figure=expansion&from=2026-02&until=2026-02"),
}
LISTS = {
    "customers behind a year's expansion": ("m0", "/revenue/customers?figure=expansion&from=2025-03&until=2026-02"),
    "customers behind MRR": ("m0", "/revenue/customers?figure=mrr&from=2026-02&until=2026-02"),
    "customers behind NRR": ("m0", "/revenue/customers?figure=nrr&from=2026-02&until=2026-02"),
    "customers behind churn of a year as reported": (
        "m0",
        "/revenue/customers?figure=churn&from=2025-03&until=2026-02&view=reported",
    ),
    "what rates did in a year, by customer": ("m0", "/revenue/customers?figure=fx&from=2025-03&until=2026-02"),
    "customers under terms": ("m0", "/revenue/customers?figure=terms&from=2026-02&until=2026-02"),
    "what is under terms, opened": ("m0", "/revenue/explanation?figure=terms&from=2026-02&until=2026-02"),
}
RUNS = 9


def rows() -> Iterator[dict[str, Any]]:
    """Yield the figures."""
    yield from _movements()
    yield from _references()
    yield from _forecast()
    yield from _home("SQLite", {})
    address = os.environ.get("PERENNIAL_BENCH_POSTGRES")
    if address:
        yield from _home("PostgreSQL", {"DATABASE_URL": address})
    else:
        print("PERENNIAL_BENCH_POSTGRES is not set: no figures on PostgreSQL", file=sys.stderr)


def _row(name: str, value: float, unit: str, reach: str, ok: bool, how: str) -> dict[str, Any]:
    return {"name": name, "value": round(value, 2), "unit": unit, "reach": reach, "ok": ok, "how": how}


def _child(module: str, *arguments: str, home: str, more: dict[str, str] | None = None) -> Any:
    environment = {**os.environ, "PERENNIAL_HOME": home, "DJANGO_SETTINGS_MODULE": "perennial.site.settings"}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, env=environment | (more or {}), check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return json.loads(done.stdout.splitlines()[-1])


def _movements() -> Iterator[dict[str, Any]]:
    made = {}
    for lines in (10_000, 20_000):
        with tempfile.TemporaryDirectory(prefix="perennial-bench-") as home:
            made[lines] = _child("bench.ledger_home", str(lines), home=home)
    seconds, peak = made[10_000]["movements_cpu"], made[10_000]["peak_mb"]
    yield _row("10,000 lines × 3 years: movements of every day, stored", seconds, "s CPU", "≤ 3", seconds <= 3,
               f"wall {made[10_000]['movements']:.1f} s; lines read, movements written, SQLite")  # fmt: skip
    yield _row("the same, peak memory", peak, "MB", "≤ 300", peak <= 300, "largest of the process, home made in it")
    grows = made[20_000]["movements_cpu"] / seconds
    yield _row("the same, 20,000 ÷ 10,000 lines", grows, "×", "≤ 2.2", grows <= 2.2, "at most linear, CPU")


def _forecast() -> Iterator[dict[str, Any]]:
    for customers in (1_000, 10_000):
        with tempfile.TemporaryDirectory(prefix="perennial-bench-") as home:
            told = _child("bench.forecast_home", str(customers), home=home)
        for name, page in told["pages"].items():
            yield _row(f"{name}, {customers:,} customers", page["ms"], "ms CPU", "reported", True,
                       f"SQLite, p50 of warm requests; first {page['first']:.0f} ms")  # fmt: skip
        change = told["change"]
        yield _row(f"a contract changed, the forecast says it, {customers:,} customers", change["s"], "s", "≤ 1",
                   change["s"] <= 1, f"wall: the amendment {change['amended']:.2f}, then the page; movements of "
                   f"{change['customers']} customer written")  # fmt: skip


def _references() -> Iterator[dict[str, Any]]:
    told = _child("bench.revenue", "references", home=tempfile.gettempdir())
    fast = told["days"] / told["ours"]
    yield _row("exact daily reference ÷ ours", fast, "×", "≥ 20", fast >= 20,
               f"{told['lines']} lines × 3 years, the same {told['moved']} sums by customer and day; "
               f"{told['days']:.1f} against {told['ours']:.2f} CPU s")  # fmt: skip
    yield _row("ours ÷ month ends classified by Polars", told["ours_10000"] / told["months"], "×", "reported", True,
               f"10,000 lines, 36 ends, doubles, no days; {told['ours_10000']:.2f} against {told['months']:.3f} s, its "
               "threads counted")  # fmt: skip


def _home(name: str, more: dict[str, str]) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as home:
        made = _child("bench.ledger_home", str(LINES), home=home, more=more)
        yield _row(f"{name}: columns of {LINES:,} lines made", made["columns"], "s", "reported", True,
                   "a night's step, wall; once, where anything changed")  # fmt: skip
        told = _child("bench.revenue", "pages", home=home, more=more)
    for what, page in told["pages"].items():
        reach, most = what in PAGES, 500 if what in LISTS else 100
        beside = f", the database's own {page['server']:.0f} ms" if page["server"] else ""
        yield _row(f"{name}: waterfall page, {what}" if reach else f"{name}: {what}", page["ms"], "ms CPU",
                   f"≤ {most}" if reach or what in LISTS else "reported",
                   page["ms"] <= most or not (reach or what in LISTS),
                   f"{LINES:,} lines, p50 of {page['runs']}; first {page['first']:.0f} ms{beside}; "
                   f"{page['queries']} queries")  # fmt: skip
    change = told["change"]
    yield _row(f"{name}: a contract changed, its ledger and retention on the page", change["s"], "s", "≤ 1",
               change["s"] <= 1, f"wall: the amendment {change['amended']:.2f}, then the page; movements of "
               f"{change['customers']} customer written; the next page {change['next_ms']:.0f} ms CPU")  # fmt: skip


def references() -> dict[str, Any]:
    """Measure the calculation against the plain ways."""
    import random

    import polars as pl

    from bench.baselines.daily import by_days, by_months
    from bench.ledger_home import lines_of
    from perennial.contracts.calculations.movements import movements
    from perennial.contracts.calculations.mrr import mrr_on, stretches
    from perennial.contracts.terms import LineTerms, PolicySwitches

    chance, switches = random.Random(5), PolicySwitches()  # noqa: S311 - the same lines each time
    lines = [
        LineTerms(line_key=str(one["fact"]), customer_id=customer, currency=one["currency"], amount_minor=one["amount"],
                  starts_on=one["starts_on"], ends_on=one["ends_on"], amount_months=one["amount_months"],
                  quantity=one["quantity"], product_id=one["product_id"])
        for customer in range(2_500) for one in lines_of(customer, chance)
    ]  # fmt: skip
    some = lines[:1_000]
    since, until = date(2023, 3, 1), date(2026, 3, 2)

    def ours(told: list[LineTerms]) -> tuple[Any, float]:
        started = time.process_time()
        return movements(stretches(told, switches), switches, as_of=until), time.process_time() - started

    found, spent = ours(some)
    started = time.process_time()
    plain = by_days(some, since, until, switches)
    days = time.process_time() - started
    sums: dict[tuple[int, date], Fraction] = defaultdict(Fraction)
    for one in found:
        if one.on < until:
            sums[one.customer_id, one.on] += one.amount
    wanted = {(customer, day): amount for (customer, day, _kind), amount in plain.items()}
    if {key: amount for key, amount in sums.items() if amount} != wanted:
        raise SystemExit("the reference and the ledger differ")
    frame = pl.DataFrame({
        "customer": [one.customer_id for one in lines], "starts_on": [one.starts_on for one in lines],
        "ends_on": [one.ends_on for one in lines],
        "mrr": [float(mrr_on(one, one.starts_on, switches)) for one in lines],
    })  # fmt: skip
    ends = [date(2023 + n // 12, n % 12 + 1, 1) - timedelta(days=1) for n in range(3, 39)]
    by_months(frame, ends)
    started = time.process_time()
    by_months(frame, ends)
    return {"lines": len(some), "moved": len(wanted), "ours": spent, "days": days,
            "months": time.process_time() - started, "ours_10000": ours(lines)[1]}  # fmt: skip


def pages() -> dict[str, Any]:
    """Measure the pages of this home."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from perennial.members.queries import by_email
    from perennial.site.memory import settle
    from perennial.site.start import place_static_files

    place_static_files()
    settle()
    clients = {}
    for name in ("m0", "m1"):
        clients[name] = Client(headers={"host": "localhost"})
        member = by_email(f"{name}@example.com")
        assert member is not None
        clients[name].force_login(member)
    clients["m0"].get("/customers")  # what any first page costs a process is not the ledger's
    server = _server()

    def measured(name: str, address: str, runs: int) -> dict[str, Any]:
        spent, theirs = [], []
        for _ in range(runs):
            before, began = time.process_time(), _cpu(server)
            answer = clients[name].get(address)
            spent.append((time.process_time() - before) * 1000)
            theirs.append((_cpu(server) - began) * 1000)
            if answer.status_code != 200:
                raise SystemExit(f"{address} answered {answer.status_code}")
        with CaptureQueriesContext(connection) as asked:
            clients[name].get(address)
        return {"ms": median(spent), "first": spent[0], "runs": runs, "queries": len(asked),
                "server": sum(theirs) / len(theirs)}  # fmt: skip

    found = {what: measured(*page, RUNS) for what, page in (PAGES | OTHERS).items()}
    change = _change(clients["m0"])
    return {"pages": found | {what: measured(*page, 5) for what, page in LISTS.items()}, "change": change}


def _change(client: Any) -> dict[str, float]:
    from perennial.contracts import amending
    from perennial.contracts.models import LedgerChange, Line, Movement
    from perennial.members.queries import by_email

    line = Line.objects.current().filter(ends_on=None).order_by("id")[17]
    others = Movement.objects.exclude(customer_id=line.customer_id)
    last, before = others.order_by("-id").values_list("id", flat=True)[0], client.get("/revenue").content
    by, started = by_email("m0@example.com"), time.monotonic()
    assert by is not None
    terms = amending.Terms(on=date(2026, 2, 1), quantity=(line.quantity or 0) + 3, amount=None)
    amending.amend(line.fact, terms, seen=line.pk, by=by.pk, at=datetime.now(UTC))
    amended = time.monotonic() - started
    shown = client.get("/revenue").content
    told = time.monotonic() - started
    if shown == before or others.order_by("-id").values_list("id", flat=True)[0] != last:
        raise SystemExit("the page says what it said before, or others were written too")
    again = time.process_time()
    client.get("/revenue")
    return {"s": told, "amended": amended, "customers": LedgerChange.objects.values("customer").distinct().count(),
            "next_ms": (time.process_time() - again) * 1000}  # fmt: skip


def _server() -> int | None:
    """Return the process of the database that answers this connection, where it is on this machine."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = int(cursor.fetchone()[0])
    return pid if Path(f"/proc/{pid}/stat").exists() else None


def _cpu(pid: int | None) -> float:
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(references() if sys.argv[1] == "references" else pages()))
