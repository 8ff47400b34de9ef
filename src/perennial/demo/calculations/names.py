"""Invented names, mail addresses and credit codes. Chinese codes carry right check digits (GB 11714, GB 32100-2015)."""

from __future__ import annotations

from math import gcd

from perennial.demo.companies.terms import Company

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_NOWHERE = "990000"
"""No division of the country has this number: no real company can have the code."""
_STRIDE = 7919


def customer_name(company: Company, number: int, *, state_owned: bool) -> str:
    """Return the invented name of the number-th customer; the same number gives the same name, two never share one."""
    naming = company.naming
    if state_owned:
        wheels: tuple[tuple[str, ...], ...] = (naming.places, naming.state_trades)
    elif company.key == "zh":
        wheels = (naming.places, naming.brands, naming.trades)
    else:
        wheels = (naming.brands, naming.trades, naming.places)
    total = 1
    for wheel in wheels:
        total *= len(wheel)
    stride = next(step for step in range(_STRIDE, _STRIDE + total) if gcd(step, total) == 1)
    rest, again = (number * stride) % total, number // total
    parts = []
    for wheel in wheels:
        rest, place = divmod(rest, len(wheel))
        parts.append(wheel[place])
    name = ("" if company.key == "zh" else " ").join(parts)
    return name if not again else f"{name} {again + 1}"


def legal_name(company: Company, name: str) -> str:
    """Return the name in full, as on a contract."""
    return f"{name}有限公司" if company.key == "zh" else name


def person_name(company: Company, number: int) -> str:
    """Return an invented person's name; numbers far apart may share one, as in life."""
    surnames, given = company.naming.surnames, company.naming.given_names
    first, last = given[(number * 7 + number // len(surnames)) % len(given)], surnames[number % len(surnames)]
    return f"{last}{first}" if company.key == "zh" else f"{first} {last}"


def credit_code(number: int) -> str:
    """Return an 18-character 统一社会信用代码 with right check digits, of a division that does not exist."""
    organisation = f"{number:08d}"
    check = (
        11 - sum(int(digit) * weight for digit, weight in zip(organisation, _ORGANISATION_WEIGHTS, strict=True)) % 11
    )
    body = f"91{_NOWHERE}{organisation}{ {10: 'X', 11: '0'}.get(check, check) }"
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """Return the last character that belongs to the first 17 of a credit code (GB 32100-2015)."""
    total = sum(_ALPHABET.index(sign) * weight for sign, weight in zip(body, _WEIGHTS, strict=True))
    return _ALPHABET[(31 - total % 31) % 31]
