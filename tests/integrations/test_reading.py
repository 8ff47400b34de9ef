"""Files as people keep them, read as they mean them."""

import codecs
import csv
import gzip
import os
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from tests.integrations.files import workbook, zipped

from perennial.integrations.imports.detection.detect import read as typed
from perennial.integrations.imports.reading.sources import chunks, read_sources, rejected_rows
from perennial.integrations.imports.reading.terms import Code, Reading, Source
from perennial.integrations.imports.values.terms import Format, Kind
from perennial.kernel.cells import safe_cell

SAMPLE = os.environ.get("PERENNIAL_SAMPLE_DATA")


def read(path: Path) -> Reading:
    return read_sources([path], path.parent / f"{path.name}-out")


def one(path: Path) -> Source:
    reading = read(path)
    assert reading.refused == ()
    (source,) = reading.sources
    return source


def text(path: Path, body: str | bytes) -> Source:
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    return one(path)


def rows(source: Source) -> list[tuple[int, list[str]]]:
    return [
        (number, list(cells.values()))
        for chunk in chunks(source)
        for number, cells in zip(chunk.rows.to_pylist(), chunk.cells.to_pylist(), strict=True)
    ]


def codes(source: Source) -> dict[Code, dict[str, str | int]]:
    return {notice.code: notice.details for notice in source.notices}


@pytest.mark.parametrize(
    ("encoding", "mark", "found"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", codecs.BOM_UTF8, "utf-8-sig"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16"),
        ("gb18030", b"", "gb18030"),
    ],
)
def test_chinese_is_read_in_the_encodings_that_files_have(
    encoding: str, mark: bytes, found: str, tmp_path: Path
) -> None:
    body = "客户名称,负责人,城市\n华东某国企集团,李婷,上海\n某某科技（北京）有限公司,王工,北京\n"
    source = text(tmp_path / "a.csv", mark + body.encode(encoding))
    assert source.columns == ("客户名称", "负责人", "城市")
    assert rows(source)[1] == (3, ["某某科技（北京）有限公司", "王工", "北京"])
    assert source.parts[0].encoding == found
    assert (Code.ENCODING_GUESSED in codes(source)) == (found == "gb18030")


def test_utf16_without_a_mark_is_known_by_its_zero_bytes(tmp_path: Path) -> None:
    source = text(tmp_path / "a.csv", "id,name\n1,Acme\n2,Müller\n".encode("utf-16-le"))
    assert rows(source) == [(2, ["1", "Acme"]), (3, ["2", "Müller"])]


def test_western_accents_are_not_taken_for_chinese(tmp_path: Path) -> None:
    source = text(tmp_path / "a.csv", "id,société\n1,Crédit Élysée\n2,Müller & Söhne\n".encode("cp1252"))
    assert source.columns == ("id", "société")
    assert rows(source)[0][1] == ["1", "Crédit Élysée"]
    assert codes(source)[Code.ENCODING_GUESSED] == {"encoding": "cp1252"}


def test_an_encoding_of_last_resort_is_said_to_be_guessed(tmp_path: Path) -> None:
    body = "編號,公司名稱,地址\n" + "".join(f"{n},臺灣科技股份有限公司,臺北市中正區重慶南路一段\n" for n in range(30))
    source = text(tmp_path / "a.csv", body.encode("big5"))
    assert source.columns == ("編號", "公司名稱", "地址")
    assert Code.ENCODING_GUESSED in codes(source)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_makes_even_rows(delimiter: str, tmp_path: Path) -> None:
    lines = [["id", "name", "note"], ["1", '"Acme, Inc; x"', "a|b" if delimiter != "|" else "ab"], ["2", "Beta", ""]]
    source = text(tmp_path / "a.csv", "\n".join(delimiter.join(line) for line in lines))
    assert source.parts[0].delimiter == delimiter
    assert rows(source)[0][1][1] == "Acme, Inc; x"


def test_quotes_may_hold_lines_and_the_rows_are_counted_as_a_spreadsheet_does(tmp_path: Path) -> None:
    source = text(tmp_path / "a.csv", 'id,note\r\n1,"two\r\nlines, and ""more"""\r\n\r\n3,5" pipe\r\n')
    assert rows(source) == [(2, ["1", 'two\r\nlines, and "more"']), (4, ["3", '5" pipe'])]
    assert codes(source)[Code.BLANK_ROWS] == {"count": 1, "rows": "3"}


