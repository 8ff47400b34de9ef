"""Who may take a log entry back: its author, and who leads the team or all; never one that an import brought."""

from __future__ import annotations

from perennial.blueprint.terms import Scope
from perennial.customers.access import may_on
from perennial.customers.belonging import whose
from perennial.customers.models import PortfolioRow
from perennial.engagement.models import Touchpoint
from perennial.engagement.terms import TakesBack
from perennial.members.access import scope_of
from perennial.members.models import Member

ABILITY = "touchpoints.edit"


def takes_back(member: Member, row: PortfolioRow) -> TakesBack:
    """Return whose log entries the member may take back on a customer. No query."""
    if not may_on(member, row, ABILITY):
        return TakesBack.NONE
    return TakesBack.OWN if scope_of(member, ABILITY) is Scope.OWN else TakesBack.ALL


def may_take_back(member: Member, row: PortfolioRow, touchpoint: Touchpoint) -> bool:
    """Return whether the member may take back this entry. No query."""
    if touchpoint.source or whose(touchpoint.customer) != row.customer_id:
        return False
    reach = takes_back(member, row)
    return reach is TakesBack.ALL or (reach is TakesBack.OWN and touchpoint.member_id == member.pk)
