"""Saved views of the customer list: made, changed and deleted by their owner, seen by all when shared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from perennial.customers.lists import Listing
from perennial.customers.models import SavedView

MOST_VIEWS = 100


class SavedViewError(ValueError):
    """What was asked cannot be done; the message says why and what to do."""


def view_of(*, view_id: int, member_id: int) -> SavedView | None:
    """Return a view that is the member's own or shared, None for any other; one query."""
    return SavedView.objects.filter(Q(member_id=member_id) | Q(shared=True), id=view_id).first()


def data_of(view: SavedView) -> dict[str, object]:
    """Return what `lists.read` reads."""
    return {"tree": view.conditions or None, "text": view.text, "sort": view.sort, "columns": view.columns}


def views_using(keys: Collection[str]) -> Mapping[str, list[SavedView]]:
    """Return the views that show, sort or filter by some fields, by field; one query. A field that none uses has no
    views."""
    found: defaultdict[str, list[SavedView]] = defaultdict(list)
    for view in SavedView.objects.select_related("member").order_by("name", "id"):
        used = {*view.columns, view.sort.removeprefix("-"), *_fields_in(view.conditions)}
        for key in used & set(keys):
            found[key].append(view)
    return found


def _fields_in(conditions: object) -> set[str]:
    """Return the fields of a condition tree as JSON holds it, readable or not."""
    if isinstance(conditions, list):
        return {key for part in conditions for key in _fields_in(part)}
    if not isinstance(conditions, dict):
        return set()
    own = {conditions["field"]} if isinstance(conditions.get("field"), str) else set()
    return own.union(*(_fields_in(part) for part in conditions.values()))


@transaction.atomic
def save(*, member_id: int, name: str, listing: Listing, shared: bool, at: datetime) -> int:
    """Keep a listing under a name, its search text too. Return the view's id.

    :raises SavedViewError: no name, or one that the member uses already.
    """
    name = _name(name, member_id=member_id, but=None)
    if SavedView.objects.filter(member_id=member_id).count() >= MOST_VIEWS:
        raise SavedViewError(_("At most %(most)d views. Delete one first.") % {"most": MOST_VIEWS})
    return SavedView.objects.create(member_id=member_id, name=name, shared=shared, created_at=at, **_kept(listing)).pk


@transaction.atomic
def change(*, view_id: int, member_id: int, name: str, shared: bool) -> bool:
    """Rename an own view, share it or take it back; return whether it is the member's.

    :raises SavedViewError: no name, or one that the member uses already.
    """
    own = SavedView.objects.filter(id=view_id, member_id=member_id)
    if not own.exists():
        return False
    own.update(name=_name(name, member_id=member_id, but=view_id), shared=shared)
    return True


def overwrite(*, view_id: int, member_id: int, listing: Listing) -> bool:
    """Keep another listing under an own view's name; return whether it is the member's."""
    return bool(SavedView.objects.filter(id=view_id, member_id=member_id).update(**_kept(listing)))


def delete(*, view_id: int, member_id: int) -> bool:
    """Delete an own view; return whether it was the member's. Customers are not touched."""
    return bool(SavedView.objects.filter(id=view_id, member_id=member_id).delete()[0])


def _kept(listing: Listing) -> dict[str, object]:
    data = listing.data()
    return {"conditions": data["tree"] or {}, "text": listing.text, "sort": data["sort"], "columns": data["columns"]}


def _name(name: str, *, member_id: int, but: int | None) -> str:
    name = " ".join(name.split())[:80]
    if not name:
        raise SavedViewError(_("A view needs a name."))
    if SavedView.objects.filter(member_id=member_id, name=name).exclude(id=but or 0).exists():
        raise SavedViewError(_("You have a view named %(name)s already.") % {"name": name})
    return name
