"""Dates as people write them, under one decided order. Nothing here guesses: what does not fit the order is told."""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta

from perennial.integrations.imports.reading.terms import Code
from perennial.integrations.imports.values.terms import MIXED_ORDERS, Order, Unreadable

_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 -- a spreadsheet's day zero has no zone
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = (
    r"(?:(?:\s*T\s*|\s+|(?<=日))(?P<half>上午|下午|AM|PM)?\s*(?P<hour>\d{1,2})[:时](?P<minute>\d{1,2})"
    r"(?:[:分](?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?)?秒?分?"
    r"\s*(?P<meridiem>AM|PM)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?$"
)
_YEAR_LAST = r"(?P=s)(?:(?P<y>\d{4})|(?P<yy>(?<=[-/])\d{2}))" + _TIME
_PATTERNS = {
    Order.YEAR_FIRST: re.compile(
        r"^(?:(?P<y>\d{4})(?P<s>[-/.年])|(?P<yy>\d{2})(?P<t>[-/年]))\s*"
        r"(?P<m>\d{1,2})\s*(?:(?P=s)|(?P=t)|月)\s*(?P<d>\d{1,2})日?" + _TIME,
        re.IGNORECASE,
    ),
    Order.DAY_FIRST: re.compile(r"^(?P<d>\d{1,2})(?P<s>[-/.])(?P<m>\d{1,2})" + _YEAR_LAST, re.IGNORECASE),
    Order.MONTH_FIRST: re.compile(r"^(?P<m>\d{1,2})(?P<s>[-/.])(?P<d>\d{1,2})" + _YEAR_LAST, re.IGNORECASE),
    Order.COMPACT: re.compile(
        r"^(?P<y>(?:19|20|21|99)\d{2})(?P<m>\d{2})(?P<d>\d{2})"
        r"(?:T?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2}))?$"
    ),
}
_FOUR_DIGITS = re.compile(r"^\d{4}[-/.年]")
_NAMED = re.compile(
    r"^(?:(?P<d>\d{1,2})[-\s/](?P<n>[A-Za-z]{3})[a-z]*\.?[-\s,/]+(?P<y>\d{4})"
    r"|(?P<n2>[A-Za-z]{3})[a-z]*\.?\s+(?P<d2>\d{1,2}),?\s+(?P<y2>\d{4})),?" + _TIME,
    re.IGNORECASE,
)


def moment(text: str, order: Order) -> datetime:
    """Read a date with an optional time: aware where an offset is written, else naive. A date alone is its midnight.

    A month given by its English name is understood under every order, since it leaves nothing to decide.

    :raises Unreadable: no date; a date of another order; a day that the calendar does not have.
    """
    compact = unicodedata.normalize("NFKC", text).strip()
    if order is Order.SERIAL:
        return _serial(compact)
    if order in MIXED_ORDERS:
        order = Order.YEAR_FIRST if _FOUR_DIGITS.match(compact) else MIXED_ORDERS[order]
    match = _PATTERNS[order].match(compact)
    if match is None:
        if named := _NAMED.match(compact):
            return _named(named)
        raise Unreadable(Code.CELL_OTHER_ORDER if _fits_another(compact, order) else Code.CELL_NOT_DATE)
    parts = match.groupdict()
    year = int(parts["y"]) if parts["y"] else _century(int(parts["yy"]))
    try:
        return _with_time(date(year, int(parts["m"]), int(parts["d"])), parts)
    except ValueError as error:
        raise Unreadable(Code.CELL_OTHER_ORDER if _fits_another(compact, order) else Code.CELL_NO_SUCH_DAY) from error


def _century(year: int) -> int:
    return 1900 + year if year > 69 else 2000 + year


def _serial(text: str) -> datetime:
    if not re.fullmatch(r"\d{4,6}(\.\d+)?", text):
        raise Unreadable(Code.CELL_NOT_DATE)
    days, _, fraction = text.partition(".")
    seconds = round(
        float(f"0.{fraction or 0}") * 86_400
    )  # a spreadsheet's time of day is a float; seconds are what it holds
    return _EPOCH + timedelta(days=int(days), seconds=seconds)


def _named(match: re.Match[str]) -> datetime:
    parts = match.groupdict()
    name = (parts["n"] or parts["n2"]).lower()
    if name not in _MONTHS:
        raise Unreadable(Code.CELL_NOT_DATE)
    month = _MONTHS.index(name) + 1
    try:
        return _with_time(date(int(parts["y"] or parts["y2"]), month, int(parts["d"] or parts["d2"])), parts)
    except ValueError as error:
        raise Unreadable(Code.CELL_NO_SUCH_DAY) from error


def _with_time(on: date, parts: dict[str, str | None]) -> datetime:
    if parts.get("hour") is None:
        return datetime.combine(on, time())
    hour = int(parts["hour"] or 0)
    half = (parts.get("half") or parts.get("meridiem") or "").upper()
    if half in ("PM", "下午") and hour < 12:
        hour += 12
    if half in ("AM", "上午") and hour == 12:
        hour = 0
    micro = int((parts.get("fraction") or "").ljust(6, "0")[:6])
    at = datetime.combine(on, time(hour, int(parts["minute"] or 0), int(parts["second"] or 0), micro))
    zone = (parts.get("zone") or "").upper()
    if not zone:
        return at
    if zone in ("Z", "UTC", "GMT"):
        return at.replace(tzinfo=UTC)
    sign = -1 if zone[0] == "-" else 1
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return (at - sign * offset).replace(tzinfo=UTC)


def _fits_another(text: str, order: Order) -> bool:
    for other, pattern in _PATTERNS.items():
        match = pattern.match(text) if other is not order else None
        if match:
            year = match["y"] or str(_century(int(match["yy"])))
            try:
                date(int(year), int(match["m"]), int(match["d"]))
            except ValueError:
                continue
            return True
    return False
