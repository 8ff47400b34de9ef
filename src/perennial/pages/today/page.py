"""The front page: who needs me, why, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.views.decorators.http import require_GET

from perennial.customers.access import visible_fields
from perennial.customers.catalogue import FIELDS, Field, Unit
from perennial.kernel.organisation.queries import House, house
from perennial.members import access
from perennial.members.models import Member
from perennial.pages import tags
from perennial.pages.customer.words import reason
from perennial.pages.renewals.checkpoints import disputes_shown
from perennial.pages.today.words import SNOOZES, WHOSE, name_of, otherwise, rule_of
from perennial.pages.watched import mark, nothing_new
from perennial.playbooks import away
from perennial.playbooks import queries as playbooks
from perennial.playbooks.terms import CONTACTS_A_DAY, Away, Day, Item, Reason, Tasks, Whose
from perennial.reports.checkpoints import Dispute, disputes
from perennial.usage import queries as usage

MOST_ROWS = 10
OLD_DAYS = 28


@dataclass(frozen=True)
class Place:
    """Who looks, at whose customers, on which day; `asked`: the query of the page that is looked at."""

    member: Member
    house: House
    on: date
    whose: Whose
    asked: QueryDict

    @property
    def fields(self) -> dict[str, Field]:
        """The fields that the member may see."""
        return dict(visible_fields(self.member))

    @property
    def sees_money(self) -> bool:
        """Whether the member may see what a customer pays."""
        return "arr" in self.fields


@dataclass(frozen=True)
class Shown:
    """An item in words: its place in the order (0: it is decided), each reason as (rule, text, how long ago or ""), the
    next step, what comes of doing nothing."""

    item: Item
    row: Any
    rank: int
    reasons: Sequence[tuple[str, str, str]]
    next_step: str
    otherwise: str


@dataclass(frozen=True)
class PutAway:
    """What is put away, as the page says it: how many reasons by the member himself and by others, and the first day on
    which one returns; the first rows with the names of their rules."""

    mine: int
    mine_until: date | None
    others: int
    others_until: date | None
    rows: Sequence[tuple[Away, str]]

    @property
    def count(self) -> int:
        """How many reasons are away."""
        return self.mine + self.others


def place_of(request: HttpRequest) -> Place:
    """Return who looks at what; on a decision the address of the page that it came from says whose customers."""
    member = cast(Member, access.member_of(request))
    found = getattr(request, "house", None) or house()
    asked = request.GET
    if "whose" not in asked and "HX-Current-URL" in request.headers:
        asked = QueryDict(urlsplit(request.headers["HX-Current-URL"]).query)
    choices = playbooks.choices(member)
    whose = asked.get("whose")
    return Place(
        member=member,
        house=found,
        on=found.today(timezone.now()),
        whose=Whose(whose) if whose in choices else playbooks.usual(member),
        asked=asked,
    )


def choices_of(place: Place) -> list[tuple[Whose, Promise, bool]]:
    """Return whose customers may be looked at, and which are."""
    return [(one, WHOSE[one], one is place.whose) for one in playbooks.choices(place.member)]


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Answer with the day of the member; the list alone where it asks for what is new (pages/watched.py)."""
    here = context(place_of(request))
    if not request.headers.get("HX-Target", "").endswith("#today"):
        return render(request, "today/page.html", here)
    count = {"is_partial": True, "sidebar_count": playbooks.today_count(here["place"].member, here["place"].on)}
    return nothing_new(request, here["seen"]) or render(request, "today/list.html", {**here, **count})


