"""Reads of the organisation. One SQL query each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from perennial.kernel.organisation import stamp
from perennial.kernel.organisation.models import Organisation


class NotInitialised(Exception):
    """This home has no organisation yet: `perennial init` makes it."""


@dataclass(frozen=True)
class House:
    """The organisation as the rooms see it. `as_of_on` None means: the day of the clock."""

    name: str
    currency: str
    timezone: ZoneInfo
    language: str
    fiscal_start_month: int
    amounts_include_tax: bool
    as_of_on: date | None
    policy_switches: dict[str, Any]
    is_demo: bool
    events_kept_months: int | None
    books_opened_on: date | None

    def today(self, now: datetime) -> date:
        """Return the as-of day: the day that "today", "days since" and "due" mean everywhere (decisions.md, Time)."""
        return self.as_of_on or now.astimezone(self.timezone).date()

    def day_of(self, at: datetime) -> date:
        """Return the organisation's day of an instant."""
        return at.astimezone(self.timezone).date()


def house() -> House:
    """Return the organisation; one query. What the rooms parsed of its configuration is in step from here on.

    :raises NotInitialised: before `perennial init`.
    """
    row = Organisation.objects.first()
    if row is None:
        raise NotInitialised("This home is empty. Run `perennial init` first.")
    stamp.keep(row.config_stamp)
    return House(
        name=row.name,
        currency=row.currency,
        timezone=ZoneInfo(row.timezone),
        language=row.language,
        fiscal_start_month=row.fiscal_start_month,
        amounts_include_tax=row.amounts_include_tax,
        as_of_on=row.as_of_on,
        policy_switches=row.policy_switches,
        is_demo=row.is_demo,
        events_kept_months=row.events_kept_months,
        books_opened_on=row.books_opened_on,
    )


def config_stamp() -> str:
    """Return the stamp of the configuration in force: no query once this unit of work has read the house, else one."""
    known = stamp.kept()
    if known is None:
        known = Organisation.objects.values_list("config_stamp", flat=True).first() or stamp.UNCHANGED
        stamp.keep(known)
    return known
