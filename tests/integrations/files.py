"""Files for the tests of import, made where they are needed: workbooks as people keep them, and hostile ones."""

import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl

Cell = object
CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override '
    'PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" '
    'Target="{target}"/></Relationships>'
)
WORKBOOK = (
    '<?xml version="1.0"?>{doctype}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
)
SHEET = (
    '<?xml version="1.0"?>{doctype}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>{rows}</sheetData></worksheet>"
)


def workbook(
    path: Path, sheets: dict[str, Sequence[Sequence[Cell]]], merges: dict[str, list[str]] | None = None
) -> Path:
    """Write a workbook as openpyxl does."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for merged in (merges or {}).get(name, ()):
            sheet.merge_cells(merged)
    book.save(path)
    return path


def raw_workbook(path: Path, rows: str | bytes, doctype: str = "") -> Path:
    """Write the least that a reader takes for a workbook, with these rows as they are."""
    sheet = SHEET.format(doctype=doctype, rows="\0").encode().split(b"\0")
    body = rows.encode() if isinstance(rows, str) else rows
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr("_rels/.rels", RELATIONS.format(kind="officeDocument", target="xl/workbook.xml"))
        archive.writestr("xl/workbook.xml", WORKBOOK.format(doctype=doctype))
        archive.writestr(
            "xl/_rels/workbook.xml.rels", RELATIONS.format(kind="worksheet", target="worksheets/sheet1.xml")
        )
        archive.writestr("xl/worksheets/sheet1.xml", sheet[0] + body + sheet[1])
    return path


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    """Write an archive with these members, names unchecked."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return path


def _text(body: bytes | str) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.write_bytes(body.encode() if isinstance(body, str) else body)
        return path

    return write


def _raw(rows: str | bytes, doctype: str = "") -> Callable[[Path], Path]:
    return lambda path: raw_workbook(path, rows, doctype)


def _truncated(path: Path) -> Path:
    whole = raw_workbook(path, '<row r="1"><c r="A1"><v>1</v></c></row>').read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def _encrypted(path: Path) -> Path:
    """The header of a compound file that holds no workbook, as a password leaves it."""
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096))
    return path


def _members(count: int) -> Callable[[Path], Path]:
    return lambda path: zipped(path, {f"{n}.csv": b"a,b\n1,2\n" for n in range(count)})


def _bomb_gz(path: Path) -> Path:
    with gzip.open(path, "wb") as out:
        for _ in range(100):
            out.write(b"a,b\n" * 250_000)
    return path


def _inner_zip() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")
    return inner.getvalue()


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
HEAD_ROW = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><t>n</t></is></c></row>'
)

# name → (how it is made, the code that answers it)
REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "empty.csv": (_text(b""), "empty"),
    "blank.csv": (_text("\n\n ,\n"), "empty"),
    "header_only.csv": (_text("id,name\n"), "header_only"),
    "picture.csv": (_text(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50), "binary"),
    "noise.csv": (_text(bytes((n * 7919 + 13) % 256 for n in range(100_000))), "binary"),
    "page.xls": (_text("<html><table><tr><td>id</td></tr></table></html>"), "web_page"),
    "columns.csv": (
        _text(",".join(f"c{n}" for n in range(100_000)) + "\n" + ",".join("1" * 100_000) + "\n"),
        "too_many_columns",
    ),
    "one_line.csv": (_text(b"x" * 40_000_000), "line_too_long"),
    "open_quote.csv": (_text('id,name\n1,"Acme\n2,Beta\n' + "3,Gamma\n" * 1000), "quote_never_closed"),
    "mixed.csv": (_text("id,名称\n1,华东\n".encode() + "2,华南\n3,华北\n".encode("gb18030")), "mixed_encodings"),
    "bomb.csv.gz": (_bomb_gz, "too_compressed"),
    "cut.csv.gz": (_text(gzip.compress(b"a,b\n1,2\n" * 1000)[:-20]), "damaged"),
    "gz_in_gz.csv.gz": (_text(gzip.compress(gzip.compress(b"a,b\n1,2\n"))), "nested_archive"),
    "truncated.xlsx": (_truncated, "damaged"),
    "renamed.xlsx": (_text(b"PK\x03\x04" + b"not an archive at all" * 10), "damaged"),
    "far_cell.xlsx": (_raw(HEAD_ROW + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "cell_too_far"),
    "far_column.xlsx": (_raw(HEAD_ROW + '<row r="2"><c r="XFD2"><v>1</v></c></row>'), "cell_too_far"),
    "far_row.xlsx": (_raw(HEAD_ROW + '<row r="9999999"><c r="A9999999"><v>1</v></c></row>'), "cell_too_far"),
    "far_prefixed.xlsx": (_raw(HEAD_ROW + "<row r='9'><x:c t='n' r='ZZZ99999'><v>1</v></x:c></row>"), "cell_too_far"),
    "entities.xlsx": (_raw(HEAD_ROW, ENTITIES), "xml_entities"),
    "entities_utf16.xlsx": (
        lambda path: zipped(path, {"[Content_Types].xml": ENTITIES.encode("utf-16")}),
        "xml_entities",
    ),
    "bomb_rows.xlsx": (_raw(b'<row r="2"><c r="A2"><v>1</v></c></row>' * 1_000_000), "too_compressed"),
    "bomb_1g.xlsx": (_raw(b" " * 250_000_000), "too_large"),
    "opendocument.ods": (
        lambda path: zipped(path, {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}),
        "other_workbook",
    ),
    "compound.xls": (_encrypted, "damaged"),
    "members.zip": (_members(1_001), "too_many_members"),
    "nested.zip": (lambda path: zipped(path, {"inner.zip": _inner_zip()}), "nested_archive"),
    "disguised.zip": (lambda path: zipped(path, {"inner.csv": _inner_zip()}), "nested_archive"),
    "traversal.zip": (lambda path: zipped(path, {"../../evil.csv": b"a,b\n1,2\n"}), "unsafe_path"),
    "backslash.zip": (lambda path: zipped(path, {"..\\evil.csv": b"a,b\n1,2\n"}), "unsafe_path"),
    "absolute.zip": (lambda path: zipped(path, {"/etc/evil.csv": b"a,b\n1,2\n"}), "unsafe_path"),
}
# a row that is refused while the rest is read: name → (file, row number, code)
ROWS: dict[str, tuple[bytes, int, str]] = {
    "long_cell.csv": (b"id,note\n1,a\n2," + b"x" * 10_000_000 + b"\n3,b\n", 3, "cell_too_long"),
    "nul.csv": (b"id,note\n1,a\n2,b\0c\n3,d\n", 3, "row_nul"),
    "wide.csv": (b"id,note\n1,a\n2,b,c\n3,d\n", 3, "row_too_wide"),
    "quote.csv": (b'id,note\n1,a\n2,"b"c\n3,d\n', 3, "row_quotes"),
}
