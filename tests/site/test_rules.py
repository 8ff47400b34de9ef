"""Every address has a rule, and the rule is what happens: address × who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from perennial.blueprint import queries as blueprint
from perennial.members.models import Member
from perennial.site.rules import RULES

# Addresses that find nothing without their parameters, or show a field that some roles never see.
PARTICULAR = {"weekly_explanation", "weekly_target", "forecast_call", "explain", "customers_filter"}
ROLES = ("admin", "leader", "csm", "analyst", "reader")
FILLER = {"key": "none", "job_id": "0", "import_id": "0", "view_id": "0", "task_id": "0", "item_id": "0", "fact":
          "00000000-0000-4000-8000-000000000000", "member_id": "0", "key_id": "0", "field": "score",
          "kind": "customers",
          "metric": "active_users_28d", "part": "scorecard", "external_id": "none", "number": "0",
          "rule": "renewal_due", "gone": "none"}  # fmt: skip


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


@pytest.mark.parametrize(("name", "path"), ADDRESSES)
def test_a_stranger_is_sent_to_sign_in_unless_the_rule_says_public(name: str, path: str, organisation: None) -> None:
    answer = Client().get(path)
    rule = RULES[name]
    if rule.is_public:
        assert answer.status_code in {200, 503}
    elif rule.by_key:
        assert answer.status_code in {401, 405}
    else:
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("name", "path"), [a for a in ADDRESSES if RULES.get(a[0]) and RULES[a[0]].ability])
def test_a_role_without_the_ability_finds_nothing(name: str, path: str, role: str, member: Callable[..., int]) -> None:
    ability = RULES[name].ability or ""
    client = Client()
    client.force_login(Member.objects.get(id=member(role)))
    answer = client.get(path)
    if ability not in blueprint.rights().role(role).abilities:
        assert answer.status_code == 404
    else:
        assert answer.status_code in {200, 302, 404, 405, 400}
        assert answer.status_code != 404 or name in PARTICULAR or "none" in path or "/0" in path or "0000" in path
