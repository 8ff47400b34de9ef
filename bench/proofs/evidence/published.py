"""Rows 1 to 4: Telco (a published sample of a fictional firm), RavenStack (synthetic), MLC churn where it is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.proofs.evidence import row
from perennial.evidence.calculations.calibration import brier_skill, intercept_and_slope
from perennial.evidence.calculations.challengers import Ridge, Trees, trial
from perennial.evidence.calculations.discrimination import auc, auc_with_interval
from perennial.evidence.calculations.methods import Blend, Method, stage
from perennial.evidence.calculations.samples import Sample, folds
from perennial.evidence.calculations.verdict import Verdict, verdict
from perennial.health.terms import Floats

REPEATS, TELCO_RUNS, SHUFFLES = 10, 10, 200
AS_OF, AHEAD = date(2024, 6, 30), timedelta(days=184)
DEFAULT_TREES = Trees("default_trees", {"n_estimators": 100}, is_monotone=False, is_recalibrated=False)


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield rows 1, 2 and 4, and row 3 where its file is there."""
    sample = telco(folder)
    yield from whole(sample)
    yield from thinned(sample)
    mlc = Path(os.environ.get("PERENNIAL_MLC_CHURN", folder / "mlc" / "mlc_churn.csv"))
    if mlc.exists():
        yield from interactions(mlc)
    else:
        print(
            "row 3 not run: no mlc/mlc_churn.csv in the sample data, and PERENNIAL_MLC_CHURN names none",
            file=sys.stderr,
        )
    yield from ravenstack(folder)


def telco(folder: Path) -> Sample:
    """Return Telco as a table of labelled snapshots: six measures with curves by hand, all else as context."""
    table = pl.read_csv(folder / "telco" / "wa_churn_modeldata.csv", infer_schema_length=8000, null_values=["NA"])
    by_word = {
        "contract": {"Month-to-month": 20, "One year": 70, "Two year": 95},
        "tech_support": {"No": 35, "Yes": 80, "No internet service": 75},
        "online_security": {"No": 35, "Yes": 80, "No internet service": 75},
        "internet_service": {"Fiber optic": 35, "DSL": 65, "No": 90},
        "payment_method": {"Electronic check": 35, "Mailed check": 65},
    }
    points = [np.interp(table["tenure"].to_numpy(), [0, 12, 24, 72], [10, 45, 65, 100])]
    points += [np.array([words.get(one, 75) for one in table[name]], float) for name, words in by_word.items()]
    weights = np.array([25, 30, 10, 10, 15, 10]) / 100
    features = table.drop("churn").with_columns(pl.col("total_charges").cast(pl.Float64).fill_null(0))
    context = features.to_dummies(pl.selectors.string(), drop_first=True).to_numpy().astype(float)
    spread = context.std(axis=0)
    context = (context - context.mean(axis=0)) / np.where(spread > 0, spread, 1)
    lost = (table["churn"] == "Yes").to_numpy()
    return Sample(np.column_stack(points), weights, lost, np.arange(len(lost)), context)


def tried(sample: Sample, method: Method, repeats: int) -> tuple[list[float], list[Floats]]:
    """Return the AUCs of five folds, repeated, and each repeat's probabilities of who was not learned from."""
    aucs, told = [], []
    for repeat in range(repeats):
        p = np.empty(len(sample.lost))
        for learn, held in folds(sample, 5, seed=repeat):
            p[held] = method.fit(sample.of(learn), seed=repeat).probability(sample.of(held))
            aucs.append(auc(sample.lost[held], p[held]) or 0.0)
        told.append(p)
    return aucs, told


def whole(sample: Sample) -> Iterator[dict[str, Any]]:
    """Yield row 1."""
    everything = replace(sample, points=np.zeros((len(sample.lost), 0)), weights=np.zeros(0))
    aucs, told = tried(everything, Ridge(strength=0.1), REPEATS)
    slopes = [found[1].value for p in told if (found := intercept_and_slope(sample.lost, p))]
    skill = np.mean([brier_skill(sample.lost, p) or 0.0 for p in told])
    how = f"{len(sample.lost)} customers, 10 × 5 folds, all features, L2 with C = .1; Brier skill {skill:.3f}"
    yield row("row 1, Telco: AUC", round(float(np.mean(aucs)), 4), "≥ .84", float(np.mean(aucs)) >= 0.84, how)
    slope = float(np.mean(slopes))
    yield row("row 1, Telco: calibration slope", round(slope, 3), ".9 to 1.1", 0.9 <= slope <= 1.1, how)


def thinned(sample: Sample) -> Iterator[dict[str, Any]]:
    """Yield row 2: 10 % lost; the ridge, and whether trees as they come are ever adopted."""
    for count, reach in ((200, 0.78), (500, 0.80), (2000, 0.82)):
        aucs, by_hand, adopted = [], [], 0
        for seed in range(TELCO_RUNS):
            known, rest = _thin(sample, count, seed)
            aucs.append(auc(rest.lost, Ridge().fit(_all(known), seed=seed).probability(_all(rest))) or 0.0)
            by_hand.append(auc(rest.lost, -rest.score) or 0.0)
            champion = stage(known.events) or Blend()
            adopted += seed < 4 and trial(known, champion, DEFAULT_TREES, seed=seed).is_better
        found = float(np.mean(aucs))
        yield row(f"row 2, Telco thinned, {count}: AUC of the ridge", round(found, 3), f"≥ {reach}", found >= reach,
                  f"{TELCO_RUNS} draws, tested on the rest thinned alike; hand {np.mean(by_hand):.3f}")  # fmt: skip
        yield row(f"row 2, Telco thinned, {count}: default trees adopted", adopted, "0 of 4", adopted == 0,
                  "against the method of the stage, 5 × 2 trials")  # fmt: skip


