"""A team's leader imports what is his team's. What is not is refused in words that say nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.integrations.imported import bring_in, checked, counts, lines, rejections

from perennial.contracts.models import Cancellation, Contract, Line, Receivable
from perennial.customers.models import Contact, Customer, ExternalId, PortfolioRow
from perennial.engagement.models import Touchpoint
from perennial.integrations.imports import looking, queries, work
from perennial.integrations.imports.models import Import, SnapshotRow
from perennial.lake.terms import day_number
from perennial.members.actions import create_team
from perennial.members.models import Member
from perennial.support.models import Ticket
from perennial.team.models import Target
from perennial.usage.lake import definitions, lake
from perennial.voice.models import SurveyAnswer

pytestmark = pytest.mark.usefixtures("home", "organisation")
SECRET, CODE = "Southern Secret", "91310000MA1K35XX6L"
RECORDS = (Customer, ExternalId, PortfolioRow, Contract, Line, Contact, Ticket, SurveyAnswer, Touchpoint, Receivable,
           Cancellation, Target)  # fmt: skip
Give = Callable[..., int]


class House:
    """Two teams: North with its leader and a CSM, South with a CSM; a customer and its facts of each."""

    def __init__(self, member: Callable[..., int], folder: Path, at: datetime) -> None:
        self.folder, self.at = folder, at
        self.north, self.south = (create_team(name=name, by=None, at=at) for name in ("North", "South"))
        self.leader, self.csm = member("leader", team_id=self.north), member("csm", team_id=self.north)
        self.other = member("csm", team_id=self.south)
        self.give(
            "customers", "id,name,csm,code\n"
            f"N1,Northern,{self.mail(self.csm)},\nS1,{SECRET},{self.mail(self.other)},{CODE}\nU1,Unowned,,\n"
            f"N2,Twin,{self.mail(self.csm)},\nS2,Twin,{self.mail(self.other)},\n",
            "external_id: id, name: name, owner_email: csm, credit_code: code", by=None,
        )  # fmt: skip
        self.give(
            "contracts", "id,account,paper,mrr,start\nL-N,N1,K-N,10,2026-01-01\nL-S,S1,K-S,20,2026-01-01\n",
            LINE, by=None,
        )  # fmt: skip

    def mail(self, member_id: int) -> str:
        return Member.objects.get(id=member_id).email

    def give(self, kind: str, rows: str, columns: str, *, by: int | None, publish: bool = True) -> int:
        """Bring rows of a kind in; return the import. Amounts of lines are a month's."""
        more = ", constants: {amount_months: 1}" if kind == "contracts" else ""
        path = self.folder / "rows.csv"
        path.write_text(rows, encoding="utf-8")
        given = f"source: crm\ntables: [{{file: rows.csv, kind: {kind}, columns: {{{columns}}}{more}}}]\n"
        return (bring_in if publish else checked)([path], given, at=self.at, by=by)


LINE = "external_id: id, customer: account, contract: paper, amount: mrr, starts_on: start"


@pytest.fixture
def house(member: Callable[..., int], tmp_path: Path, now: datetime) -> House:
    folder = tmp_path / "given"
    folder.mkdir()
    return House(member, folder, now)


def everything() -> dict[str, list[Any]]:
    """Return every row of every table that an import writes."""
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in RECORDS}


def told(import_id: int) -> list[tuple[str, str, str]]:
    """Return (column, value, reason) of the refused rows."""
    return [(one.column, one.value, one.reason) for one in rejections(import_id)]


