"""What becomes of the unconfirmed: linked to a customer, made one, or ignored; and each of it taken back.

What came before under the number below zero counts for the customer through an alias, its users become the customer's,
and its id names the customer from then on. Who counts for whom is read where facts are read (customers/aliases.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import BigIntegerField, Case, F, Value, When
from django.utils.translation import gettext as _

from perennial.customers import actions as customers
from perennial.customers import linking
from perennial.customers.actions import CustomerError
from perennial.customers.linking import Link
from perennial.customers.terms import CustomerFacts
from perennial.intake.actions import IntakeError
from perennial.intake.identity import ALONE
from perennial.intake.models import LastGroup, Unconfirmed
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal import queries as past
from perennial.usage import actions as usage
from perennial.usage import people
from perennial.usage.lake import lake

MOST = 200
LINKED, UNLINKED, IGNORED, REOPENED = (
    "unconfirmed.linked", "unconfirmed.unlinked", "unconfirmed.ignored", "unconfirmed.reopened",
)  # fmt: skip


@dataclass(frozen=True)
class _Acted:
    """Who acted, by the lake: the users of each number, and each user's numbers below zero."""

    users: Mapping[int, set[int]]
    numbers: Mapping[int, set[int]]


def link(customers_of: Mapping[int, int], *, by: int, at: datetime) -> None:
    """Link unconfirmed to customers, by their ids; one journal entry each. About twenty-five queries for 200.

    :raises IntakeError: too many at once, one that somebody decided meanwhile, or an id that names another customer.
    """
    _refuse_too_many(customers_of)
    acted = _acted(customers_of)  # before the lock: it reads files
    with transaction.atomic():
        _link(customers_of, acted, by=by, at=at)


def _acted(ids: Iterable[int]) -> _Acted:
    with lake().arrivals() as arrivals:
        users = arrivals.users([-number for number in ids])
        return _Acted(users, arrivals.strange_numbers({user for each in users.values() for user in each}))


def _link(customers_of: Mapping[int, int], acted: _Acted, *, by: int, at: datetime, is_made: bool = False) -> None:
    """`is_made`: the customers were made of these rows just now, so that their ids go where the link goes."""
    rows = _locked(customers_of)
    try:
        named = linking.link([_as_link(row, customers_of[row.pk]) for row in rows], at=at)
    except CustomerError as error:
        raise IntakeError(str(error)) from error
    groups = _move_last_groups({-number: customer_id for number, customer_id in customers_of.items()})
    for row in rows:
        row.customer_id = customers_of[row.pk]
    _decide(rows, by=by, at=at)
    moved = _adopt(rows, acted, groups, at=at)
    data = {
        row.pk: {
            "source": row.source, "named": is_made or -row.pk in named, "users": sorted(moved.get(row.pk, ())),
            "groups": [group.pk for group in groups if group.customer_number == -row.pk],
        }
        for row in rows
    }  # fmt: skip
    _record_each(LINKED, rows, data, by=by, at=at)


def _as_link(row: Unconfirmed, customer_id: int) -> Link:
    """A user without a group names no customer: his row alone leads to it."""
    return Link(-row.pk, customer_id, row.source, None if row.external_id.startswith(ALONE) else row.external_id)


def _move_last_groups(customer_of: Mapping[int, int]) -> list[LastGroup]:
    """Let users' events without a group count for the customer; return the rows as they were. Two queries."""
    rows = list(LastGroup.objects.select_for_update().filter(customer_number__in=list(customer_of)).order_by("id"))
    cases = [When(customer_number=old, then=Value(new)) for old, new in customer_of.items()]
    LastGroup.objects.filter(id__in=[row.pk for row in rows]).update(
        customer_number=Case(*cases, default=F("customer_number"), output_field=BigIntegerField())
    )
    return rows


