"""The tables of members."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower


class Role(models.TextChoices):
    """What a member is here; what each may do stands in the blueprint's rights table."""

    admin = "admin"
    leader = "leader"
    csm = "csm"
    analyst = "analyst"
    reader = "reader"


class KeyScope(models.TextChoices):
    """What an API key may do, within the rights of its member."""

    read = "read"
    write = "write"
    intake = "intake"


class Team(models.Model):
    """A team of members; a leader sees the books of the own team."""

    name = models.CharField(max_length=100, unique=True)


class MemberManager(BaseUserManager["Member"]):
    """Finds members by mail address."""

    def get_by_natural_key(self, username: str | None) -> Member:
        return self.get(email__iexact=username)


class Member(AbstractBaseUser):
    """A person who works here. Deactivated, never deleted: the journal names them."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=10, choices=Role.choices)
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="members")
    language = models.CharField(max_length=10, default="en")
    theme = models.CharField(max_length=6, default="system", choices=[(t, t) for t in ("system", "light", "dark")])
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects: ClassVar[MemberManager] = MemberManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="member_email_any_case")]


class ApiKey(models.Model):
    """A key of a member for scripts. Only its SHA-256 is kept (the key has 256 random bits); the prefix shows which."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=100)
    scope = models.CharField(max_length=10, choices=KeyScope.choices)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class PasswordLink(models.Model):
    """A link by which a member sets the own password, once: the invitation of a new one, or after it was forgotten.

    Only the SHA-256 of its 256 random bits is kept. `ended_at`: used, or replaced by a later one.
    """

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="password_links")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
