"""Writes of members: make, change, deactivate; make and revoke keys."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from perennial.kernel.journal import actions as journal
from perennial.members.models import ApiKey, KeyScope, Member, PasswordLink, Role, Team

LINK_LASTS = timedelta(days=7)
USE_IS_NOTED_EVERY = timedelta(minutes=5)


class MemberError(ValueError):
    """What was asked cannot be done; the message says why and what to do."""


@transaction.atomic
def create_member(
    *,
    email: str,
    name: str,
    role: str,
    password: str | None,
    by: int | None,
    at: datetime,
    team_id: int | None = None,
    language: str = "en",
) -> int:
    """Add a member and return the id. `password` None: cannot sign in before one is set, by an admin or by a link.

    :raises MemberError: a mail address that is taken or none, an unknown role, a weak password.
    """
    email = email.strip().lower()
    _check(email, role, password)
    if Member.objects.filter(email__iexact=email).exists():
        raise MemberError(_("%(email)s is a member already.") % {"email": email})
    member = Member(
        email=email, name=name or email.split("@")[0], role=role, team_id=team_id, language=language, created_at=at
    )
    _set_password(member, password)
    member.save()
    journal.record(
        "member.created",
        subject=f"member:{member.pk}",
        by=by,
        at=at,
        data={"role": role},
        personal={"email": email, "name": member.name},
    )
    return member.pk


def _check(email: str, role: str, password: str | None) -> None:
    try:
        validate_email(email)
        if password is not None:
            validate_password(password)
    except ValidationError as error:
        raise MemberError(" ".join(error.messages)) from error
    if role not in Role.values:
        raise MemberError(
            _("%(role)s is not a role. Roles: %(roles)s.") % {"role": role, "roles": ", ".join(Role.values)}
        )


def _set_password(member: Member, password: str | None) -> None:
    if password is None:
        member.set_unusable_password()
    else:
        member.set_password(password)


@transaction.atomic
def change_member(
    *, member_id: int, name: str, role: str, team_id: int | None, is_active: bool, by: int, at: datetime
) -> None:
    """Change a member's name, role, team or activity. Deactivation ends sessions and keys at once (promise A6).

    :raises MemberError: an unknown role, or the last active admin would be gone.
    """
    member = Member.objects.select_for_update().get(id=member_id)
    if role not in Role.values:
        raise MemberError(
            _("%(role)s is not a role. Roles: %(roles)s.") % {"role": role, "roles": ", ".join(Role.values)}
        )
    stays_admin = is_active and role == Role.admin
    others = Member.objects.filter(role=Role.admin, is_active=True).exclude(id=member_id)
    if member.role == Role.admin and member.is_active and not stays_admin and not others.exists():
        raise MemberError(_("This is the last active admin. Make another admin first."))
    before = {"role": member.role, "team": member.team_id, "is_active": member.is_active}
    after = {"role": role, "team": team_id, "is_active": is_active}
    renamed = {"before": member.name, "after": name} if name != member.name else None
    if before == after and renamed is None:
        return
    member.name, member.role, member.team_id, member.is_active = name, role, team_id, is_active
    member.save(update_fields=["name", "role", "team", "is_active"])
    if not is_active:
        _end_sessions(member_id)
        ApiKey.objects.filter(member_id=member_id, revoked_at=None).update(revoked_at=at)
        _end_links(member_id, at)
    journal.record(
        "member.changed", subject=f"member:{member_id}", by=by, at=at, data={"before": before, "after": after},
        personal={"name": renamed} if renamed else None,
    )  # fmt: skip


@transaction.atomic
def set_password(*, member_id: int, password: str, by: int | None, at: datetime) -> None:
    """Set a password and end the member's sessions.

    :raises MemberError: a weak password.
    """
    member = Member.objects.select_for_update().get(id=member_id)
    _check(member.email, member.role, password)
    _set_password(member, password)
    member.save(update_fields=["password"])
    _end_sessions(member_id)
    _end_links(member_id, at)
    journal.record("member.password_set", subject=f"member:{member_id}", by=by, at=at)


@transaction.atomic
def make_password_link(*, member_id: int, by: int, at: datetime) -> str:
    """Return the secret of a link by which the member sets the own password, once, within LINK_LASTS. An earlier link
    ends; the secret is kept nowhere.

    :raises MemberError: the member is not active.
    """
    if not Member.objects.select_for_update().filter(id=member_id, is_active=True).exists():
        raise MemberError(_("This member is deactivated. Let the member sign in first."))
    _end_links(member_id, at)
    secret = secrets.token_urlsafe(32)
    PasswordLink.objects.create(
        member_id=member_id, digest=key_digest(secret), made_at=at, made_by_id=by, expires_at=at + LINK_LASTS
    )
    journal.record("member.link_made", subject=f"member:{member_id}", by=by, at=at)
    return secret


@transaction.atomic
def use_password_link(secret: str, *, password: str, at: datetime) -> int | None:
    """Set the password of the member for whom a link was made and end the link; return the member's id. None: the link
    is used, replaced, too old or none, or the member was deactivated.

    :raises MemberError: a weak password; the link stays.
    """
    alive = PasswordLink.objects.select_for_update().filter(ended_at=None, expires_at__gt=at, member__is_active=True)
    link = alive.filter(digest=key_digest(secret)).first()
    if link is None:
        return None
    set_password(member_id=link.member_id, password=password, by=link.member_id, at=at)
    return link.member_id


def _end_links(member_id: int, at: datetime) -> None:
    PasswordLink.objects.filter(member_id=member_id, ended_at=None).update(ended_at=at)


def set_preferences(*, member_id: int, language: str, theme: str) -> None:
    """Keep the member's own language and theme."""
    Member.objects.filter(id=member_id).update(language=language, theme=theme)


