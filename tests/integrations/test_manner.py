"""How a person says that a file is read, where what was found is wrong; and that it stands in the mapping."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from tests.integrations.files import REFUSED, workbook, zipped
from tests.integrations.imported import bring_in, checked, counts

from perennial.customers.models import Customer
from perennial.integrations.imports import mapping, work
from perennial.integrations.imports.mapping import MappingError
from perennial.integrations.imports.messages import describe, place
from perennial.integrations.imports.reading.manner import Rule
from perennial.integrations.imports.reading.sources import chunks, read_sources
from perennial.integrations.imports.reading.terms import Code, Reading

TITLED = "客户清单,,\n,,\n编号,名称,行业\n001,甲公司,制造\n002,乙公司,零售\n"


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Reading]:
    """Return a reader of one file under rules; each call reads into a folder of its own."""
    calls = iter(range(100))

    def under(path: Path, *rules: Rule) -> Reading:
        return read_sources([path], tmp_path / f"out{next(calls)}", rules)

    return under


def cells(reading: Reading) -> list[list[str]]:
    return [list(row.values()) for source in reading.sources for chunk in chunks(source)
            for row in chunk.cells.to_pylist()]  # fmt: skip


def text(path: Path, body: str | bytes) -> Path:
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    return path


def test_the_first_rows_are_shown_as_they_stand_with_their_numbers(
    read: Callable[..., Reading], tmp_path: Path
) -> None:
    (source,) = read(text(tmp_path / "a.csv", TITLED)).sources
    assert source.parts[0].head == (
        (1, ("客户清单", "", "")), (2, ("", "", "")), (3, ("编号", "名称", "行业")), (4, ("001", "甲公司", "制造")),
        (5, ("002", "乙公司", "零售")),
    )  # fmt: skip
    assert source.parts[0].header_rows == (3,)


def test_the_header_is_the_row_that_a_person_names(read: Callable[..., Reading], tmp_path: Path) -> None:
    path = text(tmp_path / "a.csv", "id,name\nkey,label\n1,Acme\n2,Beta\n")
    assert read(path).sources[0].columns == ("id", "name")
    (source,) = read(path, Rule("a.csv", header=(2,))).sources
    assert (source.columns, source.rows) == (("key", "label"), 2)
    (source,) = read(path, Rule("*.csv", header=(1, 2))).sources
    assert (source.columns, source.parts[0].header_rows) == (("id / key", "name / label"), (1, 2))


def test_a_table_without_a_header_keeps_its_first_row(read: Callable[..., Reading], tmp_path: Path) -> None:
    path = text(tmp_path / "a.csv", "Acme,Steel\nBeta,Trade\n")
    assert cells(read(path)) == [["Beta", "Trade"]]
    reading = read(path, Rule("a.csv", header=()))
    assert (reading.sources[0].columns, cells(reading)) == (("A", "B"), [["Acme", "Steel"], ["Beta", "Trade"]])
    assert not reading.sources[0].notices


def test_a_header_further_down_than_the_sample_is_found_where_it_was_said(
    read: Callable[..., Reading], tmp_path: Path
) -> None:
    path = text(tmp_path / "a.csv", "note,x\n" * 99 + "id,name\n1,Acme\n")
    assert read(path, Rule("a.csv", header=(100,))).sources[0].columns == ("id", "name")


@pytest.mark.parametrize("row", [2, 9])
def test_a_named_row_that_holds_nothing_is_refused_with_its_number(
    row: int, read: Callable[..., Reading], tmp_path: Path
) -> None:
    reading = read(text(tmp_path / "a.csv", TITLED), Rule("a.csv", header=(row,)))
    (problem,) = reading.refused
    assert (problem.code, place(problem)) == (Code.HEADER_ROW_EMPTY, f"a.csv, row {row}")
    assert "Choose another one" in describe(problem)
    assert reading.files[0].content == "text"


def test_an_encoding_and_a_delimiter_are_those_that_a_person_names(
    read: Callable[..., Reading], tmp_path: Path
) -> None:
    path = text(tmp_path / "a.csv", "name;note\nÄpfel;a,b,c\nBirnen;d,e,f\n".encode("latin-1"))
    reading = read(path, Rule("a.csv", encoding="latin-1", delimiter="semicolon"))
    assert cells(reading) == [["Äpfel", "a,b,c"], ["Birnen", "d,e,f"]]
    assert (reading.sources[0].parts[0].encoding, reading.sources[0].parts[0].delimiter) == ("latin-1", ";")
    assert not reading.sources[0].notices
    assert read(path, Rule("a.csv", delimiter="comma")).sources[0].columns == ("Äpfel;a", "b", "c")


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("gb18030", "gb18030"),
        ("big5", "big5"),
        ("utf-8", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("shift_jis", "shift_jis"),
    ],
)
def test_every_encoding_that_is_offered_reads_what_was_written_in_it(
    encoding: str, codec: str, read: Callable[..., Reading], tmp_path: Path
) -> None:
    path = text(tmp_path / "a.csv", "名,番\n東京,1\n".encode(codec))
    reading = read(path, Rule("a.csv", encoding=encoding))
    assert (reading.sources[0].columns, cells(reading)) == (("名", "番"), [["東京", "1"]])


def test_a_wrong_encoding_is_refused_with_the_line_and_nothing_is_garbled(
    read: Callable[..., Reading], tmp_path: Path
) -> None:
    (problem,) = read(
        text(tmp_path / "a.csv", "id,name\n1,a\n2,é\n".encode("latin-1")), Rule("a.csv", encoding="utf-8")
    ).refused
    assert (problem.code, problem.row, problem.details) == (Code.OTHER_ENCODING, 3, {"encoding": "utf-8"})


def test_utf16_may_be_named_where_nothing_marks_it(read: Callable[..., Reading], tmp_path: Path) -> None:
    for number, codec in enumerate(("utf-16-le", "utf-16-be")):
        path = text(tmp_path / f"a{number}.csv", "name,city\nAcme,Bonn\n".encode(codec))
        assert cells(read(path, Rule("*.csv", encoding="utf-16"))) == [["Acme", "Bonn"]]


RULES = [
    Rule("*", encoding="utf-16"),
    Rule("*", encoding="gb18030", header=(2,)),
    Rule("*", header=(), delimiter="pipe"),
    Rule("*", sheet="*", take=True, header=(1, 2)),
    Rule("*", header=(199,)),
]
HEAVY = {"bomb_1g.xlsx", "bomb_rows.xlsx", "bomb.csv.gz", "one_line.csv", "members.zip", "columns.csv"}


@pytest.mark.parametrize("name", sorted(set(REFUSED) - HEAVY))
def test_a_hostile_file_gets_a_clear_answer_whatever_is_said_of_it(
    name: str, read: Callable[..., Reading], tmp_path: Path
) -> None:
    path = REFUSED[name][0](tmp_path / name)
    for rule in RULES:
        reading = read(path, rule)
        assert reading.refused or reading.sources or reading.notices
        assert {problem.code for problem in reading.refused}.isdisjoint({Code.READER_STOPPED, Code.TOO_LONG})
        assert all(len(describe(problem)) > 20 for problem in reading.refused)


def test_sheets_are_read_as_a_person_says_hidden_ones_too(read: Callable[..., Reading], tmp_path: Path) -> None:
    sheets = {
        "Jan": [["id", "n"], [1, 2]],
        "Notes": [["Made by", "Li"], ["On", "Monday"]],
        "Old": [["id", "n"], [3, 4]],
    }
    book = openpyxl.load_workbook(workbook(tmp_path / "a.xlsx", sheets))
    book["Old"].sheet_state = "hidden"
    book.save(tmp_path / "b.xlsx")
    assert read(tmp_path / "b.xlsx").files[0].sheets == (("Jan", "read"), ("Notes", "read"), ("Old", "left"))
    reading = read(
        tmp_path / "b.xlsx", Rule("b.xlsx", sheet="Old", take=True), Rule("b.xlsx", sheet="Not*", take=False)
    )
    assert reading.files[0].sheets == (("Jan", "read"), ("Notes", "left"), ("Old", "read"))
    assert [source.sheets for source in reading.sources] == [("Jan", "Old")]
    assert not reading.notices
    (problem,) = read(tmp_path / "b.xlsx", Rule("b.xlsx", take=False)).refused
    assert problem.code is Code.NO_SHEET and "Choose at least one" in describe(problem)


def test_each_sheet_may_have_a_header_of_its_own(read: Callable[..., Reading], tmp_path: Path) -> None:
    rows = [["id", "name"], ["key", "label"], [1, "Acme"]]
    path = workbook(tmp_path / "a.xlsx", {"A": rows, "B": rows})
    reading = read(path, Rule("a.xlsx", header=(1, 2)), Rule("a.xlsx", sheet="B", header=(2,)))
    assert [source.columns for source in reading.sources] == [("id / key", "name / label"), ("key", "label")]


def test_a_file_in_an_archive_follows_the_rule_of_its_own_name(read: Callable[..., Reading], tmp_path: Path) -> None:
    path = zipped(tmp_path / "all.zip", {"in/a.csv": b"x,y\nid,name\n1,Acme\n", "in/b.csv": b"x,y\n1,2\n"})
    assert [source.columns for source in read(path, Rule("a.csv", header=(2,))).sources] == [("id", "name"), ("x", "y")]


MAPPED = """
source: crm
reading:
  - {file: "*.csv", header: 3, encoding: utf-8}
