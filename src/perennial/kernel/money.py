"""Exact money: integer minor units and rationals inside, rounded once at output. No float comes in or goes out.

An amount inside is an `int` or a `Fraction` of minor units (cents, 分, fils). A page or the API prints what
`round_half_even` and `largest_remainder` return, and nothing else rounds.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import floor, lcm
from typing import Any

from babel.numbers import list_currencies

# ISO 4217 minor units other than 2. Babel carries CLDR's display digits, which leave the standard for about twenty
# currencies (RSD 0, IQD 0): amounts stored by them would lose their minor unit, so only the codes are Babel's.
_DECIMALS_BY_ISO_4217 = {
    code: decimals
    for decimals, codes in {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }.items()
    for code in codes.split()
}
FINE = 2048
"""Bits of a common unit up to which amounts are compared as whole numbers of it."""
_PLAIN_DECIMAL = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]+))?")


class MoneyError(ValueError):
    """What was given is no amount. `reason` is for the program, which translates it; the message is for the log.

    Reasons: `unknown_currency`, `not_a_number`, `too_many_decimals`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@cache
def _known_currencies() -> frozenset[str]:
    return frozenset(list_currencies())


def is_known(currency: str) -> bool:
    """Say whether this is an ISO 4217 code."""
    return currency in _known_currencies()


def decimals_of(currency: str) -> int:
    """Return how many decimals the currency's minor unit has by ISO 4217 (CNY 2, JPY 0, KWD 3, CLF 4).

    :raises MoneyError: `unknown_currency`; codes are three capital letters.
    """
    if currency not in _known_currencies():
        raise MoneyError("unknown_currency", f"{currency!r} is no ISO 4217 currency")
    return _DECIMALS_BY_ISO_4217.get(currency, 2)


def minor_per_major(currency: str) -> int:
    """Return how many minor units make one major unit: 100 分 a yuan, 1 for the yen."""
    return int(10 ** decimals_of(currency))


def to_minor(major: int | Decimal | Fraction, currency: str) -> Fraction:
    """Return an amount of major units (yuan) in minor units (分), exactly."""
    return Fraction(major) * minor_per_major(currency)


def to_major(minor: int | Fraction, currency: str) -> Fraction:
    """Return an amount of minor units (分) in major units (yuan), exactly."""
    return Fraction(minor) / minor_per_major(currency)


def parse_minor(text: str, currency: str) -> int:
    """Return the minor units that a plain decimal string states: "-12.5" in USD is -1250.

    Zeros past the currency's decimals are accepted because nothing is lost. Separators, signs of currencies, 万 and
    full-width digits are the importer's business and not read here.

    :raises MoneyError: `not_a_number`, `too_many_decimals` or `unknown_currency`.
    """
    decimals = decimals_of(currency)
    match = _PLAIN_DECIMAL.fullmatch(text.strip())
    if match is None:
        raise MoneyError("not_a_number", f"{text!r} is no decimal number")
    sign, whole, part = match[1], match[2], (match[3] or "").rstrip("0")
    if len(part) > decimals:
        raise MoneyError("too_many_decimals", f"{text!r} has more than the {decimals} decimals of {currency}")
    return int(sign + whole + part.ljust(decimals, "0"))


def decimal_string(minor: int, currency: str) -> str:
    """Return minor units as the API prints them: -1250 in USD is "-12.50", 5 in JPY is "5"."""
    decimals = decimals_of(currency)
    digits = str(abs(minor)).rjust(decimals + 1, "0")
    sign = "-" if minor < 0 else ""
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else sign + digits


def excluding_tax(amount: int | Fraction, rate: Fraction) -> Fraction:
    """Return the exact part of an amount incl. tax that is not tax: 1,000,000 at 6 % holds 943,396.226…

    `rate` is a ratio (6 % = 6/100).
    """
    return Fraction(amount) / (1 + rate)


def round_half_even(amount: int | Fraction) -> int:
    """Return the nearest whole minor unit, ties to the even one, so that many roundings do not drift upwards."""
    return amount.numerator if amount.denominator == 1 else round(amount)


def exact_sum(amounts: Iterable[Fraction]) -> Fraction:
    """Return the sum, by denominators first: few of them, so that most additions are of integers."""
    by_denominator: dict[int, int] = {}
    for amount in amounts:
        by_denominator[amount.denominator] = by_denominator.get(amount.denominator, 0) + amount.numerator
    return sum((Fraction(top, bottom) for bottom, top in by_denominator.items()), Fraction(0))


def largest_remainder(parts: Sequence[Fraction], total: int) -> list[int]:
    """Round the parts of a printed row so that they add up to its printed total, in the order given.

    Every part is rounded down, then the units still missing go to the largest remainders (of equals the larger part,
    then the earlier one). A part of zero stays zero, and no part changes its sign. `total` must be the difference of
    two rounded amounts whose exact difference is the parts' sum, so that at most a unit per part is to be given.

    :raises ValueError: the total is too far from the parts' sum to be a rounding of it.
    """
    unit = lcm(*{part.denominator for part in parts})
    if unit.bit_length() > FINE:
        rounded = [floor(part) for part in parts]
        claims: list[tuple[Any, Any, int]] = [
            (whole - part, -abs(part), at) for at, (part, whole) in enumerate(zip(parts, rounded, strict=True))
        ]
    else:  # integers of one unit, which are compared many times faster
        told = [part.numerator * (unit // part.denominator) for part in parts]
        rounded = [one // unit for one in told]
        claims = [(-(one % unit), -abs(one), at) for at, one in enumerate(told)]
    missing = total - sum(rounded)
    by_claim = [at for _rest, size, at in sorted(claims) if size]
    # Fewer than none are missing only when every part is whole and the total was rounded away from them.
    if missing > len(by_claim) or missing < -len(by_claim):
        raise ValueError(f"{total} is no rounding of parts that sum to {sum(parts)}")
    step = 1 if missing > 0 else -1
    for index in by_claim[: abs(missing)]:
        rounded[index] += step
    return rounded
