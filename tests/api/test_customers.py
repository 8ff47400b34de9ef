"""The list and one customer: the same rows as the pages, in plain words, at a constant number of queries."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.api.conftest import Caller
from tests.contracts.books import keep, line

from perennial.customers.catalogue import FIELDS
from perennial.customers.models import PortfolioRow
from perennial.health import actions as health
from perennial.kernel.organisation import actions as organisation_actions
from perennial.lifecycle import actions as lifecycle
from perennial.reports import past, portfolio

Members = Callable[..., int]
Callers = Callable[..., Caller]
Books = Callable[..., dict[str, int]]
HIDDEN = ("mrr", "arr", "renewal_arr", "overdue_amount", "oldest_overdue_on")


def test_owners_are_told_by_mail_address_and_groups_by_key(member: Members, call: Callers, book: Books) -> None:
    csm = member("csm")
    book("group")
    book("c1", owner=csm, parent="group")
    caller = call(member("admin"))
    one = caller.json("/customers/c1")
    assert one["owner"] == "csm1@example.com"
    assert one["parent"] == caller.json("/customers/group")["key"]
    (listed,) = [c for c in caller.json("/customers")["customers"] if c["key"] == one["key"]]
    assert (listed["owner"], listed["parent"]) == (one["owner"], one["parent"])
    assert caller.json("/customers/group")["owner"] is None


def test_the_list_is_filtered_by_the_same_names_that_it_tells(member: Members, call: Callers, book: Books) -> None:
    csm = member("csm")
    book("group")
    book("c1", "c2", owner=csm, parent="group")
    caller = call(member("admin"))
    group = caller.json("/customers/group")["key"]

    def found(field: str, op: str, value: Any) -> list[str]:
        asked = json.dumps({"field": field, "op": op, "value": value})
        return sorted(c["external_ids"]["crm"] for c in caller.json("/customers", filter=asked)["customers"])

    assert found("owner", "eq", "CSM1@example.com") == ["c1", "c2"]
    assert found("owner", "in", ["csm1@example.com", "nobody@example.com"]) == ["c1", "c2"]
    assert found("owner", "eq", "nobody@example.com") == []
    assert found("parent", "eq", group) == ["c1", "c2"]
    assert found("parent", "eq", "no-such-key") == []


def test_a_customer_is_found_by_external_id_of_a_source_or_of_any_or_by_key(
    member: Members, call: Callers, book: Books
) -> None:
    book("7", source="crm")
    book("7", source="billing")
    caller = call(member("admin"))
    billed = caller.json("/customers/7", source="billing")
    assert billed["external_ids"] == {"billing": "7"}
    assert caller.json(f"/customers/{billed['key']}") == billed
    assert caller.json("/customers/7")["external_ids"] == {"crm": "7"}
    assert caller.get("/customers/7", source="other").status_code == 404


def test_the_list_one_customer_and_the_past_cost_the_same_queries_for_1_row_and_for_40(
    member: Members, call: Callers, book: Books
) -> None:
    admin, csm = member("admin"), member("csm")
    caller = call(admin)
    book("group")

    def queries(path: str, **query: Any) -> int:
        with CaptureQueriesContext(connection) as counted:
            assert caller.get(path, **query).status_code == 200
        return len(counted)

    def counts() -> list[int]:
        return [
            queries("/customers"),
            queries("/customers", as_of="2026-01-31"),
            queries("/customers", as_of="2026-01-31", sort="name"),
            queries("/customers/c0"),
            queries("/customers/c0", as_of="2026-01-31"),
            queries("/customers", filter='{"field": "owner", "op": "eq", "value": "csm1@example.com"}'),
        ]

    book("c0", owner=csm, parent="group")
    queries("/customers")  # the use of a key is kept once in five minutes
    few = counts()
    book(*[f"c{number}" for number in range(1, 40)], owner=csm, parent="group")
    assert counts() == few
    assert max(few) <= 47


@pytest.mark.parametrize("sort", ["name", "-name", "arr", "-arr", "-score", "next_renewal_on"])
@pytest.mark.parametrize("as_of", [None, "2026-01-31"])
def test_paging_gives_every_customer_once(
    sort: str, as_of: str | None, member: Members, call: Callers, book: Books, now: datetime
) -> None:
    ids = book(*[f"c{number:02}" for number in range(23)])
    keep(
        [line(f"l{number}", ids[f"c{number:02}"], "2025-06-01", None, 100 * (number % 5 + 1)) for number in range(15)],
        at=now,
    )
    portfolio.rewrite(date(2026, 3, 2), at=now)
    caller, seen, mark = call(member("admin")), [], None
    for _page in range(30):
        asked = {"sort": sort, "limit": 4} | ({"after": mark} if mark else {}) | ({"as_of": as_of} if as_of else {})
        page = caller.json("/customers", **asked)
        seen += [c["external_ids"]["crm"] for c in page["customers"]]
        mark = page["next"]
        if mark is None:
            break
    assert sorted(seen) == sorted(ids)
    assert len(seen) == len(set(seen))


def test_fields_hidden_from_a_role_are_absent_and_cannot_be_asked_about(
    member: Members, call: Callers, book: Books, now: datetime
) -> None:
    ids = book("c1")
    keep([line("l1", ids["c1"], "2025-06-01", None, 98765432)], at=now)
    portfolio.rewrite(date(2026, 3, 2), at=now)
    reader = call(member("reader"), "read")
    for path in ("/customers", "/customers/c1"):
        answer = reader.get(path)
        assert answer.status_code == 200
        assert b"987654" not in answer.content
        assert not [key for key in HIDDEN if f'"{key}"'.encode() in answer.content]
    for key in HIDDEN:
        assert reader.get("/customers", sort=key).status_code == 400
        assert reader.get("/customers", sort=f"-{key}").status_code == 400
        known = json.dumps({"not": {"field": key, "op": "is_unknown"}})
        assert reader.get("/customers", filter=known).status_code == 400
    assert call(member("analyst"), "read").json("/customers/c1")["mrr"] == "987654.32"


def test_the_past_tells_what_was_true_then(member: Members, call: Callers, book: Books, now: datetime) -> None:
    ids = book("a", "b", "c")
    keep(
        [
            line("l1", ids["a"], "2025-01-01", "2025-07-01", 10_000),
            line("l2", ids["a"], "2025-07-01", None, 12_550),
            line("l3", ids["b"], "2025-09-01", None, 5_000),
        ],
        at=now,
    )
    portfolio.rewrite(date(2026, 3, 2), at=now)
    caller = call(member("admin"))

    def mrr(as_of: str, **more: Any) -> dict[str, str | None]:
        answer = caller.json("/customers", as_of=as_of, **more)
        assert answer["as_of"] == as_of
        return {c["external_ids"]["crm"]: c["mrr"] for c in answer["customers"]}

    assert mrr("2025-06-30") == {"a": "100.00", "b": "0.00", "c": None}
    assert mrr("2025-07-01") == {"a": "125.50", "b": "0.00", "c": None}
    assert mrr("2025-09-01") == {"a": "125.50", "b": "50.00", "c": None}
    assert mrr("2026-03-02") == {"a": "125.50", "b": "50.00", "c": None}
    live = json.dumps({"field": "is_live", "op": "eq", "value": True})
    assert mrr("2025-07-01", filter=live) == {"a": "125.50"}
    assert mrr("2025-07-01", q="Customer b") == {"b": "0.00"}


def test_a_page_of_the_past_is_the_same_however_few_rows_are_in_memory(
    member: Members, call: Callers, book: Books, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = book(*[f"c{number:02}" for number in range(23)])
    keep(
        [line(f"l{number}", ids[f"c{number:02}"], "2025-06-01", None, 100 * (number % 5 + 1)) for number in range(15)],
        at=now,
    )
    portfolio.rewrite(date(2026, 3, 2), at=now)
    caller = call(member("admin"))
    live = json.dumps({"field": "mrr", "op": "gt", "value": 100})

    def read(**more: Any) -> list[str]:
        seen, mark = [], None
        while True:
            asked = {"as_of": "2026-01-31", "limit": 4, **more} | ({"after": mark} if mark else {})
            page = caller.json("/customers", **asked)
            seen += [c["external_ids"]["crm"] for c in page["customers"]]
            mark = page["next"]
            if mark is None:
                return seen

    whole = [read(sort=sort, **more) for sort in ("-mrr", "mrr", "name") for more in ({}, {"filter": live})]
    assert [len(one) for one in whole] == [23, 12, 23, 12, 23, 12]
    monkeypatch.setattr(past, "CHUNK", 3)
    assert [read(sort=sort, **more) for sort in ("-mrr", "mrr", "name") for more in ({}, {"filter": live})] == whole


def test_only_the_rooms_that_an_order_or_a_filter_asks_about_are_gathered_for_every_customer() -> None:
    assert past.rooms_of({"name", "owner", "segment", "tags", "currency"}) == set()
    assert past.rooms_of({"name", "renewal_arr"}) == {"contracts"}
    assert past.rooms_of({"band", "tier", "champion_left_on"}) == {"health", "lifecycle", "people"}
    assert past.rooms_of(FIELDS) == portfolio.ROOMS


def test_one_customer_of_the_past_is_the_lists_row_of_that_day_without_a_scores_parts(
    member: Members, call: Callers, book: Books, now: datetime, home: object
) -> None:
    ids = book("a", owner=member("csm"))
    keep([line("l1", ids["a"], "2025-01-01", "2025-07-01", 10_000), line("l2", ids["a"], "2025-07-01", None, 12_550)],
         at=now)  # fmt: skip
    organisation_actions.move_as_of(on=date(2026, 3, 2), by=None, at=now)
    for on in (date(2025, 6, 30), date(2026, 3, 2)):
        lifecycle.derive(on, at=now)
        health.score_day(on, at=now)
        portfolio.rewrite(on, at=now)
    caller = call(member("admin"))
    one = caller.json("/customers/a", as_of="2025-06-30")
    (listed,) = caller.json("/customers", as_of="2025-06-30")["customers"]
    assert {key: value for key, value in one.items() if key not in {"as_of", "custom", "health"}} == listed
    assert (one["as_of"], one["mrr"], one["custom"]) == ("2025-06-30", "100.00", {})
    assert one["health"]["as_of"] == "2025-06-30"
    assert (one["health"]["band"], one["health"]["parts"]) == (listed["band"], None)
    now_ = caller.json("/customers/a")
    assert (now_["as_of"], now_["mrr"]) == ("2026-03-02", "125.50")
    assert now_["health"]["parts"]
    assert caller.json("/customers/a", as_of="2026-03-02") == now_
    assert caller.get("/customers/a", as_of="2026-03-03").status_code == 400
    assert caller.get("/customers/a", as_of="then").status_code == 422


def test_a_field_hidden_from_a_role_is_absent_from_the_past_too(
    member: Members, call: Callers, book: Books, now: datetime
) -> None:
    ids = book("c1")
    keep([line("l1", ids["c1"], "2025-06-01", None, 98765432)], at=now)
    portfolio.rewrite(date(2026, 3, 2), at=now)
    reader = call(member("reader"), "read")
    for path in ("/customers", "/customers/c1"):
        answer = reader.get(path, as_of="2025-12-31")
        assert answer.status_code == 200
        assert b"987654" not in answer.content
        assert not [key for key in HIDDEN if f'"{key}"'.encode() in answer.content]
    assert call(member("analyst"), "read").json("/customers/c1", as_of="2025-12-31")["mrr"] == "987654.32"


def test_the_past_ends_at_the_as_of_day_of_the_organisation(
    member: Members, call: Callers, book: Books, now: datetime
) -> None:
    book("a")
    organisation_actions.move_as_of(on=date(2025, 1, 15), by=None, at=now)
    caller = call(member("admin"))
    assert caller.json("/customers")["as_of"] == "2025-01-15"
    assert caller.get("/customers", as_of="2025-01-16").status_code == 400


def test_a_row_that_left_between_two_pages_of_the_past_does_not_begin_the_list_anew(
    member: Members, call: Callers, book: Books
) -> None:
    book("a", "b", "c", "d")
    caller = call(member("admin"))
    first = caller.json("/customers", as_of="2026-01-01", sort="name", limit=2)
    PortfolioRow.objects.filter(key=first["customers"][1]["key"]).delete()
    rest = caller.json("/customers", as_of="2026-01-01", sort="name", limit=2, after=first["next"])
    assert [c["name"] for c in rest["customers"]] == ["Customer c", "Customer d"]


def test_a_day_without_daily_values_is_absent_and_the_days_are_half_open(
    member: Members, call: Callers, book: Books, home: object
) -> None:
    book("a")
    caller = call(member("admin"))
    assert caller.json("/customers/a/metrics", **{"from": "2026-01-01", "to": "2026-02-01"})["rows"] == []
    for bad in ({"from": "2026-02-01", "to": "2026-02-01"}, {"from": "2020-01-01", "to": "2026-02-01"}):
        assert caller.get("/customers/a/metrics", **bad).status_code == 400
