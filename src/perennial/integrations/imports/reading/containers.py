"""What kind of file it is, by its content and not its name, and what is checked before an archive is opened."""

import gzip
import re
import zipfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import IO

from perennial.integrations.imports.reading import limits
from perennial.integrations.imports.reading.terms import Code, Refused

BLOCK = 1 << 20
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".xlsx", ".xlsm", ".xls", ".zip", ".ndjson", ".jsonl",
                  ".json", ".ndjson.gz", ".jsonl.gz", ".parquet")  # fmt: skip


class Content(StrEnum):
    """What the first bytes say."""

    TEXT = "text"
    GZIP = "gzip"
    ARCHIVE = "archive"
    XLSX = "xlsx"
    XLS = "xls"
    PARQUET = "parquet"


_FOREIGN = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"\x7fELF",
    b"SQLite format 3",
    b"Rar!",
    b"7z\xbc\xaf",
    b"GIF8",
    b"MZ",
)
_PAGE = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|table|head|meta|\?xml|style)", re.IGNORECASE)


def content_of(path: Path) -> Content:
    """Return what the file is.

    :raises Refused: empty, a picture, a PDF, a program, a web page saved under a workbook's name, an unknown archive.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise Refused(Code.EMPTY)
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _kind_of_zip(path)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return Content.XLS
    if head.startswith(b"\x1f\x8b"):
        return Content.GZIP
    if head.startswith((b"PAR1", b"PARE")):
        return Content.PARQUET
    if path.name.lower().endswith(".parquet"):
        raise Refused(Code.DAMAGED)
    if head.startswith(_FOREIGN):
        raise Refused(Code.BINARY)
    if _PAGE.match(head):
        raise Refused(Code.WEB_PAGE)
    return Content.TEXT


def _kind_of_zip(path: Path) -> Content:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_sizes(members)
            names = {member.filename for member in members}
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Refused(Code.DAMAGED) from error
    if "xl/workbook.bin" in names or "mimetype" in names:
        raise Refused(Code.OTHER_WORKBOOK)
    return Content.XLSX if "[Content_Types].xml" in names or "xl/workbook.xml" in names else Content.ARCHIVE


def _check_sizes(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > limits.MEMBERS:
        raise Refused(Code.TOO_MANY_MEMBERS, details={"count": len(members), "limit": limits.MEMBERS})
    unpacked = sum(member.file_size for member in members)
    if unpacked > limits.ARCHIVE_BYTES:
        raise Refused(
            Code.TOO_LARGE,
            details={"megabytes": unpacked // limits.MEGABYTE, "limit": limits.ARCHIVE_BYTES // limits.MEGABYTE},
        )
    for member in members:
        packed_too_well = member.file_size > limits.RATIO * max(member.compress_size, 1)
        if packed_too_well and member.file_size > limits.RATIO_MATTERS_FROM:
            raise Refused(Code.TOO_COMPRESSED, details={"name": member.filename[:100], "limit": limits.RATIO})


def unpack_gzip(path: Path, into: Path) -> None:
    """Write the unpacked bytes, block by block.

    :raises Refused: cut off or damaged; unpacks to too much, or to too much for its size.
    """
    packed, written = max(path.stat().st_size, 1), 0
    try:
        with gzip.open(path) as source, into.open("wb") as target:
            while block := source.read(BLOCK):
                written += len(block)
                if written > limits.TEXT_BYTES:
                    raise Refused(
                        Code.TOO_LARGE,
                        details={
                            "megabytes": written // limits.MEGABYTE,
                            "limit": limits.TEXT_BYTES // limits.MEGABYTE,
                        },
                    )
                if written > max(limits.RATIO * packed, limits.RATIO_MATTERS_FROM):
                    raise Refused(Code.TOO_COMPRESSED, details={"name": path.name[:100], "limit": limits.RATIO})
                target.write(block)
    except (EOFError, OSError, ValueError) as error:
        raise Refused(Code.DAMAGED) from error


def unpack_archive(path: Path, into: Path) -> list[dict[str, str]]:
    """Copy the tables of a checked zip into files with names of our own; return [{"name", "path"}] and refusals.

    A refusal is {"name", "code"}. Archives within archives are refused; folders, hidden files and files that are no
    tables are left out (they come back as {"name"} alone).
    """
    found: list[dict[str, str]] = []
    with zipfile.ZipFile(path) as archive:
        for number, member in enumerate(archive.infolist()):
            name = _readable_name(member)
            if _escapes(name):
                found.append({"name": name, "code": Code.UNSAFE_PATH})
            elif member.is_dir() or _hidden(name):
                continue
            elif name.lower().endswith((".zip", ".gz", ".7z", ".rar", ".tar")):
                found.append({"name": name, "code": Code.NESTED_ARCHIVE})
            elif not name.lower().endswith(TABLE_SUFFIXES):
                found.append({"name": name})
            else:
                found.append(_copy(archive, member, name, into / f"member{number}"))
    return found


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, target: Path) -> dict[str, str]:
    if member.flag_bits & 0x1:
        return {"name": name, "code": Code.PASSWORD}
    try:
        with archive.open(member) as source, target.open("wb") as out:
            for block in _blocks(source, member.file_size):
                out.write(block)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, ValueError):
        return {"name": name, "code": Code.DAMAGED}
    return {"name": name, "path": str(target)}


def _blocks(source: IO[bytes], size: int) -> Iterator[bytes]:
    seen = 0
    while block := source.read(BLOCK):
        seen += len(block)
        if seen > size:
            raise ValueError("the archive says less than it holds")
        yield block


def _readable_name(member: zipfile.ZipInfo) -> str:
    """Return the name as it was typed: Windows in Chinese writes GB18030 and does not say so."""
    if member.flag_bits & 0x800 or member.filename.isascii():
        return member.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return member.filename.encode("cp437").decode(encoding)
        except UnicodeError:
            continue
    return member.filename


def _hidden(name: str) -> bool:
    path = PurePosixPath(name)
    return name.startswith("__MACOSX/") or path.name.startswith((".", "~$"))


def _escapes(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or bool(re.match(r"^[A-Za-z]:", name))
