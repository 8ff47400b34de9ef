"""The portfolio row: everything that lists and Today read of a customer, gathered from the rooms, written set-wise."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import Q

from perennial.alerts import queries as alerts
from perennial.alerts.terms import Standing as AlertStanding
from perennial.contracts import nodes
from perennial.contracts import queries as contracts
from perennial.customers import actions as customer_actions
from perennial.customers import queries as customers
from perennial.customers.aliases import aliases
from perennial.customers.models import Customer
from perennial.customers.own_fields import own_fields
from perennial.engagement import queries as engagement
from perennial.health import queries as health
from perennial.insights import learning, needs
from perennial.insights.due import view_of
from perennial.insights.needs import Asked
from perennial.kernel import money
from perennial.kernel.organisation.queries import House, house
from perennial.lifecycle import queries as lifecycle
from perennial.playbooks import queries as playbooks
from perennial.playbooks.terms import NextTask
from perennial.support import queries as support
from perennial.usage import queries as usage
from perennial.usage.lake import metric_keys

WHOLE = frozenset({"active_users_7d", "active_users_28d", "logins_7d", "breadth_28d", "days_since_last"})
ROOMS = frozenset(
    {"contracts", "usage", "lifecycle", "health", "support", "engagement", "people", "playbooks", "calls", "alerts"}
)  # fmt: skip


@dataclass(frozen=True)
class Gathered:
    """What the rooms know of the customers on a day, by customer id."""

    contracts: Mapping[int, contracts.Standing]
    waits: Mapping[int, Sequence[nodes.Wait]]
    usage: Mapping[int, usage.Values]
    lifecycle: Mapping[int, lifecycle.Standing]
    health: Mapping[int, health.Standing]
    support: Mapping[int, support.Support]
    contact: Mapping[int, datetime]
    people: Mapping[int, customers.Relationship]
    tasks: Mapping[int, NextTask]
    calls: Mapping[int, Asked]
    alerts: Mapping[int, AlertStanding]


def rewrite(
    on: date, *, at: datetime, customer_ids: Sequence[int] | None = None, terms: lifecycle.Terms | None = None
) -> int:
    """Bring the rows of the customers (None: all) in step with a day; return how many there are. Constant reads.

    `terms`: those of the same customers, where they are at hand. Only what differs is written. Safe twice.
    """
    rows = rows_on(on, customer_ids, terms=terms)
    customer_actions.write_portfolio(rows, on=on, at=at)
    return len(rows)


def measure(on: date, *, at: datetime, customer_ids: Sequence[int]) -> None:
    """Bring the columns of usage and health in step with a day, whose other columns are already; one read of the
    records where everybody has a row. Only what differs is written. Safe twice."""
    known = customers.in_step(on, customer_ids)
    used, scored = usage.values_on(on, list(known)), health.standing(on, list(known))
    rows = [{"customer_id": c, **_usage(used.get(c)), **_health(scored.get(c))} for c in known]
    customer_actions.write_portfolio(rows, on=on, at=at)
    if others := [customer for customer in customer_ids if customer not in known]:
        rewrite(on, at=at, customer_ids=others)


def rows_on(
    on: date,
    customer_ids: Sequence[int] | None = None,
    *,
    terms: lifecycle.Terms | None = None,
    rooms: Collection[str] = ROOMS,
) -> list[dict[str, Any]]:
    """Return the columns of the customers' rows as of a day, written nowhere. A constant number of reads.

    Who owns a customer is read last: an owner given meanwhile is not taken back. Only `rooms` are asked; what the
    others know stays unknown.
    """
    place = house()
    gathered = _gather(on, place, customer_ids, terms, rooms)
    owners, everyone = customers.owners(customer_ids), customers.facts_of(customer_ids)
    return [_row(customer, owners.get(customer.pk), gathered, place) for customer in everyone.values()]


def end_of(on: date, place: House) -> datetime:
    """Return the last instant that counts for a day in the organisation's zone."""
    return datetime.combine(on, time.max, place.timezone)


def _gather(
    on: date, place: House, ids: Sequence[int] | None, terms: lifecycle.Terms | None, rooms: Collection[str]
) -> Gathered:
    at = end_of(on, place)
    if terms is None and not {"contracts", "lifecycle"}.isdisjoint(rooms):
        terms = lifecycle.Terms.read(ids)
    return Gathered(
        contracts=terms.book.standing(on) if terms and "contracts" in rooms else {},
        waits=nodes.waits(on, ids) if "contracts" in rooms else {},
        usage=usage.values_on(on, ids) if "usage" in rooms else {},
        lifecycle=lifecycle.standing(on, ids, terms=terms) if "lifecycle" in rooms else {},
        health=health.standing(on, ids) if "health" in rooms else {},
        support=support.standing(at, ids) if "support" in rooms else {},
        contact=engagement.last_contact(at, ids) if "engagement" in rooms else {},
        people=customers.relationships(on, ids) if "people" in rooms else {},
        tasks=playbooks.next_tasks(ids) if "playbooks" in rooms else {},
        calls=_calls(on, place, ids) if "calls" in rooms else {},
        alerts=alerts.standing(on, ids) if "alerts" in rooms else {},
    )


