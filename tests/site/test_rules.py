"""Every address has a rule, and the rule is what happens: address × who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from tests.aids import signed_in

from perennial.blueprint import queries as blueprint
from perennial.site.rules import RULES, Rule

# Addresses that find nothing without their parameters, or show a field that some roles never see.
PARTICULAR = {
    "renewals_explanation",
    "weekly_explanation",
    "weekly_target",
    "forecast_call",
    "explain",
    "customers_filter",
}
ROLES = ("admin", "leader", "csm", "analyst", "reader")
FILLER = {"key": "none", "contract_id": "0", "alert_id": "0",
          "job_id": "0", "import_id": "0", "view_id": "0", "task_id": "0", "item_id": "0", "fact":
          "00000000-0000-4000-8000-000000000000", "member_id": "0", "key_id": "0", "field": "score",
          "kind": "customers",
          "metric": "active_users_28d", "part": "scorecard", "external_id": "none", "number": "0",
          "rule": "renewal_due", "gone": "none", "said": "one",
          "column": "number", "due": "2026-01-01", "about": "price"}  # fmt: skip


def addresses() -> Iterator[tuple[str, str]]:
    """Yield (name, path with fillers) of every address; API addresses carry their namespace."""
    yield from _walk(get_resolver().url_patterns, "", "")


def _walk(patterns: list[URLPattern | URLResolver], prefix: str, namespace: str) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        path = prefix + _filled(pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from _walk(pattern.url_patterns, path, namespace + inner)
        else:
            yield namespace + (pattern.name or f"unnamed {path}"), "/" + path


def _filled(pattern: URLPattern | URLResolver) -> str:
    text = str(pattern.pattern)
    for name, value in FILLER.items():
        for kind in ("", "str:", "int:", "uuid:", "slug:"):
            text = text.replace(f"<{kind}{name}>", value)
    assert "<" not in text, f"give the test a filler for {text}"
    return text


ADDRESSES = sorted(set(addresses()))
RULED = [(name, path, RULES[name]) for name, path in ADDRESSES if name in RULES]


def test_every_address_has_a_rule_and_every_rule_an_address() -> None:
    names = {name for name, _path in ADDRESSES}
    assert names - set(RULES) == set()
    assert set(RULES) - names == set()


def test_public_addresses_are_few_and_each_says_why() -> None:
    public = {name: rule for name, rule in RULES.items() if rule.is_public}
    assert len(public) <= 10
    assert all(len(rule.reason) > 10 for rule in public.values())


def test_every_ability_that_a_rule_asks_for_exists_in_the_rights_table() -> None:
    known = {ability.key for ability in blueprint.rights().abilities}
    assert {rule.ability for rule in RULES.values() if rule.ability} <= known


def test_a_stranger_is_sent_to_sign_in_unless_the_rule_says_public(organisation: None) -> None:
    assert [fault for name, path, rule in RULED if (fault := _of_stranger(name, path, rule))] == []


def _of_stranger(name: str, path: str, rule: Rule) -> str | None:
    """Return what is wrong with the answer to somebody unknown, None where it is as the rule says."""
    answer = Client().get(path)
    if rule.is_public:
        is_right = answer.status_code in {200, 503}
    elif rule.by_key:
        is_right = answer.status_code in {401, 405}
    else:
        is_right = answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in?next=")
    return None if is_right else f"{name}: {answer.status_code} for {path}"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_without_the_ability_finds_nothing(role: str, member: Callable[..., int]) -> None:
    able, client = blueprint.rights().role(role).abilities, signed_in(member(role))
    asked = [(name, path, rule.ability) for name, path, rule in RULED if rule.ability]
    assert len(asked) > 100
    assert [
        fault for name, path, ability in asked if (fault := _of_member(client, name, path, may=ability in able))
    ] == []


def _of_member(client: Client, name: str, path: str, *, may: bool) -> str | None:
    """Return what is wrong with the answer to a member who may, or may not; None where it is as the rule says."""
    status = client.get(path).status_code
    finds_nothing = name in PARTICULAR or "none" in path or "/0" in path or "0000" in path
    right = {200, 302, 405, 400} | ({404} if finds_nothing else set()) if may else {404}
    return None if status in right else f"{name}: {status} for {path}"
