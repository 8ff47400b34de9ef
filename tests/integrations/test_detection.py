"""What is decided about a column, what is asked, and what is only hinted at."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from perennial.integrations.imports.detection.conclusions import conclude
from perennial.integrations.imports.detection.detect import detect, read
from perennial.integrations.imports.detection.tally import Tally
from perennial.integrations.imports.detection.terms import Column, Place
from perennial.integrations.imports.messages import describe, place
from perennial.integrations.imports.reading.sources import read_sources
from perennial.integrations.imports.reading.terms import Code, Source
from perennial.integrations.imports.values.terms import Format, Kind, Order

SAMPLE = os.environ.get("PERENNIAL_SAMPLE_DATA")
SHANGHAI = ZoneInfo("Asia/Shanghai")
needs_sample = pytest.mark.skipif(SAMPLE is None, reason="PERENNIAL_SAMPLE_DATA is not set")


def source(tmp_path: Path, columns: dict[str, list[str]]) -> Source:
    lines = [",".join(columns), *(",".join(f'"{cell}"' for cell in row) for row in zip(*columns.values(), strict=True))]
    (tmp_path / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    return read_sources([tmp_path / "a.csv"], tmp_path / "out").sources[0]


def column(tmp_path: Path, values: list[str], name: str = "value") -> Column:
    """A second column keeps rows with an empty cell from being blank."""
    return detect(source(tmp_path, {"other": ["x"] * len(values), name: values}), SHANGHAI)[1]


def held(found: Column) -> tuple[Kind, Order | None] | None:
    return (found.format.kind, found.format.order) if found.format else None


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2,345", "-3"], Kind.INTEGER),
        (["1.5", "2,345.25", "3"], Kind.DECIMAL),
        (["12.5万", "￥3,000", "80"], Kind.MONEY),
        (["$1.2k", "$3", "$4"], Kind.MONEY),
        (["12%", "12.5 %", "0%"], Kind.PERCENT),
        (["TRUE", "FALSE", "TRUE"], Kind.BOOLEAN),
        (["是", "否", "是"], Kind.BOOLEAN),
        (["00123", "00456", "01789"], Kind.TEXT),
        (["INC0000045", "INC0000047", "INC0000049"], Kind.TEXT),
        (["No", "Yes", "No phone service"], Kind.TEXT),
        (["1.2.3", "1.2.4", "1.3.0"], Kind.TEXT),
        (["Acme", "Beta", "12"], Kind.TEXT),
    ],
)
def test_the_kind_of_a_column(values: list[str], kind: Kind, tmp_path: Path) -> None:
    found = column(tmp_path, values)
    assert found.format is not None
    assert found.format.kind is kind
    assert found.share == 1.0


@pytest.mark.parametrize(
    ("values", "name", "expected"),
    [
        (["2024-03-01", "2024-12-31"], "x", (Kind.DATE, Order.YEAR_FIRST)),
        (["2024.3.1", "2024年3月2日"], "x", (Kind.DATE, Order.YEAR_FIRST)),
        (["2024-03-01 08:30", "2024-03-02 00:00"], "x", (Kind.DATETIME, Order.YEAR_FIRST)),
        (["2024-03-01 00:00:00", "2024-03-02 00:00:00"], "x", (Kind.DATE, Order.YEAR_FIRST)),
        (["1/2/2024", "16/10/2024"], "x", (Kind.DATE, Order.DAY_FIRST)),
        (["1/2/2024", "10/16/2024"], "x", (Kind.DATE, Order.MONTH_FIRST)),
        (["20240301", "20241231"], "签约日期", (Kind.DATE, Order.COMPACT)),
        (["20240301", "20241231"], "invoice", (Kind.INTEGER, None)),
        (["45352", "45353"], "start_date", (Kind.DATE, Order.SERIAL)),
        (["45352", "45353"], "amount", (Kind.INTEGER, None)),
        (["45352", "45353"], "Start", (Kind.DATE, Order.SERIAL)),
        (["1200", "3500"], "time to renew", (Kind.INTEGER, None)),
        (["20240301", "20250228"], "到期", (Kind.DATE, Order.COMPACT)),
        (["2024-03-01", "TBD", "soon", "later"], "x", (Kind.TEXT, None)),
        (["5 Mar 2024", "16 Oct 2024"], "x", (Kind.DATE, Order.YEAR_FIRST)),
        (["2/2/2024", "3/3/2024"], "x", (Kind.DATE, Order.DAY_FIRST)),
    ],
)
def test_the_order_of_dates(values: list[str], name: str, expected: tuple[Kind, Order | None], tmp_path: Path) -> None:
    assert held(column(tmp_path, values, name)) == expected


def test_a_date_that_fits_two_orders_is_asked_with_both_readings(tmp_path: Path) -> None:
    found = column(tmp_path, ["1/2/2024", "3/4/2024", "12/12/2024", ""])
    assert found.format is None
    assert [(choice.format.order, choice.examples[0]) for choice in found.choices] == [
        (Order.DAY_FIRST, ("1/2/2024", "2024-02-01")),
        (Order.MONTH_FIRST, ("1/2/2024", "2024-01-02")),
    ]
    assert (found.filled, found.parsed, found.empty) == (3, 3, 1)
    assert not any(choice.suggested for choice in found.choices)


def test_years_of_two_digits_are_asked_where_they_could_be_days(tmp_path: Path) -> None:
    found = column(tmp_path, ["24-03-01", "24-04-02"])
    assert [choice.format.order for choice in found.choices] == [Order.YEAR_FIRST, Order.DAY_FIRST]


def test_one_day_above_twelve_decides_and_is_shown_however_late_it_comes(tmp_path: Path) -> None:
    found = column(tmp_path, ["1/2/2024"] * 30_000 + ["13/2/2024"])
    assert held(found) == (Kind.DATE, Order.DAY_FIRST)
    assert found.decided_by == Place(30_002, "13/2/2024")


def test_dates_that_contradict_each_other_are_told_with_their_rows(tmp_path: Path) -> None:
    found = column(tmp_path, ["16/10/2024", "17/10/2024", "10/18/2024", "1/2/2024"])
    assert found.format is None
    assert [choice.format.order for choice in found.choices] == [Order.DAY_FIRST, Order.MONTH_FIRST]
    assert ("10/18/2024", None) in found.choices[0].examples
    assert found.contradicting == (Place(4, "10/18/2024"), Place(2, "16/10/2024"))
    assert [warning.code for warning in found.warnings] == [Code.MIXED_DATES]
    assert found.parsed == 3


def test_real_dates_among_texts_are_told_as_a_mixture(tmp_path: Path) -> None:
    """A spreadsheet in the wrong language turns 3/4/2024 into a date and leaves 16/10/2024 as text."""
    found = column(tmp_path, ["16/10/2024", "2024-03-04", "17/10/2024", "2024-05-04", "18/10/2024"])
    assert found.format is None
    both, day_first, year_first = found.choices
    orders = [choice.format.order for choice in found.choices]
    assert orders == [Order.DAY_OR_YEAR, Order.DAY_FIRST, Order.YEAR_FIRST]
    assert (both.read, day_first.read, year_first.read, both.of) == (5, 3, 2, 5)
    assert both.examples[0] == ("16/10/2024", "2024-10-16") and ("2024-03-04", "2024-03-04") in both.examples
    assert day_first.unread == (Place(3, "2024-03-04"), Place(5, "2024-05-04"))
    assert found.contradicting[0] == Place(3, "2024-03-04")
    assert [warning.code for warning in found.warnings] == [Code.MIXED_DATES, Code.DATES_SWAPPED]


@pytest.mark.parametrize(
    "values",
    [
        ["16/10/2024", "2024-03-14", "17/10/2024", "2024-05-04"],  # a day after the 12th was recognised
        ["16/10/2024", "2024-03-04", "7/10/2024", "2024-05-04"],  # a day before it was not
        ["2024-03-04", "2024-05-04", "soon", "16/10/2024", "17/10/2024"],
    ],
)
def test_a_mixture_that_no_spreadsheet_made_is_not_called_swapped(values: list[str], tmp_path: Path) -> None:
    found = column(tmp_path, values)
    assert found.format is None
    assert Code.DATES_SWAPPED not in {warning.code for warning in found.warnings}


def test_two_orders_of_day_and_month_beside_the_year_first_are_still_asked(tmp_path: Path) -> None:
    found = column(tmp_path, ["1/2/2024", "2024-03-14", "3/4/2024", "2024-05-04"])
    assert [(choice.format.order, choice.examples[0]) for choice in found.choices] == [
        (Order.DAY_OR_YEAR, ("1/2/2024", "2024-02-01")),
        (Order.MONTH_OR_YEAR, ("1/2/2024", "2024-01-02")),
        (Order.YEAR_FIRST, ("1/2/2024", None)),
        (Order.DAY_FIRST, ("1/2/2024", "2024-02-01")),
        (Order.MONTH_FIRST, ("1/2/2024", "2024-01-02")),
    ]


def test_dates_among_words_are_asked_with_the_rows_that_are_none(tmp_path: Path) -> None:
    found = column(tmp_path, ["2024-03-01", "TBD", "2024-03-05", "2024-03-09", "next quarter"])
    (choice,) = found.choices
    assert (found.format, choice.format.order, choice.read, choice.of) == (None, Order.YEAR_FIRST, 3, 5)
    assert choice.unread == (Place(3, "TBD"), Place(6, "next quarter"))


def test_one_mistyped_date_among_hundreds_is_a_fault_and_no_question(tmp_path: Path) -> None:
    found = column(tmp_path, ["16/10/2024", "1/2/2024"] * 200 + ["10/18/2024"])
    assert held(found) == (Kind.DATE, Order.DAY_FIRST)
    assert found.contradicting == (Place(402, "10/18/2024"), Place(2, "16/10/2024"))
    assert [warning.code for warning in found.warnings] == [Code.MIXED_DATES]


def test_a_late_chunk_decides_and_a_late_chunk_contradicts() -> None:
    def conclusion(*parts: list[str]) -> Column:
        orders = (Order.DAY_FIRST, Order.MONTH_FIRST)
        tally = Tally("x", tuple(Format(Kind.DATETIME, order) for order in orders), SHANGHAI)
        row = 2
        for part in parts:
            tally.feed(pa.array(range(row, row + len(part)), pa.int64()), pa.array(part))
            row += len(part)
        return conclude(tally, "a.csv")

    assert conclusion(["1/2/2024"] * 5, ["3/4/2024"]).format is None
    decided = conclusion(["1/2/2024"] * 5, ["3/4/2024", "2/13/2024"])
    assert (held(decided), decided.decided_by) == ((Kind.DATE, Order.MONTH_FIRST), Place(8, "2/13/2024"))
    torn = conclusion(["2/13/2024"] * 5, ["13/2/2024"] * 4)
    assert (torn.format, torn.contradicting) == (None, (Place(7, "13/2/2024"), Place(2, "2/13/2024")))


def test_a_file_that_decides_elsewhere_makes_a_suggestion_and_still_asks(tmp_path: Path) -> None:
    table = source(tmp_path, {"a": ["16/10/2024", "1/2/2024"], "b": ["1/2/2024", "3/4/2024"]})
    decided, asked = detect(table, SHANGHAI)
    assert decided.decided_by == Place(2, "16/10/2024")
    assert asked.format is None
    assert [choice.suggested for choice in asked.choices] == [True, False]


def test_a_unit_in_the_header_is_proposed(tmp_path: Path) -> None:
    found = column(tmp_path, ["12.5", "8"], "金额(万元)")
    assert found.format == Format(Kind.MONEY, factor=10_000)


def test_a_comma_for_the_fraction_is_chosen_only_where_a_value_needs_it(tmp_path: Path) -> None:
    assert column(tmp_path, ["1.234,5", "12,5", "7"]).format == Format(Kind.DECIMAL, decimal_comma=True)


def test_zeros_and_ones_are_numbers_that_may_be_flags(tmp_path: Path) -> None:
    found = column(tmp_path, ["0", "1", "1"])
    assert found.format == Format(Kind.INTEGER)
    assert [form.kind for form in found.alternatives] == [Kind.BOOLEAN]


def test_null_markers_are_counted_and_become_part_of_the_format(tmp_path: Path) -> None:
    found = column(tmp_path, ["1", "-", "无", "", "N/A", "-", "7"])
    assert found.format == Format(Kind.INTEGER, nulls=frozenset(("", "-", "无", "n/a")))
    assert dict(found.null_markers) == {"-": 2, "无": 1, "n/a": 1}
    assert (found.filled, found.empty, found.distinct) == (2, 1, 2)


def test_an_empty_column_is_unknown_text(tmp_path: Path) -> None:
    found = column(tmp_path, ["", "", "?"])
    assert found.format == Format(Kind.TEXT, nulls=frozenset(("", "?")))
    assert found.share is None


def test_few_wrong_cells_are_listed_and_do_not_change_the_kind(tmp_path: Path) -> None:
    found = column(tmp_path, [*map(str, range(9)), "about ten"])
    assert found.format == Format(Kind.INTEGER)
    assert (found.parsed, found.filled, found.unparsed) == (9, 10, (Place(11, "about ten"),))


def test_ids_that_lost_their_zeros_and_their_ends_are_hinted_at(tmp_path: Path) -> None:
    ids = [f"{n * 7919 % 90_000 + 10_000}" for n in range(20)] + ["412", "77"]
    (warning,) = column(tmp_path, ids, "客户编号").warnings
    assert (warning.code, warning.value, warning.details) == (Code.LEADING_ZEROS_LOST, "412", {"width": 5})
    assert column_warnings(tmp_path / "counting", [*map(str, range(1, 3000))], "客户编号") == []
    assert column_warnings(tmp_path / "amounts", ids, "金额") == []
    assert column_warnings(tmp_path / "rounded", ["9.13101E+17", "9.13102E+17"], "code") == [Code.SCIENTIFIC_IDS]


def column_warnings(folder: Path, values: list[str], name: str) -> list[Code]:
    folder.mkdir()
    return [warning.code for warning in column(folder, values, name).warnings]


def test_more_than_one_currency_in_a_column_is_told(tmp_path: Path) -> None:
    found = column(tmp_path, ["$5", "€7", "$9"])
    assert found.symbols == ("$", "€")
    assert [warning.code for warning in found.warnings] == [Code.MIXED_SYMBOLS]


def test_reading_gives_typed_rows_and_a_fault_with_row_column_value_and_reason(tmp_path: Path) -> None:
    table = source(tmp_path, {"id": ["C1", "C2"], "amount": ["12.5万", "a lot"], "on": ["2024-03-01", "2024-02-30"]})
    formats = {"id": Format(Kind.TEXT), "amount": Format(Kind.MONEY), "on": Format(Kind.DATE, Order.YEAR_FIRST)}
    (rows,) = read(table, formats, SHANGHAI)
    assert rows.rows.to_pylist() == [2, 3]
    assert rows.values.column("amount").to_pylist() == [125_000, None]
    faults = [(fault.row, fault.column, fault.value, fault.code) for fault in rows.faults]
    assert faults == [(3, "amount", "a lot", Code.CELL_NOT_AMOUNT), (3, "on", "2024-02-30", Code.CELL_NO_SUCH_DAY)]
    assert place(rows.faults[0]) == "a.csv, row 3, column “amount”"
    assert describe(rows.faults[0]) == "“a lot” is not a sum of money."


@pytest.mark.sample
@needs_sample
@pytest.mark.parametrize(
    ("folder", "orders"),
    [("ravenstack", [Order.DAY_FIRST] * 2 + [Order.YEAR_FIRST] * 5), ("ravenstack/variant", [Order.DAY_FIRST] * 7)],
)
def test_both_publishers_of_ravenstack_are_understood_without_a_question(
    folder: str, orders: list[Order], tmp_path: Path
) -> None:
    reading = read_sources([Path(SAMPLE or "") / folder], tmp_path / "out")
    found, faults = [], 0
    for table in reading.sources:
        columns = detect(table, SHANGHAI)
        assert all(one.format is not None and one.share in (1.0, None) and not one.warnings for one in columns)
        found += [one.format.order for one in columns if one.format and one.format.order]
        formats = {one.name: one.format for one in columns if one.format}
        faults += sum(len(rows.faults) for rows in read(table, formats, SHANGHAI))
    assert found == orders
    assert faults == 0
