"""What was invoiced and what came in, step by step of the receivable plans, and what winning customers cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from random import Random

from perennial.demo.calculations.rates import rates_of, worth_on
from perennial.demo.companies.terms import Company
from perennial.demo.stories import story
from perennial.demo.terms import Account, ContractRow, InvoiceRow, Money, Papers, PaymentRow, ReceivableRow, SpendRow
from perennial.kernel.periods import add_months

SPEND_MONTHS = 30
SPENT_SHARE = Fraction(55, 100)
"""Of the first year's price of those won a quarter later, about so much was spent on winning them."""
IN_TWO_PARTS = 0.04
RED_STORY, AHEAD_STORY, UNNAMED_STORY = "detractor", "seat_limit", "four_parties"
"""Whose invoice was taken back and written anew; who paid before anything was due; whose bank line names nobody."""


def money_of(company: Company, accounts: Sequence[Account], papers: Papers, *, on: date, seed: int) -> Money:
    """Return all money of the demo by the day `on`."""
    by_id = {account.external_id: account for account in accounts}
    contracts = {contract.external_id: contract for contract in papers.contracts}
    issued = list(_invoices(company, by_id, papers))
    paid: list[PaymentRow] = []
    for row in papers.receivables:
        contract = contracts[row.contract]
        payer = by_id[contract.paying or row.customer].name
        paid += _payments(row, contract, payer, random=Random(f"{seed}:paid:{row.external_id}"))
    return Money(
        invoices=tuple(issued),
        payments=(*paid, *_loose(company, by_id, papers, on=on)),
        rates=tuple(rates_of(company, on=on)),
        spend=tuple(_spend(company, accounts, papers, on=on, seed=seed)),
    )


def _invoices(company: Company, accounts: Mapping[str, Account], papers: Papers) -> Iterator[InvoiceRow]:
    """Yield an invoice for each step that was invoiced, and what was asked for where a step waits for its invoice."""
    red = [row.external_id for row in papers.receivables
           if row.customer == story(RED_STORY).external_id and row.invoiced_on][-1:]  # fmt: skip
    taxes = {line.contract: line.tax_rate for line in papers.lines}
    numbers: Counter[str] = Counter()

    def number(day: date) -> str:
        numbers[f"{day:%Y%m}"] += 1
        return f"FP{day:%Y%m}{numbers[f'{day:%Y%m}']:04d}"

    for row in sorted(papers.receivables, key=lambda row: (row.invoiced_on or row.due_on, row.external_id)):
        is_asked = row.node == "invoice" and row.invoiced_on is None and row.node_since_on is not None
        if row.invoiced_on is None and not is_asked:
            continue
        day = row.invoiced_on or row.node_since_on or row.due_on
        kind = "" if company.key == "en" or accounts[row.customer].currency else "digital"
        one = InvoiceRow(
            external_id=f"{row.external_id}-I", number=number(day) if row.invoiced_on else "", customer=row.customer,
            contract=row.contract, step=row.external_id, kind=kind, amount=row.amount, currency=row.currency,
            tax_rate=taxes[row.contract], state="issued" if row.invoiced_on else "requested",
            requested_on=day - timedelta(0 if is_asked else 2), issued_on=row.invoiced_on,
        )  # fmt: skip
        yield one
        if row.external_id in red:
            again = day + timedelta(3)
            yield replace(one, external_id=f"{one.external_id}R", number=number(again), amount=-one.amount,
                          requested_on=again, issued_on=again, red_of=one.external_id)  # fmt: skip
            yield replace(one, external_id=f"{one.external_id}2", number=number(again), requested_on=again,
                          issued_on=again)  # fmt: skip


def _payments(row: ReceivableRow, contract: ContractRow, payer: str, *, random: Random) -> Iterator[PaymentRow]:
    """Yield what came in for a step: at once, or a smaller part some days before the rest."""
    if row.received_on is None or not row.received_amount:
        return
    whole = PaymentRow(
        external_id=f"{row.external_id}-P", customer=row.customer, payer=payer, amount=row.received_amount,
        currency=row.currency, received_on=row.received_on, reference=f"{contract.number}", step=row.external_id,
        contract_number=contract.number,
    )  # fmt: skip
    is_split = row.received_amount == row.amount and random.random() < IN_TWO_PARTS
    if not is_split:
        yield whole
        return
    part = row.amount * 3 // 10
    yield replace(whole, external_id=f"{whole.external_id}1", amount=part,
                  received_on=row.received_on - timedelta(random.randint(5, 20)))  # fmt: skip
    yield replace(whole, external_id=f"{whole.external_id}2", amount=row.amount - part)


def _loose(company: Company, accounts: Mapping[str, Account], papers: Papers, *, on: date) -> Iterator[PaymentRow]:
    """Yield a payment ahead of its step, and one of a payer whom nobody has placed yet."""
    for key, days, is_placed in ((AHEAD_STORY, 6, True), (UNNAMED_STORY, 3, False)):
        told = story(key).external_id
        steps = [row for row in papers.receivables if row.customer.split("-")[0] == told and row.currency]
        if not steps:
            continue
        contract = next(one for one in papers.contracts if one.external_id == steps[-1].contract)
        yield PaymentRow(
            external_id=f"{told}-AHEAD", customer=told if is_placed else None,
            payer=accounts[contract.paying or steps[-1].customer].name, amount=steps[-1].amount,
            currency=steps[-1].currency, received_on=on - timedelta(days),
            reference=contract.number if is_placed else "",
            contract_number=contract.number if is_placed else "", step=None,
        )  # fmt: skip


def _spend(company: Company, accounts: Sequence[Account], papers: Papers, *, on: date, seed: int) -> Iterator[SpendRow]:
    """Yield what was spent each month by channel and segment: a share of what those are worth a year who were won by it
    in the quarter after; where nobody was, as much as keeps a channel open."""
    worth: Counter[tuple[date, str, str]] = Counter()
    by_id = {account.external_id: account for account in accounts}
    for line in papers.lines:
        account = by_id[line.customer]
        if line.kind == "recurring" and line.renewal_of is None and line.starts_on == account.starts_on:
            home = worth_on(company, account.currency, line.starts_on) / (1 + Fraction(line.tax_rate or 0))
            a_year = line.amount * 12 // (line.amount_months or 12)
            place = (line.starts_on.replace(day=1), account.channel, account.segment)
            worth[place] += round(a_year * home)
    parts = sorted({(channel, segment) for _month, channel, segment in worth if channel})
    last = on.replace(day=1)
    for back in range(SPEND_MONTHS, 0, -1):
        month = add_months(last, -back)
        for number, (channel, segment) in enumerate(parts):
            won = sum(worth[add_months(month, ahead), channel, segment] for ahead in (2, 3, 4))
            noise = Random(f"{seed}:spend:{month:%Y-%m}:{number}").uniform(0.85, 1.15)
            amount = max(round(won * SPENT_SHARE / 3 * Fraction(noise) / 100_00), 1) * 100_00
            yield SpendRow(external_id=f"{month:%Y-%m}:{channel}:{segment}", month=month, channel=channel,
                           segment=segment, amount=amount)  # fmt: skip
