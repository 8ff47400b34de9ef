"""What kinds of records are called on the pages of privacy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

KINDS: Mapping[str, Promise] = {
    "Contact": _("Contacts, every version"),
    "ProductUser": _("Product users"),
    "LastGroup": _("Which customer a user acted for last"),
    "Unconfirmed": _("Senders that nobody knew yet"),
    "RejectedMessage": _("Rejected messages"),
    "Touchpoint": _("Touchpoints and notes"),
    "SurveyAnswer": _("Survey answers"),
    "Ticket": _("Tickets"),
    "Task": _("Tasks"),
    "TodayItem": _("Reasons on Today"),
    "PutAway": _("Reasons put away"),
    "Customer": _("Customer: names, ids, tags, own fields"),
    "PortfolioRow": _("Row of the customer list"),
    "ExternalId": _("Ids in other systems"),
    "Ownership": _("Owners over time"),
    "SavedView": _("Saved views"),
    "Contract": _("Contracts: numbers"),
    "Line": _("Contract lines: ids in the source"),
    "Cancellation": _("Cancellations: comments"),
    "Receivable": _("Receivables: ids in the source"),
    "Invoice": _("Invoices: numbers and ids in the source"),
    "InvoiceLine": _("Invoices by step: ids in the source"),
    "Payment": _("Payments: payer, bank reference and ids in the source"),
    "Settlement": _("Matches and bad debts: reasons and ids in the source"),
    "Score": _("Health score of today"),
    "Import": _("Imports: findings and names"),
    "ImportFile": _("Names of imported files"),
    "ImportChunk": _("Rows staged by imports"),
    "ImportRejection": _("Rows refused by imports"),
    "SnapshotRow": _("Rows of snapshot tables"),
    "JournalPersonal": _("Personal parts of the journal"),
    "Job": _("Background jobs: what they were asked"),
    "ConfigVersion": _("Reasons of changed settings"),
    "Erasure": _("Reasons of earlier erasures"),
    "usage": _("Usage events"),
    "open_imports": _("Open imports, cancelled"),
    "uploads": _("Uploaded files of imports"),
    "exports": _("Files of exported lists"),
}


@dataclass(frozen=True)
class Line:
    """One kind of record: how many rows go, stay without what is personal, and have words replaced."""

    label: Promise | str
    gone: int
    blank: int
    mentioned: int


def lines(counts: Mapping[str, Mapping[str, int]]) -> list[Line]:
    """Return an erasure's counts in words, in the order of the kinds."""
    flat = {**counts, **{key: {"gone": number} for key, number in counts.get("files", {}).items() if number}}
    order = [*KINDS, *sorted(flat.keys() - KINDS.keys() - {"files"})]
    return [
        Line(KINDS.get(key, key), flat[key].get("gone", 0), flat[key].get("blank", 0), flat[key].get("mentioned", 0))
        for key in order
        if key in flat
    ]
