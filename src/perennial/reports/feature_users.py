"""Who of one customer uses which feature: its users by the features of 28 days, and the users of one feature."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from perennial.reports.customer_file import File
from perennial.usage import analysis, people


@dataclass(frozen=True, slots=True)
class Use:
    """A user ("": the event named nobody) and a feature: core events of 28 days, and the first and the last day."""

    name: str
    feature: str
    events: int
    first_on: date
    last_on: date


@dataclass(frozen=True)
class WhoUsesWhat:
    """Features, the most used first; users by name, those of most features first, each with the events by feature."""

    features: Sequence[str]
    users: Sequence[tuple[str, Mapping[str, int]]]


def uses_of(file: File, *, feature: str | None = None) -> list[Use] | None:
    """Return each user's use of each feature (`feature`: of that one), the most events first; None where nobody knows
    any more. Three queries, one more for 500 users."""
    found = analysis.users_of_features(file.customer.pk, on=file.on, feature=feature)
    if found is None:
        return None
    names = people.names_of({one.user_id for one in found if one.user_id is not None})
    return [
        Use("" if one.user_id is None else names.get(one.user_id, f"#{one.user_id}"), one.feature, one.events,
            one.first_on, one.last_on)
        for one in found
    ]  # fmt: skip


def table_of(uses: Sequence[Use]) -> WhoUsesWhat:
    """Return the same as users × features; events that name nobody are left out."""
    features: Counter[str] = Counter()
    users: dict[str, dict[str, int]] = defaultdict(dict)
    for one in uses:
        if one.name:
            features[one.feature] += one.events
            users[one.name][one.feature] = users[one.name].get(one.feature, 0) + one.events
    order = sorted(users.items(), key=lambda pair: (-len(pair[1]), -sum(pair[1].values()), pair[0].casefold()))
    return WhoUsesWhat([feature for feature, _n in features.most_common()], order)
