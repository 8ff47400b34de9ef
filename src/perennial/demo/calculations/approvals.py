"""The way of a step through the customer's approval nodes, as it was before what is known of it now."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from perennial.demo.calculations.accounts import NODES
from perennial.demo.terms import ReceivableRow

USUAL = {"budget": 9, "procurement": 12, "legal": 7, "seal": 4, "invoice": 3}
"""Days at a node that most customers take, about."""
KEPT_DAYS = 400


def stages(row: ReceivableRow, *, on: date) -> list[ReceivableRow]:
    """Return how a step stood at each node before, in order; none of steps whose way lies too far back.

    A step that was invoiced went through all nodes up to the invoice and then waited for the payment; one that waits
    now went through those before its node.
    """
    if row.due_on < on - timedelta(KEPT_DAYS) or row.amount < 0:
        return []
    rng = Random(f"approvals:{row.external_id}")
    if row.invoiced_on is not None:
        last, since_on = len(NODES) - 1, row.invoiced_on
    elif row.node in USUAL and row.node_since_on is not None:
        last, since_on = NODES.index(row.node), row.node_since_on
    else:
        return []
    way: list[tuple[str, date]] = [("payment", since_on)] if row.received_on else []
    for node in reversed(NODES[:last]):
        since_on -= timedelta(max(1, round(rng.lognormvariate(0, 0.5) * USUAL[node])))
        way.append((node, since_on))
    plain = replace(row, invoiced_on=None, received_on=None, received_amount=0)
    return [
        replace(plain, node=node, node_since_on=since, invoiced_on=row.invoiced_on if node == "payment" else None)
        for node, since in reversed(way)
    ]
