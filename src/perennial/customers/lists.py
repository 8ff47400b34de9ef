"""What a list shows: which rows, in which order, which columns. Pages, saved views and exports keep the same thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from perennial.customers import actions
from perennial.customers.access import portfolio_of, visible_fields
from perennial.customers.catalogue import COLUMNS, DEFAULT_COLUMNS, DEFAULT_SORT, Field
from perennial.customers.models import PortfolioRow
from perennial.customers.queries import chosen, sort_of
from perennial.customers.terms import ListError
from perennial.kernel.conditions.parsing import parse, to_data
from perennial.kernel.conditions.terms import AllOf, AnyOf, Condition, ConditionError, Not, Tree, fields_of
from perennial.members.models import Member

MOST_COLUMNS = 30
ME = "me"


@dataclass(frozen=True)
class Listing:
    """A choice of rows, their order and columns. `tree` None: every row; an owner "me" is whoever looks."""

    tree: Tree | None = None
    text: str = ""
    sort: str = DEFAULT_SORT
    columns: tuple[str, ...] = DEFAULT_COLUMNS

    def data(self) -> dict[str, object]:
        """Return the listing as JSON holds it; `read` of it gives the same listing."""
        tree = None if self.tree is None else to_data(self.tree)
        return {"tree": tree, "text": self.text, "sort": self.sort, "columns": list(self.columns)}


def standard(fields: Mapping[str, Field]) -> Listing:
    """Return the list as it is before anybody chose, within the fields that a member sees."""
    columns = tuple(key for key in DEFAULT_COLUMNS if key in fields)
    return Listing(sort=DEFAULT_SORT if DEFAULT_SORT.removeprefix("-") in fields else "name", columns=columns)


def read(data: Mapping[str, object], fields: Mapping[str, Field]) -> Listing:
    """Read a listing from its data.

    :raises ListError: a damaged condition, or one of a field that there is not (for this member).
    """
    types = {key: field.type for key, field in fields.items()}
    columns = data.get("columns")
    try:
        tree = None if data.get("tree") is None else parse(data["tree"], types)
    except ConditionError as error:
        raise ListError(str(error)) from error
    usual = standard(fields)
    listing = Listing(
        tree=tree,
        text=str(data.get("text") or ""),
        sort=str(data.get("sort") or usual.sort),
        columns=tuple(str(key) for key in columns) if isinstance(columns, list) and columns else usual.columns,
    )
    return checked(listing, fields)


def checked(listing: Listing, fields: Mapping[str, Field]) -> Listing:
    """Return the listing, its name column first.

    :raises ListError: it filters, sorts or shows a field that is not among `fields`; a hidden one looks like none.
    """
    asked = {*listing.columns, listing.sort.removeprefix("-"), *(fields_of(listing.tree) if listing.tree else ())}
    for key in sorted(asked - set(fields)):
        raise ListError(_("There is no field %(key)s.") % {"key": key[:60]})
    sort_of(listing.sort)
    if len(listing.columns) > MOST_COLUMNS:
        raise ListError(_("A list shows at most %(most)d columns.") % {"most": MOST_COLUMNS})
    return replace(listing, columns=("name", *(key for key in dict.fromkeys(listing.columns) if key != "name")))


def rows_of(
    member: Member, listing: Listing, *, as_of: date, ability: str = "customers.read"
) -> QuerySet[PortfolioRow]:
    """Return the rows of a listing on which the member has the ability and which he may read. No query of its own.

    :raises ListError: the listing uses what the member does not see.
    """
    checked(listing, visible_fields(member))
    rows = portfolio_of(member)
    if ability != "customers.read":
        rows = rows & portfolio_of(member, ability)
    tree = None if listing.tree is None else _of(listing.tree, member)
    return chosen(rows, tree=tree, text=listing.text, as_of=as_of)


def _of(tree: Tree, member: Member) -> Tree:
    """Return the tree with the member in the place of "me"."""
    match tree:
        case Condition(field="owner", value=value) if value is not None:
            asked = value if isinstance(value, tuple) else (value,)
            put = tuple(str(member.pk) if one == ME else str(one) for one in asked)
            return replace(tree, value=put if isinstance(value, tuple) else put[0])
        case Condition():
            return tree
        case Not(part):
            return Not(_of(part, member))
        case AllOf(parts):
            return AllOf(tuple(_of(part, member) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(_of(part, member) for part in parts))


def columns_of(columns: tuple[str, ...]) -> list[str]:
    """Return the stored columns that rows of a listing need to be shown and told apart, for `QuerySet.only`."""
    stored = ["customer_id", "key", "name", "currency", "name_sort", "owner_id", "parent_id"]
    for key in columns:
        stored.append(COLUMNS[key])
    if "band" in columns:
        stored += ["score", "scores_13w"]
    return list(dict.fromkeys(stored))


def values_of(member: Member, key: str, *, limit: int = 200) -> list[str]:
    """Return the values that a text or choice field has among the member's customers, in order; one query."""
    column = COLUMNS[key]
    rows = portfolio_of(member).filter(**{f"{column}__isnull": False}).order_by(column)
    return [str(value) for value in rows.values_list(column, flat=True).distinct()[:limit]]


def found(member: Member, text: str, *, limit: int = 8) -> list[PortfolioRow]:
    """Return the member's customers that a text finds, those whose name begins with it first; at most two queries."""
    rows = portfolio_of(member).only("customer_id", "key", "name", "tier")
    begins = list(rows.filter(name_sort__startswith=actions.name_sort(text.strip())).order_by("name_sort")[:limit])
    if len(begins) == limit:
        return begins
    others = chosen(rows, tree=None, text=text, as_of=date.min).exclude(pk__in=[row.pk for row in begins])
    return [*begins, *others.order_by("name_sort")[: limit - len(begins)]]
