"""Where the header stands and what the columns are called: title rows above it, two rows merged into one, no header."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from perennial.integrations.imports.reading.terms import Code, Refused

Rows = list[tuple[int, list[str]]]
Merges = Mapping[int, Mapping[int, int]]  # row → first column → columns spanned

Notice = tuple[Code, int, dict[str, str | int]]

_YEAR = re.compile(r"^(?:19|20)\d\d(?:[-./年](?:0?[1-9]|1[0-2])月?)?年?$")
_VALUE = re.compile(
    r"^(?:[-+(]?[￥¥$€£]?\s*[\d.,]*\d[\d.,]*\s*[万亿元%kKmM)]*|\d{1,4}[-./年]\d{1,2}([-./月]\d{1,4}日?)?([ T].*)?)$"
)
_REMARK = re.compile(r"\S[:：]\s*\S")
_FLAG = frozenset(("true", "false", "yes", "no", "是", "否"))


@dataclass(frozen=True, slots=True)
class Header:
    """Names by position ("" = unnamed), the rows they came from, where the data begins in the sample."""

    names: tuple[str, ...]
    rows: tuple[int, ...]
    data_from: int
    notices: tuple[Notice, ...]


def letters(position: int) -> str:
    """Return a column's letters as a spreadsheet shows them: 0 → A, 26 → AA."""
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(65 + rest) + name
    return name


