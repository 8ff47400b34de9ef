"""The schema names every address of the API, and its page needs a signed-in member."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from tests.aids import signed_in
from tests.api.conftest import Caller
from tests.contracts.books import keep, line

from perennial.api.urls import api
from perennial.customers.catalogue import FIELDS
from perennial.health import actions as health
from perennial.insights import learning
from perennial.kernel.organisation import actions as organisation
from perennial.lifecycle import actions as lifecycle
from perennial.reports import portfolio


def _paths(patterns: list[URLPattern | URLResolver], prefix: str) -> set[str]:
    found = set()
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found |= _paths(pattern.url_patterns, path)
        elif path.startswith("api/v1/") and (pattern.name or "") not in {"openapi-json", "openapi-view", "api-root"}:
            found.add("/" + path.replace("<", "{").replace(">", "}"))
    return found


def test_the_schema_names_every_address_and_no_other(member: Callable[..., int]) -> None:
    client = signed_in(member("reader"))
    schema = client.get("/api/v1/openapi.json").json()
    assert set(schema["paths"]) == _paths(get_resolver().url_patterns, "")
    assert len(schema["paths"]) >= 6
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            assert operation["security"] == [{"BearerKey": []}], path
            assert operation["summary"]
            assert {"200", "400", "401", "403", "404", "422"} <= set(operation["responses"]), path
            assert all(one["description"] for one in operation["responses"].values())
            answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
            assert answer["properties"], path


def fits(value: Any, shape: Mapping[str, Any], at: str = "") -> None:
    """Hold a value against a part of the schema: its kind, what must be there, and nothing that is not told."""
    if "anyOf" in shape:
        kinds = [one for one in shape["anyOf"] if (one["type"] == "null") is (value is None)]
        assert len(kinds) == 1, (at, value)
        return fits(value, kinds[0], at)
    kinds_of = {"string": str, "array": list, "object": dict, "boolean": bool, "integer": int, "null": type(None),
                "number": (int, float)}  # fmt: skip
    assert isinstance(value, kinds_of[shape["type"]]), (at, value)
    if shape["type"] == "array":
        for one in value:
            fits(one, shape["items"], f"{at}[]")
    if "properties" in shape:
        assert set(shape.get("required", ())) <= set(value), at
        for key, one in value.items():
            if key in shape["properties"]:
                fits(one, shape["properties"][key], f"{at}.{key}")
            else:
                assert "additionalProperties" in shape, f"{at}.{key} is not told"
    return None


def test_every_answer_is_as_the_schema_says(
    member: Callable[..., int], call: Callable[..., Caller], book: Callable[..., dict[str, int]], now: datetime,
    home: object,
) -> None:  # fmt: skip
    ids = book("c1", owner=member("csm"))
    term = line("2", ids["c1"], "2025-05-01", "2026-05-01", 1_000, product="core")
    keep([line("1", ids["c1"], "2024-01-01", None, 10_000, product="core"), term], at=now, on="2026-03-02")
    organisation.move_as_of(on=date(2026, 3, 2), by=None, at=now)
    learning.learn(date(2026, 3, 2), at=now)
    lifecycle.derive(date(2026, 3, 2), at=now)
    health.score_day(date(2026, 3, 2), at=now)
    portfolio.rewrite(date(2026, 3, 2), at=now)
    caller, schema = call(member("admin")), api.get_openapi_schema()

    def shape(method: str, path: str, code: int = 200) -> Any:
        found = schema["paths"][f"/api/v1{path}"][method]["responses"][code]["content"]["application/json"]["schema"]
        return schema["components"]["schemas"]["Refusal"] if "$ref" in found else found

    year = {"from": "2025-01-01", "to": "2026-01-01"}
    for path, query in (
        ("/customers", {}),
        ("/customers", {"as_of": "2025-06-30"}),
        ("/customers/{external_id}", {}),
        ("/customers/{external_id}", {"as_of": "2025-06-30"}),
        ("/customers/{external_id}/health", {"since": "2026-02-02"}),
        ("/customers/{external_id}/health", {"as_of": "2026-02-01"}),
        ("/customers/{external_id}/metrics", year),
        ("/revenue/movements", {"from": "2025-01", "to": "2025-12"}),
        ("/forecast", {}),
        ("/renewals", year),
        ("/alerts", {}),
        ("/revenue/retention", year),
        ("/revenue/lifetime", {"by": "segment"}),
        ("/revenue/cohorts", {"by": "month"}),
        ("/revenue/waterfall", {"from": "2025-01", "to": "2025-12"}),
        ("/revenue/renewal-rate", {"from": "2026-01", "to": "2026-12", "by": "segment"}),
        ("/revenue/retention", {**year, "by": "product"}),
        ("/revenue/retention", {**year, "by": "owner"}),
    ):
        fits(caller.json(path.format(external_id="c1"), **query), shape("get", path), path)
    body = {"source": "crm", "customers": [{"external_id": "c1", "name": "New"}]}
    fits(caller.post("/customers:upsert", body).json(), shape("post", "/customers:upsert"))
    for answer in (
        caller.get("/customers", sort="nothing"),
        Caller().get("/customers"),
        call(member("admin"), "read").post("/customers:upsert", body),
        caller.get("/customers/nobody"),
        caller.get("/customers", limit=0),
    ):
        fits(answer.json(), shape("get", "/customers", answer.status_code))


def test_every_field_of_a_customer_stands_in_the_schema_with_what_may_be_asked_of_it() -> None:
    customer = api.get_openapi_schema()["paths"]["/api/v1/customers"]["get"]["responses"][200]["content"][
        "application/json"]["schema"]["properties"]["customers"]["items"]["properties"]  # fmt: skip
    assert set(FIELDS) <= set(customer)
    assert customer["arr"]["description"].endswith("Sortable.")
    assert "within_days" in customer["next_renewal_on"]["description"]
    assert "Sortable" not in customer["owner"]["description"]


def test_a_stranger_sees_neither_the_schema_nor_its_page(organisation: None) -> None:
    for path in ("/api/v1/openapi.json", "/api/v1/docs"):
        assert Client().get(path).status_code == 302


def test_the_page_explains_every_call_without_any_script_of_others(member: Callable[..., int]) -> None:
    client = signed_in(member("reader"))
    page = client.get("/api/v1/docs").content.decode()
    for path in client.get("/api/v1/openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in page
    assert "cdn" not in page
    assert "<script>" not in page
    assert "<code>customers[].external_id</code></td><td>string, ≥ 1 characters, ≤ 200 characters</td>" in page
    assert "<code>rows[].price_down</code></td><td>string (decimal)</td>" in page