def test_single_quotes_and_backslashes_are_understood(tmp_path: Path) -> None:
    assert rows(text(tmp_path / "a.csv", "'id','n'\n'1','a,b'\n'2','c'\n"))[0][1] == ["1", "a,b"]
    assert rows(text(tmp_path / "b.csv", '"id","n"\n"1","say \\"hi\\", ok"\n"2","c"\n'))[0][1] == ["1", 'say "hi", ok']


def test_a_single_column_is_a_table(tmp_path: Path) -> None:
    assert rows(text(tmp_path / "a.csv", "id\n1\n2\n")) == [(2, ["1"]), (3, ["2"])]


def test_rows_before_the_header_and_totals_below_are_set_aside_and_told(tmp_path: Path) -> None:
    titles = "2024年客户清单,,,\n制表人：李婷,部门：华东,日期：2024-01-05,\n"
    body = titles + "编号,客户,金额,数量\nC1,华东,100,1\nC2,华南,200,2\n,小 计,300,3\n合计,,300,3\n"
    source = text(tmp_path / "a.csv", body)
    assert source.columns == ("编号", "客户", "金额", "数量")
    assert source.parts[0].header_rows == (3,)
    assert [number for number, _ in rows(source)] == [4, 5]
    assert codes(source)[Code.TITLE_ROWS] == {"count": 2}
    assert codes(source)[Code.TOTAL_ROWS] == {"count": 2, "rows": "6, 7"}


@pytest.mark.parametrize(
    "line",
    [
        "Grand total,,300",
        "总计,,300",
        "Total:,,300",
        "华东 小计,,300",
        "EMEA Total,,300",
        ",合 计,300",
        "合计,,￥300.00",
    ],
)
def test_a_total_row_is_known_by_its_word_and_its_numbers(line: str, tmp_path: Path) -> None:
    source = text(tmp_path / "a.csv", f"id,name,amount\nC1,Acme,100\nC2,Beta,200\n{line}\n")
    assert [number for number, _ in rows(source)] == [2, 3]


@pytest.mark.parametrize("line", ["C3,Total,300", "Total,Energies,300", "Total,Energies,", "C3,合计科技,300"])
def test_a_customer_called_total_stays(line: str, tmp_path: Path) -> None:
    source = text(tmp_path / "a.csv", f"id,name,amount\nC1,Acme,100\nC2,Beta,200\n{line}\n")
    assert [number for number, _ in rows(source)] == [2, 3, 4]


def test_a_file_without_a_header_gets_letters_and_says_so(tmp_path: Path) -> None:
    source = text(tmp_path / "a.csv", "C1,Acme,100,2024-01-01\nC2,Beta,200,2024-02-01\n")
    assert source.columns == ("A", "B", "C", "D")
    assert [number for number, _ in rows(source)] == [1, 2]
    assert Code.NO_HEADER in codes(source)


def test_years_may_head_columns(tmp_path: Path) -> None:
    assert text(tmp_path / "a.csv", "customer,2023,2024\nAcme,100,200\nBeta,1,2\n").columns == (
        "customer",
        "2023",
        "2024",
    )


def test_columns_of_one_name_are_told_apart(tmp_path: Path) -> None:
    source = text(tmp_path / "a.csv", "id,name,name,name (2),\n1,a,b,c,\n2,d,e,f,x\n")
    assert source.columns == ("id", "name", "name (3)", "name (2)", "E")
    assert codes(source)[Code.DUPLICATE_COLUMN] == {"name": "name", "new": "name (3)"}


def test_short_rows_are_filled_long_ones_rejected_and_a_repeated_header_left_out(tmp_path: Path) -> None:
    source = text(tmp_path / "a.csv", "id,name,city\n1,a,x\n2,b\nid,name,city\n3,c,y,z\n4,d,w,\n")
    assert rows(source) == [(2, ["1", "a", "x"]), (3, ["2", "b", ""]), (6, ["4", "d", "w"])]
    (problem,) = rejected_rows(source)
    assert (problem.row, problem.column, problem.value, problem.code) == (5, "D", "z", Code.ROW_TOO_WIDE)
    assert codes(source)[Code.SHORT_ROWS] == {"count": 1, "rows": "3"}
    assert codes(source)[Code.REPEATED_HEADER] == {"count": 1, "rows": "4"}


