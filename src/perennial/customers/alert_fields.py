"""The fields of the catalogue that usage alerts write: of an open one that asks for an action and does not rest."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from perennial.customers.terms import Field, Unit
from perennial.kernel.conditions.terms import FieldType

ROOM = "alerts"
ALERT_FIELDS: tuple[Field, ...] = (
    Field("usage_fell_on", FieldType.DATE, Unit.DAY, _("Usage alert of"),
          _("The last day of the week in which weekly users fell beyond chance, judged by the fleet's own past; empty "
            "while the alert rests or is over."), ROOM, "usage_fell_on", False, False),
    Field("users_at_alert", FieldType.INTEGER, Unit.NUMBER, _("Weekly users at the alert"),
          _("Users a week lately when the usage alert came: a mean of eight weeks in which each week weighs a third "
            "more than the one before, after calendar adjustment."), ROOM, "users_at_alert", False, False),
    Field("usual_users", FieldType.INTEGER, Unit.NUMBER, _("Usual weekly users"),
          _("The median of the 26 weeks before the eight that the usage alert looks at, after calendar adjustment."),
          ROOM, "usual_users", False, False),
    Field("champion_silent_on", FieldType.DATE, Unit.DAY, _("Champion alert of"),
          _("The last day of the week in which the champion's silence was longer than chance explains."),
          ROOM, "champion_silent_on", False, False),
    Field("users_silent_on", FieldType.DATE, Unit.DAY, _("Silence alert of"),
          _("The last day of the week in which a customer with few users had been silent for longer than chance "
            "explains."), ROOM, "users_silent_on", False, False),
)  # fmt: skip
