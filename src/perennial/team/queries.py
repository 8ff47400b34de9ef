"""Reads of targets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

from django.db.models import Q

from perennial.kernel.periods import Period
from perennial.team.models import Target
from perennial.team.terms import Aim, Holder, TargetKind


def targets_in(
    period: Period, *, members: Collection[int], teams: Collection[int], currency: str
) -> dict[tuple[TargetKind, Holder], Aim]:
    """Return what the members and teams shall reach in a period; who has no target near it is left out. One query.

    The target of exactly these days counts; else those of shorter periods where together they cover each day once
    (three months make the quarter). A longer one is never split: it is named beside an unknown amount. Of two targets
    for the same days the one learned last counts. Targets in another currency than `currency` are left out.
    """
    rows = (
        Target.objects.current()
        .filter(Q(member_id__in=members) | Q(team_id__in=teams), currency=currency)
        .filter(starts_on__lt=period.until, ends_on__gt=period.since)
        .order_by("kind", "member_id", "team_id", "learned_at", "id")
    )
    return {
        (TargetKind(kind), Holder(member_id=member_id, team_id=team_id)): _aim(period, of_holder)
        for (kind, member_id, team_id), of_holder in groupby(rows, lambda row: (row.kind, row.member_id, row.team_id))
    }


def has_targets() -> bool:
    """Return whether any target was ever set; one query."""
    return Target.objects.current().exists()


def _aim(period: Period, rows: Iterable[Target]) -> Aim:
    amounts = {Period(row.starts_on, row.ends_on): row.amount for row in rows}  # the last one learned stays
    pieces = _tiling(period, sorted(amounts))
    longer = [other for other in amounts if other != period and period.overlap(other) == period]
    wider = min(longer, key=lambda other: (other.days, other), default=None)
    return Aim(
        amount=sum(amounts[piece] for piece in pieces) if pieces else None,
        parts=len(pieces),
        wider=wider,
        wider_amount=amounts[wider] if wider else None,
    )


def _tiling(period: Period, known: Sequence[Period]) -> list[Period]:
    """Return periods that cover the period's days once each, the longest first; none where they leave a gap."""
    pieces: list[Period] = []
    day = period.since
    while day < period.until:
        fitting = [piece for piece in known if piece.since == day and piece.until <= period.until]
        if not fitting:
            return []
        pieces.append(max(fitting))
        day = pieces[-1].until
    return pieces
