"""Whose paper may be late how long: the one reading of it, for the ledger, renewals and the lifecycle.

Everybody's grace is revenue's switch `grace_days`. A segment may have its own (blueprint, stages); a longer one holds
only while there is evidence of an approval: a step of the customer's receivable plan that waits, or waited, at a node
(budget, procurement, legal, seal, …) since a day that is known. It shows something until the step leaves the node and
for everybody's grace after that, and never for longer than the segment's grace.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.db.models import Min, Q

from perennial.blueprint import queries as blueprint
from perennial.contracts.calculations.grace import Approval, Grace
from perennial.contracts.models import GraceHold, Receivable
from perennial.contracts.rates import Exchange
from perennial.contracts.terms import PolicySwitches
from perennial.customers.aliases import Aliases, aliases
from perennial.customers.models import Customer
from perennial.kernel.organisation.queries import house

CHUNK = 500


@dataclass(frozen=True)
class Graces:
    """Everybody's grace, and that of the customers whose segment has its own."""

    usual: Grace
    others: Mapping[int, Grace]

    def of(self, customer_id: int) -> Grace:
        """Return a customer's grace."""
        return self.others.get(customer_id, self.usual)


def graces(
    switches: PolicySwitches, merged: Aliases | None = None, customer_ids: Collection[int] | None = None
) -> Graces:
    """Return whose paper may be late how long (None: of all). One query, two or three more for 500 customers whose
    segment has a longer grace."""
    segments = Customer.objects.exclude(segment=None).exclude(segment="").filter(merged_into=None)
    if not any(rule.grace_days is not None for rule in blueprint.stage_rules()):
        segments = segments.none()
    elif customer_ids is not None:
        segments = segments.filter(id__in=customer_ids)
    return of_segments(dict(segments.values_list("id", "segment")), switches, merged)


def longest(switches: PolicySwitches) -> int:
    """Return how many days paper may be late at most, whosever it is: so far back something may be open. No query."""
    return max([switches.grace_days, *(rule.grace_days or 0 for rule in blueprint.stage_rules())])


def of_segments(segments: Mapping[int, str | None], switches: PolicySwitches, merged: Aliases | None = None) -> Graces:
    """Return the graces of customers whose segments are known; no query, but two or three for 500 customers
    whose segment has a longer grace."""
    usual = switches.grace_days
    own = {number: days for number, segment in segments.items()
           if (days := blueprint.stage_rule_of(segment).grace_days) is not None and days != usual}  # fmt: skip
    shown = _approvals({number for number, days in own.items() if days > usual}, merged)
    found = {
        number: Grace(usual, days, tuple(shown.get(number, ()))) if days > usual else Grace(days)
        for number, days in own.items()
    }
    return Graces(Grace(usual), found)


def _approvals(customers: Collection[int], merged: Aliases | None) -> dict[int, list[Approval]]:
    """Return when steps of these customers' plans waited at a node: as each version says it, up to the next one."""
    if not customers:
        return {}
    place, merged = house(), merged or aliases()
    family, found = merged.family(customers), dict[int, set[Approval]]()
    for start in range(0, len(family), CHUNK):
        rows = Receivable.objects.filter(customer_id__in=family[start : start + CHUNK], node_since_on__isnull=False)
        for customer_id, since, received, superseded in rows.exclude(node="").values_list(
            "customer_id", "node_since_on", "received_on", "superseded_at"
        ):
            ends = [day for day in (received, superseded and place.day_of(superseded)) if day]
            until = max(min(ends), since) if ends else None
            found.setdefault(merged.of(customer_id), set()).add((since, until))
    return {number: sorted(shown, key=lambda one: (one[0], one[1] or date.max)) for number, shown in found.items()}


@dataclass(frozen=True, slots=True)
class InGrace:
    """A line in grace: whose, since when, until when at most, and the MRR that it holds, in its own currency."""

    customer_id: int
    product_id: int | None
    line_fact: str
    ended_on: date
    over_on: date
    mrr: Fraction
    currency: str


def in_grace(rows: Q, *, on: date) -> list[InGrace]:
    """Return the lines among `rows` (access.revenue_of) that are held on a day, the first to be churn first. One query.

    Only of the present: what was in grace on a past day, the ledger as reported tells.
    """
    found = GraceHold.objects.filter(rows, ended_on__lte=on, over_on__gt=on).order_by("over_on", "customer_id", "id")
    return [
        InGrace(one.customer_id, one.product_id, str(one.line_fact), one.ended_on, one.over_on,
                Fraction(one.numerator, one.denominator), one.currency)
        for one in found
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Late:
    """Why a line is in grace: it ended unsigned on a day and is held, at most, until `over_on`. `days`: everybody's
    grace, or the customer's own; `shown_by`: for which approval's sake it is longer, its first day and, if it is over,
    its last; `longest`: how long that may be at most."""

    ended_on: date
    over_on: date
    mrr: Fraction
    days: int
    longest: int
    shown_by: Approval | None


def late_lines(customer_id: int, switches: PolicySwitches, *, on: date) -> dict[str, Late]:
    """Return the lines of a customer that are held in grace on a day, and why. One query; up to five where one is."""
    held = in_grace(Q(customer_id=customer_id), on=on)
    if not held:
        return {}
    own = graces(switches, None, [customer_id]).of(customer_id)
    return {
        one.line_fact: Late(one.ended_on, one.over_on, one.mrr, own.days, own.longest, own.shown_by(one.ended_on))
        for one in held
    }


def first_held(*, on: date) -> date | None:
    """Return the day on which the first of the terms ended that are held on a day; None: none is. One query."""
    held = GraceHold.objects.filter(ended_on__lte=on, over_on__gt=on)
    first: date | None = held.aggregate(first=Min("ended_on"))["first"]
    return first


def in_grace_by_customer(rows: Q, exchange: Exchange, *, on: date) -> dict[int, Fraction]:
    """Return the MRR of each customer that is in grace, in our currency; one query."""
    held: dict[int, Fraction] = defaultdict(Fraction)
    for one in in_grace(rows, on=on):
        held[one.customer_id] += exchange.value(one.mrr, one.currency, on)
    return dict(held)
