"""The fields of the catalogue that the renewal rooms of a customer write: what its open terms ask for."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from perennial.customers.terms import Field, Unit
from perennial.kernel.conditions.terms import FieldType

ROOM = "calls"
RENEWAL_FIELDS: tuple[Field, ...] = (
    Field("checkpoint_due_on", FieldType.DATE, Unit.DAY, _("Checkpoint open since"),
          _("The earliest checkpoint of a term at which our own call, or at the last one a plan, is still missing."),
          ROOM, "checkpoint_due_on", False, False),
    Field("renewal_need", FieldType.CHOICE, Unit.CHOICE, _("Renewal asks for"),
          _("What the next open term asks for, the most pressing first: it is over and nobody has signed; a cause is "
            "rated against us; from the last checkpoint on it is forecast at risk; a step of its plan is overdue; at "
            "the last checkpoint our own call or a plan is missing; halfway from there to the end nobody has rated a "
            "cause. Empty where it is merely due."), ROOM, "renewal_need", False, False),
    Field("renewal_need_on", FieldType.DATE, Unit.DAY, _("Renewal that asks is due"),
          _("The day on which the term that asks for something is due."), ROOM, "renewal_need_on", False, False),
)  # fmt: skip
