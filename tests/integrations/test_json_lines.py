"""A log with one JSON object a line is a table; anything else in JSON gets a clear answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from perennial.integrations.imports.messages import describe
from perennial.integrations.imports.reading.manner import Rule
from perennial.integrations.imports.reading.sources import chunks, read_sources, rejected_rows
from perennial.integrations.imports.reading.terms import Code, Reading

LOG = (
    '{"ts": "2024-03-01T08:30:00Z", "user": {"id": "u1", "mail": "a@b.c"}, "event": "login", "n": 1}\n'
    "\n"
    '{"ts": "2024-03-02T09:00:00Z", "user": {"id": "u2"}, "event": "导出", "n": 12345678901234567890, "ok": true, '
    '"tags": ["a", "b"], "price": 0.10, "none": null}\n'
)


def read(path: Path, body: str | bytes, *rules: Rule) -> Reading:
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    return read_sources([path], path.parent / "out", rules)


def test_each_line_is_a_row_and_every_key_a_column(tmp_path: Path) -> None:
    (source,) = read(tmp_path / "log.ndjson", LOG).sources
    assert source.columns == ("ts", "user.id", "user.mail", "event", "n", "ok", "tags", "price", "none")
    (chunk,) = chunks(source)
    assert chunk.rows.to_pylist() == [1, 3]
    assert [list(row.values()) for row in chunk.cells.to_pylist()] == [
        ["2024-03-01T08:30:00Z", "u1", "a@b.c", "login", "1", "", "", "", ""],
        ["2024-03-02T09:00:00Z", "u2", "", "导出", "12345678901234567890", "TRUE", '["a", "b"]', "0.10", ""],
    ]
    assert source.parts[0].header_rows == ()
    assert [notice.code for notice in source.notices] == [Code.BLANK_ROWS]


@pytest.mark.parametrize("line", ["{broken", '{"a": NaN}', "[1]", '"text"', '{"a":' * 100_000])
def test_a_line_that_is_no_object_is_rejected_with_its_number(line: str, tmp_path: Path) -> None:
    (source,) = read(tmp_path / "log.jsonl", f'{{"a": 1}}\n{line}\n{{"a": 2}}\n').sources
    assert source.rows == 2
    assert [(problem.row, problem.code) for problem in rejected_rows(source)] == [(2, Code.ROW_JSON)]
    assert "Correct it" in describe(next(rejected_rows(source)))


@pytest.mark.parametrize("body", ['[{"a": 1}, {"a": 2}]', '[\n  {"a": 1}\n]', '{\n  "a": 1\n}\n'])
def test_one_json_value_is_refused_with_what_to_do(body: str, tmp_path: Path) -> None:
    reading = read(tmp_path / "all.json", body)
    assert not reading.sources
    assert [problem.code for problem in reading.refused] == [Code.JSON_VALUE]
    assert "one object a line" in describe(reading.refused[0])


def test_more_keys_than_columns_are_refused(tmp_path: Path) -> None:
    body = "".join(f'{{"k{number}": 1}}\n' for number in range(1_001))
    assert [problem.code for problem in read(tmp_path / "a.ndjson", body).refused] == [Code.TOO_MANY_COLUMNS]


def test_a_person_may_say_that_it_is_a_table_after_all(tmp_path: Path) -> None:
    body = '{"a": 1}\nx\ny\n'
    (source,) = read(tmp_path / "a.csv", body, Rule("a.csv", header=(1,))).sources
    assert (source.columns, source.rows) == (('{"a": 1}',), 2)
