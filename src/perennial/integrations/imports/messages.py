"""The words of every problem with a file: what happened, where, and what to do."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from perennial.integrations.imports.reading.terms import Code, Problem

_WORDS = {
    Code.NOT_FOUND: _("There is no such file. Check the path."),
    Code.EMPTY: _("The file holds no rows. Export it again, or leave it out."),
    Code.HEADER_ONLY: _("There is a header and no row below it. Export it again with its rows, or leave it out."),
    Code.BINARY: _("This is not a table. Save the data as CSV or XLSX and upload that."),
    Code.WEB_PAGE: _(
        "This is a web page or XML under another name. Open it in a spreadsheet program and save it as XLSX."
    ),
    Code.OTHER_WORKBOOK: _("This kind of workbook is not read. Save it as XLSX."),
    Code.PASSWORD: _("The file is protected by a password. Save a copy without it."),
    Code.DAMAGED: _("The file is damaged or was cut off. Export or upload it again."),
    Code.NESTED_ARCHIVE: _("An archive within an archive is not opened. Upload the inner file by itself."),
    Code.UNSAFE_PATH: _(
        "The name of this file points outside its archive, so it was not unpacked. Make the archive again."
    ),
    Code.TOO_MANY_MEMBERS: _("The archive holds %(count)s files; at most %(limit)s are read. Split it."),
    Code.TOO_LARGE: _("Unpacked this is %(megabytes)s MB; at most %(limit)s MB are read. Split it into smaller files."),
    Code.TOO_COMPRESSED: _(
        "%(name)s unpacks to more than %(limit)s times its size, as only a harmful file does. Upload it unpacked."
    ),
    Code.XML_ENTITIES: _(
        "The workbook declares XML entities (%(name)s), which no spreadsheet program writes. Save it again as XLSX."
    ),
    Code.CELL_TOO_FAR: _(
        "Cells reach to %(cell)s, which is too far out to be read. Delete the empty rows and columns around "
        "the table, and save."
    ),
    Code.TOO_MANY_COLUMNS: _("There are %(count)s columns; at most %(limit)s are read. Keep those that you need."),
    Code.MIXED_ENCODINGS: _(
        "From this row on the text is in another encoding than before, as when two files were joined. Save "
        "all of it as UTF-8."
    ),
    Code.UNDECODABLE: _("The encoding of the text could not be found. Save the file as UTF-8 (in Excel: CSV UTF-8)."),
    Code.OTHER_ENCODING: _(
        "From this line on the text is not in the encoding %(encoding)s. Choose another one, or let it be found."
    ),
    Code.HEADER_ROW_EMPTY: _(
        "The row that was named as the header holds nothing. Choose another one, or let it be found."
    ),
    Code.JSON_VALUE: _(
        "This is one JSON value. Write one object a line instead (NDJSON), or save the table as CSV, and upload that."
    ),
    Code.ROW_JSON: _("This line is no JSON object. Correct it, or leave it out."),
    Code.NO_SHEET: _("No sheet is read: all are hidden or left out. Choose at least one."),
    Code.QUOTE_NEVER_CLOSED: _(
        "A quotation mark in this row (line %(line)s of the file) is never closed, so that all that follows "
        "would be one cell. Close it or delete it."
    ),
    Code.LINE_TOO_LONG: _("This line has more than %(limit)s characters. Check that the file has line breaks."),
    Code.TOO_MUCH_MEMORY: _("Reading this file takes more memory than a file may take. Split it, or save it as CSV."),
    Code.TOO_LONG: _("Reading this file took too long and was stopped. Split it, or save it as CSV."),
    Code.READER_STOPPED: _(
        "The file could not be read; it is damaged or unusual. Open it in a spreadsheet program and save it "
        "as XLSX or CSV."
    ),
    Code.ROW_TOO_WIDE: _(
        "The row has %(cells)s cells and the header %(columns)s. Perhaps a value holds the delimiter and "
        "needs quotation marks."
    ),
    Code.ROW_QUOTES: _(
        "A quotation mark stands where none can stand (lines %(from)s to %(to)s). Double it or delete it."
    ),
    Code.ROW_NUL: _("The row holds a NUL character. Delete it and save."),
    Code.CELL_TOO_LONG: _("The cell has %(characters)s characters; at most %(limit)s are read. Shorten it."),
    Code.ROW_TOO_LONG: _("The row has %(characters)s characters; at most %(limit)s are read. Shorten it."),
    Code.CELL_NOT_INTEGER: _("“%(value)s” is not a whole number."),
    Code.CELL_NOT_NUMBER: _("“%(value)s” is not a number."),
    Code.CELL_NOT_AMOUNT: _("“%(value)s” is not a sum of money."),
    Code.CELL_NOT_PERCENT: _("“%(value)s” is not a percentage; a percent sign is expected."),
    Code.CELL_NOT_FLAG: _("“%(value)s” is neither yes nor no."),
    Code.CELL_NOT_DATE: _("“%(value)s” is not a date."),
    Code.CELL_NO_SUCH_DAY: _("“%(value)s” is a day or time that does not exist."),
    Code.CELL_OTHER_ORDER: _(
        "“%(value)s” is written in another order of day, month and year than the rest of the column."
    ),
    Code.CELL_OUT_OF_RANGE: _("“%(value)s” is too large a number."),
    Code.ENCODING_GUESSED: _(
        "The encoding was taken to be %(encoding)s. Look at the rows: where letters are wrong, choose another one."
    ),
    Code.NO_HEADER: _(
        "The first row looks like data, so the columns are called A, B, C. Add a row with their names if there is none."
    ),
    Code.TITLE_ROWS: _("Rows above the header, left out: %(count)s."),
    Code.TOTAL_ROWS: _("Total rows, left out: %(count)s (row %(rows)s)."),
    Code.REMARK_ROWS: _("Remarks, left out: %(count)s (row %(rows)s)."),
    Code.BLANK_ROWS: _("Blank rows, left out: %(count)s (row %(rows)s)."),
    Code.SHORT_ROWS: _("%(count)s rows have fewer cells than the header; the missing ones count as empty: %(rows)s."),
    Code.REPEATED_HEADER: _("Repetitions of the header, left out: %(count)s (row %(rows)s)."),
    Code.MERGED_FILLED: _("%(count)s merged cells were filled with the value of the first: rows %(rows)s."),
    Code.DUPLICATE_COLUMN: _("Two columns are called “%(name)s”; the later one is shown as “%(new)s”."),
    Code.DIGITS_LOST: _(
        "%(count)s numbers have more than 15 digits, of which a spreadsheet keeps 15. If they are ids, format"
        " the column as text and enter them again."
    ),
    Code.LEADING_ZEROS_LOST: _(
        "Most ids have %(width)s digits and some fewer, such as “%(value)s”: a spreadsheet may have cut off "
        "leading zeros. Format the column as text and export again."
    ),
    Code.SCIENTIFIC_IDS: _(
        "“%(value)s” is a long number that a spreadsheet has rounded. Format the column as text and export again."
    ),
    Code.MIXED_DATES: _(
        "The column holds dates in more than one order, such as “%(value)s”. Rows that do not fit the chosen "
        "one will be rejected."
    ),
    Code.DATES_SWAPPED: _(
        "Day and month may be swapped in a part of this column, as when a file was opened in a spreadsheet program of "
        "another language: no date that it recognised has a day after the 12th. Compare some with the source, or "
        "export it again."
    ),
    Code.MIXED_SYMBOLS: _("The column holds more than one currency: %(symbols)s."),
    Code.FORMULA_UNCOMPUTED: _(
        "%(count)s formulas have an error or no stored result, the first in %(cell)s; they count as empty. "
        "Open the workbook in a spreadsheet program and save it."
    ),
    Code.HIDDEN_SHEET: _("The sheet is hidden and was left out. Choose it to read it."),
    Code.EMPTY_SHEET: _("The sheet is empty."),
    Code.NESTED_COLUMN: _(
        "This column holds lists or other values within values (%(type)s), so it is left out. Export what you need of"
        " it as a column of its own."
    ),
}


def describe(problem: Problem) -> str:
    """Return what is wrong and what to do, in the reader's language, without the place."""
    return str(_WORDS[problem.code]) % {**problem.details, "value": problem.value or ""}


def place(problem: Problem) -> str:
    """Return where: file, and sheet, row and column as far as they are known."""
    about = {"file": problem.file, "sheet": problem.sheet, "row": problem.row, "column": problem.column}
    match (problem.sheet is not None, problem.row is not None, problem.column is not None):
        case (False, False, False):
            return problem.file
        case (False, True, False):
            return gettext("%(file)s, row %(row)s") % about
        case (False, False, True):
            return gettext("%(file)s, column “%(column)s”") % about
        case (False, True, True):
            return gettext("%(file)s, row %(row)s, column “%(column)s”") % about
        case (True, False, False):
            return gettext("%(file)s, sheet “%(sheet)s”") % about
        case (True, True, False):
            return gettext("%(file)s, sheet “%(sheet)s”, row %(row)s") % about
        case (True, False, True):
            return gettext("%(file)s, sheet “%(sheet)s”, column “%(column)s”") % about
        case _:
            return gettext("%(file)s, sheet “%(sheet)s”, row %(row)s, column “%(column)s”") % about
