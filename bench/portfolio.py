"""The customer list at 1,000 and at 100,000 customers: the table alone, deep pages, a file of everything.

Each size lives in a home and a process of its own, on SQLite with the shipped settings. CPU of the process that
serves, through all middleware; the client's own cost is in it.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from bench.home import AT, DAY, founded

NAMES = ("portfolio",)
HEADERS = {"HX-Request": "true", "HX-Target": "div#list"}
ASKED = (
    "?f=band~in~red&sort=next_renewal_on",
    "?f=band~in~red~yellow&f=arr~gte~50000&sort=-score",
    "?f=tier~in~usd_100k&sort=name",
    "?f=industry~in~FinTech&f=is_live~eq~yes&sort=-arr",
    "?f=owner~in~3&sort=trend_28d",
    "?f=next_renewal_on~within_days~90&sort=next_renewal_on",
    "?f=last_touch_on~older_than_days~90&sort=-arr",
    "?f=exports~gte~500&sort=-exports&cols=name.exports",  # a metric of one's own
)
RUNS = 60


def rows() -> list[dict[str, Any]]:
    """Measure and return the figures."""
    small, large = (_measured(size) for size in (1_000, 100_000))
    p50, p50_small = median(large["partials"]), median(small["partials"])
    return [
        _row("portfolio partial, 100,000 customers", p50, "ms CPU", 15,
             f"median of {len(ASKED)} filters' p50 of 60 runs; the slowest of them {max(large['partials']):.1f} ms"),
        _row("portfolio partial, 100,000 ÷ 1,000", p50 / p50_small, "×", 1.5, f"p50 at 1,000: {p50_small:.1f} ms"),
        _row("page 1,000 ÷ page 1", large["deep"] / large["first"], "×", 1.5, "100,000 by ARR, p50 of 60 runs"),
        _row("export of 100,000 rows to XLSX", large["export_mb"], "MB", 300,
             f"peak RSS of a worker process, {large['export_s']:.0f} s, {large['export_rows']:,} rows, progress shown"),
    ]  # fmt: skip


def _row(name: str, value: float, unit: str, reach: float, how: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 2),
        "unit": unit,
        "reach": f"≤ {reach}",
        "ok": value <= reach,
        "how": how,
    }


def _measured(size: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as home:
        figures = _child(home, "list", size)
        return figures | (_child(home, "export", size) if size >= 100_000 else {})


def _child(home: str, what: str, size: int) -> dict[str, Any]:
    environment = {**os.environ, "PERENNIAL_HOME": home, "DJANGO_SETTINGS_MODULE": "perennial.site.settings"}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "bench.portfolio", what, str(size)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _fill(size: int) -> None:
    from perennial.blueprint.terms import Label
    from perennial.customers import own_fields
    from perennial.customers.models import Customer, PortfolioRow
    from perennial.kernel.organisation import actions as organisation

    owners = founded(39)
    words = Label("Exports", "导出", "匯出")
    own_fields.bring_in_step([own_fields.OwnTold("exports", words, words, "number", "n")])
    organisation.stamp_configuration()
    chance = random.Random(7)  # noqa: S311 - the same company each time
    for start in range(0, size, 5000):
        numbers = range(start, min(size, start + 5000))
        Customer.objects.bulk_create(
            [
                Customer(id=n + 1, key=f"{n:010x}", name=_name(n), name_sort=_name(n).lower(), learned_at=AT)
                for n in numbers
            ],
            batch_size=1000,
        )
        PortfolioRow.objects.bulk_create([_portfolio(n, owners, chance) for n in numbers], batch_size=500)


def _name(number: int) -> str:
    return f"{('Pioneer', 'Acme', '华东', 'Cedar', '聚力', 'Summit', 'Maple')[number % 7]} {number * 7919 % 100_003}"


def _portfolio(number: int, owners: list[int], chance: random.Random) -> Any:
    from perennial.customers.models import PortfolioRow

    band = chance.choices(["green", "yellow", "red", None], [55, 22, 13, 10])[0]
    score = None if band is None else {"green": 80, "yellow": 60, "red": 35}[band] + chance.uniform(-12, 12)
    mrr = None if chance.random() < 0.08 else int(chance.lognormvariate(13, 1.2))
    arr = None if mrr is None else mrr * 12
    tier = next((key for key, floor in (("usd_100k", 10**7), ("usd_20k", 2 * 10**6)) if arr and arr >= floor), "usd_0")
    return PortfolioRow(
        customer_id=number + 1, key=f"{number:010x}", name=_name(number), name_sort=_name(number).lower(),
        owner_id=chance.choice([*owners[1:], None]), tier=tier,
        stage=chance.choice(["renewal", "onboarding", "growth"]), is_live=mrr is not None, mrr=mrr,
        industry=chance.choice(["EdTech", "FinTech", "DevTools", None]), currency="USD",
        arr=arr, band=band, score=score, scores_13w=[] if score is None else [round(score, 1)] * 13,
        next_renewal_on=None if chance.random() < 0.3 else DAY + timedelta(days=chance.randint(-30, 400)),
        trend_28d=chance.uniform(0.3, 1.6), active_users_28d=chance.randint(0, 400),
        last_touch_on=None if chance.random() < 0.2 else DAY - timedelta(days=chance.randint(0, 150)),
        as_of_on=DAY, updated_at=AT, own_01=None if number % 10 == 0 else number * 7919 % 1000,
    )  # fmt: skip


def _list(size: int) -> dict[str, Any]:
    from django.conf import settings
    from django.test import Client

    from perennial.customers import keyset
    from perennial.customers.models import PortfolioRow
    from perennial.members.queries import by_email

    _fill(size)
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    client = Client(HTTP_HOST="localhost")
    admin = by_email("m0@example.com")
    assert admin is not None
    client.force_login(admin)
    figures: dict[str, Any] = {"partials": [_cpu(client, asked) for asked in ASKED]}
    if size >= 100_000:
        ordered = PortfolioRow.objects.filter(arr__isnull=False).order_by("-arr", "-customer_id")
        mark = keyset.mark_of(ordered[999 * 50 - 1], "arr", backwards=False)
        figures |= {"first": _cpu(client, "?sort=-arr"), "deep": _cpu(client, f"?sort=-arr&after={mark}")}
    return figures


def _cpu(client: Any, asked: str) -> float:
    spent = []
    for _run in range(RUNS):
        before = time.process_time()
        answer = client.get(f"/customers{asked}", headers=HEADERS)
        spent.append((time.process_time() - before) * 1000)
        if answer.status_code != 200 or b"data-row" not in answer.content:
            raise SystemExit(f"{asked} answered {answer.status_code} or without rows")
    return median(spent)


def _export() -> dict[str, Any]:
    from perennial.customers.lists import Listing
    from perennial.jobs.worker import perform
    from perennial.kernel.queue import actions as queue
    from perennial.kernel.queue import queries as jobs
    from perennial.members.queries import by_email
    from perennial.reports import export

    admin, at = by_email("m0@example.com"), datetime.now(UTC)
    assert admin is not None
    job_id = export.request(admin, Listing(), format="xlsx", at=at)
    claimed = queue.claim(at=at, kinds=[export.KIND])
    assert claimed is not None
    started = time.monotonic()
    perform(claimed)
    job = jobs.job(job_id)
    assert job is not None and job.result is not None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"export_mb": peak, "export_s": time.monotonic() - started, "export_rows": job.result["rows"]}


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(_list(int(sys.argv[2])) if sys.argv[1] == "list" else _export()))
