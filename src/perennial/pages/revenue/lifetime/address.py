"""What an address of lifetime value asks for: `?by=channel`, and with `value` one part of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from perennial.pages.revenue.opening import book_of, member_of
from perennial.reports import lifetime, lifetime_waiting
from perennial.reports.lifetime import Dimension, Group, Told
from perennial.reports.revenue import Book


@dataclass(frozen=True)
class Asked:
    """What an address asks for: the ledger as its member sees it, told apart by what, and which part (None: all)."""

    book: Book
    by: Dimension
    offered: list[Dimension]
    is_whole: bool
    value: str | None

    @classmethod
    def of(cls, request: HttpRequest) -> Asked:
        """Read an address; a dimension that the member does not see is as if it were not there."""
        member = member_of(request)
        offered = lifetime.dimensions_of(member)
        named = request.GET.get("by", offered[0].value)
        by = Dimension(named) if named in {one.value for one in offered} else offered[0]
        return cls(book_of(request), by, offered, lifetime.sees_all(member), request.GET.get("value"))

    def told(self) -> Told | None:
        """Return lifetime value, and have curves fitted that are missing."""
        found = lifetime.told(self.book, self.by, is_whole=self.is_whole)
        if found is not None and found.pending:
            lifetime_waiting.have_fitted(found.pending, at=timezone.now())
        return found

    def group(self, found: Told | None) -> Group | None:
        """Return the part that is asked for; None where nobody ever paid.

        :raises Http404: nobody is of it.
        """
        if self.value is None:
            return found.whole if found else None
        group = next((one for one in found.parts if one.value == self.value), None) if found else None
        if group is None:
            raise Http404
        return group

    def query(self, **more: str) -> str:
        """Return the address' query, with more."""
        named = {"by": self.by.value} | ({} if self.value is None else {"value": self.value})
        return urlencode({**named, **more})

    def of_part(self, value: str | None) -> Asked:
        """Return the same question about a part, or about all."""
        return replace(self, value=value)

    def opens(self, figure: str) -> str:
        """Return the address at which a number opens."""
        return f"{reverse('revenue_lifetime_explanation')}?{self.query(figure=figure)}"

    def told_by(self, by: Dimension) -> str:
        """Return the query of all customers, told apart by something else."""
        return replace(self, by=by, value=None).query()
