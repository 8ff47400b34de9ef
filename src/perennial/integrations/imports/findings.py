"""What a look at the files found, as plain data for the wizard: tables, columns with examples, what was refused.

`tables_of` reads it back, so that a mapping can be proposed and asked about again without the files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perennial.integrations.imports.detection.terms import Choice, Column, Place
from perennial.integrations.imports.mapping import format_data, format_of
from perennial.integrations.imports.reading.terms import Code, Part, Problem, Reading, Source


def of(reading: Reading, tables: Sequence[tuple[Source, tuple[Column, ...]]]) -> dict[str, Any]:
    """Return the findings: `tables` (file, sheets, rows, rejected, notices, columns, first rows), `files` with their
    sheets, `refused`, `ignored`."""
    return {
        "tables": [_table(source, columns) for source, columns in tables],
        "files": [{"name": f.name, "content": f.content, "sheets": [list(one) for one in f.sheets]}
                  for f in reading.files],
        "refused": [_problem(problem) for problem in reading.refused],
        "notices": [_problem(problem) for problem in reading.notices],
        "ignored": list(reading.ignored),
    }  # fmt: skip


def _problem(problem: Any) -> dict[str, Any]:
    return {
        "code": problem.code.value, "file": problem.file, "sheet": problem.sheet, "row": problem.row,
        "column": problem.column, "value": problem.value, "details": problem.details,
    }  # fmt: skip


def _table(source: Source, columns: Sequence[Column]) -> dict[str, Any]:
    return {
        "file": source.file,
        "sheets": list(source.sheets),
        "rows": source.rows,
        "rejected": source.rejected,
        "header_rows": list(source.parts[0].header_rows),
        "encoding": source.parts[0].encoding,
        "delimiter": source.parts[0].delimiter,
        "notices": [_problem(notice) for notice in source.notices],
        "columns": [_column(column) for column in columns],
        "head": [[number, list(cells)] for number, cells in source.parts[0].head],
        "sample": [[number, list(cells)] for number, cells in source.sample],
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "format": format_data(column.format) if column.format else None,
        "choices": [
            {"format": format_data(choice.format), "examples": [list(pair) for pair in choice.examples],
             "suggested": choice.suggested, "read": choice.read, "of": choice.of,
             "unread": [[place.row, place.text] for place in choice.unread]}
            for choice in column.choices
        ],
        "alternatives": [format_data(form) for form in column.alternatives],
        "filled": column.filled,
        "parsed": column.parsed,
        "empty": column.empty,
        "distinct": column.distinct,
        "examples": list(column.examples),
        "unparsed": [[place.row, place.text] for place in column.unparsed],
        "decided_by": [column.decided_by.row, column.decided_by.text] if column.decided_by else None,
        "warnings": [_problem(warning) for warning in column.warnings],
    }  # fmt: skip


def tables_of(findings: Mapping[str, Any]) -> list[tuple[Source, tuple[Column, ...]]]:
    """Return the tables that were found, with their columns; the sources carry no rows to stream."""
    return [
        (_source_of(table), tuple(_column_of(column) for column in table["columns"]))
        for table in findings.get("tables", ())
    ]


def problem_of(data: Mapping[str, Any]) -> Problem:
    """Return a problem that was found."""
    return Problem(
        Code(data["code"]), data["file"], data["sheet"], data["row"], data["column"], data["value"], data["details"]
    )


def _source_of(table: Mapping[str, Any]) -> Source:
    names = tuple(column["name"] for column in table["columns"])
    nowhere = Path()
    parts = [
        Part(
            file=table["file"], sheet=sheet, columns=names, positions=(), width=len(names),
            rows=0 if number else table["rows"], path=nowhere, rejected=0 if number else table["rejected"],
            rejected_path=nowhere, header_rows=tuple(table["header_rows"]), encoding=table["encoding"],
            delimiter=table["delimiter"], notices=(), head=_rows(table, "head"),
        )
        for number, sheet in enumerate(table["sheets"] or [None])
    ]  # fmt: skip
    return Source(table["file"], names, tuple(parts), _rows(table, "sample"))


def _rows(table: Mapping[str, Any], key: str) -> tuple[tuple[int, tuple[str, ...]], ...]:
    return tuple((number, tuple(cells)) for number, cells in table.get(key, ()))


def _column_of(data: Mapping[str, Any]) -> Column:
    choices = tuple(
        Choice(format_of(choice["format"]), tuple((text, read) for text, read in choice["examples"]),
               choice["suggested"], choice.get("read", 0), choice.get("of", 0),
               tuple(Place(row, text) for row, text in choice.get("unread", ())))
        for choice in data["choices"]
    )  # fmt: skip
    return Column(
        name=data["name"],
        format=format_of(data["format"]) if data["format"] else None,
        choices=choices,
        alternatives=tuple(format_of(form) for form in data["alternatives"]),
        filled=data["filled"],
        parsed=data["parsed"],
        empty=data["empty"],
        null_markers=(),
        distinct=data["distinct"],
        examples=tuple(data["examples"]),
        unparsed=tuple(Place(row, text) for row, text in data["unparsed"]),
        decided_by=Place(*data["decided_by"]) if data["decided_by"] else None,
        contradicting=(),
        symbols=(),
        warnings=tuple(problem_of(warning) for warning in data["warnings"]),
    )
