"""From what a number of the customer file is made: its inputs on the as-of day, read from the rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from perennial.blueprint import queries as blueprint
from perennial.contracts import nodes
from perennial.contracts import queries as contracts
from perennial.contracts.terms import node_name
from perennial.customers import queries as customers
from perennial.customers.catalogue import FIELDS, Unit
from perennial.customers.own_fields import own_fields
from perennial.engagement import queries as engagement
from perennial.engagement.terms import CONTACTS
from perennial.health import queries as health
from perennial.kernel.money import largest_remainder, round_half_even
from perennial.lake.terms import day_date
from perennial.lifecycle.queries import tier_named
from perennial.playbooks import queries as playbooks
from perennial.reports import score
from perennial.reports.customer_contracts import contracts_tab
from perennial.reports.customer_file import File, collections, due_within_a_year, tickets
from perennial.reports.measure_words import said
from perennial.support.queries import SATISFACTION_DAYS
from perennial.usage import own_inputs
from perennial.usage import queries as usage
from perennial.voice import queries as voice

Text = str | Promise | date  # a day is written as one
_WINDOW = 28


@dataclass(frozen=True)
class Input:
    """What went into a number. `label` is a word of ours or a name of theirs; `unit` says how the value is written, and
    `key` of which field it is a choice."""

    label: Text
    value: Any
    unit: Unit
    currency: str = ""
    key: str = ""


def of(source: str, file: File, key: str) -> list[Input]:
    """Return the inputs of a field by its source; those of contracts only where the member may see revenue."""
    read = _READERS.get(source) if source not in {"contracts", "renewals"} or file.sees_revenue else None
    return read(file, key) if read else []


def of_line(file: File, line_id: int) -> list[Input]:
    """Return what the MRR of one line is made of, the MRR itself last; nothing where it is none of the customer's."""
    one = next((one for one in file.lines if one.line.pk == line_id), None)
    if one is None or not file.sees_revenue:
        return []
    line = one.line
    rate = None if line.tax_rate is None else Decimal(line.tax_rate) * 100
    found = [
        Input(_("Amount"), line.amount, Unit.MONEY, line.currency),
        Input(_("Amount includes tax"), line.amount_includes_tax, Unit.FLAG),
        Input(_("Tax rate in percent"), rate, Unit.NUMBER),
        Input(_("Months of the amount (none: the whole term)"), line.amount_months, Unit.NUMBER),
        Input(_("Starts on"), line.starts_on, Unit.DAY),
        Input(_("Ends before"), line.ends_on, Unit.DAY),
        Input(_("Gift months"), line.gift_months or None, Unit.NUMBER),
        Input(_("Discount"), line.discount_amount, Unit.MONEY, line.currency),
        Input(_("Discount in percent"), line.discount_percent, Unit.NUMBER),
        Input(_("Discount for months (none: for ever)"), line.discount_months, Unit.NUMBER),
        Input(_("Pauses"), len(line.pauses) or None, Unit.NUMBER),
    ]
    mrr = round_half_even(one.mrr) if one.runs else None
    return [one for one in found if one.value is not None] + [
        Input(FIELDS["mrr"].label, mrr, Unit.MONEY, line.currency)
    ]


def behind(file: File, measure: str) -> tuple[str, list[Input]]:
    """Return the room that tells a measure of the scorecard, and what it was read from, as of the as-of day; nothing
    where that is not the member's to see. At most four queries."""
    room, read = _MEASURES.get(measure, ("usage", _usage))
    if score.is_untold(measure, file.fields):
        return room, []
    found = read(file, measure)
    if measure == "csat" and not found:
        return "support", _satisfaction(file)
    return room, found


def _answers(file: File, kind: str) -> list[Input]:
    answers = [one for one in voice.answers_of(file.customer.pk) if one.kind == kind and one.answered_at <= file.at]
    return [Input(file.house.day_of(one.answered_at), one.score, Unit.NUMBER) for one in answers[:3]]


def _satisfaction(file: File) -> list[Input]:
    """The tickets' answers of the last 90 days, of which the mean counts."""
    since = file.at - timedelta(days=SATISFACTION_DAYS)
    return [
        Input(line.ticket.subject or _("Ticket"), line.ticket.satisfaction, Unit.NUMBER)
        for line in tickets(file).lines
        if line.ticket.satisfaction is not None and line.ticket.closed_at and since < line.ticket.closed_at <= file.at
    ]


