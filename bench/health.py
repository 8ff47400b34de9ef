"""Health: a day of 100,000 customers scored, against plain numpy on the same arrays; a changed weight previewed.

The preview is the whole request of the editor for 10,000 customers on SQLite, through all middleware; CPU of the
process that serves.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

NAMES = ("health",)
CUSTOMERS, MEASURES, TIERS = 100_000, 20, 4
PREVIEWED = 10_000
BACKTESTED = 5_000
RUNS = 5


def rows() -> list[dict[str, Any]]:
    """Measure and return the figures."""
    scored, preview = _child("scoring"), _child("preview")
    tested = _child("backtest")
    ours, plain, off = scored["ours"], scored["plain"], scored["off"]
    return [
        _row(f"scoring {CUSTOMERS:,} × {MEASURES} as of a day", ours, "s CPU", 3.0,
             f"median of {RUNS}; exact whole numbers, means by tier, error bars, bands; largest difference to plain "
             f"numpy {off:.6f} points"),
        _row("scoring ÷ plain numpy", ours / plain, "×", 3.0, f"plain numpy {plain:.2f} s on the same arrays"),
        _row(f"preview of a changed weight, {PREVIEWED:,} customers", preview["ms"], "ms CPU", 300,
             f"median of {RUNS} requests, {preview['moved']:,} bands change"),
        _row(f"backtest of {BACKTESTED:,} customers × 3 years × 3 leads", tested["wall"], "s", 30,
             f"wall, CPU {tested['cpu']:.1f} s, of one process; {tested['decisions']:,} decisions, "
             f"{tested['losses']:,} losses, {tested['days']} past days, none of them frozen; "
             f"progress told {tested['told']} times; the home took {tested['made']:.0f} s; {tested['parts']}"),
    ]  # fmt: skip


def _row(name: str, value: float, unit: str, reach: float, how: str) -> dict[str, Any]:
    return {"name": name, "value": round(value, 2), "unit": unit, "reach": f"≤ {reach:g}", "ok": value <= reach,
            "how": how}  # fmt: skip


def _scoring() -> dict[str, float]:
    """Return seconds of CPU of the score and of plain numpy, and by how many points they differ at most."""
    from bench import portfolio
    from perennial.blueprint import queries as blueprint
    from perennial.health.calculations.scoring import score_fleet
    from perennial.health.terms import NO_BAND, NO_CAP, POINT, FleetInputs

    portfolio._fill(0)
    shipped = blueprint.scorecard()
    every = [replace(shipped.measures[n % len(shipped.measures)], key=f"m{n}") for n in range(MEASURES)]
    card = replace(shipped, groups=(replace(shipped.groups[0], measures=tuple(every)),), vetoes=())
    chance = np.random.default_rng(7)
    high = np.array([measure.points[-1][0] for measure in card.measures])
    values = chance.random((1, CUSTOMERS, MEASURES)) * high
    values[chance.random(values.shape) < 0.2] = np.nan
    ages = chance.integers(0, 40, values.shape).astype(float)
    none = np.full(CUSTOMERS, NO_BAND)
    inputs = FleetInputs(values, ages, chance.integers(0, TIERS, CUSTOMERS), none, np.full(CUSTOMERS, NO_CAP))
    spent: dict[str, list[float]] = {"ours": [], "plain": []}
    for _run in range(RUNS):
        before = time.process_time()
        scores = score_fleet(card, inputs).score / POINT
        between = time.process_time()
        plain = _plain(card, inputs)
        spent["ours"].append(between - before)
        spent["plain"].append(time.process_time() - between)
    off = float(np.abs(scores - plain).max())
    if off > 0.001:
        raise SystemExit(f"the scores are {off} points apart")
    return {"ours": median(spent["ours"]), "plain": median(spent["plain"]), "off": off}


def _plain(card: Any, inputs: Any) -> Any:
    """Return the scores in doubles, as a person would write the formula of analytics 1.1 over arrays."""
    values, ages = inputs.values[-1], inputs.ages[-1]
    known = ~np.isnan(values)
    points, trust = np.zeros_like(values), np.zeros_like(values)
    for column, one in enumerate(card.measures):
        xs, zs = zip(*one.points, strict=True)
        points[:, column] = np.interp(values[:, column], xs, zs)
        share = (one.max_age_days - ages[:, column]) / (one.max_age_days - one.fresh_days)
        trust[:, column] = np.where(known[:, column], np.clip(share, 0, 1), 0)
    seen = trust > 0
    means = np.empty_like(points)
    for segment in np.unique(inputs.segments):
        mine = inputs.segments == segment
        means[mine] = np.where(seen[mine], points[mine], 0).sum(axis=0) / seen[mine].sum(axis=0)
    weights = np.array([measure.weight for measure in card.measures])
    applies = np.array([measure.missing.value != "not_applicable" for measure in card.measures]) | seen
    each = applies * weights
    each = each / each.sum(axis=1, keepdims=True)
    return (each * (trust * np.where(known, points, 0) + (1 - trust) * means)).sum(axis=1)


def _child(what: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as home:
        environment = {**os.environ, "PERENNIAL_HOME": home, "DJANGO_SETTINGS_MODULE": "perennial.site.settings",
                       "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # fmt: skip
        # as the command line sets them
        environment.pop("DATABASE_URL", None)
        command = [sys.executable, "-m", "bench.health", what]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _previewed() -> dict[str, Any]:
    """Fill a home with what a scored day froze, and ask for the preview as the editor does."""
    from django.conf import settings
    from django.test import Client

    from bench import portfolio
    from perennial.blueprint import queries as blueprint
    from perennial.members.queries import by_email
    from perennial.reports import score_preview

    portfolio._fill(PREVIEWED)
    _freeze()
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    client = Client(HTTP_HOST="localhost")
    admin = by_email("m0@example.com")
    assert admin is not None
    client.force_login(admin)
    text = blueprint.text_in_force("scorecard")
    spent = []
    for run in range(RUNS + 1):
        fields = {"text": text, "f:groups[1].weight": str(60 + run)}
        before = time.process_time()
        answer = client.post("/settings/scorecard/preview", fields)
        spent.append((time.process_time() - before) * 1000)
        if answer.status_code != 200 or b"<rect" not in answer.content:
            raise SystemExit(f"the preview answered {answer.status_code}: {answer.content[:300]!r}")
    draft = text.replace("    weight: 20\n    measures", "    weight: 60\n    measures", 1)
    return {"ms": median(spent[1:]), "moved": score_preview.of(admin, draft).moved}


def _backtested() -> dict[str, Any]:
    """Fill a home with three years of which no day was ever scored, and backtest what ships."""
    from bench import evidence_home
    from perennial.blueprint import queries as blueprint
    from perennial.evidence import actions, queries
    from perennial.evidence.terms import MAIN_LEAD
    from perennial.kernel.organisation.queries import house

    made, told = evidence_home.fill(BACKTESTED), list[tuple[float, str]]()
    wall, cpu = time.monotonic(), time.process_time()

    def report(_done: int, _total: int | None, what: str) -> None:
        told.append((time.monotonic() - wall, what))

    text = blueprint.text_in_force("scorecard")
    actions.backtest(text, place=house(), on=evidence_home.ON, by=None, at=evidence_home.AT, report=report)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    found = queries.latest()
    assert found is not None
    main = found.leads[MAIN_LEAD]
    return {"made": made, "wall": wall, "cpu": cpu, "told": len(told), "decisions": main["count"],
            "losses": main["events"], "days": len({what for _at, what in told}),
            "parts": f"decisions known after {told[0][0]:.1f} s, the days after {told[-1][0]:.1f} s"}  # fmt: skip


def _freeze() -> None:
    from decimal import Decimal

    from bench.portfolio import AT, DAY
    from perennial.blueprint import queries as blueprint
    from perennial.blueprint.terms import Band
    from perennial.health import actions, frozen
    from perennial.health.facts import MEASURES as KEYS
    from perennial.health.facts import DayFacts
    from perennial.health.models import Score, Scorecard
    from perennial.health.terms import Confidence, CustomerScore

    chance, tiers = np.random.default_rng(7), random.Random(7)  # noqa: S311 - the same company each time
    ids = list(range(1, PREVIEWED + 1))
    top = {measure.key: measure.points[-1][0] for measure in blueprint.scorecard().measures}
    values = chance.random((PREVIEWED, len(KEYS))) * np.array([top.get(key, 10) for key in KEYS])
    values[chance.random(values.shape) < 0.2] = np.nan
    ages = np.where(np.isnan(values), np.nan, chance.integers(0, 20, values.shape))
    names = [tiers.choice(["usd_100k", "usd_20k", "usd_5k", "usd_0"]) for _customer in ids]
    frozen.write_inputs([DayFacts(DAY, ids, values, ages, names)], news=None, at=AT)
    one = CustomerScore(Decimal("60"), Decimal("60"), Decimal(1), 0.8, Confidence.HIGH, Band.YELLOW, Band.YELLOW, None,
                        None, False, None, (Decimal("60"),) * 13, ())  # fmt: skip
    frozen.write_scores(DAY, dict.fromkeys(ids, one), {}, dict.fromkeys(ids, "default"), at=AT)
    actions.publish(blueprint.text_in_force("scorecard"), by=None, at=AT)
    card = Scorecard.objects.get()
    Score.objects.create(customer_id=1, scorecard=card, on=DAY, parts={"parts": []}, computed_at=AT)


if __name__ == "__main__":
    import django

    django.setup()
    measured = {"scoring": _scoring, "preview": _previewed, "backtest": _backtested}
    print(json.dumps(measured[sys.argv[1]]()))
