"""Who may do what: the blueprint's rights table, applied. Row scope is applied where rows are fetched."""

from __future__ import annotations

from django.http import HttpRequest

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import Scope
from perennial.members.models import Member

# By which ability a member may be given something: who only looks (reader, analyst) owns neither customers nor tasks.
OWNS_CUSTOMERS = "customers.edit"
OWNS_TASKS = "tasks.edit"


def member_of(request: HttpRequest) -> Member | None:
    """Return the signed-in, active member of a request, None for a stranger. One query a request."""
    user = request.user
    return user if user.is_authenticated and user.is_active else None


def may(member: Member, ability: str) -> bool:
    """Return whether the member's role has the ability at all, on whatever rows."""
    return scope_of(member, ability) is not None


def scope_of(member: Member, ability: str) -> Scope | None:
    """Return on which rows the member has the ability: own, team or all; None for none."""
    return blueprint.rights().role(member.role).abilities.get(ability) if member.is_active else None


def hidden_fields(member: Member) -> frozenset[str]:
    """Return the keys of the fields that the member never sees: not in lists, filters, sorts, exports or the API."""
    return blueprint.rights().role(member.role).hidden_fields
