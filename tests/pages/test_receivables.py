"""The page of receivables: buckets equal to the list, a payment matched to many and taken back, a file that adds up."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from tests.aids import signed_in
from tests.contracts.books import customers, own
from tests.contracts.test_collecting import fact, step
from tests.reports.live_sums import computed

from perennial.contracts import collecting, nodes
from perennial.contracts.actions import write_contracts, write_receivables
from perennial.contracts.calculations.receipts import Bucket
from perennial.contracts.models import Payment, Settlement
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation.models import Organisation
from perennial.kernel.organisation.queries import house
from perennial.kernel.versions import Incoming
from perennial.members.models import Member
from perennial.reports.receivables import Asked, listed, proposals, unmatched

ON = date(2026, 12, 24)


@pytest.fixture
def place(organisation: None, now: datetime, member: Callable[..., int]) -> dict[str, int]:
    """Ann owns A, Bob owns B; a step in each bucket, the red one beside what is not late."""
    Organisation.objects.update(as_of_on=ON)
    ann, bob = member("csm", name="Ann"), member("csm", name="Bob")
    ids = customers("Acme Ltd", "Beta", at=now)
    own(ids["Acme Ltd"], ann, now)
    own(ids["Beta"], bob, now)
    papers, _ = write_contracts([Incoming("HT-1", {"customer_id": ids["Beta"], "number": "HT-1"})], source="t", at=now)
    plan = [("a0", "Acme Ltd", "2026-12-24", 100_00), ("a1", "Acme Ltd", "2026-12-23", 200_10),
            ("a31", "Acme Ltd", "2026-11-23", 300_01), ("b61", "Beta", "2026-10-24", 400_00),
            ("b91", "Beta", "2026-09-24", 500_00), ("red", "Beta", "2026-09-24", -50_00)]  # fmt: skip
    rows = [Incoming(key, {"customer_id": ids[name], "due_on": date.fromisoformat(due), "amount": amount,
                           "contract_id": papers["HT-1"] if name == "Beta" else None, "currency": "USD",
                           "node": "legal" if key == "a31" else ""}) for key, name, due, amount in plan]  # fmt: skip
    write_receivables(rows, source="test", at=now)
    paid = {"amount": 450_00, "currency": "USD", "received_on": ON}
    collecting.write_payments([Incoming("acme", {**paid, "customer_id": None, "payer": "ACME  Ltd."}),
                               Incoming("beta", {**paid, "customer_id": ids["Beta"], "contract_number": "ht-1"})],
                              source="bank", at=now)  # fmt: skip
    return {"ann": ann, "bob": bob, "admin": member("admin"), **ids}


def of(who: int) -> Member:
    return Member.objects.get(id=who)


def test_buckets_are_the_sums_of_the_rows_that_each_lists_to_the_cent(place: dict[str, int]) -> None:
    whole = listed(of(place["admin"]), Asked(), place=house(), on=ON)
    assert whole.sums == {Bucket.NOT_DUE: 50_00, Bucket.TO_30: 200_10, Bucket.TO_60: 300_01, Bucket.TO_90: 400_00,
                          Bucket.OVER_90: 500_00}  # fmt: skip
    assert whole.total == sum(whole.sums.values()) == 1450_11
    for bucket in Bucket:
        only = listed(of(place["admin"]), Asked(buckets=frozenset({bucket})), place=house(), on=ON)
        assert (only.total, len(only.rows)) == (whole.sums[bucket], whole.counts[bucket])
    assert listed(of(place["admin"]), Asked(node="legal"), place=house(), on=ON).total == 300_01


def test_a_member_sees_the_steps_and_payments_of_the_own_book_alone(place: dict[str, int]) -> None:
    assert listed(of(place["ann"]), Asked(), place=house(), on=ON).total == 600_11
    assert unmatched(of(place["ann"])) == []  # whose payment it is, nobody knows: who sees everything does
    assert [one.payer for one in unmatched(of(place["bob"]))] == ["Beta"]
    assert len(unmatched(of(place["admin"]))) == 2
    page = signed_in(place["ann"]).get("/receivables").content.decode()
    assert "Acme Ltd" in page
    assert "Beta" not in page
    for address in (f"steps/{fact('b91')}", f"payments/{Payment.objects.get(external_id='beta').fact}"):
        assert signed_in(place["ann"]).get(f"/receivables/{address}").status_code == 404
        assert signed_in(place["bob"]).get(f"/receivables/{address}").status_code == 200


def test_a_payment_is_proposed_for_its_payer_and_contract_the_earliest_due_first(place: dict[str, int]) -> None:
    admin = of(place["admin"])
    rows = listed(admin, Asked(), place=house(), on=ON).rows
    told = {
        one.payment.external_id: [(p.step, p.amount) for _row, p in proposals(one, rows)] for one in unmatched(admin)
    }
    assert told == {"acme": [(fact("a31"), 300_01), (fact("a1"), 149_99), (fact("a0"), 0)],
                    "beta": [(fact("b91"), 450_00), (fact("b61"), 0)]}  # fmt: skip


def test_a_payment_is_matched_to_many_and_taken_back_on_its_page(place: dict[str, int]) -> None:
    client, paid = signed_in(place["admin"]), Payment.objects.get(external_id="acme").fact
    address = f"/receivables/payments/{paid}"
    page = client.get(address).content.decode()
    assert re.findall(r'name="part-[^"]+" value="([\d.]+)"', page) == ["300.01", "149.99"]
    wrong = client.post(address, {f"part-{fact('a1')}": "200.11"})
    assert (wrong.status_code, Settlement.objects.count()) == (422, 0)
    assert 'value="200.11"' in wrong.content.decode()  # what was typed stays
    parts = {f"part-{fact('a31')}": "300.01", f"part-{fact('b61')}": "100", f"part-{fact('a0')}": ""}
    assert client.post(address, parts).status_code == 302
    assert (step("a31").owed(ON), step("b61").owed(ON)) == (0, 300_00)
    assert "49.99" in client.get(address).content.decode()
    assert set(JournalEntry.objects.filter(kind="payment.matched").values_list("customer_id", flat=True)) == {
        place["Acme Ltd"], place["Beta"]}  # fmt: skip
    made = Settlement.objects.current().get(step=fact("a31")).fact
    back = {"settlement": str(made), "payment": str(paid)}
    assert signed_in(place["bob"]).post("/receivables/take-back", back).status_code == 302
    assert step("a31").owed(ON) == 0  # not Bob's
    assert client.post("/receivables/take-back", back).headers["Location"] == address
    assert step("a31").owed(ON) == 300_01


def test_a_step_is_written_off_with_a_reason_and_its_contract_gets_credit_days(place: dict[str, int]) -> None:
    client, address = signed_in(place["bob"]), f"/receivables/steps/{fact('b91')}"
    assert client.post(address, {"what": "off", "amount": "500", "reason": ""}).status_code == 422
    assert client.post(address, {"what": "off", "amount": "120.50", "reason": "insolvent"}).status_code == 302
    assert "379.50" in client.get(address).content.decode()
    assert client.post(address, {"what": "credit", "days": "91"}).status_code == 302
    assert step("b91").late_days(ON) == 0
    assert client.post(address, {"what": "credit", "days": "x"}).status_code == 422


def test_the_file_adds_up_and_says_its_basis(place: dict[str, int]) -> None:
    answer = signed_in(place["admin"]).post("/receivables/export?late=late", {"format": "xlsx"})
    book = openpyxl.load_workbook(BytesIO(answer.content))
    assert book.worksheets[0].cell(6, 10).value == "=SUM(J2:J5)"
    assert [row[9] for row in computed(answer.content)] == [500, 400, 300.01, 200.1, Decimal("1400.11")]
    assert "with tax" in str(book.worksheets[1].cell(1, 2).value)


@pytest.mark.parametrize("role", ["csm", "admin"])
def test_an_empty_house_says_what_belongs_here(organisation: None, member: Callable[..., int], role: str) -> None:
    assert "No receivables yet" in signed_in(member(role)).get("/receivables").content.decode()


def test_a_step_is_moved_undone_and_the_second_of_two_editors_is_told(place: dict[str, int]) -> None:
    client, one = signed_in(place["ann"]), fact("a31")
    address = f"/receivables/steps/{one}"
    page = client.get(address).content.decode()
    seen = re.findall(r'name="seen" value="(\d+)"', page)[0]
    assert 'value="seal" selected' in page  # what follows legal
    sent = {"what": "move", "seen": seen, "node": "seal", "since": "2026-12-20", "holder": "Wang Qiang"}
    assert client.post(address, {**sent, "since": "2026-12-25"}).status_code == 422
    assert client.post(address, {**sent, "since": "soon"}).status_code == 422
    assert client.post(address, sent).status_code == 302
    page = client.get(address).content.decode()
    assert "Wang Qiang" in page
    assert "data-undo" in page
    late = client.post(address, {**sent, "node": "payment"})
    assert late.status_code == 422
    assert "Somebody else changed this step meanwhile" in late.content.decode()
    assert step("a31").node == "seal"
    entry = JournalEntry.objects.get(kind="receivable.moved")
    assert signed_in(place["bob"]).post(f"/receivables/undo/{entry.pk}").status_code == 404
    assert client.post(f"/receivables/undo/{entry.pk}", headers={"HX-Request": "true"}).status_code == 204
    assert step("a31").node == "legal"
    assert signed_in(place["bob"]).post(address, sent).status_code == 404


def test_an_invoice_is_asked_for_issued_and_taken_back_on_its_pages(place: dict[str, int]) -> None:
    client, one = signed_in(place["bob"]), fact("b91")
    new = f"/receivables/steps/{one}/invoice"
    assert signed_in(place["ann"]).get(new).status_code == 404
    page = client.get(new).content.decode()
    assert re.findall(r'name="part-[^"]+" value="([\d.-]*)"', page)[0] == "500.00"
    sent = {f"part-{one}": "500", f"part-{fact('b61')}": "400", "kind": "special", "tax": "6", "what": "asked"}
    wrong = client.post(new, {**sent, f"part-{one}": "500.01"})
    assert (wrong.status_code, "not yet invoiced" in wrong.content.decode()) == (422, True)
    invoice = client.post(new, sent).headers["Location"]
    page = client.get(invoice).content.decode()
    assert "$849.06" in page  # 900 at 6 %
    seen = re.findall(r'name="seen" value="(\d+)"', page)[0]
    issued = {"what": "issue", "seen": seen, "number": "0001", "issued_on": "2026-12-24"}
    assert client.post(invoice, {**issued, "number": " "}).status_code == 422
    assert client.post(invoice, issued).status_code == 302
    assert step("b91").invoiced(ON) == 500_00
    assert "Somebody else" in client.post(invoice, {"what": "void", "seen": seen}).content.decode()
    seen = re.findall(r'name="seen" value="(\d+)"', client.get(invoice).content.decode())[0]
    red = {"what": "red", "seen": seen, "number": "R1", "issued_on": "2026-12-24", f"part-{one}": "100"}
    assert client.post(invoice, red).status_code == 302
    assert step("b91").invoiced(ON) == 400_00
    assert signed_in(place["ann"]).get(invoice).status_code == 404


def test_a_payment_is_recorded_for_a_customer_and_stands_as_prepaid_until_it_is_matched(place: dict[str, int]) -> None:
    client = signed_in(place["bob"])
    key = listed(of(place["bob"]), Asked(), place=house(), on=ON).rows[0].customer.key
    new = f"/customers/{key}/payments/new"
    assert signed_in(place["ann"]).get(new).status_code == 404
    sent = {"amount": "1,200.50", "currency": "usd", "received_on": "2026-12-20", "payer": "Beta Group"}
    for wrong in ({"amount": "x"}, {"received_on": ""}, {"amount": "0"}, {"received_on": "2026-12-25"}):
        assert client.post(new, {**sent, **wrong}).status_code == 422
    payment = client.post(new, sent).headers["Location"]
    assert "Beta Group" in client.get(payment).content.decode()
    tab = client.get(f"/customers/{key}?tab=contracts").content.decode()
    assert "Prepaid, for no step yet: $1,650.50" in tab  # with the 450 of the bank
    entry = JournalEntry.objects.get(kind="payment.written")
    gone = client.post(f"/receivables/undo/{entry.pk}", headers={"HX-Request": "true"})
    assert gone.headers["HX-Redirect"] == "/receivables"  # the payment's page is gone
    assert client.get(payment).status_code == 404


def test_the_list_shows_what_is_longer_at_its_node_than_usual(place: dict[str, int], now: datetime) -> None:
    rows = [Incoming(f"old{n}", {"customer_id": place["Beta"], "due_on": ON, "amount": 1, "currency": "USD",
                                 "node": "legal", "node_since_on": date(2026, 6, 1)}) for n in range(5)]  # fmt: skip
    write_receivables(rows, source="test", at=now)
    ended = [Incoming(one.external_id, {**one.values, "node": "seal", "node_since_on": date(2026, 6, 8),
                                        "received_on": date(2026, 6, 9)}) for one in rows]  # fmt: skip
    write_receivables(ended, source="test", at=now)
    known = {"customer_id": place["Acme Ltd"], "due_on": date(2026, 11, 23), "amount": 300_01, "currency": "USD"}
    moved = Incoming("a31", {**known, "node": "legal", "node_since_on": date(2026, 12, 10), "node_holder": "Li"})
    write_receivables([moved], source="test", at=now)
    nodes.learn(ON)
    found = listed(of(place["admin"]), Asked(is_over=True), place=house(), on=ON)
    assert [(row.step.fact, row.wait.days, row.wait.over) for row in found.rows] == [(fact("a31"), 14, 7)]
    page = signed_in(place["ann"]).get("/receivables?over=1").content.decode()
    assert "7 days over the usual" in page
    assert "Li" in page


def test_a_payment_that_is_probably_known_is_decided_upon_on_its_page(place: dict[str, int], now: datetime) -> None:
    told = {"customer_id": place["Beta"], "amount": 450_00, "currency": "USD", "received_on": ON - timedelta(days=2)}
    collecting.write_payments([Incoming("again", told)], source="other bank", at=now)
    fact = Payment.objects.get(external_id="again").fact
    client, address = signed_in(place["bob"]), f"/receivables/payments/{fact}"
    assert "Probably the same payment twice" in client.get("/receivables").content.decode()
    assert len(unmatched(of(place["bob"]))) == 1, "the one known before alone is a prepayment"
    page = client.get(address).content.decode()
    assert "Two payments" in page and "counts nowhere" in page and "Match to steps" not in page
    for who in ("ann", "admin"):
        other = signed_in(place[who]).post(f"{address}/same/two")
        assert other.status_code == (302 if who == "admin" else 404)
    assert len(unmatched(of(place["bob"]))) == 2
    assert "Match to steps" in client.get(address).content.decode()
    assert client.post(f"{address}/same/open").status_code == 302
    assert client.post(f"{address}/same/one").status_code == 302
    assert "The same payment as one known before" in client.get(address).content.decode()
    assert "Probably the same payment twice" not in client.get("/receivables").content.decode()
    assert len(unmatched(of(place["bob"]))) == 1
    assert client.post(f"{address}/same/maybe").status_code == 404
