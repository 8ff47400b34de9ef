"""What the method's defaults say, as frozen rows. Amounts are in minor units, periods in whole days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from string import Formatter

from perennial.kernel.conditions.terms import FieldType, Tree, fields_of


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogues; whoever shows it translates it (Django's own mark, without Django)."""
    return text


class BlueprintError(ValueError):
    """A blueprint that cannot be read; the message names file and place: `scorecard.yaml: groups[0].weight: …`.

    `problem` is the English text with `values` still to be put in, so that a page can say it in the reader's language;
    `place` is "" where the whole file is meant, `line` the line of the file (from 1), None where none is known.
    """

    def __init__(
        self,
        problem: str,
        values: Mapping[str, object] | None = None,
        *,
        file: str = "",
        place: str = "",
        line: int | None = None,
    ) -> None:
        self.problem, self.values = problem, values or {}
        self.file, self.place, self.line = file, place, line
        said = problem % values if values else problem
        super().__init__(": ".join(part for part in (file, place, said) if part))


ROLES = ("admin", "leader", "csm", "analyst", "reader")
"""The roles that members have; a table of rights speaks of each of them."""

INDISPENSABLE = ("members.manage", "settings.manage")
"""What an administrator can never take from administrators: nobody could give it back."""

MEASURES = frozenset(
    {
        "active_users_7d", "active_users_28d", "logins_7d", "breadth_28d", "depth_28d", "trend_28d", "seats_used_28d",
        "days_since_last", "errors_28d", "top_user_share_28d", "overdue_tickets", "open_tickets", "csat", "touch_ratio",
        "level_1_rung", "nps", "overdue_days", "renewal_days_behind", "pulse", "inspection_days", "mrr", "arr", "seats",
        "renewal_arr", "overdue_amount", "tenure_days",
    }
)  # fmt: skip
"""The measures of which a scorecard may speak: health knows the value of each."""


# The fields of the portfolio row of which the method's rules may speak; the field catalogue holds at least these.
PORTFOLIO_FIELDS: Mapping[str, FieldType] = {
    "name": FieldType.TEXT, "owner": FieldType.INTEGER, "parent": FieldType.INTEGER, "tier": FieldType.CHOICE,
    "stage": FieldType.CHOICE, "stage_since_on": FieldType.DATE, "industry": FieldType.CHOICE,
    "country": FieldType.CHOICE, "region": FieldType.CHOICE, "tags": FieldType.TAGS, "is_live": FieldType.FLAG,
    "band": FieldType.CHOICE, "score": FieldType.NUMBER, "score_change_28d": FieldType.NUMBER,
    "coverage": FieldType.NUMBER, "health_fell_on": FieldType.DATE, "mrr": FieldType.INTEGER,
    "arr": FieldType.INTEGER, "currency": FieldType.CHOICE, "next_renewal_on": FieldType.DATE,
    "renewal_arr": FieldType.INTEGER, "seats": FieldType.INTEGER, "segment": FieldType.CHOICE,
    "notice_on": FieldType.DATE, "overdue_amount": FieldType.INTEGER, "oldest_overdue_on": FieldType.DATE,
    "waits_at": FieldType.CHOICE, "waits_since_on": FieldType.DATE, "waits_over_days": FieldType.INTEGER,
    "active_users_7d": FieldType.INTEGER, "active_users_28d": FieldType.INTEGER, "logins_7d": FieldType.INTEGER,
    "breadth_28d": FieldType.INTEGER, "depth_28d": FieldType.NUMBER, "trend_28d": FieldType.NUMBER,
    "seats_used_28d": FieldType.NUMBER, "days_since_last": FieldType.INTEGER, "errors_28d": FieldType.NUMBER,
    "top_user_share_28d": FieldType.NUMBER, "open_tickets": FieldType.INTEGER, "overdue_tickets": FieldType.INTEGER,
    "last_touch_on": FieldType.DATE, "next_task_on": FieldType.DATE, "next_step": FieldType.TEXT,
    "onboarding_started_on": FieldType.DATE, "first_value_on": FieldType.DATE, "champion_left_on": FieldType.DATE,
    "checkpoint_due_on": FieldType.DATE, "renewal_need": FieldType.CHOICE, "renewal_need_on": FieldType.DATE,
    "usage_fell_on": FieldType.DATE, "users_at_alert": FieldType.INTEGER,
    "usual_users": FieldType.INTEGER, "champion_silent_on": FieldType.DATE, "users_silent_on": FieldType.DATE,
}  # fmt: skip


