"""The table of the organisation: exactly one row."""

from __future__ import annotations

from django.db import models


class Organisation(models.Model):
    """The company whose customers these are. One row (id 1): two homes never meet. `events_kept_months` None: raw
    events are kept for ever. `books_opened_on`: the day on which revenue was first derived: no month before was ever
    reported from here."""

    name = models.CharField(max_length=200, default="")
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64)
    language = models.CharField(max_length=10, default="en")
    fiscal_start_month = models.PositiveSmallIntegerField(default=1)
    amounts_include_tax = models.BooleanField(default=False)
    as_of_on = models.DateField(null=True)
    policy_switches = models.JSONField(default=dict)
    config_stamp = models.CharField(max_length=32, default="")
    events_kept_months = models.PositiveSmallIntegerField(null=True)
    books_opened_on = models.DateField(null=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="organisation_is_one")]
