"""Quantiles of Student's t in plain Python: a web process shows intervals and shall not load scipy for it."""

import math
from functools import lru_cache

_TINY = 1e-300
_ENOUGH = 1e-15
_MOST_TERMS = 10_000


@lru_cache(maxsize=4096)
def quantile(probability: float, degrees: float) -> float:
    """Where the distribution function of t with so many degrees of freedom reaches `probability`, to 10 digits.

    Raises ValueError outside 0 < probability < 1 and degrees > 0.
    """
    if not 0 < probability < 1 or degrees <= 0:
        raise ValueError(f"t has no quantile {probability} with {degrees} degrees of freedom.")
    if probability < 0.5:
        return -quantile(1 - probability, degrees)
    low, high = 0.0, 2.0
    while distribution(high, degrees) < probability:
        low, high = high, high * 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if distribution(middle, degrees) < probability else (low, middle)
    return (low + high) / 2


def distribution(value: float, degrees: float) -> float:
    """The probability that t is at most `value` (Abramowitz and Stegun, 26.7.1)."""
    beyond = incomplete_beta(degrees / 2, 0.5, degrees / (degrees + value * value)) / 2
    return 1 - beyond if value > 0 else beyond


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun, 26.5.8)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # there the fraction of the mirrored function converges faster
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) / a * _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction by Lentz's method, as modified by Thompson and Barnett (1986)."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for term in (even, odd):
            d, c = 1 / _away(1 + term * d), _away(1 + term / c)
            change *= c * d
        found *= change
        if abs(change - 1) < _ENOUGH:
            break
    return found


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