def _calls(on: date, place: House, ids: Sequence[int] | None) -> dict[int, Asked]:
    """Return what the open terms of the customers ask for. What is said counts at once, also where the as-of day lies
    behind the clock; of a past day only what was said by its end."""
    at = None if place.as_of_on == on else end_of(on, place)
    view, learned, first_month = view_of(place, on), learning.latest(), place.fiscal_start_month
    if ids is None:
        return needs.asked_on(view, Q(), learned=learned, first_month=first_month, at=at)
    found: dict[int, Asked] = {}
    family = aliases().family(ids)
    for start in range(0, len(family), 500):
        rows = Q(customer_id__in=family[start : start + 500])
        found |= needs.asked_on(view, rows, learned=learned, first_month=first_month, at=at)
    return found


def _row(
    customer: Customer, owned: tuple[int | None, int | None] | None, known: Gathered, place: House
) -> dict[str, Any]:
    owner, team = owned or (None, None)
    contact = known.contact.get(customer.pk)
    people = known.people.get(customer.pk)
    tickets = known.support.get(customer.pk)
    task = known.tasks.get(customer.pk)
    return {
        **customer_actions.identity(customer, owner, team),
        "currency": place.currency,
        "open_tickets": tickets.open if tickets else 0,
        "overdue_tickets": tickets.overdue if tickets else 0,
        "last_touch_on": place.day_of(contact) if contact else None,
        "champion_left_on": people.champion_left_on if people else None,
        "next_task_on": task.due_on if task else None,
        "next_step": task.title if task else None,
        **_asked(known.calls.get(customer.pk)),
        **_alerts(known.alerts.get(customer.pk)),
        **_money(known.contracts.get(customer.pk)),
        **_wait(known.waits.get(customer.pk, ())),
        **_usage(known.usage.get(customer.pk)),
        **_stage(known.lifecycle.get(customer.pk)),
        **_health(known.health.get(customer.pk)),
    }


def _asked(found: Asked | None) -> dict[str, Any]:
    return {
        "checkpoint_due_on": found.checkpoint_on if found else None,
        "renewal_need": found.need.value if found and found.need else None,
        "renewal_need_on": found.due_on if found else None,
    }


def _alerts(found: AlertStanding | None) -> dict[str, Any]:
    return {
        "usage_fell_on": found.drop_on if found else None,
        "users_at_alert": found.users if found else None,
        "usual_users": found.usual if found else None,
        "champion_silent_on": found.champion_on if found else None,
        "users_silent_on": found.silent_on if found else None,
    }


def _money(found: contracts.Standing | None) -> dict[str, Any]:
    """Amounts are rounded here, once: the row is output."""
    return {
        "is_live": found is not None and found.mrr > 0,
        "mrr": money.round_half_even(found.mrr) if found else None,
        "arr": money.round_half_even(found.arr) if found else None,
        "seats": found.seats if found else None,
        "next_renewal_on": found.next_renewal_on if found else None,
        "renewal_arr": None if found is None or found.renewal_arr is None else money.round_half_even(found.renewal_arr),
        "notice_on": found.notice_on if found else None,
        "overdue_amount": found.overdue_amount if found else None,
        "oldest_overdue_on": found.oldest_overdue_on if found else None,
    }


def _wait(found: Sequence[nodes.Wait]) -> dict[str, Any]:
    first = found[0] if found else None
    return {
        "waits_at": first.step.node if first else None,
        "waits_since_on": first.step.node_since_on if first else None,
        "waits_over_days": first.over if first else None,
    }


def _usage(found: usage.Values | None) -> dict[str, Any]:
    values = found or {}
    shipped = {
        key: None if values.get(key) is None else (int(values[key] or 0) if key in WHOLE else values[key])
        for key in metric_keys()
    }
    own = {field.column: values.get(key) for key, field in own_fields().items()}
    return shipped | {column: None if value is None else float(value) for column, value in own.items()}


def _stage(found: lifecycle.Standing | None) -> dict[str, Any]:
    return {
        "tier": found.tier if found else None,
        "stage": found.stage if found else None,
        "stage_since_on": found.stage_since_on if found else None,
        "onboarding_started_on": found.onboarding_started_on if found else None,
        "first_value_on": found.first_value_on if found else None,
    }


def _health(found: health.Standing | None) -> dict[str, Any]:
    return {
        "band": found.band if found else None,
        "score": found.score if found else None,
        "score_change_28d": found.change_28d if found else None,
        "coverage": found.coverage if found else None,
        "confidence": found.confidence if found else None,
        "health_fell_on": found.fell_on if found else None,
        "scores_13w": list(found.weekly) if found else [],
    }
