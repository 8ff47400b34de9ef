"""The list of bad input, through a file and the form alike: a clear answer for the row, nothing half-written."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.aids import signed_in
from tests.contracts.books import keep, line
from tests.integrations.imported import bring_in, counts, quality, rejections
from tests.pages.customer_file import place

from perennial.contracts.actions import rebuild_movements
from perennial.contracts.models import Contract, Line, Movement
from perennial.kernel.organisation.models import Organisation

__all__ = ["place"]
MAPPING = """source: crm
tables:
  - {file: accounts.csv, kind: customers, columns: {external_id: id, name: name}}
  - file: lines.csv
    kind: contracts
    constants: {amount_months: 12}
    end_is: day_after
    columns:
      {external_id: id, customer: account, contract: contract, product: product, amount: amount, currency: cur,
       renewal_of: renews, corrects: corrects, notice_on: notice,
       starts_on: {column: start, format: {kind: date, order: year_first}},
       ends_on: {column: end, format: {kind: date, order: year_first}}}
"""
HEAD = "id,account,contract,product,amount,cur,start,end,renews,corrects,notice\n"


@pytest.fixture
def file(home: Path, organisation: None, tmp_path: Path, now: datetime) -> Any:
    """Return a maker: bring in a good line of product core in 2026 and one more row; tell what became of the row."""

    def make(row: str, *more: str) -> dict[str, Any]:
        folder = tmp_path / "files"
        folder.mkdir()
        (folder / "accounts.csv").write_text("id,name\nA1,Alpha\n", encoding="utf-8")
        rows = ["L1,A1,C1,core,12000,USD,2026-01-01,2027-01-01,,,", *more, row]
        (folder / "lines.csv").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
        number = bring_in(folder, MAPPING, at=now)
        said = [(one.reason, one.row) for one in rejections(number)]
        rebuild_movements(on=date(2026, 3, 2))
        return {"kept": counts(number)["contracts"]["new"], "said": said, "quality": quality(number)}

    return make


@pytest.fixture
def form(place: dict[str, Any], now: datetime) -> Any:
    """Return a sender of the form of a new line beside a line of product core in 2026; it answers what was said."""
    keep([line("1", place["id"], "2026-01-01", "2027-01-01", 1_000_00, quantity=10, product="core")], at=now,
         on="2026-03-02")  # fmt: skip
    kept = Line.objects.current().get()

    def send(step: str = "save", **typed: str) -> tuple[int, str]:
        sent = {"fact": "11111111-1111-4111-8111-111111111111", "kind": "recurring", "product_id": str(kept.product_id),
                "price": "12000", "price_is": "all", "months": "12", "currency": "USD", "starts_on": "2027-01-01",
                "ends_on": "2027-12-31", "step": step} | typed  # fmt: skip
        answer = signed_in(place["csm"]).post(f"/contracts/{kept.contract_id}/lines/new", sent)
        return answer.status_code, answer.content.decode()

    return send


# (what it is, the row of a file, what is said of it, the same typed, what is said of that)
REFUSED = [
    ("end before start", "L2,A1,C2,core,100,USD,2027-01-01,2026-12-30,,,", "The end lies before the start",
     {"ends_on": "2026-12-30"}, "before it starts"),
    ("negative, corrects nothing: other days", "L2,A1,C2,core,-100,USD,2027-01-01,2027-06-01,,,",
     "takes something back", {"price": "-100", "ends_on": "2027-05-31"}, "takes something back"),
    ("negative, corrects nothing: other product", "L2,A1,C2,shell,-100,USD,2026-02-01,2026-06-01,,,",
     "takes something back", {"price": "-100", "product_id": "", "starts_on": "2026-02-01", "ends_on": "2026-05-31"},
     "takes something back"),
    ("negative, names what is not there", "L2,A1,C2,core,-100,USD,2026-02-01,2026-06-01,,L9,", "takes something back",
     {"price": "-100", "starts_on": "2026-02-01", "ends_on": "2026-05-31",
      "corrects": "99999999-9999-4999-8999-999999999999"}, "Select a valid choice"),
    ("unknown currency", "L2,A1,C2,core,100,XQQ,2027-01-01,2028-01-01,,,", "no ISO 4217",
     {"currency": "XQQ"}, "no ISO 4217"),
    ("missing rate", "L2,A1,C2,core,100,EUR,2027-01-01,2028-01-01,,,", "No exchange rate",
     {"currency": "EUR"}, "no exchange rate"),
    ("renewal of itself", "L2,A1,C2,core,100,USD,2027-01-01,2028-01-01,L2,,", "cannot renew itself",
     {"renewal_of": "11111111-1111-4111-8111-111111111111"}, "Select a valid choice"),
    ("a term of more than 40 years", "L2,A1,C2,core,100,USD,1990-01-01,2030-01-02,,,", "more than 40 years",
     {"starts_on": "2027-01-01", "ends_on": "2067-01-01"}, "more than 40 years"),
    ("0 decimals", "L2,A1,C2,core,100.5,JPY,2027-01-01,2028-01-01,,,", "More decimals than JPY",
     {"currency": "JPY", "price": "100.5"}, "JPY has 0 decimals"),
    ("3 decimals", "L2,A1,C2,core,100.1234,KWD,2027-01-01,2028-01-01,,,", "More decimals than KWD",
     {"currency": "KWD", "price": "100.1234"}, "KWD has 3 decimals"),
    ("29 February of no leap year", "L2,A1,C2,core,100,USD,2027-02-29,2028-01-01,,,", "does not exist",
     {"starts_on": "2027-02-29"}, "Enter a valid date"),
    ("notice after the end", "L2,A1,C2,core,100,USD,2027-01-01,2028-01-01,,,2028-01-01", "Notice is given before",
     {"notice_on": "2028-01-01"}, "Notice is given before"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "said"), [one[1:3] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_a_row_of_a_file_is_refused_with_the_reason_and_the_others_stay(file: Any, row: str, said: str) -> None:
    told = file(row)
    assert (told["kept"], [at for _said, at in told["said"]]) == (1, [3])
    assert said in told["said"][0][0]
    assert Line.objects.count() == 1
    assert not Contract.objects.filter(number="C2", lines__isnull=False).exists()


@pytest.mark.parametrize(("typed", "said"), [one[3:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_the_form_refuses_the_same_with_a_reason_and_writes_nothing(
    form: Any, typed: dict[str, str], said: str
) -> None:
    before = (Line.objects.count(), Contract.objects.count(), list(Movement.objects.values_list("on", "numerator")))
    status, page = form(**typed)
    assert (status, said in page) == (422, True)
    assert (
        Line.objects.count(),
        Contract.objects.count(),
        list(Movement.objects.values_list("on", "numerator")),
    ) == before


def test_two_lines_with_one_id_are_a_conflict_and_two_contracts_with_one_number_are_refused(
    file: Any, place: dict[str, Any]
) -> None:
    told = file("L1,A1,C1,core,999,USD,2026-01-01,2027-01-01,,,")
    assert "stands in row" in told["said"][0][0]
    assert Line.objects.current().get(external_id="L1").amount == 12_000_00
    sent = {"number": "C1", "paper_kind": "order", "kind": "recurring", "price": "1", "price_is": "all", "months": "12",
            "currency": "USD", "starts_on": "2027-01-01", "step": "save"}  # fmt: skip
    answer = signed_in(place["admin"]).post(f"/customers/{place['key']}/contracts/new", sent)
    assert "A contract with this number is known already." in answer.content.decode()
    assert Contract.objects.count() == 1


def test_overlaps_and_gaps_of_a_day_are_kept_and_told(file: Any, form: Any) -> None:
    told = file("L2,A1,C2,core,12000,USD,2026-12-01,2027-06-01,,,", "L3,A1,C3,core,12000,USD,2027-06-02,2028-06-01,,,")
    assert (told["kept"], told["said"]) == (3, [])
    assert (told["quality"]["overlapping_contracts"], told["quality"]["small_gaps"]) == (1, 1)
    assert "both count" in form("look", starts_on="2026-12-01")[1]
    assert "MRR leaves and comes back" in form("look", starts_on="2027-01-02")[1]


def test_29_february_and_the_days_on_which_clocks_change_are_days_like_others(file: Any, form: Any) -> None:
    Organisation.objects.update(timezone="Europe/Berlin")
    told = file("L2,A1,C2,leap,1200,USD,2028-02-29,2029-02-28,,,", "L3,A1,C3,clock,1200,USD,2026-03-29,2026-10-25,,,")
    assert (told["kept"], told["said"]) == (3, [])
    assert Line.objects.get(external_id="L2").starts_on == date(2028, 2, 29)
    days = Movement.objects.filter(customer__external_ids__external_id="A1").order_by("on").values_list("on", flat=True)
    assert [day.isoformat() for day in days if day.isoformat() in {"2026-03-29", "2026-10-25", "2028-02-29"}] == [
        "2026-03-29", "2026-10-25", "2028-02-29",
    ]  # fmt: skip
    page = form("look", starts_on="2028-02-29", ends_on="2029-02-27", product_id="")[1]
    assert "29 Feb 2028" in page


def test_a_red_line_keeps_what_it_corrects_in_file_and_form(file: Any, form: Any) -> None:
    typed = Line.objects.current().get()
    assert form(price="-100", starts_on="2026-02-01", ends_on="2026-05-31")[0] == 302
    assert Line.objects.current().get(amount=-100_00, source="typed").corrects == typed.fact
    told = file("L2,A1,C2,core,-120,USD,2026-02-01,2026-06-01,,L1,", "L3,A1,C3,core,12000,USD,2026-01-01,2027-01-01,,,")
    assert (told["kept"], told["said"]) == (3, [])
    one = Line.objects.get(external_id="L1")
    assert Line.objects.get(external_id="L2").corrects == one.fact


def test_of_several_lines_the_form_asks_which_one_a_red_line_corrects(form: Any, place: dict[str, Any]) -> None:
    assert form(fact="22222222-2222-4222-8222-222222222222", starts_on="2026-06-01", ends_on="2027-05-31")[0] == 302
    sent = {"price": "-100", "starts_on": "2026-07-01", "ends_on": "2026-07-31"}
    status, page = form(**sent)
    assert (status, "choose the one that it takes back" in page) == (422, True)
    wanted = Line.objects.current().get(source="typed")
    assert form(**sent, corrects=str(wanted.fact))[0] == 302
    assert Line.objects.current().get(amount=-100_00).corrects == wanted.fact
    status, page = form(fact="33333333-3333-4333-8333-333333333333", corrects=str(wanted.fact))
    assert (status, "Only a negative line" in page) == (422, True)
