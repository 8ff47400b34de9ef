"""Real use of sixteen years: companies that contributed to OpenStack Nova. Lost: no event in the next 180 days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.proofs.evidence import row
from perennial.evidence.calculations.calibration import brier_skill, intercept_and_slope
from perennial.evidence.calculations.discrimination import auc, auc_with_interval, difference, permutation_band
from perennial.evidence.calculations.methods import Blend, Linear
from perennial.evidence.calculations.proposals import proposal
from perennial.evidence.calculations.samples import Sample
from perennial.health.terms import Floats, Ints

FIRST, LAST = date(2011, 1, 1), date(2026, 2, 1)
LEARN_UNTIL, TRY_FROM = date(2018, 1, 1), date(2018, 7, 1)
WINDOW, YEAR = 180, 365
MEASURES = ("recency", "events", "trend", "weeks", "users", "breadth", "champion", "spread")
NOT_COMPANIES = ("individual", "bot", "unknown")


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield AUC and gain over recency of a blend from equal weights, learned before 2018, tried after mid-2018."""
    days, values, lost, groups = snapshots(folder)
    learn, held = days < LEARN_UNTIL.toordinal(), days >= TRY_FROM.toordinal()
    points = _points(values, values[learn])
    weights = np.full(len(MEASURES), 1 / len(MEASURES))
    sample = Sample(points, weights, lost, groups, np.zeros((len(lost), 0)))
    # The labels of 2017's last quarter are known by the first trial.
    known, tried = sample.of(learn), sample.of(held)
    model = Blend().fit(known, seed=1)
    p = model.probability(tried)
    found, band = auc_with_interval(tried.lost, p), permutation_band(tried.lost, p, seed=1)
    more = difference(tried.lost, p, values[held][:, 0])
    recency = auc_with_interval(tried.lost, values[held][:, 0])
    assert found is not None and more is not None and recency is not None
    companies = len(set(tried.groups.tolist()))
    how = (
        f"{len(known.lost)} snapshots before 2018, {known.events} lost; {len(tried.lost)} of {companies} companies "
        f"after, {tried.events} lost; {found.low:.3f} to {found.high:.3f}, chance {band[0]:.3f} to {band[1]:.3f}"
    )
    yield row("nova: AUC", round(found.value, 3), "≥ .80", found.value >= 0.80, how)
    yield row("nova: AUC above recency alone", round(more.value, 3), "> 0, clearly", more.low > 0,
              f"recency {recency.value:.3f}; paired {more.low:.3f} to {more.high:.3f}")  # fmt: skip
    slope, skill = intercept_and_slope(tried.lost, p), brier_skill(tried.lost, p) or 0.0
    yield row("nova: Brier skill", round(skill, 3), "> 0", skill > 0, f"slope {slope[1].value if slope else 0:.2f}")
    yield from drivers(known, model)


def drivers(known: Sample, model: Linear) -> Iterator[dict[str, Any]]:
    """Yield what the blend goes by, and what each measure says by itself."""
    asked = proposal(known, model, seed=1)
    assert asked is not None
    told = sorted(zip(MEASURES, asked.weights, asked.low, asked.high, strict=True), key=lambda one: -one[1])
    said = ", ".join(f"{name} {100 * w:.0f} % ({100 * low:.0f}–{100 * high:.0f})" for name, w, low, high in told)
    alone = without(known, ("champion", "breadth"), model)
    single = ", ".join(f"{name} {auc(known.lost, -known.points[:, at]) or 0:.2f}" for at, name in enumerate(MEASURES))
    low_of = {name: low for name, _w, low, _high in told}
    how = f"{said}; lam {model.told['lam']:.0f}; {alone}; AUC alone: {single}"
    yield row("nova: champion and breadth among the drivers", said.split(",", maxsplit=1)[0], "both above 0",
              min(low_of["champion"], low_of["breadth"]) > 0, how)  # fmt: skip


