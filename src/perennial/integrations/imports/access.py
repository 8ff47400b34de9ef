"""Whose imports a member sees: applied where rows are fetched. Files hold customers of every team."""

from __future__ import annotations

from django.db.models import QuerySet

from perennial.blueprint.terms import Scope
from perennial.integrations.imports.models import Import
from perennial.members import access as members
from perennial.members.models import Member


def imports_of(member: Member) -> QuerySet[Import]:
    """Return the imports that the member may open: all where he may import everything, else his own.

    Who may not import has his own too: a list that he exported, edited and brought back. A team's leader has only his
    own: another one's files may hold rows of any team, refused or not.
    """
    mine = Import.objects.filter(by_id=member.pk)
    return Import.objects.all() if members.scope_of(member, "imports.run") == Scope.ALL else mine
