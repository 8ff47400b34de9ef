"""The tables of contracts."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from perennial.kernel.versions import Version


class Product(models.Model):
    """What is sold. `code` is its name in the source."""

    code = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)


class Contract(models.Model):
    """A paper that was signed: framework, order or supplement. Signing, using, paying and invoiced party may be
    four companies; revenue counts for the one that uses. Where a reseller signs, the lines' amounts are what it pays
    (settlement price) and `rebate_percent`, a decimal text, is what it gets back. `by_hand`: the columns that a member
    changed, beside what the source says of them (contracts.by_hand)."""

    source = models.CharField(max_length=60, default="")
    external_id = models.CharField(max_length=200)
    number = models.CharField(max_length=100, default="")
    kind = models.CharField(max_length=20, default="order")
    framework = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="orders")
    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="contracts")
    signing_party = models.ForeignKey("perennial.Customer", null=True, on_delete=models.PROTECT, related_name="+")
    paying_party = models.ForeignKey("perennial.Customer", null=True, on_delete=models.PROTECT, related_name="+")
    invoiced_party = models.ForeignKey("perennial.Customer", null=True, on_delete=models.PROTECT, related_name="+")
    reseller = models.ForeignKey("perennial.Reseller", null=True, on_delete=models.PROTECT, related_name="contracts")
    signed_on = models.DateField(null=True)
    accepted_on = models.DateField(null=True)
    credit_days = models.PositiveSmallIntegerField(null=True)
    rebate_percent = models.CharField(max_length=12, null=True)
    by_hand = models.JSONField(default=dict)
    import_id = models.BigIntegerField(null=True)
    learned_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="contract_of_source")]


class Line(Version):
    """A line of a contract, one version of it: what is paid for, how much, how long (decisions.md, Money).

    `amount` is minor units for the whole `quantity` over `amount_months` (None: over the whole term);
    `tax_rate` is a decimal text ("0.06"), None unknown; `ends_on` is the first day without service, None open-ended
    (evergreen). `cancelled_on` is the day of the notice, `ceases_on` the day it takes effect where that was said.
    Amendments: `is_amended` says that the line ends because its terms were changed within its term, `term_starts_on` of
    the line that goes on is the first day of that term; `is_typed` marks a version that a member wrote.
    `corrects`: of a red line, the fact of the line that it takes something back of. `end_amount`: what the end customer
    pays the reseller, over the same months and with the same tax as `amount`, which is what the reseller pays.
    `auto_renews`: whether the paper says that the line goes on for another term unless notice is given (until
    `notice_on`), None unknown. It books nothing: the end comes due and the grace holds as for any line, and the next
    term counts when its line is here.
    """

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="lines")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="lines")
    product = models.ForeignKey(Product, null=True, on_delete=models.PROTECT, related_name="lines")
    kind = models.CharField(max_length=10)
    quantity = models.IntegerField(null=True)
    amount = models.BigIntegerField()
    amount_months = models.PositiveSmallIntegerField(null=True)
    currency = models.CharField(max_length=3)
    tax_rate = models.CharField(max_length=12, null=True)
    amount_includes_tax = models.BooleanField(default=False)
    discount_percent = models.CharField(max_length=12, null=True)
    discount_amount = models.BigIntegerField(null=True)
    discount_months = models.PositiveSmallIntegerField(null=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    notice_on = models.DateField(null=True)
    auto_renews = models.BooleanField(null=True)
    billing_months = models.PositiveSmallIntegerField(null=True)
    gift_months = models.PositiveSmallIntegerField(default=0)
    pauses = models.JSONField(default=list)
    ramp_step = models.PositiveSmallIntegerField(null=True)
    renewal_of = models.UUIDField(null=True)
    billing_status = models.CharField(max_length=20, default="active")
    overdue_since_on = models.DateField(null=True)
    cancelled_on = models.DateField(null=True)
    ceases_on = models.DateField(null=True)
    is_amended = models.BooleanField(default=False)
    term_starts_on = models.DateField(null=True)
    is_typed = models.BooleanField(default=False)
    corrects = models.UUIDField(null=True)
    end_amount = models.BigIntegerField(null=True)

    class Meta(Version.Meta):
        indexes = [
            models.Index(fields=["customer", "starts_on"], name="line_of_customer"),
            models.Index(fields=["ends_on"], name="line_by_end", condition=models.Q(superseded_at=None)),
            models.Index(fields=["renewal_of"], name="line_by_renewed", condition=models.Q(renewal_of__isnull=False)),
            models.Index(fields=["fact"], name="line_by_fact"),
        ]


class Cancellation(Version):
    """A customer said that it leaves. It ends revenue only where it names a line; else it is a fact to show."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="cancellations")
    line_fact = models.UUIDField(null=True)
    cancelled_on = models.DateField()
    effective_on = models.DateField(null=True)
    reason = models.CharField(max_length=100, default="")
    competitor = models.CharField(max_length=100, default="")
    comment = models.TextField(default="")
    refund = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, default="")

    class Meta(Version.Meta):
        indexes = [models.Index(fields=["customer", "cancelled_on"], name="cancellation_of_customer")]