def without(known: Sample, names: tuple[str, ...], model: Linear) -> str:
    """Say by how much the log-loss on the same rows grows without some measures."""
    from perennial.evidence.calculations.calibration import log_loss

    kept = [at for at, name in enumerate(MEASURES) if name not in names]
    less = replace(known, points=known.points[:, kept], weights=np.full(len(kept), 1 / len(kept)))
    before = log_loss(known.lost, model.probability(known))
    after = log_loss(less.lost, Blend((float(model.told["lam"]),)).fit(less, seed=1).probability(less))
    return f"log-loss {before:.4f}, without champion and breadth {after:.4f}"


def snapshots(folder: Path) -> tuple[Ints, Floats, Any, Ints]:
    """Return the snapshots' days, their values (MEASURES), who was lost, and whose they are: quarterly, of the
    companies with an event in the 180 days before. An event counts from the day on which it was merged."""
    table = pl.read_csv(folder / "nova" / "usage_events.csv.gz", infer_schema=False).filter(
        ~pl.col("account_id").is_in(NOT_COMPANIES)
    )
    day = table["event_time"].str.slice(0, 10).str.to_date().to_list()
    numbers = np.array([one.toordinal() for one in day])
    companies, of = np.unique(table["account_id"].to_numpy(), return_inverse=True)
    users = np.unique(table["user_id"].to_numpy(), return_inverse=True)[1]
    features = np.unique(table["feature"].to_numpy(), return_inverse=True)[1]
    made: list[tuple[int, list[float], bool, int]] = []
    for company in range(len(companies)):
        rows_of = np.flatnonzero(of == company)
        rows_of = rows_of[np.argsort(numbers[rows_of], kind="stable")]
        when = numbers[rows_of]
        for start in _quarters():
            past = when < start
            near = past & (when >= start - WINDOW)
            if near.any():
                later = ((when >= start) & (when < start + WINDOW)).any()
                told = _values(start, when[past], users[rows_of][past], features[rows_of][past])
                made.append((start, told, not later, company))
    days, values, lost, groups = zip(*made, strict=True)
    return np.array(days), np.array(values), np.array(lost), np.array(groups)


def _quarters() -> list[int]:
    return [date(year, month, 1).toordinal() for year in range(FIRST.year, LAST.year + 1) for month in (1, 4, 7, 10)
            if date(year, month, 1) >= FIRST and date(year, month, 1) <= LAST + timedelta(days=0)]  # fmt: skip


def _values(start: int, when: Ints, users: Ints, features: Ints) -> list[float]:
    """Return the raw values of a snapshot, each higher for more risk (analytics 2.1).

    The champion is who had most events in a year; of him counts how likely his silence is at his own rhythm, and
    his active weeks in half a year.
    """
    half, quarter, year = when >= start - WINDOW, when >= start - WINDOW // 2, when >= start - YEAR
    people, counts = np.unique(users[year], return_counts=True)
    his = when[users == people[counts.argmax()]]
    active = len(np.unique(his[his >= start - WINDOW] // 7))
    gap = (start - his.max()) // 7
    rhythm = (active + 1) / 28
    before = (half & ~quarter).sum()
    return [
        float(start - when.max()), -np.log1p(half.sum()), -np.log((quarter.sum() + 1) / (before + 1)),
        -float(len(np.unique(when[year] // 7))), -np.log1p(len(np.unique(users[year]))),
        -np.log1p(len(np.unique(features[year]))), -gap * np.log1p(-rhythm) - active, float(counts.max() /
        counts.sum()),
    ]  # fmt: skip


def _points(values: Floats, known: Floats) -> Floats:
    """Return 0 to 100 points: the share of the snapshots learned from that were worse, equals half."""
    found = np.empty_like(values)
    for at in range(values.shape[1]):
        ordered = np.sort(known[:, at])
        below = np.searchsorted(ordered, values[:, at], "left") + np.searchsorted(ordered, values[:, at], "right")
        found[:, at] = 100 - 50 * below / len(ordered)
    return found
