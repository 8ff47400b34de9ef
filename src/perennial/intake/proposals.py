"""The unconfirmed: groups and users that no customer is known for, and the customers that each may belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db.models import Q, QuerySet

from perennial.customers import likeness, search
from perennial.customers.models import Customer
from perennial.intake.identity import ALONE
from perennial.intake.models import LastGroup, Unconfirmed
from perennial.lake.latest import Seen
from perennial.lake.terms import day_date, day_number
from perennial.usage.lake import lake

PAGE = 50
PROPOSED = 3
SEEN_DAYS = 30


class Why(StrEnum):
    """What a proposal stands on, the surest first."""

    EXTERNAL_ID = "external_id"
    GROUP = "group"
    DOMAIN = "domain"
    SAME_NAME = "same_name"
    SIMILAR_NAME = "similar_name"


class Decided(StrEnum):
    """Which unconfirmed are shown."""

    OPEN = "open"
    LINKED = "linked"
    IGNORED = "ignored"


@dataclass(frozen=True)
class Proposal:
    """A customer that an unconfirmed may belong to; `detail` is what both have: an id's source, a domain."""

    customer_id: int
    key: str
    name: str
    why: Why
    detail: str = ""

    @property
    def is_sure(self) -> bool:
        """Say whether an id, a group or a domain speaks for it, not a name alone."""
        return self.why in (Why.EXTERNAL_ID, Why.GROUP, Why.DOMAIN)


@dataclass(frozen=True)
class Stranger:
    """A group, or a user without one, that no customer is known for.

    `events` and `users` are of the last SEEN_DAYS days, None where nothing came then; `customer` (key, name) once it
    is linked, its name "" where the reader may not see that customer.
    """

    id: int
    source: str
    external_id: str
    is_user: bool
    name: str
    domain: str
    first_seen_at: datetime
    decided_at: datetime | None
    decided_by: str
    customer: tuple[str, str] | None
    events: int | None = None
    users: int | None = None
    last_on: date | None = None
    proposals: tuple[Proposal, ...] = ()

    @property
    def title(self) -> str:
        """Return the name that the sender gave, else its id."""
        return self.name or self.external_id

    @property
    def first(self) -> Proposal | None:
        """Return the proposal that speaks loudest."""
        return self.proposals[0] if self.proposals else None


@dataclass(frozen=True)
class Asked:
    """Which unconfirmed are asked for: their state, and a part of their id, name or domain."""

    decided: Decided = Decided.OPEN
    text: str = ""


def page(
    asked: Asked, *, among: QuerySet[Customer], on: date, before: int | None = None, size: int = PAGE
) -> tuple[list[Stranger], int | None]:
    """Return the unconfirmed, the newest first, and the mark of the next page; at most ten queries and one read of
    the lake. `among`: the customers that the reader may link to; nobody else is proposed or named."""
    rows = _rows(asked)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: size + 1])
    mark = found[size - 1].pk if len(found) > size else None
    return _strangers(found[:size], among=among, on=on), mark


def is_there(unconfirmed_id: int) -> bool:
    """Say whether there is such an unconfirmed, decided or not; one query."""
    return Unconfirmed.objects.filter(id=unconfirmed_id).exists()


def of_ids(ids: Sequence[int], *, among: QuerySet[Customer], on: date) -> list[Stranger]:
    """Return these unconfirmed that are still undecided, the newest first, as `page` does."""
    rows = Unconfirmed.objects.filter(id__in=list(ids), decided_at=None).select_related("customer", "decided_by")
    return _strangers(list(rows.order_by("-id")), among=among, on=on)


def _rows(asked: Asked) -> QuerySet[Unconfirmed]:
    state = {
        Decided.OPEN: Q(decided_at=None),
        Decided.LINKED: Q(customer__isnull=False),
        Decided.IGNORED: Q(ignored_at__isnull=False),
    }[asked.decided]
    rows = Unconfirmed.objects.filter(state).select_related("customer", "decided_by")
    if asked.text:
        named = Q(external_id__icontains=asked.text) | Q(name__icontains=asked.text)
        rows = rows.filter(named | Q(domain__icontains=asked.text))
    return rows


def _strangers(rows: Sequence[Unconfirmed], *, among: QuerySet[Customer], on: date) -> list[Stranger]:
    if not rows:
        return []
    linked = {row.customer_id for row in rows if row.customer_id}
    visible: set[int | None] = set(among.filter(id__in=linked).values_list("id", flat=True)) if linked else set()
    proposals = _proposals([row for row in rows if row.decided_at is None], among=among)
    with lake().arrivals() as arrivals:
        seen = arrivals.seen([-row.pk for row in rows], from_day=day_number(on - timedelta(days=SEEN_DAYS - 1)))
    return [_stranger(row, seen.get(-row.pk), proposals.get(row.pk, ()), visible) for row in rows]


