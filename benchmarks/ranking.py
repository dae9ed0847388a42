"""What the rankers reach and cost: python benchmarks/ranking.py [--only quality | training | scoring | plain]

Quality: on the simulated world, for each number of labels, the mean pass rate (by the truth) of the three picked images
of each of 300 new products, relative to the paper's sum; calibration on the same products; over ten worlds and more.
Targets of the default: 0, +10, +15 and +19 % at 100, 300, 1,000 and 3,000 labels; calibration error .03 at 1,000.
Training: the default on 50,000 labelled candidates with embeddings of 1,000 numbers, theirs and the photos',
in a process of its own on two cores: 180 s and 2 GiB. On 1,000 labels: 15 s. From verdicts to a registered ranker, with
all blocks of a site: ranking_site.py.
Scoring: 1,000,000 such candidates from stored tables, by a default of 3,000 labels: 60 s, and no more memory for the
last than for the first 100,000. Plain: the same models by scikit-learn, LightGBM and Optuna as one would write them in
a script, nested folds and all; training takes at most 1.2 times as long.
"""

# ruff: noqa: E402, PLC0415 - threads are set first; a child process imports only what it needs

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

import numpy as np

from ranking.evaluation.simulation import Pictures, World
from ranking.learning.base import Ranker
from ranking.learning.checking import calibration_error, within_auc
from ranking.learning.labels import Labels
from ranking.learning.rankers import NAMES, learner
from ranking.learning.table import FeatureTable, concatenate

SHAPES = {100: (10, 10), 300: (30, 10), 1_000: (50, 20), 3_000: (100, 30), 10_000: (250, 40)}
TARGETS = {100: 0, 300: 10, 1_000: 15, 3_000: 19}
WIDTH = 1_000
TEST_FROM, POOL_FROM = 100_000, 10_000  # ids of products
STORED, ROWS = 10, 20_000  # tables, and candidates in each


def quality(names: list[str], counts: list[int], worlds: int) -> None:
    """Prints a line for each number of labels and ranker."""
    print(f"\n{worlds} worlds; picked top 3 of 300 new products of 20 images, relative to the sum")
    print(f"{'labels':>7} {'ranker':<11}{'gain %':>8}{'± se':>6}{'target':>8}{'ECE':>7}{'AUC within':>12}{'fit s':>7}")
    for count in counts:
        found: dict[str, list[tuple[float, ...]]] = {name: [] for name in names}
        for seed in range(worlds):
            table, labels, test = drawn(seed, count)
            plain = picked(learner("sum").fit(table, labels, seed), test)
            for name in names:
                began = time.perf_counter()
                ranker = learner(name).fit(table, labels, seed)
                took = time.perf_counter() - began
                found[name].append((100 * (picked(ranker, test) / plain - 1), *held_out(ranker, test), took))
        for name, rows in found.items():
            gain, error, order, took = np.mean(rows, axis=0)
            spread = np.std([row[0] for row in rows], ddof=1) / np.sqrt(worlds) if worlds > 1 else float("nan")
            target = f"{TARGETS[count]:+d}" if name == "default" and count in TARGETS else ""
            print(
                f"{count:>7} {name:<11}{gain:>+8.1f}{spread:>6.1f}{target:>8}{error:>7.3f}{order:>12.3f}{took:>7.1f}",
                flush=True,
            )


def drawn(seed: int, count: int) -> tuple[FeatureTable, Labels, Pictures]:
    """A training table with 5,000 unlabelled candidates beside it, its labels, and new products with their truth."""
    world = World(seed)
    train = world.draw(*SHAPES[count], 1)
    pool = world.draw(250, 20, 3, first_id=POOL_FROM)
    test = world.draw(300, 20, 2, panels=12, first_id=TEST_FROM)
    return concatenate([train.table(), pool.table()]), train.labels(), test


def picked(ranker: Ranker, test: Pictures) -> float:
    """Mean chance of passing of the best three of each product; equal ones by lot."""
    chances = ranker.predict(test.table()) + 1e-12 * np.random.default_rng(1).random(len(test))
    order = np.lexsort((-chances, test.products)).reshape(300, -1)[:, :3]
    return float(test.chance[order].mean())


def held_out(ranker: Ranker, test: Pictures) -> tuple[float, float]:
    """(calibration error, AUC within products) against fresh verdicts."""
    chances, labels = ranker.predict(test.table()), test.labels()
    return calibration_error(chances, labels.passed), within_auc(chances, labels.passed, labels.products)


