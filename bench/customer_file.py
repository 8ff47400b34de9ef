"""The customer file among 1,000 customers: CPU of a warm page, and SQL queries, as many for the richest as for any.

Besides the tabs: what follows on the usage tab once it stands (thirteen weeks of metrics from the lake), and a measure
of the score, opened.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

CUSTOMERS = 1000
REACH_MS = 40
MEASURE = """
import json, statistics, time
from datetime import UTC, date, datetime, timedelta
import django
django.setup()
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from perennial.site.start import migrate, place_static_files
from perennial.demo import actions as demo
from perennial.demo.queries import Begun
migrate()
place_static_files()
now = datetime.now(UTC)
demo.seed(Begun(company="en", customers=%d, seed=1, on=now.date(), is_complete=False), password="correct horse", at=now)
from perennial.customers.models import PortfolioRow
from perennial.engagement.actions import write_touchpoints
from perennial.health.models import Score
from perennial.kernel.versions import Incoming
from perennial.members.models import Member
from perennial.support.actions import write_tickets
live = PortfolioRow.objects.filter(is_live=True, customer__in=Score.objects.values("customer"))
poor, rich = live.order_by("arr").first(), live.order_by("-arr").first()
for n in range(500):
    at = now - timedelta(days=n + 1)
    of = {"customer_id": rich.customer_id}
    write_touchpoints([Incoming(f"bench{n}", {**of, "channel": "call", "summary": "x" * 80, "happened_at": at})],
                      source="bench", at=now)
    write_tickets([Incoming(f"bench{n}", {**of, "subject": "x" * 60, "opened_at": at})], source="bench", at=now)
client = Client(headers={"host": "localhost"})
client.force_login(Member.objects.filter(role="admin").first())
found = {}
asked_for = {tab: (f"?tab={tab}", {}) for tab in
             ("overview", "health", "people", "contracts", "usage", "tickets", "timeline")}
asked_for["usage, its 13 weeks afterwards"] = ("?tab=usage", {"HX-Request": "true", "HX-Target": "article#metrics"})
asked_for["a measure opened"] = ("/health/nps", {})
for name, (address, headers) in asked_for.items():
    queries = []
    for row in (poor, rich):
        for _ in range(3):
            assert client.get(f"/customers/{row.key}{address}", headers=headers).status_code == 200
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/customers/{row.key}{address}", headers=headers)
        queries.append(len(asked))
    spent = []
    for _ in range(40):
        started = time.process_time()
        client.get(f"/customers/{rich.key}{address}", headers=headers)
        spent.append(1000 * (time.process_time() - started))
    found[name] = {"ms": statistics.median(spent), "queries": queries}
print("FOUND", json.dumps(found))
"""


def rows() -> Iterator[dict[str, Any]]:
    """Yield the CPU of each tab's whole page (p50 of 40 warm requests) and its SQL queries, poor and rich."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "PERENNIAL_HOME": home, "DJANGO_SETTINGS_MODULE": "perennial.site.settings"}
        command = [sys.executable, "-c", MEASURE % CUSTOMERS]
        ran = subprocess.run(command, env=environment, check=True, text=True, stdout=subprocess.PIPE)  # noqa: S603
    line = next(text for text in ran.stdout.splitlines() if text.startswith("FOUND "))
    for tab, figures in json.loads(line.removeprefix("FOUND ")).items():
        how = f"test client, {CUSTOMERS} customers, the richest with 500 more touchpoints and tickets; CPU, p50 of 40"
        yield {"name": f"customer file, {tab}, warm", "value": round(figures["ms"], 1), "unit": "ms", "reach": REACH_MS,
               "ok": figures["ms"] <= REACH_MS, "how": how}  # fmt: skip
        poor, rich = figures["queries"]
        yield {"name": f"customer file, {tab}, SQL queries", "value": rich, "unit": "queries", "reach": poor,
               "ok": rich == poor, "how": "the richest customer; the reach is what the poorest costs"}  # fmt: skip
