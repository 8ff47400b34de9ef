"""Which source files belong to, and which saved mapping is used again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from tests.integrations.imported import bring_in, silent

from perennial.integrations.imports import actions, looking, mapping, queries
from perennial.integrations.imports.origin import origin_of


@pytest.mark.parametrize(
    ("files", "folder", "name"),
    [
        (["crm_accounts_2024-03.csv"], "", "crm_accounts"),
        (["crm_accounts.csv", "crm_lines.csv.gz"], "", "crm"),
        (["accounts.csv", "lines.csv"], "", "accounts"),
        (["accounts.csv", "lines.csv"], "billing", "billing"),
        (["客户台账_20240331.xlsx"], "", "客户台账"),
        (["export (2).csv"], "", "export"),
        (["2024.csv"], "", "2024"),
        (["x" * 90 + ".csv"], "", "x" * 60),
    ],
)
@pytest.mark.django_db
def test_a_source_is_called_as_its_files_or_folder(files: list[str], folder: str, name: str) -> None:
    assert origin_of([], files, folder).source == name


GIVEN = "source: billing\ntables:\n  - {file: a.csv, kind: customers, columns: {external_id: id, name: name}}\n"


def looked_at(path: Path, now: datetime) -> queries.ImportView:
    with path.open("rb") as file:
        import_id = actions.create(files=[(path.name, file)], name="", by=None, at=now)
    looking.look(import_id, report=silent)
    found = queries.one(import_id)
    assert found is not None
    return found


@pytest.mark.usefixtures("home", "organisation")
def test_the_source_is_the_one_that_knows_the_ids(tmp_path: Path, now: datetime) -> None:
    (tmp_path / "a.csv").write_text("id,name\n1,Acme\n2,Beta\n", encoding="utf-8")
    bring_in([tmp_path / "a.csv"], GIVEN, at=now)
    lines = tmp_path / "lines.csv"
    lines.write_text("customer_id,mrr,start\n1,10,2024-03-01\n2,20,2024-03-01\n9,5,2024-03-01\n", encoding="utf-8")
    found = looked_at(lines, now)
    assert (found.mapping["source"], found.findings["origin"]) == (
        "billing",
        {"source": "billing", "known": 2, "of": 3},
    )


@pytest.mark.usefixtures("home", "organisation")
def test_equal_numbers_of_other_companies_are_another_source(tmp_path: Path, now: datetime) -> None:
    (tmp_path / "a.csv").write_text("id,name\n1,Acme\n2,Beta\n", encoding="utf-8")
    bring_in([tmp_path / "a.csv"], GIVEN, at=now)
    others = tmp_path / "helpdesk.csv"
    others.write_text("customer_id,name,industry\n1,Zeta,x\n2,Eta,y\n", encoding="utf-8")
    assert looked_at(others, now).mapping["source"] == "helpdesk"
    others.write_text("customer_id,name,industry\n1,ACME,x\n2,Beta,y\n", encoding="utf-8")
    assert looked_at(others, now).mapping["source"] == "billing"


@pytest.mark.usefixtures("home", "organisation")
def test_a_saved_mapping_is_used_again_only_where_it_fits_also_for_next_months_file(
    tmp_path: Path, now: datetime
) -> None:
    march, april = tmp_path / "list-2024-03.csv", tmp_path / "list-2024-04.csv"
    march.write_text("x,y\nkey,title\n1,Acme\n", encoding="utf-8")
    given = (GIVEN.replace("a.csv", "list-2024-03.csv").replace("id, name: name", "key, name: title")
             + "reading: [{file: list-2024-03.csv, header: 2}]\n")  # fmt: skip
    bring_in([march], given, at=now)
    april.write_text("x,y\nkey,title\n2,Beta\n", encoding="utf-8")
    found = looked_at(april, now)
    assert found.findings["reused"] == "files"
    table = mapping.from_data(found.mapping).tables[0]
    assert (table.file, {use.column: key for key, use in table.columns.items()}) == (
        "list-*.csv",
        {"key": "external_id", "title": "name"},
    )
    april.write_text("id,company\n2,Beta\n", encoding="utf-8")
    found = looked_at(april, now)
    assert (found.findings["reused"], found.mapping["source"]) == (None, "list")
