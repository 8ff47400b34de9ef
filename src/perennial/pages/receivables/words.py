"""What buckets, kinds and reasons of receivables are called."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from perennial.contracts.calculations.proposals import Why
from perennial.contracts.calculations.receipts import Bucket
from perennial.contracts.terms import InvoiceKind, InvoiceState, StepKind
from perennial.kernel.money import round_half_even

BUCKETS: Mapping[Bucket, Promise] = {
    Bucket.NOT_DUE: _("Not late"),
    Bucket.TO_30: _("1–30 days late"),
    Bucket.TO_60: _("31–60 days late"),
    Bucket.TO_90: _("61–90 days late"),
    Bucket.OVER_90: _("More than 90 days late"),
}
WHYS: Mapping[Why, Promise] = {
    Why.CONTRACT: _("same contract number"),
    Why.PAYER: _("same payer"),
    Why.AMOUNT: _("same amount"),
}
STEP_KINDS: Mapping[str, Promise] = {StepKind.RETENTION.value: _("retention money")}
INVOICE_KINDS: Mapping[str, Promise] = {
    InvoiceKind.SPECIAL.value: _("special VAT invoice"),
    InvoiceKind.ORDINARY.value: _("ordinary VAT invoice"),
    InvoiceKind.DIGITAL.value: _("digital invoice"),
}
INVOICE_STATES: Mapping[str, Promise] = {
    InvoiceState.REQUESTED.value: _("requested"),
    InvoiceState.ISSUED.value: _("issued"),
    InvoiceState.VOID.value: _("void"),
}
NO_AMOUNT = _("An amount is written like 1200.50, with no more decimals than its currency has.")


def percent_of(rate: str | None) -> str:
    """Write a tax rate in percent ("6"), "" where it is unknown."""
    return "" if rate is None else f"{(Decimal(rate) * 100).normalize():f}"


def net_of(minor: int, rate: str | None) -> int | None:
    """Return an amount without its tax, rounded to the minor unit; None where the rate is unknown."""
    return None if rate is None else round_half_even(Fraction(minor) / (1 + Fraction(rate)))