def fields_with(own: Iterable[str]) -> Mapping[str, FieldType]:
    """Return the fields of which vetoes and rules may speak: those above, and metrics of one's own by their keys."""
    return {**PORTFOLIO_FIELDS, **dict.fromkeys(own, FieldType.NUMBER)}


def placeholders(text: str) -> frozenset[str]:
    """Return the fields that a wording names in braces."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


@dataclass(frozen=True, slots=True)
class Label:
    """One wording in the three languages of the interface."""

    en: str
    zh_hans: str
    zh_hant: str

    def text(self, language: str) -> str:
        """Return the wording for a language code such as `en-us`, `zh-hans` or `zh_Hant_TW`; English for any other."""
        code = language.lower().replace("_", "-")
        if not code.startswith("zh"):
            return self.en
        return self.zh_hant if any(part in code for part in ("hant", "tw", "hk", "mo")) else self.zh_hans


class Scope(StrEnum):
    """Whose customers an ability reaches: his own book, his team's books, everyone's."""

    OWN = "own"
    TEAM = "team"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Ability:
    """One thing that a member may be allowed to do."""

    key: str
    label: Label


@dataclass(frozen=True, slots=True)
class RoleRights:
    """What one role may do: ability → how far it reaches, and the fields that the role never sees."""

    key: str
    label: Label
    abilities: Mapping[str, Scope]
    hidden_fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rights:
    """The table of rights: role × ability × scope × field. What is not listed is refused."""

    abilities: tuple[Ability, ...]
    roles: tuple[RoleRights, ...]

    def role(self, key: str) -> RoleRights:
        """Return the rights of a role.

        :raises KeyError: there is no such role.
        """
        return {role.key: role for role in self.roles}[key]


class Better(StrEnum):
    """Which way a metric is good news."""

    HIGHER = "higher"
    LOWER = "lower"
    NONE = "none"


class MetricUnit(StrEnum):
    """How a metric of one's own is written: as a number, as a share in percent, or in days."""

    NUMBER = "number"
    RATIO = "ratio"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class EventKinds:
    """Which event names are logins, errors or noise; every other is core, or only the listed where `core` is given.
    `admin`: those among the core ones that run the product for others."""

    login: frozenset[str]
    error: frozenset[str]
    ignored: frozenset[str]
    core: frozenset[str] | None
    admin: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """One metric: `algebra` is what the metric algebra computes, the rest is what people read about it."""

    key: str
    algebra: Mapping[str, object]
    label: Label
    definition: Label
    unit: str
    better: Better


@dataclass(frozen=True)
class ProductFeatures:
    """A product by its code, and its features: names, or beginnings of names with a star at the end."""

    product: str
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tier:
    """One class by ACV, from `from_minor` (in minor units, a year) up to the next.

    `touch_every_days` is the longest silence that the touch model allows, `executive_every_days` the same for reports
    to level 1; None where no rhythm is due (reactive). `accounts_per_csm` is a guide, None where none is given.
    """

    key: str
    label: Label
    from_minor: int
    touch_every_days: int | None
    executive_every_days: int | None
    visits_per_year: int
    accounts_per_csm: int | None
    model: Label


@dataclass(frozen=True, slots=True)
class TierPreset:
    """The tiers of one currency, highest first. Presets are separate and never blended (M5, M6)."""

    key: str
    label: Label
    currency: str
    tiers: tuple[Tier, ...]


class Clock(StrEnum):
    """The event at which onboarding begins to count."""

    PAYMENT = "payment"
    SIGNATURE = "signature"
    GO_LIVE = "go_live"
    ACCEPTANCE = "acceptance"