KINDS: dict[str, tuple[str, str]] = {
    "contacts": ("id,account,who\n%s,%s,Wang\n", "external_id: id, customer: account, name: who"),
    "contracts": ("id,account,mrr,start\n%s,%s,5,2026-02-01\n",
                  "external_id: id, customer: account, amount: mrr, starts_on: start"),
    "tickets": ("id,account,opened\n%s,%s,2026-02-01\n", "external_id: id, customer: account, opened_at: opened"),
    "surveys": ("id,account,score,day\n%s,%s,9,2026-02-01\n",
                "external_id: id, customer: account, score: score, answered_at: day"),
    "touchpoints": ("id,account,day,text\n%s,%s,2026-02-01,Called\n",
                    "external_id: id, customer: account, happened_at: day, summary: text"),
    "receivables": ("id,account,due,amount\n%s,%s,2026-02-01,5\n",
                    "external_id: id, customer: account, due_on: due, amount: amount"),
    "cancellations": ("id,account,day\n%s,%s,2026-02-01\n", "external_id: id, customer: account, cancelled_on: day"),
}  # fmt: skip
TABLES = {"contacts": Contact, "contracts": Line, "tickets": Ticket, "surveys": SurveyAnswer,
          "touchpoints": Touchpoint, "receivables": Receivable, "cancellations": Cancellation}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_the_team_are_written(kind: str, house: House) -> None:
    found = house.give(kind, KINDS[kind][0] % ("R1", "N1"), KINDS[kind][1], by=house.leader)
    assert counts(found)[kind] == {"new": 1, "changed": 0, "same": 0, "rejected": 0}
    again = house.give(kind, KINDS[kind][0] % ("R1", "N1"), KINDS[kind][1], by=house.leader)
    assert counts(again)[kind] == {"new": 0, "changed": 0, "same": 1, "rejected": 0}


@pytest.mark.parametrize("kind", KINDS)
def test_a_customer_of_another_team_looks_like_one_that_is_not_there(kind: str, house: House) -> None:
    rows, columns = KINDS[kind]
    one = rows.splitlines()[1] + "\n"
    before = everything()
    found = house.give(
        kind, rows % ("R1", "S1") + one % ("R2", "nobody") + one % ("R3", "U1"), columns, by=house.leader
    )
    assert counts(found)[kind] == {"new": 0, "changed": 0, "same": 0, "rejected": 3}
    assert {(column, reason) for column, _value, reason in told(found)} == {("account", YOURS)}
    assert [value for _column, value, _reason in told(found)] == ["S1", "nobody", "U1"]
    assert everything() == before


YOURS = "This is not yours to write. You may import rows of your customers, and add customers that your team owns."


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_of_another_team_does_not_pass_into_this_one_by_its_id(kind: str, house: House) -> None:
    rows, columns = KINDS[kind]
    house.give(kind, rows % ("R1", "S1"), columns, by=None)
    before = everything()
    found = house.give(kind, rows % ("R1", "N1"), columns, by=house.leader)
    assert told(found) == [("id", "R1", YOURS)]
    assert everything() == before
    house.give(kind, rows % ("R1", "N1"), columns, by=None)
    assert TABLES[kind].objects.current().get(external_id="R1").customer_id == of("N1")


def of(external_id: str) -> int:
    return ExternalId.objects.get(source="crm", external_id=external_id).customer_id


def test_a_name_that_two_teams_use_means_the_own_customer(house: House) -> None:
    found = house.give("contacts", f"account,who\nTwin,Li\n{SECRET},Wu\n", "customer_name: account, name: who",
                       by=house.leader)  # fmt: skip
    assert told(found) == [("account", SECRET, YOURS)]
    assert Contact.objects.get().customer_id == of("N2")


def test_the_number_of_another_teams_contract_is_not_taken_over(house: House) -> None:
    before = everything()
    found = house.give("contracts", "id,account,paper,mrr,start\nL1,N1,K-S,5,2026-02-01\n", LINE, by=house.leader)
    assert told(found) == [("paper", "K-S", YOURS)]
    assert everything() == before


@pytest.mark.parametrize("party", ["signing_party", "paying_party", "invoiced_party"])
def test_a_party_of_another_team_looks_like_one_that_is_not_there(party: str, house: House) -> None:
    rows = "id,account,paper,mrr,start,party\nL1,N1,K1,5,2026-02-01,S1\nL2,N1,K2,5,2026-02-01,nobody\n"
    before = everything()
    found = house.give("contracts", rows, f"{LINE}, {party}: party", by=house.leader)
    assert told(found) == [("party", "S1", YOURS), ("party", "nobody", YOURS)]
    assert everything() == before
    own = house.give("contracts", rows.replace("S1", "N2").replace("nobody", "N1"), f"{LINE}, {party}: party",
                     by=house.leader)  # fmt: skip
    assert counts(own)["contracts"]["new"] == 2
    assert getattr(Contract.objects.get(external_id="K1"), f"{party}_id") == of("N2")


