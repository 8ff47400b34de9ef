"""The page of a contract and the forms that change it: who may, what is shown before saving, what two editors see."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in
from tests.contracts.books import keep, line

from perennial.contracts.actions import rebuild_movements, write_receivables
from perennial.contracts.models import Cancellation, Contract, Line, Movement
from perennial.customers.models import Customer
from perennial.jobs import reactions
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.queue.models import Job
from perennial.kernel.versions import Incoming
from perennial.pages.tags import day

HTMX = {"HX-Request": "true"}


@pytest.fixture
def found(place: dict[str, Any], now: datetime) -> dict[str, Any]:
    Organisation.objects.update(policy_switches={"grace_days": 0})  # an end is told on its day
    keep([line("1", place["id"], "2026-01-01", "2027-01-01", 1_000_00, quantity=10, product="core")], at=now,
         on="2026-03-02")  # fmt: skip
    one = Line.objects.current().get()
    at = f"/contracts/{one.contract_id}"
    return {**place, "line": one, "at": at, "edit": f"{at}/lines/{one.fact}"}


def terms(found: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"what": "terms", "seen": found["line"].pk, "on": "2026-05-01", "quantity": "15", "price": "",
            "price_is": "all", "months": "1", **more}  # fmt: skip


def sums() -> list[tuple[str, str, int]]:
    rows = Movement.objects.order_by("on", "id").values_list("on", "kind", "numerator")
    return [(on.isoformat(), kind, amount) for on, kind, amount in rows]


BEFORE = [("2026-01-01", "new", 1_000_00), ("2027-01-01", "churn", -1_000_00)]
AFTER = [("2026-01-01", "new", 1_000_00), ("2026-05-01", "expansion", 500_00), ("2027-01-01", "churn", -1_500_00)]


@pytest.mark.parametrize(
    ("role", "sees", "edits"),
    [("admin", 200, 200), ("csm", 200, 200), ("colleague", 404, 404), ("leader", 200, 200), ("analyst", 200, 404),
     ("reader", 404, 404)],
)  # fmt: skip
def test_who_sees_a_contract_and_who_changes_it(found: dict[str, Any], role: str, sees: int, edits: int) -> None:
    client = signed_in(found[role])
    assert client.get(found["at"]).status_code == sees
    assert client.get(found["edit"]).status_code == edits
    assert client.get(found["at"] + "/lines/new").status_code == edits
    assert client.get(f"/customers/{found['key']}/contracts/new").status_code == edits
    if edits == 404:
        assert client.post(found["edit"], terms(found, step="save")).status_code == 404
        assert sums() == BEFORE


def test_a_look_tells_what_would_move_and_writes_nothing(found: dict[str, Any]) -> None:
    client = signed_in(found["csm"])
    shown = client.post(found["edit"], terms(found), headers=HTMX).content.decode()
    assert "Expansion" in shown
    assert "$500.00" in shown
    assert "$18,000.00" in shown  # the ARR after
    assert "No month of Revenue before today changes." in shown
    assert sums() == BEFORE
    past = client.post(found["edit"], terms(found, on="2026-02-01"), headers=HTMX).content.decode()
    assert "2 months of Revenue that have passed change" not in past
    assert "1 month of Revenue that has passed changes" in past


def test_saved_it_counts_at_once_asks_for_the_row_anew_and_is_taken_back_by_its_entry(
    found: dict[str, Any], now: datetime
) -> None:
    client = signed_in(found["csm"])
    answer = client.post(found["edit"], terms(found, step="save"))
    assert (answer.status_code, answer.headers["Location"]) == (302, found["at"])
    assert sums() == AFTER
    reactions.dispatch(at=now)
    assert Job.objects.filter(kind="refresh", payload={"customers": [found["id"]]}).exists()
    page = client.get(found["at"]).content.decode()
    assert "amended" in page
    assert "Quantity or price changed" in page
    entry = JournalEntry.objects.get(kind="contract.amended")
    assert signed_in(found["admin"]).get(found["at"]).content.decode().count("/undo/") == 0
    assert client.post(f"{found['at']}/undo/{entry.pk}").status_code == 302
    assert sums() == BEFORE
    assert "A change was taken back" in client.get(found["at"]).content.decode()


def test_the_second_of_two_editors_is_told_and_keeps_what_he_typed(found: dict[str, Any]) -> None:
    ann, boss = signed_in(found["csm"]), signed_in(found["admin"])
    end = {"what": "end", "seen": found["line"].pk, "ends_on": "2027-06-30", "step": "save"}
    assert boss.post(found["edit"], end).status_code == 302
    answer = ann.post(found["edit"], terms(found, step="save"))
    said = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody changed this line meanwhile" in said
    assert 'value="15"' in said
    assert "30 Jun 2027" in said
    now = Line.objects.current().get()
    assert f'name="seen" value="{now.pk}"' in said
    assert sums() == [BEFORE[0], ("2027-07-01", "churn", -1_000_00)]
    assert ann.post(found["edit"], terms(found, step="save", seen=now.pk)).status_code == 302


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"on": "2026-01-01"}, "What holds from its first day on is a correction"),
        ({"on": "0206-05-01"}, "Check the year of this day"),
        ({"price": "12.345"}, "USD has 2 decimals"),
        ({"price": "abc"}, "This is no amount"),
        ({"quantity": "", "price": "5", "price_is": "unit"}, "A price a unit needs the quantity"),
        ({"quantity": "10"}, "Neither the quantity nor the price would change"),
        ({"what": "end", "ends_on": "2025-12-31"}, "holds one day at least"),
        ({"what": "end", "ends_on": "2066-12-31"}, "more than 40 years"),
        ({"what": "pause", "on": "2026-05-01", "back_on": "2026-04-01"}, "cannot end before"),
        ({"what": "cancel", "cancelled_on": "2026-05-01", "reason": ""}, "This field is required"),
    ],
)
def test_bad_input_is_said_and_nothing_is_written(found: dict[str, Any], typed: dict[str, str], said: str) -> None:
    client = signed_in(found["csm"])
    answer = client.post(found["edit"], terms(found, step="save") | typed)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert (sums(), Line.objects.count()) == (BEFORE, 1)


def whole(**more: str) -> dict[str, str]:
    return {"fact": "11111111-1111-4111-8111-111111111111", "kind": "recurring", "quantity": "2", "price": "1,200.00",
            "price_is": "unit", "months": "12", "currency": "usd", "starts_on": "2027-01-01", "ends_on": "2027-12-31",
            "step": "save", **more}  # fmt: skip


def test_a_line_is_added_once_however_often_it_is_sent_and_taken_back(found: dict[str, Any]) -> None:
    client = signed_in(found["csm"])
    core = str(found["line"].product_id)
    sent = whole(product_id=core, renewal_of=str(found["line"].fact))
    for _time in range(2):
        assert client.post(found["at"] + "/lines/new", sent).status_code == 302
    added = Line.objects.current().get(starts_on=date(2027, 1, 1))
    assert (added.amount, added.amount_months, added.renewal_of, added.ends_on) == (
        2_400_00, 12, found["line"].fact, date(2028, 1, 1))  # fmt: skip
    assert sums() == [BEFORE[0], ("2027-01-01", "contraction", -800_00), ("2028-01-01", "churn", -200_00)]
    entry = JournalEntry.objects.get(kind="contract.amended")
    client.post(f"{found['at']}/undo/{entry.pk}")
    assert sums() == BEFORE


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ({"currency": "XXQ"}, 422, "no ISO 4217"),
        ({"currency": "EUR"}, 422, "no exchange rate"),
        ({"price": "-10"}, 422, "takes something back"),
        ({"ends_on": "2026-12-30"}, 422, "before it starts"),
        ({"tax_rate": "101"}, 422, "between 0 and 100"),
        ({"currency": "JPY", "price": "10.5"}, 422, "JPY has 0 decimals"),
        ({"gift_months": "14"}, 422, "longer than the term"),
        ({"months": "term", "ends_on": ""}, 422, "needs the day on which the term ends"),
        ({"step": "look", "starts_on": "2026-12-01"}, 200, "both count"),
        ({"step": "look", "starts_on": "2027-01-02", "product_id": "core"}, 200, "MRR leaves and comes back"),
        ({"step": "look", "starts_on": "2028-02-29", "ends_on": "2029-02-27"}, 200, "29 Feb 2028"),
    ],
)
def test_what_is_odd_about_a_new_line_is_said(
    found: dict[str, Any], typed: dict[str, str], status: int, said: str
) -> None:
    sent = whole(product_id=str(found["line"].product_id)) | {k: v for k, v in typed.items() if k != "product_id"}
    answer = signed_in(found["csm"]).post(found["at"] + "/lines/new", sent)
    assert (answer.status_code, said in answer.content.decode()) == (status, True)
    assert sums() == BEFORE


def test_a_contract_comes_with_its_first_line_and_its_number_is_one(found: dict[str, Any]) -> None:
    client, at = signed_in(found["csm"]), f"/customers/{found['key']}/contracts/new"
    sent = whole(number="C-7", paper_kind="order", signed_on="2026-03-01")
    answer = client.post(at, sent)
    made = Contract.objects.get(number="C-7")
    assert answer.headers["Location"] == f"/contracts/{made.pk}"
    again = client.post(at, sent | {"fact": "22222222-2222-4222-8222-222222222222"})
    assert "A contract with this number is known already." in again.content.decode()
    assert Line.objects.current().filter(contract=made).count() == 1


def test_notice_is_kept_with_reason_and_competitor(found: dict[str, Any]) -> None:
    sent = {"what": "cancel", "seen": found["line"].pk, "cancelled_on": "2026-03-01", "effective_on": "2026-06-01",
            "reason": "price", "competitor": "Rival", "comment": "Too dear.", "step": "save"}  # fmt: skip
    client = signed_in(found["csm"])
    assert client.post(found["edit"], sent).status_code == 302
    assert Cancellation.objects.current().values_list("reason", "competitor").get() == ("price", "Rival")
    assert "Rival" in client.get(found["at"]).content.decode()
    assert sums() == [BEFORE[0], ("2026-06-01", "churn", -1_000_00)]


def test_a_correction_keeps_what_was_known_before(found: dict[str, Any]) -> None:
    client = signed_in(found["csm"])
    form = client.get(found["edit"] + "?what=correct").content.decode()
    assert 'value="1000.00"' in form
    sent = whole(product_id=str(found["line"].product_id), price="500", price_is="all", months="1", quantity="10",
                 starts_on="2026-01-01", ends_on="2026-12-31")  # fmt: skip
    sent |= {"what": "correct", "seen": found["line"].pk}
    looked = client.post(found["edit"], sent | {"step": "look"}, headers=HTMX).content.decode()
    assert "1 month of Revenue that has passed changes" in looked
    assert client.post(found["edit"], sent).status_code == 302
    assert sums() == [("2026-01-01", "new", 500_00), ("2027-01-01", "churn", -500_00)]
    assert "1 earlier version" in client.get(found["at"]).content.decode()


def test_the_page_asks_as_much_for_many_lines_as_for_one(found: dict[str, Any], now: datetime) -> None:
    client = signed_in(found["csm"])
    assert _queries(client, found["at"]) == _queries(client, found["at"])
    few = _queries(client, found["at"])
    for month in range(2, 9):
        client.post(found["at"] + "/lines/new", whole(fact=f"11111111-1111-4111-8111-11111111111{month}"))
    assert len(Line.objects.current()) == 8
    assert _queries(client, found["at"]) == few


def _queries(client: Client, at: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(at).status_code == 200
    return len(asked)


def test_the_timeline_says_what_was_changed_to_who_may_see_revenue(found: dict[str, Any]) -> None:
    signed_in(found["csm"]).post(found["edit"], terms(found, step="save"))
    at = f"/customers/{found['key']}?tab=timeline"
    assert "Quantity or price changed" in signed_in(found["csm"]).get(at).content.decode()
    assert "Quantity or price changed" not in signed_in(found["reader"]).get(at).content.decode()


@pytest.mark.parametrize(("segment", "until", "why"), [
    (None, "2026-04-01", ["Late paper has 30 days."]),
    ("state_owned", "2026-08-29", ["Late paper has 30 days, and up to 180", "since", "an approval runs"]),
])  # fmt: skip
def test_a_line_in_grace_says_until_when_and_why(
    found: dict[str, Any], now: datetime, segment: str | None, until: str, why: list[str]
) -> None:
    """A year that ended on 2 March 2026, today, and that nobody signed."""
    Organisation.objects.update(policy_switches={})
    keep([line("late", found["id"], "2025-03-02", "2026-03-02", 100_00, product="plus")], at=now, on="2026-03-02")
    customer = Customer.objects.get(id=found["id"])
    customer.segment = segment
    customer.save()
    step = {"customer_id": found["id"], "due_on": date(2026, 3, 2), "amount": 1, "currency": "USD"}
    write_receivables([Incoming("r", {**step, "node": "seal", "node_since_on": date(2026, 3, 2)})],
                      source="test", at=now)  # fmt: skip
    rebuild_movements(on=date(2026, 3, 2))
    at = f"/contracts/{Line.objects.current().get(external_id='late').contract_id}"
    page = signed_in(found["csm"]).get(at).content.decode()
    shown = day(date.fromisoformat(until))
    assert f"in grace until {shown}" in " ".join(page.split())
    for words in why:
        assert words in " ".join(page.split())
    assert "$100.00" in page.split("in grace until")[1].split("</tr>")[0], "it holds its MRR"
    rebuild_movements(on=date.fromisoformat(until))
    Organisation.objects.update(as_of_on=date.fromisoformat(until))
    assert "in grace until" not in signed_in(found["csm"]).get(at).content.decode()
