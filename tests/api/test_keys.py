"""A key opens what its member may see, within its scope; every refusal looks as it should."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from tests.api.conftest import Caller

from perennial.members import actions as members
from perennial.members.models import ApiKey, Member

READS = [
    "/customers",
    "/customers/c1",
    "/customers/c1/metrics?from=2026-01-01&to=2026-02-01",
    "/revenue/movements?from=2026-01&to=2026-02",
    "/revenue/retention?from=2025-01-01&to=2026-01-01",
    "/revenue/lifetime",
]
ONE = {"source": "crm", "customers": [{"external_id": "c1", "name": "New name"}]}


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("key", ["", "pk_wrong", "pk_" + "x" * 43, "中文"])
def test_no_key_or_an_unknown_one_is_401_with_the_way_to_send_it(path: str, key: str, organisation: None) -> None:
    answer = Caller(key).get(path)
    assert answer.status_code == 401
    assert answer.json() == {"error": "unauthorized", "reason": "Send a key as `Authorization: Bearer KEY`."}


def test_a_revoked_key_is_401_on_the_next_call(
    member: Callable[..., int], call: Callable[..., Caller], now: datetime
) -> None:
    admin = member("admin")
    caller = call(admin)
    assert caller.get("/customers").status_code == 200
    members.revoke_key(key_id=ApiKey.objects.get().pk, by=admin, at=now)
    assert caller.get("/customers").status_code == 401


def test_a_key_of_a_deactivated_member_is_401_and_stays_so_when_he_returns(
    member: Callable[..., int], call: Callable[..., Caller], now: datetime
) -> None:
    admin, csm = member("admin"), member("csm")
    caller = call(csm)
    for is_active in (False, True):
        members.change_member(member_id=csm, name="C", role="csm", team_id=None, is_active=is_active, by=admin, at=now)
        assert caller.get("/customers").status_code == 401


@pytest.mark.parametrize("path", READS)
def test_a_read_key_reads(path: str, member: Callable[..., int], call: Callable[..., Caller], book: object) -> None:
    book("c1")  # type: ignore[operator]
    assert call(member("admin"), "read").get(path).status_code == 200


def test_a_read_key_writes_nothing(
    member: Callable[..., int], call: Callable[..., Caller], book: Callable[..., dict[str, int]]
) -> None:
    book("c1")
    answer = call(member("admin"), "read").post("/customers:upsert", ONE)
    assert answer.status_code == 403
    assert "scope is read" in answer.json()["reason"]
    assert call(member("admin")).json("/customers/c1")["name"] == "Customer c1"


@pytest.mark.parametrize("path", READS)
def test_an_intake_key_neither_reads_nor_writes(
    path: str, member: Callable[..., int], call: Callable[..., Caller], book: Callable[..., dict[str, int]]
) -> None:
    book("c1")
    caller = call(member("admin"), "intake")
    assert caller.get(path).status_code == 403
    assert caller.post("/customers:upsert", ONE).status_code == 403


def test_a_customer_of_another_book_looks_like_one_that_does_not_exist(
    member: Callable[..., int], call: Callable[..., Caller], book: Callable[..., dict[str, int]]
) -> None:
    mine, other = member("csm"), member("csm")
    book("m1", owner=mine)
    book("o1", owner=other)
    caller = call(mine)
    assert [c["external_ids"]["crm"] for c in caller.json("/customers")["customers"]] == ["m1"]
    for suffix in ("", "/metrics?from=2026-01-01&to=2026-02-01"):
        strange, unknown = caller.get(f"/customers/o1{suffix}"), caller.get(f"/customers/never{suffix}")
        assert (strange.status_code, strange.content) == (unknown.status_code, unknown.content)
        assert strange.status_code == 404


def test_without_the_ability_the_call_finds_nothing(member: Callable[..., int], call: Callable[..., Caller]) -> None:
    reader = call(member("reader"))
    assert reader.get("/revenue/movements", **{"from": "2026-01", "to": "2026-02"}).status_code == 404
    assert reader.get("/revenue/retention", **{"from": "2025-01-01", "to": "2026-01-01"}).status_code == 404
    assert reader.post("/customers:upsert", ONE).status_code == 404


def test_a_key_follows_its_member_to_another_role_at_once(
    member: Callable[..., int], call: Callable[..., Caller], book: Callable[..., dict[str, int]]
) -> None:
    book("c1")
    someone = member("analyst")
    caller = call(someone)
    assert "arr" in caller.json("/customers/c1")
    Member.objects.filter(id=someone).update(role="reader")
    assert "arr" not in caller.json("/customers/c1")
