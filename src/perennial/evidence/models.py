"""The tables of evidence: what backtests found, and the decisions that they are to be learned from."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Backtest(models.Model):
    """A finished backtest of a scorecard's text; never changed. `version` None: a draft.

    `found`: figures by lead, and the proposal; it follows from data (`data_version`: the last journal entry and
    import, and a digest of all rows), `seed` and `versions` alone, to the bit on one machine.
    """

    key = models.CharField(max_length=60)
    version = models.PositiveIntegerField(null=True)
    digest = models.CharField(max_length=64)
    text = models.TextField()
    on = models.DateField()
    made_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    found = models.JSONField()
    data_version = models.CharField(max_length=120)
    seed = models.BigIntegerField()
    versions = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["digest", "made_at"], name="backtest_of_text")]


class BacktestCase(models.Model):
    """A decision of a backtest that was lost, or kept while red, at the main lead."""

    backtest = models.ForeignKey(Backtest, on_delete=models.CASCADE, related_name="cases")
    customer = models.ForeignKey("perennial.Customer", on_delete=models.CASCADE, related_name="+")
    on = models.DateField()
    is_lost = models.BooleanField()
    score = models.FloatField()
    band = models.CharField(max_length=8)
    p = models.FloatField(null=True)


class Shadow(models.Model):
    """Proposed weights beside the published ones for a quarter, [began_on, until_on): both texts as they stood on the
    first day. `found` None: not compared yet. `decided_at` None: it is open, of which there is one at most."""

    backtest = models.ForeignKey(Backtest, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    against = models.TextField()
    began_on = models.DateField()
    until_on = models.DateField()
    began_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    found = models.JSONField(null=True)
    word = models.CharField(max_length=10, default="")
    reason = models.CharField(max_length=300, default="")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(models.Value(1), name="shadow_one_open", condition=models.Q(decided_at=None))
        ]
