"""The examples of docs/api.md are true."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from tests.api.conftest import Caller

from perennial.site import cli

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "api.md").read_text(encoding="utf-8")


def examples() -> list[str]:
    return re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)


def test_the_examples_work(
    member: Callable[..., int], call: Callable[..., Caller], book: Callable[..., dict[str, int]], home: object
) -> None:
    from perennial.members.models import Member

    Member.objects.filter(id=member("csm")).update(email="li@example.com")
    caller = call(member("admin"))
    tree, body = examples()
    assert caller.json("/customers", filter=tree, sort="-arr", limit=2)["customers"] == []
    assert caller.post("/customers:upsert", body).json()["results"] == [
        {"external_id": "A-1", "result": "new", "reason": ""}
    ]
    assert caller.upsert(*json.loads(body)["customers"]) == [{"external_id": "A-1", "result": "same", "reason": ""}]
    assert caller.json("/customers/A-1")["owner"] == "li@example.com"


def test_every_call_stands_in_the_words_with_its_keys(member: Callable[..., int], call: Callable[..., Caller]) -> None:
    from perennial.api.wire import api

    for path in api.get_openapi_schema()["paths"]:
        assert path.removeprefix("/api/v1") in TEXT
    caller = call(member("admin"))
    for path, query in (
        ("/customers", {}),
        ("/revenue/movements", {"from": "2023-01", "to": "2024-12"}),
        ("/revenue/retention", {"from": "2024-01-01", "to": "2025-01-01"}),
        ("/revenue/cohorts", {}),
        ("/revenue/renewal-rate", {"from": "2024-01", "to": "2024-12"}),
    ):
        (told,) = re.findall(rf"`GET {path}\?[^`]*` \| `{{(.*?)}}`", TEXT)
        assert list(caller.json(path, **query)) == re.findall(r'"(\w+)"', told)


def test_every_command_and_variable_stands_in_the_words() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    for name in cli.COMMANDS:
        assert f"| `{name}" in text
    source = "".join(path.read_text() for path in (DOCS.parent / "src" / "perennial" / "site").rglob("*.py"))
    for variable in set(re.findall(r"\"(PERENNIAL_[A-Z_]+)\"", source)):
        assert f"`{variable}`" in text
