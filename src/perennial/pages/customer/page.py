"""The customer file (一客一档): head, tabs, and the older part of the time line. A tab alone answers htmx."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from perennial.contracts.terms import NODE_LABELS
from perennial.customers import queries as customers
from perennial.customers.access import customers_of
from perennial.engagement.access import takes_back
from perennial.health.queries import Evidence
from perennial.kernel.organisation.queries import House, house
from perennial.lifecycle.terms import STAGE_LABELS, Stage
from perennial.members import access
from perennial.members.models import Member
from perennial.pages import tags
from perennial.pages.customer import health, usage, words
from perennial.pages.receivables.words import INVOICE_KINDS, INVOICE_STATES
from perennial.pages.today.words import name_of
from perennial.playbooks import away
from perennial.playbooks.models import Task
from perennial.playbooks.terms import Away, Whose
from perennial.reports import customer_contracts, customer_file, timeline
from perennial.reports.customer_file import File

FOLLOWING = frozenset({"overview", "health"})
"""Tabs that are drawn anew when newer figures stand above them: those of figures, in which nobody writes or pages."""
TABS: Mapping[str, Promise] = {
    "overview": _("Overview"),
    "health": _("Health"),
    "people": _("People"),
    "contracts": _("Contracts"),
    "usage": _("Usage"),
    "tickets": _("Tickets"),
    "timeline": _("Timeline"),
}
KINDS: Mapping[str, Promise] = {
    "": _("Everything"),
    "touchpoints": _("Touchpoints"),
    "tickets": _("Tickets"),
    "contracts": _("Contracts"),
    "answers": _("Survey answers"),
    "changes": _("Changes"),
}


def find(request: HttpRequest, key: str, ability: str = "customers.read") -> File:
    """Return the file of the customer for the member.

    :raises Http404: there is no such customer, or the member may not do this with it.
    """
    place: House = getattr(request, "house", None) or house()
    member = cast(Member, access.member_of(request))
    found = customer_file.find(member, key, house=place, on=place.today(timezone.now()), ability=ability)
    if found is None:
        raise Http404
    return found


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
def page(request: HttpRequest, key: str) -> HttpResponse:
    """Show the file; for htmx its tab alone, or the next stretch of the time line. A customer that was merged leads to
    the one that remains."""
    try:
        file = find(request, key)
    except Http404:
        remains = customers.remaining(customers_of(cast(Member, access.member_of(request))), key)
        if remains is None:
            raise
        return redirect("customer", remains)
    tab = tab_of(file, request.GET.get("tab"))
    target = request.headers.get("HX-Target", "")
    if target.endswith("#older"):
        return render(request, "customer/entries.html", _timeline(file, request))
    if target.endswith("#metrics"):
        shown = usage.metrics(file, usage.asked_group(file, request), with_series=True)
        return render(request, "customer/metrics.html", shown)
    if target.endswith("#head"):
        return _newer(request, file, tab)
    if target.endswith("#tab"):
        return render(request, "customer/tab.html", tab_context(request, file, tab))
    return render(request, "customer/page.html", context(request, file, tab))


def _newer(request: HttpRequest, file: File, tab: str) -> HttpResponse:
    """Answer a head that asks again: nothing where nothing was written since, else the head anew, and the tab follows
    where it only shows figures and nobody writes in it."""
    if request.GET.get("seen") == seen(file):
        return HttpResponse(status=204)
    answer = render(request, "customer/head.html", context(request, file, tab))
    if tab in FOLLOWING:
        answer["HX-Trigger"] = "newer"
    return answer


def seen(file: File) -> str:
    """Return when the customer's row was last written: what a page that is open compares."""
    return file.row.updated_at.isoformat()


def tab_of(file: File, asked: str | None) -> str:
    """Return the tab that is asked for, the first one for any that the member has not."""
    return asked if asked in tabs_of(file) else "overview"


def tabs_of(file: File) -> dict[str, Promise]:
    """Return the tabs that the member has."""
    hidden = {"contracts": not file.sees_revenue, "health": "score" not in file.fields}
    return {key: label for key, label in TABS.items() if not hidden.get(key)}


