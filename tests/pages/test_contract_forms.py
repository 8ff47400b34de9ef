"""Steps agreed in advance, co-termed lines, notice, resellers and frameworks: typed, shown, saved, taken back."""

from __future__ import annotations

import html
from datetime import date, datetime
from typing import Any

import pytest
from django.db.models import Q
from tests.aids import signed_in
from tests.contracts.books import keep, line

from perennial.contracts.models import Contract, Line, Movement
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation.models import Organisation
from perennial.renewals import queries as renewals

HTMX = {"HX-Request": "true"}
NEW = {"fact": "11111111-1111-4111-8111-111111111111", "kind": "recurring", "price": "1200", "price_is": "all",
       "months": "12", "currency": "USD", "starts_on": "2026-07-01", "step": "save"}  # fmt: skip


@pytest.fixture
def found(place: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A contract of three years: ten units at 1,000.00 a month together. An end is told on its day."""
    Organisation.objects.update(policy_switches={"grace_days": 0})
    keep([line("1", place["id"], "2026-01-01", "2029-01-01", 1_000_00, quantity=10, product="core")], at=now,
         on="2026-03-02")  # fmt: skip
    one = Line.objects.current().get()
    at = f"/contracts/{one.contract_id}"
    return {**place, "line": one, "at": at, "edit": f"{at}/lines/{one.fact}"}


def sums() -> list[tuple[str, str, int, list[str]]]:
    rows = Movement.objects.order_by("on", "id").values_list("on", "kind", "numerator", "tags")
    return [(on.isoformat(), kind, amount, tags) for on, kind, amount, tags in rows]


BEFORE = [("2026-01-01", "new", 1_000_00, []), ("2029-01-01", "churn", -1_000_00, [])]


def ramp(found: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"what": "ramp", "seen": found["line"].pk, "price_is": "unit", "months": "1", "on_1": "2027-01-01",
            "price_1": "110", "on_2": "2028-01-01", "quantity_2": "12", "price_2": "120", "step": "save",
            **more}  # fmt: skip


def test_steps_agreed_in_advance_move_mrr_under_their_tag_and_are_taken_back(found: dict[str, Any]) -> None:
    client = signed_in(found["csm"])
    shown = client.post(found["edit"], ramp(found), headers=HTMX).content.decode()
    assert "Price increase" in shown or "Price up" in shown
    assert sums() == BEFORE
    assert client.post(found["edit"], ramp(found)).status_code == 302
    assert sums() == [
        ("2026-01-01", "new", 1_000_00, []),
        ("2027-01-01", "price_up", 100_00, ["ramp"]),  # 10 x 110
        ("2028-01-01", "expansion", 220_00, ["ramp"]),  # two more at 110
        ("2028-01-01", "price_up", 120_00, ["ramp"]),  # 12 x (120 - 110)
        ("2029-01-01", "churn", -1_440_00, []),
    ]
    lines = list(Line.objects.current().order_by("starts_on"))
    assert [(one.ramp_step, one.is_amended, one.term_starts_on) for one in lines] == [
        (1, True, None), (2, True, date(2026, 1, 1)), (3, False, date(2026, 1, 1)),
    ]  # fmt: skip
    page = client.get(found["at"]).content.decode()
    assert "ramp step 3" in page
    assert "Steps agreed in advance" in page
    entry = JournalEntry.objects.get(kind="contract.amended")
    client.post(f"{found['at']}/undo/{entry.pk}")
    assert sums() == BEFORE
    assert Line.objects.current().count() == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"on_1": ""}, "This field is required"),
        ({"on_2": "2027-01-01"}, "Each step begins after the one before it"),
        ({"on_2": "", "price_2": "5"}, "A step needs its first day"),
        ({"on_2": "2029-01-01"}, "The line ends on"),
        ({"on_1": "2026-01-01"}, "What holds from its first day on is a correction"),
        ({"price_1": ""}, "Neither the quantity nor the price would change"),
        ({"price_2": "1.234"}, "USD has 2 decimals"),
    ],
)
def test_a_step_that_cannot_be_is_said_at_its_field_and_nothing_is_written(
    found: dict[str, Any], typed: dict[str, str], said: str
) -> None:
    answer = signed_in(found["csm"]).post(found["edit"], ramp(found, **typed))
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert sums() == BEFORE


def test_a_co_termed_line_ends_with_another_and_says_what_it_costs_until_then(found: dict[str, Any]) -> None:
    client, at = signed_in(found["csm"]), found["at"] + "/lines/new"
    sent = {**NEW, "ends_with": str(found["line"].fact)}
    shown = client.post(at, {**sent, "step": "look"}).content.decode()
    assert "Until its end, 31 Dec 2028, the line costs $3,000.00." in shown, "1,200 a year for 30 months"
    refused = client.post(at, {**sent, "ends_on": "2027-06-30"})
    assert "The other line ends on another day" in refused.content.decode()
    assert client.post(at, sent).status_code == 302
    assert Line.objects.current().get(source="typed").ends_on == date(2029, 1, 1)
    assert ("2026-07-01", "expansion", 100_00) in [one[:3] for one in sums()], "MRR is the price, never the proration"


def test_a_free_module_an_evergreen_with_notice_and_a_prepaid_term_are_lines_like_others(found: dict[str, Any]) -> None:
    client, at = signed_in(found["csm"]), found["at"] + "/lines/new"
    free = {**NEW, "fact": "11111111-1111-4111-8111-111111111112", "price": "0"}
    assert client.post(at, free).status_code == 302
    assert sums() == BEFORE, "what costs nothing moves nothing"
    evergreen = {**NEW, "fact": "11111111-1111-4111-8111-111111111113", "notice_on": "2027-05-31",
                 "starts_on": "2026-08-01"}  # fmt: skip
    assert client.post(at, evergreen).status_code == 302
    one = Line.objects.current().get(notice_on__isnull=False)
    assert (one.ends_on, one.notice_on) == (None, date(2027, 5, 31))
    refused = client.post(at, {**evergreen, "fact": "", "ends_on": "2027-05-30"})
    assert "Notice is given before the line ends" in refused.content.decode()
    prepaid = {**NEW, "fact": "11111111-1111-4111-8111-111111111114", "price": "36000", "months": "term",
               "ends_on": "2029-06-30", "billing_months": "36", "gift_months": "6"}  # fmt: skip
    assert client.post(at, prepaid).status_code == 302
    assert ("2026-07-01", "expansion", 1_000_00) in [one[:3] for one in sums()], "spread over all 36 months"


def test_a_resellers_line_keeps_settlement_and_end_price(found: dict[str, Any]) -> None:
    client = signed_in(found["csm"])
    paper = {"number": "R-1", "paper_kind": "order", "reseller": " Stillwater ", "rebate_percent": "5"}
    sent = {**NEW, **paper, "quantity": "10", "price": "80", "end_price": "100", "price_is": "unit"}
    answer = client.post(f"/customers/{found['key']}/contracts/new", sent)
    made = Contract.objects.get(number="R-1")
    assert answer.headers["Location"] == f"/contracts/{made.pk}"
    assert made.reseller is not None
    assert (made.reseller.name, made.rebate_percent) == ("Stillwater", "5")
    one = Line.objects.current().get(contract=made)
    assert (one.amount, one.end_amount) == (800_00, 1_000_00)
    page = client.get(f"/contracts/{made.pk}").content.decode()
    assert "via Stillwater" in page
    assert "(5% rebate)" in page
    assert "the end customer pays $1,000.00" in page
    alone = client.post(
        f"/customers/{found['key']}/contracts/new", {**sent, "fact": "", "number": "R-2", "reseller": ""}
    )
    assert "A rebate is a reseller&#x27;s" in alone.content.decode()
    assert not Contract.objects.filter(number="R-2").exists()


def test_a_paper_is_changed_put_under_its_framework_and_taken_back(found: dict[str, Any], now: datetime) -> None:
    client = signed_in(found["csm"])
    above = Contract.objects.create(
        external_id="F", number="F", kind="framework", customer_id=found["id"], learned_at=now
    )
    at = found["at"] + "/paper"
    page = client.get(at).content.decode()
    seen = page.split('name="seen" value="')[1].split('"')[0]
    sent = {"number": "C-9", "paper_kind": "order", "framework_id": str(above.pk), "signed_on": "2025-12-20",
            "seen": seen, "step": "save"}  # fmt: skip
    for typed, said in (
        ({"number": "F"}, "known already"),
        ({"paper_kind": "framework"}, "Only an order or a supplement"),
        ({"framework_id": "999"}, "Select a valid choice"),
        ({"accepted_on": "2025-12-01"}, "cannot be accepted before"),
        ({"seen": "other"}, "Somebody changed this contract meanwhile"),
    ):
        answer = client.post(at, sent | typed)
        assert (answer.status_code, said in answer.content.decode()) == (422, True), typed
    before = Contract.objects.get(pk=found["line"].contract_id)
    assert client.post(at, sent).status_code == 302
    now_is = Contract.objects.get(pk=before.pk)
    assert (now_is.number, now_is.framework_id, now_is.signed_on) == ("C-9", above.pk, date(2025, 12, 20))
    assert "under F" in client.get(found["at"]).content.decode()
    entry = JournalEntry.objects.filter(kind="contract.amended").latest("id")
    assert "C-9" not in str(entry.data), "a number is personal where a customer is a person"
    assert client.post(f"{found['at']}/undo/{entry.pk}").status_code == 302
    back = Contract.objects.get(pk=before.pk)
    assert (back.number, back.framework_id, back.signed_on) == (before.number, None, before.signed_on)
    for role, status in (("colleague", 404), ("analyst", 404), ("reader", 404), ("leader", 200)):
        assert signed_in(found[role]).get(at).status_code == status, role


def test_what_a_file_says_otherwise_is_decided_on_the_contract_s_page(found: dict[str, Any], now: datetime) -> None:
    client, pk = signed_in(found["csm"]), found["line"].contract_id
    Contract.objects.filter(pk=pk).update(
        source="crm", number="C-9", by_hand={"number": {"told": "C-1", "says": "C-2"}}
    )
    page = client.get(found["at"]).content.decode()
    assert "The source says otherwise" in page and "C-2" in page and "Keep ours" in page
    seen = html.unescape(page.split('name="seen" value="')[1].split('"')[0])
    for role, status in (("colleague", 404), ("reader", 404)):
        assert signed_in(found[role]).post(f"{found['at']}/points/number", {"seen": seen}).status_code == status
    assert client.post(f"{found['at']}/points/number", {"seen": seen, "takes": "1"}).status_code == 302
    assert Contract.objects.get(pk=pk).number == "C-2"
    assert "The source says otherwise" not in client.get(found["at"]).content.decode()
    entry = JournalEntry.objects.filter(kind="contract.amended").latest("id")
    assert client.post(f"{found['at']}/undo/{entry.pk}").status_code == 302
    assert Contract.objects.get(pk=pk).number == "C-9"


def test_a_line_that_renews_by_itself_says_so_until_notice_and_moves_nothing(found: dict[str, Any]) -> None:
    """As of 2 March 2026; the term that is there ends on 1 January 2029."""
    client, was = signed_in(found["csm"]), due_in_2029()

    def correct(**typed: str) -> None:
        one = Line.objects.current().get(source="test")
        sent = {"what": "correct", "seen": one.pk, "kind": "recurring", "quantity": "10", "price": "1000",
                "price_is": "all", "months": "1", "currency": "USD", "starts_on": "2026-01-01",
                "ends_on": "2028-12-31", "step": "save", "product_id": one.product_id, **typed}  # fmt: skip
        assert client.post(found["edit"], sent).status_code == 302

    def page() -> str:
        return client.get(found["at"]).content.decode()

    assert "by itself" not in page()
    correct(auto_renews="yes", notice_on="2026-03-02")
    assert "Renews by itself unless notice is given by 2 Mar 2026." in page()
    correct(auto_renews="yes", notice_on="2026-03-01")
    assert "Goes on by itself: notice was possible until 1 Mar 2026." in page()
    assert '<option value="yes" selected>' in client.get(found["edit"], {"what": "correct"}).content.decode()
    assert (sums(), due_in_2029()) == (BEFORE, was), "the ledger and what comes due stay as they are"
    assert "Goes on by itself" in client.get(f"/renewals/{found['key']}/2029-01-01").content.decode()
    correct(auto_renews="no")
    assert "Ends unless it is renewed." in page()
    cut = {"what": "terms", "seen": Line.objects.current().get().pk, "on": "2027-01-01", "quantity": "12", "price": "",
           "price_is": "all", "months": "1", "step": "save"}  # fmt: skip
    assert client.post(found["edit"], cut).status_code == 302
    assert list(Line.objects.current().values_list("auto_renews", flat=True)) == [False, False]
    assert page().count("Ends unless it is renewed.") == 1, "a line that goes on as another says nothing of its end"


def due_in_2029() -> list[Any]:
    found = renewals.due_in(date(2029, 1, 1), date(2029, 1, 2), Q(), on=date(2026, 3, 2))
    return [(one.customer_id, one.arr, one.lines) for one in found]
