"""Who asks a page, when, in the house as it stands: what every page's choice begins with."""

from __future__ import annotations

from datetime import date
from typing import cast

from django.http import HttpRequest
from django.utils import timezone

from perennial.kernel.organisation.queries import House, house
from perennial.members import access
from perennial.members.models import Member


class Asking:
    """The member who asks, the instant, the house and its day."""

    def __init__(self, request: HttpRequest) -> None:
        self.member = cast(Member, access.member_of(request))
        self.at = timezone.now()
        self.place: House = getattr(request, "house", None) or house()
        self.today: date = self.place.today(self.at)
