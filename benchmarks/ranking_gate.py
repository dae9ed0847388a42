"""How often the gate promotes: where there is nothing to gain, and where the default takes the place of the sum.

    python benchmarks/ranking_gate.py [--worlds 10] [--trials 500] [--frozen 100] [--images 20] [--labels 1000]
                                      [--unfrozen 200] [--unfrozen-labels 300]

In each simulated world the sum and the default learn from the same labels, and a twin of the default from as many
others. Frozen products are drawn anew for each trial, and the gate decides by its usual rule, product types included.
`no difference`: default and twin, which of the two is the champion by lot for every product; truly alike by
construction. `retrained`: the truly worse of the two comes as candidate. `improvement`: the default against the sum.
`worse`: the sum against the default.
With --unfrozen, as many sites of a few products more, whose gate has no frozen split and takes what is out of fold:
`only the sum`: people's answers follow from the sum and from nothing else, so that nothing can be better than it;
`few products`: from the world as it is. Each trial is a training of the default of its own.
"""

import argparse
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: threads only get in each other's way
sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

import numpy as np  # noqa: E402 - the path first

from ranking.evaluation import figures, gate  # noqa: E402
from ranking.evaluation.judged import Judged, Values  # noqa: E402
from ranking.evaluation.simulation import Pictures, World  # noqa: E402
from ranking.learning.rankers import learner  # noqa: E402

POOL = 800  # products to draw frozen ones from
TRAINING = {100: (10, 10), 300: (30, 10), 1000: (50, 20), 3000: (100, 30)}
AT_MOST, AT_LEAST = ("<=", 0.05), (">=", 0.90)
LIMITS = {"no difference": AT_MOST, "retrained": AT_MOST, "worse": AT_MOST, "only the sum": AT_MOST,
          "improvement": AT_LEAST}  # fmt: skip


@dataclass(frozen=True)
class Arena:
    """One world's frozen pool and its rankers' probabilities for it."""

    pool: Pictures
    judged: Judged
    default: Values
    twin: Values
    summed: Values

    def true_top(self, scores: Values) -> float:
        """The pass rate of the picked three by the truth: more panels than were asked."""
        return float(
            (figures.picks(scores, self.judged.place, 3) * self.pool.chance).sum() / (3 * len(self.judged.ids))
        )

    def order(self, scores: Values) -> float:
        return figures.value_of(figures.auc_within(scores, self.judged), self.judged)


def prepare(seed: int, labels: int, images: int) -> Arena:
    """Trains all three, and scores a pool of products that none has seen."""
    world, shape = World(seed), TRAINING[labels]
    pool = world.draw(POOL, images, 3, panels=8)
    own, other = world.draw(*shape, 1), world.draw(*shape, 2)
    table = pool.table()
    rankers = [
        learner(name).fit(drawn.table(), drawn.labels(), seed)
        for name, drawn in (("default", own), ("default", other), ("sum", own))
    ]
    default, twin, summed = (ranker.predict(table) for ranker in rankers)
    return Arena(pool, Judged.of(pool.labels()), default, twin, summed)


def pairs(arena: Arena, drawing: np.random.Generator) -> dict[str, tuple[Values, Values]]:
    """(champion, candidate) of each case, over the whole pool."""
    swapped = (drawing.random(len(arena.judged.ids)) < 0.5)[arena.judged.place]
    alike = np.where(swapped, arena.default, arena.twin), np.where(swapped, arena.twin, arena.default)
    better_first = sorted((arena.default, arena.twin), key=arena.true_top, reverse=True)
    return {
        "no difference": alike,
        "retrained": (better_first[0], better_first[1]),
        "improvement": (arena.summed, arena.default),
        "worse": (arena.default, arena.summed),
    }


Found = dict[str, list[gate.Decision]]  # by case


