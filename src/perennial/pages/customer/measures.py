"""How the file says the measures of the scorecard: values with their units, ticks, what would make one known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, ngettext

from perennial.customers.own_fields import own_fields
from perennial.customers.terms import Unit
from perennial.pages import tags
from perennial.pages.customer.words import RUNGS

PERCENT = frozenset({"seats_used_28d", "trend_28d", "top_user_share_28d"})
_IMPORT_USAGE = gettext_lazy("Import usage events or daily counts, or send them over the API.")
_IMPORT_TICKETS = gettext_lazy("Import the tickets of the help desk.")
ADVICE: Mapping[str, tuple[str | Promise, str]] = {
    "overdue_tickets": (_IMPORT_TICKETS, "import"),
    "open_tickets": (_IMPORT_TICKETS, "import"),
    "csat": (gettext_lazy("Ask how satisfied they are with support, and import the answers."), "import"),
    "nps": (gettext_lazy("Ask whether they would recommend us, and import the answers."), "import"),
    "touch_ratio": (gettext_lazy("Log the next call, visit, meeting or message."), "log"),
    "level_1_rung": (gettext_lazy("Add who decides the contract, and how far the relationship has come."), "contact"),
    "overdue_days": (gettext_lazy("Import the receivables."), "import"),
    "renewal_days_behind": (gettext_lazy("Import the contracts with the days on which they end."), "import"),
    "pulse": (gettext_lazy("Say how you judge the customer, from 1 to 5, and why."), "log"),
    "inspection_days": (gettext_lazy("Log the next inspection."), "log"),
    **dict.fromkeys(
        ("mrr", "arr", "seats", "renewal_arr", "tenure_days"), (gettext_lazy("Import the contracts."), "import")
    ),
    "overdue_amount": (gettext_lazy("Import the receivables."), "import"),
    "seats_used_28d": (gettext_lazy("Import usage that names its users, and contracts with their seats."), "import"),
    "top_user_share_28d": (gettext_lazy("Import usage that names its users."), "import"),
}
"""What makes a measure known, and where: "import", "log" or "contact". Every other measure is usage."""


def advice(key: str) -> tuple[str | Promise, str]:
    """Return what would make a measure known, and the kind of the step."""
    return ADVICE.get(key, (_IMPORT_USAGE, "import"))


def value(key: str, raw: float | None) -> str:
    """Write the raw value of a measure with its unit; a dash for unknown."""
    if raw is None:
        return tags.UNKNOWN
    if key in PERCENT or _own_unit(key) is Unit.RATIO:
        return tags.percent(raw)
    if _own_unit(key) is Unit.DAYS:
        return _days(raw)
    said = _SAID.get(key)
    return said(raw) if said else _plain(raw)


def tick(key: str, raw: float) -> str:
    """Write a value along the axis of a curve: without its unit, but for a percentage."""
    return tags.percent(raw) if key in PERCENT or _own_unit(key) is Unit.RATIO else _plain(raw)


def _own_unit(key: str) -> Unit | None:
    """Return the unit of a metric of one's own, None for a measure that ships."""
    own = own_fields().get(key)
    return own.unit if own else None


def _plain(raw: float) -> str:
    return tags.number(Decimal(str(raw)), 0 if float(raw).is_integer() else 1)


def _days(raw: float) -> str:
    return ngettext("%(n)s day", "%(n)s days", round(raw)) % {"n": _plain(raw)}


def _tickets(raw: float) -> str:
    return ngettext("%(n)s ticket", "%(n)s tickets", round(raw)) % {"n": _plain(raw)}


def _users(raw: float) -> str:
    return ngettext("%(n)s user", "%(n)s users", round(raw)) % {"n": _plain(raw)}


def _rung(raw: float) -> str:
    """0: contacts are kept, and none is level 1; else 1 (stranger) to 5."""
    if not raw:
        return gettext("no level-1 contact")
    rung = RUNGS[min(int(raw), len(RUNGS)) - 1]
    return gettext("%(n)s of %(most)s: %(rung)s") % {"n": _plain(raw), "most": len(RUNGS), "rung": rung}


_SAID: Mapping[str, Callable[[float], str]] = {
    "breadth_28d": lambda n: ngettext("%(n)s feature", "%(n)s features", round(n)) % {"n": _plain(n)},
    "logins_7d": lambda n: ngettext("%(n)s login", "%(n)s logins", round(n)) % {"n": _plain(n)},
    "depth_28d": lambda n: gettext("%(n)s events a day") % {"n": _plain(n)},
    "errors_28d": lambda n: gettext("%(n)s in 1,000 events") % {"n": _plain(n)},
    "csat": lambda n: gettext("%(n)s of %(most)s") % {"n": _plain(n), "most": 5},
    "nps": lambda n: gettext("%(n)s of %(most)s") % {"n": _plain(n), "most": 10},
    "touch_ratio": lambda n: gettext("%(n)s × the rhythm") % {"n": _plain(n)},
    "level_1_rung": _rung,
    "active_users_7d": _users, "active_users_28d": _users,
    "overdue_tickets": _tickets, "open_tickets": _tickets,
    "days_since_last": _days, "overdue_days": _days, "renewal_days_behind": _days,
    "inspection_days": _days, "tenure_days": _days,
}  # fmt: skip
