"""A customer's tickets, and what it thought of the help."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from perennial.demo.calculations.calendar import working_day_until
from perennial.demo.companies.terms import Company
from perennial.demo.terms import Account, TicketRow

_PROMISED_HOURS = {"low": 120, "normal": 72, "high": 36, "urgent": 12}


def tickets_of(
    company: Company, account: Account, *, since: date, until: date, on: date, rng: Random
) -> Iterator[TicketRow]:
    """Yield the tickets opened in [since, until): more from many or unhappy users; most closed within days."""
    a_day = (1.2 + 0.35 * account.users) * (1.7 - account.mood) / 365
    now = datetime.combine(on, time(8), ZoneInfo(company.timezone)).astimezone(UTC)
    number, day = 0, float(rng.expovariate(a_day))
    while day < (until - since).days:
        number += 1
        opened_on = working_day_until(since + timedelta(int(day)), account.country)
        opened_at = datetime.combine(opened_on, time(9), ZoneInfo(company.timezone)) + timedelta(
            minutes=rng.randint(0, 520)
        )
        yield _ticket(company, account, number, opened_at.astimezone(UTC), now, rng)
        day += rng.expovariate(a_day)
    if account.is_escalated:
        opened_at = now - timedelta(days=9)
        yield TicketRow(
            external_id=f"{account.external_id}-H0", customer=account.external_id, subject=company.texts.tickets[2],
            priority="urgent", opened_at=opened_at, due_at=opened_at + timedelta(days=4), closed_at=None,
            first_response_minutes=95, satisfaction=None, is_escalated=True,
        )  # fmt: skip


def _ticket(
    company: Company, account: Account, number: int, opened_at: datetime, now: datetime, rng: Random
) -> TicketRow:
    priority = rng.choices(("low", "normal", "high", "urgent"), (25, 55, 16, 4))[0]
    promised = _PROMISED_HOURS[priority]
    took = timedelta(hours=promised * min(rng.lognormvariate(-0.4 - account.mood, 0.8), 8))
    closed_at = opened_at + took if opened_at + took <= now else None
    is_rated = closed_at is not None and rng.random() < 0.3
    mark = min(5, max(1, round(rng.gauss(1.8 + 3.2 * account.mood, 0.7))))
    return TicketRow(
        external_id=f"{account.external_id}-H{number}", customer=account.external_id,
        subject=rng.choice(company.texts.tickets), priority=priority, opened_at=opened_at,
        due_at=opened_at + timedelta(hours=promised), closed_at=closed_at,
        first_response_minutes=round(rng.lognormvariate(4, 0.8)), satisfaction=mark if is_rated else None,
    )  # fmt: skip
