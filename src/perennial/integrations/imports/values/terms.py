"""Formats: how the cells of one column are to be read. Plain enough to be saved in a mapping."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from perennial.integrations.imports.reading.terms import Code

NULL_MARKERS = frozenset(
    (
        "",
        "-",
        "--",
        "—",
        "——",
        "–",
        "n/a",
        "na",
        "#n/a",
        "null",
        "(null)",
        "none",
        "nil",
        "nan",
        "\\n",
        "无",
        "無",
        "暂无",
        "?",
        "？",
    )
)


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    PERCENT = "percent"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


class Order(StrEnum):
    """In which order a date is written. Separators do not matter: 2024-03-01 and 2024年3月1日 are one order."""

    YEAR_FIRST = "year_first"
    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    COMPACT = "compact"  # 20240301
    SERIAL = "serial"  # days since 1899-12-30, as spreadsheets count
    DAY_OR_YEAR = "day_or_year"  # 31/3/2024, and 2024-03-31 in the same column
    MONTH_OR_YEAR = "month_or_year"


MIXED_ORDERS = {Order.DAY_OR_YEAR: Order.DAY_FIRST, Order.MONTH_OR_YEAR: Order.MONTH_FIRST}
"""Orders that also read a year of four digits wherever it stands first, and the order of all other cells."""


@dataclass(frozen=True, slots=True)
class Format:
    """How to read one column.

    `nulls` are the texts that mean "unknown", in lower case. `factor` multiplies numbers that name no unit of their own
    (a header "金额(万元)" says 10,000). `decimal_comma`: 1.234,5.
    """

    kind: Kind
    order: Order | None = None
    decimal_comma: bool = False
    factor: int = 1
    nulls: frozenset[str] = frozenset(("",))


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum, and the symbol or code beside it ("¥", "US$", "元"); which currency that means is the mapping's to say."""

    value: Decimal
    symbol: str | None


class Unreadable(ValueError):
    """The cell does not say what the format expects."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code
