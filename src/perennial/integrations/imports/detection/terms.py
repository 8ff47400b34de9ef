"""What detection tells about a column."""

from dataclasses import dataclass

from perennial.integrations.imports.reading.terms import Problem
from perennial.integrations.imports.values.terms import Format


@dataclass(frozen=True, slots=True)
class Place:
    """A cell: its row as the file shows it, and its text."""

    row: int
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible reading of an ambiguous column: examples as written, and what they would become (None: a fault)."""

    format: Format
    examples: tuple[tuple[str, str | None], ...]
    suggested: bool = False  # the other date columns of the file are written so
    read: int = 0  # of the column's different texts (the first 10,000) so many are read
    of: int = 0
    unread: tuple[Place, ...] = ()  # the first that are not


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the proposed format, and why.

    `format` is None where `choices` must be put to the user. `filled` counts cells that are not empty or unknown,
    `parsed` those of them that the format (else the first choice) reads. `distinct` is None above 10,000. `decided_by`
    is the first cell that rules out the other order of day and month. `contradicting`: cells that no one order reads.
    """

    name: str
    format: Format | None
    choices: tuple[Choice, ...]
    alternatives: tuple[Format, ...]
    filled: int
    parsed: int
    empty: int
    null_markers: tuple[tuple[str, int], ...]
    distinct: int | None
    examples: tuple[str, ...]
    unparsed: tuple[Place, ...]
    decided_by: Place | None
    contradicting: tuple[Place, ...]
    symbols: tuple[str, ...]
    warnings: tuple[Problem, ...]

    @property
    def share(self) -> float | None:
        """Return parsed ÷ filled, None where nothing is filled."""
        return self.parsed / self.filled if self.filled else None