class MovementFact(models.Model):
    """What a movement says. `reported_on`: the as-of day on which it counts as reported, its own or the later one on
    which it was learned. `restates`: it says anew what was reported for an earlier month, or could have been.

    `numerator`/`denominator` minor units of `currency`: exact; rounded once, at output. `line_facts` are the lines that
    began, ended or changed on the day.
    """

    product = models.ForeignKey(Product, null=True, on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    kind = models.CharField(max_length=12)
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    line_facts = models.JSONField(default=list)
    tags = models.JSONField(default=list)
    reported_on = models.DateField()
    restates = models.BooleanField(default=False)

    class Meta:
        abstract = True


class Movement(MovementFact):
    """A change of MRR as it is known now, derived from the current lines when they change. What stays the same stays
    the same row; what does not hold any more goes to `FormerMovement`."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.CASCADE, related_name="movements")

    class Meta:
        indexes = [
            models.Index(fields=["on", "kind"], name="movement_by_day"),
            models.Index(fields=["customer", "on"], name="movement_of_customer"),
            models.Index(fields=["reported_on"], name="movement_by_report"),
        ]


class FormerMovement(MovementFact):
    """A movement that was reported, and was found on `superseded_on` not to hold."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.CASCADE, related_name="former_movements")
    superseded_on = models.DateField()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "superseded_on"], name="former_of_customer"),
            models.Index(fields=["superseded_on"], name="former_by_end"),
        ]


class GraceHold(models.Model):
    """A line past its end that nobody signed anew and that is only late: its MRR is held in the ledger. Derived with
    the movements. `over_on`: the day on which it is churn, as it is known now."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.CASCADE, related_name="grace_holds")
    product = models.ForeignKey(Product, null=True, on_delete=models.PROTECT, related_name="+")
    line_fact = models.UUIDField()
    ended_on = models.DateField()
    over_on = models.DateField()
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField()
    currency = models.CharField(max_length=3)


class Rate(Version):
    """An exchange rate: what one major unit of `base` is worth in `currency`, from `on` until the next one's day.

    `rate` is a decimal text as the source wrote it ("7.8012").
    """

    base = models.CharField(max_length=3)
    currency = models.CharField(max_length=3)
    on = models.DateField()
    rate = models.CharField(max_length=30)


class LedgerMark(models.Model):
    """From what a customer's movements were derived (settings and rules, then facts): while `drawn_from` is the same,
    they are, up to `again_on`: the day on which a grace begins or is over. `on`: the day up to which the lines were
    known, which matters where one pauses."""

    customer = models.OneToOneField(
        "perennial.Customer", primary_key=True, on_delete=models.CASCADE, related_name="ledger_mark"
    )
    drawn_from = models.CharField(max_length=32)
    on = models.DateField()
    again_on = models.DateField(null=True)


class LedgerColumns(models.Model):
    """Which file holds the movements in columns (`columns.py`); one row, none where the ledger is small."""

    name = models.CharField(max_length=40)
    made_at = models.DateTimeField()


class LedgerChange(models.Model):
    """A customer whose movements were written since the columns were made. Rows are added and taken away, never
    changed."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.CASCADE, related_name="+")


