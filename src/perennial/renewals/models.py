"""The tables of renewals."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from perennial.kernel.frozen import Frozen


class Call(Frozen):
    """What a member says will become of a term, beside the model: who, when and why. The latest one counts.

    `model` and `p`: the category and the probability that the model gave at that moment, so that it can be scored.
    """

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="calls")
    due_on = models.DateField()
    category = models.CharField(max_length=10)
    reason = models.CharField(max_length=300)
    model = models.CharField(max_length=10)
    p = models.FloatField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer", "due_on", "-at"], name="call_of_term")]
