"""The child process that opens a stranger's file: first it takes its own rights away, then it reads, then it reports.

Started by `sandbox.py` as `python -m … FILE FOLDER`. Reads FOLDER/rules.json (what a person said of this file), writes
FOLDER/report.json and clean copies beside it. Imports only the standard library (and the readers of workbooks and of
Parquet, late): the limit on address space leaves no room for more.
"""

import contextlib
import ctypes
import json
import resource
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perennial.integrations.imports.reading import limits
from perennial.integrations.imports.reading.containers import Content, content_of, unpack_archive, unpack_gzip
from perennial.integrations.imports.reading.delimited import delimited_rows, sample_lines
from perennial.integrations.imports.reading.dialect import dialect_of
from perennial.integrations.imports.reading.encoding import encoding_of, stated
from perennial.integrations.imports.reading.json_lines import HEADER_ROW, is_json_lines, json_rows
from perennial.integrations.imports.reading.manner import Manner, manner_of
from perennial.integrations.imports.reading.normalise import normalise
from perennial.integrations.imports.reading.terms import AS_TEXT, Code, Refused
from perennial.integrations.imports.reading.workbooks import Sheet, check_workbook, sheets_of

Rules = Sequence[Mapping[str, Any]]
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_BARRED = ("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.system", "os.fork", "ctypes.dlopen")


def confine(size: int) -> None:
    """Limit memory, time (by the file's size in bytes) and output, leave the network, and bar Python from starting
    programs or opening sockets."""
    cpu = limits.CHILD_CPU_SECONDS + size * limits.CHILD_CPU_SECONDS_PER_MEGABYTE // limits.MEGABYTE
    with contextlib.suppress(OSError, AttributeError):  # not every kernel lets an ordinary user leave the network
        system = ctypes.CDLL(None)
        _ = system.unshare(_CLONE_NEWNET) == 0 or system.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    written = max(limits.CHILD_OUTPUT_BYTES, limits.CHILD_OUTPUT_TIMES * size)
    resource.setrlimit(resource.RLIMIT_FSIZE, (written, written))
    resource.setrlimit(resource.RLIMIT_AS, (limits.CHILD_MEMORY, limits.CHILD_MEMORY))

    def bar(event: str, _arguments: tuple[object, ...]) -> None:
        if event.startswith(_BARRED):
            raise PermissionError(event)

    sys.addaudithook(bar)


def read(path: Path, into: Path, rules: Rules) -> dict[str, Any]:
    """Return the report on one file: {"parts"} of tables, or {"members"} of an archive, with refusals and notices.

    A report on tables tells "content" (text or workbook), and the "sheets" of a workbook with what became of each.

    :raises Refused: nothing of the file can be read.
    """
    content = content_of(path)
    if content is Content.PARQUET:
        from perennial.integrations.imports.reading.columnar import copy_parquet

        part = copy_parquet(path, into / "part0.parquet") | {"sheet": None, "encoding": None, "delimiter": None}
        return {"parts": [part], "content": "parquet"}
    if content is Content.ARCHIVE:
        return {"members": unpack_archive(path, into)}
    if content in (Content.XLSX, Content.XLS):
        return _workbook(path, into, content, rules)
    if content is Content.GZIP:
        unpacked = into / "unpacked"
        unpack_gzip(path, unpacked)
        if content_of(unpacked) is not Content.TEXT:
            raise Refused(Code.NESTED_ARCHIVE)
        path = unpacked
    return _text(path, into, manner_of(rules))


def _text(path: Path, into: Path, manner: Manner) -> dict[str, Any]:
    encoding = stated(path, manner.encoding) if manner.encoding else encoding_of(path)
    sample = sample_lines(path, encoding)
    is_json = manner.delimiter is None and manner.header is None and is_json_lines(sample)
    dialect = None if is_json else dialect_of(sample, manner.delimiter)
    rows = delimited_rows(path, encoding, dialect) if dialect else json_rows(path, encoding)
    part = normalise(
        rows, data=into / "part0.csv", across={}, down={}, said=(HEADER_ROW,) if is_json else manner.header
    )
    if part is None:
        raise Refused(Code.EMPTY)
    part |= {"sheet": None, "encoding": manner.encoding or encoding.name, "delimiter": dialect and dialect.delimiter}
    if is_json:
        part |= {"header_rows": []}
    if not encoding.certain:
        part["notices"].insert(0, {"code": Code.ENCODING_GUESSED, "details": {"encoding": encoding.name}})
    return {"parts": [part], "content": "json" if is_json else "text"}


def _workbook(path: Path, into: Path, content: Content, rules: Rules) -> dict[str, Any]:
    uncomputed = check_workbook(path) if content is Content.XLSX else None
    parts: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    notices: list[dict[str, Any]] = []
    if uncomputed:
        details = {"count": uncomputed.count, "cell": uncomputed.first}
        notices.append({"code": Code.FORMULA_UNCOMPUTED, "details": details})
    told: list[dict[str, str]] = []
    for number, sheet in enumerate(sheets_of(path, lambda name: manner_of(rules, name).take)):
        state = "left"
        if sheet.source is None:
            if sheet.hidden and manner_of(rules, sheet.name).take is None:
                notices.append({"code": Code.HIDDEN_SHEET, "sheet": sheet.name})
        else:
            try:
                part = _sheet(sheet, into / f"part{number}.csv", manner_of(rules, sheet.name).header)
                if part is None:
                    notices.append({"code": Code.EMPTY_SHEET, "sheet": sheet.name})
                state = "empty" if part is None else "read"
                parts += [part] if part is not None else []
            except Refused as error:
                refused.append({"code": error.code, "sheet": sheet.name, "row": error.row, "details": error.details})
                state = "refused"
        told.append({"name": sheet.name, "state": state})
    if not parts and not refused:
        refused.append({"code": Code.EMPTY if "empty" in {one["state"] for one in told} else Code.NO_SHEET})
    return {"parts": parts, "refused": refused, "notices": notices, "content": "workbook", "sheets": told}


def _sheet(sheet: Sheet, data: Path, header: tuple[int, ...] | None) -> dict[str, Any] | None:
    lost: dict[int, tuple[int, int]] = {}
    across, down = sheet.merges_across(), sheet.merges_down()
    part = normalise(sheet.rows(lost), data=data, across=across, down=down, said=header)
    if part is None:
        return None
    part |= {"sheet": sheet.name, "encoding": None, "delimiter": None, "data": data.name}
    named = dict(zip(part["positions"], part["columns"], strict=True))
    for position, (count, first) in lost.items():
        details = {"count": count}
        part["notices"].append(
            {"code": Code.DIGITS_LOST, "row": first, "column": named.get(position), "details": details}
        )
    return part


def main(path: Path, into: Path) -> None:
    """Read the file and leave the report; any way to die other than by a refusal leaves none."""
    confine(path.stat().st_size)
    try:
        report = read(path, into, json.loads((into / "rules.json").read_text(encoding="utf-8")))
    except Refused as error:
        told = {"code": error.code, "row": error.row, "details": error.details}
        report = {"refused": [told], "content": "text" if error.code in AS_TEXT else None}
    except MemoryError:
        report = {"refused": [{"code": Code.TOO_MUCH_MEMORY}]}
    (into / "report.json").write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
