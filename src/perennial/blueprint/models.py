"""The table of the configuration: every version of every part, so that a day knows what held on it."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ConfigVersion(models.Model):
    """A text that an administrator put in force, with who, when and why. Never changed; going back is a new version.

    Version 1 of a part is what shipped when it was first changed. `from_on` None: it holds for the past too.
    """

    part = models.CharField(max_length=20)
    version = models.PositiveIntegerField()
    text = models.TextField()
    from_on = models.DateField(null=True)
    reason = models.CharField(max_length=500, default="")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["part", "version"], name="config_version_of_part")]


class ConfigDraft(models.Model):
    """What a member is changing in a part and has not put in force: one for each member and part. `base`: the version
    that it was begun on, 0 for what ships."""

    part = models.CharField(max_length=20)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    text = models.TextField()
    base = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["part", "by"], name="config_draft_of_member")]
