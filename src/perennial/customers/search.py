"""Full-text search over customers' names, external ids and contacts: a tokenised column, so that two-character
Chinese words are found (decisions.md): CJK runs become overlapping pairs, the rest words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from django.db import connection
from django.db.models.expressions import RawSQL

_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_WORD = re.compile(r"[0-9a-z]+")
_MOST_TOKENS = 12


def tokens(text: str) -> list[str]:
    """Return the search tokens of a text: words in lower case; Chinese as single characters and overlapping pairs."""
    folded = unicodedata.normalize("NFKC", text).lower()
    found = _WORD.findall(unicodedata.normalize("NFKD", folded))
    for run in _CJK.findall(folded):
        found.extend(run)
        found.extend(run[i : i + 2] for i in range(len(run) - 1))
    return found


def query_tokens(text: str) -> tuple[list[str], list[str]]:
    """Return (whole tokens, prefixes) of what was typed: a Chinese run asks for its pairs, a word for its start."""
    folded = unicodedata.normalize("NFKC", text).lower()
    whole: list[str] = []
    for run in _CJK.findall(folded):
        whole.extend([run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)])
    return whole[:_MOST_TOKENS], _WORD.findall(unicodedata.normalize("NFKD", folded))[:_MOST_TOKENS]


def index(texts: Mapping[int, Iterable[str]]) -> None:
    """Write the search text of customers anew, by id; two statements for any number."""
    rows = [(customer_id, " ".join(dict.fromkeys(t for part in parts for t in tokens(part)))) for customer_id, parts in
            texts.items()]  # fmt: skip
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany("DELETE FROM customer_search WHERE rowid = %s", [(row[0],) for row in rows])
            cursor.executemany("INSERT INTO customer_search (rowid, tokens) VALUES (%s, %s)", rows)
        else:
            cursor.executemany(
                "INSERT INTO customer_search (customer_id, tokens) VALUES (%s, to_tsvector('simple', %s)) "
                "ON CONFLICT (customer_id) DO UPDATE SET tokens = excluded.tokens",
                rows,
            )


def matching(text: str) -> RawSQL | None:
    """Return the ids of customers whose search text has every token of `text`, as a subquery to filter the caller's own
    rows with: a limit here would let customers that the member may not see push out his own. None: nothing matches.
    """
    whole, prefixes = query_tokens(text)
    if not whole and not prefixes:
        return None
    if connection.vendor == "sqlite":
        asked = " ".join([f'"{token}"' for token in whole] + [f'"{token}"*' for token in prefixes])
        return RawSQL("SELECT rowid FROM customer_search WHERE tokens MATCH %s", [asked])
    asked = " & ".join([f"'{token}'" for token in whole] + [f"'{token}':*" for token in prefixes])
    found = "SELECT customer_id FROM customer_search WHERE tokens @@ to_tsquery('simple', %s)"
    return RawSQL(found, [asked])  # noqa: S611 - fixed text; what was typed goes as a parameter