def _all(sample: Sample) -> Sample:
    return replace(sample, points=np.zeros((len(sample.lost), 0)), weights=np.zeros(0))


def _thin(sample: Sample, count: int, seed: int) -> tuple[Sample, Sample]:
    """Return `count` rows of which a tenth was lost, and as many as can be of the others in the same mixture."""
    random = np.random.default_rng(seed)
    gone, kept = (random.permutation(np.flatnonzero(sample.lost == one)) for one in (True, False))
    few = count // 10
    rest = min(len(gone) - few, (len(kept) - count + few) // 9)
    learn = np.r_[gone[:few], kept[: count - few]]
    return sample.of(learn), sample.of(np.r_[gone[few : few + rest], kept[count - few : count - few + 9 * rest]])


def interactions(path: Path) -> Iterator[dict[str, Any]]:
    """Yield row 3: data with strong interactions, where trees should be adopted."""
    table = pl.read_csv(path, infer_schema_length=6000)
    lost = (table["churn"] == "yes").to_numpy()
    features = table.drop("churn").to_dummies(pl.selectors.string(), drop_first=True).to_numpy().astype(float)
    spread = features.std(axis=0)
    context = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    sample = Sample(np.zeros((len(lost), 1)), np.ones(1), lost, np.arange(len(lost)), context)
    known, rest = _thin(sample, 1000, 1)
    found = trial(known, Ridge(), Trees(is_monotone=False), seed=1)
    p = Trees(is_monotone=False).fit(known, seed=1).probability(rest)
    value, slope = auc(rest.lost, p) or 0.0, intercept_and_slope(rest.lost, p)
    how = f"1,000 thinned to 10 %, tested on {len(rest.lost)}; gain {found.gain:.4f} ± {found.error:.4f}"
    yield row("row 3, MLC: trees adopted", int(found.is_better), "1", found.is_better, how)
    yield row("row 3, MLC: AUC", round(value, 3), "≥ .88", value >= 0.88, how)
    at = slope[1].value if slope else 0.0
    yield row("row 3, MLC: slope", round(at, 2), ".8 to 1.3", 0.8 <= at <= 1.3, how)


def ravenstack(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield row 4: behaviour known by the end of June 2024, losses of the half year after it."""
    sample = accounts(folder / "ravenstack")
    method, random = Ridge(strength=0.1), np.random.default_rng(1)
    value = float(np.mean(tried(sample, method, 2)[0]))
    dealt = [replace(sample, lost=random.permutation(sample.lost)) for _draw in range(SHUFFLES)]
    low, high = np.quantile([np.mean(tried(one, method, 1)[0]) for one in dealt], [0.025, 0.975])
    found = auc_with_interval(sample.lost, tried(sample, method, 1)[1][0])
    assert found is not None
    said = verdict(sample.events, found, (float(low), float(high)))
    yield row(
        "row 4, RavenStack: verdict",
        said.value,
        "no_evidence",
        said is Verdict.NO_EVIDENCE,
        f"{len(sample.lost)} accounts as of {AS_OF}, {sample.events} lost in the half year after, six measures",
    )
    yield row("row 4, RavenStack: CV AUC", round(value, 3), f"{low:.3f} to {high:.3f}", low <= value <= high,
              f"the band: {SHUFFLES} times with losses dealt out anew and learned again")  # fmt: skip


def accounts(folder: Path) -> Sample:
    """Return RavenStack's accounts as of 2024-06-30: use, errors, tickets, subscriptions, seats. Behaviour alone."""

    def day(name: str) -> pl.Expr:
        text = pl.col(name).cast(pl.String)
        return pl.coalesce(text.str.to_date("%d/%m/%Y", strict=False), text.str.slice(0, 10).str.to_date(strict=False))

    whom, plans, use, tickets, churn = (
        pl.read_csv(folder / f"ravenstack_{name}.csv", infer_schema=False)
        for name in ("accounts", "subscriptions", "feature_usage", "support_tickets", "churn_events")
    )
    whom = whom.filter(day("signup_date") <= AS_OF).select(
        "account_id", pl.col("seats").cast(float), since=day("signup_date")
    )
    plans = plans.filter(day("start_date") <= AS_OF)
    use = use.filter(day("usage_date").is_between(AS_OF - timedelta(days=90), AS_OF)).join(
        plans.select("subscription_id", "account_id"), "subscription_id"
    )
    tickets = tickets.filter(day("submitted_at") <= AS_OF)
    told = whom
    for part in (
        use.group_by("account_id").agg(uses=pl.col("usage_count").cast(float).sum(),
        errors=pl.col("error_count").cast(float).sum(), breadth=pl.col("feature_name").n_unique(),
        last=day("usage_date").max()), tickets.group_by("account_id").agg(tickets=pl.len(),
        wait=pl.col("resolution_time_hours").cast(float).mean()), plans.group_by("account_id").agg(plans=pl.len(),
        mrr=pl.col("mrr_amount").cast(float).sum()),
    ):  # fmt: skip
        told = told.join(part, "account_id", "left")
    gone = churn.filter(day("churn_date").is_between(AS_OF + timedelta(days=1), AS_OF + AHEAD))["account_id"].unique()
    columns = told.select(
        "breadth", "wait",
        silent=(pl.lit(AS_OF) - pl.col("last")).dt.total_days(),
        **{name: pl.col(name).cast(float).log1p() for name in ("uses", "errors", "tickets")},
    ).cast(pl.Float64).fill_null(strategy="mean").to_numpy()  # fmt: skip
    context = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    lost = told["account_id"].is_in(gone.implode()).to_numpy()
    return Sample(np.zeros((len(lost), 0)), np.zeros(0), lost, np.arange(len(lost)), context)
