"""Who counts in the metrics, and as whom. Private to the room."""

from __future__ import annotations

from collections import defaultdict

from perennial.customers.aliases import Aliases
from perennial.lake.terms import Merged
from perennial.usage.models import ProductUser
from perennial.usage.terms import UserKind

CHUNK = 500


def left_out() -> list[int]:
    """Return the users that no metric counts: own staff, bots and tests (analytics 2.1); one query."""
    rows = ProductUser.objects.exclude(kind=UserKind.CUSTOMER.value)
    return sorted(rows.values_list("id", flat=True))


def merged(by: Aliases) -> Merged:
    """Return who counts for whom, users too: one whom a source knows by the same id at two merged customers, or before
    it was known whose user he was, is one. No query where nobody was merged, else one, and one for 500 users."""
    if not by.into:
        return Merged()
    same: dict[tuple[int, str, str], list[tuple[bool, int]]] = defaultdict(list)
    members = ProductUser.objects.filter(customer_id__in=by.family(by.into.values()))
    for number, source, external_id, customer_id in members.values_list("id", "source", "external_id", "customer_id"):
        customer = by.of(customer_id or 0)
        same[customer, source, external_id].append((customer_id != customer, number))
    strangers = _strangers(sorted({external_id for _customer, _source, external_id in same}))
    users: dict[tuple[int, int], int] = {}
    for (customer, source, external_id), found in same.items():
        _elsewhere, first = min(found)  # the one of the customer that remains, else the oldest
        numbers = [number for _elsewhere, number in found]
        if (source, external_id) in strangers:
            numbers.append(strangers[source, external_id])
        users |= {(customer, number): first for number in numbers if number != first}
    return Merged(by.into, users)


def _strangers(external_ids: list[str]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for start in range(0, len(external_ids), CHUNK):
        rows = ProductUser.objects.filter(customer=None, external_id__in=external_ids[start : start + CHUNK])
        found |= {
            (source, external_id): n for n, source, external_id in rows.values_list("id", "source", "external_id")
        }
    return found
