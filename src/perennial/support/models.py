"""The table of tickets."""

from __future__ import annotations

from django.db import models

from perennial.kernel.versions import Version


class Ticket(Version):
    """A ticket, one version of it. `due_at` None: no promise was made."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="tickets")
    subject = models.CharField(max_length=300, default="")
    priority = models.CharField(max_length=20, default="")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    first_response_minutes = models.PositiveIntegerField(null=True)
    satisfaction = models.FloatField(null=True)
    is_escalated = models.BooleanField(default=False)
    reopened_count = models.PositiveSmallIntegerField(null=True)

    class Meta(Version.Meta):
        indexes = [models.Index(fields=["customer", "opened_at"], name="ticket_of_customer")]
