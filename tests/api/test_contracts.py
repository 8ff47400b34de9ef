"""One contract over the API: the page's rows for who may see it, and nothing for anybody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from tests.aids import signed_in
from tests.api.conftest import Caller
from tests.contracts.books import customers, keep, line, own
from tests.reports.live_sums import kept

from perennial.contracts import amending
from perennial.contracts.models import Contract, Line
from perennial.kernel.journal.models import JournalEntry
from perennial.kernel.organisation.models import Organisation


def test_a_contract_comes_with_lines_amendments_and_time_line(
    member: Callable[..., int], call: Callable[..., Caller], now: datetime
) -> None:
    Organisation.objects.update(as_of_on="2026-03-02")
    csm = member("csm", name="Wei")
    customer = customers("A", at=now)["A"]
    own(customer, csm, now)
    keep([line("1", customer, "2026-01-01", "2027-01-01", 1_000_00, quantity=10, product="core", tax_rate="0.06",
               amount_includes_tax=True, auto_renews=True, notice_on=date(2026, 11, 30))], at=now,
         on="2026-03-02")  # fmt: skip
    first = Line.objects.current().get()
    change = amending.Terms(on=date(2026, 5, 1), quantity=15)
    amending.amend(first.fact, change, seen=first.pk, by=csm, at=now)
    told: dict[str, Any] = call(csm).json(f"/contracts/{first.contract_id}")
    assert (told["number"], told["kind"], told["as_of"]) == ("1", "order", "2026-03-02")
    one, other = told["lines"]
    assert (one["amount"], one["mrr"], one["ends_on"]) == ("1000.00", "943.40", "2026-05-01")
    assert (other["amount"], other["renewal_of"], other["mrr"]) == ("1500.00", str(first.fact), None)
    assert [(row["auto_renews"], row["at_end"]) for row in (one, other)] == [(True, None), (True, "unless_notice")]
    assert one["former"][0]["ends_on"] == "2027-01-01"
    assert [(row["change"], row["on"], row["by"]) for row in told["amendments"]] == [("terms", "2026-05-01", "Wei")]
    assert [(row["on"], row["what"]) for row in told["timeline"]] == [
        ("2026-01-01", "line_started"), ("2026-05-01", "amended"), ("2026-05-01", "line_ended"),
        ("2026-05-01", "line_started"), ("2027-01-01", "line_ended"),
    ]  # fmt: skip
    for role in ("csm", "reader"):
        assert call(member(role)).get(f"/contracts/{first.contract_id}").status_code in {403, 404}
    assert call(member()).get("/contracts/999999").status_code == 404
    assert call(member()).get(f"/contracts/{2**64}").status_code == 404
    answer = signed_in(csm).post(f"/contracts/{first.contract_id}/export", {"format": "xlsx"})
    rows = kept(answer.content)
    assert [(row[0], row[2], row[3], row[16]) for row in rows] == [("core", 10, 1000, 943.4), ("core", 15, 1500, None)]
    assert JournalEntry.objects.filter(kind="contract.exported").count() == 1
    assert signed_in(member("csm")).post(f"/contracts/{first.contract_id}/export", {"format": "csv"}).status_code == 404
    assert Contract.objects.count() == 1