def _adopt(
    rows: Sequence[Unconfirmed], acted: _Acted, groups: Iterable[LastGroup], *, at: datetime
) -> dict[int, set[int]]:
    """Give the users of each row to its customer; return the numbers of those that moved, by row.

    Who also acted for somebody else stays a stranger, and is known at the customer besides: usage counts both as one.
    """
    customers_of = {row.pk: row.customer_id or 0 for row in rows}
    named = people.strangers_named(acted.numbers)
    leads = _leads({number for numbers in acted.numbers.values() for number in numbers})
    moving: dict[tuple[str, str], int] = {(group.source, group.user): -group.customer_number for group in groups}
    moving |= {(row.source, row.external_id.removeprefix(ALONE)): row.pk for row in rows
               if row.external_id.startswith(ALONE)}  # fmt: skip
    staying: dict[tuple[int, str, str], int] = {}
    for row in rows:
        for user in acted.users.get(-row.pk, set()) & named.keys():
            if {leads.get(number) for number in acted.numbers[user]} == {row.customer_id}:
                moving.setdefault((row.source, named[user]), row.pk)
            else:
                staying[customers_of[row.pk], row.source, named[user]] = user
                moving.pop((row.source, named[user]), None)
    _know(staying, at=at)
    moved: dict[int, set[int]] = {}
    for source in sorted({source for source, _user in moving}):
        mine = {name: number for (of, name), number in moving.items() if of == source}
        for user_id, name in people.adopt(source, {name: customers_of[number] for name, number in mine.items()}):
            moved.setdefault(mine[name], set()).add(user_id)
    return moved


def _leads(numbers: Iterable[int]) -> dict[int, int | None]:
    """Return the customer to which each number below zero leads by now, None for none."""
    rows = Unconfirmed.objects.filter(id__in=[-number for number in numbers]).values_list("id", "customer_id")
    return {-number: customer_id for number, customer_id in rows}


def _know(users: Mapping[tuple[int, str, str], int], *, at: datetime) -> None:
    """Make users known at a customer, called as the strangers that they also are."""
    called = people.names_of(users.values())
    for source in sorted({source for _customer, source, _user in users}):
        mine = {(customer, user): stranger for (customer, of, user), stranger in users.items() if of == source}
        ids = usage.user_ids(source, mine, at=at)
        people.name_users(
            {ids[pair]: called[stranger] for pair, stranger in mine.items() if called[stranger] != pair[1]}
        )


def create(ids: Sequence[int], *, by: int, at: datetime) -> dict[int, int]:
    """Make a customer of each unconfirmed and link it; return the customers by unconfirmed.

    :raises IntakeError: too many at once, or one that somebody decided meanwhile.
    """
    _refuse_too_many(ids)
    acted = _acted(ids)
    with transaction.atomic():
        rows = _locked(ids)
        made: dict[int, int] = {}
        for source in sorted({row.source for row in rows}):
            mine = [row for row in rows if row.source == source]
            found, _counted = customers.upsert([_facts(row) for row in mine], by=by, at=at)
            made |= {row.pk: found[_facts(row).external_id] for row in mine}
        _link(made, acted, by=by, at=at, is_made=True)
    return made


def _facts(row: Unconfirmed) -> CustomerFacts:
    name = row.name or row.external_id.removeprefix(ALONE)
    return CustomerFacts(
        source=row.source,
        external_id=row.external_id[:200],
        name=name[:200],
        custom={"website": row.domain} if row.domain else {},
    )


@transaction.atomic
def ignore(ids: Sequence[int], *, by: int, at: datetime) -> None:
    """Say that nobody has to decide on these: they are kept, and count for nobody.

    :raises IntakeError: too many at once, or one that somebody decided meanwhile.
    """
    _refuse_too_many(ids)
    rows = _locked(ids)
    for row in rows:
        row.ignored_at = at
    _decide(rows, by=by, at=at)
    journal.record(IGNORED, by=by, at=at, data={"unconfirmed": [row.pk for row in rows]})


