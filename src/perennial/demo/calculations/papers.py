"""What a customer signed and owes: contracts with their lines, renewals, notices, and receivable plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from perennial.demo.calculations import planted
from perennial.demo.calculations.accounts import NODES
from perennial.demo.calculations.calendar import working_day_from, working_day_until
from perennial.demo.calculations.rates import tax_text
from perennial.demo.companies.terms import Company
from perennial.demo.terms import Account, CancellationRow, ContractRow, LineRow, Papers, ReceivableRow, Term
from perennial.kernel.periods import add_months

PART_PAYERS_BELOW, PART_PAID = 0.55, 0.15
"""Of the steps of customers in a worse mood than this, so many are paid in part at first."""
LEFT_OWING, OWED_DAYS = 0.4, 430
"""So many of those that left lately went without paying a last step that came due in so many days."""
LAUNCHED_BELOW_SIZE, LAUNCH_PART = 2, 8
"""The larger ones are launched by us, for a part of a year's price."""
INSTALMENTS_FROM_SIZE = 2
"""The two largest classes pay in two instalments, the others at once."""


def papers_of(company: Company, account: Account, terms: Sequence[Term], *, on: date, seed: int) -> Papers:
    """Return everything that one customer signed by the day `on`."""
    rng = Random(f"{seed}:papers:{account.external_id}")
    contracts: list[ContractRow] = []
    lines: list[LineRow] = []
    receivables: list[ReceivableRow] = []
    if account.external_id == planted.GROUP:
        contracts.append(_framework(account, terms[0]))
    for term in terms:
        contract = _contract(account, term)
        contracts.append(contract)
        lines += _lines(company, account, term, contract, is_first=term.number == 1)
        if term.ends_on is not None:
            receivables += _receivables(company, account, term, contract, on, rng)
    receivables.sort(key=lambda row: (row.due_on, row.external_id))
    receivables = _left_owing(account, _stuck(account, receivables, on), on)
    return Papers(
        contracts=tuple(contracts),
        lines=tuple(lines),
        cancellations=tuple(_cancellations(company, account, lines, rng)),
        receivables=tuple(receivables),
    )


def _contract(account: Account, term: Term) -> ContractRow:
    in_group = account.story == "four_parties"
    accepted_on = account.first_value_on if term.number == 1 else term.starts_on
    return ContractRow(
        external_id=f"{account.external_id}-T{term.number}",
        number=f"PN-{term.starts_on:%Y%m}-{account.external_id}",
        kind="order" if in_group else "plain",
        customer=account.external_id,
        signed_on=term.signed_on,
        accepted_on=accepted_on,
        framework=f"{planted.GROUP}-F" if in_group else None,
        signing=planted.GROUP if in_group else None,
        paying=planted.PAYER if in_group else None,
        invoiced=planted.INVOICED if in_group else None,
        reseller=account.reseller,
    )


def _framework(account: Account, term: Term) -> ContractRow:
    return ContractRow(
        external_id=f"{account.external_id}-F", number=f"PN-{term.starts_on:%Y%m}-{account.external_id}-F",
        kind="framework", customer=account.external_id, signed_on=term.signed_on, signing=account.external_id,
    )  # fmt: skip


def _lines(
    company: Company, account: Account, term: Term, contract: ContractRow, *, is_first: bool
) -> Iterator[LineRow]:
    platform, launch = company.products[0][0], company.products[3][0]
    currency, tax = account.currency or company.currency, tax_text(company, account)
    is_monthly = term.ends_on is None
    main = LineRow(
        external_id=f"{contract.external_id}-1",
        contract=contract.external_id,
        customer=account.external_id,
        product=platform,
        kind="recurring",
        amount=round(term.unit * term.seats / 12) if is_monthly else term.unit * term.seats,
        amount_months=1 if is_monthly else 12,
        billing_months=1 if is_monthly else 12,
        quantity=term.seats,
        starts_on=term.starts_on,
        ends_on=term.ends_on,
        known_on=term.signed_on,
        currency=currency,
        tax_rate=tax,
        gift_months=term.gift_months,
        notice_on=None if is_monthly else add_months(term.ends_on, -1) if term.ends_on else None,
        auto_renews=None if is_monthly else account.segment == "default",
        renewal_of=f"{account.external_id}-T{term.number - 1}-1" if not is_first else None,
        pauses=_pauses(account, term),
        cancelled_on=account.left_on - timedelta(12) if is_monthly and account.left_on else None,
    )
    yield main
    if term.extra is not None:
        yield LineRow(
            external_id=f"{contract.external_id}-2", contract=contract.external_id, customer=account.external_id,
            product=platform, kind="recurring", amount=term.unit * term.extra[1], amount_months=12, billing_months=12,
            quantity=term.extra[1], starts_on=term.extra[0], ends_on=term.ends_on,
            known_on=term.extra[0] - timedelta(5), currency=currency, tax_rate=tax,
        )  # fmt: skip
    if is_first and account.size < LAUNCHED_BELOW_SIZE:
        yield LineRow(
            external_id=f"{contract.external_id}-S", contract=contract.external_id, customer=account.external_id,
            product=launch, kind="one_off", amount=term.unit * term.seats // LAUNCH_PART, quantity=1,
            starts_on=term.starts_on, ends_on=add_months(term.starts_on, 3), known_on=term.signed_on,
            currency=currency, tax_rate=tax,
        )  # fmt: skip


def _pauses(account: Account, term: Term) -> tuple[tuple[date, date | None], ...]:
    """Return the part of the customer's pause, almost three months long, that lies in the term."""
    if account.paused_on is None:
        return ()
    since = max(account.paused_on, term.starts_on)
    until = min(add_months(account.paused_on, 3) - timedelta(4), term.ends_on or date.max)
    return ((since, until),) if since < until else ()


