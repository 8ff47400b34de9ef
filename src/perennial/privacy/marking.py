"""Words of a person in texts and JSON: found, replaced. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_WORD = r"[0-9A-Za-z_À-ɏ]"


@dataclass(frozen=True)
class Words:
    """What is looked for: `within` running text, as whole words in any case; `exact` only as a whole value."""

    within: frozenset[str] = frozenset()
    exact: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.within or self.exact)

    def replaced(self, value: Any, by: str) -> Any:
        """Return a text, or JSON of any depth, with every occurrence replaced; anything else as it is."""
        if isinstance(value, str):
            return by if value in self.exact else self._pattern().sub(by, value) if self.within else value
        if isinstance(value, list):
            return [self.replaced(one, by) for one in value]
        if isinstance(value, dict):
            return {self.replaced(key, by): self.replaced(one, by) for key, one in value.items()}
        return value

    def _pattern(self) -> re.Pattern[str]:
        # Longest first: a name that begins with another one is replaced as a whole.
        parts = sorted(self.within, key=lambda word: (-len(word), word))
        return re.compile("|".join(_bounded(word) for word in parts), re.IGNORECASE)


def _bounded(word: str) -> str:
    """Whole words only, where the script has spaces between words: "Ann" is not in "Anna"."""
    before = f"(?<!{_WORD})" if re.match(_WORD, word) else ""
    after = f"(?!{_WORD})" if re.search(_WORD + r"\Z", word) else ""
    return before + re.escape(word) + after


def words(within: Iterable[str] = (), exact: Iterable[str] = ()) -> Words:
    """Return what to look for, without what is too short to be anybody's."""
    return Words(frozenset(w for w in within if len(w) > 1), frozenset(w for w in exact if w))


def is_full_name(name: str) -> bool:
    """Whether a name is likely one person's: two words, or two Chinese characters and more."""
    return " " in name.strip() or len(re.findall(r"[\u3400-\u9fff]", name)) > 1