class Receivable(Version):
    """One step of a receivable plan: what is due when, invoiced when, received when; and at which approval node
    (budget, procurement, legal, seal, invoice, payment) it waits since when, and who holds it there. `received_on` and
    `received_amount` are what the source states; money that was matched to the step stands in their place
    (receipts.py). The versions are the history of the nodes (nodes.py); `is_typed`: a member said the node."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="receivables")
    contract = models.ForeignKey(Contract, null=True, on_delete=models.PROTECT, related_name="receivables")
    kind = models.CharField(max_length=12, default="payment")
    due_on = models.DateField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    invoiced_on = models.DateField(null=True)
    received_on = models.DateField(null=True)
    received_amount = models.BigIntegerField(default=0)
    node = models.CharField(max_length=30, default="")
    node_since_on = models.DateField(null=True)
    node_holder = models.CharField(max_length=100, default="")
    is_typed = models.BooleanField(default=False)

    class Meta(Version.Meta):
        indexes = [models.Index(fields=["customer", "due_on"], name="receivable_of_customer")]


class NodeTime(models.Model):
    """How many days steps usually stay at an approval node: the median of the stays that have ended, for a segment or,
    with "", for all; `stays` is how many. Learned each night from the versions of receivables."""

    node = models.CharField(max_length=30)
    segment = models.CharField(max_length=100, default="")
    days = models.PositiveIntegerField()
    stays = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "segment"], name="node_time_of_segment")]


class Invoice(Version):
    """An invoice asked for, issued or void; `amount` includes tax. A red-letter one is negative and may name the
    invoice that it takes back (`red_of`, a fact)."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="invoices")
    contract = models.ForeignKey(Contract, null=True, on_delete=models.PROTECT, related_name="invoices")
    number = models.CharField(max_length=100, default="")
    kind = models.CharField(max_length=12, default="")
    red_of = models.UUIDField(null=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    tax_rate = models.CharField(max_length=12, null=True)
    state = models.CharField(max_length=12)
    requested_on = models.DateField(null=True)
    issued_on = models.DateField(null=True)

    class Meta(Version.Meta):
        indexes = [models.Index(fields=["customer", "issued_on"], name="invoice_of_customer")]


class InvoiceLine(Version):
    """What of an invoice is for one step of a plan: facts of both, minor units in the step's currency."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="invoice_lines")
    invoice = models.UUIDField()
    step = models.UUIDField()
    amount = models.BigIntegerField()

    class Meta(Version.Meta):
        indexes = [
            models.Index(fields=["step"], name="invoice_line_of_step"),
            models.Index(fields=["invoice"], name="invoice_line_of_invoice"),
        ]


class Payment(Version):
    """Money that came in, as the bank says it. `payer` may be another company than the one that signed; `customer` is
    whose it is where that is known. What is matched to no step is a prepayment."""

    customer = models.ForeignKey("perennial.Customer", null=True, on_delete=models.PROTECT, related_name="payments")
    payer = models.CharField(max_length=200, default="")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    received_on = models.DateField()
    reference = models.CharField(max_length=200, default="")
    contract_number = models.CharField(max_length=100, default="")

    class Meta(Version.Meta):
        indexes = [models.Index(fields=["customer", "received_on"], name="payment_of_customer")]


class PaymentDoubt(models.Model):
    """A payment that is probably another one that was known before (facts of both). While `is_same` is None nobody has
    decided; where it is None or True the payment counts nowhere."""

    payment = models.UUIDField(unique=True)
    other = models.UUIDField()
    found_at = models.DateTimeField()
    is_same = models.BooleanField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["other"], name="payment_doubt_of_other")]


class Settlement(Version):
    """What settles a part of a step: money of a payment that was matched to it, or a bad debt written off on a day with
    its reason (`payment` None). Facts of both; minor units in the step's currency."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="settlements")
    step = models.UUIDField()
    payment = models.UUIDField(null=True)
    amount = models.BigIntegerField()
    written_off_on = models.DateField(null=True)
    reason = models.CharField(max_length=200, default="")

    class Meta(Version.Meta):
        indexes = [
            models.Index(fields=["step"], name="settlement_of_step"),
            models.Index(fields=["payment"], name="settlement_of_payment"),
        ]
