"""The tables of the intake: streams of keys, groups that nobody knows yet, users' last groups, rejected messages."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from perennial.intake.terms import ID_LENGTH


class Stream(models.Model):
    """What a write key's events are: the source whose ids its groups and users carry, and how many a second it may
    send to one process (None: as many as there is room for)."""

    key = models.OneToOneField("perennial.ApiKey", primary_key=True, on_delete=models.PROTECT, related_name="stream")
    source = models.CharField(max_length=60)
    events_per_second = models.PositiveIntegerField(null=True)


class Unconfirmed(models.Model):
    """A group, or a user without one, that no customer is known for. Its events carry the row's negative number as
    their customer until somebody links it; then an alias leads that number to the customer."""

    source = models.CharField(max_length=60)
    external_id = models.CharField(max_length=220)
    name = models.CharField(max_length=200, default="")
    domain = models.CharField(max_length=253, default="")
    first_seen_at = models.DateTimeField()
    customer = models.ForeignKey("perennial.Customer", null=True, on_delete=models.PROTECT, related_name="+")
    ignored_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="unconfirmed_of_source")]
        indexes = [models.Index(fields=["-id"], name="unconfirmed_open", condition=Q(decided_at=None))]


class LastGroup(models.Model):
    """The customer that a user last acted for: what an event without a group counts for. Negative: an unconfirmed."""

    source = models.CharField(max_length=60)
    user = models.CharField(max_length=220)
    customer_number = models.BigIntegerField(db_index=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "user"], name="last_group_of_user")]
        indexes = [models.Index(fields=["source", "at"], name="last_group_by_time")]


class RejectedMessage(models.Model):
    """A message that was not taken, as it came. Settled when it was replayed or set aside."""

    key = models.ForeignKey("perennial.ApiKey", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, default="")
    message_id = models.CharField(max_length=ID_LENGTH, default="")
    reason = models.CharField(max_length=20)
    where = models.CharField(max_length=60, default="")
    raw = models.TextField()
    received_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_as = models.CharField(max_length=10, default="")
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["reason", "-id"], name="rejected_open", condition=Q(settled_at=None)),
            models.Index(fields=["received_at"], name="rejected_by_time"),
        ]
