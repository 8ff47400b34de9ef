"""From lines to movements: derived anew where something changed, and what was reported before stays known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.contracts import columns, facts, marks, restating
from perennial.contracts.calculations.grace import Held, Hold, held
from perennial.contracts.calculations.movements import movements
from perennial.contracts.calculations.mrr import stretches
from perennial.contracts.grace import Graces, graces
from perennial.contracts.models import GraceHold, Line
from perennial.contracts.terms import LineTerms, Movement, PolicySwitches
from perennial.customers.aliases import Aliases, aliases
from perennial.customers.models import Customer
from perennial.kernel.inserting import insert
from perennial.kernel.organisation.actions import open_books
from perennial.kernel.organisation.queries import House, house

CHUNK = 500
MOST = 2**63 - 1


class TooFine(ArithmeticError):
    """A movement whose exact amount fits no column; the message names the customer and the day."""


def rebuild_movements(customer_ids: Sequence[int] | None = None, *, on: date) -> int:
    """Derive the movements of these customers from their current lines; return how many were derived.

    None: of everybody whose movements are not in step with the lines (see `marks`); five queries where all are. `on` is
    the day up to which the lines are known: a pause still open then is churn only once it is too long, a term that
    ended unsigned once its grace is over. Rows that still hold stay; others go where `restating` keeps them. Merged
    customers are one: their movements belong to the one that remains. Safe to run twice. Set-wise, 500 customers a
    transaction with some fifteen queries; customers whose lines follow each other's are rebuilt together, so that both
    sides of a transfer agree.

    :raises TooFine: an exact amount fits no column; nothing of its set is changed.
    """
    place, merged = house(), aliases()
    switches = facts.switches_of(place.policy_switches)
    if customer_ids is None:
        waiting = marks.out_of_step(merged, switches, graces(switches, merged), on)
    else:
        waiting = sorted({merged.of(customer_id) for customer_id in customer_ids})
    if waiting and place.books_opened_on is None:
        open_books(on)
        place = replace(place, books_opened_on=on)
    done: set[int] = set()
    written = 0
    for start in range(0, len(waiting), CHUNK):
        together = linked(set(waiting[start : start + CHUNK]) - done, merged)
        written += _rebuild(together, merged, place, on)
        done |= together
    return written


def linked(customers: set[int], merged: Aliases) -> set[int]:
    """Return the customers with those whose lines follow theirs or are followed by them, however far; lines as they
    were count too, for a link that is gone left its transfer on the other side."""
    found, edge = set(customers), set(customers)
    while edge:
        mine = Line.objects.filter(customer_id__in=merged.family(edge))
        after = Line.objects.filter(renewal_of__in=mine.values("fact"))
        before = Line.objects.filter(fact__in=mine.exclude(renewal_of=None).values("renewal_of"))
        reached = {*after.values_list("customer_id", flat=True), *before.values_list("customer_id", flat=True)}
        edge = {merged.of(customer_id) for customer_id in reached} - found
        found |= edge
    return found


@transaction.atomic
def _rebuild(customers: set[int], merged: Aliases, place: House, on: date) -> int:
    ids, switches = merged.family(customers), facts.switches_of(place.policy_switches)
    list(Customer.objects.select_for_update().filter(id__in=ids).order_by("id").values_list("id"))  # one at a time
    own = graces(switches, merged, customers)
    drawn_from = marks.drawn_from(merged, switches, own, customers)  # before the lines: what comes between is seen next
    kept = as_held(facts.current_lines(customers, merged), switches, own, on)
    told = movements(kept.stretches, switches, as_of=on)
    check(told)
    before = marks.known(ids)
    cause = restating.Cause(
        on, place.books_opened_on, before, recounted=marks.with_other_settings(_drawn(before), drawn_from)
    )
    restating.keep([(one, kept.known_on(one)) for one in told], ids, merged, cause)
    _keep_holds(kept.in_grace(on), ids)
    marks.put(drawn_from, ids, on, _again(kept, on))
    columns.changed(ids)
    return len(told)


def _drawn(known: dict[int, tuple[str, date]]) -> dict[int, str]:
    return {number: drawn for number, (drawn, _on) in known.items()}


def as_held(lines: Iterable[LineTerms], switches: PolicySwitches, own: Graces, on: date) -> Held:
    """Return the stretches of lines with late paper held as it is known on a day. No query."""
    return held(stretches(lines, switches), switches, own.of, as_of=on)


def _again(kept: Held, on: date) -> dict[int, date]:
    """Return by customer the next day on which time alone changes what is derived."""
    found: dict[int, list[date]] = defaultdict(list)
    for one in kept.holds:
        found[one.stretch.line.customer_id].append(one.ended_on if one.ended_on > on else one.over_on)
    return {customer_id: min(days) for customer_id, days in found.items()}


def _keep_holds(holds: Sequence[Hold], ids: Sequence[int]) -> None:
    GraceHold.objects.filter(customer_id__in=ids).delete()
    insert(GraceHold, [
        {
            "customer_id": one.stretch.line.customer_id, "product_id": one.stretch.line.product_id,
            "line_fact": one.stretch.line.line_key, "ended_on": one.ended_on, "over_on": one.over_on,
            "numerator": one.stretch.mrr.numerator, "denominator": one.stretch.mrr.denominator,
            "currency": one.stretch.line.currency,
        }
        for one in holds
    ])  # fmt: skip


def check(told: Iterable[Movement]) -> None:
    """See that every amount fits its column.

    :raises TooFine: one does not.
    """
    for one in told:
        if abs(one.amount.numerator) > MOST or one.amount.denominator > MOST:
            raise TooFine(
                _("The movement of customer %(id)s on %(day)s is too fine to be kept exactly. Check its lines' terms.")
                % {"id": one.customer_id, "day": one.on}
            )
