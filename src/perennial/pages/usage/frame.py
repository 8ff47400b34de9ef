"""What the analysis pages share: who asks, of which day, the ways between them, and the page without any usage."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Protocol, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from perennial.blueprint.terms import MetricUnit
from perennial.customers.catalogue import Unit
from perennial.kernel.organisation.queries import House, house
from perennial.members import access
from perennial.members.models import Member
from perennial.pages import tags
from perennial.pages.customer import words
from perennial.reports import sheets, usage_metrics
from perennial.reports.usage_asked import Asked
from perennial.reports.usage_metrics import Told
from perennial.reports.usage_parts import Breakdown, Part

MOST_LISTED = 500


class Asking(Asked):
    """Who asks, as a page shows it."""

    @classmethod
    def of(cls, request: HttpRequest) -> Asking:
        """Return who asks and of which day. No query besides the house's."""
        place: House = getattr(request, "house", None) or house()
        return cls.by(cast(Member, access.member_of(request)), place, timezone.now())

    def may(self) -> dict[str, bool]:
        """Return what of the pages the member may do and see."""
        return {
            "owners": self.sees_owners,
            "export": access.may(self.member, "exports.run"),
            "import": access.may(self.member, "imports.run"),
            "send": access.may(self.member, "events.manage"),
        }

    def context(self, here: str) -> dict[str, Any]:
        """Return what every page of the room shows; `here` is its address by name."""
        ways = (
            ("usage", _("Over time")),
            ("usage_features", _("Features")),
            ("usage_cohorts", _("Cohorts")),
            ("usage_funnel", _("Funnel")),
            ("usage_alerts", _("Alerts")),
            ("usage_drift", _("Drift")),
        )
        return {
            "may": self.may(),
            "ways": [(reverse(name), label, name == here) for name, label in ways],
            "on": self.on,
        }


def nothing(request: HttpRequest, asking: Asking, here: str) -> HttpResponse:
    """Say that no usage is known yet, and how it comes."""
    return render(request, "usage/empty.html", asking.context(here))


def written(value: float | None, unit: Unit | MetricUnit, *, is_median: bool = False) -> str:
    """Write a metric's value by its unit; a median always with its tenth, so that a column stands in line. An own
    metric is written as everywhere, with as many decimals as tell its values apart."""
    if value is not None and is_median and unit not in (Unit.RATIO, MetricUnit.RATIO):
        return tags.number(value, 2 if isinstance(unit, MetricUnit) and abs(value) < 10 else 1)
    if isinstance(unit, MetricUnit):
        return tags.measured(value, unit)
    return words.written(None if value is None else round(value, 6), unit, "")


def label_of(part: Part, by: Breakdown) -> str:
    """Return what a part is called."""
    nobody = {Breakdown.OWNER: _("Nobody"), Breakdown.PRODUCT: _("No product")}
    return part.label or nobody.get(by, _("Not known"))


def changed(now: float, before: float) -> str:
    """Write a change as a signed percentage; a dash where there was nothing before."""
    return f"{'+' if now > before else ''}{tags.percent((now - before) / before, 1)}" if before > 0 else tags.UNKNOWN


def over(adds_up: bool) -> str:
    """Say what was done over the customers."""
    return _("Sum over the customers") if adds_up else _("Median of the customers")


def notes_of(metric: Told, on: date) -> list[tuple[str, str]]:
    """Return what a file of a metric stands on."""
    formula = [(_("Formula"), str(metric.formula))] if metric.formula else []
    return [
        (str(metric.label), metric.said),
        *formula,
        (_("Over customers"), over(metric.adds_up)),
        (_("Compiled SQL"), usage_metrics.sql_of(metric.key, on)),
    ]


class _Who(Protocol):
    """A customer as tables name it."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def owner(self) -> str: ...


def who_headings(*, owners: bool) -> list[str]:
    """Return the headings of a file of customers; `owners`: the member may see whose they are."""
    return [_("Key"), _("Customer"), *([_("CSM")] if owners else [])]


def who_cells(one: _Who, *, owners: bool) -> list[sheets.Cell]:
    """Return a customer's cells below these headings."""
    return [one.key, one.name, *([one.owner] if owners else [])]


def exact(value: float | None) -> sheets.Cell:
    """Return a value as a file has it: a whole number as such."""
    if value is None or float(value).is_integer():
        return None if value is None else int(value)
    return Decimal(str(round(value, 6)))