@transaction.atomic
def take_back(ids: Sequence[int], *, by: int, at: datetime) -> int:
    """Make linked or ignored ones undecided again; return how many. Safe to run twice.

    What came before counts for nobody again; a customer that was made of it stays, without the id. Events that came
    in since the link under the customer's own number stay with it.
    """
    _refuse_too_many(ids)
    rows = list(Unconfirmed.objects.select_for_update().filter(id__in=list(ids), decided_at__isnull=False))
    linked = [row for row in rows if row.customer_id is not None]
    _unlink(linked, by=by, at=at)
    for row in rows:
        row.customer_id = row.ignored_at = row.decided_at = row.decided_by_id = None
    Unconfirmed.objects.bulk_update(rows, ["customer", "ignored_at", "decided_at", "decided_by"])
    ignored = [row.pk for row in rows if row not in linked]
    if ignored:
        journal.record(REOPENED, by=by, at=at, data={"unconfirmed": ignored})
    return len(rows)


def _unlink(rows: Sequence[Unconfirmed], *, by: int, at: datetime) -> None:
    done = past.latest_of(LINKED, [_subject(row) for row in rows])
    entries = [(row, row.customer_id or 0, done.get(_subject(row), {})) for row in rows]
    linking.unlink(
        [
            Link(-row.pk, customer_id, row.source, row.external_id[:200] if entry.get("named") else None)
            for row, customer_id, entry in entries
        ]
    )
    people.set_free({user: customer_id for _row, customer_id, entry in entries for user in entry.get("users", ())})
    back = {group: (-row.pk, customer_id) for row, customer_id, entry in entries for group in entry.get("groups", ())}
    groups = [
        group for group in LastGroup.objects.filter(id__in=list(back)) if group.customer_number == back[group.pk][1]
    ]
    for group in groups:
        group.customer_number = back[group.pk][0]
    LastGroup.objects.bulk_update(groups, ["customer_number"], batch_size=500)
    _record_each(UNLINKED, rows, {row.pk: {"source": row.source} for row in rows}, by=by, at=at)


def _locked(ids: Iterable[int]) -> list[Unconfirmed]:
    wanted = sorted(set(ids))
    rows = list(Unconfirmed.objects.select_for_update().filter(id__in=wanted, decided_at=None).order_by("id"))
    if len(rows) != len(wanted):
        raise IntakeError(_("Somebody decided on some of these meanwhile. Nothing was changed; look at the list anew."))
    return rows


def _decide(rows: Sequence[Unconfirmed], *, by: int, at: datetime) -> None:
    for row in rows:
        row.decided_at, row.decided_by_id = at, by
    Unconfirmed.objects.bulk_update(rows, ["customer", "ignored_at", "decided_at", "decided_by"])


def _record_each(
    kind: str, rows: Sequence[Unconfirmed], data: Mapping[int, Mapping[str, object]], *, by: int, at: datetime
) -> None:
    """Write one entry for each row on its customer; the id may be a person's, so it goes to the erasable part."""
    turns: dict[int, dict[int, Unconfirmed]] = {}
    before: Counter[int] = Counter()
    for row in rows:
        customer_id = row.customer_id or 0
        turns.setdefault(before[customer_id], {})[customer_id] = row
        before[customer_id] += 1
    for turn in turns.values():
        journal.record_each(
            kind,
            {customer_id: data[row.pk] for customer_id, row in turn.items()},
            subjects={customer_id: _subject(row) for customer_id, row in turn.items()},
            personal={customer_id: {"external_id": row.external_id} for customer_id, row in turn.items()},
            by=by,
            at=at,
        )


def _subject(row: Unconfirmed) -> str:
    return f"unconfirmed:{row.pk}"


def _refuse_too_many(ids: Iterable[int]) -> None:
    if len(list(ids)) > MOST:
        raise IntakeError(_("At most %(most)s at once.") % {"most": MOST})
