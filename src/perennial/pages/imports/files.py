"""The files as they were read: sheets, first rows, header, encoding, delimiter; and how a person wants them read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from perennial.integrations.imports import looking
from perennial.integrations.imports.findings import problem_of
from perennial.integrations.imports.messages import describe, place
from perennial.integrations.imports.queries import ImportView
from perennial.integrations.imports.reading import manner
from perennial.integrations.imports.reading.json_lines import HEADER_ROW
from perennial.integrations.imports.reading.manner import DELIMITERS, ENCODINGS, Rule
from perennial.pages.imports import words

FOUND, NONE = "found", "none"
OFFERED_ROWS, SHOWN_CELLS = 12, 12


def context(view: ImportView) -> dict[str, Any]:
    """Return what the page of files shows, file by file."""
    found = view.findings
    rules = looking.rules_of(view.mapping, found)
    names = {one["name"]: one for one in found.get("files", ())}
    for table in found.get("tables", ()):  # a look before files were told by name
        names.setdefault(table["file"], {"name": table["file"], "content": None, "sheets": []})
    refused = [problem_of(one) for one in found.get("refused", ())]
    return {
        "files": [_file(number, one, found, rules) for number, one in enumerate(names.values())],
        "refused": [(place(one), describe(one)) for one in refused if one.file not in names],
        "ignored": found.get("ignored", ()),
        "edits": found.get("edits"),
        "was_looked_at": "tables" in found,
        "has_tables": bool(found.get("tables")),
    }


def _file(number: int, one: Mapping[str, Any], found: Mapping[str, Any], rules: Sequence[Rule]) -> dict[str, Any]:
    name = one["name"]
    told = manner.told(rules, name)
    said = manner.manner_of(told)
    tables = [table for table in found.get("tables", ()) if table["file"] == name]
    first = tables[0] if tables else {}
    is_text = one["content"] == "text"
    notices = [problem_of(notice) for notice in found.get("notices", ()) if notice["file"] == name]
    problems = [problem_of(problem) for problem in found.get("refused", ()) if problem["file"] == name]
    return {
        "at": f"f{number}",
        "name": name,
        "is_text": is_text,
        "may_change": is_text or bool(one["sheets"]),
        "encodings": _encodings(said.encoding, first.get("encoding")) if is_text else [],
        "delimiters": _delimiters(said.delimiter, first.get("delimiter")) if is_text else [],
        "header": _headers(said.header, ()) if is_text and not tables else None,
        "sheets": [(sheet, state, str(words.SHEETS[state])) for sheet, state in one["sheets"]],
        "tables": [_table(at, table, told) for at, table in enumerate(tables)],
        "rows": sum(table["rows"] for table in tables),
        "rejected": sum(table["rejected"] for table in tables),
        "refused": [(problem.sheet, describe(problem)) for problem in problems],
        "notices": [(place(notice), describe(notice)) for notice in notices],
    }


def _table(number: int, table: Mapping[str, Any], told: list[dict[str, Any]]) -> dict[str, Any]:
    sheet = table["sheets"][0] if table["sheets"] else None
    head = table.get("head", [])
    headers = table["header_rows"] or [row for row, _cells in head[:1] if row == HEADER_ROW]
    first = headers[-1] + 1 if headers else (head[0][0] if head else 1)
    width = min(max((len(cells) for _row, cells in head), default=0), SHOWN_CELLS)
    return {
        "at": f"h{number}",
        "sheets": table["sheets"],
        "rows": table["rows"],
        "rejected": table["rejected"],
        "columns": len(table["columns"]),
        "headers": headers,
        "options": _headers(manner.manner_of(told, sheet).header, head, headers),
        "head": [
            {"row": row or "", "cells": [*cells[:width], *[""] * (width - len(cells))],
             "is_header": row in headers, "is_above": row < first and row not in headers}
            for row, cells in head
        ],
        "more": max((len(cells) for _row, cells in head), default=0) - width,
        "said": _said(table),
    }  # fmt: skip


def _said(table: Mapping[str, Any]) -> list[str]:
    """Return what is worth knowing, under the sheet's name where the table has several."""
    problems = [problem_of(one) for one in table["notices"]]
    several = len(table["sheets"]) > 1
    return list(dict.fromkeys(f"{one.sheet}: {describe(one)}" if several and one.sheet else describe(one)
                              for one in problems))  # fmt: skip