def _rhythm(file: File, _measure: str) -> list[Input]:
    tier = tier_named(file.row.tier)
    days = (file.on - file.row.last_touch_on).days if file.row.last_touch_on else None
    return [
        *_engagement(file, "last_touch_on")[:1],
        Input(_("Days since then"), days, Unit.DAYS),
        Input(_("Longest silence for the tier, in days"), tier.touch_every_days if tier else None, Unit.DAYS),
    ]


def _judged(file: File, _measure: str) -> list[Input]:
    return [Input(one.happened_at.astimezone(file.house.timezone).date(), one.sentiment, Unit.NUMBER)
            for one in engagement.pulses_of(file.customer.pk, limit=5)]  # fmt: skip


def _inspected(file: File, _measure: str) -> list[Input]:
    at = datetime.combine(file.on, time.max, file.house.timezone)
    last = engagement.last_inspection(at, [file.customer.pk]).get(file.customer.pk)
    return [Input(_("Last inspection"), last and last.astimezone(file.house.timezone).date(), Unit.DAY)]


def _standing(file: File, measure: str) -> list[Input]:
    return of("contracts", file, measure)


def _level_1(file: File, _measure: str) -> list[Input]:
    people = [one for one in customers.contacts_of(file.customer.pk) if one.left_on is None or one.left_on > file.on]
    deciders = [
        Input(one.name, None if one.rung is None else one.rung + 1, Unit.NUMBER) for one in people if one.level == 1
    ]
    return deciders or [Input(_("Contacts known, none of them level 1"), len(people), Unit.NUMBER)]


def _contracts(file: File, key: str) -> list[Input]:
    if key in {"collections", "collections_due"}:
        return _collections(file, key)
    if key in {"overdue_amount", "oldest_overdue_on"}:
        return [
            Input(due.step.due_on, due.left, Unit.MONEY, due.step.currency)
            for due in reversed(contracts_tab(file).receivables)
            if due.late_days is not None
        ]
    if key.startswith("waits_"):
        return _waits(file)
    running = [one for one in file.lines if one.runs]
    if key == "seats":
        return [Input(_name(one.line), one.line.quantity, Unit.NUMBER) for one in running]
    if key == "notice_on":
        return [Input(_name(one.line), one.line.notice_on, Unit.DAY) for one in running]
    factor = 12 if key == "arr" else 1
    amounts = largest_remainder(
        [factor * one.mrr for one in running], round_half_even(sum(factor * one.mrr for one in running))
    )
    return [
        Input(_name(one.line), amount, Unit.MONEY, one.line.currency)
        for one, amount in zip(running, amounts, strict=True)
    ]


def _waits(file: File) -> list[Input]:
    """Return every step that waits with its days, then the usual ones and of how many stays they are known."""
    found = nodes.waits(file.on, [file.customer.pk]).get(file.customer.pk, [])
    told = [Input(f"{node_name(wait.step.node)}, {wait.step.due_on}", wait.days, Unit.DAYS) for wait in found]
    if found and (usual := found[0].usual):
        told.append(Input(_("Usual days at this node"), usual.days, Unit.DAYS))
        told.append(Input(_("Stays that have ended"), usual.stays, Unit.NUMBER))
    return told


def _collections(file: File, key: str) -> list[Input]:
    steps = file.receivables
    if collections(steps, file.on) is None:
        return []
    due = due_within_a_year(steps, file.on)
    amounts = [step.received(file.on) if key == "collections" else step.amount for step in due]
    return [Input(step.due_on, amount, Unit.MONEY, step.currency) for step, amount in zip(due, amounts, strict=True)]


def _renewals(file: File, key: str) -> list[Input]:
    if key == "renewal_arr":
        return _renewal_arr(file)
    lines = [one for one in file.lines if one.runs]
    ends = [Input(_name(one.line), one.line.ends_on, Unit.DAY) for one in lines if one.line.ends_on is not None]
    open_ended = sum(1 for one in lines if one.line.ends_on is None)
    return [*ends, *([Input(_("Open-ended lines"), open_ended, Unit.NUMBER)] if open_ended else [])]


