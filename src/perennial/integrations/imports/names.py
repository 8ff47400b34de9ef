"""What a column's name says, however it is spelt: "Customer No.", "CustomerID", "客户编码" and "客戶編號" say the same.

A name becomes a set of words. Spelling, order, plural, brackets with a unit and traditional characters do not matter.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

Words = frozenset[str]

_UNIT = re.compile(
    r"[(\[【（/]\s*(?:千|万|萬|百万|百萬|千万|千萬|亿|億)?\s*(?:元|块|人民币|人民幣|美元|rmb|cny|usd|eur|gbp|hkd|twd|ntd|¥|\$|€|£|"
    r"必填|选填|optional|required|yyyy[-/.]mm[-/.]dd|dd[-/.]mm[-/.]yyyy|mm[-/.]dd[-/.]yyyy)?\s*[)\]】）]?\s*$",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LATIN, _HAN = re.compile(r"[a-z0-9]+"), re.compile(r"[\u3400-\u9fff]+")
_SAME = {
    "id": "ids no nr num number numbers code key ref reference identifier uid uuid guid",
    "account": "accounts acct acc", "customer": "customers cust client clients kunde",
    "company": "companies organisation organization organisations organizations org orgs firm corporation",
    "date": "dates dt", "start": "starts started starting begin begins began beginning commencement commences",
    "end": "ends ended ending expiry expires expire expired expiration", "email": "mail emails mails",
    "amount": "amt amounts", "seat": "seats", "licence": "licences license licenses", "user": "users",
    "product": "products", "plan": "plans", "month": "months monthly mo", "year": "years yearly annual annually annum",
    "contract": "contracts agreement agreements", "subscription": "subscriptions sub subs",
    "renewal": "renewals renews", "error": "errors", "event": "events", "feature": "features", "ticket": "tickets",
    "note": "notes", "tag": "tags", "label": "labels", "phone": "telephone tel", "mobile": "cell cellphone",
    "sign": "signed signing", "created": "creation", "closed": "close", "opened": "open", "comment": "comments",
    "minute": "minutes mins min",
}  # fmt: skip
_CANONICAL = {spelt: word for word, spellings in _SAME.items() for spelt in spellings.split()}
_IDLE = frozenset(("the", "of", "for", "in", "a", "an", "our", "this", "per", "by"))  # "price per month": "month price"
_ENDINGS = (
    (re.compile(r"(?:编码|代码|代号|号码|序号|编号|流水号|号)$"), "编号"),
    (re.compile(r"(?:日期|时间|时刻|日)$"), "日"),
    (re.compile(r"(?<=[^总金])(?:总金额|总额|金额|额)$"), "金额"),
    (re.compile(r"(?:名称|名字|名)$"), "名称"),
    (re.compile(r"(?:数量|个数|数目|数)$"), "数"),
)
_FORMS = (
    "戶户編编號号碼码稱称業业區区國国類类簽签約约訂订單单開开結结終终時时間间應应額额幣币種种稅税數数標标題题優优級级責责負负聯联繫系電电話话郵邮職职務务離离關关鍵键決决動动態态狀状處处價价總总計计階阶層层"
    "規规發发審审節节點点進进實实際际續续費费購购買买減减產产團团隊队經经銷销說说備备註注內内問问滿满評评見见競竞爭争對对參参與与預预設设組组織织機机構构統统會会執执邊边報报觸触達达訪访談谈記记錄录繳缴餘余"
    "遲迟連连絡络屬属貨货歸归範范圍围異异變变項项響响戰战縣县營营運运隸隶質质條条從从來来資资訊讯課课顧顾壞坏確确認认贈赠銀银錢钱長长門门帳账賬账證证護护員员輸输過过選选還还頁页頻频顯显驗验體体啟启創创試试"
    "歷历擔担據据專专覆复週周淨净導导檔档檢检測测權权獲获補补讓让"
)
_SIMPLE = str.maketrans(dict(zip(_FORMS[::2], _FORMS[1::2], strict=True)))


def simplified(text: str) -> str:
    """Return a text in narrow forms and simplified characters, as far as headings use them."""
    return unicodedata.normalize("NFKC", text).translate(_SIMPLE)


@lru_cache(maxsize=8192)
def words_of(name: str) -> Words:
    """Return the words of a name; empty where nothing is left, as of "—"."""
    plain = _UNIT.sub("", simplified(name).strip()) or simplified(name)
    latin = [_CANONICAL.get(word, word) for word in _LATIN.findall(_CAMEL.sub(" ", plain).lower().replace("#", " id "))]
    words = {word for word in latin if word not in _IDLE}
    han = "".join(_HAN.findall(plain))
    if han and words == {"id"}:  # 客户ID, 合同No.
        han, words = f"{han}编号", set()
    if han:
        words.add(_settled(han))
    return frozenset(words)


def _settled(han: str) -> str:
    for pattern, ending in _ENDINGS:
        if pattern.search(han):
            return pattern.sub(ending, han)
    return han


@lru_cache(maxsize=8192)
def readings_of(name: str, context: tuple[str, ...]) -> tuple[Words, ...]:
    """Return the ways to understand a name, the fullest first: whole, its last part under a two-row header, and
    without what its table is about ("Contract start date" among contracts, 客户行业 among customers)."""
    ways = [words_of(name)]
    last = name.rpartition(" / ")[2]
    if last != name:
        ways.append(words_of(last))
    about = {word for text in context for word in words_of(text)}
    for words in tuple(ways):
        rest = {_without(word, about) for word in words if word not in about}
        if rest and frozenset(rest) != words:
            ways.append(frozenset(rest))
    return tuple(dict.fromkeys(way for way in ways if way))


def _without(word: str, about: set[str]) -> str:
    for prefix in sorted(about, key=len, reverse=True):
        if _HAN.match(prefix) and word.startswith(prefix) and len(word) > len(prefix):
            return _settled(word.removeprefix(prefix))
    return word
