"""Proposes a mapping from names and values: a start for a person to correct, never the last word.

What cannot be known from the files is asked: a date column that reads both ways stays without a format, and the
mapping is not complete until somebody chose (`questions`).
"""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

from perennial.integrations.imports.detection.terms import Choice, Column
from perennial.integrations.imports.ends import Terms, terms_of
from perennial.integrations.imports.kinds import KINDS, READS, Field, Kind, KindKey
from perennial.integrations.imports.matching import DAYS, Matches, known_words, match, says
from perennial.integrations.imports.money_words import amounts_said
from perennial.integrations.imports.reading.manner import is_called
from perennial.integrations.imports.reading.terms import Source
from perennial.integrations.imports.synonyms import vocabulary
from perennial.integrations.imports.terms import AmountPer, EndIs, Learned, Mapping, TableMap, Use
from perennial.integrations.imports.values.columns import read_column
from perennial.integrations.imports.values.terms import NULL_MARKERS, Format, Order
from perennial.integrations.imports.values.terms import Kind as Type

Tables = Sequence[tuple[Source, tuple[Column, ...]]]
_UTC = ZoneInfo("UTC")
_LAST_DAY = ("valid until", "valid to", "paid until", "last day", "有效期至", "截止日", "止日", "迄日")
_DAY_AFTER = ("renewal", "续约日", "续费日")
_IDENTITY: MappingOf[KindKey, tuple[tuple[str, ...], ...]] = {
    KindKey.CONTRACTS: (("contract",), ("contract", "product"), ("customer", "product", "starts_on"),
                        ("customer_name", "product", "starts_on"), ("customer", "starts_on"),
                        ("customer_name", "starts_on")),
    KindKey.CONTACTS: (("customer", "email"), ("customer_name", "email"), ("customer", "name"),
                       ("customer_name", "name")),
    KindKey.SPEND: (("month", "channel", "segment"), ("month", "channel"), ("month", "segment"), ("month",)),
}  # fmt: skip
"""Fields that tell rows apart where the source has no ids: a row that is corrected later stays the same row."""


@dataclass(frozen=True)
class Question:
    """A column that reads in more than one way: somebody who knows the file must choose."""

    table: int
    field: str
    column: str
    choices: tuple[Choice, ...]
    file: str


def propose(tables: Tables, *, source: str) -> Mapping:
    """Return a mapping for what was read: one table each, of the kind whose words fit best; and where nothing else
    holds customers, those whose names and ids stand beside contracts. A table in which no word is known is left out,
    unless there is no other."""
    proposed: list[TableMap] = []
    known = [(read, columns) for read, columns in tables if propose_table(read, columns).columns]
    for read, columns in known or tables:
        table = _of_its_sheet(propose_table(read, columns), read, tables)
        if table not in proposed:
            proposed.append(table)
    if not any(table.kind is KindKey.CUSTOMERS for table in proposed):
        proposed = [*_customers_beside(tables, proposed), *proposed]
    return Mapping(source=source, tables=tuple(proposed))


def renewed(mapping: Mapping, tables: Tables, *, file: str) -> Mapping:
    """Return a mapping after one file was read otherwise: what still fits stays, what came new is proposed."""
    own = [(read, columns) for read, columns in tables if read.file == file]
    name = file.rsplit("/", 1)[-1]
    kept = [
        table
        for table in mapping.tables
        if not is_called(name, table.file) or any(table.fits(read) for read, _columns in tables)
    ]
    for read, columns in own:
        if not any(table.fits(read) for table in kept):
            kept.append(_of_its_sheet(propose_table(read, columns), read, tables))
    return replace(mapping, tables=tuple(kept))


def _of_its_sheet(table: TableMap, read: Source, tables: Tables) -> TableMap:
    """Tie a table to its sheet where the file has other tables too: they may have the same columns and more."""
    if sum(other.file == read.file for other, _columns in tables) > 1 and read.sheets:
        return replace(table, sheet=read.sheets[0])
    return table


