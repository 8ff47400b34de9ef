"""Members as files name them: by mail address, or by a name that only one of them has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from perennial.members.models import Member


def as_written(people: Iterable[Member]) -> Mapping[str, Member]:
    """Return who is meant by a mail address or a name, in lower case; a name that two members have means nobody."""
    found = list(people)
    count = Counter(one.name.strip().lower() for one in found)
    named = {one.name.strip().lower(): one for one in found if one.name and count[one.name.strip().lower()] == 1}
    return {**named, **{one.email.lower(): one for one in found}}


def key_of(text: object) -> str:
    """Return a cell as `as_written` looks it up."""
    return " ".join(str(text or "").split()).lower()
