"""One contract: its paper, lines with their former versions, amendments and time line, as its page shows them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.errors import HttpError

from perennial.api.keys import caller
from perennial.contracts.models import Cancellation, Contract, Line
from perennial.kernel import money
from perennial.kernel.journal.queries import Happening
from perennial.kernel.organisation.queries import house
from perennial.reports import contract_page
from perennial.reports.customer_contracts import LineRow

router = Router(tags=["revenue"])


@router.get("/contracts/{contract_id}", url_name="contract")
def contract(request: HttpRequest, contract_id: int) -> dict[str, Any]:
    """A contract by the number in its page's address. Amounts are as its lines state them, `mrr` is without tax."""
    member, at = caller(request, "revenue.read"), timezone.now()
    found = contract_page.find(member, contract_id) if contract_id < 2**63 else None
    if found is None:
        raise HttpError(404, "There is no such contract, or it is not yours to see.")
    on = house().today(at)
    paper = contract_page.paper(member, found, on=on, at=at)
    return {
        "as_of": on.isoformat(),
        **_paper(found, paper.own.key),
        "lines": [_line(row) for row in paper.lines],
        "cancellations": [_cancellation(one) for one in paper.cancellations],
        "amendments": [_amendment(one) for one in paper.changes],
        "timeline": [
            {"on": one.on.isoformat(), "what": one.what, "line": str(one.line) if one.line else None}
            for one in contract_page.timeline(paper)
        ],
    }


def _paper(found: Contract, customer: str) -> dict[str, Any]:
    return {
        "id": found.pk,
        "number": found.number or found.external_id,
        "kind": found.kind,
        "customer": customer,
        "framework": found.framework_id,
        "reseller": found.reseller.name if found.reseller else None,
        "rebate_percent": found.rebate_percent,
        "signed_on": _iso(found.signed_on),
        "accepted_on": _iso(found.accepted_on),
        "credit_days": found.credit_days,
    }


def _line(row: LineRow) -> dict[str, Any]:
    line = row.line
    return {
        "id": str(line.fact),
        "product": line.product.name if line.product else None,
        "kind": line.kind,
        **_terms(line),
        "tax_rate": line.tax_rate,
        "amount_includes_tax": line.amount_includes_tax,
        "end_amount": None if line.end_amount is None else _decimal(line.end_amount, line.currency),
        "discount_percent": line.discount_percent,
        "notice_on": _iso(line.notice_on),
        "auto_renews": line.auto_renews,
        "at_end": row.at_end,
        "billing_months": line.billing_months,
        "gift_months": line.gift_months,
        "pauses": line.pauses,
        "ramp_step": line.ramp_step,
        "renewal_of": str(line.renewal_of) if line.renewal_of else None,
        "corrects": str(line.corrects) if line.corrects else None,
        "cancelled_on": _iso(line.cancelled_on),
        "ceases_on": _iso(line.ceases_on),
        "runs": row.runs,
        "mrr": None if row.mrr is None else _rounded(row.mrr, line.currency),
        "former": [{**_terms(old), "until": old.superseded_at.isoformat()} for old in row.former if old.superseded_at],
    }


def _terms(line: Line) -> dict[str, Any]:
    return {
        "quantity": line.quantity,
        "amount": _decimal(line.amount, line.currency),
        "amount_months": line.amount_months,
        "currency": line.currency,
        "starts_on": line.starts_on.isoformat(),
        "ends_on": _iso(line.ends_on),
    }


def _cancellation(one: Cancellation) -> dict[str, Any]:
    return {"line": str(one.line_fact) if one.line_fact else None, "cancelled_on": one.cancelled_on.isoformat(),
            "effective_on": _iso(one.effective_on), "reason": one.reason, "competitor": one.competitor}  # fmt: skip


def _amendment(one: Happening) -> dict[str, Any]:
    return {"id": one.id, "change": one.data.get("change"), "on": one.data.get("on"), "line": one.data.get("line"),
            "undoes": one.data.get("undone"), "by": one.by_name, "at": one.at.isoformat()}  # fmt: skip


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _decimal(minor: int, currency: str) -> Decimal:
    return Decimal(money.decimal_string(minor, currency))


def _rounded(minor: Fraction, currency: str) -> Decimal:
    return _decimal(money.round_half_even(minor), currency)
