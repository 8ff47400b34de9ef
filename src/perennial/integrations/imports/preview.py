"""What the first rows of a table become under a mapping: staged by the code of the check itself, without a record.

For the person who corrects a mapping: values as they are read, rows that would be refused, what a line pays a month.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from perennial.contracts.calculations.mrr import mrr_on
from perennial.contracts.facts import switches_of
from perennial.contracts.terms import Discount, LineKind, LineTerms
from perennial.integrations.imports import staging, usage_staging
from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.reading.terms import Source
from perennial.integrations.imports.staging import Place, Refusal, Seen
from perennial.integrations.imports.terms import TableMap, Use
from perennial.integrations.imports.values.columns import read_column
from perennial.integrations.imports.values.terms import Kind as Type

Value = str | int | Decimal | bool | date | datetime


@dataclass(frozen=True)
class Trial:
    """The first rows (`of`) under a mapping: those that would be taken, as staged, and those that would be refused."""

    rows: Sequence[Mapping[str, Any]]
    refused: Sequence[Refusal]
    of: int


@dataclass(frozen=True)
class Paid:
    """What the first lines come to. `last_on`: the last day of service; `months`: None for the whole term; `mrr`: minor
    units a month. Both ends and None where the term is open."""

    name: str
    amount: int
    currency: str
    quantity: int | None
    starts_on: date
    last_on: date | None
    months: int | None
    mrr: Fraction


def trial(table: TableMap, source: Source, place: Place) -> Trial:
    """Return what becomes of the source's first rows; the table's formats are complete. No query."""
    with _as_file(source) as (sample, folder):
        if table.kind is KindKey.USAGE:
            pieces = list(usage_staging.stage(table, sample, folder / "usage", place))
            return Trial((), [one for _rows, refused in pieces for one in refused], len(source.sample))
        staged = list(staging.stage(table, sample, place, Seen()))
    rows = [row for piece in staged for row in piece.rows]
    return Trial(rows, [one for piece in staged for one in piece.refused], len(source.sample))


@contextmanager
def _as_file(source: Source) -> Iterator[tuple[Source, Path]]:
    """Yield a source of the sample alone, as a clean copy in a folder that goes afterwards."""
    with TemporaryDirectory(prefix="preview-") as name:
        path = Path(name) / "sample.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([number, *cells] for number, cells in source.sample)
        part = replace(
            source.parts[0], columns=source.columns, positions=tuple(range(len(source.columns))),
            width=len(source.columns), rows=len(source.sample), path=path,
        )  # fmt: skip
        yield replace(source, parts=(part,)), Path(name)


def paid(rows: Sequence[Mapping[str, Any]], *, policy: Mapping[str, Any], count: int = 3) -> list[Paid]:
    """Return what the first recurring lines come to, by the rules of the revenue itself; `rows`: of a trial."""
    found: list[Paid] = []
    for row in rows:
        values = row["values"]
        if len(found) < count and values.get("kind", LineKind.RECURRING) == LineKind.RECURRING:
            found.append(_paid(row["id"], values, policy))
    return found


def _paid(external_id: str, values: Mapping[str, Any], policy: Mapping[str, Any]) -> Paid:
    starts_on = date.fromisoformat(values["starts_on"])
    ends_on = date.fromisoformat(values["ends_on"]) if values.get("ends_on") else None
    line = LineTerms(
        line_key=external_id, customer_id=0, currency=values["currency"], amount_minor=values["amount"],
        starts_on=starts_on, ends_on=ends_on, amount_months=values.get("amount_months"),
        quantity=values.get("quantity"), tax_rate=_share(values.get("tax_rate")),
        amount_includes_tax=bool(values.get("amount_includes_tax")) and values.get("tax_rate") is not None,
        discount=Discount(percent=Fraction(values["discount_percent"])) if values.get("discount_percent") else None,
    )  # fmt: skip
    name = values.get("customer_name") or values.get("customer") or external_id
    last_on = ends_on - timedelta(days=1) if ends_on else None
    mrr = mrr_on(line, starts_on, switches_of(dict(policy)))
    return Paid(str(name), line.amount_minor, line.currency, line.quantity, starts_on, last_on, line.amount_months, mrr)


def _share(text: str | None) -> Fraction | None:
    return Fraction(text) if text is not None else None


def values_of(use: Use, source: Source, zone: ZoneInfo, count: int = 2) -> list[tuple[str, Value | None]]:
    """Return the column's first different cells, as written and as read under its format; None: cannot be read.

    Only where reading changes something: a text stays what it is. Empty where the format is not yet said.
    """
    if use.column not in source.columns or use.format is None:
        return []
    place = source.columns.index(use.column)
    texts = [text for text in dict.fromkeys(cells[place] for _row, cells in source.sample) if text.strip()][:count]
    if use.values:
        return [(text, use.values.get(text.strip(), text)) for text in texts]
    if use.format.kind is Type.TEXT:
        return []
    read = read_column(pa.array(texts, pa.string()), use.format, zone).values.to_pylist()
    return list(zip(texts, read, strict=True))
