"""The page that explains the API: made from its own schema, in the frame of the other pages, without any script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Value:
    """A parameter or a field of a body: its name, its kind and limits in words, and whether it must be there."""

    name: str
    kind: str
    required: bool


@dataclass(frozen=True)
class Call:
    """One call: what it does, what it takes in the address and in the body, and what it answers."""

    id: str
    method: str
    path: str
    text: str
    parameters: list[Value]
    body: list[Value]
    answer: list[Value]


class Page(DocsBase):
    """Renders the schema as HTML."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        schema = api.get_openapi_schema(path_params=kwargs)
        context = {"calls": calls(schema), "schema_url": self.get_openapi_url(api, kwargs)}
        return render(request, "api/docs.html", context)


def calls(schema: Schema) -> list[Call]:
    """Return the calls of an OpenAPI schema in its order."""
    parts = schema["components"]["schemas"]
    return [
        Call(
            id=operation["operationId"].rsplit("_api_", 1)[-1],
            method=method.upper(),
            path=path,
            text=operation.get("description", ""),
            parameters=[_parameter(one) for one in operation["parameters"]],
            body=_body(operation, parts),
            answer=_answer(operation, parts),
        )
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def _parameter(one: Schema) -> Value:
    return Value(one["name"], _kind(one["schema"], {}), one.get("required", False))


def _body(operation: Schema, parts: Schema) -> list[Value]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return [] if content is None else _fields(_named(content["schema"], parts), parts, "")


def _answer(operation: Schema, parts: Schema) -> list[Value]:
    told = _fields(operation["responses"][200]["content"]["application/json"]["schema"], parts, "")
    return [Value(one.name, one.kind, required=False) for one in told]


def _fields(schema: Schema, parts: Schema, above: str) -> list[Value]:
    found = []
    for name, field in schema.get("properties", {}).items():
        found.append(Value(f"{above}{name}", _kind(field, parts), name in schema.get("required", ())))
        items = field.get("items", {})
        if "$ref" in items or "properties" in items:
            found += _fields(_named(items, parts), parts, f"{above}{name}[].")
    return found


def _named(schema: Schema, parts: Schema) -> Schema:
    found: Schema = parts[schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema
    return found


_LIMITS = {"minLength": "≥ {} characters", "maxLength": "≤ {} characters", "minimum": "≥ {}", "maximum": "≤ {}",
           "minItems": "≥ {} items", "maxItems": "≤ {} items", "pattern": "{}", "default": "default {}"}  # fmt: skip


def _kind(schema: Schema, parts: Schema) -> str:
    """Return a type with its limits: "string (date)", "integer, ≥ 1, ≤ 500, default 50"."""
    options = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    words = []
    for one in options:
        form = f" ({one['format']})" if "format" in one else ""
        limits = [text.format(one[key]) for key, text in _LIMITS.items() if one.get(key) not in (None, "")]
        words.append(", ".join([f"{one.get('type', 'object')}{form}", *limits]))
    return " | ".join(words)
