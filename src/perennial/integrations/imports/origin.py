"""Which system files come from, as far as it can be told: the one that knows their ids, else what the files are called.

Ids are unique within a source, so that a wrong one makes strangers of known customers, or one customer of two.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os.path import commonprefix

from perennial.contracts.actions import line_facts
from perennial.customers.models import ExternalId
from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.proposal import cells_of
from perennial.integrations.imports.reach import Reach
from perennial.integrations.imports.reading.terms import Source
from perennial.integrations.imports.terms import TableMap

MOST_NAME, MOST_IDS = 60, 500
_ENOUGH = 0.5  # of the different ids that were looked at
_DATED = re.compile(
    r"[\s_.()-]*(?:\d{2,}[\s_.-]*)+(?:\(\d+\))?$|\s*\(\d+\)$|[\s_-]+(?:copy|export|副本|导出)$", re.IGNORECASE
)


@dataclass(frozen=True)
class Origin:
    """The proposed name of the source, and how many of the ids that were looked at (`of`) it knows."""

    source: str
    known: int = 0
    of: int = 0


def origin_of(
    tables: Sequence[tuple[TableMap, Source]], files: Sequence[str], folder: str = "", reach: Reach | None = None
) -> Origin:
    """Return the source that most of the files' ids belong to, else the name of the folder or of the files.

    A customer counts as known only under the same name: other systems number their customers from 1 too; and only
    within the reach of who brings the files. Two queries, and one for each known source where rows name subscriptions
    only.
    """
    ids, names = set[str](), dict[str, str]()
    lines = set[str]()
    for table, source in tables:
        ids |= set(_cells(table, source, "customer"))
        lines |= set(_cells(table, source, "line")) if "customer" not in table.columns else set()
        if table.kind is KindKey.CUSTOMERS:
            names |= dict(zip(_cells(table, source, "external_id"), _cells(table, source, "name"), strict=False))
    found = _known(ids - set(names), names, reach)
    for source_name in known_sources(reach) if lines and not found else ():
        asked = sorted(lines)[:MOST_IDS]
        theirs = reach.taken(KindKey.CONTRACTS, source_name, asked) if reach else set[str]()
        found[source_name] += len(set(line_facts(source_name, asked)) - theirs)
    of = len(ids | set(names) | lines)
    best = found.most_common(1)
    if best and best[0][1] >= _ENOUGH * of:
        return Origin(best[0][0], best[0][1], of)
    return Origin(_named(files, folder))


def _cells(table: TableMap, source: Source, key: str) -> Iterator[str]:
    use = table.columns.get(key)
    if use is not None and use.column in source.columns:
        yield from (text.strip() for text in cells_of(source).get(use.column or "", ()))


def _known(ids: set[str], names: dict[str, str], reach: Reach | None) -> Counter[str]:
    found: Counter[str] = Counter()
    wanted = sorted({*ids, *names} - {""})[:MOST_IDS]
    rows = ExternalId.objects.filter(external_id__in=wanted)
    told = rows.values_list("source", "external_id", "customer__name", "customer_id")
    for source, external_id, name, customer_id in told if wanted else ():
        if reach is not None and customer_id not in reach.customers:
            continue
        if external_id in ids or names[external_id].casefold() == name.casefold():
            found[source] += 1
    return found


def known_sources(reach: Reach | None = None) -> list[str]:
    """Return the names of the sources that customers (of a reach) came from; one query."""
    rows = ExternalId.objects.order_by("source").distinct()
    if reach is None:
        return list(rows.values_list("source", flat=True))
    return sorted({source for source, one in rows.values_list("source", "customer_id") if one in reach.customers})


def _named(files: Sequence[str], folder: str) -> str:
    stems = [name.partition(".")[0] or name for name in files]
    common = commonprefix(stems).strip(" _-.") if len(stems) > 1 else stems[0]  # noqa: RUF071 - letters in common
    name = common if len(common) > 2 else folder or stems[0]
    return (_DATED.sub("", name).strip(" _-.") or name)[:MOST_NAME]
