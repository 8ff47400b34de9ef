"""The plan of a day: which customers need a contact, why, and in which order. Set-wise: one query a rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, FloatField, Max, Q, Value

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import TodayRule
from perennial.customers.catalogue import COLUMNS
from perennial.customers.models import PortfolioRow
from perennial.kernel.conditions.sql import to_q
from perennial.kernel.inserting import insert
from perennial.playbooks.calculations.priority import lateness, points_of, stake_of, weight_of
from perennial.playbooks.models import PlannedDay, PutAway, TodayItem
from perennial.playbooks.terms import BEYOND_THE_CONTRACT, DONE_RESTS_DAYS, EVERY_REASON, Reason

CHUNK = 500
FEW = 50
"""Up to this many customers are compared with the fleet by the database, a column for each."""
NOWHERE = "nowhere"
DECIDED = Q(done_at__isnull=False) | Q(snoozed_until_on__isnull=False)
# Put off at most a year ahead; further back no open item is looked for to tell since when it waits.
SNOOZED_LOOKS_BACK_DAYS = 30
Ids = Sequence[int] | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a day asks of one customer."""

    reasons: tuple[Reason, ...]
    weight: float
    owner_id: int | None


def is_decided(item: TodayItem) -> bool:
    """Whether somebody finished or put off the item."""
    return item.done_at is not None or item.snoozed_until_on is not None


@transaction.atomic
def plan(on: date, *, at: datetime, customer_ids: Ids = None) -> int:
    """Write the items of a day, of all customers or of some; return how many there are."""
    if customer_ids is None:
        PlannedDay.objects.bulk_create([PlannedDay(on=on, at=at)], update_conflicts=True, unique_fields=["on"],
                                       update_fields=["at"])  # fmt: skip
    wanted = _plans(on, customer_ids)
    seen = _first_seen(on, customer_ids)
    present = {item.customer_id: item for item in _of(customer_ids).select_for_update().filter(on=on)}
    gone = [i.pk for c, i in present.items() if c not in wanted and not is_decided(i)]
    for start in range(0, len(gone), CHUNK):
        TodayItem.objects.filter(id__in=gone[start : start + CHUNK]).delete()
    rows = {
        customer: {"on": on, "customer_id": customer, "owner_id": one.owner_id, "weight": one.weight,
                   "reasons": [reason.to_data() for reason in one.reasons],
                   "first_seen_on": _since(customer, one, seen, on, present.get(customer))}
        for customer, one in wanted.items()
        if not _stands(present.get(customer), one)
    }  # fmt: skip
    insert(TodayItem, [row for customer, row in rows.items() if customer not in present], unless_there=True)
    TodayItem.objects.bulk_create(
        [TodayItem(**row) for customer, row in rows.items() if customer in present],
        batch_size=CHUNK, update_conflicts=True, unique_fields=["on", "customer"],
        update_fields=["owner", "weight", "reasons", "first_seen_on"],
    )  # fmt: skip
    return len(wanted.keys() | {c for c, i in present.items() if is_decided(i)})


def _stands(item: TodayItem | None, wanted: Plan) -> bool:
    """Whether the item stays as it is: decided, or the same as wanted."""
    if item is None:
        return False
    same = (item.weight, item.owner_id, item.reasons) == (
        wanted.weight, wanted.owner_id, [reason.to_data() for reason in wanted.reasons],
    )  # fmt: skip
    return is_decided(item) or same


def _of(ids: Ids) -> Any:
    return TodayItem.objects.all() if ids is None else TodayItem.objects.filter(customer_id__in=ids)


def _plans(on: date, ids: Ids) -> dict[int, Plan]:
    rhythms = {tier.key: tier.touch_every_days for preset in blueprint.tier_presets(on) for tier in preset.tiers}
    rows = PortfolioRow.objects.all() if ids is None else PortfolioRow.objects.filter(customer_id__in=ids)
    known = {
        customer: (arr, tier, owner)
        for customer, arr, tier, owner in rows.values_list("customer_id", "arr", "tier", "owner_id")
    }
    stakes = _stakes({customer: arr for customer, (arr, _tier, _owner) in known.items()}, is_all=ids is None)
    resting = _resting(on, ids) | _put_away(on, ids)
    found: dict[int, list[Reason]] = {}
    for rule in blueprint.today_rules(on):
        for customer, values in _matches(rule, on, ids):
            if (customer, rule.key) in resting or (customer, EVERY_REASON) in resting:
                continue
            late = lateness(rule, values.get(rule.orders_by or ""), on, rhythms.get(known[customer][1] or ""))
            reason = Reason(rule.key, {k: _plain(v) for k, v in values.items()}, round(points_of(rule, late), 2))
            found.setdefault(customer, []).append(reason)
    return {
        customer: Plan(
            reasons=tuple(sorted(reasons, key=lambda reason: -reason.points)),
            weight=weight_of([reason.points for reason in reasons], stakes[customer]),
            owner_id=known[customer][2],
        )
        for customer, reasons in found.items()
    }


