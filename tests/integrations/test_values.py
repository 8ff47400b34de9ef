"""What each notation means, and that the quick way and the plain way read the same."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.integrations.imports.reading.terms import Code
from perennial.integrations.imports.values import dates, numbers
from perennial.integrations.imports.values.columns import Values, read_column
from perennial.integrations.imports.values.terms import NULL_MARKERS, Format, Kind, Order, Unreadable

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")


def read(texts: list[str], form: Format, zone: ZoneInfo = SHANGHAI) -> Values:
    return read_column(pa.array(texts, pa.string()), form, zone)


def first(text: str, form: Format, zone: ZoneInfo = SHANGHAI) -> object:
    column = read([text], form, zone)
    return column.faults[0][1] if column.faults else column.values[0].as_py()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.5万", "125000"),
        ("1.2亿", "120000000"),
        ("￥3,000", "3000"),
        ("$1.2k", "1200"),
        ("3000元", "3000"),
        ("(¥300)", "-300"),
        ("-¥5", "-5"),
        ("¥-5", "-5"),
        ("CNY 3,000.50", "3000.5"),
        ("8万元", "80000"),
        ("1.2萬元", "12000"),
        ("３,０００", "3000"),
        ("US$5m", "5000000"),
        ("0.1", "0.1"),
        ("1,00,000", "100000"),
        ("3百万", "3000000"),
    ],
)
def test_sums_of_money_are_read_exactly(text: str, value: str) -> None:
    assert first(text, Format(Kind.MONEY)) == Decimal(value)


def test_the_symbol_beside_a_sum_is_kept() -> None:
    column = read(["￥3", "3元", "US$3", "3", "-", "EUR 3"], Format(Kind.MONEY, nulls=NULL_MARKERS))
    assert column.symbols is not None
    assert column.symbols.to_pylist() == ["¥", "元", "US$", None, None, "EUR"]


@pytest.mark.parametrize(
    "text", ["abc", "1.2.3", "INC0000045", "00123", "12 Acme", "1万万", "¥", "(5", "--5", "1,23,4"]
)
def test_what_is_no_sum_is_told(text: str) -> None:
    assert first(text, Format(Kind.MONEY)) is Code.CELL_NOT_AMOUNT


def test_a_unit_in_the_header_counts_where_the_cell_names_none() -> None:
    factor = numbers.unit_in_name("合同金额（万元）")
    assert factor == 10_000
    assert read(["12.5", "3亿"], Format(Kind.MONEY, factor=factor)).values.to_pylist() == [125_000, 300_000_000]
    assert [numbers.unit_in_name(name) for name in ("金额(元)", "金额", "ARR (k)", "金额/亿元")] == [1, 1, 1, 10**8]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1,234", Kind.INTEGER, 1234),
        ("-5", Kind.INTEGER, -5),
        ("12.0", Kind.INTEGER, 12),
        ("９", Kind.INTEGER, 9),
        ("007", Kind.INTEGER, Code.CELL_NOT_INTEGER),
        ("1.5", Kind.INTEGER, Code.CELL_NOT_INTEGER),
        ("99999999999999999999", Kind.INTEGER, Code.CELL_OUT_OF_RANGE),
        ("1,234.5", Kind.DECIMAL, Decimal("1234.5")),
        ("(300)", Kind.DECIMAL, Decimal(-300)),
        ("1e-5", Kind.DECIMAL, Decimal("0.00001")),
        ("00123", Kind.DECIMAL, Code.CELL_NOT_NUMBER),
        ("1e400", Kind.DECIMAL, Code.CELL_OUT_OF_RANGE),
        ("12.5 %", Kind.PERCENT, Decimal("0.125")),
        ("45％", Kind.PERCENT, Decimal("0.45")),
        ("0.45", Kind.PERCENT, Code.CELL_NOT_PERCENT),
        ("TRUE", Kind.BOOLEAN, True),
        ("否", Kind.BOOLEAN, False),
        ("Yes", Kind.BOOLEAN, True),
        ("0", Kind.BOOLEAN, False),
        ("maybe", Kind.BOOLEAN, Code.CELL_NOT_FLAG),
    ],
)
def test_numbers_shares_and_flags(text: str, kind: Kind, value: object) -> None:
    assert first(text, Format(kind)) == value


def test_a_decimal_comma_is_read_where_it_was_chosen() -> None:
    form = Format(Kind.DECIMAL, decimal_comma=True)
    assert read(["1.234,5", "12,5", "5"], form).values.to_pylist() == [Decimal("1234.5"), Decimal("12.5"), Decimal(5)]


@pytest.mark.parametrize(
    ("text", "order", "value"),
    [
        ("2024-03-01", Order.YEAR_FIRST, date(2024, 3, 1)),
        ("2024.3.1", Order.YEAR_FIRST, date(2024, 3, 1)),
        ("2024年3月1日", Order.YEAR_FIRST, date(2024, 3, 1)),
        ("2024/3/1", Order.YEAR_FIRST, date(2024, 3, 1)),
        ("9999-12-31", Order.YEAR_FIRST, date(9999, 12, 31)),
        ("2024-02-30", Order.YEAR_FIRST, Code.CELL_NO_SUCH_DAY),
        ("2023-02-29", Order.YEAR_FIRST, Code.CELL_NO_SUCH_DAY),
        ("2024-13-01", Order.YEAR_FIRST, Code.CELL_NO_SUCH_DAY),
        ("16/10/2024", Order.DAY_FIRST, date(2024, 10, 16)),
        ("1/2/2024", Order.DAY_FIRST, date(2024, 2, 1)),
        ("1/2/2024", Order.MONTH_FIRST, date(2024, 1, 2)),
        ("16/10/2024", Order.MONTH_FIRST, Code.CELL_OTHER_ORDER),
        ("2024-03-01", Order.DAY_FIRST, Code.CELL_OTHER_ORDER),
        ("31/02/2024", Order.DAY_FIRST, Code.CELL_NO_SUCH_DAY),
        ("1-2/2024", Order.DAY_FIRST, Code.CELL_NOT_DATE),
        ("01.03.2024", Order.DAY_FIRST, date(2024, 3, 1)),
        ("1/3/24", Order.DAY_FIRST, date(2024, 3, 1)),
        ("1/3/70", Order.DAY_FIRST, date(1970, 3, 1)),
        ("5 Mar 2024", Order.MONTH_FIRST, date(2024, 3, 5)),
        ("Mar 5, 2024", Order.DAY_FIRST, date(2024, 3, 5)),
        ("20240301", Order.COMPACT, date(2024, 3, 1)),
        ("20241301", Order.COMPACT, Code.CELL_NO_SUCH_DAY),
        ("45352", Order.SERIAL, date(2024, 3, 1)),
        ("soon", Order.SERIAL, Code.CELL_NOT_DATE),
        ("soon", Order.YEAR_FIRST, Code.CELL_NOT_DATE),
    ],
)
def test_days_are_read_in_the_decided_order_and_in_no_other(text: str, order: Order, value: object) -> None:
    assert first(text, Format(Kind.DATE, order)) == value


@pytest.mark.parametrize(
    ("text", "order", "value"),
    [
        ("2024-03-01 08:00", Order.YEAR_FIRST, (2024, 3, 1, 0, 0)),
        ("2024-03-01T16:05:26Z", Order.YEAR_FIRST, (2024, 3, 1, 16, 5, 26)),
        ("2024-03-01T16:05:26+02:00", Order.YEAR_FIRST, (2024, 3, 1, 14, 5, 26)),
        ("2024年3月1日 下午3:05", Order.YEAR_FIRST, (2024, 3, 1, 7, 5)),
        ("27-07-2023 03:00", Order.DAY_FIRST, (2023, 7, 26, 19, 0)),
        ("7/27/2023 3:00:05 PM", Order.MONTH_FIRST, (2023, 7, 27, 7, 0, 5)),
        ("45352.5", Order.SERIAL, (2024, 3, 1, 4, 0)),
        ("2024-03-01 00:00:00.25", Order.YEAR_FIRST, (2024, 2, 29, 16, 0, 0, 250000)),
        ("20240301123000", Order.COMPACT, (2024, 3, 1, 4, 30)),
    ],
)
def test_times_are_local_unless_they_name_an_offset(text: str, order: Order, value: tuple[int, ...]) -> None:
    assert first(text, Format(Kind.DATETIME, order)) == datetime(*value, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_the_hours_that_clocks_skip_and_repeat_have_one_meaning() -> None:
    form = Format(Kind.DATETIME, Order.YEAR_FIRST)
    skipped, repeated = datetime(2024, 3, 10, 7, 0, tzinfo=UTC), datetime(2024, 11, 3, 5, 30, tzinfo=UTC)
    # once by the quick way, once by the plain one
    assert read(["2024-03-10 02:30", "2024年3月10日 02:30"], form, NEW_YORK).values.to_pylist() == [skipped, skipped]
    assert read(["2024-11-03 01:30", "2024年11月3日 01:30"], form, NEW_YORK).values.to_pylist() == [repeated, repeated]


def test_an_instant_falls_on_the_organisations_day() -> None:
    assert first("2024-03-01T16:05:26Z", Format(Kind.DATE, Order.YEAR_FIRST)) == date(2024, 3, 2)


def test_unknown_is_none_and_no_fault() -> None:
    column = read(["", " ", "-", "N/A", "null", "无", "?", "x"], Format(Kind.INTEGER, nulls=NULL_MARKERS))
    assert column.values.to_pylist() == [None] * 8
    assert column.faults == ((7, Code.CELL_NOT_INTEGER),)


def test_text_loses_outer_spaces_and_the_guard_of_our_own_export() -> None:
    assert read([" a ", "'=1+1", "'\tx", "O'Hara", "", "'"], Format(Kind.TEXT)).values.to_pylist() == [
        "a",
        "=1+1",
        "\tx",
        "O'Hara",
        None,
        "'",
    ]


@given(
    st.dates(date(1, 1, 1)),
    st.sampled_from([("-", Order.YEAR_FIRST), ("/", Order.DAY_FIRST), ("-", Order.MONTH_FIRST)]),
    st.booleans(),
)
def test_the_quick_way_reads_days_as_the_plain_way(on: date, style: tuple[str, Order], padded: bool) -> None:
    separator, order = style
    parts = {
        "y": f"{on.year:04}",
        "m": f"{on.month:02}" if padded else f"{on.month}",
        "d": f"{on.day:02}" if padded else f"{on.day}",
    }
    sequence = {Order.YEAR_FIRST: "ymd", Order.DAY_FIRST: "dmy", Order.MONTH_FIRST: "mdy"}[order]
    text = separator.join(parts[part] for part in sequence)
    assert first(text, Format(Kind.DATE, order)) == on == dates.moment(text, order).date()


@given(
    st.from_regex(r"\A[0-9]{1,2}[-/][0-9]{1,2}[-/][0-9]{4}( [0-9]{1,2}:[0-9]{2})?\Z"),
    st.sampled_from([Order.DAY_FIRST, Order.MONTH_FIRST]),
)
def test_whatever_looks_like_a_date_is_read_or_refused_alike(text: str, order: Order) -> None:
    try:
        plain: object = dates.moment(text, order).replace(tzinfo=UTC)
    except Unreadable as error:
        plain = error.code
    assert first(text, Format(Kind.DATETIME, order), ZoneInfo("UTC")) == plain


@given(st.decimals(-(10**15), 10**15, places=4) | st.from_regex(r"\A-?[0-9]{1,6}(\.[0-9]{0,4})?\Z"))
def test_the_quick_way_reads_numbers_as_the_plain_way(number: Decimal | str) -> None:
    text = str(number)
    try:
        plain: object = numbers.decimal(text, comma=False)
    except Unreadable as error:
        plain = error.code
    assert first(text, Format(Kind.DECIMAL)) == plain
