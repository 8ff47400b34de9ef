"""How long an accepted event takes until it is in its customer's health, while a thousand a second arrive for others.

10,000 customers with contracts and four weeks of usage; `perennial intake` and one worker in processes of their own.
Each second a probe, an event of a customer that sends nothing else, is accepted; it is visible once that customer's
score and row say that it was used today. Polled four times a second, so that each figure is up to 0.25 s too long.
"""

# ruff: noqa: S603 (runs this project's own commands)

from __future__ import annotations

import base64
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CUSTOMERS, A_SECOND, BATCH = 10_000, 1_000, 50
SECONDS = int(os.environ.get("PERENNIAL_BENCH_LIVE_SECONDS", "180"))
PROBES_FROM = CUSTOMERS - SECONDS - 1
"""The customers above this number send nothing but a probe each."""
REACH = 60


def rows() -> Iterator[dict[str, Any]]:
    """Yield p50 and p95 of the seconds from the answer of the intake to the customer's new score."""
    with tempfile.TemporaryDirectory(prefix="bench-live-") as folder:
        os.environ["PERENNIAL_HOME"] = str(Path(folder) / "home")
        _founded()
        port, key = _free_port(), _key()
        run = [sys.executable, "-m", "perennial.site"]
        processes = [subprocess.Popen([*run, "intake", "--port", str(port)], stderr=subprocess.DEVNULL)]
        processes.append(subprocess.Popen([*run, "worker"], stderr=subprocess.DEVNULL))
        try:
            took, sent, cpu = _measured(port, key, processes[1].pid)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(timeout=60)
    took.sort()
    lost = SECONDS - len(took)
    how = (
        f"{CUSTOMERS:,} customers, {sent / SECONDS:,.0f} events/s for {SECONDS} s, {len(took)} probes ({lost} unseen); "
        f"the worker used {cpu / SECONDS:.2f} of a core"
    )
    for name, share in (("p50", 0.5), ("p95", 0.95), ("longest", 1.0)):
        value = took[min(len(took) - 1, int(share * len(took)))] if took else float("inf")
        yield {"name": f"accepted → visible in health, {name}", "value": round(value, 1), "unit": "s", "reach": REACH,
               "ok": value <= REACH and not lost, "how": how}  # fmt: skip


def _founded() -> None:
    import django

    django.setup()

    from bench import nightly as made
    from perennial.jobs import nightly
    from perennial.members.actions import create_member
    from perennial.site.start import migrate

    now = datetime.now(UTC)
    made.ON, made.AT, made.CUSTOMERS = now.date(), now - timedelta(days=1), CUSTOMERS
    migrate()
    made._people_and_papers()
    create_member(email="bench@example.com", name="B", role="admin", password=None, by=None, at=now)
    for back in range(28, 0, -1):
        made._events(now.date() - timedelta(days=back), made.BEFORE, back)
    nightly.run(now.date(), at=now)


def _key() -> str:
    command = [sys.executable, "-m", "perennial.site", "key", "create", "b", "--scope", "intake", "--source", "bench"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _measured(port: int, key: str, worker: int) -> tuple[list[float], int, float]:
    """Return the seconds that each probe took, how many events were accepted, and the worker's CPU seconds."""
    over, sent, waiting = threading.Event(), [0], dict[int, float]()
    took: list[float] = []
    _until_open(port)
    crowd = [threading.Thread(target=_crowd, args=(port, key, line, over, sent)) for line in range(2)]
    watcher = threading.Thread(target=_watch, args=(waiting, took, over))
    for thread in (*crowd, watcher):
        thread.start()
    before, started = _cpu(worker), time.monotonic()
    line = http.client.HTTPConnection("127.0.0.1", port)
    for number in range(SECONDS):
        time.sleep(max(0.0, started + number - time.monotonic()))
        customer = PROBES_FROM + number
        _send(line, key, [customer])
        waiting[customer] = time.time()
    over_at = time.monotonic() + REACH
    spent = _cpu(worker) - before
    while waiting and time.monotonic() < over_at:
        time.sleep(0.25)
    over.set()
    for thread in (*crowd, watcher):
        thread.join()
    return took, sent[0], spent


def _crowd(port: int, key: str, number: int, over: threading.Event, sent: list[int]) -> None:
    """Send half of the load, evenly, until it is over; few customers send most (1 / rank)."""
    chance, line = random.Random(number), http.client.HTTPConnection("127.0.0.1", port)  # noqa: S311 - no secret
    every, due = 2 * BATCH / A_SECOND, time.monotonic()
    ranks = range(PROBES_FROM)
    weights = [1 / (rank + 1) for rank in ranks]
    while not over.is_set():
        _send(line, key, chance.choices(ranks, weights, k=BATCH))
        sent[0] += BATCH
        due += every
        time.sleep(max(0.0, due - time.monotonic()))


def _send(line: http.client.HTTPConnection, key: str, customers: list[int]) -> None:
    now = datetime.now(UTC).isoformat()
    batch = [{"type": "track", "userId": f"u{number}", "event": "used", "timestamp": now,
              "messageId": os.urandom(12).hex(), "context": {"groupId": str(number)},
              "properties": {"feature": "reports"}} for number in customers]  # fmt: skip
    said = {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
    line.request("POST", "/v1/batch", json.dumps({"batch": batch, "sentAt": now}), said)
    answer = line.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"the intake answered {answer.status}")


def _watch(waiting: dict[int, float], took: list[float], over: threading.Event) -> None:
    """Look four times a second whose row and score know of a use today: nobody's did before its probe."""
    from django.db import connection

    from perennial.customers.models import PortfolioRow
    from perennial.health.models import Score

    names = dict(PortfolioRow.objects.values_list("customer__external_ids__external_id", "customer_id"))
    today = PortfolioRow.objects.filter(days_since_last=0)
    while not over.is_set():
        time.sleep(0.25)
        asked = {names[str(number)]: number for number in list(waiting)}
        rows = set(today.filter(customer_id__in=asked).values_list("customer_id", flat=True))
        for customer, score in Score.objects.filter(customer_id__in=rows).values_list("customer_id", "parts"):
            if dict(part[:2] for part in score["parts"])["days_since_last"] == 0:
                took.append(time.time() - waiting.pop(asked[customer]))
    connection.close()


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _until_open(port: int) -> None:
    for _attempt in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the intake does not answer")