def test_frameworks_renewals_and_papers_of_another_team_are_left_empty_as_unknown_ones_are(house: House) -> None:
    rows = "id,account,paper,mrr,start,frame,after\nL1,N1,K1,5,2026-02-01,K-S,L-S\nL2,N1,K2,5,2026-02-01,none,none\n"
    found = house.give("contracts", rows, f"{LINE}, framework: frame, renewal_of: after", by=house.leader)
    assert counts(found)["contracts"] == {"new": 2, "changed": 0, "same": 0, "rejected": 0}
    assert set(Line.objects.filter(customer_id=of("N1")).values_list("renewal_of", flat=True)) == {None}
    assert set(Contract.objects.values_list("framework", flat=True)) == {None}
    view = queries.one(found)
    assert view is not None
    assert view.quality["left_empty"]["count"] == 4
    columns = "external_id: id, customer: account, due_on: due, amount: amount, contract: paper"
    house.give("receivables", "id,account,due,amount,paper\nR1,N1,2026-02-01,5,K-S\n", columns, by=house.leader)
    assert Receivable.objects.get().contract_id is None


def test_a_cancellation_never_ends_another_teams_line(house: House) -> None:
    columns = "external_id: id, customer: account, cancelled_on: day, line: line"
    house.give("cancellations", "id,account,day,line\nC1,N1,2026-02-01,L-S\n", columns, by=house.leader)
    assert Line.objects.current().get(external_id="L-S").cancelled_on is None
    house.give("cancellations", "id,account,day,line\nC2,N1,2026-02-01,L-N\n", columns, by=house.leader)
    assert Line.objects.current().get(external_id="L-N").cancelled_on == date(2026, 2, 1)


CUSTOMER = "external_id: id, name: name, owner_email: csm, credit_code: code, parent_external_id: above"


def test_customers_of_the_team_are_changed_and_others_refused_unchanged(house: House) -> None:
    before = {key: Customer.objects.values().get(id=of(key)) for key in ("S1", "U1")}
    found = house.give("customers", "id,name,csm,code,above\nN1,Renamed,,,\nS1,Mine,,,\nU1,Mine,,,\n", CUSTOMER,
                       by=house.leader)  # fmt: skip
    assert counts(found)["customers"] == {"new": 0, "changed": 1, "same": 0, "rejected": 2}
    assert told(found) == [("id", "S1", YOURS), ("id", "U1", YOURS)]
    assert Customer.objects.get(id=of("N1")).name == "Renamed"
    assert {key: Customer.objects.values().get(id=of(key)) for key in before} == before
    assert PortfolioRow.objects.get(customer=of("S1")).owner_id == house.other


def test_a_customer_is_added_for_the_own_team_only(house: House) -> None:
    rows = (
        "id,name,csm,code,above\n"
        f"A1,Mine,,,\nA2,Ours,{house.mail(house.csm)},,\nA3,Theirs,{house.mail(house.other)},,\n"
        "A4,Nobody's,nobody@example.com,,\n"
    )
    found = house.give("customers", rows, CUSTOMER, by=house.leader)
    assert told(found) == [("csm", house.mail(house.other), YOURS), ("csm", "nobody@example.com", YOURS)]
    owners = {of(key): PortfolioRow.objects.get(customer=of(key)).owner_id for key in ("A1", "A2")}
    assert list(owners.values()) == [house.leader, house.csm]
    assert not ExternalId.objects.filter(external_id__in=["A3", "A4"]).exists()
    again = house.give("customers", rows, CUSTOMER, by=house.leader)
    assert counts(again)["customers"] == {"new": 0, "changed": 0, "same": 2, "rejected": 2}


