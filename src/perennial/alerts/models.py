"""The tables of alerts."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class AlertWeek(models.Model):
    """A week that was judged, by its last day: how many customers were, of how many that pay, how many were expected on
    the watch list by chance, why nobody was judged ("" where somebody was), and the
    numbers of those that were."""

    week_on = models.DateField(unique=True)
    paying = models.IntegerField()
    judged = models.IntegerField()
    expected = models.FloatField()
    trouble = models.CharField(max_length=10, default="")
    customers = models.JSONField(default=list)
    made_at = models.DateTimeField()


class UsageAlert(models.Model):
    """An alarm of a customer, kept as the week found it: the statistic, its p against so many of the fleet's past,
    users (of a fall: lately, as the statistic weighs the weeks), usual users and their spread, and the series up to
    then. `told`: what the kind says beside (a gap).

    It is open until `closed_on`. It rests until `muted_until_on`: after an action, or by somebody's word (`reason`).
    """

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="usage_alerts")
    kind = models.CharField(max_length=20)
    listed = models.CharField(max_length=10)
    week_on = models.DateField()
    raised_on = models.DateField()
    raised_at = models.DateTimeField()
    statistic = models.FloatField(null=True)
    p = models.FloatField(null=True)
    against = models.IntegerField(null=True)
    users = models.FloatField(null=True)
    usual = models.FloatField(null=True)
    spread = models.FloatField(null=True)
    series = models.JSONField(default=list)
    told = models.JSONField(default=dict)
    closed_on = models.DateField(null=True)
    end = models.CharField(max_length=10, default="")
    muted_until_on = models.DateField(null=True)
    muted_why = models.CharField(max_length=10, default="")
    muted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "kind", "week_on"], name="usage_alert_once"),
            models.UniqueConstraint(
                fields=["customer", "kind"], name="usage_alert_one_open", condition=models.Q(closed_on=None)
            ),
        ]
        indexes = [models.Index(fields=["customer"], name="usage_alert_open", condition=models.Q(closed_on=None))]