def world(seed: int, options: argparse.Namespace) -> Found:
    """One world's share of the trials."""
    each, rule = -(-options.trials // options.worlds), gate.Rule(resamples=options.resamples)
    started, found = time.perf_counter(), defaultdict(list)
    arena = prepare(seed, options.labels, options.images)
    sums = arena.true_top(arena.summed), arena.order(arena.summed)
    learned = arena.true_top(arena.default), arena.order(arena.default)
    print(
        f"world {seed}: picked three pass {sums[0]:.3f} by the sum, {learned[0]:.3f} by the default;"
        f" AUC within products {sums[1]:.3f}, {learned[1]:.3f}; ready after {time.perf_counter() - started:.0f} s",
        flush=True,
    )
    drawing = np.random.default_rng([options.frozen, seed])
    for trial in range(each):
        rows = np.isin(arena.judged.place, drawing.choice(POOL, options.frozen, replace=False))
        judged, types = arena.judged.take(rows), arena.pool.types[rows]
        for case, (champion, candidate) in pairs(arena, drawing).items():
            decision = gate.decide(champion[rows], candidate[rows], judged, types=types, rule=rule, seed=trial)
            found[case].append(decision)
    return found


def without_frozen(seed: int, options: argparse.Namespace) -> Found:
    """One site's decisions on products of which each is scored by a ranker that saw nothing of it."""
    rule, found = gate.Rule(resamples=options.resamples), defaultdict(list)
    drawn = World(seed).draw(*TRAINING[options.unfrozen_labels], 1)
    for case, pictures in (("only the sum", told_by_the_sum(drawn, seed)), ("few products", drawn)):
        table, labels = pictures.table(), pictures.labels()
        summed, default = (learner(name).fit(table, labels, seed) for name in ("sum", "default"))
        rows = np.searchsorted(labels.candidates, default.labelled)
        judged, scores = Judged.of(labels.take(rows)), (summed.out_of_fold, default.out_of_fold)
        found[case].append(gate.decide(*scores, judged, types=pictures.types[rows], rule=rule, seed=seed))
    return found


def over(work: Callable[[int, argparse.Namespace], Found], count: int, options: argparse.Namespace) -> Found:
    """All seeds' decisions, several seeds at a time."""
    seeds, found = range(options.first, options.first + count), defaultdict(list)
    with ProcessPoolExecutor(options.jobs) as pool:
        for one in pool.map(work, seeds, repeat(options)):
            for case, decisions in one.items():
                found[case] += decisions
    return found


def told_by_the_sum(drawn: Pictures, seed: int) -> Pictures:
    """The same pictures; their raters see how high the sum is, and otherwise each question as it comes to them."""
    drawing = np.random.default_rng([7, seed])
    summed = drawn.summed()
    felt = 0.6 * (summed - summed.mean()) / summed.std() + 0.8 * drawing.normal(size=len(drawn))
    heard = felt[:, None, None] + 0.8 + 0.7 * drawing.normal(size=(len(drawn), 1, 8))
    return replace(drawn, answers=heard + 0.5 * drawing.normal(size=drawn.answers.shape) > 0)


def main() -> int:
    """Prints shares of trials, and answers 1 where a limit is missed."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--worlds", type=int, default=10)
    asking.add_argument(
        "--first", type=int, default=0, help="seed of the first world, to go on where another run ended"
    )
    asking.add_argument("--trials", type=int, default=500)
    asking.add_argument("--frozen", type=int, default=100)
    asking.add_argument("--images", type=int, default=20)
    asking.add_argument("--labels", type=int, default=1000, choices=sorted(TRAINING))
    asking.add_argument("--resamples", type=int, default=1000)
    asking.add_argument("--jobs", type=int, default=2, help="processes")
    asking.add_argument("--unfrozen", type=int, default=0, help="trials without a frozen split")
    asking.add_argument("--unfrozen-labels", type=int, default=300, choices=sorted(TRAINING))
    options = asking.parse_args()
    missed = 0
    if options.trials:
        about = f"{options.frozen} frozen products of {options.images} images, {options.labels:,} labels to learn from"
        missed += told(about, over(world, options.worlds, options))
    if options.unfrozen:
        about = f"No frozen product, {options.unfrozen_labels:,} labels out of fold"
        missed += told(about, over(without_frozen, options.unfrozen, options))
    return int(missed > 0)


def told(about: str, found: Found) -> int:
    """Prints a table; returns how many limits are missed."""
    missed = 0
    print(f"\n{about}")
    print(f"{'case':<16}{'trials':>8}{'promoted':>10}{'order':>8}{'picked':>8}{'calibration':>13}{'types':>8}")
    for case, decisions in found.items():
        held = Counter(check for decision in decisions for check in _held(decision))
        promoted = sum(decision.promote for decision in decisions) / len(decisions)
        shares = [held[name] / len(decisions) for name in ("order", "picked", "calibration", "types")]
        line = f"{shares[0]:>8.3f}{shares[1]:>8.3f}{shares[2]:>13.3f}{shares[3]:>8.3f}"
        print(f"{case:<16}{len(decisions):>8}{promoted:>10.3f}{line}")
        sign, limit = LIMITS.get(case, ("", 0.0))
        if sign and not (promoted <= limit if sign == "<=" else promoted >= limit):
            missed += 1
            print(f"  missed: {sign} {limit}")
    return missed


def _held(decision: gate.Decision) -> set[str]:
    """Names of conditions all of whose checks held."""
    failed = {check.name for check in decision.checks if not check.passed}
    return {"order", "picked", "calibration", "types"} - failed


if __name__ == "__main__":
    sys.exit(main())
