"""What each call answers and how it refuses, for the schema: the field catalogue says what a customer carries.

A field that the key's member may not see is absent from an answer, so that no field of a customer is required.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import translation
from ninja.openapi.schema import OpenAPISchema

from perennial.contracts.terms import MovementKind
from perennial.customers.catalogue import SHIPPED, Field, Unit
from perennial.kernel.conditions.terms import OPS

Schema = dict[str, Any]


def _text(said: str = "", *, null: bool = False, **more: Any) -> Schema:
    kind = {"type": "string", **more}
    shape: Schema = {"anyOf": [kind, {"type": "null"}]} if null else kind
    return shape | ({"description": said} if said else {})


def _number(said: str = "", *, null: bool = False, kind: str = "number") -> Schema:
    shape: Schema = {"anyOf": [{"type": kind}, {"type": "null"}]} if null else {"type": kind}
    return shape | ({"description": said} if said else {})


def _list(items: Schema, said: str = "", *, null: bool = False) -> Schema:
    kind = {"type": "array", "items": items}
    shape: Schema = {"anyOf": [kind, {"type": "null"}]} if null else kind
    return shape | ({"description": said} if said else {})


def _object(fields: Mapping[str, Schema], said: str = "", *, optional: Sequence[str] = ()) -> Schema:
    shape: Schema = {"type": "object", "properties": dict(fields),
                     "required": [key for key in fields if key not in optional]}  # fmt: skip
    return shape | ({"description": said} if said else {})


def _amount(said: str = "", *, null: bool = False) -> Schema:
    return _text(said, null=null, format="decimal", examples=["1234.56"])


DAY = _text(format="date")
NEXT = _text("Goes back as `after`; null on the last page.", null=True)
IDS: Schema = {"type": "object", "additionalProperties": {"type": "string"},
               "description": "What each source calls the customer."}  # fmt: skip
INTERVAL = _object(
    {"logo": _list({"type": "number"}, "Wilson's interval: from, to.", null=True), "level": _number()},
)
RATES = {
    "nrr": _number("Ratio: 1.1 = 110 %. Null where nobody was there at the start.", null=True),
    "grr": _number(null=True),
    "logo": _number(null=True),
}
MONEY = {
    "opening": _amount("MRR at the start."),
    "kept": _amount("Of it kept, each customer capped at its opening."),
    "closing": _amount("What the same customers hold at the end."),
}
COUNTS = {"customers": _number(kind="integer"), "customers_kept": _number(kind="integer")}


def _of_unit(field: Field) -> Schema:
    """Return a field of a customer as answers carry it, with what it may be asked about in filters."""
    ops = ", ".join(sorted(OPS[field.type]))
    sortable = " Sortable." if field.sortable else ""
    said = f"{field.label}. {field.definition} Filter: {ops}.{sortable}"
    match field.unit:
        case Unit.MONEY:
            return _amount(said, null=True)
        case Unit.DAY:
            return _text(said, null=True, format="date")
        case Unit.FLAG:
            return {"type": "boolean", "description": said}
        case Unit.TAGS:
            return _list({"type": "string"}, said)
        case Unit.NUMBER | Unit.POINTS | Unit.RATIO | Unit.DAYS:
            return _number(said, null=True)
    return _text(said, null=True)


def _customer() -> Schema:
    fields = {key: _of_unit(field) for key, field in SHIPPED.items()}
    return _object({"key": _text("The customer's public key."), "external_ids": IDS, **fields}, optional=tuple(fields))


def _health() -> Schema:
    shape = _object(
        {
            "as_of": DAY,
            "score": _text("Points with one decimal.", null=True),
            "band": _text("green, yellow, red or grey."),
            "coverage": _number(null=True),
            "confidence": _text(null=True),
            "parts": _list({"type": "object"}, "What the score is made of; null of a past day.", null=True),
        },
        "Of the latest day also the segment's score, the trend, the scorecard's version and the vetoes.",
    )
    return {"anyOf": [shape | {"additionalProperties": True}, {"type": "null"}],
            "description": "Null before the first score."}  # fmt: skip


def _answers() -> Mapping[tuple[str, str], Schema]:
    """Return what is answered by (method, path below /api/v1)."""
    customer = _customer()
    one = {**customer["properties"], "as_of": DAY, "custom": {"type": "object"}, "health": _health()}
    listed = {"as_of": DAY, "currency": _text(), "customers": _list(customer), "next": NEXT}
    values = {"type": "object", "properties": {"day": DAY}, "required": ["day"],
              "additionalProperties": _number(null=True)}  # fmt: skip
    verdict = {"external_id": _text(), "result": _text("new, changed, same or rejected."), "reason": _text()}
    return {
        ("get", "/customers"): _object(listed),
        ("get", "/customers/{external_id}"): _object(one, optional=tuple(SHIPPED)),
        ("get", "/customers/{external_id}/metrics"): _object({"key": _text(), "rows": _list(values)}),
        ("post", "/customers:upsert"): _object({"results": _list(_object(verdict))}),
        ("get", "/revenue/movements"): _movements(),
        ("get", "/revenue/retention"): _retention(),
        ("get", "/events/rejected"): _object({"messages": _list(_rejected()), "next": NEXT}),
        ("post", "/events/rejected/{number}:replay"): _object(
            {"result": _text("replayed, or rejected: then it waits as before."), "reason": _text(), "where": _text()}
        ),
        ("post", "/events/rejected/{number}:discard"): _object({"result": _text("discarded.")}),
    }


def _rejected() -> Schema:
    return _object(
        {
            "id": _number(kind="integer"),
            "reason": _text("Why it was not taken."),
            "where": _text("Which part of the message."),
            "key": _text("The beginning of the write key that sent it."),
            "source": _text(),
            "call": _text("track, identify, group, page, screen, alias or batch."),
            "message_id": _text(),
            "received_at": _text(format="date-time"),
            "state": _text("open, replayed or discarded."),
            "settled_at": _text(null=True, format="date-time"),
            "message": {"anyOf": [{"type": "object"}, {"type": "null"}], "description": "As it came."},
            "text": _text("As it came, where that is no plain JSON object.", null=True),
        }
    )


def _movements() -> Schema:
    kinds = {kind.value: _amount() for kind in MovementKind}
    row = {"period": _text(examples=["2024-05"]), "opening": _amount(), **kinds, "closing": _amount(),
           "customers": _number(kind="integer")}  # fmt: skip
    return _object({"currency": _text(), "definition": _text(), "rows": _list(_object(row))})


def _retention() -> Schema:
    part = {"value": _text("As the customers carry it; null: not known.", null=True), "label": _text(), **RATES,
            **MONEY, **COUNTS, "interval": INTERVAL}  # fmt: skip
    between = "By product: what moved between a customer's products; with it the rows are the whole."
    apart = {
        "kept": MONEY["kept"],
        "closing": MONEY["closing"],
        "customers_kept": COUNTS["customers_kept"],
        "by": _text(),
        "rows": _list(_object(part)),
        "between": {"anyOf": [_object(MONEY), {"type": "null"}], "description": between},
    }
    whole = {**RATES, "opening": MONEY["opening"], "customers": COUNTS["customers"], "definition": _text(),
             "interval": INTERVAL}  # fmt: skip
    return _object({**whole, **apart}, "With `by` also what stands after `interval`.", optional=tuple(apart))


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
REFUSAL = _object(
    {
        "error": _text("unauthorized, refused, not_found, invalid or too_big."),
        "reason": _text(),
        "places": _list(_object({"place": _text("query.limit"), "reason": _text()})),
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
