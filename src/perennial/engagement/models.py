"""The table of touchpoints."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from perennial.kernel.versions import Version


class Touchpoint(Version):
    """A recorded interaction. A note is a touchpoint of channel `note` and does not count as a contact.
    `sentiment`: the CSM pulse, 1 to 5."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="touchpoints")
    contact_fact = models.UUIDField(null=True)
    member = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=20)
    happened_at = models.DateTimeField()
    is_proactive = models.BooleanField(null=True)
    summary = models.TextField(default="")
    outcome = models.CharField(max_length=200, default="")
    next_step = models.CharField(max_length=300, default="")
    sentiment = models.SmallIntegerField(null=True)

    class Meta(Version.Meta):
        indexes = [models.Index(fields=["customer", "-happened_at"], name="touchpoint_of_customer")]
