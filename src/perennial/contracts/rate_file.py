"""Files of exchange rates as the European Central Bank publishes them: a column for each currency, a row for each day,
every number what one euro is worth. Read whole and strictly; a file with a fault is taken in no part."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from perennial.contracts.rates import check_rate
from perennial.kernel import money
from perennial.kernel.versions import Incoming

BASE = "EUR"
SOURCE = "ecb"
MOST_BYTES = 4_000_000
NONE = frozenset({"", "N/A"})


class FileRefused(ValueError):
    """The file is none of these, or says something that cannot be; the message names the line."""


def read(content: bytes) -> list[Incoming]:
    """Return the rates of a file, as `write_rates` takes them.

    :raises FileRefused: it is too large, no such file, or a day or a number cannot be read.
    """
    if len(content) > MOST_BYTES:
        raise FileRefused(_("The file is larger than %(most)s MB.") % {"most": MOST_BYTES // 1_000_000})
    try:
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig")))
        head = [cell.strip() for cell in next(rows, [])]
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileRefused(_("This is no text file with commas.")) from error
    columns = {place: name for place, name in enumerate(head) if place and name}
    if not head or head[0].lower() != "date" or not columns:
        raise FileRefused(_("The first line must be Date and the codes of currencies: Date, USD, JPY, …"))
    unknown = [name for name in columns.values() if len(name) != 3 or not name.isupper()]
    if unknown:
        raise FileRefused(_("%(code)s is no currency code.") % {"code": unknown[0]})
    try:
        found = [one for row in rows for one in _rates(row, columns, rows.line_num)]
    except csv.Error as error:
        raise FileRefused(_("Line %(line)s cannot be read.") % {"line": rows.line_num}) from error
    return [Incoming(None, values) for values in found]


def _rates(row: list[str], columns: dict[int, str], line: int) -> Iterator[dict[str, Any]]:
    if not any(cell.strip() for cell in row):
        return
    try:
        on = date.fromisoformat(row[0].strip())
    except ValueError as error:
        raise FileRefused(_("Line %(line)s: %(text)s is no day.") % {"line": line, "text": row[0][:30]}) from error
    for place, currency in columns.items():
        text = row[place].strip() if place < len(row) else ""
        if text in NONE or not money.is_known(currency):
            continue  # a currency that is gone, or that had no rate on the day
        try:
            rate = f"{Decimal(text).normalize():f}"
            values = {"base": BASE, "currency": currency, "on": on, "rate": rate}
            reason = check_rate(values)
        except (InvalidOperation, ValueError) as error:
            raise FileRefused(
                _("Line %(line)s, %(code)s: %(text)s is no number.")
                % {"line": line, "code": currency, "text": text[:30]}
            ) from error
        if reason is not None:
            raise FileRefused(
                _("Line %(line)s, %(code)s: %(reason)s") % {"line": line, "code": currency, "reason": reason}
            )
        yield values