def find_header(sample: Rows, merges: Merges) -> Header | None:
    """Return the header of the table that the sample opens, None where the sample holds nothing."""
    filled = [index for index, (_, cells) in enumerate(sample) if _count(cells)]
    if not filled:
        return None
    usual = sorted(_count(sample[index][1]) for index in filled)[len(filled) * 3 // 4]  # titles are short, so are gaps
    needed = max(0.6 * usual, min(2, usual))
    at = next((i for i in filled if _count(sample[i][1]) >= needed and not _is_remark(sample[i][1])), filled[0])
    if _is_data(sample, at):
        return _without_header(sample, at)
    return _header(sample, _two_rows(sample, at, merges), merges)


def _header(sample: Rows, rows: tuple[int, int], merges: Merges) -> Header:
    top, bottom = rows
    names = _flatten(sample[top], sample[bottom], merges) if top != bottom else [_clean(c) for c in sample[top][1]]
    numbers = tuple(sample[index][0] for index in ((top, bottom) if top != bottom else (top,)))
    unique, notices = unique_names(names, numbers[-1])
    titles = [number for number, cells in sample[:top] if _count(cells)]
    if titles:
        notices.insert(0, (Code.TITLE_ROWS, titles[0], {"count": len(titles)}))
    return Header(tuple(unique), numbers, bottom + 1, tuple(notices))


def stated_header(sample: Rows, said: tuple[int, ...], merges: Merges) -> Header | None:
    """Return the header that a person named by its rows; none of them means that the table has no header.

    :raises Refused: a named row is not there or holds nothing.
    """
    filled = {number: index for index, (number, cells) in enumerate(sample) if _count(cells)}
    if not said:
        return replace(_without_header(sample, min(filled.values())), notices=()) if filled else None
    for number in said:
        if number not in filled:
            raise Refused(Code.HEADER_ROW_EMPTY, row=number)
    indices = [filled[number] for number in said]
    return _header(sample, (indices[0], indices[-1]), merges)


def _without_header(sample: Rows, at: int) -> Header:
    width = max(len(cells) for _, cells in sample[at:])
    return Header(("",) * width, (), at, ((Code.NO_HEADER, sample[at][0], {}),))


def _is_data(sample: Rows, at: int) -> bool:
    """A number, day or flag above a column of such values: the row is data and the table has no header."""
    cells, below = sample[at][1], [row for _, row in sample[at + 1 :] if _count(row)]
    for position, cell in enumerate(cells):
        if not _is_value(cell) or _YEAR.match(cell.strip()):
            continue
        column = [row[position] for row in below if position < len(row) and row[position].strip()]
        if column and sum(map(_is_value, column)) * 2 > len(column):
            return True
    return False


def _two_rows(sample: Rows, at: int, merges: Merges) -> tuple[int, int]:
    """Return the rows of the header: the found one, with groups above it or details below it, or alone."""
    above, below = at - 1, at + 1
    if above >= 0 and _groups(sample[above], sample[at], merges):
        return above, at
    if below < len(sample) and _details(sample[at], sample[below], merges):
        return at, below
    return at, at


def _groups(upper: tuple[int, list[str]], lower: tuple[int, list[str]], merges: Merges) -> bool:
    """Several short labels with gaps, over a full row. One label over everything is a title, "a: b" a remark."""
    labels = [cell.strip() for cell in upper[1] if cell.strip()]
    spans = merges.get(upper[0], {})
    width = _count(lower[1])
    if _is_remark(upper[1]) or any(map(_is_value, labels)):
        return False
    merged_groups = [columns for columns in spans.values() if 1 < columns < width]
    return bool(labels) and len(labels) < width and (len(labels) >= 2 or bool(merged_groups))


def _details(upper: tuple[int, list[str]], lower: tuple[int, list[str]], merges: Merges) -> bool:
    """The row below names what the gaps of the header leave open, and nothing under a cell that stands alone."""
    top, under = upper[1], lower[1] + [""] * (len(upper[1]) - len(lower[1]))
    gaps = [position for position, cell in enumerate(top) if not cell.strip()]
    if not gaps or any(_is_value(cell) for cell in under if cell.strip()):
        return False
    if any(not under[position].strip() for position in gaps if position > _first(top) and position <= _last(under)):
        return False
    spans = merges.get(upper[0])
    for position, cell in enumerate(top):
        if not cell.strip():
            continue
        is_group = spans.get(position, 1) > 1 if spans else position + 1 in gaps
        if is_group != bool(under[position].strip()):
            return False
    return any(under[position].strip() for position in gaps)


def _flatten(upper: tuple[int, list[str]], lower: tuple[int, list[str]], merges: Merges) -> list[str]:
    spans = merges.get(upper[0])
    width = max(len(upper[1]), len(lower[1]))
    top = [_clean(c) for c in upper[1]] + [""] * (width - len(upper[1]))
    under = [_clean(c) for c in lower[1]] + [""] * (width - len(lower[1]))
    names, group, until = [], "", 0
    for position in range(width):
        if top[position]:
            group = top[position]
            until = position + spans.get(position, 1) if spans else width
        elif position >= until:
            group = ""
        names.append(
            f"{group} / {under[position]}"
            if group and under[position] != group and under[position]
            else under[position] or top[position]
        )
    return names


def unique_names(names: list[str], row: int) -> tuple[list[str], list[Notice]]:
    """Give the second "Name" the name "Name (2)" and say so."""
    taken = Counter(name for name in names if name)
    unique: list[str] = []
    notices: list[Notice] = []
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        new = name
        if name and seen[name] > 1:
            number = seen[name]
            while taken[new := f"{name} ({number})"]:
                number += 1
            taken[new] += 1
            notices.append((Code.DUPLICATE_COLUMN, row, {"name": name, "new": new}))
        unique.append(new)
    return unique, notices


def _clean(cell: str) -> str:
    return " ".join(cell.split())


def _count(cells: list[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def _first(cells: list[str]) -> int:
    return next((position for position, cell in enumerate(cells) if cell.strip()), 0)


def _last(cells: list[str]) -> int:
    return max((position for position, cell in enumerate(cells) if cell.strip()), default=-1)


def _is_remark(cells: list[str]) -> bool:
    """Rows such as "制表人：张三 | 日期：2024-01-05" stand above a table and name none of its columns."""
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and sum(1 for cell in filled if _REMARK.search(cell)) * 2 >= len(filled)


def _is_value(cell: str) -> bool:
    text = cell.strip()
    return bool(text) and (bool(_VALUE.match(text)) or text.lower() in _FLAG)
