"""The room that an address means, and the answer of its forms."""

from __future__ import annotations

from datetime import date
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from perennial.kernel.organisation.queries import house
from perennial.members import access
from perennial.members.models import Member
from perennial.reports import renewal_room
from perennial.reports.renewal_room import Room


def room_of(request: HttpRequest, key: str, due: str) -> Room:
    """Return the room of the address.

    :raises Http404: no such day, no term that ends on it, or a customer that the member does not see.
    """
    try:
        due_on = date.fromisoformat(due)
    except ValueError as unreadable:
        raise Http404 from unreadable
    member, place = cast(Member, access.member_of(request)), getattr(request, "house", None) or house()
    found = renewal_room.room(member, key, due_on, at=timezone.now(), place=place)
    if found is None:
        raise Http404
    return found


def done(request: HttpRequest, text: str, *, undo: str = "", is_good: bool = True) -> HttpResponse:
    """Answer a form in the dialog: the page is loaded anew and says what was done, or was not; `undo`: the address at
    which it is taken back."""
    (messages.success if is_good else messages.error)(request, text, extra_tags=undo)
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})