def _encodings(said: str | None, found: str | None) -> list[tuple[str, str, bool]]:
    as_found = _("as found: %(what)s") % {"what": words.encoding(found)} if found and not said else _("as found")
    return [(FOUND, as_found, said is None), *((one, words.encoding(one), one == said) for one in ENCODINGS)]


def _delimiters(said: str | None, found: str | None) -> list[tuple[str, str, bool]]:
    names = {sign: key for key, sign in DELIMITERS.items()}
    label = str(words.DELIMITERS.get(names.get(found or "", ""), "")) if found and not said else ""
    as_found = _("as found: %(what)s") % {"what": label} if label else _("as found")
    return [(FOUND, as_found, said is None), *((key, str(words.DELIMITERS[key]), sign == said)
                                               for key, sign in DELIMITERS.items())]  # fmt: skip


def _headers(
    said: tuple[int, ...] | None, head: Sequence[Any], headers: Sequence[int] = ()
) -> list[tuple[str, str, bool]]:
    rows = " – ".join(map(str, headers)) if headers else _("none")
    as_found = _("as found: row %(rows)s") % {"rows": rows} if headers else _("as found")
    options = [(FOUND, as_found if said is None else _("as found"), said is None), (NONE, _("no header"), said == ())]
    filled = [(row, cells) for row, cells in head if any(cells)][:OFFERED_ROWS]
    for row, cells in filled:
        text = " · ".join(cell for cell in cells if cell)[:40]
        options.append((str(row), _("row %(row)s: %(text)s") % {"row": row, "text": text}, said == (row,)))
    for (row, _cells), (below, _below) in pairwise(filled):
        label = _("rows %(row)s and %(below)s together") % {"row": row, "below": below}
        options.append((f"{row}-{below}", label, said == (row, below)))
    if said and not any(chosen for _value, _label, chosen in options):
        options.append(("-".join(map(str, said)), " – ".join(map(str, said)), True))
    return options


def wanted(post: QueryDict, view: ImportView) -> tuple[str, list[Rule]] | None:
    """Return the file and the rules of all files, as a form of the page asks for them; None where it names no file.

    What was said of other files stays. A pattern that fits this file and no other goes with what was said before.
    """
    name = post.get("file", "")
    found = view.findings
    one = next((one for one in found.get("files", ()) if one["name"] == name), None)
    if one is None:
        return None
    rules = looking.rules_of(view.mapping, found)
    told = manner.told(rules, name)
    others = [other["name"] for other in found["files"] if other["name"] != name]
    kept = [rule for rule in rules if not manner.fits(rule, name) or any(manner.fits(rule, other) for other in others)]
    own = name.rsplit("/", 1)[-1]
    encoding, delimiter = _one_of(post, "encoding", ENCODINGS), _one_of(post, "delimiter", [*DELIMITERS])
    asked = [Rule(own, encoding=encoding, delimiter=delimiter, header=_rows(post.get("header", FOUND)))]
    tables = [table for table in found.get("tables", ()) if table["file"] == name]
    for number, table in enumerate(tables):
        header = _rows(post.get(f"h{number}", FOUND))
        if header is not None:
            sheets = table["sheets"] if len(one["sheets"]) > 1 else [None]
            asked += [Rule(own, sheet=sheet, header=header) for sheet in sheets]
    for number, (sheet, state) in enumerate(one["sheets"]):
        take = f"s{number}" in post
        before = manner.manner_of(told, sheet).take
        if "sheets" in post and (take != (state != "left") or before == take):
            asked.append(Rule(own, sheet=sheet, take=take))
    return name, [*kept, *(rule for rule in asked if rule != Rule(own, sheet=rule.sheet))]


def _one_of(post: QueryDict, key: str, options: Sequence[str]) -> str | None:
    value = post.get(key, FOUND)
    return value if value in options else None


def _rows(value: str) -> tuple[int, ...] | None:
    if value == NONE:
        return ()
    parts = value.split("-")
    if not all(part.isdecimal() and 1 <= int(part) <= manner.LAST_HEADER_ROW for part in parts) or len(parts) > 2:
        return None
    return tuple(sorted({int(part) for part in parts}))
