"""Ids that a spreadsheet has spoilt: leading zeros cut off, long numbers rounded to 1.23E+17."""

import re
from collections import Counter

from perennial.integrations.imports.detection.tally import Tally
from perennial.integrations.imports.reading.terms import Code, Problem
from perennial.integrations.imports.values.terms import Format, Kind

_ID_NAME = re.compile(
    r"(?:^|[_\s-])(?:id|no|number|code|sku|ref|key)s?$|Id$|ID$|编号|编码|代码|号码|工号|单号|账号|帐号|合同号|編號|代碼|號",
    re.IGNORECASE,
)
_ROUNDED = re.compile(r"^\d(?:\.\d+)?E\+?1[1-9]$", re.IGNORECASE)


def identifier_warnings(tally: Tally, form: Format, file: str) -> list[Problem]:
    """Return what looks lost in this column. A hint to look, never a correction: the zeros could be anything."""
    warnings = []
    rounded = next((text for text in tally.distinct if _ROUNDED.match(text.strip())), None)
    if rounded is not None:
        warnings.append(Problem(Code.SCIENTIFIC_IDS, file, column=tally.name, value=rounded))
    padded = form.kind is Kind.TEXT and any(text.strip()[:1] == "0" for text in tally.distinct)
    if (form.kind is Kind.INTEGER or padded) and _ID_NAME.search(tally.name):
        shorter = _shorter(list(tally.distinct))
        if shorter is not None:
            text, width = shorter
            warnings.append(
                Problem(Code.LEADING_ZEROS_LOST, file, column=tally.name, value=text, details={"width": width})
            )
    return warnings


def _shorter(texts: list[str]) -> tuple[str, int] | None:
    """Return (a shorter id, the usual width) where most ids have the greatest width and some are shorter.

    Ids that simply count up (1 … 1,200) are dense in their range and have lost nothing.
    """
    digits = [text.strip() for text in texts if text.strip().isdecimal()]
    if len(digits) < 3:
        return None
    widths = Counter(map(len, digits))
    width = max(widths)
    if width < 4 or widths[width] < 0.6 * len(digits) or len(widths) == 1:
        return None
    values = [int(text) for text in digits]
    if len(set(values)) > 0.5 * (max(values) - min(values) + 1):
        return None
    return next(text for text in digits if len(text) < width), width
