"""How an alert is written: what it says, how likely it is by chance, and why it rests."""

from __future__ import annotations

from datetime import date
from math import floor

from django.utils.translation import gettext as _

from perennial.alerts.terms import Kind, Listed, Muted, Trouble
from perennial.pages import tags
from perennial.reports.alerts import Alert, Board

TONES = {Listed.act.value: "bad", Listed.watch.value: "watch"}


def kind_of(found: Alert) -> str:
    """Name what is alarming."""
    return str(Kind(found.one.kind).label)


def listed_of(found: Alert) -> str:
    """Name the list."""
    return str(Listed(found.one.listed).label)


def said(found: Alert) -> str:
    """Say in a few words what was found."""
    one = found.one
    match one.kind:
        case Kind.drop:
            return _("%(users)s users a week lately, usually %(usual)s") % {
                "users": tags.number(one.users, 1), "usual": tags.number(one.usual, 1)}  # fmt: skip
        case Kind.champion_gone:
            return _("The contact called champion left.")
        case Kind.champion_gap:
            return str(_("Away for %(gap)s weeks; active in %(weeks)s of 26") % one.told)
        case _:
            return str(_("Nobody came for %(gap)s weeks; used in %(weeks)s of 26") % one.told)


def chance(p: float | None) -> str:
    """Write how likely it is while nothing changed, as one in so many; a dash where that is no question."""
    return tags.UNKNOWN if not p else _("1 in %(n)s") % {"n": tags.number(floor(1 / p))}


def rest(found: Alert, on: date) -> str:
    """Say until when it rests and why, "" where it does not."""
    if not found.rests(on):
        return ""
    told = {"day": tags.day(found.one.muted_until_on), "why": str(Muted(found.one.muted_why).label)}
    return _("rests until %(day)s: %(why)s") % told


def summary(board: Board) -> str:
    """Say how many of the falls of the week are chance, or why nobody was judged."""
    week = board.week
    if week is None:
        return _("No week was judged yet.")
    if week.trouble:
        return str(Trouble(week.trouble).label)
    return _(
        "Week to %(day)s: %(judged)s of your customers were judged by their weekly users, %(new)s fell beyond chance; "
        "about %(expected)s is expected by chance alone while nothing changes. Of the falls on the act list one in ten "
        "at most is chance."
    ) % {
        "day": tags.day(week.week_on), "judged": tags.number(board.judged), "new": tags.number(board.new),
        "expected": tags.number(board.expected, 1),
    }  # fmt: skip