def test_a_merged_header_of_two_rows_is_flattened(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        {
            "S": [
                ["2024年合同台账"],
                ["客户名称", "合同", None, None, "备注"],
                [None, "金额", "开始", "结束", None],
                ["华东", 125000, "2024.3.1", "2025.2.28", "x"],
                ["华南", 98000.5, "2024年4月1日", "2025/3/31", None],
                ["合计", 223000.5, None, None, None],
            ]
        },
        {"S": ["A1:E1", "A2:A3", "B2:D2", "E2:E3"]},
    )
    source = one(path)
    assert source.columns == ("客户名称", "合同 / 金额", "合同 / 开始", "合同 / 结束", "备注")
    assert source.parts[0].header_rows == (2, 3)
    assert rows(source) == [
        (4, ["华东", "125000", "2024.3.1", "2025.2.28", "x"]),
        (5, ["华南", "98000.5", "2024年4月1日", "2025/3/31", ""]),
    ]


def test_groups_above_a_full_row_of_names_are_flattened_in_a_text_file(tmp_path: Path) -> None:
    body = (
        "客户,,合同,,\n编号,名称,金额,开始,结束\nC1,华东,100,2024-01-01,2024-12-31\nC2,华南,200,2024-01-01,2024-12-31\n"
    )
    assert text(tmp_path / "a.csv", body).columns == (
        "客户 / 编号",
        "客户 / 名称",
        "合同 / 金额",
        "合同 / 开始",
        "合同 / 结束",
    )


def test_a_single_header_over_text_is_not_taken_for_two_rows(tmp_path: Path) -> None:
    source = text(tmp_path / "a.csv", "id,name,,city\nC1,Acme,big,Paris\nC2,Beta,small,Rome\n")
    assert source.columns == ("id", "name", "C", "city")
    assert len(rows(source)) == 2


def test_cells_merged_down_hold_in_every_row(tmp_path: Path) -> None:
    data = [["客户", "产品", "金额"], ["华东", "A", 1], [None, "B", 2], ["华南", "A", 3]]
    source = one(workbook(tmp_path / "a.xlsx", {"S": data}, {"S": ["A2:A3"]}))
    assert [cells[0] for _, cells in rows(source)] == ["华东", "华东", "华南"]
    assert codes(source)[Code.MERGED_FILLED] == {"count": 1, "rows": "3"}


def test_a_sheet_per_month_is_one_source(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        {
            "1月": [["id", "amount"], ["C1", 1]],
            "2月": [["amount", "id"], [2, "C2"]],
            "说明": [["key", "value"], ["a", "b"]],
            "空": [],
        },
    )
    reading = read(path)
    months, notes = reading.sources
    assert months.sheets == ("1月", "2月")
    assert [cells for _, cells in rows(months)] == [["C1", "1"], ["C2", "2"]]
    assert [chunk.part.sheet for chunk in chunks(months)] == ["1月", "2月"]
    assert notes.sheets == ("说明",)
    assert [(notice.code, notice.sheet) for notice in reading.notices] == [(Code.EMPTY_SHEET, "空")]


