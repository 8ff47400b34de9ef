"""What each call answers and how it refuses, for the schema: the field catalogue says what a customer carries.

A field that the key's member may not see is absent from an answer, so that no field of a customer is required.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import translation
from ninja.openapi.schema import OpenAPISchema

from perennial.api import (
    alerts_answers,
    contract_answers,
    evidence_answers,
    forecast_answers,
    health_answers,
    lifetime_answers,
    renewals_answers,
    retention_answers,
    usage_answers,
)
from perennial.api.shapes import DAY, NEXT, Schema, amount, array, number, shape_of, text
from perennial.contracts.calculations.receipts import Bucket
from perennial.contracts.terms import MovementKind
from perennial.customers.catalogue import SHIPPED, Field, Unit
from perennial.kernel.conditions.terms import OPS

IDS: Schema = {"type": "object", "additionalProperties": {"type": "string"},
               "description": "What each source calls the customer."}  # fmt: skip
INTERVAL = shape_of(
    {"logo": array({"type": "number"}, "Wilson's interval: from, to.", null=True), "level": number()},
)
RATES = {
    "nrr": number("Ratio: 1.1 = 110 %. Null where nobody was there at the start.", null=True),
    "grr": number(null=True),
    "logo": number(null=True),
}
MONEY = {
    "opening": amount("MRR at the start."),
    "kept": amount("Of it kept, each customer capped at its opening."),
    "closing": amount("What the same customers hold at the end."),
}
COUNTS = {"customers": number(kind="integer"), "customers_kept": number(kind="integer")}


def _of_unit(field: Field) -> Schema:
    """Return a field of a customer as answers carry it, with what it may be asked about in filters."""
    ops = ", ".join(sorted(OPS[field.type]))
    sortable = " Sortable." if field.sortable else ""
    said = f"{field.label}. {field.definition} Filter: {ops}.{sortable}"
    match field.unit:
        case Unit.MONEY:
            return amount(said, null=True)
        case Unit.DAY:
            return text(said, null=True, format="date")
        case Unit.FLAG:
            return {"type": "boolean", "description": said}
        case Unit.TAGS:
            return array({"type": "string"}, said)
        case Unit.NUMBER | Unit.POINTS | Unit.RATIO | Unit.DAYS:
            return number(said, null=True)
    return text(said, null=True)


def _customer() -> Schema:
    fields = {key: _of_unit(field) for key, field in SHIPPED.items()}
    return shape_of({"key": text("The customer's public key."), "external_ids": IDS, **fields}, optional=tuple(fields))


def _health() -> Schema:
    shape = shape_of(
        {
            "as_of": DAY,
            "score": text("Points with one decimal.", null=True),
            "band": text("green, yellow, red or grey."),
            "coverage": number(null=True),
            "confidence": text(null=True),
            "parts": array({"type": "object"}, "What the score is made of; null of a past day.", null=True),
        },
        "Of the latest day also the segment's score, the trend, the vetoes, and the scorecard: key, version, label, "
        "whether a rule chose it, and the values that it found.",
    )
    return {"anyOf": [shape | {"additionalProperties": True}, {"type": "null"}],
            "description": "Null before the first score."}  # fmt: skip


def _answers() -> Mapping[tuple[str, str], Schema]:
    """Return what is answered by (method, path below /api/v1)."""
    customer = _customer()
    one = {**customer["properties"], "as_of": DAY, "custom": {"type": "object"}, "health": _health()}
    listed = {"as_of": DAY, "currency": text(), "customers": array(customer), "next": NEXT}
    values = {"type": "object", "properties": {"day": DAY}, "required": ["day"],
              "additionalProperties": number(null=True)}  # fmt: skip
    verdict = {"external_id": text(), "result": text("new, changed, same or rejected."), "reason": text()}
    return {
        ("get", "/customers"): shape_of(listed),
        ("get", "/customers/{external_id}"): shape_of(one, optional=tuple(SHIPPED)),
        ("get", "/customers/{external_id}/health"): health_answers.answer(_health()),
        ("get", "/customers/{external_id}/metrics"): shape_of({"key": text(), "rows": array(values)}),
        ("post", "/customers:upsert"): shape_of({"results": array(shape_of(verdict))}),
        ("get", "/revenue/movements"): _movements(),
        ("get", "/revenue/retention"): _retention(),
        ("get", "/revenue/cohorts"): retention_answers.cohorts(),
        ("get", "/revenue/waterfall"): retention_answers.waterfall(),
        ("get", "/revenue/renewal-rate"): retention_answers.renewal_rate(),
        ("get", "/revenue/lifetime"): lifetime_answers.answer(),
        ("get", "/forecast"): forecast_answers.answer(),
        ("get", "/alerts"): alerts_answers.answer(),
        ("get", "/renewals"): renewals_answers.answer(),
        ("get", "/scorecards/{key}/backtests"): evidence_answers.answer(),
        ("get", "/collections"): _collections(),
        ("get", "/collections/timeliness"): _timeliness(),
        ("get", "/contracts/{contract_id}"): contract_answers.answer(),
        **usage_answers.answers(),
        ("get", "/events/rejected/groups"): shape_of({"groups": array(_group())}),
        ("get", "/events/rejected/{number}"): _rejected(),
        ("get", "/events/unconfirmed"): shape_of({"unconfirmed": array(_unconfirmed()), "next": NEXT}),
        ("post", "/events/unconfirmed/{number}:link"): shape_of({"result": text("linked.")}),
        ("post", "/events/unconfirmed/{number}:create"): shape_of(
            {"result": text("created."), "customer": text("Its public key; null where you do not see it.", null=True)}
        ),
        ("post", "/events/unconfirmed/{number}:ignore"): shape_of({"result": text("ignored.")}),
        ("post", "/events/unconfirmed/{number}:reopen"): shape_of({"result": text("open.")}),
        ("get", "/events/rejected"): shape_of({"messages": array(_rejected()), "next": NEXT}),
        ("post", "/events/rejected/{number}:replay"): shape_of(
            {"result": text("replayed, or rejected: then it waits as before."), "reason": text(), "where": text()}
        ),
        ("post", "/events/rejected/{number}:discard"): shape_of({"result": text("discarded.")}),
    }


def _rejected() -> Schema:
    return shape_of(
        {
            "id": number(kind="integer"),
            "reason": text("Why it was not taken."),
            "where": text("Which part of the message."),
            "key": text("The beginning of the write key that sent it."),
            "source": text(),
            "call": text("track, identify, group, page, screen, alias or batch."),
            "message_id": text(),
            "received_at": text(format="date-time"),
            "state": text("open, replayed or discarded."),
            "settled_at": text(null=True, format="date-time"),
            "message": {"anyOf": [{"type": "object"}, {"type": "null"}], "description": "As it came."},
            "text": text("As it came, where that is no plain JSON object.", null=True),
        }
    )


def _group() -> Schema:
    return shape_of(
        {
            "reason": text("Why they were not taken."),
            "where": text("Which part of the message.", null=True),
            "key": text("The beginning of the write key that sent them."),
            "count": number(kind="integer"),
            "newest": _rejected(),
        }
    )


def _unconfirmed() -> Schema:
    proposal = {
        "customer": text("Its public key."),
        "name": text(),
        "why": text("external_id, group, domain, same_name or similar_name, the surest first."),
        "detail": text("What both have."),
    }
    return shape_of(
        {
            "id": number(kind="integer"),
            "source": text(),
            "external_id": text("As the sender names it."),
            "kind": text("group, or user: one without a group."),
            "name": text("As the sender says, or empty."),
            "domain": text(),
            "first_seen_at": text(format="date-time"),
            "decided_at": text(null=True, format="date-time"),
            "customer": text("Whom it is linked to; null where that is nobody, or nobody that you see.", null=True),
            "events": number("Of the last 30 days; null where nothing came.", null=True, kind="integer"),
            "users": number(null=True, kind="integer"),
            "last_on": text(null=True, format="date"),
            "proposals": array(shape_of(proposal), "Customers that it may belong to, of those that you may edit."),
        }
    )


def _movements() -> Schema:
    kinds = {kind.value: amount() for kind in MovementKind}
    row = {"period": text(examples=["2024-05"]), "opening": amount(), **kinds, "closing": amount(),
           "customers": number(kind="integer")}  # fmt: skip
    return shape_of({"currency": text(), "view": text("restated or reported."), "as_of": DAY, "definition": text(),
                     "rows": array(shape_of(row))})  # fmt: skip


def _retention() -> Schema:
    part = {"value": text("As the customers carry it; null: not known.", null=True), "label": text(), **RATES,
            **MONEY, **COUNTS, "interval": INTERVAL}  # fmt: skip
    between = "By product: what moved between a customer's products; with it the rows are the whole."
    apart = {
        "kept": MONEY["kept"],
        "closing": MONEY["closing"],
        "customers_kept": COUNTS["customers_kept"],
        "by_product": shape_of(RATES, "Each customer and product by itself."),
        "flow": shape_of(
            {"grr": number(null=True), "opening": amount(), "lost": amount()},
            "The movement view: every loss of the span over the opening balance.",
        ),
        "by": text(),
        "rows": array(shape_of(part)),
        "between": {"anyOf": [shape_of(MONEY), {"type": "null"}], "description": between},
    }
    whole = {**RATES, "opening": MONEY["opening"], "customers": COUNTS["customers"], "definition": text(),
             "interval": INTERVAL}  # fmt: skip
    return shape_of({**whole, **apart}, "With `by` also what stands after `interval`.", optional=tuple(apart))


def _collections() -> Schema:
    owed = {key: amount() for key in ("amount", "invoiced", "received", "written_off", "owed")}
    row = {"customer": text("The customer's key."), "contract": text(null=True), "kind": text("payment or retention."),
           "currency": text(), **owed, "value": amount("Owed, in the organisation's currency.", null=True),
           "due_on": DAY, "last_day": DAY, "late_days": number(kind="integer"), "bucket": text(),
           "node": text(null=True), "node_since_on": text(null=True, format="date"),
           "node_holder": text(null=True), "node_days": number(null=True, kind="integer"),
           "usual_days": number("The median of the stays at the node that have ended.", null=True, kind="integer"),
           "usual_stays": number(null=True, kind="integer"),
           "over_days": number(null=True, kind="integer")}  # fmt: skip
    return shape_of(
        {"as_of": DAY, "currency": text(), "definition": text(),
         "buckets": shape_of({bucket.value: amount() for bucket in Bucket}), "total": amount(),
         "without_rate": number("Steps in a currency without a rate: in no sum.", kind="integer"),
         "rows": array(shape_of(row))}
    )  # fmt: skip


def _timeliness() -> Schema:
    sums = {key: amount() for key in ("due", "on_time", "late", "owed", "written_off")}
    sums |= {key: number(null=True) for key in ("share_on_time", "mean_days_late", "mean_days_owed")}
    return shape_of(
        {"as_of": DAY, "from": DAY, "to": DAY, "currency": text(), "definition": text(),
         "without_rate": number("Steps in a currency without a rate: in no sum.", kind="integer"), **sums,
         "rows": array(shape_of({"csm": text("Null: nobody's customers.", null=True), **sums}))}
    )  # fmt: skip


REFUSALS: Mapping[int, str] = {
    400: "A value that cannot be: `reason` says which and why.",
    401: "No key, an unknown one, a revoked one, or its member is gone.",
    403: "The key's scope does not allow the call.",
    404: "Unknown, or not the member's: the two look alike.",
    409: "Somebody else wrote some of these at the same moment. Send them again.",
    413: "The body is too large. Send it in parts.",
    422: "Named by `places`.",
}
WRITES_ONLY = frozenset({409, 413})
REFUSAL = shape_of(
    {
        "error": text("unauthorized, refused, not_found, invalid or too_big."),
        "reason": text(),
        "places": array(shape_of({"place": text("query.limit"), "reason": text()})),
    },
    optional=("reason", "places"),
)


def described(schema: OpenAPISchema) -> OpenAPISchema:
    """Return the schema with what every call answers and how it refuses, in English."""
    with translation.override("en"):
        told = _answers()
        for path, methods in schema["paths"].items():
            for method, operation in methods.items():
                answer = told[method, path.split("/api/v1", 1)[-1]]
                operation["responses"] = {200: _response("OK", answer)} | {
                    code: _response(said, {"$ref": "#/components/schemas/Refusal"})
                    for code, said in REFUSALS.items()
                    if method == "post" or code not in WRITES_ONLY
                }
    schema["components"].setdefault("schemas", {})["Refusal"] = REFUSAL
    return schema


def _response(said: str, shape: Schema) -> Schema:
    return {"description": said, "content": {"application/json": {"schema": shape}}}
