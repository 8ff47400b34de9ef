"""The words of the import's pages: states, kinds of columns, orders of dates, what a publish will do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from perennial.integrations.imports.detection.terms import Column
from perennial.integrations.imports.kinds import KINDS, KindKey
from perennial.integrations.imports.values.terms import Kind, Order
from perennial.pages.tags import number

STATES = {
    "uploaded": (_("Not yet checked"), ""),
    "checking": (_("Working"), "info"),
    "checked": (_("Checked, not published"), "watch"),
    "staging": (_("Working"), "info"),
    "publishing": (_("Being published"), "info"),
    "published": (_("Published"), "good"),
    "cancelled": (_("Discarded"), ""),
    "failed": (_("Could not be read"), "bad"),
}
TYPES = {
    Kind.TEXT: _("Text"),
    Kind.INTEGER: _("Whole number"),
    Kind.DECIMAL: _("Number"),
    Kind.MONEY: _("Amount"),
    Kind.PERCENT: _("Percentage"),
    Kind.BOOLEAN: _("Yes or no"),
    Kind.DATE: _("Date"),
    Kind.DATETIME: _("Date and time"),
}
ORDERS = {
    Order.YEAR_FIRST: _("Year first: 2024-03-31"),
    Order.DAY_FIRST: _("Day first: 31/3/2024"),
    Order.MONTH_FIRST: _("Month first: 3/31/2024"),
    Order.COMPACT: _("Without signs: 20240331"),
    Order.SERIAL: _("Spreadsheet's day number: 45382"),
    Order.DAY_OR_YEAR: _("Day first or year first: 31/3/2024, 2024-03-31"),
    Order.MONTH_OR_YEAR: _("Month first or year first: 3/31/2024, 2024-03-31"),
}
CHOSEN = {
    Order.YEAR_FIRST: _("The year comes first"),
    Order.DAY_FIRST: _("The day comes first"),
    Order.MONTH_FIRST: _("The month comes first"),
    Order.COMPACT: _("Eight digits without signs"),
    Order.SERIAL: _("A spreadsheet's day number"),
    Order.DAY_OR_YEAR: _("The day comes first, or the year where it has four digits"),
    Order.MONTH_OR_YEAR: _("The month comes first, or the year where it has four digits"),
}
NUMBERS = {"point": _("1,234.5"), "comma": _("1.234,5")}
ENCODINGS = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16",
    "gb18030": "GB18030 (GBK)", "big5": "Big5", "cp1252": "Windows-1252", "latin-1": "Latin-1",
    "shift_jis": "Shift JIS", "euc-kr": "EUC-KR",
}  # fmt: skip
DELIMITERS = {
    "comma": _("Comma"),
    "tab": _("Tab"),
    "semicolon": _("Semicolon"),
    "pipe": _("Vertical bar"),
    "wide_comma": _("Chinese comma"),
}
SHEETS = {"read": "", "left": _("left out"), "empty": _("empty"), "refused": _("not readable")}
WORKING = {
    "import.look": _("Reading the files"),
    "import.check": _("Checking every row"),
    "import.publish": _("Publishing"),
}
COUNTS = ("new", "changed", "same", "rejected")


def holds(column: Column) -> str:
    """Return what a column was found to hold."""
    if column.choices:
        return gettext("Date, in two possible readings")
    if column.format is None or not column.filled:
        return gettext("Nothing") if not column.filled else str(TYPES[Kind.TEXT])
    word = str(TYPES[column.format.kind])
    if column.format.order is not None:
        return gettext("%(type)s, %(order)s") % {"type": word, "order": str(ORDERS[column.format.order])}
    if column.format.factor != 1:
        return gettext("%(type)s, times %(factor)s") % {"type": word, "factor": number(column.format.factor)}
    return word


def encoding(name: str) -> str:
    """Return what people call an encoding."""
    return ENCODINGS.get(name.lower(), name.upper())


def kind_label(key: str) -> str:
    """Return the name of a kind."""
    return str(KINDS[KindKey(key)].label)


def counted(counts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the counts of an import as rows: the kind, and new, changed, same, rejected."""
    kinds = counts.get("kinds", {})
    return [{"label": kind_label(key), **kinds[key]} for key in KindKey if key in kinds]


def total(counts: Mapping[str, Any], name: str) -> int:
    """Return a count over all kinds."""
    return sum(kind.get(name, 0) for kind in counts.get("kinds", {}).values())


def promise(counts: Mapping[str, Any]) -> list[str]:
    """Say in sentences what a publish of these counts will do."""
    new, changed, rejected = (total(counts, name) for name in ("new", "changed", "rejected"))
    told = []
    if new:
        told.append(
            ngettext("%(count)s record is added.", "%(count)s records are added.", new) % {"count": number(new)}
        )
    if changed:
        text = ngettext("%(count)s record is changed.", "%(count)s records are changed.", changed)
        told.append(text % {"count": number(changed)})
    if not told:
        told.append(gettext("Nothing changes: everything in these files is known already."))
    if rejected:
        text = ngettext("%(count)s row is left out.", "%(count)s rows are left out.", rejected)
        told.append(text % {"count": number(rejected)})
    return told