def context(request: HttpRequest, file: File, tab: str) -> dict[str, Any]:
    """Return what the whole file shows."""
    tasks = customer_file.tasks_of(file)
    head = customer_file.head(file, tasks)
    row = file.row
    return {
        **tab_context(request, file, tab, tasks=tasks, scored=head.health),
        "head": head,
        "seen": seen(file),
        "stage": STAGE_LABELS.get(Stage(row.stage)) if row.stage else None,
        "tier": words.choice("tier", row.tier) if row.tier else None,
        "scored": head.health.told if head.health else None,
        "confidence": words.CONFIDENCES.get(head.health.told["confidence"]) if head.health else None,
    }


def tab_context(
    request: HttpRequest,
    file: File,
    tab: str,
    *,
    tasks: list[Task] | None = None,
    scored: Evidence | None = None,
) -> dict[str, Any]:
    """Return what one tab shows; what the head has read already is not read again."""
    base = {
        "file": file, "row": file.row, "customer": file.customer, "fields": file.fields, "today": file.on,
        "currency": file.house.currency, "tab": tab, "tabs": tabs_of(file).items(),
        "template": f"customer/{tab}.html",
        "may_edit": file.may("customers.edit"), "may_log": file.may("touchpoints.edit"),
        "may_task": file.may("tasks.edit"), "may_assign": file.may("customers.assign"),
        "may_import": access.may(file.member, "imports.run"), "labels": words.labels(),
    }  # fmt: skip
    if tab == "overview":
        return base | _overview(file, tasks, scored)
    if tab == "health":
        judged = {"pulses": customer_file.pulses(file), "takes_back": takes_back(file.member, file.row)}
        return base | health.context(file, customer_file.scored(file) if tasks is None else scored) | judged
    if tab == "timeline":
        return base | _timeline(file, request)
    if tab == "usage":
        return base | usage.context(file, request)
    return base | _TAB_PARTS[tab](file)


def _overview(file: File, tasks: list[Task] | None, scored: Evidence | None) -> dict[str, Any]:
    if tasks is None:
        tasks = customer_file.tasks_of(file)
        scored = customer_file.scored(file)
    found = customer_file.overview(file, tasks)
    custom = [(key, tags.UNKNOWN if value is None else value) for key, value in file.customer.custom.items()]
    return {
        **health.context(file, scored),
        "overview": found,
        "reasons": [(one.rule, *words.reason(one, file.row.currency)) for one in found.reasons],
        "away": [(one, name_of(one.rule)) for one in _away(file)],
        "takes_back": takes_back(file.member, file.row),
        "custom": custom,
    }


def _away(file: File) -> list[Away]:
    return away.put_away(file.member, on=file.on, whose=Whose.ALL, customer_id=file.customer.pk)


def _people(file: File) -> dict[str, Any]:
    return {"people": customer_file.people(file), "rungs": list(enumerate(words.RUNGS))}


def _contracts(file: File) -> dict[str, Any]:
    return {
        "contracts": customer_contracts.contracts_tab(file),
        "nodes": NODE_LABELS,
        "invoice_kinds": INVOICE_KINDS,
        "invoice_states": INVOICE_STATES,
        "may_contract": file.may("contracts.edit"),
        "may_collect": file.may("receivables.edit"),
    }


def _tickets(file: File) -> dict[str, Any]:
    return {"tickets": customer_file.tickets(file)}


def _timeline(file: File, request: HttpRequest) -> dict[str, Any]:
    asked = request.GET.get("kind", "")
    kind = timeline.Kind(asked) if asked in set(timeline.Kind) else None
    try:
        found = timeline.page(file, kind=kind, mark=request.GET.get("after"))
    except timeline.BadMarkError as error:
        raise Http404 from error
    kinds = [(key, label) for key, label in KINDS.items() if key != "contracts" or file.sees_revenue]
    return {"timeline": found, "kind": kind or "", "kinds": kinds, "file": file, "today": file.on,
            "labels": words.labels(), "customer": file.customer, "amendments": words.AMENDMENTS,
            "takes_back": takes_back(file.member, file.row)}  # fmt: skip


_TAB_PARTS: Mapping[str, Callable[[File], dict[str, Any]]] = {
    "people": _people, "contracts": _contracts, "tickets": _tickets,
}  # fmt: skip
