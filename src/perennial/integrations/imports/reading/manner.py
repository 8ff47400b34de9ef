"""How a person said that files are to be read, where what was found is wrong: encoding, delimiter, header, sheets.

Part of a mapping (`reading:`), so that next month's file is read in the same way. The child gets the rules of its file.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from typing import Any

ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16", "cp1252", "latin-1", "shift_jis", "euc-kr")
DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";", "pipe": "|", "wide_comma": "，"}
LAST_HEADER_ROW = 200
_CODECS = {"utf-8": "utf-8-sig", "big5": "cp950", "shift_jis": "cp932", "euc-kr": "cp949"}  # as Windows writes them


@dataclass(frozen=True, slots=True)
class Rule:
    """What was said about the files (and sheets) of a name or pattern; None: as found.

    `header`: the row of the header, or the two rows, as a spreadsheet numbers them; empty: there is no header. `take`:
    whether a sheet is read at all; a hidden one is read only where somebody said so.
    """

    file: str
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: tuple[int, ...] | None = None
    take: bool | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """What was said about one file or sheet; None: as found. `delimiter` is the sign itself."""

    encoding: str | None = None
    delimiter: str | None = None
    header: tuple[int, ...] | None = None
    take: bool | None = None


def codec_of(encoding: str) -> str:
    """Return Python's name of an encoding that can be chosen."""
    return _CODECS.get(encoding, encoding)


def is_called(name: str, pattern: str) -> bool:
    """Return whether a name is the given one, or fits it as a pattern; capitals do not matter."""
    return name.lower() == pattern.lower() or fnmatch(name.lower(), pattern.lower())


def fits(rule: Rule, file: str) -> bool:
    """Return whether a rule speaks of a file, whatever folder or archive it lies in."""
    return is_called(file.rsplit("/", 1)[-1], rule.file)


def told(rules: Sequence[Rule], file: str) -> list[dict[str, Any]]:
    """Return the rules of a file as plain data for the child."""
    return [asdict(rule) for rule in rules if fits(rule, file)]


def manner_of(rules: Iterable[Mapping[str, Any]], sheet: str | None = None) -> Manner:
    """Return what the rules of a file say of it, or of one of its sheets; a later rule goes before an earlier one."""
    said: dict[str, Any] = {}
    for rule in rules:
        if rule["sheet"] is None or (sheet is not None and is_called(sheet, rule["sheet"])):
            said |= {key: rule[key] for key in ("encoding", "delimiter", "header", "take") if rule[key] is not None}
    if said.get("delimiter") is not None:
        said["delimiter"] = DELIMITERS[said["delimiter"]]
    if said.get("header") is not None:
        said["header"] = tuple(said["header"])
    return Manner(**said)
