"""Rankers on what people really said of images: VIEScore's subject editing and TIFA, grouped by subject and prompt.

    python benchmarks/ranking_published.py [--data ../shared/data] [--rankers default,linear] [--scatter 5]

Prints the grouped figures of sum and ridge beside those published with the tables, and whether a learned ranker falls
below the sum by more than its interval. With --scatter, how much sum and ridge move with other folds.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: threads only get in each other's way
sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

import numpy as np  # noqa: E402 - the path first

from ranking.evaluation import published  # noqa: E402
from ranking.evaluation.bootstrap import Interval  # noqa: E402
from ranking.evaluation.published import Published  # noqa: E402
from ranking.evaluation.reliability import rater_ceiling  # noqa: E402
from ranking.learning.rankers import learner  # noqa: E402

# Pearson with the judgement, grouped in five folds, as data/README.md has them; None where it has none.
KNOWN: dict[str, tuple[float, float | None]] = {
    "VIEScore, 2 metrics": (0.383, 0.359),
    "VIEScore, 16 features": (0.342, None),
    "TIFA": (0.649, 0.680),
}
NEAR = 0.01


def read(folder: Path) -> list[Published]:
    """All three tables."""
    editing = folder / "viescore_subject_editing" / "table.csv"
    texts = folder / "tifa_metrics_human" / "table.csv"
    return [published.viescore(editing, judges=False), published.viescore(editing), published.tifa(texts)]


def report(data: Published, names: list[str]) -> int:
    """Prints one table, and how many conditions it misses."""
    base = published.summed(data)
    scores = {"ridge": published.ridge(data)}
    scores.update({name: published.learned(data, learner(name)) for name in names})
    rows = published.beside_the_sum(data, scores, base)
    ceiling = rater_ceiling(data.votes, data.labels.products)
    print(f"\n{data.name}: {len(data.labels)} images, {len(data.judged.ids)} groups", end="")
    print(f"; one rater against the others: Pearson {ceiling.pearson:.3f}" if ceiling.pearson is not None else "")
    missed = 0
    for row, known in zip(rows, [*KNOWN[data.name], *[None] * len(names)], strict=True):
        told, off = "", False
        if known is not None and row.pearson.value is not None:
            off = abs(row.pearson.value - known) > NEAR
            told = f"  known {known:.3f}: {'off by more than' if off else 'within'} {NEAR}"
        if row.below_the_sum:
            told += "  below the sum by more than its interval"
        missed += int(off or (row.below_the_sum and row.name in names))
        print(f"  {row.name:<10} Pearson {said(row.pearson)}  against the sum {said(row.gain)}{told}")
    return missed


def said(interval: Interval) -> str:
    if interval.value is None or interval.low is None or interval.high is None:
        return interval.said
    return f"{interval.value:+.3f} ({interval.low:+.3f} to {interval.high:+.3f})"


def scatter(data: Published, times: int) -> None:
    """How much the figures depend on who is in which fold."""
    for name, scored in (("sum", published.summed), ("ridge", published.ridge)):
        found = [float(np.corrcoef(scored(data, 5, seed), data.judgement)[0, 1]) for seed in range(times)]
        spread = f"{min(found):.3f} to {max(found):.3f}, mean {np.mean(found):.3f}"
        print(f"  {name:<10} over {times} other divisions: {spread}")


def main() -> int:
    """Answers 1 where a figure is off or a ranker falls below the sum."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    asking.add_argument("--rankers", default="default")
    asking.add_argument("--scatter", type=int, default=0)
    options = asking.parse_args()
    missed = 0
    for data in read(options.data):
        missed += report(data, [name for name in options.rankers.split(",") if name])
        if options.scatter:
            scatter(data, options.scatter)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
