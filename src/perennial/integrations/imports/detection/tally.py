"""What is gathered about one column while its chunks pass: null markers, distinct texts, and how each format fares."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc

from perennial.integrations.imports.detection.terms import Place
from perennial.integrations.imports.reading.terms import Code
from perennial.integrations.imports.values.columns import read_column
from perennial.integrations.imports.values.terms import NULL_MARKERS, Format, Kind, Order

DISTINCT_CAP = 10_000
_KEPT = 5
_TRIAL = 400
_DAY_MONTH = (Order.DAY_FIRST, Order.MONTH_FIRST)


@dataclass(slots=True)
class Fit:
    """How one format fares: cells read, and the first that it could not read.

    `strays` are cells that an order of dates cannot read and another can; `decided` orders are not tried any more.
    """

    read: int = 0
    failures: list[Place] = field(default_factory=list)
    stray_count: int = 0
    strays: list[Place] = field(default_factory=list)
    decided: bool = False
    symbols: Counter[str] = field(default_factory=Counter)
    times: bool = False  # some cell names a time other than midnight


@dataclass(slots=True)
class Tally:
    """One column of a source. Feed it every chunk; then `conclusions` reads it."""

    name: str
    candidates: tuple[Format, ...]
    zone: ZoneInfo
    rows: int = 0
    empty: int = 0
    markers: Counter[str] = field(default_factory=Counter)
    distinct: dict[str, int] = field(default_factory=dict)  # text → the first row that holds it
    more_distinct: bool = False
    differing: set[frozenset[Format]] = field(default_factory=set)  # orders that do not read the same days
    fits: dict[Format, Fit] | None = None

    @property
    def filled(self) -> int:
        """Return how many cells are neither empty nor a null marker."""
        return self.rows - self.empty - self.markers.total()

    def feed(self, rows: pa.Int64Array, cells: pa.StringArray) -> None:
        """Count a chunk. Each different text is looked at once."""
        self.rows += len(cells)
        encoded = cells.dictionary_encode()
        texts = encoded.dictionary
        counted = pc.value_counts(encoded.indices)
        order = pc.sort_indices(counted.field("values"))
        counts = counted.field("counts").take(order)
        known = self._set_aside_nulls(texts, counts)
        if not pc.any(known).as_py():
            return
        if not self.more_distinct:
            first = rows.take(pa.array(np.unique(np.asarray(encoded.indices), return_index=True)[1]))
            self._remember(texts.filter(known), first.filter(known))
        texts, counts = texts.filter(known), counts.filter(known)
        if self.fits is None:
            self.fits = {form: Fit() for form in self._worth_trying(texts)}
        readings = {}
        for form, fit in self.fits.items():
            if not fit.decided:
                readings[form] = self._try(form, fit, Heap(texts, counts, rows, cells))
        for (form, values), (other, others) in combinations(readings.items(), 2):
            if form.order and other.order and not values.equals(others):
                self.differing.add(frozenset((form, other)))
        self._decide_between_day_and_month()

    def _decide_between_day_and_month(self) -> None:
        """Once one order has cells that only the other reads, and the other has none, trying it further shows nothing.

        What contradicts the other later is found as its strays.
        """
        pair = [fit for form, fit in (self.fits or {}).items() if form.order in _DAY_MONTH]
        if len(pair) == 2:
            for fit, twin in (pair, reversed(pair)):
                fit.decided = fit.decided or (fit.stray_count > 0 and twin.stray_count == 0)

    def _set_aside_nulls(self, texts: pa.StringArray, counts: pa.Int64Array) -> pa.BooleanArray:
        lowered = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
        unknown = pc.is_in(lowered, value_set=pa.array(sorted(NULL_MARKERS), pa.string()))
        for marker, count in zip(lowered.filter(unknown).to_pylist(), counts.filter(unknown).to_pylist(), strict=True):
            if marker:
                self.markers[marker] += count
            else:
                self.empty += count
        return pc.invert(unknown)

    def _remember(self, texts: pa.StringArray, rows: pa.Int64Array) -> None:
        most = DISTINCT_CAP + 1
        for text, row in zip(texts.slice(0, most).to_pylist(), rows.slice(0, most).to_pylist(), strict=True):
            self.distinct.setdefault(text, row)
        self.more_distinct = len(self.distinct) > DISTINCT_CAP or len(texts) > DISTINCT_CAP

    def _worth_trying(self, texts: pa.StringArray) -> list[Format]:
        """A format that reads less than a quarter of a trial spread over the first chunk is not what the column holds.

        Day first and month first stay or go together: each shows what the other cannot read.
        """
        step = max(len(texts) // _TRIAL, 1)
        trial = texts.take(pa.array(range(0, len(texts), step)))
        kept = []
        for form in self.candidates:
            read = read_column(trial, form, self.zone).values
            if len(read) - read.null_count > 0.25 * len(trial):
                kept.append(form)
        if any(form.order in _DAY_MONTH for form in kept):
            kept += [form for form in self.candidates if form.order in _DAY_MONTH and form not in kept]
        return kept

    def _try(self, form: Format, fit: Fit, heap: "Heap") -> pa.Array:
        read = read_column(heap.texts, form, self.zone)
        good = pc.is_valid(read.values)
        fit.read += pc.sum(heap.counts.filter(good)).as_py() or 0
        astray = [index for index, code in read.faults if code is Code.CELL_OTHER_ORDER]
        fit.stray_count += pc.sum(heap.counts.take(pa.array(astray, pa.int64()))).as_py() or 0
        fit.strays += [heap.place(index) for index in astray[: _KEPT - len(fit.strays)]]
        fit.failures += [heap.place(index) for index, _ in read.faults[: _KEPT - len(fit.failures)]]
        if read.symbols is not None:
            fit.symbols.update(pc.unique(read.symbols.drop_null()).to_pylist())
        if form.kind is Kind.DATETIME and not fit.times:
            # local midnights, seen from the column's own zone, have no time of day
            local = pc.local_timestamp(read.values.cast(pa.timestamp("us", tz=self.zone.key)))
            fit.times = bool(pc.any(pc.not_equal(pc.floor_temporal(local, unit="day"), local)).as_py())
        return read.values


@dataclass(frozen=True, slots=True)
class Heap:
    """A chunk of one column: its different texts with their counts, and the cells they came from."""

    texts: pa.StringArray
    counts: pa.Int64Array
    rows: pa.Int64Array
    cells: pa.StringArray

    def place(self, index: int) -> Place:
        """Return the first cell that holds the text."""
        text = self.texts[index].as_py()
        return Place(self.rows[pc.index(self.cells, text).as_py()].as_py(), text)
