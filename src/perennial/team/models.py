"""The table of targets."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from perennial.kernel.versions import Version


class Target(Version):
    """What a member or a team shall reach in [starts_on, ends_on): renewals, collections or expansion, in money.

    `amount` is minor units on the organisation's basis (incl. or excl. tax); renewals and expansion are ARR.
    """

    kind = models.CharField(max_length=12)
    member = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey("perennial.Team", null=True, on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta(Version.Meta):
        constraints = [
            *Version.Meta.constraints,
            models.CheckConstraint(
                condition=Q(member=None, team__isnull=False) | Q(member__isnull=False, team=None),
                name="target_of_one_holder",
            ),
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="target_lasts_a_day"),
        ]
