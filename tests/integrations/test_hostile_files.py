"""Promises I1 and I2: every hostile file gets a clear answer, in time, and costs the parent next to nothing."""

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.integrations.files import REFUSED, ROWS, raw_workbook, workbook, zipped

from perennial.integrations.imports.messages import describe, place
from perennial.integrations.imports.reading import limits
from perennial.integrations.imports.reading.sources import chunks, read_sources, rejected_rows
from perennial.integrations.imports.reading.terms import Code


def megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_is_refused_with_its_name_and_what_to_do(name: str, tmp_path: Path) -> None:
    make, code = REFUSED[name]
    path, before, began = make(tmp_path / name), megabytes(), time.monotonic()
    reading = read_sources([path], tmp_path / "out")
    assert time.monotonic() - began < 30
    assert megabytes() - before < 600
    assert not reading.sources
    (problem,) = reading.refused
    assert problem.code == code
    assert place(problem).startswith(name)
    assert "%(" not in describe(problem)
    assert len(describe(problem)) > 20


@pytest.mark.parametrize("name", ROWS)
def test_a_hostile_row_is_rejected_and_its_neighbours_are_read(name: str, tmp_path: Path) -> None:
    body, row, code = ROWS[name]
    (tmp_path / name).write_bytes(body)
    (source,) = read_sources([tmp_path / name], tmp_path / "out").sources
    (problem,) = rejected_rows(source)
    assert (problem.code, problem.row, problem.file) == (code, row, name)
    assert "%(" not in describe(problem)
    (chunk,) = chunks(source)
    assert chunk.rows.to_pylist() == [2, 4]
    assert chunk.cells.column(0).to_pylist() == ["1", "3"]


def test_the_row_of_an_open_quote_and_of_a_second_encoding_is_named(tmp_path: Path) -> None:
    for name, row in (("open_quote.csv", 2), ("mixed.csv", 3)):
        REFUSED[name][0](tmp_path / name)
        (problem,) = read_sources([tmp_path / name], tmp_path / f"out-{name}").refused
        assert problem.row == row
        assert f"row {row}" in place(problem)


def test_one_bad_file_does_not_touch_the_good_ones_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    REFUSED["far_cell.xlsx"][0](folder / "bad.xlsx")
    (folder / "good.csv").write_text("id,n\n1,2\n")
    (folder / "readme.md").write_text("# not a table")
    reading = read_sources([folder], tmp_path / "out")
    assert [source.file for source in reading.sources] == ["good.csv"]
    assert [problem.file for problem in reading.refused] == ["bad.xlsx"]
    assert reading.ignored == ("readme.md",)


def test_a_bad_member_of_an_archive_does_not_touch_the_others(tmp_path: Path) -> None:
    path = zipped(tmp_path / "all.zip", {"good.csv": b"id,n\n1,2\n", "../bad.csv": b"id,n\n1,2\n", "notes.md": b"#"})
    reading = read_sources([path], tmp_path / "out")
    assert [source.file for source in reading.sources] == ["all.zip/good.csv"]
    assert [(problem.file, problem.code) for problem in reading.refused] == [("all.zip/../bad.csv", Code.UNSAFE_PATH)]
    assert reading.ignored == ("all.zip/notes.md",)
    assert not (tmp_path / "bad.csv").exists()


def test_a_cell_that_aborts_the_reader_costs_one_child_and_nothing_else(tmp_path: Path) -> None:
    """The check before the reader is made blind: cells without a place in the file cannot be seen by it."""
    rows = (
        '<row r="1"><c t="inlineStr"><is><t>id</t></is></c></row><row r="1048576">'
        + "<c><v>1</v></c>" * 16_000
        + "</row>"
    )
    path = raw_workbook(tmp_path / "far.xlsx", rows)
    (problem,) = read_sources([path], tmp_path / "out").refused
    assert problem.code is Code.TOO_MUCH_MEMORY


def test_a_child_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHILD_WALL_SECONDS", 0.01)
    path = workbook(tmp_path / "slow.xlsx", {"S": [["id", "n"], [1, 2]]})
    (problem,) = read_sources([path], tmp_path / "out").refused
    assert problem.code is Code.TOO_LONG


def test_the_child_has_no_network_no_programs_and_little_memory(tmp_path: Path) -> None:
    tried = tmp_path / "tried.py"
    tried.write_text(
        "import socket, subprocess\n"
        "from perennial.integrations.imports.reading import child\n"
        "child.confine(0)\n"
        "def refused(what):\n"
        "    try: what()\n"
        "    except (PermissionError, MemoryError): return\n"
        "    raise SystemExit('allowed')\n"
        "refused(lambda: socket.create_connection(('127.0.0.1', 9)))\n"
        "refused(lambda: subprocess.run(['true']))\n"
        "refused(lambda: bytearray(1_100_000_000))\n"
    )
    ended = subprocess.run(
        [sys.executable, str(tried)], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


def test_formulas_without_a_result_are_told(tmp_path: Path) -> None:
    path = workbook(tmp_path / "f.xlsx", {"S": [["id", "total"], ["A1", "=1+1"], ["A2", 5]]})
    reading = read_sources([path], tmp_path / "out")
    assert [(notice.code, notice.details) for notice in reading.notices] == [
        (Code.FORMULA_UNCOMPUTED, {"count": 1, "cell": "B2"})
    ]
    (chunk,) = chunks(reading.sources[0])
    assert chunk.cells.column(1).to_pylist() == ["", "5"]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    (problem,) = read_sources([tmp_path / "none.csv"], tmp_path / "out").refused
    assert (problem.code, problem.file) == (Code.NOT_FOUND, "none.csv")
