"""Whatever is sent, the answer is a clear one: never 5xx, and nothing internal in any body (promises I5, I6)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.conftest import Caller

INTERNAL = re.compile(
    rb"Traceback|File \"|/home/|/src/|site-packages|SELECT |INSERT |perennial_|sqlite|psycopg|django\.", re.I
)
DOCUMENTED = {200, 400, 404, 405, 409, 413, 422}
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "",
            "\x00",
            "a\x00b",
            "%00",
            "../../etc/passwd",
            "'; DROP TABLE x;--",
            "9" * 5000,
            "-1",
            "1e999",
            "NaN",
            "null",
            "[]",
            "{}",
            "0001-01-01",
            "9999-12-31",
            "2024-02-30",
            "2024-13",
            "0000-01",
            "٢٠٢٤-٠١",
            "\ufeff",
            "\u202e",
            "🏭" * 20,
            "[" * 3000,
            '{"not":' * 900,
            '{"field":"name","op":"eq","value":"\\ud800"}',
            '{"all":[]}',
            '{"any":[]}',
            '{"field":"owner","op":"in","value":["x"]}',
            "WyJhZnRlciIsMSwxXQ",
            "WyJhZnRlciIsIlx1MDAwMCIsMV0",
            '{"field":"arr","op":"gt","value":1e400}',
        ]
    ),
)
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.just("\x00"), st.just("\ud800")
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "external_id",
    "name",
    "legal_name",
    "credit_code",
    "parent_external_id",
    "owner_email",
    "industry",
    "country",
    "region",
    "segment",
    "signed_up_on",
    "first_value_on",
    "tags",
    "custom",
    "id",
]
PARAMETERS = {
    "/customers": ["filter", "q", "sort", "after", "limit", "as_of"],
    "/customers/c": ["source"],
    "/customers/c/health": ["source", "as_of", "since"],
    "/customers/c/metrics": ["from", "to", "source"],
    "/revenue/movements": ["from", "to", "period"],
    "/revenue/retention": ["from", "to"],
    "/revenue/cohorts": ["by", "as_of"],
    "/revenue/waterfall": ["from", "to", "as_of"],
    "/revenue/renewal-rate": ["from", "to", "by"],
    "/usage/series": ["metric", "period", "by"],
    "/usage/series/customers": ["metric", "on", "by", "value", "after"],
    "/usage/features/customers": ["feature", "has", "limit"],
    "/usage/cohorts/customers": ["month", "since", "after"],
    "/usage/funnel/customers": ["step", "within", "limit"],
    "/customers/c/users": ["source", "sort", "after"],
    "/events/unconfirmed": ["state", "q", "after", "limit"],
}
ODD = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def caller(member: Callable[..., int], call: Callable[..., Caller], book: Callable[..., Any], home: object) -> Caller:
    book("c", "d")
    return call(member("admin"))


def check(answer: Any) -> None:
    assert answer.status_code in DOCUMENTED, (answer.status_code, answer.content[:300])
    assert not INTERNAL.search(answer.content), answer.content[:500]
    json.loads(answer.content)


@ODD
@given(path=st.sampled_from(sorted(PARAMETERS)), data=st.data())
def test_odd_parameters(path: str, data: st.DataObject, caller: Caller) -> None:
    names = data.draw(st.sets(st.sampled_from(PARAMETERS[path])))
    plain = (
        {"from": "2024-01-01", "to": "2024-06-30"}
        if path not in {"/revenue/movements", "/revenue/waterfall", "/revenue/renewal-rate"}
        else {"from": "2024-01", "to": "2024-06"}
    )
    usual = {key: value for key, value in plain.items() if key in PARAMETERS[path]}
    check(caller.get(path, **usual | {name: data.draw(TEXTS) for name in names}))


@ODD
@given(text=TEXTS)
def test_odd_ids_in_the_path(text: str, caller: Caller) -> None:
    from urllib.parse import quote

    answer = caller.get(f"/customers/{quote(text, safe='')}")
    assert answer.status_code in {200, 404}
    assert not INTERNAL.search(answer.content)


@ODD
@given(items=st.lists(st.dictionaries(st.sampled_from(FIELDS), VALUES | TEXTS, max_size=6), max_size=4), source=TEXTS)
def test_odd_items(items: list[dict[str, Any]], source: str, caller: Caller) -> None:
    check(caller.post("/customers:upsert", {"source": source, "customers": items}))


@ODD
@given(
    item=st.fixed_dictionaries(
        {"external_id": st.text(min_size=1, max_size=12), "name": TEXTS},
        optional={
            "custom": st.dictionaries(st.text(max_size=5), VALUES, max_size=3),
            "tags": st.lists(TEXTS, max_size=3),
            "credit_code": TEXTS,
            "parent_external_id": TEXTS,
            "owner_email": TEXTS,
            "signed_up_on": st.dates().map(str) | TEXTS,
        },
    )
)
def test_nearly_right_items(item: dict[str, Any], caller: Caller) -> None:
    check(caller.post("/customers:upsert", {"customers": [item, item]}))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"customers": ' + b"1" * 5000 + b"}",
        b'{"customers": NaN}',
        b'{"customers": [{"external_id": "a", "name": "A", "custom": {"x": NaN}}]}',
        b'{"customers": [{"external_id": "a", "name": "A", "custom": {"x": 1e999}}]}',
        b'{"customers": [{"external_id": "a", "name": "\\ud800"}]}',
        b'{"customers": [{"external_id": "a", "name": "A", "name": "B"}]}',
        b'{"customers": [' + b",".join([b'{"external_id":"a","name":"A"}'] * 1001) + b"]}",
        b" " * (6 * 1024 * 1024),
    ],
    ids=[
        "empty",
        "cut",
        "list",
        "null",
        "bytes",
        "deep",
        "long number",
        "NaN",
        "NaN inside",
        "infinite",
        "surrogate",
        "key twice",
        "1,001 items",
        "6 MB",
    ],
)
def test_damaged_bodies(body: bytes, caller: Caller) -> None:
    check(caller.post("/customers:upsert", body))


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_other_methods_are_405(method: str, caller: Caller) -> None:
    for path, allowed in (("/customers", "get"), ("/customers:upsert", "post"), ("/revenue/movements", "get")):
        if method != allowed:
            answer = getattr(caller._client, method)(f"/api/v1{path}")
            assert answer.status_code in {405, 403}
            assert not INTERNAL.search(answer.content)
