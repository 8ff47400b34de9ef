"""Staged rows of money through the doors of contracts: steps of plans, invoices and payments, with what they name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contracts import actions, collecting
from perennial.contracts import queries as contracts
from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.publish import (
    Import,
    Outcome,
    Resolved,
    Staged,
    customers_of_rows,
    incoming,
    reference,
    resolved,
    values_of,
)
from perennial.kernel.versions import Incoming


def receivables(staged: Staged, given: Import, outcome: Outcome) -> None:
    """Write steps of plans, each under the contract that it names."""
    for rows in staged:
        kept = resolved(KindKey.RECEIVABLES, rows, given, outcome)
        ready = [incoming(row, values, given) for row, values in _under_contracts(kept, given, outcome)]
        outcome.add(KindKey.RECEIVABLES, actions.write_receivables(ready, **given.origin))


def invoices(staged: Staged, given: Import, outcome: Outcome) -> None:
    """Write invoices; one that takes another back comes after it, wherever they stand in the file."""
    waiting: list[Incoming] = []
    for rows in staged:
        kept = _named(resolved(KindKey.INVOICES, rows, given, outcome), given, outcome)
        ready: list[Incoming] = []
        for row, values in _under_contracts(kept, given, outcome):
            values["number"] = row["id"][:100]
            if red_of := values.pop("red_of", None):
                values[collecting.RED] = red_of
            (waiting if red_of else ready).append(incoming(row, values, given))
        outcome.add(KindKey.INVOICES, collecting.write_invoices(ready, **given.origin))
    if waiting:
        outcome.add(KindKey.INVOICES, collecting.write_invoices(waiting, **given.origin))


def payments(staged: Staged, given: Import, outcome: Outcome) -> None:
    """Write payments. One whose customer nobody knows is kept under its payer, for who sees all customers; within a
    reach it is refused."""
    for rows in staged:
        named = [row for row in rows if reference(row)]
        if given.reach is None:
            known = customers_of_rows(named, given)
            named = [row for row in named if reference(row) in known]
        kept = resolved(KindKey.PAYMENTS, named, given, outcome)
        here = {id(row) for row in named}
        for row in rows:
            if id(row) in here:
                continue
            if given.reach is not None:
                outcome.refuse(KindKey.PAYMENTS, row, "not_yours", str(row["values"].get("payer") or ""), at="payer")
                continue
            values = values_of(row)
            name = values.pop("customer_name", None) or values.pop("customer", None) or ""
            values.pop("customer", None)
            kept.append((row, {**values, "payer": values.get("payer") or name, "customer_id": None}))
        ready = []
        for row, values in _named(kept, given, outcome):
            values["contract_number"] = values.pop("contract", None) or ""
            ready.append(incoming(row, values, given))
        outcome.add(KindKey.PAYMENTS, collecting.write_payments(ready, **given.origin))


def _under_contracts(kept: Resolved, given: Import, outcome: Outcome) -> Resolved:
    """Return the rows with the id of the contract whose number each names; an unknown one is told and left empty."""
    named = sorted({values["contract"] for _row, values in kept if values.get("contract")})
    papers: Mapping[str, Any] = contracts.contract_ids(given.source, named)
    if given.reach is not None:
        taken = given.reach.taken_contracts(given.source, named)
        papers = {number: paper for number, paper in papers.items() if number not in taken}
    ready = []
    for row, values in kept:
        number = values.pop("contract", None)
        if number and number not in papers:
            outcome.leave_empty(row, number)
        ready.append((row, {**values, "contract_id": papers.get(number or "")}))
    return ready


def _named(kept: Resolved, given: Import, outcome: Outcome) -> Resolved:
    """Return the rows with the step that each names, where that is known and this import may touch it."""
    asked = sorted({values["receivable"] for _row, values in kept if values.get("receivable")})
    there = collecting.known_steps(given.source, asked)
    if given.reach is not None:
        there -= given.reach.taken(KindKey.RECEIVABLES, given.source, asked)
    ready = []
    for row, values in kept:
        name = values.pop("receivable", None)
        if name in there:
            values[collecting.STEP] = name
        elif name:
            outcome.leave_empty(row, name)
        ready.append((row, values))
    return ready
