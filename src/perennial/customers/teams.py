"""Whose team a customer belongs to: its owner's, so that a leader sees a member's book from the moment he joins."""

from __future__ import annotations

from django.db.models import Q

from perennial.customers.models import PortfolioRow


def follow(*, owner_id: int, team_id: int | None) -> int:
    """Put a member's customers into the team that he is in now; return how many were in another. One query; safe to
    run twice. To be called in the transaction that moves the member: scope holds at once (promise A6)."""
    others = PortfolioRow.objects.filter(owner_id=owner_id)
    others = others.exclude(team=None) if team_id is None else others.filter(~Q(team_id=team_id) | Q(team=None))
    return others.update(team_id=team_id)
