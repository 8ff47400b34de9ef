"""Erasure of a person or a customer: the records in one transaction, hidden at once, the rest in the background.

What is asked is on the home's list of erasures before anybody hears that it is done; a crash anywhere in between is
made good by the job, or by the next start (`again.py`).
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from perennial.customers import search
from perennial.customers.models import Customer
from perennial.intake.models import RejectedMessage
from perennial.intake.queries import DISCARDED
from perennial.kernel import erasures
from perennial.kernel.journal import actions as journal
from perennial.kernel.organisation.queries import house
from perennial.kernel.queue import actions as queue
from perennial.lake.terms import Subject as Hidden
from perennial.lake.terms import Tombstone
from perennial.privacy import erasing
from perennial.privacy.models import Erasure
from perennial.privacy.terms import PrivacyError, Subject, Whom
from perennial.usage.lake import lake
from perennial.usage.models import ProductUser

REWRITE = "privacy.rewrite"
MOST_REASON = 500


def erase(*, whom: Whom, reason: str, is_kept_out: bool, by: int | None, at: datetime) -> str:
    """Erase somebody; return the key of the certificate. From now on nobody sees them.

    `is_kept_out`: their ids and addresses are refused if they come back; else what comes makes somebody new.

    :raises PrivacyError: no reason, or one too long.
    """
    reason = reason.strip()
    if not reason or len(reason) > MOST_REASON:
        raise PrivacyError(_("Say why, in up to 500 characters: the certificate shows it."))
    entry = _entry(whom, is_kept_out=is_kept_out, at=at)
    with transaction.atomic():
        record(whom, entry, reason=reason, by=by, at=at)
    announce(entry)
    return str(entry["key"])


def record(
    whom: Whom, entry: erasures.Entry, *, reason: str, by: int | None, at: datetime, again: bool = False
) -> None:
    """Write an erasure's part of the records, in the caller's transaction."""
    key = str(entry["key"])
    with translation.override(house().language):
        pseudonym = _("Erased customer %(key)s") % {"key": key[:6]}
    usage = lake().trail_size(**_numbers(entry))
    counts: dict[str, Any] = erasing.erase(whom, pseudonym=pseudonym)
    if usage:
        counts["usage"] = {"gone": usage}
    RejectedMessage.objects.filter(raw="", settled_at=None).update(settled_at=at, settled_as=DISCARDED, settled_by=by)
    if whom.subject is Subject.CUSTOMER:
        names = Customer.objects.filter(id__in=whom.family).values_list("id", "name")
        search.index({number: (name,) for number, name in names})
    Erasure.objects.create(
        key=key, subject=whom.subject.value, customer_id=whom.customer_id, entry=dict(entry), counts=counts,
        reason=reason, is_kept_out=bool(entry["refused"]), by_id=by, at=datetime.fromisoformat(entry["at"]),
        again_at=at if again else None,
    )  # fmt: skip
    queue.enqueue(REWRITE, at=at, payload={"erasure": key}, unique_key=f"{REWRITE}:{key}", by=by)
    journal.record(f"{whom.subject}.erased", customer_id=whom.customer_id, subject=f"erasure:{key}", by=by, at=at,
                   data={"counts": counts, "again": again})  # fmt: skip


def announce(entry: erasures.Entry) -> None:
    """Put an erasure on the list outside the backups, and hide their usage. Safe to run twice."""
    erasures.append(entry)
    numbers = _numbers(entry)
    lake().erase(
        [*(Tombstone(Hidden.CUSTOMER, number) for number in numbers["customers"]),
         *(Tombstone(Hidden.USER, number) for number in numbers["users"])]
    )  # fmt: skip


def _numbers(entry: erasures.Entry) -> dict[str, list[int]]:
    return {name: [int(number) for number in entry[name]] for name in ("customers", "users")}


def _entry(whom: Whom, *, is_kept_out: bool, at: datetime) -> erasures.Entry:
    known = Erasure.objects.order_by("id").values_list("entry", flat=True).first()
    salt = known["salt"] if known and not erasures.entries() else erasures.salt_now()
    is_customer = whom.subject is Subject.CUSTOMER
    users = {} if is_customer else {
        str(number): erasures.mark(salt, "user", source, code)
        for number, source, code in ProductUser.objects.filter(id__in=whom.users).values_list(
            "id", "source", "external_id")
    }  # fmt: skip
    keys = dict(Customer.objects.filter(id__in=whom.family).values_list("id", "key"))
    customers = {str(number): erasures.mark(salt, "customer", keys.get(number, "")) for number in whom.family}
    return {
        "key": secrets.token_hex(8), "at": at.isoformat(), "salt": salt, "subject": whom.subject.value,
        "customer": whom.customer_id, "customers": customers if is_customer else {}, "users": users,
        "contacts": [] if is_customer else [str(fact) for fact in whom.contacts],
        "refused": refused(whom, salt) if is_kept_out else [],
    }  # fmt: skip


def refused(whom: Whom, salt: str) -> list[str]:
    """Return the digests of what is refused if it comes back: ids in their sources; a person's mail addresses."""
    kind = "group" if whom.subject is Subject.CUSTOMER else "user"
    found = {erasures.mark(salt, kind, source, code.strip().lower()) for source, code in whom.logins}
    if whom.subject is Subject.PERSON:
        found |= {erasures.mark(salt, "email", "", text.lower()) for text in whom.addresses if "@" in text}
    return sorted(found)
