"""How much of what was bought is used: adopted features ÷ features that were bought (analytics 2.1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from perennial.lake.bought import LEAST_USERS, LEAST_USES

ADOPTED_FROM, ADOPTED_BY = LEAST_USES, LEAST_USERS
"""Uses in 28 days from which a feature is adopted, and users."""
Users = Mapping[str, Collection[int]]
"""Who used what, as far as it is known."""
NOBODY: Users = {}


@dataclass(frozen=True, slots=True)
class FeatureUses:
    """A feature as its product names it, how often it was used, and by how many users that are known."""

    feature: str
    uses: int
    users: int = 0

    @property
    def is_adopted(self) -> bool:
        """Whether that is often enough."""
        return self.uses >= ADOPTED_FROM or self.users >= ADOPTED_BY


@dataclass(frozen=True, slots=True)
class Breadth:
    """How many features were bought, and how many of these are adopted."""

    adopted: int
    bought: int

    @property
    def share(self) -> Fraction | None:
        """Return the adopted share; None where no product that was bought names a feature."""
        return Fraction(self.adopted, self.bought) if self.bought else None


def is_meant(feature: str, name: str) -> bool:
    """Return whether a feature as a product names it ("report_*": all that begin so) means this one."""
    return name.startswith(feature[:-1]) if feature.endswith("*") else name == feature


def uses_of(features: Iterable[str], used: Mapping[str, int], users: Users = NOBODY) -> list[FeatureUses]:
    """Return how often each feature was used and by how many, all that it means together; in the order given."""
    return [
        FeatureUses(
            feature,
            sum(n for name, n in used.items() if is_meant(feature, name)),
            len({user for name, those in users.items() if is_meant(feature, name) for user in those}),
        )
        for feature in features
    ]


def breadth(bought: Iterable[Sequence[str]], used: Mapping[str, int], users: Users = NOBODY) -> Breadth:
    """Return the breadth over the features of some products; one that two of them have counts once."""
    features = dict.fromkeys(feature for product in bought for feature in product)
    found = uses_of(features, used, users)
    return Breadth(sum(one.is_adopted for one in found), len(found))


def in_none(products: Iterable[Sequence[str]], used: Mapping[str, int]) -> int:
    """Return the uses of what no product names."""
    features = [feature for product in products for feature in product]
    return sum(n for name, n in used.items() if not any(is_meant(feature, name) for feature in features))
