"""The beta distribution, as far as intervals of shares need it: floats, statistics and never money.

scipy has it too; it would be 80 MB for one function. The test compares the two.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log

_TINY = 1e-300
_CLOSE = 1e-12
_MOST_STEPS = 10_000
_HALVINGS = 46


def beta_below(x: float, a: float, b: float) -> float:
    """Return the probability that a Beta(a, b) lies below x (the regularised incomplete beta function)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function by Lentz's method."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / _away(1 + step * d)
            c = _away(1 + step / c)
            found *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return found


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def beta_quantile(share: float, a: float, b: float) -> float:
    """Return the value below which a Beta(a, b) lies with the probability `share`, to 1e-13."""
    low, high = 0.0, 1.0
    for _step in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if beta_below(middle, a, b) < share else (low, middle)
    return (low + high) / 2


@lru_cache(maxsize=4096)
def jeffreys(kept: float, count: float, level: float = 0.95) -> tuple[float, float]:
    """Return the Jeffreys interval of a share: from 0 where nothing was kept, to 1 where all was. 0 of 12 at 95 %:
    0 to .1853 (analytics 10)."""
    tail, a, b = (1 - level) / 2, kept + 0.5, count - kept + 0.5
    return (0.0 if kept <= 0 else beta_quantile(tail, a, b), 1.0 if kept >= count else beta_quantile(1 - tail, a, b))