def _end_sessions(member_id: int) -> None:
    for session in Session.objects.iterator():
        if session.get_decoded().get("_auth_user_id") == str(member_id):
            session.delete()


@transaction.atomic
def create_team(*, name: str, by: int | None, at: datetime) -> int:
    """Add a team, or find the one of that name; return the id."""
    team, made = Team.objects.get_or_create(name=name.strip())
    if made:
        journal.record("team.created", subject=f"team:{team.pk}", by=by, at=at)
    return team.pk


@transaction.atomic
def create_key(*, member_id: int, name: str, scope: str, by: int | None, at: datetime) -> tuple[int, str]:
    """Make an API key; return its id and the key, which is never shown again.

    :raises MemberError: an unknown scope, or the member is not active.
    """
    if scope not in KeyScope.values:
        raise MemberError(
            _("%(scope)s is not a scope. Scopes: %(scopes)s.") % {"scope": scope, "scopes": ", ".join(KeyScope.values)}
        )
    if not Member.objects.filter(id=member_id, is_active=True).exists():
        raise MemberError(_("A key needs an active member."))
    key = f"pk_{secrets.token_urlsafe(32)}"
    row = ApiKey.objects.create(
        member_id=member_id, name=name, scope=scope, prefix=key[:9], digest=key_digest(key), created_at=at
    )
    journal.record("key.created", subject=f"key:{row.pk}", by=by, at=at, data={"scope": scope, "prefix": row.prefix})
    return row.pk, key


def key_digest(key: str) -> str:
    """Return what is kept of a key: SHA-256 suffices for 256 random bits."""
    return hashlib.sha256(key.encode()).hexdigest()


def note_use(key: ApiKey, *, at: datetime) -> None:
    """Keep when a key was last used, to five minutes: no query for the uses in between, else one."""
    if key.last_used_at is None or at - key.last_used_at >= USE_IS_NOTED_EVERY:
        ApiKey.objects.filter(id=key.pk).update(last_used_at=at)


@transaction.atomic
def revoke_key(*, key_id: int, by: int, at: datetime) -> None:
    """Revoke a key; the next request with it is refused."""
    if ApiKey.objects.filter(id=key_id, revoked_at=None).update(revoked_at=at):
        journal.record("key.revoked", subject=f"key:{key_id}", by=by, at=at)
