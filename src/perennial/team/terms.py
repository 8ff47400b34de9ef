"""The words of this room: what is aimed at, who aims, and what was set for a period."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from perennial.kernel.periods import Period


class TargetKind(StrEnum):
    """What a target is about: 续约, 回款, 增购."""

    RENEWALS = "renewals"
    COLLECTIONS = "collections"
    EXPANSION = "expansion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose target it is: a member's or a team's, one of the two.

    :raises ValueError: both or neither.
    """

    member_id: int | None = None
    team_id: int | None = None

    def __post_init__(self) -> None:
        if (self.member_id is None) == (self.team_id is None):
            raise ValueError("a target has one holder: a member or a team")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a holder shall reach in a period, in minor units.

    `amount` None: nothing was set for these days. `parts` is how many targets it is the sum of (3 months of a
    quarter). `wider` is the nearest target over more days (the year's), never split, for a reader to see.
    """

    amount: int | None
    parts: int = 0
    wider: Period | None = None
    wider_amount: int | None = None