def test_what_an_import_adds_it_may_also_write(house: House) -> None:
    (house.folder / "accounts.csv").write_text("id,name\nA1,Fresh\n", encoding="utf-8")
    (house.folder / "rows.csv").write_text("id,account,opened\nT1,A1,2026-02-01\nT2,S1,2026-02-01\n", encoding="utf-8")
    given = (
        "source: crm\ntables:\n  - {file: accounts.csv, kind: customers, columns: {external_id: id, name: name}}\n"
        f"  - {{file: rows.csv, kind: tickets, columns: {{{KINDS['tickets'][1]}}}}}\n"
    )
    found = bring_in([house.folder / "accounts.csv", house.folder / "rows.csv"], given, at=house.at, by=house.leader)
    assert (counts(found)["tickets"]["new"], told(found)) == (1, [("account", "S1", YOURS)])
    assert Ticket.objects.get().customer_id == of("A1")


def test_a_group_of_another_team_looks_like_one_that_is_not_there(house: House) -> None:
    before = everything()
    rows = "id,name,csm,code,above\nN1,,,,S1\nN2,,,,nobody\n"
    found = house.give("customers", rows, CUSTOMER, by=house.leader)
    assert told(found) == [("above", "S1", YOURS), ("above", "nobody", YOURS)]
    assert everything() == before
    house.give("customers", "id,name,csm,code,above\nN1,,,,A9\nA9,Late group,,,\nN2,,,,N1\n", CUSTOMER, by=house.leader)
    assert Customer.objects.get(id=of("N1")).parent_id == of("A9")
    assert Customer.objects.get(id=of("N2")).parent_id == of("N1")


def test_a_credit_code_of_another_team_is_refused_without_a_word_of_whose_it_is(house: House) -> None:
    before = everything()
    found = house.give("customers", f"id,name,csm,code,above\nN1,,,{CODE},\n", CUSTOMER, by=house.leader)
    assert told(found) == [("code", CODE, YOURS)]
    assert everything() == before


def test_targets_are_set_for_the_own_team_only(house: House) -> None:
    columns = (
        "external_id: id, kind: kind, member_email: who, team: team, starts_on: since, ends_on: until, amount: sum"
    )
    rows = "id,kind,who,team,since,until,sum\n%s,renewals,%s,%s,2026-01-01,2026-04-01,100\n"
    one = rows.splitlines()[1] + "\n"
    house.give("targets", rows % ("T-S", "", "South"), columns, by=None)
    before = everything()
    found = house.give(
        "targets", rows % ("T1", house.mail(house.other), "") + one % ("T2", "", "South") + one % ("T3", "x@y.z", "")
        + one % ("T-S", "", "North"), columns, by=house.leader,
    )  # fmt: skip
    assert [(column, reason) for column, _value, reason in told(found)] == [
        ("who", YOURS), ("team", YOURS), ("who", YOURS), ("id", YOURS),
    ]  # fmt: skip
    assert everything() == before
    own = house.give("targets", rows % ("T4", house.mail(house.csm), "") + one % ("T5", "", "North"), columns,
                     by=house.leader)  # fmt: skip
    assert counts(own)["targets"]["new"] == 2


def test_a_labelled_snapshot_is_no_teams(house: House) -> None:
    found = house.give("snapshot", "id,churn\n1,yes\n", "external_id: id, outcome: churn", by=house.leader)
    assert counts(found)["snapshot"]["rejected"] == 1
    assert not SnapshotRow.objects.exists()


def test_usage_of_another_team_is_refused_by_customer_and_by_line(house: House) -> None:
    rows = (
        "id,account,line,time\nE1,N1,,2026-02-01\nE2,S1,,2026-02-01\nE3,,L-N,2026-02-01\nE4,,L-S,2026-02-01\n"
        "E5,nobody,,2026-02-01\n"
    )
    found = house.give("usage", rows, "event_id: id, customer: account, line: line, at: time", by=house.leader)
    assert counts(found)["usage"] == {"new": 2, "changed": 0, "same": 0, "rejected": 3}
    assert [(value, reason) for _column, value, reason in told(found)] == [
        ("S1", YOURS), ("L-S", YOURS), ("nobody", YOURS),
    ]  # fmt: skip
    lake().compact(definitions(), at=house.at)
    day = day_number(date(2026, 2, 1))
    events = {key: lake().events(of(key), from_day=day, until_day=day + 1) for key in ("N1", "S1")}
    assert (len(events["N1"]), events["S1"]) == (2, [])