@dataclass(frozen=True, slots=True)
class StageRule:
    """How the stages of one segment run (M13); all in days. `grace_days` None: as everybody's (revenue's switch)."""

    key: str
    label: Label
    clock: Clock
    onboarding_days: int
    renewal_days: int
    grace_days: int | None
    shortest_renewal_months: int


@dataclass(frozen=True, slots=True)
class TodayRule:
    """One reason why a customer belongs on Today: who matches, how weighty it is, what is said and what comes next.

    `reason` may name fields of the portfolio row in braces; `orders_by` is the field that sorts within the rule.
    """

    key: str
    weight: int
    label: Label
    reason: Label
    next_step: Label
    when: Tree
    orders_by: str | None

    @property
    def fields(self) -> frozenset[str]:
        """The fields that the rule asks about, names or sorts by."""
        named = (placeholders(text) for text in (self.reason.en, self.reason.zh_hans, self.reason.zh_hant))
        return fields_of(self.when).union(*named, [self.orders_by] if self.orders_by else [])


class Band(StrEnum):
    """The colour of a score, worst first; grey where too little is known for a colour."""

    RED = "red"
    YELLOW = "yellow"
    GREEN = "green"
    GREY = "grey"


class Direction(StrEnum):
    """Which way a curve runs: more is better, less is better, or a best range in between."""

    UP = "up"
    DOWN = "down"
    BAND = "band"


class MissingPolicy(StrEnum):
    """What stands in for a measure that is unknown or too old (analytics 1.1).

    `not_applicable` takes a measure that was never observed out altogether, so that it asks for no coverage either.
    """

    ASSUME_SEGMENT_MEAN = "assume_segment_mean"
    RENORMALISE = "renormalise"
    WORST = "worst"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Measure:
    """One part of a score: `points` turn the raw value into 0 to 100, straight between them and level outside.

    The value counts wholly until `fresh_days` after it was observed, then less, and not at all from `max_age_days` on.
    """

    key: str
    label: Label
    definition: Label
    weight: float
    direction: Direction
    points: tuple[tuple[float, float], ...]
    fresh_days: int
    max_age_days: int
    missing: MissingPolicy


@dataclass(frozen=True, slots=True)
class MeasureGroup:
    """Measures that share one weight; within the group each has its share of it."""

    key: str
    label: Label
    weight: float
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class Veto:
    """A rule that caps the band, whatever the score says."""

    key: str
    label: Label
    when: Tree
    cap: Band


@dataclass(frozen=True, slots=True)
class TenureBands:
    """Where yellow and green begin for who has been a customer for less than `until_days`."""

    until_days: int
    yellow_from: float
    green_from: float


@dataclass(frozen=True, slots=True)
class Scorecard:
    """How a customer's health is computed: one version of the configuration (analytics 1.1).

    Red below `yellow_from`, green from `green_from`; a band is left only `hysteresis` points beyond the threshold. Grey
    below `least_coverage`. A segment's mean needs `smallest_segment` customers, else the fleet's stands in.
    """

    key: str
    version: int
    label: Label
    groups: tuple[MeasureGroup, ...]
    yellow_from: float
    green_from: float
    hysteresis: float
    least_coverage: float
    medium_coverage: float
    high_coverage: float
    smallest_segment: int
    vetoes: tuple[Veto, ...]
    tenure_bands: tuple[TenureBands, ...] = ()

    def at_tenure(self, days: float | None) -> Scorecard:
        """Return the scorecard with the thresholds of who has been a customer for so many days; None: not known."""
        found = next((one for one in self.tenure_bands if days is not None and days < one.until_days), None)
        return self if found is None else replace(self, yellow_from=found.yellow_from, green_from=found.green_from)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Every measure, in the order of the groups; arrays of the score have their columns in this order."""
        return tuple(measure for group in self.groups for measure in group.measures)

    @property
    def fields(self) -> frozenset[str]:
        """The measures, and what the vetoes ask about."""
        return frozenset(measure.key for measure in self.measures).union(
            *(fields_of(veto.when) for veto in self.vetoes)
        )
