"""Reads of members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from perennial.members import access
from perennial.members.actions import key_digest
from perennial.members.models import ApiKey, Member, Team


@dataclass(frozen=True)
class KeyView:
    """A key as Settings shows it: never the key itself."""

    id: int
    name: str
    scope: str
    prefix: str
    member_name: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def by_email(email: str) -> Member | None:
    """Return the member of a mail address, any case; one query."""
    return Member.objects.filter(email__iexact=email.strip()).first()


def by_id(member_id: int) -> Member | None:
    """Return a member with his team; one query."""
    return Member.objects.select_related("team").filter(id=member_id).first()


def members(*, active_only: bool = False) -> list[Member]:
    """Return the members with their teams, by name; one query."""
    rows = Member.objects.select_related("team").order_by("-is_active", "name", "id")
    return list(rows.filter(is_active=True) if active_only else rows)


def who_may(ability: str, *, ids: Sequence[int] | None = None) -> list[Member]:
    """Return the active members whose role has an ability (of `ids` alone, where given), by name; one query."""
    rows = Member.objects.filter(is_active=True).select_related("team").order_by("name", "id")
    return [one for one in (rows if ids is None else rows.filter(id__in=ids)) if access.may(one, ability)]


def names() -> dict[int, str]:
    """Return every member's name by id; one query."""
    return dict(Member.objects.values_list("id", "name"))


def teams() -> list[Team]:
    """Return the teams by name; one query."""
    return list(Team.objects.order_by("name"))


def keys(*, member_id: int | None = None) -> list[KeyView]:
    """Return the keys of a member (None: of all), newest first; one query."""
    rows = ApiKey.objects.select_related("member").order_by("-id")
    return [
        KeyView(
            id=key.pk,
            name=key.name,
            scope=key.scope,
            prefix=key.prefix,
            member_name=key.member.name,
            created_at=key.created_at,
            last_used_at=key.last_used_at,
            revoked_at=key.revoked_at,
        )
        for key in (rows if member_id is None else rows.filter(member_id=member_id))
    ]


def key_holder(key: str) -> ApiKey | None:
    """Return the live key with its active member, None for any other; one query."""
    return (
        ApiKey.objects.select_related("member")
        .filter(digest=key_digest(key), revoked_at=None, member__is_active=True)
        .first()
    )