def context(place: Place) -> dict[str, Any]:
    """Return what the page and its list show."""
    day = playbooks.today(place.member, on=place.on, whose=place.whose)
    tasks = playbooks.tasks(place.member, place.on)
    gone = _put_away(place)
    to_settle = disputes(place.member, at=timezone.now(), place=place.house)
    later = CONTACTS_A_DAY + len(day.later)
    return {
        "place": place,
        "seen": _seen(place, day, tasks, gone, to_settle),
        "day": day,
        "first": _shown(day.first, place, 0),
        "groups": [("later", day.later, _shown(day.later, place, CONTACTS_A_DAY)),
                   ("week", day.this_week, _shown(day.this_week, place, later))],
        "done": _shown(day.done, place, None),
        "tasks": tasks,
        "away": gone,
        "snoozes": SNOOZES,
        "disputes": disputes_shown(to_settle),
        "with_others": playbooks.given_away(place.member),
        "choices": choices_of(place),
        "may": {name: access.may(place.member, ability) for name, ability in (
            ("decide", "tasks.edit"), ("log", "touchpoints.edit"), ("import", "imports.run"))},
        **_empty(place, day, gone),
    }  # fmt: skip


def _seen(place: Place, day: Day, tasks: Tasks, gone: PutAway, to_settle: Sequence[Dispute]) -> str:
    items = [
        (one.id, one.weight, one.reasons, one.done_at, one.is_contact, one.snoozed_until_on, one.row.updated_at)
        for one in (*day.open, *day.done)
    ]
    return mark(place.on, place.whose, items, day.waiting, tasks, [row.id for row, _name in gone.rows], gone.count,
                [(one.spot, one.taken.at) for one in to_settle])  # fmt: skip


def _shown(items: Sequence[Item], place: Place, before: int | None) -> list[Shown]:
    """Return the first items in words; `before`: how many stand before them in the order, None: they have no place."""
    return [
        _told(item, place, 0 if before is None else before + place_in)
        for place_in, item in enumerate(items[:MOST_ROWS], start=1)
    ]


def _told(item: Item, place: Place, rank: int) -> Shown:
    told = [(one, *reason(one, item.row.currency)) for one in item.reasons]
    heaviest = item.reasons[0].rule
    return Shown(
        item=item,
        row=item.row,
        rank=rank,
        reasons=[(one.rule, text, _ago(one, place.on)) for one, text, _step in told],
        next_step=told[0][2],
        otherwise=otherwise(heaviest, item.row, with_money=place.sees_money),
    )


def _ago(one: Reason, on: date) -> str:
    """Return how long ago the day of a reason was; "" where it has none, or where it lies ahead."""
    rule = rule_of(one.rule)
    value = one.values.get(rule.orders_by or "") if rule else None
    if rule is None or value is None or FIELDS[rule.orders_by or ""].unit is not Unit.DAY:
        return ""
    day = date.fromisoformat(value)
    return tags.since(day, on) if day < on else ""


def _put_away(place: Place) -> PutAway:
    rows = away.put_away(place.member, on=place.on, whose=place.whose)
    mine = [row.until_on for row in rows if row.by_id == place.member.pk]
    others = [row.until_on for row in rows if row.by_id != place.member.pk]
    return PutAway(
        mine=len(mine), mine_until=min(mine, default=None), others=len(others), others_until=min(others, default=None),
        rows=[(row, name_of(row.rule)) for row in rows[:MOST_ROWS]],
    )  # fmt: skip


def _empty(place: Place, day: Day, gone: PutAway) -> dict[str, Any]:
    """Return what the page says where nothing is open: who has been silent, what is put away, or that there is nothing
    to plan from."""
    if day.open:
        return {"empty": ""}
    if day.done:
        return {"empty": "all_done", "silent": _silent(place)}
    if not playbooks.has_customers(place.member):
        return {"empty": "no_customers"}
    if not playbooks.is_planned(place.on):
        return {"empty": "not_planned"}
    ended = _usage_ended_on(place)
    called, home = settings.COMMAND_LINE
    return {"empty": "put_away" if gone.count or day.waiting else "nothing", "silent": _silent(place),
            "usage_ended_on": ended, "put_back": f"{called} nightly --on {ended} --home {home}"}  # fmt: skip


def _usage_ended_on(place: Place) -> date | None:
    """Return since when no usage comes, where that is long ago: data of the past says nothing urgent of today."""
    last = usage.last_event_on()
    return last if last is not None and (place.on - last).days > OLD_DAYS else None


def _silent(place: Place) -> list[Any]:
    return playbooks.silent(place.member, on=place.on, whose=place.whose)
