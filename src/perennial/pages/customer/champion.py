"""The champion of a customer, and whether he fell silent: a part of the usage tab."""

from __future__ import annotations

from fractions import Fraction

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from perennial.lake.champions import LEAD_DAYS, WEEKS
from perennial.pages import tags
from perennial.pages.customer.page import find
from perennial.usage import champions
from perennial.usage.champions import CHANCE, LEAST_GAP, Shown


@require_GET
def page(request: HttpRequest, key: str) -> HttpResponse:
    """Answer who the champion is, why, and how long he has been silent."""
    file = find(request, key)
    found = champions.of_customer(file.customer.pk, file.on)
    return render(request, "customer/champion.html", {
        "customer": file.customer,
        "on": file.on,
        "found": found,
        "verdict": verdict(found),
        "why": why(found),
        "figures": figures(found),
        "definition": _(
            "r = (active weeks of the last %(weeks)d + 1) ÷ %(most)d. An alarm: silent for %(gap)d weeks or more, and "
            "(1 − r)^weeks below %(chance)s; or the contact called champion left. Whether an address bounces or a user "
            "was switched off is not known here."
        ) % {"weeks": WEEKS, "most": WEEKS + 2, "gap": LEAST_GAP, "chance": tags.percent(CHANCE)},
    })  # fmt: skip


def verdict(found: Shown) -> tuple[str, str]:
    """Return the champion's state in a sentence, and its tone."""
    if found.left_on is not None:
        return _("The champion left on %(day)s, and nobody is called so since.") % {
            "day": tags.day(found.left_on)
        }, "bad"
    if found.user is None:
        return _("No champion: no contact called so is known to use the product, and nobody leads its use."), ""
    if found.is_silent:
        return _("Silent for %(weeks)s: that is not chance.") % {"weeks": weeks(found.gap)}, "bad"
    if found.gap:
        return _("Silent for %(weeks)s: that may be chance.") % {"weeks": weeks(found.gap)}, "watch"
    return _("Active in the last 7 days."), "good"


def weeks(gap: int) -> str:
    """Write a gap; what is longer than is looked back is not told apart."""
    if gap >= WEEKS:
        return _("%(weeks)d weeks or more") % {"weeks": WEEKS}
    return ngettext("%(count)d week", "%(count)d weeks", gap) % {"count": gap}


def why(found: Shown) -> str:
    """Say why this user is the champion."""
    said = []
    if found.called:
        said.append(_("Called champion, but no user has the address or id: %(names)s.")
                    % {"names": _(", ").join(found.called)})  # fmt: skip
    if found.user is not None and found.is_called:
        said.append(_("A contact is called champion, and the user's address or id is his."))
    elif found.user is not None:
        said.append(_("Leads the use of the last %(days)d days: no contact called champion is known among the users.")
                    % {"days": LEAD_DAYS})  # fmt: skip
    return " ".join(said)


def figures(found: Shown) -> list[tuple[str, str]]:
    """Return what the verdict is made of, each with its name; nothing without a champion."""
    if found.user is None:
        return []
    silence = tags.percent(found.silence, 2) if found.silence >= Fraction(1, 10_000) else _("below 0.01%")
    later = _("counted once a champion metric is adopted in Settings → Metrics")
    admin = _share(found.of_admin) if found.tells_admin else later
    return [
        (_("Share of core events"), _share(found.of_core)),
        (_("Share of acts of administration"), admin),
        (_("Active weeks"), _("%(weeks)d of %(most)d") % {"weeks": found.weeks, "most": WEEKS}),
        (_("Weekly rate r"), tags.number(found.rate, 4)),
        (_("Gap"), weeks(found.gap)),
        *([(_("By chance"), silence)] if found.gap else []),
    ]


def _share(share: Fraction | None) -> str:
    return _("nobody has any") if share is None else tags.percent(share, 1)