def test_hidden_sheets_are_left_out_and_told(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(
        workbook(tmp_path / "a.xlsx", {"S": [["id", "n"], [1, 2]], "H": [["id", "n"], [3, 4]]})
    )
    book["H"].sheet_state = "hidden"
    book.save(tmp_path / "b.xlsx")
    reading = read(tmp_path / "b.xlsx")
    assert reading.sources[0].sheets == ("S",)
    assert [(notice.code, notice.sheet) for notice in reading.notices] == [(Code.HIDDEN_SHEET, "H")]


def test_cells_of_a_workbook_say_what_they_hold(tmp_path: Path) -> None:
    values = [
        3000.0,
        0.1 + 0.2,
        True,
        datetime(2024, 3, 1, 8, 30),  # noqa: DTZ001 -- a cell has no zone
        date(2024, 3, 1),
        time(3, 4),
        123456789012345678,
        " a ",
    ]
    source = one(workbook(tmp_path / "a.xlsx", {"S": [list("abcdefgh"), values, values]}))
    assert rows(source)[0][1][:6] == ["3000", "0.3", "TRUE", "2024-03-01 08:30:00", "2024-03-01", "03:04:00"]
    assert rows(source)[0][1][7] == " a "
    (notice,) = [notice for notice in source.notices if notice.code is Code.DIGITS_LOST]
    assert (notice.column, notice.row, notice.details) == ("g", 2, {"count": 2})


def test_a_table_away_from_the_corner_keeps_its_row_numbers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for place, value in {"C5": "id", "D5": "n", "C6": "C1", "D6": 1, "C8": "C2", "D8": 2}.items():
        book.active[place] = value
    book.save(tmp_path / "a.xlsx")
    source = one(tmp_path / "a.xlsx")
    assert source.columns == ("id", "n")
    assert rows(source) == [(6, ["C1", "1"]), (8, ["C2", "2"])]


def test_the_content_decides_and_not_the_name(tmp_path: Path) -> None:
    assert rows(text(tmp_path / "a.xls", "id\tn\n1\t2\n")) == [(2, ["1", "2"])]
    workbook(tmp_path / "b.csv", {"S": [["id", "n"], [1, 2]]})
    assert rows(one(tmp_path / "b.csv")) == [(2, ["1", "2"])]


def test_archives_and_compressed_files_are_opened(tmp_path: Path) -> None:
    assert rows(text(tmp_path / "a.csv.gz", gzip.compress(b"id,n\n1,2\n"))) == [(2, ["1", "2"])]
    path = zipped(tmp_path / "a.zip", {"in/a.csv": b"id,n\n1,2\n", "__MACOSX/._a.csv": b"x"})
    assert one(path).file == "a.zip/in/a.csv"


def test_a_chinese_name_in_an_archive_made_on_windows_is_readable(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"aaaa.csv": b"id,n\n1,2\n"})
    path.write_bytes(path.read_bytes().replace(b"aaaa.csv", "客户".encode("gb18030") + b".csv"))
    assert one(path).file == "a.zip/客户.csv"


def test_an_old_workbook_is_read(tmp_path: Path) -> None:
    """contracts.xls was written by xlwt 1.3: a title, a merged header of two rows, a real date, a total row."""
    reading = read_sources([Path(__file__).parent / "contracts.xls"], tmp_path / "out")
    (source,) = reading.sources
    assert source.columns == ("客户名称", "合同 / 金额", "合同 / 开始", "合同 / 备注")
    assert rows(source) == [
        (4, ["华东某国企集团", "12.5万", "2024.3.1", "TRUE"]),
        (5, ["某某科技", "98000.5", "2024-04-01", "x"]),
    ]
    assert codes(source)[Code.TOTAL_ROWS] == {"count": 1, "rows": "6"}


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_what_was_exported_is_imported_the_same(suffix: str, tmp_path: Path) -> None:
    texts = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\n=1",
        "＝1",
        "'=1",
        "''=1",
        " =1",
        "'plain",
        'a "b", c',
        "客户\n二",
    ]
    path = tmp_path / f"a.{suffix}"
    if suffix == "csv":
        texts.append("\r=1")
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["id", "text"], *([f"C{n}", safe_cell(text)] for n, text in enumerate(texts))])
    else:
        workbook(path, {"S": [["id", "text"], *([f"C{n}", safe_cell(text)] for n, text in enumerate(texts))]})
    (table,) = typed(one(path), {"text": Format(Kind.TEXT)}, ZoneInfo("UTC"))
    assert table.values.column("text").to_pylist() == texts


@pytest.mark.sample
@pytest.mark.skipif(SAMPLE is None, reason="PERENNIAL_SAMPLE_DATA is not set")
@pytest.mark.parametrize("folder", ["ravenstack", "ravenstack/variant"])
def test_every_row_of_ravenstack_is_read(folder: str, tmp_path: Path) -> None:
    reading = read_sources([Path(SAMPLE or "") / folder], tmp_path / "out")
    assert reading.refused == ()
    assert [source.rows for source in reading.sources] == [500, 600, 25_000, 5_000, 2_000]
    assert [source.rejected for source in reading.sources] == [0, 0, 0, 0, 0]
    assert all(not source.notices for source in reading.sources)
    assert rows(reading.sources[0])[0][1][:2] == ["A-2e4581", "Company_0"]