def wide(seed: int, products: int, each: int, first: int = 0) -> tuple[FeatureTable, Labels]:
    """As the world draws them, their embeddings spread over 1,000 numbers with noise in each."""
    made = World(seed).draw(products, each, 1, first_id=first)
    spread = np.random.default_rng(5).normal(size=(64, WIDTH)).astype(np.float32) / np.sqrt(WIDTH)
    noise = np.random.default_rng(seed + 10)
    narrow = made.table()
    blocks = {name: (narrow.definition.block(name).columns, narrow.parts[name]) for name in ("metrics", "types")}
    embeddings = {}
    for name in ("emb.clip.candidate", "emb.clip.photos"):
        values = narrow.parts[name] @ spread
        if name == "emb.clip.candidate":
            values += 0.02 * noise.standard_normal(values.shape, np.float32)
        embeddings[name] = (WIDTH, values)
    return FeatureTable.build({**blocks, **embeddings}, made.products, made.candidates), made.labels()


def training() -> None:
    """Each size in a process of its own, on two cores."""
    print(f"\nTraining the default, embeddings of {WIDTH:,} numbers\n{'labels':>8}{'s':>8}{'CPU-s':>8}{'peak MiB':>10}")
    for products, each in ((50, 20), (500, 20), (2_500, 20)):
        print(alone("--training-of", str(products), str(each)), flush=True)


def training_of(products: int, each: int) -> None:
    table, labels = wide(1, products, each)
    began, cpu = time.perf_counter(), time.process_time()
    learner("default").fit(table, labels, seed=1)
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    print(f"{len(labels):>8,}{took:>8.1f}{spent:>8.1f}{peak():>10.0f}")


def scoring(candidates: int) -> None:
    """Stores tables once, then reads and scores them over and over in a process of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        table, labels = wide(1, 100, 30)
        learner("default").fit(table, labels, seed=1).save(folder / "ranker")
        for number in range(STORED):
            wide(1, ROWS // 20, 20, first=(number + 1) * ROWS)[0].save(folder / f"{number}.safetensors")
        print(
            f"\nScoring {candidates:,} candidates by a default of 3,000 labels\n{'scored':>10}{'s':>8}{'peak MiB':>10}"
        )
        print(alone("--scoring-of", str(folder), str(candidates)), flush=True)


def scoring_of(folder: Path, candidates: int) -> None:
    from ranking.learning.loading import load

    ranker = load(folder / "ranker")
    began, scored, marks = time.perf_counter(), 0, [100_000, candidates]
    while scored < candidates:
        table = FeatureTable.load(folder / f"{scored // ROWS % STORED}.safetensors")
        scored += len(ranker.predict(table))
        if scored in marks:
            print(f"{scored:>10,}{time.perf_counter() - began:>8.1f}{peak():>10.0f}")


def plain(count: int, rounds: int) -> None:
    """The blend against a plain script of the same models, on the same labels, in turns; the best of each."""
    from benchmarks.ranking_plain import train

    best = {"plain script": np.inf, "blend": np.inf}
    orders = {}
    table, labels, test = drawn(0, count)
    said = test.labels()
    for _ in range(rounds):
        began = time.perf_counter()
        predict = train(table, labels)
        best["plain script"] = min(best["plain script"], time.perf_counter() - began)
        began = time.perf_counter()
        ranker = learner("blend").fit(table, labels, seed=1)
        best["blend"] = min(best["blend"], time.perf_counter() - began)
        scores = {"plain script": predict(test.table()), "blend": ranker.predict(test.table())}
        orders = {name: within_auc(score, said.passed, said.products) for name, score in scores.items()}
    print(f"\n{count:,} labels, best of {rounds} rounds")
    for name, took in best.items():
        print(f"{name:<14}{took:>8.1f} s   AUC within {orders[name]:.3f}")
    print(f"blend takes {best['blend'] / best['plain script']:.2f} x the plain script's time (target: 1.2)")


def alone(*arguments: str) -> str:
    told = subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return told.stdout.rstrip("\n")


def peak() -> float:
    """MiB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("quality", "training", "scoring", "plain"))
    parser.add_argument("--rankers", nargs="+", default=["zsum", "heads", "default"], choices=NAMES)
    parser.add_argument("--labels", nargs="+", type=int, default=[100, 300, 1_000, 3_000], choices=SHAPES)
    parser.add_argument("--worlds", type=int, default=10)
    parser.add_argument("--candidates", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--training-of", nargs=2, type=int, help=argparse.SUPPRESS)
    parser.add_argument("--scoring-of", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.training_of:
        return training_of(*asked.training_of)
    if asked.scoring_of:
        return scoring_of(Path(asked.scoring_of[0]), int(asked.scoring_of[1]))
    if asked.only in (None, "quality"):
        quality(asked.rankers, asked.labels, asked.worlds)
    if asked.only in (None, "training"):
        training()
    if asked.only in (None, "scoring"):
        scoring(asked.candidates)
    if asked.only in (None, "plain"):
        for count in (1_000, 10_000):
            plain(count, asked.rounds)
    return None


if __name__ == "__main__":
    main()
