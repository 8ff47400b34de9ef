"""The door of reading: files, folders and archives in, sources out; and the ways to stream what a source holds."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from perennial.integrations.imports.reading import manner
from perennial.integrations.imports.reading.containers import TABLE_SUFFIXES
from perennial.integrations.imports.reading.manner import Rule
from perennial.integrations.imports.reading.sandbox import read_in_child
from perennial.integrations.imports.reading.terms import Code, File, Part, Problem, Reading, Source

SAMPLE_ROWS, SAMPLE_CELLS, SAMPLE_CELL = 60, 6_000, 200
WHOLE, PIECE = 4 << 20, 1 << 20  # bytes: what is looked at together, and what is worked on
TYPED_ROW = 40  # bytes of a row where columns have types, about


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a part: their numbers in the user's file, and the cells as text in the order of `Source.columns`."""

    part: Part
    rows: pa.Int64Array
    cells: pa.RecordBatch


def read_sources(paths: Sequence[Path], into: Path, rules: Sequence[Rule] = ()) -> Reading:
    """Read files (CSV, TSV and NDJSON, also as .gz, XLSX, XLS, Parquet, ZIP of these) and the tables in a folder.

    `rules`: where a person said how files are read; all else is found.

    Never raises for what a file holds: a file that cannot be read is in `refused`, and the others are read. `into` must
    not exist or be empty; it receives the clean copies, which the sources refer to until the caller removes it.
    """
    gathered = _Gathered(into, rules)
    for path in paths:
        if path.is_dir():
            for entry in sorted(path.iterdir()):
                if entry.is_file() and not entry.name.startswith((".", "~$")):
                    gathered.file(entry) if entry.name.lower().endswith(TABLE_SUFFIXES) else gathered.ignored.append(
                        entry.name
                    )
        elif path.is_file():
            gathered.file(path)
        else:
            gathered.refused.append(Problem(Code.NOT_FOUND, path.name))
    return gathered.reading()


