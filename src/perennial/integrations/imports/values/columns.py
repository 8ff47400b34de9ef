"""A whole column at once. The usual notations are read by Arrow without touching a cell in Python; the rest goes, each
different text once, through `numbers`, `dates` and `flags`, which define what every notation means.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc

from perennial.integrations.imports.reading.terms import Code
from perennial.integrations.imports.values import dates, flags, numbers
from perennial.integrations.imports.values.terms import Amount, Format, Kind, Order, Unreadable
from perennial.kernel.cells import plain_cell

EXACT = pa.decimal128(38, numbers.SCALE)
INSTANT = pa.timestamp("us", tz="UTC")
_LOCAL = pa.timestamp("us")
_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.DECIMAL: EXACT,
    Kind.MONEY: EXACT,
    Kind.PERCENT: EXACT,
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.DATETIME: INSTANT,
}
_CLOCK = r"(?:[ T](?P<H>[01]\d|2[0-3]):(?P<M>[0-5]\d)(?::(?P<S>[0-5]\d))?(?P<Z>Z?))?$"
_FAST_DATES = {
    Order.YEAR_FIRST: r"^(?P<y>\d{4})(?:-(?P<m>\d{1,2})-|/(?P<m2>\d{1,2})/)(?P<d>\d{1,2})" + _CLOCK,
    Order.DAY_FIRST: r"^(?P<d>\d{1,2})(?:-(?P<m>\d{1,2})-|/(?P<m2>\d{1,2})/)(?P<y>\d{4})" + _CLOCK,
    Order.MONTH_FIRST: r"^(?P<m>\d{1,2})(?:-(?P<d>\d{1,2})-|/(?P<d2>\d{1,2})/)(?P<y>\d{4})" + _CLOCK,
}
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_FAST_INTEGER = r"^-?(?:0|[1-9]\d{0,17})$"
_FAST_DECIMAL = r"^-?(?:0|[1-9]\d{0,17})(?:\.\d{1,18})?$"


@dataclass(frozen=True, slots=True)
class Values:
    """One column, read: null where the cell is empty, unknown or faulty; `faults` are (index, reason).

    `symbols` stand beside sums of money, null where a cell names none. Types: text, int64, decimal128(38, 18), bool,
    date32, timestamp[us, UTC].
    """

    values: pa.Array
    symbols: pa.Array | None
    faults: tuple[tuple[int, Code], ...]


def read_column(cells: pa.StringArray, form: Format, zone: ZoneInfo) -> Values:
    """Read text cells under a format. Times without an offset are local to `zone`; in the hour that a clock skips they
    are read as the end of the gap, in the hour that it repeats as the first.
    """
    trimmed = pc.utf8_trim_whitespace(cells)
    unknown = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(sorted(form.nulls), pa.string()))
    if form.kind is Kind.TEXT:
        return Values(_texts(cells, trimmed, unknown), None, ())
    asked = pc.if_else(unknown, pa.scalar(None, pa.string()), trimmed)
    values = _fast(asked, form, zone)
    left = pc.and_(pc.is_valid(asked), pc.is_null(values))
    if not pc.any(left).as_py():
        return Values(values, _no_symbols(form, len(cells)), ())
    return _slow(asked, values, left, form, zone)


def _texts(cells: pa.StringArray, trimmed: pa.StringArray, unknown: pa.BooleanArray) -> pa.StringArray:
    """Spaces around a text mean nothing, but an apostrophe that our own export put in front guards what follows."""
    guarded = pc.starts_with(cells, "'")
    if pc.any(guarded).as_py():
        restored = [
            plain_cell(text) if mark else kept
            for text, mark, kept in zip(cells.to_pylist(), guarded.to_pylist(), trimmed.to_pylist(), strict=True)
        ]
        trimmed = pa.array(restored, pa.string())
    return pc.if_else(unknown, pa.scalar(None, pa.string()), trimmed)


def _fast(asked: pa.StringArray, form: Format, zone: ZoneInfo) -> pa.Array:
    """Read what is written the usual way; null for everything else."""
    kind = form.kind
    if kind is Kind.INTEGER:
        return _matching(asked, _FAST_INTEGER).cast(pa.int64())
    if kind in (Kind.DECIMAL, Kind.MONEY) and not form.decimal_comma and form.factor == 1:
        return _matching(asked, _FAST_DECIMAL).cast(EXACT)
    if kind in (Kind.DATE, Kind.DATETIME) and form.order in _FAST_DATES:
        return _fast_dates(asked, form, zone)
    return pa.nulls(len(asked), _TYPES[kind])


def _matching(asked: pa.StringArray, pattern: str) -> pa.StringArray:
    return pc.if_else(pc.match_substring_regex(asked, pattern), asked, pa.scalar(None, pa.string()))


def _fast_dates(asked: pa.StringArray, form: Format, zone: ZoneInfo) -> pa.Array:
    assert form.order is not None
    found = pc.extract_regex(asked, _FAST_DATES[form.order])
    if found.null_count == len(found):
        return pa.nulls(len(asked), _TYPES[form.kind])
    parts = {
        field.name: _whole(found.field(position)) for position, field in enumerate(found.type) if field.name != "Z"
    }
    month = np.maximum(parts["m"], parts.get("m2", 0))
    day = np.maximum(parts["d"], parts.get("d2", 0))
    first = (parts["y"] - 1970).astype("M8[Y]").astype("M8[M]") + (np.clip(month, 1, 12) - 1)
    on = first.astype("M8[D]") + (np.clip(day, 1, 31) - 1)
    good = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (on.astype("M8[M]") == first) & (parts["y"] >= 1)
    good &= np.asarray(pc.is_valid(found))
    universal = pc.equal(found.field(found.type.get_field_index("Z")), "Z")
    if form.kind is Kind.DATE:
        good &= ~np.asarray(pc.fill_null(universal, False))  # which day an instant falls on depends on the zone
        return pa.array(on, pa.date32(), mask=~good)
    seconds = parts["H"] * 3600 + parts["M"] * 60 + parts["S"]
    local = pa.array(on.astype("M8[s]") + seconds, pa.timestamp("s"), mask=~good).cast(_LOCAL)
    return _instants(local, universal, zone)


def _whole(texts: pa.StringArray) -> np.ndarray[Any, np.dtype[np.int64]]:
    filled = pc.if_else(pc.equal(pc.fill_null(texts, ""), ""), "0", texts)
    return np.asarray(filled.cast(pa.int64()), dtype=np.int64)


def _instants(moments: pa.Array, universal: pa.BooleanArray, zone: ZoneInfo) -> pa.Array:
    """Return instants: some of the moments are UTC already, the others are local."""
    local = pc.assume_timezone(moments, zone.key, ambiguous="earliest", nonexistent="latest").cast(INSTANT)
    return pc.if_else(pc.fill_null(universal, False), moments.cast(INSTANT), local)


def _slow(asked: pa.StringArray, values: pa.Array, left: pa.BooleanArray, form: Format, zone: ZoneInfo) -> Values:
    """Read the unusual notations, each different text once, and put them where they belong."""
    places = np.flatnonzero(np.asarray(left))
    texts = asked.take(pa.array(places)).dictionary_encode()
    read = [_one(text, form) for text in texts.dictionary.to_pylist()]
    codes = np.asarray(texts.indices)
    bad = np.array([isinstance(value, Code) for value in read])[codes]
    faults = tuple((int(place), read[code]) for place, code in zip(places[bad], codes[bad], strict=True))
    late = _typed([None if isinstance(value, Code) else value for value in read], form, zone).take(texts.indices)
    symbols = None
    if form.kind is Kind.MONEY:
        named = pa.array([value.symbol if isinstance(value, Amount) else None for value in read], pa.string())
        symbols = pc.replace_with_mask(_no_symbols(form, len(asked)), left, named.take(texts.indices))
    return Values(pc.replace_with_mask(values, left, late), symbols, faults)


def _no_symbols(form: Format, length: int) -> pa.Array | None:
    return pa.nulls(length, pa.string()) if form.kind is Kind.MONEY else None


def _one(text: str, form: Format) -> int | Decimal | Amount | bool | datetime | Code:
    try:
        match form.kind:
            case Kind.INTEGER:
                return numbers.integer(text)
            case Kind.DECIMAL:
                return numbers.decimal(text, comma=form.decimal_comma) * form.factor
            case Kind.PERCENT:
                return numbers.percent(text, comma=form.decimal_comma)
            case Kind.MONEY:
                return numbers.amount(text, comma=form.decimal_comma, factor=form.factor)
            case Kind.BOOLEAN:
                return flags.flag(text)
            case _:
                return dates.moment(text, form.order or Order.YEAR_FIRST)
    except Unreadable as error:
        return error.code


def _typed(read: list[Any], form: Format, zone: ZoneInfo) -> pa.Array:
    if form.kind is Kind.DATETIME:
        universal = pa.array([value is not None and value.tzinfo is not None for value in read])
        bare = [value.astimezone(UTC).replace(tzinfo=None) if value and value.tzinfo else value for value in read]
        return _instants(pa.array(bare, _LOCAL), universal, zone)
    if form.kind is Kind.DATE:
        return pa.array([_day(value, zone) if value is not None else None for value in read], pa.date32())
    if form.kind in (Kind.DECIMAL, Kind.PERCENT, Kind.MONEY):
        exact = [value.value if isinstance(value, Amount) else value for value in read]
        step = Decimal(1).scaleb(-numbers.SCALE)
        return pa.array([None if value is None else value.quantize(step, context=_CONTEXT) for value in exact], EXACT)
    return pa.array(read, _TYPES[form.kind])


def _day(at: datetime, zone: ZoneInfo) -> object:
    """An instant falls on a day of the organisation; a bare date is that day."""
    return (at.astimezone(zone) if at.tzinfo else at).date()
