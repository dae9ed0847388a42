"""The table of a comparison: means over products with bootstrap intervals, and the paper's method less the baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

BASE, TOLD = "base", "base, told the look"
BASELINE, PAPER = "dreambooth-lora", "paper-2503.08729"
METHODS = (BASE, TOLD, BASELINE, PAPER)
FIGURES = {
    "look": "look as the truth",
    "found_of_all": "found among all products",
    "dino_i": "DINO-I",
    "context": "place as asked",
    "light": "light as asked",
    "clip_t": "CLIP-T",
}


@dataclass(frozen=True)
class Estimate:
    """A mean over products with the bounds of its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} ({self.low:.2f} to {self.high:.2f})"


def estimate(values: Sequence[float], *, draws: int = 4000, seed: int = 0) -> Estimate:
    """The mean of one value a product, and the percentile bootstrap's interval: products are drawn anew, as the next
    twenty would be others. Raises ValueError without any."""
    if not len(values):
        raise ValueError("A mean over no products means nothing; compare at least one.")
    each = np.asarray(values, np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(each), (draws, len(each)))
    low, high = np.quantile(each[drawn].mean(1), (0.025, 0.975))
    return Estimate(float(each.mean()), float(low), float(high))


def by_product(rows: Sequence[dict[str, Any]], method: str, figure: str) -> dict[int, float]:
    """A figure's mean for each product that the method has rows of."""
    found: dict[int, list[float]] = {}
    for row in rows:
        if row["method"] == method:
            found.setdefault(row["product"], []).append(row[figure])
    return {product: float(np.mean(values)) for product, values in found.items()}


def table(rows: Sequence[dict[str, Any]], methods: Sequence[str] = METHODS) -> str:
    """Markdown: a line for each method that has rows, and one for how far the paper's is from the baseline, product by
    product; each figure with its 95 % interval."""
    there = [method for method in methods if any(row["method"] == method for row in rows)]
    lines = [
        f"| method | products | {' | '.join(FIGURES.values())} |",
        f"| --- | --- |{' --- |' * len(FIGURES)}",
    ]
    for method in there:
        each = [by_product(rows, method, figure) for figure in FIGURES]
        cells = " | ".join(str(estimate(list(values.values()))) for values in each)
        lines.append(f"| {method} | {len(each[0])} | {cells} |")
    if {BASELINE, PAPER} <= set(there):
        pairs = [_paired(rows, figure) for figure in FIGURES]
        lines.append(
            f"| {PAPER} less {BASELINE} | {len(pairs[0])} | {' | '.join(str(estimate(pair)) for pair in pairs)} |"
        )
    return "\n".join(lines)


def _paired(rows: Sequence[dict[str, Any]], figure: str) -> list[float]:
    one, other = by_product(rows, PAPER, figure), by_product(rows, BASELINE, figure)
    return [one[product] - other[product] for product in one if product in other]
