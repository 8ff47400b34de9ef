"""The tables of insights."""

from __future__ import annotations

from django.db import models

from perennial.kernel.versions import Version


class Spend(Version):
    """What winning customers cost in one month: sales and marketing, as finance books it.

    `month` is its first day; `channel` and `segment` are "" where the amount is for all of them. Minor units.
    """

    month = models.DateField()
    channel = models.CharField(max_length=100, default="")
    segment = models.CharField(max_length=100, default="")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)


class SurvivalFit(models.Model):
    """A curve that was fitted to customers by renewal age, kept because its bootstrap takes a second.

    It follows from `ages`, `seed` and the method alone, whose versions stand beside it: the same again is the same row.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    ages = models.JSONField()
    found = models.JSONField()
    seed = models.BigIntegerField()
    versions = models.JSONField()
    made_at = models.DateTimeField()
