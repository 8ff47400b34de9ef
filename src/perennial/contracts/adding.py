"""Lines and contracts that a member types: the same draft, journal entry and undo as an amendment."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from perennial.contracts import facts, papers
from perennial.contracts.amending import TYPED, write
from perennial.contracts.calculations.proration import over_the_term
from perennial.contracts.drafts import Draft, LineError, Write, draft
from perennial.contracts.models import Contract, Line
from perennial.contracts.papers import Paper
from perennial.contracts.terms import LineKind
from perennial.customers.models import Customer
from perennial.kernel.organisation.queries import house


def planned(
    values: Mapping[str, Any], *, customer_id: int, contract_id: int | None, fact: uuid.UUID, as_of: date
) -> Draft:
    """Return what a new line (Line's columns) would do to the ledger; nothing is written.

    :raises LineError: it cannot be kept.
    """
    line = Line(**values, customer_id=customer_id, fact=fact, source=TYPED, is_typed=True)
    if contract_id is not None:
        line.contract_id = contract_id
    if line.renewal_of is not None:
        _check_renewal(line)
    if line.ends_on is not None:
        line.term_starts_on = line.starts_on  # typed: so its end was agreed
    told = draft([Write(None, line)], on=line.starts_on, as_of=as_of)
    if line.kind != LineKind.RECURRING:
        return told
    charged = over_the_term(facts.terms_of(line), facts.switches_of(house().policy_switches))
    return replace(told, charged=charged)


def _check_renewal(line: Line) -> None:
    before = Line.objects.current().filter(fact=line.renewal_of).first()
    if before is None or before.fact == line.fact:
        raise LineError("renewal_of", _("The line that it renews is not known any more."))
    if before.ends_on is None or before.ends_on > line.starts_on:
        raise LineError("renewal_of", _("The line that it renews still runs on the first day of this one."))


@transaction.atomic
def add_line(
    values: Mapping[str, Any], *, customer_id: int, contract: int | Paper, fact: uuid.UUID, as_of: date, by: int,
    at: datetime,
) -> int:  # fmt: skip
    """Write a new line under a contract, or with a contract of its own; return the contract. A form sent twice, with
    the same `fact`, writes once.

    :raises LineError: it cannot be kept; nothing is written.
    """
    list(Customer.objects.select_for_update().filter(id=customer_id).values_list("id"))
    known = Line.objects.filter(fact=fact).first()
    if known is not None:
        return int(known.contract_id)
    number = None if isinstance(contract, Paper) else contract
    done = planned(values, customer_id=customer_id, contract_id=number, fact=fact, as_of=as_of)
    kind = "line_added"
    if isinstance(contract, Paper):
        kind, number = "contract_added", _paper(contract, customer_id, at)
        done.writes[0].new.contract_id = number
    assert number is not None
    write(done, kind=kind, by=by, at=at)
    return number


def _paper(paper: Paper, customer_id: int, at: datetime) -> int:
    papers.check(paper, customer_id=customer_id)
    made = Contract.objects.create(source=TYPED, external_id=paper.number, customer_id=customer_id, learned_at=at,
                                   **papers.columns(paper))  # fmt: skip
    return made.pk