def _customers_beside(tables: Tables, proposed: Sequence[TableMap]) -> list[TableMap]:
    found = []
    for read, columns in tables:
        is_contracts = any(table.kind is KindKey.CONTRACTS and table.fits(read) for table in proposed)
        table = _of_its_sheet(propose_table(read, columns, KindKey.CUSTOMERS), read, tables)
        if is_contracts and {"external_id", "name"} <= set(table.columns):
            dates = {field.key for field in table.definition.fields if field.type in DAYS}
            uses = {key: use for key, use in table.columns.items() if key not in dates}  # a term's, not the customer's
            found.append(replace(table, columns=uses, keep=(), learned=Learned.NOW))
    return found


def propose_table(source: Source, columns: Sequence[Column], kind: KindKey | None = None) -> TableMap:
    """Return the proposal for one table; `kind` where a person already said what it is."""
    cells = cells_of(source)
    best = KINDS[kind] if kind else max(KINDS.values(), key=lambda one: _score(one, source, columns, cells))
    matched = match(best, columns, cells)
    uses = {key: _use(best, key, column, cells) for key, column in matched.columns.items()}
    if best.key is KindKey.CUSTOMERS and "external_id" not in uses and "credit_code" in uses:
        uses = {"external_id": uses["credit_code"], **uses}  # identity by 统一社会信用代码
    if best.key is KindKey.SURVEYS and "kind" not in uses and "score" in uses and _is_csat(uses["score"].column or ""):
        uses["kind"] = Use(constant="csat")
    taken = {use.column for use in uses.values()}
    table = TableMap(
        file=source.file.rsplit("/", 1)[-1],
        kind=best.key,
        columns=uses,
        keep=tuple(column.name for column in columns if best.free and column.name not in taken),
        learned=Learned.OWN_DATE if best.own_date in uses else Learned.NOW,
        id_from=() if "external_id" in uses else _identity(best.key, uses, cells),
    )
    return with_terms(table, source) if best.key is KindKey.CONTRACTS else table


def _is_csat(name: str) -> bool:
    return "csat" in name.lower() or "满意" in name or "滿意" in name


def _use(kind: Kind, key: str, column: Column, cells: MappingOf[str, Sequence[str]]) -> Use:
    field = kind.field(key)
    assert field is not None
    words = {}
    if key in vocabulary()[kind.key.value].values:
        known = known_words(kind, field, cells.get(column.name, column.examples))
        words = {text: ours for text, ours in known.items() if text != ours}
    return Use(column=column.name, format=format_for(field, column), values=words)


