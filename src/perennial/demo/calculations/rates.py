"""What foreign money is worth to a demo company, month by month, and what tax its customers' amounts carry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from math import pi, sin
from random import Random

from perennial.demo.companies.terms import Company
from perennial.demo.terms import Account, RateRow
from perennial.kernel.periods import add_months

MONTHS_KNOWN = 48
"""Rates go back so far before the day of the demo: further than any customer's first contract."""


def rates_of(company: Company, *, on: date) -> Iterator[RateRow]:
    """Yield the rate of each month up to the day's, the oldest first."""
    last = on.replace(day=1)
    for back in range(MONTHS_KNOWN, -1, -1):
        month = add_months(last, -back)
        yield RateRow(base=company.abroad.currency, currency=company.currency, on=month, rate=_rate(company, month))


def worth_on(company: Company, currency: str, day: date) -> Fraction:
    """Return what one minor unit of `currency` ("": the company's own) is worth on a day in the company's."""
    return Fraction(_rate(company, day.replace(day=1))) if currency else Fraction(1)


def _rate(company: Company, month: date) -> str:
    """Return an invented rate with four decimals: slow waves of three per cent around the usual one, and some noise."""
    noise = Random(f"rate:{company.key}:{month:%Y-%m}").gauss(0, 0.004)
    wave = 0.03 * sin(2 * pi * (month.year * 12 + month.month) / 30)
    return f"{company.abroad.worth * (1 + wave + noise):.4f}"


def tax_text(company: Company, account: Account) -> str | None:
    """Return the tax rate of a customer's amounts as it stands on its contracts: none on what is sold abroad."""
    return "0" if account.currency and company.tax_rate is not None else company.tax_rate


def tax_of(company: Company, account: Account) -> Fraction:
    """Return the same as a number, 0 where amounts carry no tax."""
    return Fraction(tax_text(company, account) or 0)
