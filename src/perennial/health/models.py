"""The tables of health. Past days are frozen rows of the lake; here is the configuration and each customer's latest."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Scorecard(models.Model):
    """A published version of a scorecard's configuration; dated and never changed."""

    key = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    config = models.JSONField()
    published_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "version"], name="scorecard_version")]


class Score(models.Model):
    """A customer's latest score with its parts, as the page opens it."""

    customer = models.OneToOneField(
        "perennial.Customer", primary_key=True, on_delete=models.CASCADE, related_name="score"
    )
    scorecard = models.ForeignKey(Scorecard, on_delete=models.PROTECT, related_name="scores")
    on = models.DateField()
    parts = models.JSONField()
    computed_at = models.DateTimeField()
