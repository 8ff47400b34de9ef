"""The customer list: scope, hidden fields, filters in the address, saved views, bulk changes with undo."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in
from tests.customers.books import DAY, customer

from perennial.customers.models import Customer, PortfolioRow, SavedView
from perennial.kernel.organisation import actions as organisation
from perennial.members.actions import create_team

PARTIAL = {"HX-Request": "true", "HX-Target": "div#list"}


def names(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"/customers{query}", headers=PARTIAL)
    assert answer.status_code == 200, answer.content
    return re.findall(r'<a class="clip" href="[^"]*">([^<]*)</a>', answer.content.decode())


@pytest.fixture
def book(member: Callable[..., int], now: datetime) -> dict[str, Any]:
    organisation.move_as_of(on=DAY, by=None, at=now)
    team = create_team(name="East", by=None, at=now)
    ids = {
        "admin": member("admin"),
        "leader": member("leader", team_id=team),
        "csm": member("csm", team_id=team, name="Ann"),
        "colleague": member("csm", team_id=team, name="Bob"),
        "stranger": member("csm", name="Eve"),
        "reader": member("reader"),
    }
    keys = {
        "Acme": customer("Acme", at=now, owner=ids["csm"], arr=98765432, band="red", score=20.0, industry="Bank",
                         tier="usd_5k", tags=("vip",), next_renewal_on=date(2026, 4, 1)),
        "Birch": customer("Birch", at=now, owner=ids["colleague"], arr=500_00, band="green", score=90.0),
        "Cedar": customer("Cedar", at=now, owner=ids["stranger"], arr=None, band=None),
        "华东集团": customer("华东集团", at=now, arr=1_000_000, band="yellow", score=60.0, industry="Oil, gas ~ co"),
    }  # fmt: skip
    return {**ids, "keys": keys}


def test_each_sees_the_own_scope_and_a_stranger_signs_in(book: dict[str, Any]) -> None:
    assert names(signed_in(book["admin"])) == ["Acme", "华东集团", "Birch", "Cedar"]
    assert names(signed_in(book["leader"])) == ["Acme", "Birch"]
    assert names(signed_in(book["csm"])) == ["Acme"]
    assert names(signed_in(book["stranger"])) == ["Cedar"]
    assert Client().get("/customers").headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?f=band~in~red~yellow", ["Acme", "华东集团"]),
        ("?f=arr~gte~500", ["Acme", "华东集团", "Birch"]),
        ("?f=arr~between~500~10000", ["华东集团", "Birch"]),
        ("?f=arr~is_unknown", ["Cedar"]),
        ("?f=tags~contains~vip", ["Acme"]),
        ("?f=next_renewal_on~within_days~30", ["Acme"]),
        ("?f=industry~in~Oil, gas %257E co", ["华东集团"]),
        ("?f=owner~is_unknown", ["华东集团"]),
        ("?f=owner~in~me", []),
        ("?q=华东", ["华东集团"]),
        ("?q=huadong", ["华东集团"]),
        ("?q=ac", ["Acme"]),
        ("?q=" + "%27%22*()", []),
        ("?sort=name", ["Acme", "Birch", "Cedar", "华东集团"]),
        ("?sort=score", ["Acme", "华东集团", "Birch", "Cedar"]),
        ('?tree={"any":[{"field":"band","op":"eq","value":"green"},{"field":"name","op":"starts","value":"Ce"}]}',
         ["Birch", "Cedar"]),
    ],
)  # fmt: skip
def test_an_address_says_which_customers(book: dict[str, Any], query: str, found: list[str]) -> None:
    assert names(signed_in(book["admin"]), query) == found


@pytest.mark.parametrize(
    "query",
    ["?f=band", "?f=nothing~is_known", "?f=arr~gte~abc", "?f=arr~gte", "?f=owner~in~abc", "?sort=tags", "?sort=-",
     "?after=abc", "?tree=[", '?tree={"all":[{"field":"x","op":"eq","value":1}]}', "?cols=name.nothing",
     "?f=next_renewal_on~gte~2026-13-01", "?f=score~gte~1e999", "?f=arr~gte~99999999999999999999"],
)  # fmt: skip
def test_an_address_that_cannot_be_is_refused_without_internals(book: dict[str, Any], query: str) -> None:
    answer = signed_in(book["admin"]).get(f"/customers{query}")
    assert answer.status_code == 400
    assert b"Traceback" not in answer.content and b"SELECT" not in answer.content


@pytest.mark.parametrize(
    "query", ["?f=arr~gte~1", "?sort=arr", "?sort=-mrr", "?cols=name.arr", "?f=overdue_amount~is_known"]
)
def test_a_hidden_field_is_as_if_it_were_not(book: dict[str, Any], query: str) -> None:
    reader = signed_in(book["reader"])
    assert reader.get(f"/customers{query}").status_code == 400
    shown = reader.get("/customers").content.decode()
    assert "Acme" in shown and not re.search(r"\$98[78]", shown) and ">ARR<" not in shown
    assert reader.get("/customers/list/filter/arr").status_code == 404


def test_a_shared_view_over_a_hidden_field_is_no_way_round(book: dict[str, Any], now: datetime) -> None:
    view = SavedView.objects.create(member_id=book["admin"], name="Big", shared=True, created_at=now, sort="-arr",
                                    columns=["name", "arr"])  # fmt: skip
    assert signed_in(book["reader"]).get(f"/customers?view={view.pk}").status_code == 400
    assert signed_in(book["csm"]).get(f"/customers?view={view.pk}").status_code == 200


def test_the_table_alone_costs_the_same_queries_at_1_and_at_40_rows(book: dict[str, Any], now: datetime) -> None:
    PortfolioRow.objects.all().delete()
    client, costs = signed_in(book["admin"]), []
    for rows in (1, 40):
        for number in range(PortfolioRow.objects.count(), rows):
            customer(f"Customer {number}", at=now, owner=book["csm"], arr=number)
        with CaptureQueriesContext(connection) as asked:
            assert len(names(client)) == rows
        costs.append(len(asked))
        assert not [query for query in asked.captured_queries if "COUNT(" in query["sql"]]
    assert costs[0] == costs[1] <= 8


def test_pages_follow_each_other_both_ways(book: dict[str, Any], now: datetime) -> None:
    for number in range(101):
        customer(f"Customer {number:03}", at=now, arr=10 + number)
    client, seen, query = signed_in(book["admin"]), [], "?sort=arr"
    for _page in range(3):
        answer = client.get(f"/customers{query}", headers=PARTIAL).content.decode()
        seen += re.findall(r'<a class="clip" href="[^"]*">([^<]*)</a>', answer)
        following = re.search(r'href="/customers(\?[^"]*)"[^>]*rel="next"', answer)
        query = following.group(1).replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 105 and seen[-1] == "Cedar" and not query
    back = re.search(r'href="/customers(\?[^"]*)"[^>]*rel="prev"', answer)
    assert back and names(client, back.group(1).replace("&amp;", "&")) == seen[50:100]


def test_the_forms_of_the_list_lead_to_its_address(book: dict[str, Any]) -> None:
    client = signed_in(book["admin"])
    applied = client.get("/customers?f=band~in~red&apply=arr&op.arr=gte&value.arr=1,000.50&sort=name")
    assert applied.headers["Location"] == "/customers?f=band~in~red&f=arr~gte~1000.5&sort=name"
    replaced = client.get("/customers?f=band~in~red&f=arr~gte~5&apply=band&op.band=is_unknown&value.band=")
    assert replaced.headers["Location"] == "/customers?f=band~is_unknown&f=arr~gte~5"
    assert client.get("/customers?f=band~in~red&f=arr~gte~5&without=0").headers["Location"] == "/customers?f=arr~gte~5"
    columns = client.get("/customers?columns=1&col=arr&col=seats").headers["Location"]
    assert columns == "/customers?cols=name.arr.seats"
    assert client.get("/customers?apply=arr&op.arr=gte&value.arr=many").headers["Location"] == "/customers"
    assert "many is no value of ARR" in client.get("/customers").content.decode()


def test_a_chip_says_what_is_asked_and_names_are_escaped(book: dict[str, Any], now: datetime) -> None:
    customer("<script>alert(1)</script>", at=now, arr=10**9, industry="<b>")
    shown = signed_in(book["admin"]).get("/customers?f=band~in~red~yellow&f=arr~gte~1000&cols=name.industry")
    written = shown.content.decode()
    assert "Health band: Red, Yellow" in written and "ARR ≥ $1,000" in written
    assert "<script>alert" not in signed_in(book["admin"]).get("/customers?cols=name.industry").content.decode()


def test_the_count_comes_for_itself(book: dict[str, Any]) -> None:
    answer = signed_in(book["admin"]).get("/customers/list/count?f=arr~is_known")
    assert answer.content.decode().strip() == "3 customers"
    assert signed_in(book["csm"]).get("/customers/list/count").content.decode().strip() == "1 customer"


def test_nothing_there_and_nothing_found_say_different_things(member: Callable[..., int], now: datetime) -> None:
    client = signed_in(member("admin"))
    assert "No customers yet" in client.get("/customers").content.decode()
    customer("Acme", at=now)
    assert "No customer matches" in client.get("/customers?q=zzz").content.decode()


def test_a_view_is_made_shared_changed_and_deleted_by_its_owner_alone(book: dict[str, Any]) -> None:
    client, other = signed_in(book["csm"]), signed_in(book["colleague"])
    made = client.post("/customers/list/views", {"name": "Red ones", "f": "band~in~red", "sort": "name"})
    view = SavedView.objects.get(name="Red ones")
    assert made.headers["HX-Redirect"] == f"/customers?view={view.pk}"
    assert names(client, f"?view={view.pk}") == ["Acme"]
    assert other.get(f"/customers?view={view.pk}").status_code == 404
    client.post(f"/customers/list/views/{view.pk}", {"name": "Reds", "shared": "1"})
    assert other.get(f"/customers?view={view.pk}").status_code == 200
    for path in ("", "/keep", "/delete"):
        assert other.post(f"/customers/list/views/{view.pk}{path}", {"name": "Mine"}).status_code == 404
    client.post(f"/customers/list/views/{view.pk}/keep", {"view": str(view.pk), "f": "", "sort": "-score"})
    view.refresh_from_db()
    assert (view.name, view.conditions, view.sort) == ("Reds", {}, "-score")
    client.post(f"/customers/list/views/{view.pk}/delete")
    assert not SavedView.objects.exists()


def toast(answer: Any) -> dict[str, str]:
    said: dict[str, str] = json.loads(answer.headers["HX-Trigger"])["toast"]
    return said


def test_owners_change_for_many_with_a_count_and_are_given_back(book: dict[str, Any]) -> None:
    client, keys = signed_in(book["leader"]), book["keys"]
    rows = {"row": [keys["Acme"], keys["Birch"], keys["Cedar"]]}
    asked = client.post("/customers/list/assign", rows).content.decode()
    assert "Change the CSM of 2 customers" in asked and "Cedar" not in asked
    done = toast(client.post("/customers/list/assign", {**rows, "confirmed": "1", "to": book["stranger"]}))
    assert done["text"] == "2 customers have a new CSM."
    owners = dict(PortfolioRow.objects.values_list("name", "owner__name"))
    assert owners == {"Acme": "Eve", "Birch": "Eve", "Cedar": "Eve", "华东集团": None}
    assert signed_in(book["admin"]).post(done["undo"]).status_code == 404
    assert client.post(done["undo"]).status_code == 204
    owners = dict(PortfolioRow.objects.values_list("name", "owner__name"))
    assert owners == {"Acme": "Ann", "Birch": "Bob", "Cedar": "Eve", "华东集团": None}


def test_all_that_match_change_with_one_click_and_no_more(book: dict[str, Any]) -> None:
    client = signed_in(book["admin"])
    done = client.post("/customers/list/tag", {"f": "band~is_known", "all": "3", "confirmed": "1", "tag": "q2"})
    assert toast(done)["text"] == "3 customers got the tag."
    assert names(client, "?f=tags~contains~q2") == ["Acme", "华东集团", "Birch"]
    assert Customer.objects.get(name="Acme").tags == ["q2", "vip"]
    client.post(toast(done)["undo"])
    assert names(client, "?f=tags~contains~q2") == []
    assert Customer.objects.get(name="Acme").tags == ["vip"]


def test_what_was_changed_again_stays_when_the_first_change_is_undone(book: dict[str, Any]) -> None:
    client, key = signed_in(book["admin"]), book["keys"]["Acme"]
    first = toast(client.post("/customers/list/assign", {"row": key, "confirmed": "1", "to": book["colleague"]}))
    client.post("/customers/list/assign", {"row": key, "confirmed": "1", "to": book["stranger"]})
    client.post(first["undo"])
    assert PortfolioRow.objects.get(key=key).owner_id == book["stranger"]


def test_a_bad_bulk_change_says_why_and_changes_nothing(book: dict[str, Any]) -> None:
    client, key = signed_in(book["admin"]), book["keys"]["Acme"]
    for to in ("", "999999", "x"):
        said = toast(client.post("/customers/list/assign", {"row": key, "confirmed": "1", "to": to}))
        assert said["kind"] == "bad"
    assert toast(client.post("/customers/list/tag", {"row": key, "confirmed": "1", "tag": "a\nb"}))["kind"] == "bad"
    assert PortfolioRow.objects.get(key=key).owner_id == book["csm"]


def test_a_csm_may_not_give_customers_away_and_tags_only_the_own(book: dict[str, Any]) -> None:
    client, keys = signed_in(book["csm"]), book["keys"]
    assert client.post("/customers/list/assign", {"row": keys["Acme"], "to": "nobody"}).status_code == 404
    both = {"row": [keys["Acme"], keys["Birch"]], "confirmed": "1", "tag": "mine"}
    assert toast(client.post("/customers/list/tag", both))["text"] == "1 customer got the tag."
    assert Customer.objects.get(name="Birch").tags == []


def test_a_view_keeps_its_search_and_another_search_changes_it(book: dict[str, Any]) -> None:
    client = signed_in(book["admin"])
    client.post("/customers/list/views", {"name": "East", "q": "华东", "f": "band~in~yellow"})
    view = SavedView.objects.get(name="East")
    assert view.text == "华东"
    assert names(client, f"?view={view.pk}") == ["华东集团"]
    assert names(client, f"?view={view.pk}&q=") == ["华东集团"]
    assert names(client, f"?view={view.pk}&q=&f=") == ["Acme", "华东集团", "Birch", "Cedar"]
    shown = client.get(f"/customers?view={view.pk}").content.decode()
    assert 'name="q" value="华东"' in shown and shown.count('name="q"') == 2  # this search and the palette's
    assert "Keep the changes" not in shown
    changed = client.get(f"/customers?view={view.pk}&q=ac&f=").content.decode()
    assert "Keep the changes" in changed
    client.post(f"/customers/list/views/{view.pk}/keep", {"view": str(view.pk), "q": "ac", "f": ""})
    assert names(client, f"?view={view.pk}") == ["Acme"]


def test_a_long_name_can_be_read_whole(book: dict[str, Any], now: datetime) -> None:
    long = "Very Long & Partners Industrial Holding of the North"
    customer(long, at=now)
    shown = signed_in(book["admin"]).get("/customers?sort=name", headers=PARTIAL).content.decode()
    assert f'title="{long.replace("&", "&amp;")}"' in shown
    assert 'title="Acme"' not in shown


def test_a_list_that_stays_open_gets_itself_anew_only_when_its_rows_were_written(book: dict[str, Any]) -> None:
    client = signed_in(book["admin"])
    (asks,) = re.findall(
        r'data-home="/customers" hx-get="([^"]*)"', client.get("/customers?sort=-arr").content.decode()
    )
    asks = asks.replace("&amp;", "&")
    assert client.get(asks, headers=PARTIAL).status_code == 204
    PortfolioRow.objects.filter(name="Birch").update(arr=999_999_00, updated_at=datetime(2026, 3, 3, tzinfo=UTC))
    again = client.get(asks, headers=PARTIAL)
    assert again.status_code == 200 and "HX-Push-Url" not in again.headers
    assert re.findall(r'<a class="clip" href="[^"]*">([^<]*)</a>', again.content.decode())[0] == "Birch"
