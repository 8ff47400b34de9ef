"""The table of erasures: what was asked, by whom, and how far it is. Nothing of what was erased."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Erasure(models.Model):
    """One erasure, and its certificate once `rewritten_at` is set.

    `entry` is its line in the home's list of erasures; `counts` rows by table (`kernel` names of `table.py`);
    `waiting` files of the lake that hold old bytes until readers have let go of them; `again_at`: a restore of older
    records applied it once more.
    """

    key = models.CharField(max_length=32, unique=True)
    subject = models.CharField(max_length=10)
    customer = models.ForeignKey("perennial.Customer", null=True, on_delete=models.PROTECT, related_name="+")
    entry = models.JSONField()
    counts = models.JSONField(default=dict)
    waiting = models.JSONField(default=list)
    reason = models.CharField(max_length=500, default="")
    is_kept_out = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    again_at = models.DateTimeField(null=True)
    rewritten_at = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64, default="")
