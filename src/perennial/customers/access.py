"""Whose customers a member sees, and which fields: applied where rows are fetched, nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Q, QuerySet

from perennial.customers.catalogue import FIELDS, Field
from perennial.customers.models import Customer, PortfolioRow
from perennial.members import access as members
from perennial.members.models import Member


def rows_of(member: Member, ability: str = "customers.read", *, path: str = "") -> Q | None:
    """Return the condition of the rows on which the member has the ability; None for no row at all.

    `path` leads from the filtered table to the portfolio row ("portfolio__", "customer__portfolio__").
    """
    match members.scope_of(member, ability):
        case "all":
            return Q()
        case "team":
            own = Q(**{f"{path}owner_id": member.pk})
            return own | Q(**{f"{path}team_id": member.team_id}) if member.team_id else own
        case "own":
            return Q(**{f"{path}owner_id": member.pk})
        case _:
            return None


def portfolio_of(member: Member, ability: str = "customers.read") -> QuerySet[PortfolioRow]:
    """Return the portfolio rows on which the member has the ability: the one start of every list."""
    rows = rows_of(member, ability)
    return PortfolioRow.objects.none() if rows is None else PortfolioRow.objects.filter(rows)


def customers_of(member: Member, ability: str = "customers.read") -> QuerySet[Customer]:
    """Return the customers on which the member has the ability."""
    rows = rows_of(member, ability, path="portfolio__")
    return Customer.objects.none() if rows is None else Customer.objects.filter(rows, merged_into=None)


def may_on(member: Member, row: PortfolioRow, ability: str) -> bool:
    """Return whether the member has the ability on a row at hand: the rule of `rows_of`, without a query."""
    match members.scope_of(member, ability):
        case "all":
            return True
        case "team":
            return row.owner_id == member.pk or (member.team_id is not None and row.team_id == member.team_id)
        case "own":
            return row.owner_id == member.pk
        case _:
            return False


def visible_fields(member: Member) -> Mapping[str, Field]:
    """Return the catalogue's fields that the member may see, sort, filter and export by."""
    hidden = members.hidden_fields(member)
    return {key: field for key, field in FIELDS.items() if key not in hidden}
