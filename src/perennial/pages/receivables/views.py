"""The page of receivables: open steps by last day, buckets that are their sums, payments that wait for a match."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from perennial.contracts import receivables as reads
from perennial.contracts.access import facts_of
from perennial.contracts.calculations.receipts import Bucket
from perennial.contracts.terms import NODE_LABELS, node_name
from perennial.kernel.money import decimal_string, decimals_of
from perennial.members import access
from perennial.pages.files import TYPES, download
from perennial.pages.receivables import words
from perennial.pages.receivables.asked import ALL, LATE, MINE, TEAM, Request
from perennial.reports import receivables, sheets
from perennial.reports.receivables import EDIT, Listed, Row

MOST_ROWS = 500
MOST_PAYMENTS = 100


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show the open steps asked for. At most fifteen queries besides the frame's, one more for 500 customers."""
    asked = Request(request)
    may = {"import": access.may(asked.member, "imports.run"), "export": access.may(asked.member, "exports.run"),
           "edit": access.may(asked.member, EDIT)}  # fmt: skip
    payments, doubted = receivables.unmatched(asked.member), receivables.doubted(asked.member)
    if not payments and not doubted and not reads.any_kept(facts_of(asked.member)):
        return render(request, "receivables/empty.html", {"may": may})
    found = receivables.listed(asked.member, asked.asked, place=asked.place, on=asked.today)
    everything = found.rows if not (asked.who or asked.node or asked.late or asked.over) else None
    if payments and everything is None:
        whole = receivables.listed(asked.member, receivables.Asked(), place=asked.place, on=asked.today)
        everything = whole.rows
    shown = {
        "may": may, "found": found, "rows": found.rows[:MOST_ROWS], "left": max(0, len(found.rows) - MOST_ROWS),
        "currency": asked.place.currency, "today": asked.today, "basis": basis_of(asked), "nodes": NODE_LABELS,
        "kinds": words.STEP_KINDS, "buckets": _buckets(found, asked), "whose": _whose(asked),
        "at": _nodes(found, asked),
        "payments": [(one, receivables.proposals(one, everything or ())[:1]) for one in payments[:MOST_PAYMENTS]],
        "doubted": doubted[:MOST_PAYMENTS], "more_payments": max(0, len(payments) - MOST_PAYMENTS), "whys": words.WHYS,
        "export": f"{reverse('receivables_export')}{asked.query()}", "is_chosen": asked.query() != "?",
    }  # fmt: skip
    return render(request, "receivables/page.html", shown)


def basis_of(asked: Request) -> str:
    """Say what the amounts are."""
    return _(
        "Amounts of the receivable plans as contracts and invoices state them, with tax, as known on %(day)s; "
        "owed = contract − received − written off. Late from the day after the due day and the contract's credit days. "
        "Sums in %(currency)s."
    ) % {"day": asked.today.isoformat(), "currency": asked.place.currency}


def _buckets(found: Listed, asked: Request) -> list[dict[str, Any]]:
    every = list(Bucket)
    late: list[Bucket] = [bucket for bucket in Bucket if bucket is not Bucket.NOT_DUE]
    told: list[tuple[str, str, list[Bucket]]] = [("", _("Still open"), every)]
    told += [(one.value, str(words.BUCKETS[one]), [one]) for one in every] + [(LATE, _("Late in all"), late)]
    return [
        {"url": asked.query(late=key), "label": label, "sum": sum(found.sums[one] for one in some),
         "count": sum(found.counts[one] for one in some), "is_current": key == asked.late}
        for key, label, some in told
    ]  # fmt: skip


def _whose(asked: Request) -> list[tuple[str, str, bool]]:
    labels = {ALL: _("All"), TEAM: _("My team"), MINE: _("Mine")}
    ways = [(asked.query(who=who), labels[who], who == asked.who) for who in asked.offered]
    return ways if len(ways) > 1 else []


def _nodes(found: Listed, asked: Request) -> list[tuple[str, str, bool]]:
    order = list(NODE_LABELS)
    codes = sorted({*found.nodes, *([asked.node] if asked.node else [])},
                   key=lambda code: (order.index(code) if code in order else len(order), code))  # fmt: skip
    told = [(asked.query(node=code), node_name(code), code == asked.node) for code in codes]
    over = (asked.query(over="" if asked.over else "1"), _("Over the usual time"), bool(asked.over))
    return [(asked.query(node=""), _("Every node"), not asked.node), *told, over] if told else []


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer what is shown as a file, all rows of it, with live sums."""
    asked = Request(request)
    format = request.POST.get("format", sheets.CSV)
    if not access.may(asked.member, "exports.run") or format not in TYPES:
        raise Http404
    found = receivables.listed(asked.member, asked.asked, place=asked.place, on=asked.today)
    told = {"who": asked.who, "node": asked.node, "late": asked.late, "over": asked.over}
    return download(
        sheet_of(found, asked), format=format, name=f"receivables-{asked.today}", kind="receivables.exported",
        member=asked.member, asked={key: value for key, value in told.items() if value},
    )  # fmt: skip


FIRST_SUM = 9
"""The column of what is owed in the organisation's currency: the one that adds up."""


def sheet_of(found: Listed, asked: Request) -> sheets.Sheet:
    """Return the rows as a file: amounts in the step's own currency, and what is owed in the organisation's."""
    ours = asked.place.currency
    headings = [_("Key"), _("Customer"), _("CSM"), _("Contract"), _("Currency"), _("Contract amount"), _("Invoiced"),
                _("Received"), _("Written off"), f"{_('Owed')} ({ours})", _("Due"), _("Credit days"), _("Last day"),
                _("Days late"), _("Waits at"), _("At the node since"), _("Held by"), _("Days at the node"),
                _("Usual days"), _("Days over the usual"), _("Paid by")]  # fmt: skip
    lines: list[list[sheets.Cell]] = [_line(row, ours) for row in found.rows]
    if lines:
        summed = sheets.total(FIRST_SUM, range(len(lines)), _amount(found.total, ours))
        lines.append([_("Total"), *[None] * (FIRST_SUM - 1), summed, *[None] * (len(headings) - FIRST_SUM - 1)])
    return sheets.Sheet(headings, lines, [(_("Basis"), basis_of(asked))], money_from=5, money_until=FIRST_SUM + 1,
                        decimals=decimals_of(ours))  # fmt: skip


def _line(row: Row, ours: str) -> list[sheets.Cell]:
    step, currency = row.step, row.step.currency
    amounts = [_amount(minor, currency) for minor in (step.amount, row.invoiced, row.received, row.written_off)]
    return [row.customer.key, row.customer.name, row.customer.owner, step.contract, currency, *amounts,
            None if row.value is None else _amount(row.value, ours), step.due_on, step.credit_days, step.last_day,
            row.late_days, node_name(step.node) if step.node else None, step.node_since_on,
            step.node_holder or None, row.wait.days, row.wait.usual.days if row.wait.usual else None, row.wait.over,
            step.payer or None]  # fmt: skip


def _amount(minor: int, currency: str) -> Decimal:
    return Decimal(decimal_string(minor, currency))
