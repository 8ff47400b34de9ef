"""The funnel: features in an order, how many customers come through, and who stops where.

`?step=a&step=b&within=28` names the steps; `&at=2` opens the second one, `&has=no` those that stopped before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from perennial.members import access
from perennial.pages import tags
from perennial.pages.files import TYPES, download
from perennial.pages.usage.frame import MOST_LISTED, Asking, nothing, who_cells, who_headings
from perennial.reports import sheets, usage_features, usage_funnel
from perennial.reports.usage_features import Base
from perennial.reports.usage_funnel import BACK, MOST_STEPS, WITHIN, Funnel

LONGEST = 200


FIRST_STEPS = 3
"""Where nobody chose yet, so many of the most used features, that of most customers first."""


@dataclass(frozen=True)
class Chosen:
    """The steps in their order, and how many days a customer has for all of them."""

    steps: tuple[str, ...]
    within: int

    def query(self, **more: str) -> str:
        """Return the choice as an address' query."""
        return urlencode([*(("step", one) for one in self.steps), ("within", self.within), *more.items()])


def read(query: QueryDict) -> Chosen:
    """Return what an address asks for: at most four steps, and one of the offered windows."""
    steps = tuple(one[:LONGEST] for one in query.getlist("step") if one)[:MOST_STEPS]
    within = query.get("within", "")
    return Chosen(steps, int(within) if within in {str(one) for one in WITHIN} else 28)


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show the funnel of the address, or one step of it opened. Five queries at most."""
    asking = Asking.of(request)
    if asking.on is None:
        return nothing(request, asking, "usage_funnel")
    base, chosen = usage_features.base_of(asking.member), read(request.GET)
    used = [] if "at" in request.GET else [one.feature for one in usage_features.adoption(base, asking.on)]
    is_own = "step" in request.GET
    if not is_own:
        chosen = replace(chosen, steps=tuple(used[:FIRST_STEPS]))
    found = usage_funnel.funnel(base, chosen.steps, on=asking.on, within=chosen.within) if chosen.steps else None
    if found is not None and "at" in request.GET:
        return _one(request, asking, base, chosen, found)
    offered = sorted({*used, *chosen.steps})
    return render(request, "usage/funnel.html", {
        **asking.context("usage_funnel"),
        "base": base,
        "back": BACK,
        "chosen": chosen,
        "is_proposed": bool(found) and not is_own,
        "offered": offered,
        "slots": [(place + 1, chosen.steps[place] if place < len(chosen.steps) else "") for place in range(MOST_STEPS)],
        "windows": [(one, ngettext("within %(n)s day", "within %(n)s days", one) % {"n": one}) for one in WITHIN],
        "steps": [(place, one, f"?{chosen.query(at=str(place))}", tags.percent(one.of_first),
                   tags.percent(one.of_before))
                  for place, one in enumerate(found.steps, start=1)] if found else [],
        "largest": found.steps[0].customers if found else 0,
        "export": f"{reverse('usage_funnel_export')}?{chosen.query()}",
    })  # fmt: skip


def _one(request: HttpRequest, asking: Asking, base: Base, chosen: Chosen, found: Funnel) -> HttpResponse:
    asked, has = request.GET["at"], request.GET.get("has") != "no"
    if asked not in {str(place) for place in range(1, len(chosen.steps) + 1)}:
        raise Http404
    at = int(asked)
    everybody = usage_funnel.customers_of(base, found)
    came = [one for one in everybody if one.steps >= at]
    stopped = [one for one in everybody if one.steps == at - 1]
    rows = came if has else stopped
    choices = [(f"?{chosen.query(at=asked)}", _("Came to it"), len(came), has)]
    if at > 1:
        choices.append((f"?{chosen.query(at=asked, has='no')}", _("Stopped before it"), len(stopped), not has))
    return render(request, "usage/funnel_step.html", {
        **asking.context("usage_funnel"),
        "feature": chosen.steps[at - 1],
        "choices": choices,
        "chain": " → ".join(chosen.steps[:at]),
        "within": chosen.within,
        "rows": [(one, chosen.steps[one.steps - 1]) for one in rows[:MOST_LISTED]],
        "left": max(0, len(rows) - MOST_LISTED),
        "whole": f"?{chosen.query()}",
        "export": f"{reverse('usage_funnel_export')}?{chosen.query(at=asked)}",
    })  # fmt: skip


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer the funnel as a file, or with `at` every customer that began and how far it came."""
    asking, format, chosen = Asking.of(request), request.POST.get("format", sheets.CSV), read(request.GET)
    if not access.may(asking.member, "exports.run") or format not in TYPES or asking.on is None or not chosen.steps:
        raise Http404
    base = usage_features.base_of(asking.member, leaving=True)
    found = usage_funnel.funnel(base, chosen.steps, on=asking.on, within=chosen.within)
    rows: list[list[sheets.Cell]]
    if "at" in request.GET:
        owners = asking.sees_owners
        headings = [*who_headings(owners=owners), _("Steps"), _("Last step")]
        rows = [[*who_cells(one, owners=owners), one.steps, chosen.steps[one.steps - 1]]
                for one in usage_funnel.customers_of(base, found)]  # fmt: skip
    else:
        headings = [_("Step"), _("Customers"), _("Of the first step"), _("Of the step before")]
        rows = [[one.feature, one.customers, _exact(one.of_first), _exact(one.of_before)] for one in found.steps]
    notes = [(_("91 days up to"), asking.on.isoformat()), (_("Days for all steps"), str(chosen.within))]
    return download(
        sheets.Sheet(headings, rows, notes), format=format, name=f"usage-funnel-{asking.on}", kind="usage.exported",
        member=asking.member, asked={"steps": list(chosen.steps), "within": chosen.within},
    )  # fmt: skip


def _exact(share: Fraction | None) -> Decimal | None:
    return None if share is None else round(Decimal(share.numerator) / share.denominator, 4)
