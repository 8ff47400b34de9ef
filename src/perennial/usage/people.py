"""Product users whose customer is not known yet, and what identify says of users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction

from perennial.usage.models import ProductUser

CHUNK = 500


@transaction.atomic
def stranger_ids(source: str, users: Iterable[str], *, at: datetime) -> dict[str, int]:
    """Return the lake's id of each external user id that belongs to no customer yet; unknown ones are made.

    Two queries for each 500.
    """
    wanted = sorted(set(users))
    found: dict[str, int] = {}
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        ProductUser.objects.bulk_create(
            [ProductUser(source=source, external_id=user, learned_at=at) for user in chunk], ignore_conflicts=True
        )
        rows = ProductUser.objects.filter(source=source, customer=None, external_id__in=chunk)
        found |= dict(rows.values_list("external_id", "id"))
    return found


@transaction.atomic
def adopt(source: str, customers_of: Mapping[str, int]) -> list[tuple[int, str]]:
    """Give a source's strangers their customers, by external user id; return number and id of those that moved.

    Who is known at that customer already stays two rows. Safe twice. Three queries for each 500.
    """
    wanted, moved = sorted(customers_of), list[tuple[int, str]]()
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        rows = ProductUser.objects.filter(source=source, external_id__in=chunk)
        there = rows.filter(customer_id__in={customers_of[user] for user in chunk})
        known = set(there.values_list("external_id", "customer_id"))
        strangers = [row for row in rows.filter(customer=None) if (row.external_id, customers_of[row.external_id])
                     not in known]  # fmt: skip
        for row in strangers:
            row.customer_id = customers_of[row.external_id]
        ProductUser.objects.bulk_update(strangers, ["customer"], batch_size=CHUNK)
        moved += [(row.pk, row.external_id) for row in strangers]
    return moved


def strangers_named(ids: Iterable[int]) -> dict[int, str]:
    """Return what their source calls the users of these numbers that belong to no customer; one query for each 500."""
    wanted, found = sorted(set(ids)), dict[int, str]()
    for start in range(0, len(wanted), CHUNK):
        rows = ProductUser.objects.filter(id__in=wanted[start : start + CHUNK], customer=None)
        found |= dict(rows.values_list("id", "external_id"))
    return found


def names_of(ids: Iterable[int]) -> dict[int, str]:
    """Return what users are called: by their name, else by their source's id; one query for each 500."""
    wanted, found = sorted(set(ids)), dict[int, str]()
    for start in range(0, len(wanted), CHUNK):
        rows = ProductUser.objects.filter(id__in=wanted[start : start + CHUNK])
        found |= {user_id: name or external_id for user_id, name, external_id in rows.values_list(
            "id", "name", "external_id")}  # fmt: skip
    return found


@transaction.atomic
def set_free(customers_of: Mapping[int, int]) -> None:
    """Make users strangers again, by number, where they are still of that customer; who became a stranger anew
    meanwhile stays. Three queries for each 500."""
    wanted = sorted(customers_of)
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        rows = [row for row in ProductUser.objects.filter(id__in=chunk) if row.customer_id == customers_of[row.pk]]
        names = {row.external_id for row in rows}
        anew = ProductUser.objects.filter(customer=None, external_id__in=names, source__in={row.source for row in rows})
        taken = set(anew.values_list("source", "external_id"))
        free = [row.pk for row in rows if (row.source, row.external_id) not in taken]
        ProductUser.objects.filter(id__in=free).update(customer=None)


def name_users(names: Mapping[int, str]) -> None:
    """Write what users are called, as far as it differs; two queries for each 500."""
    for start in range(0, len(names), CHUNK):
        chunk = dict(list(names.items())[start : start + CHUNK])
        rows = [row for row in ProductUser.objects.filter(id__in=chunk) if row.name != chunk[row.pk]]
        for row in rows:
            row.name = chunk[row.pk]
        ProductUser.objects.bulk_update(rows, ["name"], batch_size=200)
