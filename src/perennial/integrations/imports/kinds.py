"""The registry of what can be imported: each kind with its fields and what must be there.

A new kind is one entry here, its words in `synonyms.yaml` and one writer in `publish.py`; the mapping, the wizard, the
dry run, the error file and the examples need nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from perennial.integrations.imports.values.terms import Kind as Type


@dataclass(frozen=True)
class Field:
    """A field of a kind.

    `required` rows without it are rejected; `one_of` groups fields of which one suffices (the group's name).
    """

    key: str
    type: Type
    label: str | Promise
    required: bool = False
    one_of: str = ""


class KindKey(StrEnum):
    """The kinds, in the order in which they are published: what others refer to comes first."""

    CUSTOMERS = "customers"
    CONTACTS = "contacts"
    RATES = "rates"
    CONTRACTS = "contracts"
    USAGE = "usage"
    TICKETS = "tickets"
    SURVEYS = "surveys"
    TOUCHPOINTS = "touchpoints"
    RECEIVABLES = "receivables"
    INVOICES = "invoices"
    PAYMENTS = "payments"
    CANCELLATIONS = "cancellations"
    TARGETS = "targets"
    SPEND = "spend"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True)
class Kind:
    """A kind of table. `own_date` is the field whose value says when a row was true, for "known at its own date".

    `free` says that columns without a field are kept: as custom fields (customers) or as features (snapshot).
    """

    key: KindKey
    label: str | Promise
    fields: tuple[Field, ...]
    own_date: str | None
    free: bool = False

    def field(self, key: str) -> Field | None:
        """Return the field of a key, None where there is none."""
        return next((field for field in self.fields if field.key == key), None)


_NUMBERS = frozenset({Type.INTEGER, Type.DECIMAL, Type.MONEY, Type.PERCENT})
READS: Mapping[Type, frozenset[Type]] = {
    Type.TEXT: frozenset(Type),
    Type.INTEGER: frozenset({Type.INTEGER, Type.DECIMAL}),
    Type.DECIMAL: _NUMBERS,
    Type.MONEY: frozenset({Type.INTEGER, Type.DECIMAL, Type.MONEY}),
    Type.PERCENT: _NUMBERS,
    Type.BOOLEAN: frozenset({Type.BOOLEAN, Type.INTEGER}),
    Type.DATE: frozenset({Type.DATE, Type.DATETIME}),
    Type.DATETIME: frozenset({Type.DATE, Type.DATETIME}),
}
"""Which formats a column may be read under for a field of a type."""

_T, _I, _N, _M, _P, _B, _D, _DT = (
    Type.TEXT, Type.INTEGER, Type.DECIMAL, Type.MONEY, Type.PERCENT, Type.BOOLEAN, Type.DATE, Type.DATETIME,
)  # fmt: skip
_CUSTOMER = Field("customer", _T, _("Customer's id"), one_of="customer")
_LINE = Field("line", _T, _("Subscription's id"),
              one_of="customer")  # fmt: skip
_NAMED = Field("customer_name", _T, _("Customer's name"), one_of="customer")  # fmt: skip

KINDS: Mapping[KindKey, Kind] = {
    kind.key: kind
    for kind in (
        Kind(KindKey.CUSTOMERS, _("Customers"), (
            Field("external_id", _T, _("Customer's id"), required=True),
            Field("name", _T, _("Name")),
            Field("legal_name", _T, _("Legal name")),
            Field("credit_code", _T, _("Unified social credit code")),
            Field("parent_external_id", _T, _("Id of the group above")),
            Field("owner_email", _T, _("CSM (mail address or name)")),
            Field("reseller", _T, _("Reseller")),
            Field("industry", _T, _("Industry")),
            Field("country", _T, _("Country")),
            Field("region", _T, _("Region")),
            Field("segment", _T, _("Segment")),
            Field("deployment", _T, _("Deployment")),
            Field("signed_up_on", _D, _("Customer since")),
            Field("first_value_on", _D, _("First value on")),
            Field("tags", _T, _("Tags, separated by commas")),
        ), own_date="signed_up_on", free=True),
        Kind(KindKey.CONTACTS, _("Contacts"), (
            _CUSTOMER, _NAMED,
            Field("external_id", _T, _("Contact's id")),
            Field("name", _T, _("Name"), required=True),
            Field("title", _T, _("Title")),
            Field("email", _T, _("Mail address")),
            Field("phone", _T, _("Phone")),
            Field("level", _I, _("Level (1 decides, 2 does)")),
            Field("decision_role", _T, _("Role in the decision")),
            Field("rung", _I, _("Rung of the ladder, 0 to 4")),
            Field("is_champion", _B, _("Champion")),
            Field("left_on", _D, _("Left on")),
        ), own_date=None),
        Kind(KindKey.RATES, _("Exchange rates"), (
            Field("base", _T, _("Currency"), required=True),
            Field("currency", _T, _("Currency of the rate")),
            Field("on", _D, _("From this day on"), required=True),
            Field("rate", _N, _("Rate: what one unit is worth"), required=True),
        ), own_date=None),
        Kind(KindKey.CONTRACTS, _("Contracts and subscriptions"), (
            _CUSTOMER, _NAMED,
            Field("external_id", _T, _("Line's id")),
            Field("contract", _T, _("Contract's number")),
            Field("contract_kind", _T, _("Kind of contract")),
            Field("framework", _T, _("Framework's number")),
            Field("signing_party", _T, _("Signing party's id")),
            Field("paying_party", _T, _("Paying party's id")),
            Field("invoiced_party", _T, _("Invoiced party's id")),
            Field("product", _T, _("Product or plan")),
            Field("kind", _T, _("Kind of line")),
            Field("quantity", _N, _("Quantity or seats")),
            Field("amount", _M, _("Amount"), required=True),
            Field("amount_months", _I, _("Months that the amount covers")),
            Field("currency", _T, _("Currency")),
            Field("tax_rate", _P, _("Tax rate")),
            Field("amount_includes_tax", _B, _("Amount includes tax")),
            Field("discount_percent", _P, _("Discount")),
            Field("signed_on", _D, _("Signed on")),
            Field("credit_days", _I, _("Credit days")),
            Field("starts_on", _D, _("First day"), required=True),
            Field("ends_on", _D, _("End")),
            Field("notice_on", _D, _("Notice by")),
            Field("auto_renews", _B, _("Renews by itself")),
            Field("ramp_step", _I, _("Step of a ramp")),
            Field("corrects", _T, _("Takes back of the line")),
            Field("reseller", _T, _("Reseller")),
            Field("end_amount", _M, _("Amount of the end customer")),
            Field("rebate_percent", _P, _("Rebate of the reseller")),
            Field("billing_months", _T, _("Months between bills")),
            Field("gift_months", _I, _("Gift months")),
            Field("is_trial", _B, _("Trial")),
            Field("renewal_of", _T, _("Renews the line")),
            Field("billing_status", _T, _("Billing status")),
        ), own_date="starts_on"),
        Kind(KindKey.USAGE, _("Usage"), (
            _CUSTOMER, _LINE,
            Field("event_id", _T, _("Event's id")),
            Field("user", _T, _("User")),
            Field("event", _T, _("Event")),
            Field("feature", _T, _("Feature")),
            Field("at", _DT, _("Time"), required=True),
            Field("count", _I, _("Count")),
            Field("value", _N, _("Value")),
            Field("errors", _I, _("Errors")),
        ), own_date="at"),
        Kind(KindKey.TICKETS, _("Tickets"), (
            _CUSTOMER, _NAMED,
            Field("external_id", _T, _("Ticket's id"), required=True),
            Field("subject", _T, _("Subject")),
            Field("priority", _T, _("Priority")),
            Field("opened_at", _DT, _("Opened"), required=True),
            Field("due_at", _DT, _("Due")),
            Field("closed_at", _DT, _("Closed")),
            Field("first_response_minutes", _I, _("Minutes to the first response")),
            Field("satisfaction", _N, _("Satisfaction, 1 to 5")),
            Field("is_escalated", _B, _("Escalated")),
            Field("reopened_count", _I, _("Times reopened")),
        ), own_date="opened_at"),
        Kind(KindKey.SURVEYS, _("Survey answers"), (
            _CUSTOMER, _NAMED,
            Field("external_id", _T, _("Answer's id")),
            Field("kind", _T, _("NPS or CSAT")),
            Field("score", _N, _("Score"), required=True),
            Field("comment", _T, _("Comment")),
            Field("answered_at", _DT, _("Answered"), required=True),
        ), own_date="answered_at"),
        Kind(KindKey.TOUCHPOINTS, _("Touchpoints"), (
            _CUSTOMER, _NAMED,
            Field("external_id", _T, _("Touchpoint's id")),
            Field("channel", _T, _("Channel")),
            Field("happened_at", _DT, _("When"), required=True),
            Field("member_email", _T, _("Our member (mail address or name)")),
            Field("summary", _T, _("What happened"), required=True),
            Field("sentiment", _N, _("CSM pulse, 1 to 5")),
            Field("outcome", _T, _("Outcome")),
            Field("next_step", _T, _("Next step")),
        ), own_date="happened_at"),
        Kind(KindKey.RECEIVABLES, _("Receivables and receipts"), (
            _CUSTOMER, _NAMED,
            Field("external_id", _T, _("Receivable's id"), required=True),
            Field("contract", _T, _("Contract's number")),
            Field("kind", _T, _("Payment or retention money")),
            Field("due_on", _D, _("Due"), required=True),
            Field("amount", _M, _("Amount"), required=True),
            Field("currency", _T, _("Currency")),
            Field("invoiced_on", _D, _("Invoiced")),
            Field("received_on", _D, _("Received")),
            Field("received_amount", _M, _("Amount received")),
            Field("node", _T, _("Approval node")),
            Field("node_since_on", _D, _("At the node since")),
            Field("node_holder", _T, _("Who holds it at the node")),
        ), own_date="due_on"),
        Kind(KindKey.INVOICES, _("Invoices"), (
            _CUSTOMER, _NAMED,
            Field("external_id", _T, _("Invoice's number"), required=True),
            Field("contract", _T, _("Contract's number")),
            Field("receivable", _T, _("Receivable's id")),
            Field("kind", _T, _("Kind of invoice")),
            Field("amount", _M, _("Amount with tax"), required=True),
            Field("currency", _T, _("Currency")),
            Field("tax_rate", _P, _("Tax rate")),
            Field("state", _T, _("Requested, issued or void")),
            Field("requested_on", _D, _("Requested on")),
            Field("issued_on", _D, _("Issued on")),
            Field("red_of", _T, _("Takes back the invoice")),
        ), own_date="issued_on"),
        Kind(KindKey.PAYMENTS, _("Payments received"), (
            Field("customer", _T, _("Customer's id"), one_of="payer"),
            Field("customer_name", _T, _("Customer's name"), one_of="payer"),
            Field("payer", _T, _("Payer"), one_of="payer"),
            Field("external_id", _T, _("Payment's id"), required=True),
            Field("receivable", _T, _("Receivable's id")),
            Field("contract", _T, _("Contract's number")),
            Field("amount", _M, _("Amount"), required=True),
            Field("currency", _T, _("Currency")),
            Field("received_on", _D, _("Received"), required=True),
            Field("reference", _T, _("Bank's reference")),
        ), own_date="received_on"),
        Kind(KindKey.CANCELLATIONS, _("Cancellations with reason"), (
            _CUSTOMER, _NAMED,
            Field("external_id", _T, _("Cancellation's id")),
            Field("line", _T, _("Subscription's id")),
            Field("cancelled_on", _D, _("Cancelled on"), required=True),
            Field("effective_on", _D, _("Takes effect on")),
            Field("reason", _T, _("Reason")),
            Field("competitor", _T, _("Competitor")),
            Field("comment", _T, _("Comment")),
            Field("refund", _M, _("Refund")),
        ), own_date="cancelled_on"),
        Kind(KindKey.TARGETS, _("Targets"), (
            Field("external_id", _T, _("Target's id")),
            Field("kind", _T, _("Renewals, collections or expansion"), required=True),
            Field("member_email", _T, _("CSM (mail address or name)"), one_of="who"),
            Field("team", _T, _("Team"), one_of="who"),
            Field("starts_on", _D, _("First day"), required=True),
            Field("ends_on", _D, _("Day after the last"), required=True),
            Field("amount", _M, _("Amount"), required=True),
        ), own_date=None),
        Kind(KindKey.SPEND, _("Sales and marketing spend"), (
            Field("external_id", _T, _("Row's id")),
            Field("month", _T, _("Month (2024-05, or any day of it)"), required=True),
            Field("amount", _M, _("Amount"), required=True),
            Field("channel", _T, _("Channel")),
            Field("segment", _T, _("Segment")),
            Field("currency", _T, _("Currency")),
        ), own_date=None),
        Kind(KindKey.SNAPSHOT, _("Labelled snapshot (features and outcome)"), (
            Field("external_id", _T, _("Row's id")),
            Field("as_of_on", _D, _("As of")),
            Field("outcome", _B, _("Outcome (churned)"), required=True),
        ), own_date="as_of_on", free=True),
    )
}  # fmt: skip
