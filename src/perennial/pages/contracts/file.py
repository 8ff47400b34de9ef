"""A contract's lines as a file: a row each, its amounts as they are stated, and the MRR of today without tax."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from perennial.kernel import money
from perennial.pages.tags import day
from perennial.reports import sheets
from perennial.reports.contract_page import Paper
from perennial.reports.customer_contracts import LineRow


def sheet_of(paper: Paper, on: date) -> sheets.Sheet:
    """Return the lines as a table, in order of time."""
    headings = [
        _("Product"), _("Paid for"), _("Quantity"), _("Amount"), _("Currency"), _("Months that the amount covers"),
        _("Tax rate"), _("Amount includes tax"), _("Amount of the end customer"), _("First day"), _("End"),
        _("Notice by"), _("Renews by itself"), _("Gift months"), _("Step of a ramp"), _("Cancelled on"),
        _("MRR, without tax"), _("Earlier versions"),
    ]  # fmt: skip
    contract = paper.contract
    notes = [(_("Contract"), contract.number or contract.external_id), (_("Customer"), paper.own.name),
             (_("Reseller"), contract.reseller.name if contract.reseller else "–"),
             (_("Basis"), _("Amounts as the contract states them, as of %(on)s. An end is the first day without "
                            "service.") % {"on": day(on)})]  # fmt: skip
    return sheets.Sheet(headings, [_line(row) for row in paper.lines], notes)


def _line(row: LineRow) -> list[sheets.Cell]:
    line = row.line
    mrr = None if row.mrr is None else _amount(money.round_half_even(row.mrr), line.currency)
    return [
        line.product.name if line.product else None, line.kind, line.quantity, _amount(line.amount, line.currency),
        line.currency, line.amount_months, None if line.tax_rate is None else Decimal(line.tax_rate),
        _said(line.amount_includes_tax),
        None if line.end_amount is None else _amount(line.end_amount, line.currency), line.starts_on, line.ends_on,
        line.notice_on, _said(line.auto_renews), line.gift_months, line.ramp_step, line.cancelled_on, mrr,
        len(row.former),
    ]  # fmt: skip


def _said(flag: bool | None) -> str | None:
    return None if flag is None else _("yes") if flag else _("no")


def _amount(minor: int, currency: str) -> Decimal:
    return Decimal(money.decimal_string(minor, currency))
