"""What a renewals address asks for: `?whose=mine`, `segment=SMB`, `from=2026-04` (the first month). What cannot be read
is as if it were not there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from urllib.parse import urlencode

from django.http import HttpRequest

from perennial.kernel.periods import Period, add_months
from perennial.pages.asking import Asking
from perennial.pages.revenue.address import month_at
from perennial.playbooks import queries as playbooks
from perennial.playbooks.terms import Whose
from perennial.reports import renewals
from perennial.reports.renewals import Board

STEP = 6
"""So many months the board moves at once."""


@dataclass(frozen=True)
class Chosen:
    """The choice; `since` None is the usual span."""

    whose: Whose
    segment: str = ""
    since: date | None = None

    def query(self, **other: object) -> str:
        """Return the choice as an address' query, with something chosen otherwise."""
        one = replace(self, **other)  # type: ignore[arg-type]
        asked = {"whose": one.whose.value, "segment": one.segment,
                 "from": f"{one.since:%Y-%m}" if one.since else ""}  # fmt: skip
        return urlencode({key: value for key, value in asked.items() if value})


class Asked(Asking):
    """The member who asks, what he chose, and the board as he sees it."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        month = month_at(request.GET.get("from", ""))
        self.choices = playbooks.choices(self.member)
        whose = next((one for one in self.choices if one.value == request.GET.get("whose")), None)
        self.chosen = Chosen(whose or playbooks.usual(self.member), request.GET.get("segment", "")[:100],
                             month.since if month else None)  # fmt: skip

    @property
    def span(self) -> Period | None:
        """Return the months that are asked for; None for the usual ones."""
        since = self.chosen.since
        return None if since is None else Period(since, add_months(since, renewals.MONTHS))

    @cached_property
    def board(self) -> Board | None:
        """Return the board; None before anything was computed."""
        return renewals.board(self.member, at=self.at, span=self.span, whose=self.chosen.whose,
                              segment=self.chosen.segment, place=self.place)  # fmt: skip
