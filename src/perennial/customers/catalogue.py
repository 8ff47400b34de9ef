"""The one field catalogue: filters, columns, views, bulk edit, export, API and "every number opens" read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from perennial.customers.alert_fields import ALERT_FIELDS
from perennial.customers.own_fields import own_fields
from perennial.customers.renewal_fields import RENEWAL_FIELDS
from perennial.customers.terms import Field, Unit
from perennial.kernel.conditions.terms import FieldType

__all__ = ["COLUMNS", "DEFAULT_COLUMNS", "DEFAULT_SORT", "FIELDS", "SHIPPED", "TYPES", "Field", "Unit"]

T = TypeVar("T")


class _Catalogue(Mapping[str, T], Generic[T]):
    """What the catalogue says of each field: of those that ship, then of the metrics of one's own that have their
    values. No query for what ships; for own ones one for each change of the configuration."""

    def __init__(self, of: Callable[[Field], T]) -> None:
        self._of = of
        self._shipped = {key: of(field) for key, field in SHIPPED.items()}

    def __getitem__(self, key: str) -> T:
        return self._shipped[key] if key in self._shipped else self._of(own_fields()[key])

    def __iter__(self) -> Iterator[str]:
        yield from self._shipped
        yield from own_fields()

    def __len__(self) -> int:
        return len(self._shipped) + len(own_fields())


def _f(  # noqa: PLR0913 - the columns of the table below
    key: str,
    type_: FieldType,
    unit: Unit,
    label: str | Promise,
    definition: str | Promise,
    source: str,
    *,
    column: str = "",
    sortable: bool = False,
    editable: bool = False,
) -> Field:
    return Field(key, type_, unit, label, definition, source, column or key, sortable, editable)


_T, _C, _I, _N, _D, _B = (
    FieldType.TEXT, FieldType.CHOICE, FieldType.INTEGER, FieldType.NUMBER, FieldType.DATE, FieldType.FLAG,
)  # fmt: skip

SHIPPED: Mapping[str, Field] = {
    field.key: field
    for field in (
        _f("name", _T, Unit.TEXT, _("Customer"), _("The company, or a site of one."), "customers", sortable=True),
        _f(
            "owner",
            _C,
            Unit.MEMBER,
            _("CSM"),
            _("The customer success manager who owns the customer."),
            "customers",
            column="owner_id",
            editable=True,
        ),
        _f("tier", _C, Unit.CHOICE, _("Tier"), _("Class by annual contract value (method M5)."), "lifecycle"),
        _f(
            "stage",
            _C,
            Unit.CHOICE,
            _("Stage"),
            _("Stage of the lifecycle, derived from contracts and first value (method M13)."),
            "lifecycle",
        ),
        _f(
            "stage_since_on",
            _D,
            Unit.DAY,
            _("In stage since"),
            _("The day on which the present stage began."),
            "lifecycle",
        ),
        _f(
            "band",
            _C,
            Unit.BAND,
            _("Health band"),
            _(
                "Green, yellow or red by the score's thresholds with hysteresis; "
                "grey where less than 40 % of the weight is known."
            ),
            "health",
        ),
        _f(
            "score",
            _N,
            Unit.POINTS,
            _("Health"),
            _("0 to 100 points from the scorecard."),
            "health",
            sortable=True,
        ),
        _f(
            "score_change_28d",
            _N,
            Unit.POINTS,
            _("Health, 28-day change"),
            _("Score today less the score 28 days ago, both under today's scorecard."),
            "health",
            sortable=True,
        ),
        _f(
            "coverage",
            _N,
            Unit.RATIO,
            _("Health coverage"),
            _("Share of the scorecard's weight that rests on fresh data."),
            "health",
        ),
        _f("health_fell_on", _D, Unit.DAY, _("Band fell on"), _("The last day on which the band fell."), "health"),
        _f(
            "mrr",
            _I,
            Unit.MONEY,
            _("MRR"),
            _("Monthly recurring revenue on the as-of day, without tax."),
            "contracts",
            sortable=True,
        ),
        _f(
            "arr",
            _I,
            Unit.MONEY,
            _("ARR"),
            _("Annual recurring revenue: 12 × MRR, without tax."),
            "contracts",
            sortable=True,
        ),
        _f("is_live", _B, Unit.FLAG, _("Paying now"), _("Has recurring revenue on the as-of day."), "contracts"),
        _f(
            "next_renewal_on",
            _D,
            Unit.DAY,
            _("Renews on"),
            _("The next end of a term of six months or more. Open-ended and monthly lines have none."),
            "renewals",
            sortable=True,
        ),
        _f(
            "renewal_arr",
            _I,
            Unit.MONEY,
            _("ARR to renew"),
            _("ARR of the lines that end on the renewal day."),
            "renewals",
        ),
        _f(
            "notice_on",
            _D,
            Unit.DAY,
            _("Notice by"),
            _("The next day by which notice must be given on an open-ended line."),
            "contracts",
        ),
        _f(
            "overdue_amount",
            _I,
            Unit.MONEY,
            _("Overdue"),
            _("Receivables past their due day and not received."),
            "contracts",
        ),
        _f(
            "oldest_overdue_on",
            _D,
            Unit.DAY,
            _("Overdue since"),
            _("Due day of the oldest receivable that is overdue."),
            "contracts",
        ),
        _f(
            "waits_at",
            _C,
            Unit.CHOICE,
            _("Payment waits at"),
            _(
                "The customer's own approval node at which money to come in waits: of several the one that is furthest"
                " over its usual time, else the one that waits longest."
            ),
            "contracts",
        ),
        _f(
            "waits_since_on",
            _D,
            Unit.DAY,
            _("Waits since"),
            _("The day on which the money to come in came to the approval node at which it waits."),
            "contracts",
        ),
        _f(
            "waits_over_days",
            _I,
            Unit.DAYS,
            _("Days over the usual"),
            _(
                "Days at the approval node beyond the usual ones: the median of the stays there that have ended, in the"
                " customer's segment where five are known, else of all. Unknown where fewer are known."
            ),
            "contracts",
        ),
        _f(
            "active_users_7d",
            _I,
            Unit.NUMBER,
            _("Active users, 7 days"),
            _("Distinct users with a core event in the last 7 days. Unknown where the source names no users."),
            "usage",
        ),
        _f(
            "active_users_28d",
            _I,
            Unit.NUMBER,
            _("Active users, 28 days"),
            _("Distinct users with a core event in the last 28 days. Unknown where the source names no users."),
            "usage",
            sortable=True,
        ),
        _f("logins_7d", _I, Unit.NUMBER, _("Logins, 7 days"), _("Login events in the last 7 days."), "usage"),
        _f(
            "breadth_28d",
            _I,
            Unit.NUMBER,
            _("Features used, 28 days"),
            _("Distinct features used in the last 28 days."),
            "usage",
        ),
        _f(
            "depth_28d",
            _N,
            Unit.NUMBER,
            _("Depth, 28 days"),
            _("Core events per active day in the last 28 days."),
            "usage",
        ),
        _f(
            "trend_28d",
            _N,
            Unit.RATIO,
            _("Usage trend"),
            _("Events of the last 28 days ÷ those of the 28 days before."),
            "usage",
            sortable=True,
        ),
        _f(
            "seats_used_28d",
            _N,
            Unit.RATIO,
            _("Seats used"),
            _("Active users of the last 28 days ÷ contracted seats."),
            "usage",
        ),
        _f("seats", _I, Unit.NUMBER, _("Seats"), _("Seats contracted on the as-of day."), "contracts"),
        _f(
            "days_since_last",
            _I,
            Unit.DAYS,
            _("Days since last use"),
            _("Days since the last core event."),
            "usage",
            sortable=True,
        ),
        _f(
            "errors_28d",
            _N,
            Unit.NUMBER,
            _("Errors per 1,000"),
            _("Errors per 1,000 events in the last 28 days."),
            "usage",
        ),
        _f(
            "top_user_share_28d",
            _N,
            Unit.RATIO,
            _("Top user's share"),
            _("Share of the most active user in the core events of the last 28 days."),
            "usage",
        ),
        _f("open_tickets", _I, Unit.NUMBER, _("Open tickets"), _("Tickets that are not closed."), "support"),
        _f(
            "overdue_tickets",
            _I,
            Unit.NUMBER,
            _("Overdue tickets"),
            _(
                "Open tickets past their promised time; where "
                "none was promised, open for more than 7 days (2 if escalated or urgent)."
            ),
            "support",
        ),
        _f(
            "last_touch_on",
            _D,
            Unit.DAY,
            _("Last contact"),
            _("The day of the last visit, call, meeting, mail or message. Notes do not count."),
            "engagement",
            sortable=True,
        ),
        _f("next_task_on", _D, Unit.DAY, _("Next task"), _("Due day of the next open task."), "playbooks"),
        _f(
            "next_step",
            _T,
            Unit.TEXT,
            _("Next step"),
            _("The title of the customer's next open task: the earliest due, then those without a day."),
            "playbooks",
            editable=True,
        ),
        *RENEWAL_FIELDS,
        *ALERT_FIELDS,
        _f(
            "champion_left_on",
            _D,
            Unit.DAY,
            _("Champion left on"),
            _("The day on which the last champion left; empty where a champion is known."),
            "customers",
        ),
        _f(
            "onboarding_started_on",
            _D,
            Unit.DAY,
            _("Onboarding since"),
            _("The first paid day of the present time as a customer."),
            "lifecycle",
        ),
        _f(
            "first_value_on",
            _D,
            Unit.DAY,
            _("First value on"),
            _("The day on which first value was reached."),
            "lifecycle",
        ),
        _f("industry", _C, Unit.TEXT, _("Industry"), _("As the source names it."), "customers", editable=True),
        _f("country", _C, Unit.TEXT, _("Country"), _("As the source names it."), "customers", editable=True),
        _f("region", _C, Unit.TEXT, _("Region"), _("As the source names it."), "customers", editable=True),
        _f(
            "segment",
            _C,
            Unit.TEXT,
            _("Segment"),
            _("The declared segment of the customer."),
            "customers",
            editable=True,
        ),
        _f(
            "tags",
            FieldType.TAGS,
            Unit.TAGS,
            _("Tags"),
            _("Free marks; a customer may have many."),
            "customers",
            editable=True,
        ),
        _f(
            "parent",
            _C,
            Unit.TEXT,
            _("Group"),
            _("The customer above this one in the tree."),
            "customers",
            column="parent_id",
        ),
        _f("currency", _C, Unit.TEXT, _("Currency"), _("Currency of this row's amounts."), "contracts"),
    )
}

FIELDS: Mapping[str, Field] = _Catalogue(lambda field: field)
TYPES: Mapping[str, FieldType] = _Catalogue(lambda field: field.type)
COLUMNS: Mapping[str, str] = _Catalogue(lambda field: field.column)
DEFAULT_COLUMNS = ("name", "band", "arr", "tier", "stage", "owner", "next_renewal_on", "trend_28d", "last_touch_on")
DEFAULT_SORT = "-arr"
