"""Which customers a name, a mail domain or another system's id points to: proposals for a person, never an identity."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Lower, StrIndex, Substr

from perennial.customers import search
from perennial.customers.models import Contact, Customer, ExternalId

MOST = 500
"""Names, domains or ids that are asked about at once."""
CANDIDATES = 2_000
COMPARED = 200
"""Customers with which one name is compared."""
SIMILAR_FROM = 0.72
SHORT_WORD = 3
WEBSITE_KEYS = ("website", "Website", "domain", "Domain", "url", "URL", "网站", "官网", "域名", "網站", "官網", "網域")
"""What the own fields are called in which imports keep a customer's website."""
PUBLIC_DOMAINS = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "yahoo.co.jp",
    "icloud.com", "me.com", "aol.com", "gmx.de", "gmx.net", "web.de", "proton.me", "protonmail.com", "mail.com",
    "qq.com", "foxmail.com", "163.com", "126.com", "yeah.net", "sina.com", "sina.cn", "sohu.com", "aliyun.com",
    "139.com", "189.cn", "21cn.com",
})  # fmt: skip
"""Domains that say nothing of a company."""
_FORMS = re.compile(
    r"\b(?:inc|incorporated|corp|corporation|co|company|ltd|limited|llc|llp|plc|gmbh|ag|kg|sa|sas|sarl|srl|spa|bv|nv|ab|"
    r"oy|as|pty|pte|holding|holdings|group)\b|(?:股份有限公司|股份公司|有限责任公司|有限責任公司|有限公司|集团公司|集團公司|"
    r"集团|集團|公司)"
)
_PARTS = re.compile(r"[\W_]+")


def domain_of(address: str) -> str:
    """Return the domain of a mail or web address in lower case, "" where it names none or one that anybody may use."""
    text = address.strip().lower().rpartition("@")[2]
    text = text.partition("://")[2] or text
    text = re.split(r"[/?#:]", text, maxsplit=1)[0].removeprefix("www.").rstrip(".")
    return text if "." in text and " " not in text and text not in PUBLIC_DOMAINS else ""


def core_of(name: str) -> str:
    """Return what tells a company's name apart: lower case, no legal form, no punctuation."""
    folded = unicodedata.normalize("NFKC", name).lower()
    return " ".join(_PARTS.sub(" ", _FORMS.sub(" ", _PARTS.sub(" ", folded))).split())


def ids_by_external_id(among: QuerySet[Customer], external_ids: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
    """Return (customer, source) of each id that any source calls a customer by; one query."""
    rows = ExternalId.objects.filter(external_id__in=external_ids[:MOST], customer__in=among)
    found: dict[str, list[tuple[int, str]]] = {}
    for external_id, customer_id, source in rows.order_by("id").values_list("external_id", "customer_id", "source"):
        found.setdefault(external_id, []).append((customer_id, source))
    return found


def ids_by_domain(among: QuerySet[Customer], domains: Iterable[str]) -> dict[str, list[int]]:
    """Return the customers of each domain: a contact's mail has it, or a field that keeps the website. Two queries."""
    wanted = sorted(set(domains) - {""})[:MOST]
    if not wanted:
        return {}
    found: dict[str, dict[int, None]] = {}
    place = StrIndex(F("email"), RawSQL("'@'", []))
    mails = Contact.objects.current().annotate(at=Lower(Substr("email", place + 1)))
    for domain, customer_id in mails.filter(at__in=wanted, customer__in=among).values_list("at", "customer_id"):
        found.setdefault(domain, {})[customer_id] = None
    for customer_id, website in _websites(among):
        domain = domain_of(website)
        if domain in wanted:
            found.setdefault(domain, {})[customer_id] = None
    return {domain: list(ids) for domain, ids in found.items()}


def _websites(among: QuerySet[Customer]) -> Iterable[tuple[int, str]]:
    columns = {f"site{number}": KeyTextTransform(key, "custom") for number, key in enumerate(WEBSITE_KEYS)}
    for customer_id, *texts in among.exclude(custom={}).values_list("id", *columns.values()).iterator(chunk_size=2000):
        yield from ((customer_id, text) for text in texts if text)


def ids_by_name(among: QuerySet[Customer], names: Iterable[str]) -> dict[str, list[tuple[int, float]]]:
    """Return customers of the same or a similar name with the likeness (1: the same), the likest first; one query.

    Whoever asks shows it to a person: two companies may share a name.
    """
    cores = {name: core for name in list(dict.fromkeys(names))[:MOST] if (core := core_of(name))}
    asked = _asked(cores.values())
    if asked is None:
        return {}
    known: dict[tuple[str, ...], list[tuple[int, str]]] = {}
    for customer_id, name in among.filter(id__in=asked).values_list("id", "name")[:CANDIDATES]:
        core = core_of(name)
        known.setdefault(_tokens(core), []).append((customer_id, core))
    return {name: found for name, core in cores.items() if (found := _like(core, known.get(_tokens(core), ())))}


def _like(core: str, known: Sequence[tuple[int, str]]) -> list[tuple[int, float]]:
    rated = [(customer_id, likeness(core, other)) for customer_id, other in known[:COMPARED]]
    return sorted((one for one in rated if one[1] >= SIMILAR_FROM), key=lambda one: (-one[1], one[0]))


def likeness(core: str, other: str) -> float:
    """Return how alike two cores of names are: 1 the same, .9 where one starts with all of the other, else the share
    of common stretches. Unit: ratio."""
    if core == other:
        return 1.0
    short, long = sorted((core, other), key=len)
    if len(short) >= 3 and (long.startswith(f"{short} ") or (not short.isascii() and long.startswith(short))):
        return 0.9
    return round(SequenceMatcher(None, core, other).ratio(), 3)


def _asked(cores: Iterable[str]) -> RawSQL | None:
    """Return a subquery of the customers whose search text has the beginning of any of these names."""
    groups = dict.fromkeys(group for core in cores if (group := _tokens(core)))
    if not groups:
        return None
    if connection.vendor == "sqlite":
        text = " OR ".join("(" + " AND ".join(f'"{token}"' for token in group) + ")" for group in groups)
        return RawSQL("SELECT rowid FROM customer_search WHERE tokens MATCH %s", [text])
    text = " | ".join("(" + " & ".join(f"'{token}'" for token in group) + ")" for group in groups)
    found = "SELECT customer_id FROM customer_search WHERE tokens @@ to_tsquery('simple', %s)"
    return RawSQL(found, [text])  # noqa: S611 - fixed text; the name goes as a parameter


def _tokens(core: str) -> tuple[str, ...]:
    """Return the tokens by which a name is looked up: its first word (two, where the first is short), or its first
    pairs of Chinese characters."""
    whole, words = search.query_tokens(core)
    return tuple(whole[:2] or words[: 1 if words and len(words[0]) > SHORT_WORD else 2])
