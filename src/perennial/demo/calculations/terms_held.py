"""A customer's life as terms, one after the other, and the price level at which the company reaches its ARR."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from random import Random

from perennial.demo.calculations.rates import tax_of, worth_on
from perennial.demo.companies.terms import Company
from perennial.demo.terms import Account, Fate, Term
from perennial.kernel.money import minor_per_major
from perennial.kernel.periods import add_months

EARLY_RENEWAL_DAYS = 25


def price_level(company: Company, accounts: Sequence[Account], *, on: date, seed: int) -> Fraction:
    """Return the factor on ordinary prices at which the ARR of all accounts on the day is the company's."""
    wanted = Fraction(company.arr_per_thousand * len(accounts), 1000) * minor_per_major(company.currency)
    level = Fraction(1)
    for _round in range(3):  # prices are rounded, so that the first answer misses by a little
        arr = {True: Fraction(0), False: Fraction(0)}
        for account in accounts:
            arr[account.story is None] += arr_on(
                company, account, terms_of(company, account, level, on=on, seed=seed), on
            )
        level = (level * max(wanted - arr[False], wanted / 10) / arr[True]).limit_denominator(10**6)
    return level


def arr_on(company: Company, account: Account, terms: Sequence[Term], on: date) -> Fraction:
    """Return an account's ARR on a day, minor units of the company's currency without tax; 0 while it is paused."""
    if account.paused_on is not None and account.paused_on <= on:
        return Fraction(0)
    gross = Fraction(0)
    for term in terms:
        if term.starts_on <= on and (term.ends_on is None or on < term.ends_on) and on < (account.left_on or date.max):
            seats = term.seats + (term.extra[1] if term.extra and term.extra[0] <= on else 0)
            months = account.term_months or 1
            gross += Fraction(seats * term.unit * months, months + term.gift_months)
    return gross / (1 + tax_of(company, account)) * worth_on(company, account.currency, on)


def terms_of(company: Company, account: Account, level: Fraction, *, on: date, seed: int) -> tuple[Term, ...]:
    """Return the terms that the customer has signed by the day `on`, oldest first."""
    rng = Random(f"{seed}:terms:{account.external_id}")
    price = _unit(company, account, Fraction(1) if account.story else level)
    if account.term_months is None:
        return (Term(number=1, starts_on=account.starts_on, ends_on=None, signed_on=account.starts_on - timedelta(3),
                     seats=account.seats, unit=price),)  # fmt: skip
    terms: list[Term] = []
    starts_on, seats = account.starts_on, account.seats
    while starts_on < min(on + timedelta(1), account.left_on or date.max) or _renewed_early(
        account, starts_on, on, rng
    ):
        gift = 1 if account.story is None and not terms and rng.random() < 0.03 and account.left_on is None else 0
        ends_on = add_months(starts_on, account.term_months + gift)
        ahead = 0 if account.story else rng.randint(1, 24) if terms else rng.randint(2, 30)
        signed_on = starts_on - timedelta(ahead)
        extra = _extra(account, starts_on, ends_on, seats, on, rng)
        terms.append(Term(number=len(terms) + 1, starts_on=starts_on, ends_on=ends_on, signed_on=min(signed_on, on),
                          seats=seats, unit=price, gift_months=gift, extra=extra))  # fmt: skip
        seats = _next_seats(account, seats + (extra[1] if extra else 0), rng)
        price = _next_unit(account, price, rng)
        starts_on = ends_on
    return tuple(terms)


def _renewed_early(account: Account, starts_on: date, on: date, rng: Random) -> bool:
    """Return whether the next term, not begun yet, is signed already."""
    soon = on < starts_on <= on + timedelta(EARLY_RENEWAL_DAYS)
    return soon and account.story is None and account.left_on is None and rng.random() < 0.35


def _unit(company: Company, account: Account, level: Fraction) -> int:
    """Return the price of a seat a year in minor units of the customer's currency, rounded to what a price list would
    say, with its tax."""
    exact = Fraction(account.acv, account.seats) * level
    if account.currency:
        exact /= Fraction(str(company.abroad.worth))
    step = company.rounding if exact > 20 * company.rounding else 1
    net = max(round(exact / step), 1) * step * minor_per_major(company.currency)
    return round(net * (1 + tax_of(company, account)))


def _extra(
    account: Account, starts_on: date, ends_on: date, seats: int, on: date, rng: Random
) -> tuple[date, int] | None:
    day = starts_on + timedelta(rng.randint(60, 270))
    wanted = account.fate is Fate.GROWING and rng.random() < 0.6
    return (day, max(1, seats // 4)) if wanted and day < min(ends_on, on) else None


def _next_seats(account: Account, seats: int, rng: Random) -> int:
    draw = rng.random()
    if account.fate is Fate.GROWING and draw < 0.7:
        return seats + max(1, round(seats * 0.18))
    if account.fate is Fate.SHRINKING and draw < 0.7 and seats > 1:
        return max(1, round(seats * 0.75))
    return seats


def _next_unit(account: Account, unit: int, rng: Random) -> int:
    draw = rng.random()
    if account.story is not None or draw > 0.3:
        return unit
    return unit * 105 // 100 if draw < 0.24 else unit * 95 // 100
