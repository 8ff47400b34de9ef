"""Reads of what was put away from Today: which reasons, by whom, until when; and the counts to tune the rules by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet

from perennial.blueprint import queries as blueprint
from perennial.customers.access import rows_of
from perennial.members.access import hidden_fields
from perennial.members.models import Member
from perennial.playbooks.models import PutAway, TodayItem
from perennial.playbooks.queries import of_whom
from perennial.playbooks.terms import Away, RuleCount, Whose

COUNTED_DAYS = 90
_ROW = "customer__portfolio__"


def put_away(
    member: Member,
    *,
    on: date,
    whose: Whose = Whose.MINE,
    rule: str | None = None,
    why: str | None = None,
    customer_id: int | None = None,
    limit: int = 200,
) -> list[Away]:
    """Return what is put away on a day from the customers looked at, the first to return on top; one query.

    Rules that speak of fields hidden from the member are left out.
    """
    rows = _standing(member, on).filter(of_whom(member, whose))
    if rule is not None:
        rows = rows.filter(rule=rule)
    if why is not None:
        rows = rows.filter(why=why)
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    rows = rows.select_related("customer__portfolio__owner", "by").order_by("until_on", "customer_id", "id")
    return [_away(row) for row in rows[:limit]]


def may_bring_back(member: Member, ids: Sequence[int], *, on: date) -> list[Away]:
    """Return those of `ids` that are away, on customers on which the member decides; one query."""
    rows = rows_of(member, "tasks.edit", path=_ROW)
    if rows is None:
        return []
    found = _standing(member, on).filter(rows, id__in=ids).select_related("customer__portfolio__owner", "by")
    return [_away(row) for row in found.order_by("id")]


def counts(member: Member, *, on: date, whose: Whose) -> list[RuleCount]:
    """Return how often each rule was put away in the last 90 days on the customers looked at, the most first; rules
    that nobody put away are left out. Two queries."""
    rows = _visible(member).filter(of_whom(member, whose), on__gt=on - timedelta(days=COUNTED_DAYS))
    grouped = rows.values_list("rule", "why").annotate(
        n=Count("id"), back=Count("id", filter=Q(ended_at__isnull=False))
    )  # fmt: skip
    by_rule: dict[str, Counter[str]] = {}
    back = Counter[str]()
    for rule, why, n, ended in grouped:
        by_rule.setdefault(rule, Counter())[why] += n
        back[rule] += ended
    speaking = _speaking(member, on, whose) if by_rule else {}
    return sorted(
        (RuleCount(rule, whys.total(), whys, back[rule], speaking.get(rule, 0)) for rule, whys in by_rule.items()),
        key=lambda one: (-one.put_away, one.rule),
    )


def _away(row: PutAway) -> Away:
    return Away(
        id=row.pk, row=row.customer.portfolio, rule=row.rule, why=row.why, note=row.note, on=row.on,
        until_on=row.until_on, by_id=row.by_id, by_name=row.by.name if row.by else None,
    )  # fmt: skip


def _speaking(member: Member, on: date, whose: Whose) -> Mapping[str, int]:
    rows = rows_of(member, path=_ROW)
    items = TodayItem.objects.filter(of_whom(member, whose), on=on)
    items = items.none() if rows is None else items.filter(rows)
    return Counter(reason["rule"] for reasons in items.values_list("reasons", flat=True) for reason in reasons)


def _visible(member: Member) -> QuerySet[PutAway]:
    rows = rows_of(member, path=_ROW)
    found = PutAway.objects.none() if rows is None else PutAway.objects.filter(rows)
    hidden = hidden_fields(member)
    unseen = [rule.key for rule in blueprint.today_rules() if hidden & rule.fields]
    return found.exclude(rule__in=unseen)


def _standing(member: Member, on: date) -> QuerySet[PutAway]:
    return _visible(member).filter(ended_at=None, on__lte=on, until_on__gt=on)
