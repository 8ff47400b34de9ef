"""Yes and no, in the words that files use."""

import unicodedata

from perennial.integrations.imports.reading.terms import Code
from perennial.integrations.imports.values.terms import Unreadable

_TRUE = frozenset(("true", "yes", "y", "t", "是", "1", "1.0", "on", "√", "✓", "✔"))
_FALSE = frozenset(("false", "no", "n", "f", "否", "0", "0.0", "off", "×", "✗", "✘"))


def flag(text: str) -> bool:
    """Read TRUE/FALSE, yes/no, 是/否, 1/0 in any case."""
    word = unicodedata.normalize("NFKC", text).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise Unreadable(Code.CELL_NOT_FLAG)
