"""The tables of playbooks: tasks, Today, and what was put away from it."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Task(models.Model):
    """Something that a member owes. Done or dropped, never deleted. `touchpoint`: whose next step it is."""

    customer = models.ForeignKey("perennial.Customer", null=True, on_delete=models.PROTECT, related_name="tasks")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tasks")
    title = models.CharField(max_length=300)
    due_on = models.DateField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)
    touchpoint = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["touchpoint"], name="task_one_of_touchpoint")]
        indexes = [
            models.Index(
                fields=["owner", "due_on"], name="task_open", condition=models.Q(done_at=None, dropped_at=None)
            ),
            models.Index(fields=["customer", "due_on"], name="task_of_customer"),
        ]


class PlannedDay(models.Model):
    """A day whose Today was worked out for all customers; one that asks for nobody has no item, but it has this row."""

    on = models.DateField(unique=True)
    at = models.DateTimeField()


class TodayItem(models.Model):
    """A customer that needs a contact on a day, and why: each reason names its rule and the values that fired it.

    State is who and when: `done_at`, `snoozed_until_on`. Done says that it is settled; that somebody was contacted is
    said by a log entry alone: `touchpoint`, and `is_contact` where it is more than a note.
    """

    on = models.DateField()
    customer = models.ForeignKey("perennial.Customer", on_delete=models.CASCADE, related_name="today_items")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    weight = models.FloatField()
    reasons = models.JSONField()
    first_seen_on = models.DateField()
    done_at = models.DateTimeField(null=True)
    touchpoint = models.UUIDField(null=True)
    is_contact = models.BooleanField(default=False)
    snoozed_until_on = models.DateField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["on", "customer"], name="today_one_item_a_customer")]
        indexes = [models.Index(fields=["owner", "on", "-weight"], name="today_of_owner")]


class PutAway(models.Model):
    """A reason that somebody found not useful: it stays away from a customer until a day, or until it is brought back.

    `rule` "" means every reason of the customer, also one that is new. `why` is one of `terms.Why`; `note` a person's
    words.
    """

    customer = models.ForeignKey("perennial.Customer", on_delete=models.CASCADE, related_name="put_away")
    rule = models.CharField(max_length=60)
    why = models.CharField(max_length=20)
    note = models.CharField(max_length=300, default="")
    on = models.DateField()
    until_on = models.DateField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(until_on__gt=models.F("on")), name="put_away_until_a_later_day")
        ]
        indexes = [models.Index(fields=["customer", "until_on"], name="put_away_of_customer")]
