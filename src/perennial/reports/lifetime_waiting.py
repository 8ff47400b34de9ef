"""What lies behind lifetime value: its customers one by one, and the job that fits curves which a reader waits for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from perennial.blueprint import queries as blueprint
from perennial.contracts import changes, ledger
from perennial.contracts.changes import NamedCustomer
from perennial.insights import queries
from perennial.insights.terms import Ages
from perennial.kernel.money import largest_remainder, round_half_even
from perennial.kernel.queue import actions as queue
from perennial.reports.lifetime import Dimension
from perennial.reports.revenue import Book

FIT, NIGHTLY = "lifetime.fit", "lifetime"


def have_fitted(pending: Sequence[Ages], *, at: datetime) -> int:
    """Have curves fitted in the background; return the job. Asked again while it waits or runs, it is the same job."""
    digests = sorted(queries.digest_of(ages) for ages in pending)
    name = hashlib.sha256("".join(digests).encode()).hexdigest()[:40]
    told = [queries.ages_data(ages) for ages in pending]
    return queue.enqueue(FIT, at=at, payload={"ages": told}, unique_key=f"{FIT}:{name}")


@dataclass(frozen=True)
class Lived:
    """A customer behind lifetime value: its first paid day, the day it left (None: it stays), and its MRR now, in minor
    units that add up to the MRR of all that are listed."""

    customer: NamedCustomer
    starts_on: date
    left_on: date | None
    came_back: bool
    segment: str
    channel: str
    mrr: int


def customers(book: Book, by: Dimension, value: str | None) -> list[Lived]:
    """Return the customers of a part (`value` None: of all), who came last first. Five queries, one more for 500."""
    origins = queries.origins(ledger.customer_ids(book.rows), blueprint.lifetime().channel_fields)
    lives = [life for life in queries.lives(book.rows, on=book.as_of)
             if value is None or by.of(origins[life.customer_id]) == value]  # fmt: skip
    held = ledger.balances_on(book.as_of, book.rows, book.exchange)
    names = changes.named([life.customer_id for life in lives], book.rows)
    exact = [held.get(life.customer_id, Fraction(0)) for life in lives]
    whole = largest_remainder(exact, round_half_even(sum(exact, Fraction(0))))
    found = [
        Lived(names[life.customer_id], life.starts_on, life.left_on, life.came_back,
              origins[life.customer_id].segment, origins[life.customer_id].channel, mrr)
        for life, mrr in zip(lives, whole, strict=True)
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.starts_on.toordinal(), one.customer.name))
