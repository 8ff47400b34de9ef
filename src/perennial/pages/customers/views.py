"""Saved views: a listing under a name; own ones can be changed, shared and deleted."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from perennial.customers import saved
from perennial.customers.terms import ListError
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.customers.page import Asked, leading


def _at(view_id: int) -> str:
    return f"{reverse('customers')}?view={view_id}"


@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Keep the present listing as a new view."""
    asked = Asked(request, request.POST)
    try:
        view_id = saved.save(
            member_id=asked.member.pk, name=request.POST.get("name", ""), listing=asked.listing,
            shared=bool(request.POST.get("shared")), at=timezone.now(),
        )  # fmt: skip
    except saved.SavedViewError as error:
        messages.error(request, str(error))
        return leading(asked.address())
    except ListError as error:
        return render(request, "customers/refused.html", {"reason": str(error)}, status=400)
    messages.success(request, _("The view is saved."))
    return leading(_at(view_id))


@require_POST
def change(request: HttpRequest, view_id: int) -> HttpResponse:
    """Rename an own view, share it or take it back."""
    member = cast(Member, access.member_of(request))
    name, shared = request.POST.get("name", ""), bool(request.POST.get("shared"))
    try:
        done = saved.change(view_id=view_id, member_id=member.pk, name=name, shared=shared)
    except saved.SavedViewError as error:
        messages.error(request, str(error))
        return redirect(_at(view_id))
    if not done:
        raise Http404
    messages.success(request, _("The view is changed."))
    return redirect(_at(view_id))


@require_POST
def keep(request: HttpRequest, view_id: int) -> HttpResponse:
    """Keep the present listing in an own view."""
    asked = Asked(request, request.POST)
    try:
        done = saved.overwrite(view_id=view_id, member_id=asked.member.pk, listing=asked.listing)
    except ListError as error:
        return render(request, "customers/refused.html", {"reason": str(error)}, status=400)
    if not done:
        raise Http404
    messages.success(request, _("The view keeps the changes."))
    return leading(_at(view_id))


@require_POST
def delete(request: HttpRequest, view_id: int) -> HttpResponse:
    """Delete an own view (asked for in the browser first)."""
    member = cast(Member, access.member_of(request))
    if not saved.delete(view_id=view_id, member_id=member.pk):
        raise Http404
    messages.success(request, _("The view is deleted. Its customers are where they were."))
    return leading(reverse("customers"))
