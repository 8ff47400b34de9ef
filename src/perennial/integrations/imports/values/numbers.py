"""Numbers as people write them: 1,234.5, (300), 12.5万, ￥3,000, $1.2k, 45 %. Exact decimals, never floats."""

import re
import unicodedata
from decimal import Decimal, InvalidOperation

from perennial.integrations.imports.reading.terms import Code
from perennial.integrations.imports.values.terms import Amount, Unreadable

SCALE = 18  # digits after the point that are kept; a spreadsheet has 15 digits in all
_LIMIT = Decimal(10) ** 19
_POINT = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}|\d+)?(?:\.\d*)?(?:[eE][+-]?\d{1,3})?")
_COMMA = re.compile(r"(?:\d{1,3}(?:\.\d{3})+|\d+)?(?:,\d*)?")
_CODES = "CNY|CNH|USD|EUR|GBP|JPY|HKD|TWD|MOP|SGD|AUD|NZD|CAD|CHF|INR|KRW|THB|MYR|BRL|SEK|NOK|DKK"
_SYMBOL = rf"US\$|HK\$|NT\$|[CAS]\$|R\$|[¥$€£₹₩₽฿]|RMB|人民币|{_CODES}"
_UNITS = {
    "千": 10**3, "万": 10**4, "萬": 10**4, "十万": 10**5, "百万": 10**6, "百萬": 10**6, "千万": 10**7, "千萬": 10**7,
    "亿": 10**8, "億": 10**8, "k": 10**3, "w": 10**4, "m": 10**6, "mn": 10**6, "mio": 10**6, "b": 10**9, "bn": 10**9,
}  # fmt: skip
_MONEY = re.compile(
    rf"^(?P<open>\()?(?P<sign>[-+])?(?P<before>{_SYMBOL})?(?P<inner>[-+])?(?P<number>(?!0\d)[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?)"
    rf"(?P<unit>[十百千]?[万萬亿億千]|百万|百萬|(?i:mn|mio|bn|k|w|m|b))?(?P<after>{_SYMBOL}|元|块|圆|圓)?(?P<close>\))?$"
)
_UNIT_IN_NAME = re.compile(r"[(（\[【/]\s*(千|万|萬|百万|百萬|千万|亿|億)\s*(?:元|块|人民币|RMB|CNY)?\s*[)）\]】]?\s*$")


def plain(text: str) -> str:
    """Return the text with full-width forms made narrow and without spaces, ready to be read as a number."""
    return "".join(unicodedata.normalize("NFKC", text).replace("\u2212", "-").split())


def integer(text: str) -> int:
    """Read a whole number; thousands may be separated. A leading zero makes it an id and no number."""
    compact = plain(text)
    if not re.fullmatch(r"[+-]?(?:0|[1-9]\d*|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3})(?:\.0+)?", compact):
        raise Unreadable(Code.CELL_NOT_INTEGER)
    value = int(compact.replace(",", "").split(".")[0])
    if not -(2**63) <= value < 2**63:
        raise Unreadable(Code.CELL_OUT_OF_RANGE)
    return value


def decimal(text: str, *, comma: bool) -> Decimal:
    """Read a number with an optional fraction, sign or accounting brackets."""
    compact = plain(text)
    if compact.startswith("(") and compact.endswith(")"):
        compact = f"-{compact[1:-1]}"
    return _number(compact, comma=comma, code=Code.CELL_NOT_NUMBER)


def percent(text: str, *, comma: bool) -> Decimal:
    """Read "12.5 %" as the ratio 0.125; without the sign it is no percentage but a number of unknown meaning."""
    compact = plain(text)
    if not compact.endswith("%"):
        raise Unreadable(Code.CELL_NOT_PERCENT)
    return _number(compact[:-1], comma=comma, code=Code.CELL_NOT_PERCENT) / 100


def amount(text: str, *, comma: bool, factor: int) -> Amount:
    """Read a sum with an optional symbol and an optional unit; `factor` counts where no unit is named."""
    match = _MONEY.match(plain(text))
    if match is None or bool(match["open"]) != bool(match["close"]) or (match["sign"] and match["inner"]):
        raise Unreadable(Code.CELL_NOT_AMOUNT)
    value = _number(match["number"], comma=comma, code=Code.CELL_NOT_AMOUNT)
    unit = match["unit"]
    value *= _UNITS[unit if unit in _UNITS else unit.lower()] if unit else factor
    if match["open"] or "-" in (match["sign"], match["inner"]):
        value = -value
    return Amount(_in_range(value), match["before"] or match["after"])


def unit_in_name(column: str) -> int:
    """Return the factor that a header such as "金额(万元)" gives to the numbers under it; 1 where it says nothing."""
    match = _UNIT_IN_NAME.search(column)
    return _UNITS[match[1]] if match else 1


def _number(compact: str, *, comma: bool, code: Code) -> Decimal:
    body = compact[1:] if compact[:1] in ("+", "-") else compact
    an_id = body[:1] == "0" and body[1:2].isdigit()  # 00123 is a name made of digits
    if an_id or not any(map(str.isdigit, body)) or not (_COMMA if comma else _POINT).fullmatch(body):
        raise Unreadable(code)
    digits = body.replace(".", "").replace(",", ".") if comma else body.replace(",", "")
    try:
        value = Decimal(digits)
    except InvalidOperation as error:
        raise Unreadable(code) from error
    return _in_range(-value if compact.startswith("-") else value)


def _in_range(value: Decimal) -> Decimal:
    if abs(value) >= _LIMIT:
        raise Unreadable(Code.CELL_OUT_OF_RANGE)
    return value
