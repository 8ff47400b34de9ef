"""What stands around every page: the ways to the other pages, the saved views, the member and the as-of day.

Nothing is read before a template asks for it, so that a partial costs no query; a whole page costs five.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from perennial.customers import queries as customers
from perennial.kernel.organisation.queries import House, house
from perennial.members import access
from perennial.members.models import Member
from perennial.playbooks import queries as playbooks


@dataclass(frozen=True)
class Way:
    """A page in the sidebar: its address by name, and the ability without which it is not shown."""

    name: str
    label: Promise
    icon: str
    ability: str | None = None


BELONGS = {
    "customer": "customers", "contract": "customers", "import": "imports", "forecast": "revenue", "renewal": "renewals",
}  # fmt: skip
"""The page of the sidebar that an address belongs to, by the first word of its name, where that is another one."""
WAYS = (
    Way("today", _("Today"), "sun", "customers.read"),
    Way("customers", _("Customers"), "building-2", "customers.read"),
    Way("revenue", _("Revenue"), "chart-no-axes-column", "revenue.read"),
    Way("renewals", _("Renewals"), "refresh-cw", "revenue.read"),
    Way("evidence", pgettext_lazy("navigation", "Evidence"), "target", "revenue.read"),
    Way("receivables", _("Receivables"), "hand-coins", "revenue.read"),
    Way("usage", pgettext_lazy("navigation", "Usage"), "activity", "customers.read"),
    Way("weekly", _("Weekly meeting"), "users", "revenue.read"),
    Way("imports", _("Import"), "file-up", "imports.run"),
    Way("settings", _("Settings"), "settings"),
)


@dataclass(frozen=True)
class Entry:
    """A line of the sidebar. `count` None: this page counts nothing; `name` is the page's, "" for a saved view."""

    url: str
    label: str
    icon: str
    is_current: bool
    count: int | None = None
    name: str = ""


class Frame:
    """The frame of one page; each part is read when a template first asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def member(self) -> Member | None:
        return access.member_of(self.request)

    @property
    def theme(self) -> str:
        """Return light, dark or system: the member's choice."""
        return self.member.theme if self.member else "system"

    @cached_property
    def house(self) -> House:
        return getattr(self.request, "house", None) or house()

    @property
    def organisation(self) -> str:
        return self.house.name

    @property
    def as_of(self) -> date:
        """Return the as-of day: every figure of the page stands on it."""
        return self.house.today(timezone.now())

    @cached_property
    def nav(self) -> list[Entry]:
        """Return the pages that the member may open."""
        return [
            Entry(url=reverse(way.name), label=str(way.label), icon=way.icon, is_current=way.name == self._page,
                  count=self._waiting if way.name == "today" else None, name=way.name)
            for way in WAYS
            if self.member is not None and (way.ability is None or access.may(self.member, way.ability))
        ]  # fmt: skip

    @cached_property
    def _waiting(self) -> int:
        """Return how many customers and tasks wait for the member today."""
        return playbooks.today_count(self.member, self.as_of) if self.member else 0

    @cached_property
    def views(self) -> list[Entry]:
        """Return the member's saved views of the customer list and those that colleagues share."""
        if self.member is None:
            return []
        address, current = reverse("customers"), self.request.GET.get("view")
        return [
            Entry(url=f"{address}?view={view.id}", label=view.name, icon="bookmark", is_current=current == str(view.id))
            for view in customers.saved_views(member_id=self.member.pk)
        ]

    @property
    def here(self) -> str:
        """Return the name of the page where one is, "" where the sidebar has no such page."""
        return next((entry.label for entry in self.nav if entry.is_current), "")

    @property
    def _page(self) -> str:
        match = self.request.resolver_match
        name = (match.url_name or "") if match else ""
        first = name.split("_")[0]
        return BELONGS.get(first, first)


def frame(request: HttpRequest) -> dict[str, Frame]:
    """Give every template its frame (a context processor)."""
    return {"frame": Frame(request)}
