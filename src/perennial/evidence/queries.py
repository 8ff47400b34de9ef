"""Reads of evidence: what the last backtest of a scorecard found, and the decisions to learn from."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256

from django.db.models import F, Q

from perennial.customers.models import PortfolioRow
from perennial.evidence.models import Backtest, BacktestCase, Shadow
from perennial.evidence.terms import BACKTEST, Case, Lists, Told
from perennial.kernel.queue.models import Job, JobState


def digest_of(text: str) -> str:
    """Return by what a backtest of a text is found: its lines, however they end."""
    return sha256((text.replace("\r\n", "\n").rstrip("\n") + "\n").encode()).hexdigest()


def latest(key: str | None = None) -> Told | None:
    """Return the last backtest, of one scorecard or of any; None before the first. One query."""
    rows = Backtest.objects.all() if key is None else Backtest.objects.filter(key=key)
    row = rows.order_by("-made_at", "-id").first()
    return None if row is None else _told(row)


def verdict_of(text: str) -> Told | None:
    """Return what the last backtest of exactly this text found, None where it was never backtested: an editor warns
    before it publishes what `is_no_better`. One query."""
    row = Backtest.objects.filter(digest=digest_of(text)).order_by("-made_at", "-id").first()
    return None if row is None else _told(row)


def history(key: str, *, limit: int = 20) -> list[Told]:
    """Return the backtests of a scorecard, the newest first. One query."""
    return [_told(row) for row in Backtest.objects.filter(key=key).order_by("-made_at", "-id")[:limit]]


def lists(backtest_id: int, customers: Q, *, limit: int = 200) -> Lists:
    """Return the cases of the customers among `customers` (a condition on portfolio rows), the newest first. One
    query."""
    rows = BacktestCase.objects.filter(backtest_id=backtest_id).filter(customer__in=_seen(customers))
    cases = [
        Case(one.customer_id, one.on, one.is_lost, one.score, one.band, one.p)
        for one in rows.order_by("-on", "customer_id")
    ]
    lost = [one for one in cases if one.is_lost]
    return Lists([one for one in lost if one.band == "green"][:limit],
                 [one for one in cases if not one.is_lost and one.band == "red"][:limit], lost[:limit])  # fmt: skip


def _seen(customers: Q) -> Collection[int]:
    return PortfolioRow.objects.filter(customers).values("customer_id")  # type: ignore[return-value]


def running() -> Job | None:
    """Return the backtest that waits or runs, None where none does. One query."""
    return Job.objects.filter(kind=BACKTEST, state__in=(JobState.waiting, JobState.running)).order_by("-id").first()


def shadow() -> Shadow | None:
    """Return the proposal that is in shadow, else the one decided last; None before the first. One query."""
    return Shadow.objects.select_related("decided_by").order_by(F("decided_at").desc(nulls_first=True)).first()


def _told(row: Backtest) -> Told:
    return Told(
        row.pk, row.key, row.version, row.on, row.made_at,
        {int(lead): told for lead, told in row.found["leads"].items()}, row.found["proposal"], row.data_version,
        row.seed, row.versions, {key: told for key, told in row.found.items() if key not in {"leads", "proposal"}},
    )  # fmt: skip


def is_of(backtest_id: int, text: str) -> bool:
    """Say whether a backtest was of exactly this text. One query."""
    return Backtest.objects.filter(id=backtest_id, digest=digest_of(text)).exists()