def chunks(source: Source, *, size: int = WHOLE) -> Iterator[Chunk]:
    """Stream the rows of a source, about `size` bytes of its clean copy at a time."""
    for part in source.parts:
        if not part.rows:
            continue
        if part.is_typed:
            for chunk in typed_chunks(source, part, max(size // TYPED_ROW, 1)):
                cells = [as_text(column) for column in chunk.cells.columns]
                yield Chunk(part, chunk.rows, pa.RecordBatch.from_arrays(cells, names=list(source.columns)))
            continue
        # parts with the same columns may have them in another order
        wanted = [part.positions[part.columns.index(name)] for name in source.columns]
        names = ["row", *map(str, range(part.width))]
        parsed = arrow_csv.ParseOptions(newlines_in_values=True)
        converted = arrow_csv.ConvertOptions(
            column_types={"row": pa.int64()} | {name: pa.string() for name in names[1:]},
            include_columns=["row", *map(str, wanted)],
            strings_can_be_null=False,
        )
        for rows in _whole_rows(part.path, size):
            read = arrow_csv.ReadOptions(column_names=names, block_size=len(rows) + 1, use_threads=False)
            table = arrow_csv.read_csv(pa.BufferReader(rows), read, parsed, converted)
            for batch in table.combine_chunks().to_batches():
                cells = pa.RecordBatch.from_arrays(batch.columns[1:], names=list(source.columns))
                yield Chunk(part, batch.column(0), cells)


def typed_chunks(source: Source, part: Part, rows: int, names: Sequence[str] | None = None) -> Iterator[Chunk]:
    """Stream the rows of a part whose clean copy is Parquet: the named columns (None: all) with the types that they
    have there."""
    wanted = source.columns if names is None else names
    places = [str(part.positions[part.columns.index(name)]) for name in wanted]
    with pq.ParquetFile(part.path, pre_buffer=False, buffer_size=PIECE) as copy:
        for batch in copy.iter_batches(rows, columns=["row", *places], use_threads=False):
            columns = [batch.column(batch.schema.get_field_index(place)) for place in places]
            yield Chunk(part, batch.column("row"), pa.RecordBatch.from_arrays(columns, names=list(wanted)))


def as_text(values: pa.Array) -> pa.Array:
    """Return the cells of a typed column as a CSV file would hold them; an unknown one is empty."""
    if pa.types.is_timestamp(values.type):
        whole = values.cast(pa.timestamp("s", tz=values.type.tz), safe=False)
        if whole.cast(values.type).equals(values):
            values = whole
    texts = pc.if_else(values, "TRUE", "FALSE") if pa.types.is_boolean(values.type) else values.cast(pa.string())
    return pc.fill_null(texts, "")


def _whole_rows(path: Path, size: int) -> Iterator[bytes]:
    """Yield a file's rows, whole ones, about `size` bytes at a time. (Arrow's own stream reads 32 blocks ahead.)"""
    with path.open("rb") as file:
        rest = b""
        while block := file.read(size):
            rest += block
            end = _end_of_rows(rest)
            if end:
                yield rest[:end]
                rest = rest[end:]
        if rest:
            yield rest


def _end_of_rows(text: bytes) -> int:
    """Return where the last whole row ends, 0 where none does; a line's end between quotes ends no row."""
    signs = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(signs == ord("\n"))
    is_inside = np.searchsorted(np.flatnonzero(signs == ord('"')), ends) % 2
    outside = ends[is_inside == 0]
    return int(outside[-1]) + 1 if len(outside) else 0


def with_sample(source: Source) -> Source:
    """Return the source with its first rows, shortened: what a person is shown of it, and what a proposal looks at."""
    count = min(SAMPLE_ROWS, max(SAMPLE_CELLS // max(len(source.columns), 1), 1))
    rows: list[tuple[int, tuple[str, ...]]] = []
    for chunk in chunks(source, size=PIECE):
        cells = chunk.cells.slice(0, count - len(rows))
        columns = [[text[:SAMPLE_CELL] for text in cells.column(at).to_pylist()] for at in range(cells.num_columns)]
        rows += zip(chunk.rows.slice(0, len(cells)).to_pylist(), zip(*columns, strict=True), strict=True)
        if len(rows) >= count:
            break
    return replace(source, sample=tuple(rows))


def rejected_rows(source: Source) -> Iterator[Problem]:
    """Yield the rows that were not read, each with its number and reason, in the order of the file."""
    for part in source.parts:
        with part.rejected_path.open(encoding="utf-8") as lines:
            for line in lines:
                yield _problem(json.loads(line), part.file, part.sheet)


class _Gathered:
    """What is being collected while files are read one after the other."""

    def __init__(self, into: Path, rules: Sequence[Rule]) -> None:
        self.into, self.rules = into, rules
        self.children = 0
        self.sources: list[Source] = []
        self.refused: list[Problem] = []
        self.notices: list[Problem] = []
        self.ignored: list[str] = []
        self.files: list[File] = []

    def reading(self) -> Reading:
        return Reading(
            tuple(self.sources), tuple(self.refused), tuple(self.notices), tuple(self.ignored), tuple(self.files)
        )

    def file(self, path: Path, name: str | None = None) -> None:
        shown = name or path.name
        folder = self.into / f"file{self.children}"
        self.children += 1
        report = read_in_child(path, folder, manner.told(self.rules, shown))
        if "members" not in report:
            sheets = tuple((one["name"], one["state"]) for one in report.get("sheets", ()))
            self.files.append(File(shown, report.get("content"), sheets))
        self.refused += [_problem(one, shown) for one in report.get("refused", ())]
        self.notices += [_problem(one, shown) for one in report.get("notices", ())]
        self._group(shown, [_part(one, shown, folder, n) for n, one in enumerate(report.get("parts", ()))])
        for member in report.get("members", ()):
            self._member(shown, member, nested=name is not None)
        if report.get("members") == []:
            self.refused.append(Problem(Code.EMPTY, shown))

    def _member(self, archive: str, member: dict[str, str], *, nested: bool) -> None:
        shown = f"{archive}/{member['name']}"
        if "code" in member:
            self.refused.append(Problem(Code(member["code"]), shown))
        elif "path" not in member:
            self.ignored.append(shown)
        elif nested:
            self.refused.append(Problem(Code.NESTED_ARCHIVE, shown))
        else:
            self.file(Path(member["path"]), shown)

    def _group(self, file: str, parts: list[Part]) -> None:
        """Sheets with the same columns are one table: a sheet per month."""
        groups: dict[frozenset[str], list[Part]] = {}
        for part in parts:
            groups.setdefault(frozenset(part.columns), []).append(part)
        self.sources += [Source(file, group[0].columns, tuple(group)) for group in groups.values()]


def _part(report: dict[str, Any], file: str, folder: Path, number: int) -> Part:
    data = folder / report.get("data", f"part{number}.csv")
    return Part(
        file=file,
        sheet=report["sheet"],
        columns=tuple(report["columns"]),
        positions=tuple(report["positions"]),
        width=report["width"],
        rows=report["rows"],
        path=data,
        rejected=report["rejected"],
        rejected_path=data.with_suffix(".rejected"),
        header_rows=tuple(report["header_rows"]),
        encoding=report["encoding"],
        delimiter=report["delimiter"],
        notices=tuple(_problem(one, file, report["sheet"]) for one in report["notices"]),
        head=tuple((number, tuple(cells)) for number, cells in report["head"]),
        types=tuple(report.get("types", ())),
        nulls=tuple(report.get("nulls", ())),
    )


def _problem(told: dict[str, Any], file: str, sheet: str | None = None) -> Problem:
    return Problem(
        Code(told["code"]),
        file,
        sheet=told.get("sheet") or sheet,
        row=told.get("row"),
        column=told.get("column"),
        value=told.get("value") or None,
        details=told.get("details") or {},
    )