def _stranger(
    row: Unconfirmed, seen: Seen | None, proposals: tuple[Proposal, ...], visible: set[int | None]
) -> Stranger:
    customer = row.customer if row.customer_id in visible else None
    return Stranger(
        id=row.pk,
        source=row.source,
        external_id=row.external_id.removeprefix(ALONE),
        is_user=row.external_id.startswith(ALONE),
        name=row.name,
        domain=row.domain,
        first_seen_at=row.first_seen_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by.name if row.decided_by else "",
        customer=None if row.customer_id is None else ("", "") if customer is None else (customer.key, customer.name),
        events=seen.events if seen else None,
        users=seen.users if seen else None,
        last_on=day_date(seen.last_day) if seen else None,
        proposals=proposals,
    )


def _proposals(rows: Sequence[Unconfirmed], *, among: QuerySet[Customer]) -> dict[int, tuple[Proposal, ...]]:
    """Return for each row the customers that speak for themselves, the surest first, each once; six queries."""
    domains = {row.pk: row.domain or likeness.domain_of(_mail(row)) for row in rows}
    domains = {key: likeness.domain_of(domain) for key, domain in domains.items()}
    by_id = likeness.ids_by_external_id(among, [row.external_id.removeprefix(ALONE) for row in rows])
    by_domain = likeness.ids_by_domain(among, domains.values())
    by_name = likeness.ids_by_name(among, [row.name or row.external_id for row in rows if not _is_user(row)])
    by_group = _customers_of_users([row for row in rows if _is_user(row)])
    found: dict[int, list[tuple[int, Why, str]]] = {}
    for row in rows:
        same = by_name.get(row.name or row.external_id, []) if not _is_user(row) else []
        found[row.pk] = [
            *((one, Why.EXTERNAL_ID, source) for one, source in by_id.get(row.external_id.removeprefix(ALONE), [])),
            *((one, Why.GROUP, "") for one in by_group.get((row.source, row.external_id.removeprefix(ALONE)), ())),
            *((one, Why.DOMAIN, domains[row.pk]) for one in by_domain.get(domains[row.pk], [])),
            *((one, Why.SAME_NAME if ratio == 1 else Why.SIMILAR_NAME, "") for one, ratio in same),
        ]
    named = _named({one for each in found.values() for one, _why, _detail in each}, among=among)
    return {key: _first_of_each(each, named) for key, each in found.items()}


def _customers_of_users(rows: Sequence[Unconfirmed]) -> dict[tuple[str, str], tuple[int, ...]]:
    """Return the customer of each user who acted for a group since, by source and user; one query."""
    users = [row.external_id.removeprefix(ALONE) for row in rows]
    last = LastGroup.objects.filter(source__in={row.source for row in rows}, user__in=users, customer_number__gt=0)
    return {(source, user): (customer_id,) for source, user, customer_id in last.values_list(
        "source", "user", "customer_number")}  # fmt: skip


def _is_user(row: Unconfirmed) -> bool:
    return row.external_id.startswith(ALONE)


def _mail(row: Unconfirmed) -> str:
    """Return the row's id where it is a mail address."""
    return row.external_id.removeprefix(ALONE) if "@" in row.external_id else ""


def _named(ids: Iterable[int], *, among: QuerySet[Customer]) -> dict[int, tuple[str, str]]:
    wanted = sorted(ids)
    rows = among.filter(id__in=wanted).values_list("id", "key", "name") if wanted else []
    return {customer_id: (key, name) for customer_id, key, name in rows}


def _first_of_each(found: Sequence[tuple[int, Why, str]], named: Mapping[int, tuple[str, str]]) -> tuple[Proposal, ...]:
    kept: dict[int, Proposal] = {}
    for customer_id, why, detail in found:
        if customer_id in named:
            kept.setdefault(customer_id, Proposal(customer_id, *named[customer_id], why, detail))
    return tuple(kept.values())[:PROPOSED]


def candidates(text: str, *, among: QuerySet[Customer], limit: int = 8) -> list[Proposal]:
    """Return customers whose name or number a person typed, by name; one query."""
    found = search.matching(text)
    if found is None:
        return []
    rows = among.filter(id__in=found).order_by("name_sort", "id").values_list("id", "key", "name")[:limit]
    return [Proposal(customer_id, key, name, Why.SAME_NAME) for customer_id, key, name in rows]
