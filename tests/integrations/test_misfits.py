"""Where files and mapping do not meet, it is said with file, column and what to do; nothing is dropped silently."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.integrations.imported import checked, quality

from perennial.customers.models import Customer
from perennial.integrations.imports import mapping, queries, work
from perennial.integrations.imports.mapping import MappingError

pytestmark = pytest.mark.usefixtures("home", "organisation")
CUSTOMERS = "source: crm\ntables:\n  - {file: accounts*.csv, kind: customers, columns: {external_id: id, name: %s}}\n"


@pytest.fixture
def put(tmp_path: Path) -> Any:
    """Return a maker of a folder with files by name."""

    def make(**files: str) -> Path:
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        return folder

    return make


def failed(folder: Path, given: str, now: datetime) -> str:
    with pytest.raises(work.WorkFailed) as refusal:
        checked(folder, given, at=now)
    return str(refusal.value)


def test_a_column_that_the_file_has_not_is_named_with_the_likely_one(put: Any, now: datetime) -> None:
    said = failed(put(accounts="id,Customer name,city\nA1,Alpha,Bonn\n"), CUSTOMERS % "'Customer nam'", now)
    assert said.startswith("accounts.csv has no column “Customer nam”, which tables[0] reads for `name`.")
    assert "Did you mean “Customer name”? Its columns are: id, Customer name, city. Correct the mapping" in said


def test_a_table_that_fits_nothing_is_not_passed_over_because_another_one_fits(put: Any, now: datetime) -> None:
    folder = put(accounts="id,name\nA1,Alpha\n", lines="id,account,price\nL1,A1,5\n")
    more = "  - {file: lines.csv, kind: contracts, columns: {customer: account, amount: mrr, starts_on: start}}\n"
    assert failed(folder, CUSTOMERS % "name" + more, now).startswith("lines.csv has no column “mrr”, which tables[1]")


def test_files_that_no_table_names_are_told_with_what_the_mapping_expects(put: Any, now: datetime) -> None:
    said = failed(put(kunden="id,name\nA1,Alpha\n"), CUSTOMERS % "name", now)
    assert said.startswith("None of the files is called as the mapping says (accounts*.csv). There are: kunden.csv.")


def test_a_date_that_reads_both_ways_is_told_with_what_to_write_in_the_mapping(put: Any, now: datetime) -> None:
    given = CUSTOMERS % "name, signed_up_on: since"
    said = failed(put(accounts="id,name,since\nA1,Alpha,3/4/2024\nA2,Beta,5/6/2024\n"), given, now)
    assert said.startswith("accounts.csv, column “since”: these dates can be read in more than one way")
    assert "day_first: 3/4/2024 → 2024-04-03" in said and "month_first: 3/4/2024 → 2024-03-04" in said
    assert said.endswith("signed_up_on: {column: since, format: {kind: date, order: day_first}}")


def test_a_file_that_cannot_be_read_says_why_and_what_to_do(put: Any, now: datetime) -> None:
    said = failed(put(accounts='id,name\nA1,"Alpha\n'), CUSTOMERS % "name", now)
    assert said.startswith("accounts.csv, row 2: A quotation mark in this row") and "Close it or delete it." in said


def test_what_no_table_takes_and_what_was_not_read_is_kept_with_the_findings(put: Any, now: datetime) -> None:
    folder = put(accounts="id,name\nA1,Alpha\n", other="a,b\n1,2\n", broken='a,b\n1,"2\n')
    found = queries.one(checked(folder, CUSTOMERS % "name", at=now))
    assert found is not None
    assert found.findings["left_out"] == ["other.csv"]
    assert [one["file"] for one in found.findings["not_read"]] == ["broken.csv, row 2"]


def test_a_new_customer_without_a_name_is_told_and_a_known_one_is_not(put: Any, now: datetime) -> None:
    folder = put(accounts="id,name,industry\nA1,Alpha,\n")
    work.publish_now(checked(folder, CUSTOMERS % "name, industry: industry", at=now), at=now)
    put(accounts="id,name,industry\nA1,,Steel\nA2,,\n")
    found = checked(folder, CUSTOMERS % "name, industry: industry", at=now)
    assert quality(found) == {"nameless": 1, "missing_owner": 2}
    work.publish_now(found, at=now)
    assert dict(Customer.objects.values_list("name", "industry")) == {"Alpha": "Steel", "A2": None}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CUSTOMERS.replace("name:", "nam:") % "x",
         "tables[0].columns.nam: accounts*.csv, column “x”: “nam” is unknown. Did you mean “name”?"),
        (CUSTOMERS.replace("customers,", "customer,") % "x",
         "tables[0].kind: accounts*.csv: “customer” is not possible here. Use one of: customers, contacts"),
        (CUSTOMERS % "{column: x, format: money}",
         "tables[0].columns.name.format: accounts*.csv, column “x”: “name” cannot be read as money"),
        (CUSTOMERS % "{column: x, format: {kind: date, order: dmy}}",
         "tables[0].columns.name.format.order: accounts*.csv, column “x”: “dmy” is not possible here."),
        (CUSTOMERS % "on", "tables[0].columns.name: accounts*.csv: Expected a column's name. Put names such as on"),
        (CUSTOMERS % "x}, end_is: last, x: {",
         "tables[0].x: accounts*.csv: “x” is unknown."),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_names_file_column_and_what_to_do(text: str, said: str) -> None:
    if "format: money" in text:
        text = text.replace("name: {column: x, format: money}", "signed_up_on: {column: x, format: money}")
        said = said.replace("columns.name.format", "columns.signed_up_on.format").replace("“name”", "“signed_up_on”")
    with pytest.raises(MappingError) as refusal:
        mapping.parse(text)
    assert str(refusal.value).startswith(said)


def test_what_nobody_has_said_of_lines_is_told_as_assumed(put: Any, now: datetime) -> None:
    columns = "columns: {customer: account, amount: price, starts_on: a, ends_on: b}"
    lines = f"  - {{file: lines.csv, kind: contracts, {columns}%s}}\n"
    folder = put(accounts="id,name\nA1,Alpha\n", lines="account,price,a,b\nA1,5,2024-03-01,2025-03-01\n")
    found = queries.one(checked(folder, CUSTOMERS % "name" + lines % "", at=now))
    assert found is not None
    assert found.findings["assumed"] == [
        "lines.csv, column “b”: read as the first day without service. Else say `end_is: last_day`.",
        "lines.csv, column “price”: read as the amount of the whole term. Else say for how many months it is: "
        "`constants: {amount_months: 1}`.",
    ]
    said = ", end_is: day_after, amount_covers: term"
    found = queries.one(checked(folder, CUSTOMERS % "name" + lines % said, at=now))
    assert found is not None and found.findings["assumed"] == []
