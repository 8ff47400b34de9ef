"""What the calls of retention answer, for the schema."""

from __future__ import annotations

from perennial.api.shapes import DAY, Schema, amount, array, number, shape_of, text
from perennial.contracts.terms import MovementKind
from perennial.renewals.terms import Outcome

KNOWN = {"as_of": DAY, "currency": text(), "definition": text()}
INTERVAL = shape_of({"logo": array({"type": "number"}, "Wilson's: from, to.", null=True), "level": number()})
MOVED = {key: amount() for key in ("last", "churned", "expanded", "closing")}
LEFT = {"kept": amount(), "customers_kept": number(kind="integer"), "nrr": number(null=True), "grr": number(null=True),
        "logo": number(null=True), "interval": INTERVAL}  # fmt: skip
DEAL = {"customers": number(kind="integer"), "deal": amount(), "revenue": amount(), "of_deal": amount(),
        "times": number(null=True), "after_share": number(null=True)}  # fmt: skip


def cohorts() -> Schema:
    """Return the shape of the cohorts."""
    age = {"age": number(kind="integer"), "ends_on": DAY, "is_over": {"type": "boolean"}, **MOVED, **LEFT}
    cohort = {"first": text("The period's first month.", examples=["2025-01"]), **DEAL, "initial": amount(),
              "ages": array(shape_of(age))}  # fmt: skip
    together = {"age": number(kind="integer"), "cohorts": number(kind="integer"), "customers": number(kind="integer"),
                "initial": amount(), **MOVED, **LEFT}  # fmt: skip
    reference = {"key": text(), "churned": number("A year, of last year's revenue."), "expanded": number(),
                 "values": array({"type": "number"}, "By age.")}  # fmt: skip
    return shape_of({**KNOWN, "by": text(), "cohorts": array(shape_of(cohort)), "whole": shape_of(DEAL),
                     "together": array(shape_of(together)), "references": array(shape_of(reference))})  # fmt: skip


def waterfall() -> Schema:
    """Return the shape of a waterfall."""
    kinds = ", ".join(kind.value for kind in MovementKind)
    step = {"kind": text(f"{kinds}."), "amount": amount(), "level": amount("MRR after the step.")}
    return shape_of({**KNOWN, "opening": amount(null=True), "steps": array(shape_of(step)),
                     "closing": amount(null=True), "customers": number(null=True, kind="integer")})  # fmt: skip


def renewal_rate() -> Schema:
    """Return the shape of the renewal rate."""
    part = {
        "terms": number(kind="integer"),
        **{key: amount() for key in ("due", *(one.value for one in Outcome), "kept", "renewed", "late_90", "kept_90")},
        **{key: number(null=True) for key in ("rate", "rate_highest", "net", "logo", "logo_highest", "resolved",
                                              "renewed_of_resolved", "rate_90", "rate_90_highest", "logo_90")},
    }  # fmt: skip
    row = {"value": text("A month, a quarter, or as customers carry it; null: not known, or nobody.", null=True),
           "label": text(), **part}  # fmt: skip
    return shape_of({**KNOWN, "by": text(), "whole": shape_of(part), "rows": array(shape_of(row))})
