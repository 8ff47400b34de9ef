"""Rows come in pieces of about the wanted size, and no piece ever cuts a row."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.integrations.imports.reading.sources import chunks
from perennial.integrations.imports.reading.terms import Part, Source

CELLS = st.text(st.sampled_from('a",\n\r;é字 '), max_size=12)


def source_of(folder: Path, rows: list[list[str]]) -> Source:
    """Return a table as reading leaves it: a clean copy, each row behind its number."""
    path = folder / "part0.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([number, *row] for number, row in enumerate(rows, 2))
    part = Part(
        file="rows.csv", sheet=None, columns=("a", "b"), positions=(0, 1), width=2, rows=len(rows), path=path,
        rejected=0, rejected_path=path, header_rows=(1,), encoding="utf-8", delimiter=",", notices=(),
    )  # fmt: skip
    return Source("rows.csv", ("a", "b"), (part,))


def cells_of(source: Source, size: int) -> list[list[str]]:
    return [list(row.values()) for chunk in chunks(source, size=size) for row in chunk.cells.to_pylist()]


@given(rows=st.lists(st.tuples(CELLS, CELLS).map(list), min_size=1, max_size=30), size=st.integers(1, 200))
def test_whatever_the_size_every_row_comes_whole_and_once(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], size: int
) -> None:
    source = source_of(tmp_path_factory.mktemp("rows"), rows)
    assert cells_of(source, size) == rows
    numbers = [number for chunk in chunks(source, size=size) for number in chunk.rows.to_pylist()]
    assert numbers == list(range(2, 2 + len(rows)))


def test_a_piece_holds_about_the_wanted_bytes_and_a_longer_row_comes_alone(tmp_path: Path) -> None:
    long = "x\n" * 5000
    source = source_of(tmp_path, [["k", str(number)] for number in range(1000)] + [["long", long], ["last", "1"]])
    sizes = [len(chunk.rows) for chunk in chunks(source, size=1000)]
    assert sum(sizes) == 1002
    assert max(sizes) <= 130
    assert cells_of(source, 1000)[-2:] == [["long", long], ["last", "1"]]
