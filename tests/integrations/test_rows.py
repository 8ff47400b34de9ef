"""What becomes of single rows: a clean one is written as its room keeps it, any other is refused with its place."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.integrations.files import workbook
from tests.integrations.imported import bring_in, checked, counts, quality, refused, rejections

from perennial.contracts.models import Cancellation, Line
from perennial.customers.models import Contact, Customer
from perennial.integrations.imports import mapping, work
from perennial.integrations.imports.mapping import MappingError
from perennial.integrations.imports.models import SnapshotRow
from perennial.kernel.organisation import actions as organisation_actions
from perennial.lake.terms import day_number
from perennial.support.models import Ticket
from perennial.usage.lake import definitions, lake
from perennial.voice.models import SurveyAnswer

pytestmark = pytest.mark.usefixtures("home", "organisation")
CUSTOMERS = "{file: accounts.csv, kind: customers, columns: {external_id: id, name: name}}"


def table(kind: str, columns: str, more: str = "", file: str = "rows.csv") -> str:
    return f"source: crm\ntables:\n  - {CUSTOMERS}\n  - {{file: {file}, kind: {kind}, columns: {{{columns}}}{more}}}\n"


@pytest.fixture
def put(tmp_path: Path) -> Any:
    """Return a maker of a folder with two customers and the rows."""

    def make(rows: str, accounts: str = "id,name\nA1,Alpha\nA2,Beta\n") -> Path:
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        (folder / "accounts.csv").write_text(accounts, encoding="utf-8")
        (folder / "rows.csv").write_text(rows, encoding="utf-8")
        return folder

    return make


ONLY_CUSTOMERS = "source: crm\ntables:\n  - " + CUSTOMERS.replace("name: name", "name: name, %s")
LINES = table(
    "contracts",
    "external_id: id, customer: account, amount: mrr, starts_on: start, ends_on: end, currency: cur",
    ", constants: {amount_months: 1}",
)


def test_missing_too_long_and_impossible_values_are_refused_with_column_and_value(put: Any, now: datetime) -> None:
    folder = put(
        "id,account,mrr,start,end,cur\n"
        "L1,A1,10,2024-01-01,,USD\n"
        "L2,A1,,2024-01-01,,USD\n"
        f"{'x' * 201},A1,10,2024-01-01,,USD\n"
        "L4,A1,10,1912-01-01,,USD\n"
        "L5,A1,10,2099-01-01,,USD\n"
        "L6,A1,10,2024-02-30,,USD\n"
        "L7,A1,10,2024-05-01,2024-04-01,USD\n"
        "L8,A1,10.005,2024-01-01,,USD\n"
        "L9,A1,10,2024-01-01,,XQQ\n"
        "L10,,10,2024-01-01,,USD\n"
        "L11,A9,10,2024-01-01,,USD\n"
        "L12,A1,ten,2024-01-01,,USD\n"
    )
    found = bring_in(folder, LINES, at=now)
    assert counts(found)["contracts"] == {"new": 1, "changed": 0, "same": 0, "rejected": 11}
    assert [(row, column, value[:12]) for row, column, value in refused(found)] == [
        (3, "mrr", ""),
        (4, "id", "x" * 12),
        (5, "start", "1912-01-01"),
        (6, "start", "2099-01-01"),
        (7, "start", "2024-02-30"),
        (8, "end", "2024-04-01"),
        (9, "mrr", "10.005"),
        (10, "cur", "XQQ"),
        (11, "account", ""),
        (12, "account", "A9"),
        (13, "mrr", "ten"),
    ]
    assert all(len(one.reason) > 15 and "%" not in one.reason for one in rejections(found))
    assert list(Line.objects.values_list("external_id", "amount")) == [("L1", 1000)]


def test_the_same_id_with_other_content_is_a_conflict_and_the_same_row_twice_is_one(put: Any, now: datetime) -> None:
    folder = put("id,account,mrr,start,end,cur\nL1,A1,10,2024-01-01,,\nL1,A1,10,2024-01-01,,\nL1,A1,11,2024-01-01,,\n")
    found = bring_in(folder, LINES, at=now)
    assert counts(found)["contracts"] == {"new": 1, "changed": 0, "same": 0, "rejected": 1}
    assert refused(found) == [(4, "id", "L1")]
    assert "row 2" in rejections(found)[0].reason
    assert quality(found)["conflict"] == 1


def test_a_changed_row_is_the_next_version_and_the_former_stays(put: Any, now: datetime) -> None:
    bring_in(put("id,account,mrr,start,end,cur\nL1,A1,10,2024-01-01,,\n"), LINES, at=now)
    found = bring_in(put("id,account,mrr,start,end,cur\nL1,A1,12.50,2024-01-01,,\n"), LINES, at=now)
    assert counts(found)["contracts"] == {"new": 0, "changed": 1, "same": 0, "rejected": 0}
    assert list(Line.objects.order_by("id").values_list("amount", flat=True)) == [1000, 1250]
    assert Line.objects.current().get().amount == 1250


def test_rows_known_at_their_own_date_say_that_this_is_assumed_and_others_were_learned_now(
    put: Any, now: datetime
) -> None:
    rows = "id,account,mrr,start,end,cur\nL1,A1,10,2024-01-31,,\n"
    bring_in(put(rows), LINES.replace("constants:", "learned: own_date, lag_days: 2, constants:"), at=now)
    bring_in(put(rows.replace("L1", "L2")), LINES, at=now)
    told = dict(Line.objects.values_list("external_id", "learned_at"))
    assert told["L1"] == datetime(2024, 2, 2, 15, 59, 59, tzinfo=UTC)  # the end of 2 February in Shanghai
    assert told["L2"] == now
    assert dict(Line.objects.values_list("external_id", "learned_by_assumption")) == {"L1": True, "L2": False}


def test_an_end_that_is_the_last_day_of_service_is_kept_as_the_day_after(put: Any, now: datetime) -> None:
    rows = "id,account,mrr,start,end,cur\nL1,A1,10,2024-01-01,2024-12-31,\n"
    bring_in(put(rows), LINES.replace("constants:", "end_is: last_day, constants:"), at=now)
    assert Line.objects.get().ends_on == date(2025, 1, 1)


def test_a_chinese_workbook_with_a_total_row_wan_and_dotted_dates(tmp_path: Path, now: datetime) -> None:
    path = workbook(tmp_path / "合同.xlsx", {"合同": [
        ["客户编号", "客户名称", "合同金额", "开始日期", "结束日期", "合同编号"],
        ["001", "甲公司", "12.5万", "2024.3.1", "2025.2.28", "HT-1"],
        ["002", "乙公司", "80,000", "2024年4月1日", "2025.3.31", "HT-2"],
        ["合计", None, "20.5万", None, None, None],
    ]})  # fmt: skip
    given = """
