"""A file is exactly the list, runs no formulas, and is handed out to its member alone, for a day."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.aids import signed_in
from tests.customers.books import customer

from perennial.customers import lists
from perennial.customers.lists import Listing
from perennial.customers.models import Customer, ExternalId
from perennial.jobs.worker import perform
from perennial.kernel.cells import plain_cell
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue import queries as jobs
from perennial.members import actions as members
from perennial.members.models import Member
from perennial.reports import export

EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\ttab", "＝cmd", " =1", "'=1", "plain", "华东集团"]
COLUMNS = ("name", "arr", "industry", "owner", "next_renewal_on", "trend_28d", "is_live", "tags", "band")


def run(member: Member, listing: Listing, form: str, now: datetime) -> jobs.JobView:
    job_id = export.request(member, listing, format=form, at=now)
    claimed = queue.claim(at=now)
    assert claimed is not None
    perform(claimed)
    job = jobs.job(job_id)
    assert job is not None
    return job


def csv_rows(job: jobs.JobView, home: Path) -> list[list[str]]:
    assert job.result is not None
    text = (home / "exports" / job.result["file"]).read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.fixture
def admin(member: Callable[..., int], home: Path) -> Member:
    return Member.objects.get(id=member("admin"))


def test_a_csv_holds_the_rows_order_and_columns_of_the_list(admin: Member, home: Path, now: datetime) -> None:
    ann = Member.objects.get(id=admin.pk)
    one = customer("Acme", at=now, owner=ann.pk, arr=1234567, industry="Bank", trend_28d=0.5, is_live=True, band="red",
                   score=41.5, next_renewal_on=date(2026, 4, 1), tags=("a", "b"))  # fmt: skip
    two = customer("Birch", at=now)
    for source, number in (("crm", "=C-1"), ("billing", "9")):
        ExternalId.objects.create(customer=Customer.objects.get(key=one), source=source, external_id=number)
    ExternalId.objects.create(customer=Customer.objects.get(key=two), source="crm", external_id="=C-2")
    job = run(admin, Listing(columns=COLUMNS), "csv", now)
    assert csv_rows(job, home) == [
        ["Key", "Customer", "Customer number", "ARR (USD)", "Industry", "CSM", "CSM's e-mail", "Renews on",
         "Usage trend", "Paying now", "Tags", "Health band", "Health"],
        [one, "Acme", "billing: 9; crm: =C-1", "12345.67", "Bank", ann.name, ann.email, "2026-04-01", "0.5", "Yes",
         "a, b", "Red", "41.5"],
        [two, "Birch", "'=C-2", "", "", "", "", "", "", "No", "", "", ""],
    ]  # fmt: skip
    assert (job.state, job.done, job.total) == ("done", 2, 2)


def test_the_customers_numbers_cost_one_query_for_a_set_of_rows(
    admin: Member, home: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        key = customer(f"C{number}", at=now)
        ExternalId.objects.create(customer=Customer.objects.get(key=key), source="crm", external_id=f"A-{number}")
    costs = []
    for chunk in (2, 5):
        monkeypatch.setattr(export, "CHUNK", chunk)
        with CaptureQueriesContext(connection) as asked:
            rows = csv_rows(run(admin, Listing(columns=("name",), sort="name"), "csv", now), home)
        assert [row[1:] for row in rows[1:]] == [[f"C{number}", f"A-{number}"] for number in range(5)]
        costs.append(sum("perennial_externalid" in one["sql"] for one in asked.captured_queries))
    assert costs == [3, 1]


def test_a_file_keeps_the_filter_and_the_search_of_the_list(admin: Member, home: Path, now: datetime) -> None:
    for name, arr in (("Acme one", 100), ("Acme two", 900), ("Birch", 900)):
        customer(name, at=now, arr=arr)
    data = {"tree": {"field": "arr", "op": "gt", "value": 500}, "text": "acme", "sort": "name", "columns": ["name"]}
    job = run(admin, lists.read(data, lists.visible_fields(admin)), "csv", now)
    assert [row[1] for row in csv_rows(job, home)[1:]] == ["Acme two"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_no_cell_runs_as_a_formula_and_every_text_comes_back(
    admin: Member, home: Path, now: datetime, form: str
) -> None:
    for number, text in enumerate(EVIL):
        customer(text, at=now, industry=text, tags=(text.strip(),), arr=number)
    job = run(admin, Listing(sort="arr", columns=("name", "industry", "tags")), form, now)
    assert job.result is not None
    if form == "csv":
        rows = [[row[1], *row[3:]] for row in csv_rows(job, home)[1:]]
    else:
        sheet = openpyxl.load_workbook(home / "exports" / job.result["file"]).active
        assert sheet is not None
        cells = [[row[1], *row[3:]] for row in sheet.iter_rows(min_row=2)]
        assert {cell.data_type for row in cells for cell in row} == {"s"}
        rows = [[str(cell.value) for cell in row] for row in cells]
    for text, row in zip(EVIL, rows, strict=True):
        assert not any(cell.lstrip(" '")[:1] in "=+-@\t＝" and not cell.startswith("'") for cell in row)
        assert [plain_cell(cell) for cell in row[:2]] == [text, text]


def test_a_workbook_types_numbers_as_numbers_and_days_as_days(admin: Member, home: Path, now: datetime) -> None:
    customer("Acme", at=now, arr=-1234567, trend_28d=0.5, next_renewal_on=date(2026, 4, 1))
    job = run(admin, Listing(columns=("name", "arr", "trend_28d", "next_renewal_on", "seats")), "xlsx", now)
    assert job.result is not None
    sheet = openpyxl.load_workbook(home / "exports" / job.result["file"]).active
    assert sheet is not None
    values = [cell.value for cell in sheet[2]]
    assert values[3:] == [-12345.67, 0.5, datetime(2026, 4, 1), None]  # noqa: DTZ001 - a day of a workbook has no zone


def test_a_file_holds_only_what_its_member_sees(member: Callable[..., int], home: Path, now: datetime) -> None:
    ann, bob = (Member.objects.get(id=member("csm")) for _ in range(2))
    customer("Hers", at=now, owner=ann.pk)
    customer("His", at=now, owner=bob.pk)
    job = run(ann, Listing(columns=("name",)), "csv", now)
    assert [row[1] for row in csv_rows(job, home)[1:]] == ["Hers"]


def test_whoever_lost_the_right_while_waiting_gets_a_reason_and_no_file(
    member: Callable[..., int], home: Path, now: datetime
) -> None:
    reader, admin = Member.objects.get(id=member("analyst")), member("admin")
    customer("Acme", at=now)
    job_id = export.request(reader, Listing(columns=("name",)), format="csv", at=now)
    members.change_member(member_id=reader.pk, name="x", role="reader", team_id=None, is_active=True, by=admin, at=now)
    claimed = queue.claim(at=now)
    assert claimed is not None
    perform(claimed)
    job = jobs.job(job_id)
    assert job is not None and job.result is not None and "refused" in job.result
    assert not list((home / "exports").iterdir())


def test_a_file_is_fetched_by_its_member_alone_and_for_a_day(
    member: Callable[..., int], home: Path, now: datetime
) -> None:
    ann = Member.objects.get(id=member("csm"))
    customer("Acme", at=now, owner=ann.pk)
    client, other = Client(), Client()
    client.force_login(ann)
    other.force_login(Member.objects.get(id=member("admin")))
    job = run(ann, Listing(columns=("name",)), "csv", now)
    path = f"/exports/{job.id}/file"
    answer = client.get(path)
    assert answer.status_code == 200
    assert (
        "attachment" in answer.headers["Content-Disposition"] and answer.headers["X-Content-Type-Options"] == "nosniff"
    )
    assert b"".join(answer.streaming_content).decode("utf-8-sig").startswith("Key,Customer")  # type: ignore[arg-type]
    assert other.get(path).status_code == other.get(f"/exports/{job.id}").status_code == 404
    assert Client().get(path).status_code == 302
    assert job.finished_at is not None
    assert export.file_of(job.result, job.finished_at, at=job.finished_at + timedelta(hours=25)) is None
    assert export.sweep(at=job.finished_at + timedelta(hours=25)) == 1
    assert client.get(path).status_code == 404


def test_a_hidden_field_is_not_exported(member: Callable[..., int], home: Path, now: datetime) -> None:
    reader = signed_in(member("reader"))
    assert reader.post("/exports", {"cols": "name.arr", "format": "csv"}).status_code == 404
    analyst = signed_in(member("analyst"))
    assert analyst.post("/exports", {"cols": "name.nothing", "format": "csv"}).status_code == 400
    assert (
        analyst.post("/exports", {"cols": "name.arr", "format": "csv"}).headers["HX-Redirect"].startswith("/exports/")
    )
