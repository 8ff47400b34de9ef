"""The mapping as a form: a card for each table, a row for each column. `sending.py` reads it back."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from perennial.integrations.imports import proposal
from perennial.integrations.imports.detection.terms import Column
from perennial.integrations.imports.kinds import KINDS, Field, KindKey
from perennial.integrations.imports.mapping import WITH_END, to_data
from perennial.integrations.imports.money_words import amounts_said
from perennial.integrations.imports.reading.terms import Source
from perennial.integrations.imports.terms import Mapping, TableMap
from perennial.integrations.imports.values.terms import Format, Kind

Tables = Sequence[tuple[Source, tuple[Column, ...]]]
KEEP, LEAVE = "keep", "leave"
DAYS = frozenset({Kind.DATE, Kind.DATETIME})
NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.PERCENT})
TERM = "term"
OPTIONS = ("learned", "lag_days", "end_is", "sheet", "amount_is", "amount_per", "currency")
TRANSLATED = frozenset({"kind", "contract_kind", "billing_months", "channel", "decision_role", "billing_status",
                        "deployment", "node", "priority"})  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A column and what becomes of it: a field's key, KEEP or "" (ignored); how it is read; what its words mean."""

    column: Column
    target: str
    reading: str = ""
    values: str = ""

    def field_of(self, kind: str) -> Field | None:
        return KINDS[KindKey(kind)].field(self.target) if kind != LEAVE else None


@dataclass(frozen=True)
class Card:
    """A table of the files and how it is imported. `kept`: what the form does not show and must not lose."""

    source: Source
    kind: str
    rows: tuple[Row, ...]
    file: str
    options: MappingOf[str, str] = field(default_factory=dict)
    kept: MappingOf[str, Any] = field(default_factory=dict)

    def open_questions(self) -> list[Row]:
        """Return the rows whose dates read in two ways and for which nobody has said which."""
        return [row for row in self.rows if is_asked(row, self.kind) and not row.reading]

    def open_terms(self) -> list[str]:
        """Return what nobody has said of lines: `amount_is` (what the amount covers), `end_is` (what the end means)."""
        said = {
            "amount_is": self.asks_amount and not self.options.get("amount_is"),
            "amount_per": self._is_price() and not self.options.get("amount_per"),
            "end_is": self.asks_end and not self.options.get("end_is"),
        }
        return [key for key, is_open in said.items() if is_open]

    def _is_price(self) -> bool:
        """Return whether the amount may be for one of a quantity as well as for all of it, going by its name."""
        has_quantity = any(row.target == "quantity" for row in self.rows)
        amount = next((row.column.name for row in self.rows if row.target == "amount"), None)
        if self.kind != KindKey.CONTRACTS or amount is None:
            return False
        return amounts_said(amount, has_quantity=has_quantity).per is None

    @property
    def asks_amount(self) -> bool:
        """Return whether the card's amounts may be for a month, a year or the whole term."""
        targets = {row.target for row in self.rows}
        return self.kind == KindKey.CONTRACTS and "amount" in targets and "amount_months" not in targets

    @property
    def asks_end(self) -> bool:
        """Return whether an end date is read that may be the last day or the day after."""
        return self.kind in set(WITH_END) and any(row.target == "ends_on" for row in self.rows)

    def missing(self) -> list[str]:
        """Return the labels of required fields that no column fills."""
        if self.kind == LEAVE:
            return []
        fields, filled = KINDS[KindKey(self.kind)].fields, {row.target for row in self.rows} | self._constants()
        lacking = [str(one.label) for one in fields if one.required and one.key not in filled]
        for group in dict.fromkeys(one.one_of for one in fields if one.one_of):
            members = [one for one in fields if one.one_of == group]
            if not any(one.key in filled for one in members):
                lacking.append(_(" or ").join(str(one.label) for one in members))
        return lacking

    def _constants(self) -> set[str]:
        return set(self.kept.get("constants", {})) | ({"currency"} if self.options.get("currency") else set())


def is_asked(row: Row, kind: str) -> bool:
    target = row.field_of(kind)
    return bool(row.column.choices) and target is not None and target.type in DAYS


def cards_of(mapping: Mapping, tables: Tables) -> list[Card]:
    """Return a card for each table of the files, or several; a table that no table of the mapping fits is left out."""
    cards = []
    for source, columns in tables:
        fitting = [table for table in mapping.tables if table.fits(source)]
        cards += [_card(source, columns, table) for table in fitting] or [left_out(source, columns)]
    return cards


def left_out(source: Source, columns: Sequence[Column]) -> Card:
    """Return the card of a table that is not imported."""
    file = source.file.rsplit("/", 1)[-1]
    return Card(source, LEAVE, tuple(Row(column, "") for column in columns), file, dict.fromkeys(OPTIONS, ""))


def _card(source: Source, columns: Sequence[Column], table: TableMap) -> Card:
    rows = []
    for column in columns:
        uses = [(key, use) for key, use in table.columns.items() if use.column == column.name]
        rows += [Row(column, key, _reading(use.format), _lines(use.values)) for key, use in uses]
        if not uses:
            rows.append(Row(column, KEEP if column.name in table.keep else ""))
    constants = {key: use.constant or "" for key, use in table.columns.items() if use.column is None}
    months = constants.pop("amount_months", "")
    options = {
        "learned": table.learned.value,
        "lag_days": str(table.lag_days),
        "end_is": table.end_is.value if table.end_is else "",
        "sheet": table.sheet or "",
        "amount_is": TERM if table.amount_covers else months,
        "amount_per": table.amount_per.value if table.amount_per else "",
        "currency": constants.pop("currency", ""),
    }
    data = to_data(Mapping("x", (table,)))["tables"][0]
    kept = {key: data[key] for key in ("id_from", "where", "where_not") if key in data} | {"constants": constants}
    return Card(source, table.kind.value, tuple(rows), table.file, options, kept)


def proposed(source: Source, columns: Sequence[Column], kind: str) -> Card:
    """Return the card of a table that a person called something else."""
    if kind == LEAVE:
        return left_out(source, columns)
    return _card(source, columns, proposal.propose_table(source, columns, KindKey(kind)))


def _reading(form: Format | None) -> str:
    if form is None:
        return ""
    if form.order is not None:
        return form.order.value
    return ("comma" if form.decimal_comma else "point") if form.kind in NUMBERS else ""


def _lines(values: MappingOf[str, str]) -> str:
    return "\n".join(f"{key} = {value}" for key, value in values.items())
