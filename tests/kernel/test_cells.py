import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.kernel.cells import plain_cell, safe_cell


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "＝1+1", "＠x", " =1", "'=1", "''=1", "\u3000=1"],
)
def test_a_cell_that_could_run_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", " ", "'", "Acme", "a=b", "O'Hara", "'quoted'", "12.5万", "客户"])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text
    assert plain_cell(text) == text


@given(st.text(alphabet=st.sampled_from("=+-@\t\r\n\0＝ 'a1\u00a0"), max_size=8) | st.text())
def test_what_was_exported_comes_back_the_same(text: str) -> None:
    assert plain_cell(safe_cell(text)) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_the_round_trip_holds_through_a_csv_file(text: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(["id", safe_cell(text)])
    (row,) = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert plain_cell(row[1]) == text
    assert row[1][:1] not in set("=+-@\t\r\n\0")