def test_nothing_that_the_check_shows_tells_of_another_team(house: House) -> None:
    rows = "id,account,paper,mrr,start\nL-S,S1,K-S,20,2026-01-01\nL1,N1,K1,5,2026-02-01\n"
    found = house.give("contracts", rows, LINE, by=house.leader, publish=False)
    view = queries.one(found)
    assert view is not None
    shown = repr((view.counts, view.quality, view.mapping, rejections(found)))
    assert SECRET not in shown
    assert view.counts["kinds"]["contracts"] == {"new": 1, "changed": 0, "same": 0, "rejected": 1}


def test_the_look_knows_neither_another_teams_ids_nor_somebody_elses_mapping(house: House) -> None:
    path = house.folder / "subscriptions.csv"
    path.write_text("id,account,paper,mrr,start\nL-S,S1,K-S,20,2026-01-01\n", encoding="utf-8")
    Import.objects.update(name="rows", mapping=given_mapping())
    with path.open("rb") as file:
        from perennial.integrations.imports import actions

        import_id = actions.create(files=[("subscriptions.csv", file)], name="", by=house.leader, at=house.at)
    looking.look(import_id, report=lambda *_: None)
    row = Import.objects.get(id=import_id)
    assert row.findings["reused"] is None
    assert row.findings["origin"]["known"] == 0
    assert row.mapping["source"] != "crm"


def given_mapping() -> dict[str, Any]:
    return {"source": "crm", "tables": [{"file": "subscriptions.csv", "kind": "contracts", "columns": {
        "external_id": "id", "customer": "account", "amount": "mrr", "starts_on": "start"}}]}  # fmt: skip


def test_rights_are_those_of_the_moment_of_the_publish(house: House) -> None:
    rows, columns = KINDS["tickets"]
    found = house.give("tickets", rows % ("T1", "N1"), columns, by=house.leader, publish=False)
    assert counts(found)["tickets"]["new"] == 1
    Member.objects.filter(id=house.leader).update(is_active=False)
    before = everything()
    work.publish_now(found, at=house.at)
    assert counts(found)["tickets"] == {"new": 0, "changed": 0, "same": 0, "rejected": 1}
    assert told(found) == [("account", "N1", YOURS)]
    assert everything() == before


@pytest.mark.parametrize("role", ["csm", "analyst", "reader"])
def test_who_may_not_import_writes_nothing_whatever_way_he_came(
    role: str, house: House, member: Callable[..., int]
) -> None:
    stranger = member(role, team_id=house.north)
    before = everything()
    house.give("tickets", KINDS["tickets"][0] % ("T1", "N1"), KINDS["tickets"][1], by=stranger)
    house.give("customers", "id,name,csm,code,above\nA1,New,,,\n", CUSTOMER, by=stranger)
    assert everything() == before


def test_a_leader_without_a_team_has_his_own_book_only(house: House, member: Callable[..., int]) -> None:
    alone = member("leader")
    found = house.give("customers", f"id,name,csm,code,above\nA1,Own,,,\nA2,X,{house.mail(house.csm)},,\nN1,X,,,\n",
                       CUSTOMER, by=alone)  # fmt: skip
    assert [value for _column, value, _reason in told(found)] == [house.mail(house.csm), "N1"]
    assert PortfolioRow.objects.get(customer=of("A1")).owner_id == alone


def test_the_admin_and_the_command_line_reach_everything(house: House, member: Callable[..., int]) -> None:
    rows, columns = KINDS["tickets"]
    for number, by in enumerate((member("admin"), None)):
        found = house.give("tickets", lines(["id", "account", "opened"], [f"T{number}", "S1", "2026-02-01"]), columns,
                           by=by)  # fmt: skip
        assert counts(found)["tickets"]["new"] == 1
    assert rows and Ticket.objects.filter(customer_id=of("S1")).count() == 2