tables:
  - {file: "*.csv", kind: customers, columns: {external_id: 编号, name: 名称}}
"""


@pytest.mark.usefixtures("home", "organisation")
def test_what_was_said_stands_in_the_mapping_and_next_months_file_is_read_so(tmp_path: Path, now: datetime) -> None:
    (tmp_path / "files").mkdir()
    text(tmp_path / "files" / "a.csv", TITLED.replace("客户清单,,\n,,", "a,b,c\nd,e,f"))
    with pytest.raises(work.WorkFailed):
        checked(tmp_path / "files", MAPPED.replace("header: 3, ", ""), at=now)
    bring_in(tmp_path / "files", MAPPED, at=now)
    assert sorted(Customer.objects.values_list("name", flat=True)) == ["乙公司", "甲公司"]
    text(tmp_path / "files" / "a.csv", "x,y,z\nx,y,z\n编号,名称,行业\n003,丙公司,制造\n")
    assert counts(bring_in(tmp_path / "files", MAPPED, at=now))["customers"]["new"] == 1


def test_a_rule_is_written_and_read_back_the_same() -> None:
    found = mapping.parse(MAPPED)
    assert found.reading == (Rule("*.csv", encoding="utf-8", header=(3,)),)
    for rule in (Rule("a", header=()), Rule("a", header=(2, 3), sheet="S"), Rule("a", take=False, delimiter="tab")):
        data = {**mapping.to_data(found), "reading": [mapping.rule_data(rule)]}
        assert mapping.from_data(data).reading == (rule,)
        assert mapping.parse(mapping.to_yaml(mapping.from_data(data))).reading == (rule,)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{header: 3}", "reading[0].file: Expected a file's name"),
        ("{file: a.csv, header: 0}", "reading[0].header: a.csv: Expected the number of the header's row"),
        ("{file: a.csv, header: [3, 2]}", "reading[0].header: a.csv: Expected the number"),
        ("{file: a.csv, header: [1, 2, 3]}", "reading[0].header: a.csv: Expected the number"),
        ("{file: a.csv, header: true}", "reading[0].header: a.csv: Expected the number"),
        ("{file: a.csv, encoding: rot13}", "reading[0].encoding: a.csv: “rot13” is unknown. There are: utf-8, "),
        ("{file: a.csv, delimiter: semicolons}", "Did you mean “semicolon”?"),
        ("{file: a.csv, take: perhaps}", "reading[0].take: a.csv: Expected true or false."),
        ("{file: a.csv, headers: 3}", "reading[0].headers: a.csv: “headers” is unknown. Did you mean “header”?"),
        ("a.csv", "reading[0]: Expected keys and values."),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_refused_with_its_place_and_what_to_do(rule: str, said: str) -> None:
    with pytest.raises(MappingError) as refusal:
        mapping.parse(f"source: x\nreading:\n  - {rule}\ntables:\n  - {{file: a.csv, kind: customers, columns: {{}}}}")
    assert said in str(refusal.value)
