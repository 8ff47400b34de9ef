"""Text cells of exported files: what a spreadsheet would run as a formula is written as text.

A cell that starts with one of = + - @ tab CR LF NUL, or with the full-width forms of the first four (which East Asian
spreadsheets run as well), gets an apostrophe in front. Leading spaces and apostrophes do not hide such a start: that
closes the way round the guard and makes it reversible, because a guarded cell still looks dangerous to `plain_cell`.
Source: ASVS 1.2.10, OWASP "CSV injection".
"""

FORMULA_STARTS = frozenset("=+-@\t\r\n\0＝＋－＠")
_TRANSPARENT = " '\u00a0\u3000\ufeff"


def safe_cell(text: str) -> str:
    """Return the text as it may stand in a CSV or XLSX cell. Only for text: numbers are written as numbers."""
    return f"'{text}" if _runs(text) else text


def plain_cell(text: str) -> str:
    """Return what `safe_cell` was given: `plain_cell(safe_cell(text)) == text` for every text."""
    return text[1:] if text.startswith("'") and _runs(text) else text


def _runs(text: str) -> bool:
    return text.lstrip(_TRANSPARENT)[:1] in FORMULA_STARTS
