"""What the call of lifetime value answers, for the schema."""

from __future__ import annotations

from perennial.api.shapes import DAY, Schema, amount, array, number, shape_of, text

_SHARES = array({"type": "number"})
_COUNT = number(kind="integer")
_COUNTS = array(_COUNT, "By renewal age, from 1 on.")


def answer() -> Schema:
    """Return lifetime value of all customers and of its parts."""
    group = _group()
    return shape_of(
        {
            "as_of": DAY,
            "currency": text(),
            "definition": text(),
            "by": text("segment or channel."),
            "whole": _or_null(shape_of(group)),
            "rows": array(shape_of({"value": text("Null where it is not known.", null=True), **group})),
            "cohorts": array(shape_of({"first_paid_in": _COUNT, "customers": _COUNT, "observed": _COUNTS,
                                       "stayed": _COUNTS})),
            "stage": _or_null(shape_of({
                "stage": text("searching, pmf, repeatable or scale."),
                "tests": array(shape_of({
                    "key": text(), "verdict": text("passed, not_yet_certain, failed or unknown."),
                    "value": number(null=True), "limit": number(null=True),
                })),
            })),
            "assumptions": shape_of({"gross_margin": number(), "discount_rate": number(), "horizon_years": _COUNT,
                                     "sales_cycle_months": _COUNT}),
            "computed_by": shape_of({"seed": _COUNT, "method": text(), "scipy": text(), "numpy": text()}),
            "pending": number("So many curves are being fitted.", kind="integer"),
        },
        optional=["assumptions", "computed_by"],
    )  # fmt: skip


def _group() -> dict[str, Schema]:
    return {
        "customers": number("Who ever paid.", kind="integer"),
        "paying": _COUNT,
        "at_risk": _COUNTS,
        "lost": _COUNTS,
        "extrapolated": {"type": "boolean", "description": "False: the value is of the observed years alone."},
        "model": text("sbg or bdw.", null=True),
        "parameters": array({"type": "number"}, "alpha, beta, c.", null=True),
        "survival": shape_of({"age": array(_COUNT), "value": _SHARES, "low": _SHARES, "high": _SHARES,
                              "level": number()}),
        "years": number("Discounted.", null=True),
        "years_interval": array({"type": "number"}, null=True),
        "revenue_a_year": amount("Of a customer who pays.", null=True),
        "value_of_customer": amount(null=True),
        "value_interval": array(amount(), "90 %: from, to.", null=True),
        "spend": amount(null=True),
        "won": number(kind="integer", null=True),
        "cac": amount(null=True),
        "payback_months": number(null=True),
        "ltv_cac": number(null=True),
        "ltv_cac_low": number("The lower end of the 80 % interval.", null=True),
    }  # fmt: skip


def _or_null(shape: Schema) -> Schema:
    return {"anyOf": [shape, {"type": "null"}]}
