"""The versions that administrators put in force, read once for each stamp of the configuration. Private to the room."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from perennial.blueprint.models import ConfigVersion
from perennial.kernel.organisation import stamp as stamps


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a part. `from_on` None: it holds for the past too; `by_name` "" where it is what shipped."""

    part: str
    version: int
    text: str
    from_on: date | None
    reason: str
    at: datetime
    by_name: str

    def holds_on(self, on: date | None) -> bool:
        """Return whether the version was made for a day; None asks for the present."""
        return on is None or self.from_on is None or self.from_on <= on


@lru_cache(maxsize=4)
def versions(stamp: str) -> Mapping[str, tuple[Version, ...]]:
    """Return the versions of every part, the newest first; one query for a stamp, none for a home as it ships."""
    if stamp == stamps.UNCHANGED:
        return {}
    found: dict[str, list[Version]] = defaultdict(list)
    for row in ConfigVersion.objects.select_related("by").order_by("-version", "-id"):
        by_name = row.by.name if row.by else ""
        found[row.part].append(Version(row.part, row.version, row.text, row.from_on, row.reason, row.at, by_name))
    return {part: tuple(listed) for part, listed in found.items()}