def _cancellations(
    company: Company, account: Account, lines: Sequence[LineRow], rng: Random
) -> Iterator[CancellationRow]:
    if account.left_on is None:
        return
    last = max(
        (line for line in lines if line.kind == "recurring"), key=lambda line: (line.starts_on, line.external_id)
    )
    notice_on = last.cancelled_on or max(account.left_on - timedelta(rng.randint(10, 60)), last.starts_on)
    reason = company.texts.reasons[0] if account.story else rng.choice(company.texts.reasons)
    yield CancellationRow(external_id=f"{last.external_id}-N", customer=account.external_id, line=last.external_id,
                          cancelled_on=notice_on, effective_on=account.left_on, reason=reason)  # fmt: skip


def _receivables(
    company: Company, account: Account, term: Term, contract: ContractRow, on: date, rng: Random
) -> Iterator[ReceivableRow]:
    """Plan a term's payments a year at a time: one step, or two where the customer is large; late paper included."""
    for number, (day, amount, known_on) in enumerate(_steps(account, term, on), 1):
        yield _settled(
            ReceivableRow(external_id=f"{contract.external_id}-R{number}", customer=account.external_id,
                          contract=contract.external_id, due_on=working_day_from(day, account.country), amount=amount,
                          currency=account.currency or company.currency, known_on=known_on),
            account, on, rng,
        )  # fmt: skip


def _steps(account: Account, term: Term, on: date) -> Iterator[tuple[date, int, date]]:
    """Yield the steps of a term as day, amount and day of signing: those of each year that has begun or soon does make
    up its price to the cent; then the launch, and what was added in mid-term, for the days that were left."""
    assert term.ends_on is not None
    credit = timedelta(30 if account.segment == "default" else 60)
    year, price = term.starts_on, term.unit * term.seats
    while year < min(term.ends_on, on + timedelta(60)) and add_months(year, 2) <= term.ends_on:
        first = price * 6 // 10 if account.size < INSTALMENTS_FROM_SIZE else price
        yield year + credit, first, term.signed_on
        if first < price:
            yield add_months(year, 6) + credit, price - first, term.signed_on
        year = add_months(year, 12)
    if term.number == 1 and account.size < LAUNCHED_BELOW_SIZE:
        yield add_months(term.starts_on, 3) + credit, price // LAUNCH_PART, term.signed_on
    if term.extra is not None:
        day, seats = term.extra
        yield day + credit, term.unit * seats * (term.ends_on - day).days // 365, day - timedelta(5)


def _settled(row: ReceivableRow, account: Account, on: date, rng: Random) -> ReceivableRow:
    """Return the step as it stands on the day: received, partly received, invoiced, or waiting at a node. The less a
    customer likes the product, the later it pays."""
    late = round(rng.triangular(-22, 26 if account.segment == "default" else 45, -4) + 24 * (0.5 - account.mood))
    invoiced_on = working_day_until(row.due_on - timedelta(rng.randint(12, 26)), account.country)
    received_on = working_day_from(row.due_on + timedelta(late), account.country)
    is_part = account.story is None and account.mood < PART_PAYERS_BELOW and rng.random() < PART_PAID
    if is_part and row.due_on <= received_on <= on < row.due_on + timedelta(120):
        return replace(row, invoiced_on=invoiced_on, received_on=received_on, received_amount=row.amount * 6 // 10,
                       node="payment", node_since_on=invoiced_on)  # fmt: skip
    if received_on <= on:
        return replace(
            row, invoiced_on=min(invoiced_on, received_on), received_on=received_on, received_amount=row.amount
        )
    if invoiced_on <= on:
        return replace(row, invoiced_on=invoiced_on, node="payment", node_since_on=invoiced_on)
    if row.due_on - timedelta(70) > on:
        return row
    node = NODES[min(4, max(0, (on - (row.due_on - timedelta(70))).days // 12))]
    return replace(row, node=node, node_since_on=on - timedelta(rng.randint(1, 11)))


def _left_owing(account: Account, rows: list[ReceivableRow], on: date) -> list[ReceivableRow]:
    """Return the plan of a customer that left: of some, the last step that came due was never paid."""
    due = [row for row in rows if on - timedelta(OWED_DAYS) < row.due_on <= on]
    is_late = account.left_on is not None and (on - account.left_on).days < 150 and account.story is None
    if not is_late or not due or Random(f"owing:{account.external_id}").random() >= LEFT_OWING:
        return rows
    last = due[-1]
    invoiced_on = last.invoiced_on or last.known_on
    owing = replace(last, invoiced_on=invoiced_on, received_on=None, received_amount=0, node="payment",
                    node_since_on=invoiced_on)  # fmt: skip
    return [owing if row is last else row for row in rows]


def _stuck(account: Account, rows: list[ReceivableRow], on: date) -> list[ReceivableRow]:
    """Return the plan with the step that is due by now waiting where the account says so, and all before it paid."""
    due = [row for row in rows if row.due_on <= on + timedelta(30)]
    if account.stuck_node is None or not due:
        return rows
    node, since_on = account.stuck_node
    waits = replace(
        due[-1], due_on=since_on + timedelta(16), invoiced_on=since_on if node == "payment" else None, received_on=None,
        received_amount=0, node=node, node_since_on=since_on,
    )  # fmt: skip
    paid = [
        replace(row, invoiced_on=row.invoiced_on or row.known_on, received_on=min(row.due_on, on - timedelta(1)),
                received_amount=row.amount, node="", node_since_on=None)
        for row in due[:-1]
    ]  # fmt: skip
    return [*paid, waits, *rows[len(due) :]]
