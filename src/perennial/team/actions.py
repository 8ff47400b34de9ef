"""Writes of targets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.kernel import versions
from perennial.kernel.journal import actions as journal
from perennial.kernel.organisation.queries import house
from perennial.kernel.periods import Period
from perennial.kernel.versions import Counted, Incoming
from perennial.team import queries
from perennial.team.models import Target
from perennial.team.terms import Holder, TargetKind

BY_HAND = "by hand"
MOST = 10**15  # minor units; a slip of the keyboard, and far below what the table holds


class TargetError(ValueError):
    """A target that cannot be; the message says why and what to do."""


def write_targets(rows: Sequence[Incoming], *, source: str, at: datetime, import_id: int | None = None) -> Counted:
    """Write targets of one source set-wise by external id; the values are Target's columns. Return counts."""
    return versions.write(Target, rows, source=source, at=at, import_id=import_id)


@transaction.atomic
def set_target(
    *, kind: TargetKind, holder: Holder, period: Period, amount: int | None, by: int, at: datetime
) -> int | None:
    """Set a target by hand; return what counted for exactly these days before, for undo. About seven queries.

    `amount` None takes back what was set by hand: a target from a file for the same days counts again.

    :raises TargetError: a negative or absurd amount, or no day in the period.
    """
    if amount is not None and not 0 <= amount <= MOST:
        raise TargetError(_("A target is zero or more. Check the amount."))
    if not period.days:
        raise TargetError(_("A target needs a period of one day or more."))
    currency = house().currency
    before = _counted(kind, holder, period, currency)
    place = f"{kind}:{holder.member_id or ''}:{holder.team_id or ''}:{period.since}:{period.until}"
    mine = Target.objects.current().select_for_update().filter(source=BY_HAND, external_id=place).first()
    if amount is None and mine is not None:
        Target.objects.supersede([mine.fact], at=at)
    elif amount is not None and amount != before:
        values = {"amount": amount, "currency": currency}
        if mine is not None:
            versions.change(Target, mine.fact, values, at=at)
        else:
            Target(kind=kind, member_id=holder.member_id, team_id=holder.team_id, starts_on=period.since,
                   ends_on=period.until, source=BY_HAND, external_id=place, learned_at=at, **values).save()  # fmt: skip
    after = _counted(kind, holder, period, currency)
    if after != before:
        subject = f"member:{holder.member_id}" if holder.member_id is not None else f"team:{holder.team_id}"
        journal.record("target.set", subject=subject, by=by, at=at, data={
            "kind": kind, "from": period.since.isoformat(), "until": period.until.isoformat(), "before": before,
            "after": after, "currency": currency,
        })  # fmt: skip
    return before


def _counted(kind: TargetKind, holder: Holder, period: Period, currency: str) -> int | None:
    """Return the target of exactly these days, None where it is none or the sum of shorter ones."""
    members = [holder.member_id] if holder.member_id is not None else []
    teams = [holder.team_id] if holder.team_id is not None else []
    aim = queries.targets_in(period, members=members, teams=teams, currency=currency).get((kind, holder))
    return aim.amount if aim is not None and aim.parts == 1 else None
