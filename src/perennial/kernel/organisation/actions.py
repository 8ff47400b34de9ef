"""Writes of the organisation."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.kernel import money
from perennial.kernel.journal import actions as journal
from perennial.kernel.organisation import stamp
from perennial.kernel.organisation.models import Organisation

LEAST_MONTHS, MOST_MONTHS = 3, 240
"""An event sent again within 30 days must still find its like; three months leave room for what comes late."""


class OrganisationError(ValueError):
    """A setting of the organisation that cannot be; the message says which and what to do."""


@transaction.atomic
def found(
    *,
    name: str,
    currency: str,
    timezone: str,
    language: str,
    at: datetime,
    amounts_include_tax: bool = False,
    is_demo: bool = False,
) -> None:
    """Make the organisation. A second call on the same home changes nothing but is refused where it differs.

    :raises OrganisationError: an unknown currency or zone, or another organisation lives here already.
    """
    try:
        money.decimals_of(currency)
    except money.MoneyError as error:
        raise OrganisationError(_("%(code)s is not an ISO 4217 currency code.") % {"code": currency}) from error
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise OrganisationError(
            _("%(zone)s is not a time zone. Example: Asia/Shanghai.") % {"zone": timezone}
        ) from error
    present = Organisation.objects.select_for_update().first()
    if present is not None:
        if (present.currency, present.timezone) != (currency, timezone):
            raise OrganisationError(
                _("This home already belongs to an organisation with %(currency)s and %(zone)s. Use another --home.")
                % {"currency": present.currency, "zone": present.timezone}
            )
        return
    Organisation.objects.create(
        id=1,
        name=name,
        currency=currency,
        timezone=timezone,
        language=language,
        created_at=at,
        amounts_include_tax=amounts_include_tax,
        is_demo=is_demo,
    )
    journal.record("organisation.founded", at=at, data={"currency": currency, "timezone": timezone})


@transaction.atomic
def rename(*, name: str, by: int, at: datetime) -> None:
    """Give the organisation another name."""
    if Organisation.objects.filter(id=1).exclude(name=name).update(name=name):
        journal.record("organisation.renamed", by=by, at=at)


@transaction.atomic
def keep_events(*, months: int | None, by: int | None, at: datetime) -> None:
    """Keep raw events for so many months (None: for ever). Repeating a period changes nothing.

    :raises OrganisationError: fewer months than an event may be sent again in, or more than can be meant.
    """
    if months is not None and not LEAST_MONTHS <= months <= MOST_MONTHS:
        raise OrganisationError(
            _("Raw events are kept for %(least)s to %(most)s months, or for ever.")
            % {"least": LEAST_MONTHS, "most": MOST_MONTHS}
        )
    organisation = Organisation.objects.select_for_update().get(id=1)
    before = organisation.events_kept_months
    if before == months:
        return
    organisation.events_kept_months = months
    organisation.save(update_fields=["events_kept_months"])
    journal.record("organisation.events_kept", by=by, at=at, data={"months": months, "before": before})


@transaction.atomic
def move_as_of(*, on: date | None, by: int | None, at: datetime) -> None:
    """Set the as-of day (None: the clock's). Repeating a day changes nothing."""
    organisation = Organisation.objects.select_for_update().get(id=1)
    if organisation.as_of_on == on:
        return
    organisation.as_of_on = on
    organisation.save(update_fields=["as_of_on"])
    journal.record("organisation.as_of_moved", by=by, at=at, data={"on": on.isoformat() if on else None})


@transaction.atomic
def lock_configuration() -> Mapping[str, Any]:
    """Let nobody else change the configuration until the caller's transaction ends; return the policy switches."""
    switches: Mapping[str, Any] = Organisation.objects.select_for_update().get(id=1).policy_switches
    return switches


@transaction.atomic
def stamp_configuration(*, policy_switches: Mapping[str, Any] | None = None) -> None:
    """Say that the configuration changed; keep the policy switches where they are given. The caller holds the lock."""
    changed: dict[str, Any] = {"config_stamp": uuid.uuid4().hex}
    if policy_switches is not None:
        changed["policy_switches"] = dict(policy_switches)
    Organisation.objects.filter(id=1).update(**changed)
    stamp.keep(None)


def open_books(on: date) -> None:
    """Note the day on which revenue was first derived; a later day changes nothing."""
    Organisation.objects.filter(id=1, books_opened_on=None).update(books_opened_on=on)
