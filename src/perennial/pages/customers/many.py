"""Changes to many customers: asked first with a count, then done, then undone on request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from perennial.customers import bulk, merging, queries
from perennial.customers.actions import CustomerError
from perennial.customers.terms import ListError
from perennial.members import access
from perennial.members import queries as members
from perennial.members.access import OWNS_CUSTOMERS
from perennial.pages.customers.page import Asked, table

SHOWN = 5
Change = Callable[[Asked, list[int]], tuple[int, str]]


@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    """Give the selected customers (or all that match) to another CSM."""
    return _change(request, "assign", "customers.assign", _assign)


@require_POST
def tag(request: HttpRequest) -> HttpResponse:
    """Add a tag to the selected customers (or all that match)."""
    return _change(request, "tag", "customers.edit", _tag)


@require_POST
def merge(request: HttpRequest) -> HttpResponse:
    """Let the selected customers become one of them."""
    return _change(request, "merge", "customers.edit", _merge)


def _change(request: HttpRequest, kind: str, ability: str, change: Change) -> HttpResponse:
    asked = Asked(request, request.POST)
    try:
        every = asked.rows(ability)
        selected = every.filter(key__in=request.POST.getlist("row")[: bulk.MOST])
        if "confirmed" not in request.POST:
            return render(request, "customers/bulk.html", _confirmation(asked, kind, every, selected))
        rows = every[: bulk.MOST + 1] if request.POST.get("all") and kind != "merge" else selected
        entry, text = change(asked, list(rows.values_list("customer_id", flat=True)))
    except (ListError, CustomerError) as error:
        return _toast(HttpResponse(status=204), str(error), kind="bad")
    response = table(request, asked)
    return _toast(response, text, kind="good", undo=reverse("customers_undo", args=[entry]))


def _confirmation(asked: Asked, kind: str, every: Any, selected: Any) -> dict[str, Any]:
    chosen = list(selected.order_by("name_sort").values_list("key", "name"))
    largest = [F(key).desc(nulls_last=True) for key in ("mrr", "active_users_28d") if key in asked.fields]
    remains = selected.order_by(*largest, "name_sort")
    return {
        "kind": kind,
        "url": reverse(f"customers_{kind}"),
        "count": len(chosen),
        "keys": [key for key, _name in chosen],
        "names": [name for _key, name in chosen[:SHOWN]],
        "more": max(0, len(chosen) - SHOWN),
        "total": every.count(),
        "most": bulk.MOST,
        "members": members.who_may(OWNS_CUSTOMERS) if kind == "assign" else [],
        "candidates": list(remains.values_list("key", "name")[: merging.MOST]) if kind == "merge" else [],
    }


def _assign(asked: Asked, ids: list[int]) -> tuple[int, str]:
    to = asked.query.get("to", "")
    if to != "nobody" and not (to.isdecimal() and len(to) < 10):
        raise CustomerError(_("Choose who shall own these customers."))
    member_id = None if to == "nobody" else int(to)
    entry, count = bulk.assign(customer_ids=ids, member_id=member_id, by=asked.member.pk, at=timezone.now())
    text = ngettext("%(count)s customer has a new CSM.", "%(count)s customers have a new CSM.", count)
    return entry, text % {"count": count}


def _tag(asked: Asked, ids: list[int]) -> tuple[int, str]:
    entry, count = bulk.add_tag(customer_ids=ids, tag=asked.query.get("tag", ""), by=asked.member.pk, at=timezone.now())
    text = ngettext("%(count)s customer got the tag.", "%(count)s customers got the tag.", count)
    return entry, text % {"count": count}


def _merge(asked: Asked, ids: list[int]) -> tuple[int, str]:
    into = queries.ids_of_keys([asked.query.get("into", "")])
    if not set(into.values()) <= set(ids):
        raise Http404
    entry, count = merging.merge_all(
        customer_ids=ids, into=next(iter(into.values()), 0), by=asked.member.pk, at=timezone.now()
    )
    # The customer that remains is one of them: what is said is how many left the list.
    text = ngettext("%(count)s customer counts for the other one now.",
                    "%(count)s customers count for the one that remains now.", count)  # fmt: skip
    return entry, text % {"count": count}


@require_POST
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Take back an own change to many; the page is shown anew."""
    member = access.member_of(request)
    count = None if member is None else bulk.undo(entry_id=number, by=member.pk, at=timezone.now())
    if count is None:
        raise Http404
    text = ngettext("Undone: %(count)s customer is as before.", "Undone: %(count)s customers are as before.", count)
    messages.success(request, text % {"count": count})
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


def _toast(response: HttpResponse, text: str, *, kind: str, undo: str = "") -> HttpResponse:
    response.headers["HX-Trigger"] = json.dumps({"toast": {"text": text, "kind": kind, "undo": undo}})
    return response
