"""What the name of a column of amounts says: for how many months it is, for the whole term, and for one seat or all."""

from __future__ import annotations

import re
from dataclasses import dataclass

from perennial.integrations.imports.matching import says
from perennial.integrations.imports.names import simplified
from perennial.integrations.imports.terms import AmountPer, Covers

_TERM = ("total contract value", "contract value", "contract amount", "total amount", "total price", "tcv", "合同金额",
         "合同总价", "合同价款", "签约金额", "成交金额", "订单金额", "合约金额", "总价")  # fmt: skip
_UNIT = ("unit price", "seat price", "seat", "user price", "user", "licence price", "单价", "每席", "每用户", "每账号")
_PRICE = ("price", "rate", "价格", "月租", "月费")
_MONTH = ("month", "mrr", "月费", "月租")
_QUARTER = ("quarter", "quarterly", "季费")
_YEAR = ("year", "arr", "acv", "年费")
_HAN_MONTH = re.compile(r"(?:每|按|^)月|月(?=单价|金额|费|租|服务|度)")
_HAN_QUARTER = re.compile(r"(?:每|按|^)季|季(?=单价|金额|费|度)")
_HAN_YEAR = re.compile(r"(?:每|按|首|^)年(?!份)|(?<![\d一二两三四五六七八九十多])年(?=单价|金额|费|服务|度|合同)")


@dataclass(frozen=True)
class Said:
    """What a name says of an amount; None: nothing, and beside a quantity a price is asked about. `months` and `covers`
    are never both said."""

    months: int | None
    covers: Covers | None
    per: AmountPer | None


def amounts_said(name: str, *, has_quantity: bool) -> Said:
    """Return what the column's name says. A unit price counts as one only beside a quantity to multiply with, and only
    there a mere price may be one."""
    last = simplified(name.rpartition(" / ")[2] or name)
    months: int | None = None
    for count, words, han in ((1, _MONTH, _HAN_MONTH), (3, _QUARTER, _HAN_QUARTER), (12, _YEAR, _HAN_YEAR)):
        if months is None and (says(name, *words) or han.search(last)):
            months = count
    covers = Covers.TERM if months is None and says(name, *_TERM) else None
    if has_quantity and says(name, *_UNIT):
        return Said(months, covers, AmountPer.UNIT)
    is_open = has_quantity and covers is None and says(name, *_PRICE)
    return Said(months, covers, None if is_open else AmountPer.ALL)
