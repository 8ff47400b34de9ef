"""The tables of insights: what forecasts were learned from, and what they said week by week."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from perennial.kernel.frozen import Frozen


class ForecastModel(models.Model):
    """What was learned up to a day: tallies of past terms by kind, and the weights of the common shock.

    `tallies`: [segment, age, stand, kept, count] each; `posterior`: BIASES × SPREADS; `quarters`: closed quarters that
    the shock was learned from, `rebuilt` of them from rebuilt weeks. A model under which weeks were frozen stays.
    """

    on = models.DateField()
    learned_at = models.DateTimeField()
    tallies = models.JSONField()
    posterior = models.JSONField()
    quarters = models.PositiveSmallIntegerField()
    rebuilt = models.PositiveSmallIntegerField()


class ForecastSnapshot(Frozen):
    """The forecast as a week knew it. `week_on` is the week's Monday, `as_of_on` the day of the figures.

    `is_rebuilt`: made later, of what is known now about that day. `fans`: the whole house, for each fiscal quarter
    [first day, day after the last, 10, 50, 90 %] in minor units.
    """

    week_on = models.DateField(unique=True)
    as_of_on = models.DateField()
    frozen_at = models.DateTimeField()
    is_rebuilt = models.BooleanField()
    currency = models.CharField(max_length=3)
    learned = models.ForeignKey(ForecastModel, on_delete=models.PROTECT, related_name="snapshots")
    fans = models.JSONField()


class ForecastRow(Frozen):
    """A term as a week knew it. Minor units a year without tax: `arr` is due, `kept` is what had renewed of it by then.

    `p` with its interval is None where the outcome was known; `category` is the model's, `called` the member's, ""
    where there is none. `evidence`: segment, age, stand, terms renewed, terms, borrowed.
    """

    snapshot = models.ForeignKey(ForecastSnapshot, on_delete=models.PROTECT, related_name="rows")
    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    arr = models.BigIntegerField()
    kept = models.BigIntegerField()
    outcome = models.CharField(max_length=10)
    p = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    evidence = models.JSONField(default=list)
    category = models.CharField(max_length=10)
    called = models.CharField(max_length=10)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    segment = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["snapshot", "customer", "due_on"], name="forecast_row_once"),
        ]
        indexes = [models.Index(fields=["snapshot", "due_on"], name="forecast_row_due")]
