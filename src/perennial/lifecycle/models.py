"""The table of tier and stage over time."""

from __future__ import annotations

from django.db import models


class Passage(models.Model):
    """A customer's time in a tier or a stage: derived, never typed in; entry and exit recorded."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.CASCADE, related_name="passages")
    scale = models.CharField(max_length=5, choices=[("tier", "tier"), ("stage", "stage")])
    value = models.CharField(max_length=20)
    entered_on = models.DateField()
    left_on = models.DateField(null=True)
    learned_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "scale"], condition=models.Q(left_on=None), name="passage_one_open"
            )
        ]
