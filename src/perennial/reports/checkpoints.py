"""Checkpoints as pages show them: those of one term, and the calls that somebody is to settle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from perennial.blueprint import queries as blueprint
from perennial.contracts import access
from perennial.contracts.access import ABILITY
from perennial.customers.access import may_on, rows_of
from perennial.customers.aliases import aliases
from perennial.customers.models import PortfolioRow
from perennial.insights.due import view_of
from perennial.kernel.organisation.queries import House
from perennial.members.access import may
from perennial.members.models import Member
from perennial.members.queries import who_may
from perennial.renewals import checkpoints
from perennial.renewals import queries as renewals
from perennial.renewals.calculations.checkpoints import Standing, days_of
from perennial.renewals.checkpoints import Spot
from perennial.renewals.terms import Due, Modelled, Outcome, Place, State, Taken, Which

SETTLES = "renewals.settle"


@dataclass(frozen=True, slots=True)
class Stop:
    """A checkpoint of a term: its day, what the model said in the night of which day, and our own call. `since` None:
    nothing of the model was kept."""

    which: Which
    on: date
    is_reached: bool
    said: Modelled | None
    since: date | None
    taken: Taken | None


def stops(due: Due, segment: str, *, on: date) -> list[Stop]:
    """Return the checkpoints of a term, the first one first. Four queries."""
    rules, place = blueprint.renewals(on).of(segment), (due.customer_id, due.due_on)
    kept, taken = checkpoints.recorded([due.customer_id]), checkpoints.latest([due.customer_id]).get(place, {})
    found = []
    for which, day in days_of(due.starts_on, due.due_on, rules).items():
        since, said = kept.get(Spot(*place, which), (None, None))
        found.append(Stop(which, day, day <= on, said, since, taken.get(which)))
    return found


@dataclass(frozen=True, slots=True)
class Dispute:
    """A call that differs from the model's and that nobody has settled: whose term, and how it stands."""

    spot: Spot
    key: str
    name: str
    owner: str
    standing: Standing

    @property
    def taken(self) -> Taken:
        """Return our own call, with what the model said at that moment."""
        assert self.standing.taken is not None
        return self.standing.taken


def settles(member: Member, row: PortfolioRow, taken: Taken | None) -> bool:
    """Say whether a member settles a call on a customer: who has the right there, but not who made the call himself
    while somebody else has it. Two queries where it is his own."""
    if not may_on(member, row, SETTLES):
        return False
    if taken is None or taken.by_id != member.pk:
        return True
    return not any(may_on(other, row, SETTLES) for other in who_may(SETTLES) if other.pk != member.pk)


def disputes(member: Member, *, at: datetime, place: House) -> list[Dispute]:
    """Return the calls that the member is to settle, the earliest due first. Two queries where there is none, about
    sixteen for 500 customers; none for who settles nothing."""
    rows, merged = (rows_of(member, SETTLES, path=path) for path in ("customer__portfolio__",
                                                                     "customer__merged_into__portfolio__"))  # fmt: skip
    if rows is None or merged is None or not may(member, ABILITY):
        return []
    on = place.today(at)
    late_days = view_of(place, on).longest_days
    spots = checkpoints.disputed(rows | merged if rows else Q(), since=on - timedelta(days=late_days))
    if not spots:
        return []
    shown = {row.customer_id: row for row in _portfolio(sorted({spot.customer_id for spot in spots}))}
    starts = _open_terms([spot for spot in spots if spot.customer_id in shown], member, on)
    segments = {customer: row.segment for customer, row in shown.items()}
    standings = checkpoints.standings(starts, segments, on=on)
    found = [_dispute(spot, shown[spot.customer_id], standings) for spot in spots if spot.customer_id in shown]
    theirs = [one for one in found if one is not None and settles(member, shown[one.spot.customer_id], one.taken)]
    return sorted(theirs, key=lambda one: (one.spot.due_on, one.name))


def _dispute(spot: Spot, row: PortfolioRow, standings: Mapping[Place, Standing]) -> Dispute | None:
    one = standings.get((spot.customer_id, spot.due_on))
    if one is None or one.state is not State.DISPUTED:
        return None
    return Dispute(spot, row.key, row.name, row.owner.name if row.owner else "", one)


def _portfolio(ids: list[int]) -> list[PortfolioRow]:
    return [row for start in range(0, len(ids), 500)
            for row in PortfolioRow.objects.filter(customer_id__in=ids[start : start + 500])
            .select_related("owner")]  # fmt: skip


def _open_terms(spots: list[Spot], member: Member, on: date) -> dict[Place, date]:
    """Return the first day of each of the terms that is still open."""
    if not spots:
        return {}
    family = aliases().family({spot.customer_id for spot in spots})
    since, until = min(spot.due_on for spot in spots), max(spot.due_on for spot in spots) + timedelta(days=1)
    wanted, found = {(spot.customer_id, spot.due_on) for spot in spots}, dict[Place, date]()
    for start in range(0, len(family), 500):
        rows = access.facts_of(member) & Q(customer_id__in=family[start : start + 500])
        for one in renewals.due_in(since, until, rows, on=on):
            if one.outcome is Outcome.OPEN and (one.customer_id, one.due_on) in wanted:
                found[one.customer_id, one.due_on] = one.starts_on
    return found
