"""A column that has a type already (Parquet): taken as it is where the format asks for that type, else read as text."""

from zoneinfo import ZoneInfo

import pyarrow as pa
from pyarrow import compute as pc

from perennial.integrations.imports.reading.sources import as_text
from perennial.integrations.imports.values.columns import EXACT, INSTANT, Values, read_column
from perennial.integrations.imports.values.numbers import SCALE
from perennial.integrations.imports.values.terms import Format, Kind


def read_typed(cells: pa.Array, form: Format, zone: ZoneInfo) -> Values:
    """Read typed cells under a format; the same values come out that their text would give."""
    taken = _taken(cells, form, zone)
    return Values(taken, None, ()) if taken is not None else _as_texts(cells, form, zone)


def _taken(cells: pa.Array, form: Format, zone: ZoneInfo) -> pa.Array | None:
    kind, types = cells.type, pa.types
    if types.is_timestamp(kind) and form.kind in (Kind.DATE, Kind.DATETIME):
        instants = cells.cast(INSTANT) if kind.tz else _local(cells, zone)
        if form.kind is Kind.DATETIME:
            return instants
        return pc.local_timestamp(instants.cast(pa.timestamp("us", tz=zone.key))).cast(pa.date32(), safe=False)
    same = (types.is_date32, Kind.DATE), (types.is_int64, Kind.INTEGER), (types.is_boolean, Kind.BOOLEAN)
    if any(test(kind) and form.kind is wanted for test, wanted in same):
        return cells
    if types.is_date32(kind) and form.kind is Kind.DATETIME:
        return _local(cells.cast(pa.timestamp("us")), zone)
    if types.is_int64(kind) and form.kind is Kind.TEXT:
        return cells.cast(pa.string())
    if types.is_decimal(kind) and form.kind is Kind.DECIMAL and kind.scale <= SCALE and form.factor == 1:
        return _exact(cells)
    return None


def _local(cells: pa.Array, zone: ZoneInfo) -> pa.Array:
    return pc.assume_timezone(cells, zone.key, ambiguous="earliest", nonexistent="latest").cast(INSTANT)


def _exact(cells: pa.Array) -> pa.Array | None:
    try:
        return cells.cast(EXACT)
    except pa.ArrowInvalid:  # one of them has too many digits: as text each of them gets its own answer
        return None


def _as_texts(cells: pa.Array, form: Format, zone: ZoneInfo) -> Values:
    """Read each different text once where texts repeat, as names and ids of customers do."""
    texts = as_text(cells)
    if form.kind is not Kind.TEXT or not len(texts):
        return read_column(texts, form, zone)
    encoded = texts.dictionary_encode()
    if len(encoded.dictionary) * 2 > len(texts):
        return read_column(texts, form, zone)
    return Values(read_column(encoded.dictionary, form, zone).values.take(encoded.indices), None, ())
