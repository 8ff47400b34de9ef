"""The figures of a group as texts, each with its interval."""

from __future__ import annotations

from decimal import Decimal

from django.utils.html import format_html
from django.utils.translation import gettext as _

from perennial.pages.tags import UNKNOWN, money, number
from perennial.reports.lifetime import Group


def label_of(value: str) -> str:
    """Return what a part is called."""
    return value or _("Not known")


def texts(group: Group, currency: str) -> dict[str, tuple[str, str]]:
    """Return each figure as text, with its interval or what it stands on."""
    low, high = group.worth_interval or (None, None)
    value = money(group.worth, currency)
    years = number(Decimal(str(round(group.years, 2))), 2) if group.ages.points else UNKNOWN
    cost = group.cost.each if group.cost else None
    return {
        "worth": (format_html(_("at least {value}"), value=value) if group.is_floor and low is not None else value,
                  between(money(low, currency), money(high, currency)) if low is not None else ""),
        "years": (years, between(*(number(Decimal(str(round(one, 2))), 2) for one in group.years_interval))
                  if group.ages.points else ""),
        "revenue": (money(group.revenue, currency), ""),
        "cost": (money(cost, currency), ""),
        "payback": (months(group.payback), ""),
        "ratio": (times(group.ratio),
                  format_html(_("at least {value}"), value=times(group.ratio_low)) if group.ratio else ""),
    }  # fmt: skip


def between(low: str, high: str) -> str:
    """Write an interval."""
    return format_html(_("{first} to {last}"), first=low, last=high)


def months(value: float | None) -> str:
    """Write a number of months."""
    return UNKNOWN if value is None else _("%(n)s months") % {"n": number(Decimal(str(round(value, 1))), 1)}


def times(value: float | None) -> str:
    """Write how many times: 3.4×."""
    return UNKNOWN if value is None else f"{number(Decimal(str(round(value, 1))), 1)}×"
