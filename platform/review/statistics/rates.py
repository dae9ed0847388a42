"""Pass rates with intervals that respect that images of a product hang together, from sums over products alone.

Wilson's interval with images taken as independent covers 70 to 76 % where it claims 95 (ICC .25, ten images a product).
Here it is taken of as many independent images as these are worth (Korn and Graubard, Survey Methodology 24 (1998),
193-201, in Wilson's form), with the t of products less one in place of the normal quantile: with equal numbers of
images a product, its width is that of a t interval of product means, and it never leaves 0 to 1.
"""

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

from review.statistics import student

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Sums:
    """Over products, each with n images of which k pass: how many there are, and the sums of n, k, n², k² and n·k."""

    products: int = 0
    images: int = 0
    passed: int = 0
    images_squared: int = 0
    passed_squared: int = 0
    images_passed: int = 0


@dataclass(frozen=True)
class Rate:
    """A share of `of`, in `products`; without a value or a range, None, and `said` tells why."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    of: int = 0
    passed: int = 0
    products: int = 0
    said: str = ""


def per_image(sums: Sums, confidence: float = CONFIDENCE) -> Rate:
    """The share of images that pass."""
    if sums.images == 0:
        return Rate(said="No image is judged.")
    value = sums.passed / sums.images
    found = Rate(value, of=sums.images, passed=sums.passed, products=sums.products)
    if sums.products < 2:
        return replace(found, said="Without an interval: images of one product say nothing of other products.")
    times = student.quantile((1 + confidence) / 2, sums.products - 1)
    low, high = wilson(value, worth(sums), times)
    return replace(found, low=low, high=high)


def per_product(passing: int, products: int, confidence: float = CONFIDENCE) -> Rate:
    """The share of products that pass: products are independent, so that Wilson's interval is right."""
    if products == 0:
        return Rate(said="No product has a judged image.")
    value = passing / products
    found = Rate(value, of=products, passed=passing, products=products)
    if products < 2:
        return replace(found, said="Without an interval: one product says nothing of other products.")
    low, high = wilson(value, products, _normal(confidence))
    return replace(found, low=low, high=high)


def wilson(value: float, of: float, times: float) -> tuple[float, float]:
    """Wilson's interval (1927, JASA 22, 209-212) of a share of `of` cases, `times` standard errors wide each way."""
    square = times * times
    middle = (value + square / (2 * of)) / (1 + square / of)
    half = times / (1 + square / of) * math.sqrt(value * (1 - value) / of + square / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def worth(sums: Sums) -> float:
    """As how many independent images these count. Where all pass, or none does, only the products are counted."""
    value = sums.passed / sums.images
    if not 0 < value < 1:
        return sums.products
    spread = variance(sums)
    return min(value * (1 - value) / spread, sums.images) if spread > 0 else sums.images


def variance(sums: Sums) -> float:
    """Of the share of images that pass, as a ratio of two sums over products (Cochran, Sampling Techniques, 6.4)."""
    value = sums.passed / sums.images
    apart = sums.passed_squared - 2 * value * sums.images_passed + value * value * sums.images_squared
    return max(0.0, apart) * sums.products / (sums.products - 1) / sums.images**2


def design_effect(sums: Sums) -> float | None:
    """How many images are worth one independent image; None where that cannot be told."""
    if sums.products < 2 or not 0 < sums.passed < sums.images:
        return None
    return sums.images / worth(sums)


def _normal(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