def _renewal_arr(file: File) -> list[Input]:
    """The lines that end on the renewal day, each with its ARR of its last day."""
    names = {str(one.line.fact): _name(one.line) for one in file.lines}
    terms = contracts.recurring_lines([file.customer.pk])
    followed = {term.renewal_of for term in terms}
    due = [term for term in terms if term.ends_on == file.row.next_renewal_on and term.renews
           and term.cancelled_on is None and term.fact not in followed]  # fmt: skip
    return [Input(names.get(t.fact, ""), round_half_even(t.arr), Unit.MONEY, t.currency) for t in due]


def _name(line: Any) -> Text:
    return line.product.name if line.product else _("Line without a product")


def _health(file: File, key: str) -> list[Input]:
    found = health.evidence_of(file.customer.pk)
    if found is None:
        return []
    told, card = found.told, found.card
    if key == "score_change_28d":
        weeks = told["weekly"]
        then = weeks[-5] if len(weeks) >= 5 else None
        return [Input(_("Score now"), told["score"], Unit.POINTS), Input(_("Score 28 days ago"), then, Unit.POINTS)]
    if key == "coverage":
        known = [
            Fraction(round(part["trust"] * weight)) for part, weight in zip(told["parts"], found.cover, strict=False)
        ]
        shares = largest_remainder([one / 10**4 for one in known], int(sum(known) // 10**4))
        return [
            Input(part["label"], Fraction(one, 100), Unit.RATIO)
            for part, one in zip(told["parts"], shares, strict=True)
        ]
    if key == "score_error":
        return [Input(part["label"], (1 - part["trust"]) * part["weight"], Unit.RATIO) for part in told["parts"]
                if part["trust"] < 1 and part["weight"]]  # fmt: skip
    if key in {"band", "health_fell_on"}:
        return [Input(FIELDS["score"].label, told["score"], Unit.POINTS),
                Input(_("Yellow from"), card.yellow_from, Unit.POINTS),
                Input(_("Green from"), card.green_from, Unit.POINTS),
                Input(_("Hysteresis"), card.hysteresis, Unit.POINTS),
                Input(_("Band by the score alone"), told["scored_band"], Unit.CHOICE, key="band")]  # fmt: skip
    moved = [part for part in told["parts"] if Decimal(part["contribution"])]
    moved.sort(key=lambda part: -abs(Decimal(part["contribution"])))
    parts = [Input(part["label"], part["contribution"], Unit.POINTS) for part in moved]
    return [Input(_("Mean of the segment"), told["segment_score"], Unit.POINTS), *parts]


def _usage(file: File, key: str) -> list[Input]:
    """The measures of the metric, counted anew from the events; users are counted by the metric itself."""
    if key in own_fields():
        return _own(file, key)
    until = file.on + timedelta(days=1)
    events = usage.counts_of(file.customer.pk, from_on=until - timedelta(days=2 * _WINDOW), until_on=until)
    cut = until - timedelta(days=_WINDOW)
    now = [one for one in events if day_date(one.day) >= cut]
    core = [one for one in now if blueprint.is_core(one.event)]
    match key:
        case "trend_28d":
            before = sum(one.n for one in events) - sum(one.n for one in now)
            return [
                Input(_("Events, last 28 days"), sum(one.n for one in now), Unit.NUMBER),
                Input(_("Events, 28 days before"), before, Unit.NUMBER),
            ]
        case "depth_28d":
            return [
                Input(_("Core events"), sum(one.n for one in core), Unit.NUMBER),
                Input(_("Days with a core event"), len({one.day for one in core}), Unit.NUMBER),
            ]
        case "seats_used_28d":
            return [
                Input(FIELDS["active_users_28d"].label, file.row.active_users_28d, Unit.NUMBER),
                Input(FIELDS["seats"].label, file.row.seats, Unit.NUMBER),
            ]
        case "breadth_28d":
            counts: dict[str, int] = {}
            for one in core:
                if one.feature:
                    counts[one.feature] = counts.get(one.feature, 0) + one.n
            return [Input(name, n, Unit.NUMBER) for name, n in sorted(counts.items(), key=lambda pair: -pair[1])]
        case "days_since_last":
            last = max((day_date(one.day) for one in events if blueprint.is_core(one.event)), default=None)
            return [Input(_("Last core event in 56 days"), last, Unit.DAY)]
    return [Input(_("Events, last 28 days"), sum(one.n for one in now), Unit.NUMBER),
            Input(_("Of these, core events"), sum(one.n for one in core), Unit.NUMBER)]  # fmt: skip


def _own(file: File, key: str) -> list[Input]:
    """The measures of a metric of one's own, each as the definition counts it."""
    found = own_inputs.of_customer(file.customer.pk, key, file.on, seats=file.row.seats)
    units = {"seats": FIELDS["seats"].label, "champion_left": _("The champion left (1: yes)"),
             "features_bought": _("Features bought")}  # fmt: skip
    return [
        Input(f"{name}: {said(one.plain())}" if one else units.get(name, name), value, Unit.NUMBER)
        for name, one, value in found
    ]


def _support(file: File, key: str) -> list[Input]:
    if key == "satisfaction":
        return _satisfaction(file)
    found = [line for line in tickets(file).lines if (line.is_overdue if key == "overdue_tickets" else line.is_open)]
    return [Input(line.ticket.subject or _("Ticket"), line.ticket.opened_at, Unit.DAY) for line in found]


def _engagement(file: File, _key: str) -> list[Input]:
    rows = [t for t in engagement.touchpoints_of(file.customer.pk, limit=20) if t.channel in CONTACTS]
    return [Input(t.summary[:80] or t.channel, t.happened_at, Unit.DAY) for t in rows if t.happened_at <= file.at][:3]


def _lifecycle(file: File, key: str) -> list[Input]:
    if key == "tier":
        tier = tier_named(file.row.tier)
        least = Input(_("The tier begins at"), tier.from_minor if tier else None, Unit.MONEY, file.row.currency)
        return (
            [Input(FIELDS["arr"].label, file.row.arr, Unit.MONEY, file.row.currency), least]
            if "arr" in file.fields
            else []
        )
    keys = ("onboarding_started_on", "first_value_on", "next_renewal_on") if key.startswith("stage") else ()
    days = [Input(FIELDS[name].label, getattr(file.row, name), Unit.DAY) for name in keys]
    if not days:
        return []
    rule = blueprint.stage_rule_of(file.row.segment)
    return [*days, Input(_("Days until onboarding is overdue"), rule.onboarding_days, Unit.DAYS),
            Input(_("Days before the end in which the renewal begins"), rule.renewal_days, Unit.DAYS)]  # fmt: skip


def _playbooks(file: File, _key: str) -> list[Input]:
    return [Input(task.title, task.due_on, Unit.DAY) for task in playbooks.tasks_of(file.customer.pk)]


def _customers(file: File, key: str) -> list[Input]:
    if key != "champion_left_on":
        return []
    people = customers.contacts_of(file.customer.pk)
    return [Input(one.name, one.left_on, Unit.DAY) for one in people if one.is_champion]


_READERS: Mapping[str, Callable[[File, str], list[Input]]] = {
    "contracts": _contracts, "renewals": _renewals, "health": _health, "usage": _usage, "support": _support,
    "engagement": _engagement, "lifecycle": _lifecycle, "playbooks": _playbooks, "customers": _customers,
}  # fmt: skip

_MEASURES: Mapping[str, tuple[str, Callable[[File, str], list[Input]]]] = {
    "overdue_tickets": ("support", _support),
    "open_tickets": ("support", _support),
    "csat": ("voice", _answers),
    "nps": ("voice", _answers),
    "touch_ratio": ("engagement", _rhythm),
    "level_1_rung": ("customers", _level_1),
    "overdue_days": ("contracts", lambda file, _measure: of("contracts", file, "oldest_overdue_on")),
    "pulse": ("engagement", _judged),
    "inspection_days": ("engagement", _inspected),
    "tenure_days": ("contracts", lambda _file, _measure: []),
    **dict.fromkeys(("mrr", "arr", "seats", "renewal_arr", "overdue_amount"), ("contracts", _standing)),
    "renewal_days_behind": ("contracts", lambda file, _measure: of("renewals", file, "next_renewal_on")),
}
"""The room of a measure and what reads its inputs. Every other measure is usage."""