source: crm
tables:
  - {file: "*.xlsx", kind: customers, columns: {external_id: 客户编号, name: 客户名称}}
  - file: "*.xlsx"
    kind: contracts
    end_is: last_day
    columns:
      external_id: 合同编号
      customer: 客户编号
      amount: {column: 合同金额, format: money}
      starts_on: {column: 开始日期, format: {kind: date, order: year_first}}
      ends_on: {column: 结束日期, format: {kind: date, order: year_first}}
    constants: {amount_months: 12}
"""
    found = bring_in([path], given, at=now)
    assert counts(found)["contracts"] == {"new": 2, "changed": 0, "same": 0, "rejected": 0}
    assert sorted(Customer.objects.values_list("external_ids__external_id", "name")) == [
        ("001", "甲公司"),
        ("002", "乙公司"),
    ]
    assert list(
        Line.objects.order_by("external_id").values_list("amount", "amount_months", "starts_on", "ends_on")
    ) == [
        (12_500_000, 12, date(2024, 3, 1), date(2025, 3, 1)),
        (8_000_000, 12, date(2024, 4, 1), date(2025, 4, 1)),
    ]


def test_a_date_that_reads_both_ways_is_asked_and_nothing_is_guessed(put: Any, now: datetime) -> None:
    folder = put("id,account,mrr,start,end,cur\nL1,A1,10,01/02/2024,,\nL2,A1,10,03/04/2024,,\n")
    with pytest.raises(work.WorkFailed, match="start"):
        checked(folder, LINES, at=now)
    chosen = LINES.replace("starts_on: start", "starts_on: {column: start, format: {kind: date, order: day_first}}")
    bring_in(folder, chosen, at=now)
    assert sorted(Line.objects.values_list("starts_on", flat=True)) == [date(2024, 2, 1), date(2024, 4, 3)]


def test_a_credit_code_that_two_rows_claim_belongs_to_the_first(put: Any, now: datetime) -> None:
    code = "91310000MA1K35XX6L"
    folder = put("id\n", accounts=f"id,name,uscc\nA1,Alpha,{code}\nA2,Beta,{code}\nA3,Gamma,\n")
    given = ONLY_CUSTOMERS % "credit_code: uscc"
    found = bring_in(folder, given, at=now)
    assert counts(found)["customers"] == {"new": 2, "changed": 0, "same": 0, "rejected": 1}
    assert refused(found) == [(3, "uscc", code)]
    again = bring_in(folder, given, at=now)
    assert counts(again)["customers"] == {"new": 0, "changed": 0, "same": 2, "rejected": 1}


USE = table("usage", "event_id: id, customer: account, at: time, count: n, value: v, errors: e, feature: f")


def test_usage_rows_that_cannot_be_are_refused_with_their_place_and_others_kept(put: Any, now: datetime) -> None:
    folder = put(
        "id,account,time,n,v,e,f\n"
        "E1,A1,2024-05-01 10:00:00,3,1.5,2,search\n"
        "E2,A1,,1,1,0,search\n"
        "E3,,2024-05-01 10:00:00,1,1,0,search\n"
        "E4,A9,2024-05-01 10:00:00,1,1,0,search\n"
        "E5,A1,1905-05-01 10:00:00,1,1,0,search\n"
        "E6,A1,2024-05-01 10:00:00,-1,1,0,search\n"
        "E7,A1,2024-05-01 10:00:00,3000000000,1,0,search\n"
        "E8,A1,2024-05-01 10:00:00,1,999999999999999,0,search\n"
        "E9,A1,2024-05-01 10:00:00,many,1,0,search\n"
        "E10,A1,2024-05-01 10:00:00,0,,1,search\n"
        "E1,A1,2024-05-01 10:00:00,4,1.5,2,search\n"
        "E1,A1,2024-05-01 10:00:00,3,1.5,2,search\n"
    )
    found = bring_in(folder, USE, at=now)
    assert counts(found)["usage"] == {"new": 2, "changed": 0, "same": 1, "rejected": 9}
    assert [(row, column) for row, column, _value in refused(found)] == [
        (3, "time"), (4, "account"), (5, "account"), (6, "time"), (7, "n"), (8, "n"), (9, "v"), (10, "n"), (12, "id"),
    ]  # fmt: skip
    lake().compact(definitions(), at=now)
    customer = Customer.objects.get(name="Alpha").pk
    day = day_number(date(2024, 5, 1))
    told = {(one.event, one.feature): one.n for one in lake().event_counts(customer, from_day=day, until_day=day + 1)}
    assert told == {("feature", "search"): 3, ("error", "search"): 3}


def test_usage_without_ids_keeps_two_equal_events_and_knows_them_again(put: Any, now: datetime) -> None:
    rows = "account,time,f\nA1,2024-05-01 10:00:00,x\nA1,2024-05-01 10:00:00,x\nA2,2024-05-02,y\n"
    given = table(
        "usage", "customer: account, at: {column: time, format: {kind: datetime, order: year_first}}, feature: f"
    )
    found = bring_in(put(rows), given, at=now)
    assert counts(found)["usage"] == {"new": 3, "changed": 0, "same": 0, "rejected": 0}
    assert counts(checked(put(rows), given, at=now))["usage"] == {"new": 0, "changed": 0, "same": 3, "rejected": 0}
    more = counts(checked(put(rows + "A2,2024-05-03,y\n"), given, at=now))["usage"]
    assert more == {"new": 1, "changed": 0, "same": 3, "rejected": 0}


def test_two_usage_tables_of_one_file_are_both_read(put: Any, now: datetime) -> None:
    folder = put("id,account,time,kind\nE1,A1,2024-05-01 10:00:00,a\nE2,A1,2024-05-01 11:00:00,b\n")
    one = "kind: usage, columns: {event_id: id, customer: account, at: time}"
    given = (
        f"source: crm\ntables:\n  - {CUSTOMERS}\n"
        f"  - {{file: rows.csv, {one}, constants: {{event: first}}, where: {{kind: a}}}}\n"
        f"  - {{file: rows.csv, {one}, constants: {{event: second}}, where: {{kind: b}}}}\n"
    )
    assert counts(bring_in(folder, given, at=now))["usage"]["new"] == 2


def test_every_other_kind_comes_in_through_its_rooms_door(put: Any, now: datetime) -> None:
    def bring(kind: str, columns: str, rows: str, more: str = "") -> None:
        bring_in(put(rows), table(kind, columns, more), at=now)

    columns = "external_id: id, customer: account, opened_at: opened, closed_at: closed, satisfaction: score"
    bring("tickets", columns, "id,account,opened,closed,score\nT1,A1,2024-05-01,2024-05-02,4.5\n")
    assert list(Ticket.objects.values_list("external_id", "satisfaction")) == [("T1", 4.5)]
    columns = "customer: account, name: who, level: level"
    bring("contacts", columns, "account,who,level\nA1,王伟,1\nA1,Li,3\n")
    assert list(Contact.objects.values_list("name", "level")) == [("王伟", 1)]
    columns = "customer: account, score: score, answered_at: day"
    bring("surveys", columns, "account,score,day\nA1,9,2024-05-01\nA2,11,2024-05-01\n")
    assert list(SurveyAnswer.objects.values_list("kind", "score")) == [("nps", 9.0)]
    columns = "external_id: id, customer: account, cancelled_on: day, reason: why"
    bring("cancellations", columns, "id,account,day,why\nC1,A1,2024-05-01,price\n")
    assert list(Cancellation.objects.values_list("reason", "line_fact")) == [("price", None)]
    bring("snapshot", "external_id: id, outcome: churn", "id,a,b,churn\n1,2,x,yes\n2,3,y,no\n", ", keep: [a, b]")
    rows = SnapshotRow.objects.order_by("external_id").values_list("features", "outcome")
    assert list(rows) == [({"a": "2", "b": "x"}, 1.0), ({"a": "3", "b": "y"}, 0.0)]


def test_an_ownerless_or_unknown_owner_is_told_and_the_customer_comes_in(put: Any, now: datetime) -> None:
    folder = put("id\n", accounts="id,name,csm\nA1,Alpha,nobody@example.com\nA2,alpha,\n")
    given = ONLY_CUSTOMERS % "owner_email: csm"
    found = bring_in(folder, given, at=now)
    assert quality(found) == {"duplicate_names": 1, "missing_owner": 1, "unknown_owner": 1}
    assert Customer.objects.count() == 2


ONE = "source: crm\ntables:\n  - {file: a.csv, kind: customers, columns: "


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("source: crm", "tables: "),
        ("source: crm\ntables: []", "tables: "),
        ("tables:\n  - {file: a.csv, kind: customers, columns: {}}", "source: "),
        ("source: crm\ntables:\n  - {kind: customers, columns: {}}", "tables[0].file: "),
        ("source: crm\ntables:\n  - {file: a.csv, kind: things, columns: {}}", "tables[0].kind: "),
        (ONE + "{nam: x}}", "tables[0].columns.nam: "),
        ("source: crm\ntables:\n  - {file: a.csv, kind: customers, colums: {}}", "tables[0].colums: "),
        (ONE + "[a]}", "tables[0].columns: "),
        (ONE + "{name: {column: a, constant: b}}}",
         "tables[0].columns.name: "),
        (ONE + "{name: {column: a, format: {kind: date, order: x}}}}",
         "tables[0].columns.name.format.order: "),
        (ONE + "{name: {column: a, format: {kind: money, factor: x}}}}",
         "tables[0].columns.name.format.factor: "),
        (ONE + "{}, lag_days: soon}", "tables[0].lag_days: "),
        (ONE + "{name: 7}}", "tables[0].columns.name"),
        ("source: crm\ntables: [1]", "tables[0]: "),
        ("[1, 2]", "mapping: "),
        ("source: [", "This is not YAML"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_names_the_place(text: str, place: str) -> None:
    with pytest.raises(MappingError) as refusal:
        mapping.parse(text)
    assert str(refusal.value).startswith(place)


def test_days_are_those_of_the_organisation(put: Any, now: datetime) -> None:
    organisation_actions.move_as_of(on=date(2024, 6, 1), by=None, at=now)
    bring_in(put("id,account,time,n,v,e,f\nE1,A1,2024-05-31T17:00:00Z,1,,,x\n"), USE, at=now)
    lake().compact(definitions(), at=now)
    assert lake().last_day() == day_number(date(2024, 6, 1))  # already the next day in Shanghai
