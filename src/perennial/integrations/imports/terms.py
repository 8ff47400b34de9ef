"""What a mapping consists of: which table of which file is what, column by column, and how the files are read."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from enum import StrEnum

from perennial.integrations.imports.kinds import KINDS, Kind, KindKey
from perennial.integrations.imports.reading.manner import Rule, is_called
from perennial.integrations.imports.reading.terms import Source
from perennial.integrations.imports.values.terms import Format


class MappingError(ValueError):
    """A mapping that cannot be; the message begins with the place: `tables[0].columns.name: …`."""


class Learned(StrEnum):
    """When a row was learned: now, or "known at its own date" (assumed, and labelled so wherever it is used)."""

    NOW = "now"
    OWN_DATE = "own_date"


class EndIs(StrEnum):
    """What an end date means: the last day of service, or the first day without."""

    LAST_DAY = "last_day"
    DAY_AFTER = "day_after"


class Covers(StrEnum):
    """What an amount is for, where it is not for a number of months (the field `amount_months`)."""

    TERM = "term"


class AmountPer(StrEnum):
    """What an amount is the price of: the whole quantity of the line, or one of it."""

    ALL = "all"
    UNIT = "unit"


@dataclass(frozen=True)
class Use:
    """Where a field's value comes from: a column under a format (None: as detected), or one constant for every row.

    `values` translates what the source writes into what we call it ("annual" → "12").
    """

    column: str | None = None
    constant: str | None = None
    format: Format | None = None
    values: MappingOf[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableMap:
    """One table: the files (and sheets) it stands for by pattern, its kind, and its fields.

    `keep`: columns kept under their own names (custom fields, features). `id_from`: columns that together make the id
    of a row where the source has none. `where`/`where_not`: rows to take or leave by exact text of a column.

    Of lines: `end_is` None: nobody said, and it is read as the day after. `amount_covers` None and no field for the
    months: nobody said, and it is read as the whole term. `amount_per` None: nobody said, read as all of the quantity.
    """

    file: str
    kind: KindKey
    columns: MappingOf[str, Use]
    sheet: str | None = None
    keep: tuple[str, ...] = ()
    id_from: tuple[str, ...] = ()
    where: MappingOf[str, tuple[str, ...]] = field(default_factory=dict)
    where_not: MappingOf[str, tuple[str, ...]] = field(default_factory=dict)
    learned: Learned = Learned.NOW
    lag_days: int = 0
    end_is: EndIs | None = None
    amount_covers: Covers | None = None
    amount_per: AmountPer | None = None

    @property
    def definition(self) -> Kind:
        return KINDS[self.kind]

    def names(self, source: Source) -> bool:
        """Return whether the source's file and sheet are called as this table says."""
        if not is_called(source.file.rsplit("/", 1)[-1], self.file):
            return False
        return self.sheet is None or any(is_called(sheet, self.sheet) for sheet in source.sheets)

    def fits(self, source: Source) -> bool:
        """Return whether this table is read from the source: its name fits and every column it uses is there."""
        return self.names(source) and self.used_columns() <= set(source.columns)

    def used_columns(self) -> set[str]:
        """Return every column of the file that this table reads."""
        used = {use.column for use in self.columns.values() if use.column is not None}
        return used | set(self.keep) | set(self.id_from) | set(self.where) | set(self.where_not)


@dataclass(frozen=True)
class Mapping:
    """How the files of one source are read. `source` names the system: ids are unique within it.

    `reading`: where a person said how files are opened; all else is found.
    """

    source: str
    tables: tuple[TableMap, ...]
    name: str = ""
    reading: tuple[Rule, ...] = ()
