"""What reading answers with: sources, the rows that were set aside, and problems that name their place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Code(StrEnum):
    """Why a file, a sheet or a row was refused, or what should be known about it. `messages.py` has the words."""

    # the whole file or sheet
    NOT_FOUND = "not_found"
    EMPTY = "empty"
    HEADER_ONLY = "header_only"
    BINARY = "binary"
    WEB_PAGE = "web_page"
    OTHER_WORKBOOK = "other_workbook"
    PASSWORD = "password"  # noqa: S105 -- a reason, not a secret
    DAMAGED = "damaged"
    NESTED_ARCHIVE = "nested_archive"
    UNSAFE_PATH = "unsafe_path"
    TOO_MANY_MEMBERS = "too_many_members"
    TOO_LARGE = "too_large"
    TOO_COMPRESSED = "too_compressed"
    XML_ENTITIES = "xml_entities"
    CELL_TOO_FAR = "cell_too_far"
    TOO_MANY_COLUMNS = "too_many_columns"
    MIXED_ENCODINGS = "mixed_encodings"
    UNDECODABLE = "undecodable"
    OTHER_ENCODING = "other_encoding"
    HEADER_ROW_EMPTY = "header_row_empty"
    NO_SHEET = "no_sheet"
    JSON_VALUE = "json_value"
    QUOTE_NEVER_CLOSED = "quote_never_closed"
    LINE_TOO_LONG = "line_too_long"
    TOO_MUCH_MEMORY = "too_much_memory"
    TOO_LONG = "too_long"
    READER_STOPPED = "reader_stopped"
    # one row
    ROW_TOO_WIDE = "row_too_wide"
    ROW_QUOTES = "row_quotes"
    ROW_NUL = "row_nul"
    ROW_JSON = "row_json"
    CELL_TOO_LONG = "cell_too_long"
    ROW_TOO_LONG = "row_too_long"
    # one cell
    CELL_NOT_INTEGER = "cell_not_integer"
    CELL_NOT_NUMBER = "cell_not_number"
    CELL_NOT_AMOUNT = "cell_not_amount"
    CELL_NOT_PERCENT = "cell_not_percent"
    CELL_NOT_FLAG = "cell_not_flag"
    CELL_NOT_DATE = "cell_not_date"
    CELL_NO_SUCH_DAY = "cell_no_such_day"
    CELL_OTHER_ORDER = "cell_other_order"
    CELL_OUT_OF_RANGE = "cell_out_of_range"
    # worth knowing, nothing lost
    ENCODING_GUESSED = "encoding_guessed"
    NO_HEADER = "no_header"
    TITLE_ROWS = "title_rows"
    TOTAL_ROWS = "total_rows"
    REMARK_ROWS = "remark_rows"
    BLANK_ROWS = "blank_rows"
    SHORT_ROWS = "short_rows"
    REPEATED_HEADER = "repeated_header"
    MERGED_FILLED = "merged_filled"
    DUPLICATE_COLUMN = "duplicate_column"
    DIGITS_LOST = "digits_lost"
    FORMULA_UNCOMPUTED = "formula_uncomputed"
    LEADING_ZEROS_LOST = "leading_zeros_lost"
    SCIENTIFIC_IDS = "scientific_ids"
    MIXED_DATES = "mixed_dates"
    DATES_SWAPPED = "dates_swapped"
    MIXED_SYMBOLS = "mixed_symbols"
    HIDDEN_SHEET = "hidden_sheet"
    EMPTY_SHEET = "empty_sheet"
    NESTED_COLUMN = "nested_column"


AS_TEXT = frozenset({Code.HEADER_ONLY, Code.TOO_MANY_COLUMNS, Code.MIXED_ENCODINGS, Code.UNDECODABLE,
                     Code.OTHER_ENCODING, Code.HEADER_ROW_EMPTY, Code.QUOTE_NEVER_CLOSED})  # fmt: skip
"""Refusals of a text file that another encoding, delimiter or header row may mend."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason with its place. `row` counts as a spreadsheet shows it, from 1; None where there is no such place."""

    code: Code
    file: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    details: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """One sheet (or one text file) of a source.

    `path` is the clean copy: UTF-8 CSV without a header, the row number first, then every cell; `positions` are the
    places of `columns` in it. `rejected_path` holds one JSON problem a line. Both live as long as the folder given to
    `read_sources`. `head` are the first rows as they stand in the file, header and all, with their numbers.
    `types` and `nulls`: of a Parquet file, what its schema says of each column, and how many cells of it are null; its
    clean copy is Parquet too (`columnar.py`).
    """

    file: str
    sheet: str | None
    columns: tuple[str, ...]
    positions: tuple[int, ...]
    width: int
    rows: int
    path: Path
    rejected: int
    rejected_path: Path
    header_rows: tuple[int, ...]
    encoding: str | None
    delimiter: str | None
    notices: tuple[Problem, ...]
    head: tuple[tuple[int, tuple[str, ...]], ...] = ()
    types: tuple[str, ...] = ()
    nulls: tuple[int, ...] = ()

    @property
    def is_typed(self) -> bool:
        """Return whether the clean copy is Parquet, of columns that have types."""
        return bool(self.types)


@dataclass(frozen=True, slots=True)
class Source:
    """One table of a file; several parts where sheets of a workbook have the same columns (a sheet per month).

    `sample`: the first rows that can be streamed with their numbers, cells as text in the order of `columns`.
    """

    file: str
    columns: tuple[str, ...]
    parts: tuple[Part, ...]
    sample: tuple[tuple[int, tuple[str, ...]], ...] = ()

    @property
    def rows(self) -> int:
        """Return how many rows can be streamed: blank, total and rejected rows do not count."""
        return sum(part.rows for part in self.parts)

    @property
    def rejected(self) -> int:
        """Return how many rows were not read; `rejected_rows` tells each with its reason."""
        return sum(part.rejected for part in self.parts)

    @property
    def sheets(self) -> tuple[str, ...]:
        """Return the names of the sheets, empty for text files. Offered as a column of its own where they are many."""
        return tuple(part.sheet for part in self.parts if part.sheet is not None)

    @property
    def notices(self) -> tuple[Problem, ...]:
        """Return what is worth knowing about the parts; nothing was lost."""
        return tuple(notice for part in self.parts for notice in part.notices)


@dataclass(frozen=True, slots=True)
class File:
    """A file that was opened, by its shown name; `content` is text, json, parquet or workbook, None where it is none.

    `sheets` are (name, state) of a workbook: read, left, empty or refused.
    """

    name: str
    content: str | None
    sheets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read: the sources, what was refused (whole files or sheets), and files that are no tables."""

    sources: tuple[Source, ...]
    refused: tuple[Problem, ...]
    notices: tuple[Problem, ...]
    ignored: tuple[str, ...]
    files: tuple[File, ...] = ()


class Refused(Exception):
    """A whole file or sheet cannot be read; says why and where."""

    def __init__(self, code: Code, *, row: int | None = None, details: Mapping[str, str | int] | None = None) -> None:
        super().__init__(code)
        self.code, self.row, self.details = code, row, dict(details or {})
