"""What the wizard shows of files, and asks: how they are read, what amounts and ends mean, two kinds in one table."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from tests.aids import signed_in
from tests.integrations.messy import chinese_list, english_workbook
from tests.pages.importing import form_of, taken_in, text, upload, work

from perennial.contracts.models import Line
from perennial.customers.models import Customer
from perennial.integrations.imports.models import Import, ImportState

pytestmark = pytest.mark.usefixtures("home")
TITLED = "list,,\nid,name,city\nkey,label,town\n1,Äpfel,Köln\n2,Birnen,Bonn\n".encode("latin-1")
LINES = (
    "account_id,plan,price,seats,start,end\nC1,Pro,12.5,40,2024-02-05,2025-02-04\nC2,Pro,10,1,2024-03-01,2025-02-28\n"
)
OPEN = "account_id,plan,amount,start,end\nC1,Pro,1200,2024-02-05,2024-09-17\nC2,Pro,600,2024-03-01,2024-11-03\n"


@pytest.fixture
def admin(member: Callable[..., int]) -> Client:
    return signed_in(member("admin"))


def read_so(client: Client, import_id: int, **said: str) -> str:
    answer = client.post(f"/import/{import_id}/files", said)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/import/{import_id}/files")
    work()
    return text(client, f"/import/{import_id}/files")


def saved(client: Client, import_id: int, **said: str) -> str:
    form = form_of(text(client, f"/import/{import_id}/mapping"))
    answer = client.post(f"/import/{import_id}/mapping", form | said)
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    return answer.headers["Location"]


def test_the_first_rows_are_shown_with_what_was_found(admin: Client) -> None:
    page = text(admin, f"/import/{taken_in(admin, {'list.csv': TITLED})}/files")
    assert "as found: Windows-1252" in page and "as found: Comma" in page
    assert '<tr class="is-above"><th scope="row" class="num">1</th><td>list</td>' in page
    assert '<tr class="is-header"><th scope="row" class="num">2</th><td>id</td><td>name</td>' in page
    assert "Äpfel" in page and "Rows above the header, left out: 1." in page


def test_a_file_is_read_as_a_person_says_and_its_table_proposed_anew(admin: Client) -> None:
    import_id = taken_in(admin, {"list.csv": TITLED})
    page = read_so(admin, import_id, file="list.csv", encoding="latin-1", delimiter="comma", h0="3")
    assert '<tr class="is-header"><th scope="row" class="num">3</th><td>key</td>' in page
    assert '<option value="latin-1" selected>' in page and '<option value="3" selected>' in page
    mapping = Import.objects.get(id=import_id).mapping
    assert mapping["reading"] == [{"file": "list.csv", "encoding": "latin-1", "delimiter": "comma"},
                                  {"file": "list.csv", "header": 3}]  # fmt: skip
    assert mapping["tables"][0]["keep"] == ["town"]
    back = read_so(admin, import_id, file="list.csv", encoding="found", delimiter="found", h0="found")
    assert '<tr class="is-header"><th scope="row" class="num">2</th><td>id</td>' in back
    assert "reading" not in Import.objects.get(id=import_id).mapping


def test_what_was_said_of_a_file_is_used_by_check_and_publish(admin: Client) -> None:
    import_id = taken_in(admin, {"customers.csv": "x,y\ncustomer id,name\nC1,Acme\n"})
    read_so(admin, import_id, file="customers.csv", h0="2")
    assert saved(admin, import_id, check="1").endswith("/check")
    work()
    admin.post(f"/import/{import_id}/publish")
    work()
    assert list(Customer.objects.values_list("name", flat=True)) == ["Acme"]


def test_only_the_file_that_is_read_anew_is_proposed_anew(admin: Client) -> None:
    import_id = taken_in(admin, {"customers.csv": "customer id,name,city\nC1,Acme,Bonn\n", "list.csv": TITLED})
    saved(admin, import_id, **{"t0-2-target": ""})
    kept = Import.objects.get(id=import_id).mapping["tables"][0]
    read_so(admin, import_id, file="list.csv", h0="2-3")
    tables = Import.objects.get(id=import_id).mapping["tables"]
    assert tables[0] == kept
    assert tables[1]["columns"]["external_id"]["column"] == "id / key"


def test_a_text_that_could_not_be_read_may_be_read_otherwise(admin: Client) -> None:
    mixed = "id,名称\n1,华东\n".encode() + "2,华南\n3,华北\n".encode("gb18030")
    import_id = taken_in(admin, {"mixed.csv": mixed})
    page = text(admin, f"/import/{import_id}/files")
    assert "in another encoding than before" in page and 'name="encoding"' in page
    refused = read_so(admin, import_id, file="mixed.csv", encoding="utf-8")
    assert "From this line on the text is not in the encoding utf-8." in refused
    assert '<option value="utf-8" selected>' in refused
    assert "On to the mapping" in read_so(admin, import_id, file="mixed.csv", encoding="latin-1")


def test_sheets_are_chosen_a_hidden_one_too(admin: Client, tmp_path: Path) -> None:
    book = english_workbook(tmp_path)
    import_id = taken_in(admin, {book.name: book.read_bytes()})
    page = text(admin, f"/import/{import_id}/files")
    assert re.search(r'name="s3"> <bdi>Old prices</bdi> <span class="muted small">left out', page)
    page = read_so(admin, import_id, file=book.name, sheets="1", s0="on", s1="on", s3="on")
    assert re.search(r'name="s3" checked> <bdi>Old prices', page) and re.search(r'name="s2"> <bdi>Notes', page)
    said = Import.objects.get(id=import_id).mapping["reading"]
    assert [(rule["sheet"], rule["take"]) for rule in said] == [("Notes", False), ("Old prices", True)]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"file": "other.csv", "encoding": "utf-8"},
        {"file": "list.csv", "encoding": "rot13", "delimiter": "x", "h0": "0"},
        {"file": "list.csv", "h0": "9999"},
        {"file": "list.csv", "h0": "1-2-3"},
        {"file": "list.csv", "h0": "<script>"},
    ],
)
def test_what_cannot_be_said_of_a_file_changes_nothing(said: dict[str, str], admin: Client) -> None:
    import_id = taken_in(admin, {"list.csv": TITLED})
    before = Import.objects.get(id=import_id).mapping
    read_so(admin, import_id, **said)
    assert Import.objects.get(id=import_id).mapping == before


def test_nobody_reads_a_file_otherwise_while_it_is_worked_on(admin: Client) -> None:
    import_id = taken_in(admin, {"list.csv": TITLED})
    admin.post(f"/import/{import_id}/check")
    answer = admin.post(f"/import/{import_id}/files", {"file": "list.csv", "h0": "3"}, follow=True)
    assert "This import is being worked on." in answer.content.decode()
    assert "asked" not in Import.objects.get(id=import_id).findings


def test_amounts_and_ends_that_nobody_can_know_are_asked_with_what_each_answer_makes(admin: Client) -> None:
    import_id = taken_in(admin, {"lines.csv": OPEN})
    page = text(admin, f"/import/{import_id}/mapping")
    assert "What is the amount of a line for?" in page and "What does the end date mean?" in page
    assert "→ CN¥1,200.00 a month" in page.replace("\xa0", "") or "1,200.00 a month" in page
    assert "5 Feb 2024 – 17 Sep 2024: 226 days" in page and "5 Feb 2024 – 16 Sep 2024: 225 days" in page
    assert saved(admin, import_id, check="1").endswith("/mapping")
    assert "Say what the amounts are for and what the end means" in text(admin, f"/import/{import_id}/mapping")
    said = {"t0-amount_is": "12", "t0-end_is": "last_day", "check": "1"}
    assert saved(admin, import_id, **said).endswith("/check")
    table = Import.objects.get(id=import_id).mapping["tables"][0]
    assert (table["constants"], table["end_is"]) == ({"amount_months": "12"}, "last_day")


def test_a_price_beside_seats_may_be_for_one_of_them(admin: Client) -> None:
    admin_customers = "customer id,name\nC1,Acme\nC2,Beta\n"
    import_id = taken_in(admin, {"customers.csv": admin_customers, "lines.csv": LINES})
    page = text(admin, f"/import/{import_id}/mapping")
    assert "Is that for the whole quantity of a line, or for one of it?" in page
    assert "C1: 40 cost" in page and "500.00 together" in page and "12.50 together" in page
    assert saved(admin, import_id, **{"t1-amount_is": "1", "check": "1"}).endswith("/mapping")
    assert saved(admin, import_id, **{"t1-amount_per": "unit", "check": "1"}).endswith("/check")
    work()
    admin.post(f"/import/{import_id}/publish")
    work()
    assert sorted(Line.objects.values_list("amount", "quantity", "amount_months")) == [(1_000, 1, 1), (50_000, 40, 1)]


def test_the_end_is_settled_by_the_rows_once_its_dates_are_known(admin: Client) -> None:
    lines = "account_id,mrr,start,end\nC1,10,05/02/2024,04/02/2025\nC2,10,01/03/2024,28/02/2025\n"
    odd = taken_in(admin, {"lines.csv": lines.replace("04/02", "09/11").replace("28/02", "03/11")})
    saved(admin, odd, **{"t0-2-reading": "day_first", "t0-3-reading": "day_first"})
    assert "end_is" not in Import.objects.get(id=odd).mapping["tables"][0]
    clear = taken_in(admin, {"lines.csv": lines})
    assert "end_is" not in Import.objects.get(id=clear).mapping["tables"][0]
    saved(admin, clear, **{"t0-2-reading": "day_first"})
    assert Import.objects.get(id=clear).mapping["tables"][0]["end_is"] == "last_day"


def test_rows_that_would_be_refused_are_told_before_the_check(admin: Client, tmp_path: Path) -> None:
    path = chinese_list(tmp_path)
    import_id = taken_in(admin, {path.name: path.read_bytes()})
    page = text(admin, f"/import/{import_id}/mapping")
    assert "Of the first 6 rows, 5 would be taken." in page and "“面议” is not a sum of money." in page
    assert "All of the first 6 rows would be taken." in page
    assert "“面议”. Its row will be left out." in page
    assert '<bdi class="muted">12.5</bdi> → <bdi>125,000</bdi>' in page


def test_a_table_may_hold_two_kinds_at_once(admin: Client) -> None:
    import_id = taken_in(admin, {"people.csv": "customer id,contact name,email\nC1,Ann,a@b.c\n"})
    saved(admin, import_id, also="0")
    page = text(admin, f"/import/{import_id}/mapping")
    assert '<option value="contacts" selected>' in page and '<option value="customers" selected>' in page
    kinds = [table["kind"] for table in Import.objects.get(id=import_id).mapping["tables"]]
    assert kinds == ["contacts", "customers"]


def test_the_same_mapping_sent_late_takes_no_check_back(admin: Client) -> None:
    import_id = taken_in(admin, {"customers.csv": "customer id,name\nC1,Acme\n"})
    form = form_of(text(admin, f"/import/{import_id}/mapping"))
    admin.post(f"/import/{import_id}/mapping", form | {"check": "1"})
    work()
    admin.post(f"/import/{import_id}/mapping", form)
    assert Import.objects.get(id=import_id).state == ImportState.checked
    admin.post(f"/import/{import_id}/mapping", form | {"source": "other"})
    assert Import.objects.get(id=import_id).state == ImportState.uploaded


def test_a_stranger_has_no_file_read_otherwise(admin: Client, member: Callable[..., int]) -> None:
    import_id = upload(admin, {"list.csv": TITLED})
    work()
    before = Import.objects.values().get(id=import_id)
    answer = signed_in(member("csm")).post(f"/import/{import_id}/files", {"file": "list.csv", "h0": "3"})
    assert answer.status_code == 404
    assert Import.objects.values().get(id=import_id) == before
