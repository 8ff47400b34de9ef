"""Total rows and remarks: "合计", "Grand total", "制表人：张三": what a spreadsheet carries and what is no record."""

import re

_WORD = re.compile(
    r"^(?:.*\S\s*)?(?:合\s*计|总\s*计|小\s*计|共\s*计|合\s*計|總\s*計|小\s*計|共\s*計)\s*[:：]?$"
    r"|^(?:\S.*\s)?(?:grand\s+total|sub-?\s?totals?|totals?)\s*:?$",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"^(?:制表|填表|审核|复核|批准|经办|统计|打印|导出|编制|注|备注|说明|单位|数据来源|日期"
    r"|(?:制表|填表|打印|导出|统计)(?:人|日期|时间|单位)"
    r"|prepared by|created by|printed|exported|generated|as of|source|notes?|remarks?|confidential)"
    r"\s*(?:on|at|by)?\s*[:：]",
    re.IGNORECASE,
)
_LAST = frozenset("计計lLsS:： ")
_NUMBER = re.compile(r"^[-+(]?\s*[￥¥$€£]?\s*-?[\d.,]*\d[\d.,]*\s*[万亿萬億元%kKmM)]*$")


def is_total(cells: list[str]) -> bool:
    """Tell whether the row is a sum: the word in its first or second filled cell, then numbers and nothing else.

    A customer called "Total" has an id before or a text after its name, and stays.
    """
    # the cheap test first: nearly every row of millions fails it
    if cells[0][-1:] not in _LAST and (len(cells) < 2 or cells[1][-1:] not in _LAST):
        return _late_total(cells) if not cells[0] else False
    filled = [cell.strip() for cell in cells if cell.strip()]
    for position, cell in enumerate(filled[:2]):
        if _WORD.match(cell):
            rest = filled[position + 1 :]
            return all(map(_NUMBER.match, rest)) and (bool(rest) or len(filled) == 1) and len(filled) < len(cells)
    return False


def is_remark(cells: list[str]) -> bool:
    """Tell whether the row is a remark around a table: its first filled cell begins so, and half of its cells or more
    are empty."""
    first = next((cell for cell in cells if cell), "")
    if ":" not in first and "：" not in first:
        return False
    return bool(_REMARK.match(first.strip())) and sum(1 for cell in cells if cell.strip()) * 2 <= len(cells)


def _late_total(cells: list[str]) -> bool:
    """The word may stand further right, under merged cells, when nothing stands before it."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) > 1 and bool(_WORD.match(filled[0])) and all(map(_NUMBER.match, filled[1:]))