def _stakes(arrs: Mapping[int, int | None], *, is_all: bool) -> dict[int, float]:
    """Return each customer's stake among all that pay; of all customers without a query, of some in one."""
    if is_all or len(arrs) > FEW:
        every = arrs.values() if is_all else PortfolioRow.objects.filter(arr__gt=0).values_list("arr", flat=True)
        fleet = sorted(arr for arr in every if arr is not None and arr > 0)
        return {customer: stake_of(arr, fleet) for customer, arr in arrs.items()}
    paying = Q(arr__gt=0)
    below = {f"c{customer}": Count("pk", filter=paying & Q(arr__lte=arr)) for customer, arr in arrs.items() if arr}
    counts = PortfolioRow.objects.aggregate(every=Count("pk", filter=paying), **below)
    return {customer: counts.get(f"c{customer}", 0) / max(counts["every"], 1) for customer in arrs}


def _matches(rule: TodayRule, on: date, ids: Ids) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the customers that a rule finds, with the values that it speaks of. One query.

    A customer that neither pays nor has a term running or ahead is nobody's contact, but for what it owes and what was
    promised to it: so yesterday's customers never flood the day.
    """
    fields = sorted(rule.fields)
    # A metric of one's own whose values are still being made, or that is defined no more, is unknown of everybody.
    columns = {field: COLUMNS.get(field, NOWHERE) for field in fields}
    rows = PortfolioRow.objects.annotate(**{NOWHERE: Value(None, FloatField())}).filter(to_q(rule.when, columns, on))
    if ids is not None:
        rows = rows.filter(customer_id__in=ids)
    if rule.key not in BEYOND_THE_CONTRACT:
        rows = rows.filter(Q(is_live=True) | Q(stage__isnull=False))
    for customer, *values in rows.values_list("customer_id", *(columns[field] for field in fields)):
        yield customer, dict(zip(fields, values, strict=True))


def _resting(on: date, ids: Ids) -> set[tuple[int, str]]:
    """Return the (customer, rule) pairs that an earlier day's decision keeps away from this day. One query."""
    rows = (
        _of(ids)
        .filter(DECIDED, on__lt=on)
        .filter(Q(on__gte=on - timedelta(days=DONE_RESTS_DAYS)) | Q(snoozed_until_on__gt=on))
    )
    return {
        (item.customer_id, reason["rule"])
        for item in rows.only("on", "customer_id", "reasons", "done_at", "snoozed_until_on")
        if on < _rests_until(item)
        for reason in item.reasons
    }


def _rests_until(item: TodayItem) -> date:
    return item.snoozed_until_on or item.on + timedelta(days=DONE_RESTS_DAYS)


def _put_away(on: date, ids: Ids) -> set[tuple[int, str]]:
    """Return the (customer, rule) pairs that were found not useful for the time being. One query."""
    rows = PutAway.objects.filter(on__lte=on, until_on__gt=on, ended_at=None)
    if ids is not None:
        rows = rows.filter(customer_id__in=ids)
    return set(rows.values_list("customer_id", "rule"))


def _first_seen(on: date, ids: Ids) -> Mapping[int, tuple[date, frozenset[str]]]:
    """Return since when each customer has been on Today without anybody having dealt with it, and the rules of that
    time: from the last planned day, and from what was put off. Two queries."""
    last = PlannedDay.objects.filter(on__lt=on).aggregate(last=Max("on"))["last"]
    from_on = on - timedelta(days=SNOOZED_LOOKS_BACK_DAYS)
    rows = _of(ids).filter(
        Q(on=last) | Q(snoozed_until_on__isnull=False, on__lt=on, on__gte=from_on), done_at=None
    ).order_by("on")  # fmt: skip
    return {
        customer: (first, frozenset(reason["rule"] for reason in reasons))
        for customer, first, reasons in rows.values_list("customer_id", "first_seen_on", "reasons")
    }


def _since(
    customer: int, wanted: Plan, seen: Mapping[int, tuple[date, frozenset[str]]], on: date, item: TodayItem | None
) -> date:
    if item is not None:
        return item.first_seen_on
    first, rules = seen.get(customer, (on, frozenset()))
    return first if rules & {reason.rule for reason in wanted.reasons} else on


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