def _identity(kind: KindKey, uses: MappingOf[str, Use], cells: MappingOf[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the columns that together tell the rows apart; () where none does: then all mapped columns do."""
    for keys in _IDENTITY.get(kind, ()):
        if all(key in uses for key in keys):
            columns = tuple(uses[key].column or "" for key in keys)
            rows = list(zip(*(cells.get(column, ()) for column in columns), strict=True))
            if rows and len(set(rows)) == len(rows) and all(any(row) for row in rows):
                return columns
    return ()


def with_terms(table: TableMap, source: Source, *, zone: ZoneInfo | None = None) -> TableMap:
    """Return a table of lines with what its amount covers and what its end means, as far as names and rows tell it."""
    uses = dict(table.columns)
    amount, end = uses.get("amount"), uses.get("ends_on")
    covers, per = table.amount_covers, table.amount_per
    if amount is not None and amount.column and "amount_months" not in uses:
        said = amounts_said(amount.column, has_quantity="quantity" in uses)
        covers, per = said.covers, AmountPer.UNIT if said.per is AmountPer.UNIT else None
        if said.months is not None:
            uses["amount_months"] = Use(constant=str(said.months))
    found = replace(table, columns=uses, amount_covers=covers, amount_per=per)
    if end is None or not end.column:
        return found
    meaning = terms_in(found, source, zone=zone).meaning
    if meaning is None:
        meaning = EndIs.DAY_AFTER if says(end.column, *_DAY_AFTER) else None
        meaning = EndIs.LAST_DAY if says(end.column, *_LAST_DAY) else meaning
    return replace(found, end_is=meaning)


def terms_in(table: TableMap, source: Source, *, zone: ZoneInfo | None = None) -> Terms:
    """Return what the first rows tell of the meaning of the end; nothing where a day is not yet readable."""
    starts, ends = (_days(table.columns.get(key), source, zone or _UTC) for key in ("starts_on", "ends_on"))
    return terms_of(zip(starts, ends, strict=False))


def _days(use: Use | None, source: Source, zone: ZoneInfo) -> list[date | None]:
    if use is None or use.column not in source.columns or use.format is None or use.format.kind not in DAYS:
        return []
    place = source.columns.index(use.column)
    cells = pa.array([row[place] for _number, row in source.sample], pa.string())
    values = read_column(cells, use.format, zone).values.to_pylist()
    return [value.date() if isinstance(value, datetime) else value for value in values]


def cells_of(source: Source) -> dict[str, list[str]]:
    """Return the first cells of each column, row by row; nothing where the source has no sample."""
    if not source.sample:
        return {}
    return {name: [row[place] for _number, row in source.sample] for place, name in enumerate(source.columns)}


def near_misses(source: Source, columns: Sequence[Column], kind: KindKey) -> MappingOf[str, Field]:
    """Return the columns that a field's name fits but not its values: column → field. A person should look."""
    return match(KINDS[kind], columns, cells_of(source)).near


def _score(kind: Kind, source: Source, columns: Sequence[Column], cells: MappingOf[str, Sequence[str]]) -> float:
    """Return how well a kind fits: words of its fields found, its required fields there, its name in the file's."""
    found: Matches = match(kind, columns, cells)
    required = [field for field in kind.fields if field.required]
    missing = sum(field.key not in found.columns for field in required)
    groups = {field.one_of for field in kind.fields if field.one_of}
    missing += sum(all(f.key not in found.columns for f in kind.fields if f.one_of == group) for group in groups)
    hints = vocabulary()[kind.key.value].files
    file = source.file.rsplit("/", 1)[-1].lower()
    named = any(hint in text for hint in hints for text in (file, *(sheet.lower() for sheet in source.sheets[:1])))
    return len(found.columns) + 6 * named - 5 * missing


def format_for(field: Field, column: Column) -> Format | None:
    """Return how the column is read for the field: as text where text is wanted (ids keep their zeros), else as
    detected; None where a person must choose. What was detected as something else is read strictly, row by row."""
    if field.type is Type.TEXT:
        return Format(Type.TEXT, nulls=column.format.nulls if column.format else frozenset(("",)))
    if column.choices and field.type in DAYS:
        return None
    if column.format is not None and column.format.kind in READS[field.type]:
        return column.format
    nulls = column.format.nulls if column.format is not None else NULL_MARKERS
    return Format(field.type, Order.YEAR_FIRST if field.type in DAYS else None, nulls=nulls)


def questions(mapping: Mapping, tables: Tables) -> list[Question]:
    """Return what a person must still say: columns used as dates that read both ways and have no format."""
    found = []
    for number, table in enumerate(mapping.tables):
        for source, columns in tables:
            if not table.fits(source):
                continue
            by_name = {column.name: column for column in columns}
            for key, use in table.columns.items():
                column = by_name.get(use.column or "")
                if column is not None and column.choices and use.format is None:
                    found.append(Question(number, key, column.name, column.choices, source.file))
    return found


def completed(mapping: Mapping, tables: Tables) -> Mapping:
    """Return the mapping with the detected format of every column that it names without one.

    A question (`questions`) stays open: nothing is guessed silently.
    """
    return replace(mapping, tables=tuple(completed_table(table, tables) for table in mapping.tables))


def completed_table(table: TableMap, tables: Tables) -> TableMap:
    """Return one table with the detected formats; see `completed`."""
    columns = next((columns for source, columns in tables if table.fits(source)), ())
    by_name = {column.name: column for column in columns}
    uses = dict(table.columns)
    for key, use in table.columns.items():
        field, column = table.definition.field(key), by_name.get(use.column or "")
        if field is not None and column is not None and use.format is None:
            uses[key] = replace(use, format=format_for(field, column))
    return replace(table, columns=uses)
