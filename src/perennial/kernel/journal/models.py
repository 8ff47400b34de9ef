"""The tables of the journal."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class JournalEntry(models.Model):
    """One thing that happened. Never changed but for its seal and the mark that its reactions were started.

    `data` holds nothing personal: names, mails and free text go to JournalPersonal, which erasure may remove
    without breaking the chain of digests.
    """

    kind = models.CharField(max_length=80)
    customer = models.ForeignKey("perennial.Customer", null=True, on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=80, default="")
    data = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reacted_at = models.DateTimeField(null=True)
    digest = models.BinaryField(max_length=32, null=True)

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-at"], name="journal_of_customer"),
            models.Index(fields=["id"], name="journal_unreacted", condition=models.Q(reacted_at=None)),
            models.Index(fields=["id"], name="journal_unsealed", condition=models.Q(digest=None)),
        ]


class JournalPersonal(models.Model):
    """The personal part of an entry, erasable."""

    entry = models.OneToOneField(JournalEntry, primary_key=True, on_delete=models.CASCADE, related_name="personal")
    payload = models.JSONField()
