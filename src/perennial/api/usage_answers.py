"""What the calls of usage answer, for the schema."""

from __future__ import annotations

from collections.abc import Mapping

from perennial.api.shapes import DAY, NEXT, Schema, array, number, shape_of, text

WHO = {
    "key": text("The customer's public key."),
    "name": text(),
    "owner_name": text("Whose book it is in; null: nobody's, or hidden from you.", null=True),
}
AS_OF = text("The last day that has values; null before any.", null=True, format="date")
COUNT = number(kind="integer")
SHARE = number("Ratio: 0.5 = 50 %.", null=True)
BASE = shape_of(
    {"customers": COUNT, "is_live": {"type": "boolean"}},
    "Of whom shares are taken: the live customers; all of them where none is live.",
)


def answers() -> Mapping[tuple[str, str], Schema]:
    """Return what is answered by (method, path below /api/v1)."""
    return {
        ("get", "/usage/metrics"): shape_of({"metrics": array(shape_of(_metric()))}),
        ("get", "/usage/series"): _series(),
        ("get", "/usage/series/customers"): _listed({"as_of": DAY, "metric": text()}, {"value": number()}),
        ("get", "/usage/features"): shape_of({"as_of": AS_OF, "base": BASE, "features": array(shape_of(_feature()))}),
        ("get", "/usage/features/customers"): _listed(
            {"as_of": AS_OF, "feature": text(), "base": BASE, "using": COUNT, "without": COUNT},
            {"events": COUNT, "events_before": COUNT, "all_events": COUNT},
        ),
        ("get", "/usage/cohorts"): _cohorts(),
        ("get", "/usage/cohorts/customers"): _listed(
            {"as_of": AS_OF, "month": text(examples=["2026-01"]), "since": COUNT}, {"events": COUNT}
        ),
        ("get", "/usage/funnel"): _funnel(),
        ("get", "/usage/funnel/customers"): _listed({"as_of": AS_OF, "within": COUNT}, {"steps": COUNT}),
        ("get", "/customers/{external_id}/users"): _users(),
        ("get", "/customers/{external_id}/group"): _group(),
        ("get", "/customers/{external_id}/features"): _feature_users(),
    }


def _listed(around: Mapping[str, Schema], of_each: Mapping[str, Schema]) -> Schema:
    return shape_of({**around, "customers": array(shape_of({**WHO, **of_each})), "next": NEXT})


def _metric() -> Mapping[str, Schema]:
    return {
        "key": text(),
        "label": text(),
        "definition": text(),
        "formula": text("How it joins its measures; empty where the definition says it all."),
        "unit": text(),
        "is_own": {"type": "boolean", "description": "Defined in this house, under Settings, Metrics."},
        "adds_up": {"type": "boolean", "description": "Summed over customers; else their median stands for them."},
        "by_feature": {"type": "boolean", "description": "Counts events, so that `by=feature` tells it apart."},
    }


def _series() -> Schema:
    value = {"value": number("Null where no customer's is known.", null=True),
             "known": number("Of how many customers it is.", kind="integer")}  # fmt: skip
    size = number("Of how many it is; null by feature: see `known`.", kind="integer", null=True)
    part = {"value": text("Goes back as `value`; empty: not known."), "label": text(), "customers": size}
    row = {"day": DAY, **value, "parts": array(shape_of(value), "Along with `parts` above.")}
    return shape_of(
        {
            "as_of": AS_OF,
            **_metric(),
            "by": text(),
            "sql": text("Null before any day.", null=True),
            "parts": array(shape_of(part)),
            "rows": array(shape_of(row)),
        }
    )


def _feature() -> Mapping[str, Schema]:
    return {
        "feature": text(),
        "customers": COUNT,
        "customers_before": COUNT,
        "share": SHARE,
        "events": COUNT,
        "events_before": COUNT,
        "change": SHARE,
    }


def _cohorts() -> Schema:
    cohort = {
        "month": text("Of first use.", examples=["2026-01"]),
        "customers": COUNT,
        "active": array({"type": "integer"}, "In each month since, from its own on; the last is not over."),
    }
    together = array(SHARE, "The share still active after so many months, of all old enough.")
    return shape_of({"as_of": AS_OF, "cohorts": array(shape_of(cohort)), "together": together})


def _funnel() -> Schema:
    step = {"feature": text(), "customers": COUNT, "of_first": SHARE, "of_before": SHARE}
    return shape_of({"as_of": AS_OF, "base": BASE, "within": COUNT, "back": COUNT, "steps": array(shape_of(step))})


def _group() -> Schema:
    values = {"type": "object", "additionalProperties": number(null=True), "description": "By metric; null: not known."}
    metric = {name: text() for name in ("key", "label", "definition", "formula", "unit")}
    return shape_of(
        {
            "as_of": AS_OF,
            "key": text(),
            "hidden": number("Customers of the group that you do not see; not counted.", kind="integer"),
            "metrics": array(shape_of(metric)),
            "group": values,
            "customers": array(shape_of({**WHO, "values": values})),
            "next": NEXT,
        }
    )


def _users() -> Schema:
    user = {"name": text(), "last_on": DAY, "active_days": COUNT, "events": COUNT, "share": SHARE}
    return shape_of({"as_of": DAY, "key": text(), "users": array(shape_of(user)), "next": NEXT})


def _feature_users() -> Schema:
    use = {"name": text(null=True), "feature": text(), "events": COUNT, "first_on": DAY, "last_on": DAY}
    return shape_of(
        {"as_of": DAY, "key": text(), "known": {"type": "boolean"}, "uses": array(shape_of(use)), "next": NEXT}
    )
