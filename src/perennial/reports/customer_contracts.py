"""The contracts of one customer: papers, lines and what each is worth, former versions, cancellations, receivables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from perennial.contracts import facts, history, nodes
from perennial.contracts import queries as contracts
from perennial.contracts.calculations.nodes import Usuals
from perennial.contracts.grace import Late
from perennial.contracts.models import Cancellation, Contract, Invoice, Line, Payment
from perennial.contracts.nodes import Wait
from perennial.contracts.receivables import Step
from perennial.contracts.terms import AtEnd, LineKind
from perennial.reports.customer_file import Collections, File, collections
from perennial.reports.receivables import money_of_customer


@dataclass(frozen=True)
class LineRow:
    """A line, its MRR on the as-of day (None where it makes none), and what was known of it before, latest first.

    `runs`: it makes MRR; `is_on`: it holds the day, as a trial or a service does that makes none. `late_until`: it
    ended unsigned and is held in grace, until that day at most; `grace`: why so long, on the contract's own page.
    `at_end`: whether its paper says that it goes on by itself, None where it says nothing.
    """

    line: Line
    mrr: Fraction | None
    runs: bool
    is_on: bool
    former: Sequence[Line]
    is_paused: bool = False
    late_until: date | None = None
    grace: Late | None = None
    at_end: AtEnd | None = None

    @property
    def tax_percent(self) -> str | None:
        """The line's tax rate in percent as it is printed ("6", "6.5"), None where it is unknown."""
        rate = self.line.tax_rate
        return None if rate is None else f"{(Decimal(rate) * 100).normalize():f}"


@dataclass(frozen=True)
class Paper:
    """A contract with the customer's own lines, at least one."""

    contract: Contract
    lines: Sequence[LineRow]


@dataclass(frozen=True)
class Due:
    """A step of the receivable plan; `late_days` None: not overdue. `left` minor units still to come; `wait`: how it
    stands at its approval node."""

    step: Step
    left: int
    late_days: int | None
    wait: Wait


@dataclass(frozen=True)
class Contracts:
    """The contracts' tab. `others`: papers in which the customer is a party and that have no line of its own.
    `payments`: each with what of it is matched to nothing, None of one that counts nowhere; `prepaid`: the sums of that
    by currency.

    `mrr`: the sum of the lines that run, exact minor units of `currency`; None where they are in more than one.
    """

    papers: Sequence[Paper]
    others: Sequence[Contract]
    cancellations: Sequence[Cancellation]
    receivables: Sequence[Due]
    collections: Collections | None
    mrr: Fraction | None
    currency: str
    invoices: Sequence[Invoice]
    payments: Sequence[tuple[Payment, int | None]]
    prepaid: Sequence[tuple[str, int]]


def contracts_tab(file: File) -> Contracts:
    """Return the contracts' tab; twelve queries, however many lines. Ask `file.sees_revenue` first."""
    customer_id = file.customer.pk
    lines, former = file.lines, history.former_versions(customer_id)
    rows: dict[int, list[LineRow]] = {}
    papers = {paper.pk: paper for paper in contracts.contracts_of(customer_id)}
    for one in lines:
        row = line_row(one, file.on, former.get(one.line.fact, ()))
        rows.setdefault(one.line.contract_id, []).append(row)
        papers.setdefault(one.line.contract_id, one.line.contract)
    receivables, usual = file.receivables, nodes.usuals()
    invoices, payments = money_of_customer(customer_id)
    running = [one for one in lines if one.runs]
    currencies = sorted({one.line.currency for one in running}) or [file.house.currency]
    return Contracts(
        papers=sorted((Paper(paper, rows[pk]) for pk, paper in papers.items() if pk in rows), key=_order),
        others=[paper for pk, paper in papers.items() if pk not in rows],
        cancellations=contracts.cancellations_of(customer_id),
        receivables=[_due(step, file, usual) for step in reversed(receivables)],
        collections=collections(receivables, file.on),
        mrr=sum((one.mrr for one in running), Fraction(0)) if len(currencies) == 1 else None,
        currency=currencies[0],
        invoices=invoices,
        payments=payments,
        prepaid=_prepaid(payments),
    )


def _prepaid(payments: Sequence[tuple[Payment, int | None]]) -> list[tuple[str, int]]:
    sums: dict[str, int] = {}
    for one, rest in payments:
        sums[one.currency] = sums.get(one.currency, 0) + (rest or 0)
    return [(currency, amount) for currency, amount in sorted(sums.items()) if amount]


def line_row(one: contracts.LineOnDay, on: date, former: Sequence[Line]) -> LineRow:
    """Return a line as tables show it."""
    line = one.line
    holds = line.starts_on <= on and (line.ends_on is None or on < line.ends_on)
    is_on = one.runs or (holds and line.kind != LineKind.RECURRING.value)
    day = on.isoformat()
    rests = one.runs and any(since <= day and (until is None or day < until) for since, until in line.pauses)
    mrr, end = one.mrr if one.runs else None, facts.at_end_of(line, on)
    return LineRow(line, mrr, one.runs, is_on, former, rests, one.late_until, at_end=end)


def _order(paper: Paper) -> tuple[bool, int]:
    """Papers with a running line first, then the latest."""
    latest = max(row.line.starts_on for row in paper.lines)
    return not any(row.runs for row in paper.lines), -latest.toordinal()


def _due(step: Step, file: File, usual: Usuals) -> Due:
    wait = nodes.wait_of(step, file.row.segment, usual, file.on)
    return Due(step, step.owed(file.on), step.late_days(file.on) or None, wait)
