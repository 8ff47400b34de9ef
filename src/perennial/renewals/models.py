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


class Finding(Frozen):
    """What somebody found of a cause or a mark of a term (`terms.About`), and what shows it. The latest one counts.

    `rating`: a cause −1, 0 or 1, a mark 0 or 1; None takes it back. `percent`: how much discount.
    """

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="findings")
    due_on = models.DateField()
    about = models.CharField(max_length=10)
    rating = models.SmallIntegerField(null=True)
    percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    evidence = models.CharField(max_length=500)
    link = models.CharField(max_length=500, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer", "due_on", "about", "-at"], name="finding_of_term")]


class RenewalCause(Frozen):
    """Why a term ended as it did: the cause that decided it, in somebody's words. The latest one counts."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="renewal_causes")
    due_on = models.DateField()
    outcome = models.CharField(max_length=10)
    cause = models.CharField(max_length=10)
    text = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer", "due_on", "-at"], name="cause_of_term")]


class PlanStep(Frozen):
    """A task that belongs to the plan of a term. In one worked back from the expiry `purchase` is the way of buying,
    `step` its step, and `node` the approval that the step is, "" for none."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="plan_steps")
    due_on = models.DateField()
    task = models.OneToOneField("perennial.Task", on_delete=models.PROTECT, related_name="+")
    purchase = models.CharField(max_length=30, default="")
    step = models.CharField(max_length=30, default="")
    node = models.CharField(max_length=20, default="")

    class Meta:
        indexes = [models.Index(fields=["customer", "due_on"], name="plan_of_term")]


class Checkpoint(Frozen):
    """What the model said of a term in the night in which it reached a checkpoint: category, probability, interval."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="checkpoints")
    due_on = models.DateField()
    which = models.CharField(max_length=5)
    on = models.DateField()
    model = models.CharField(max_length=10)
    p = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "due_on", "which"], name="checkpoint_recorded_once")]


class CheckpointCall(Frozen):
    """Our own call on a term at a checkpoint, and why; `category` "": wait and see. The latest of a checkpoint counts.

    `model`, `p`, `low`, `high`: what the model said at that moment.
    """

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="checkpoint_calls")
    due_on = models.DateField()
    which = models.CharField(max_length=5)
    category = models.CharField(max_length=10, default="")
    reason = models.CharField(max_length=300)
    model = models.CharField(max_length=10)
    p = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "due_on", "which", "-at"], name="checkpoint_call_of_term"),
            models.Index(fields=["due_on"], name="checkpoint_call_by_due"),
        ]


class CallSettled(Frozen):
    """A leader's word on a call at a checkpoint that differs from the model's: which category counts, and why."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="+")
    call = models.OneToOneField(CheckpointCall, on_delete=models.PROTECT, related_name="settled")
    category = models.CharField(max_length=10)
    word = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
