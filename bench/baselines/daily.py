"""What the ledger is measured against: the plain ways to the same movements, over lines without pauses or gifts.

`by_days` is exact: the balance of every customer on every day as a sum of fractions, and what differs from the day
before. `by_months` is what analysts do: doubles at month ends, classified by whole columns (Polars).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction

import polars as pl

from perennial.contracts.calculations.mrr import mrr_on
from perennial.contracts.terms import LineTerms, PolicySwitches


def by_days(
    lines: Sequence[LineTerms], since: date, until: date, switches: PolicySwitches
) -> dict[tuple[int, date, str], Fraction]:
    """Return what moved by customer, day and kind: new, reactivation, churn, or up and down of who stays."""
    of: dict[int, list[LineTerms]] = defaultdict(list)
    for line in lines:
        of[line.customer_id].append(line)
    moved: dict[tuple[int, date, str], Fraction] = {}
    for customer, theirs in of.items():
        before, paid = Fraction(0), False
        for number in range((until - since).days):
            day = since + timedelta(days=number)
            now = sum((mrr_on(line, day, switches) for line in theirs), Fraction(0))
            if now != before:
                start = "reactivation" if paid else "new"
                kind = start if not before else "churn" if not now else "up" if now > before else "down"
                moved[customer, day, kind] = now - before
                paid = True
            before = now
    return moved


def by_months(rows: pl.DataFrame, ends: Sequence[date]) -> pl.DataFrame:
    """Return sums by month and kind. `rows`: customer, starts_on, ends_on (None: open), mrr; one a line."""
    days = pl.DataFrame({"end": list(ends)})
    held = (
        rows.join(days, how="cross")
        .filter(
            (pl.col("starts_on") <= pl.col("end")) & (pl.col("ends_on").is_null() | (pl.col("ends_on") > pl.col("end")))
        )
        .group_by("customer", "end")
        .agg(pl.col("mrr").sum())
    )
    every = rows.select("customer").unique().join(days, how="cross").join(held, on=["customer", "end"], how="left")
    told = (
        every.sort("customer", "end")
        .with_columns(pl.col("mrr").fill_null(0.0))
        .with_columns(
            before=pl.col("mrr").shift(1).over("customer").fill_null(0.0),
            paid=pl.col("mrr").cum_max().shift(1).over("customer").fill_null(0.0) > 0,
        )
    )
    kind = (
        pl.when((pl.col("before") == 0) & (pl.col("mrr") > 0))
        .then(pl.when(pl.col("paid")).then(pl.lit("reactivation")).otherwise(pl.lit("new")))
        .when((pl.col("before") > 0) & (pl.col("mrr") == 0)).then(pl.lit("churn"))
        .when(pl.col("mrr") > pl.col("before")).then(pl.lit("up"))
        .when(pl.col("mrr") < pl.col("before")).then(pl.lit("down"))
    )  # fmt: skip
    return told.with_columns(kind=kind, change=pl.col("mrr") - pl.col("before")).drop_nulls("kind").group_by(
        "end", "kind").agg(pl.col("change").sum())  # fmt: skip
