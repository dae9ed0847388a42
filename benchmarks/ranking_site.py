"""Ranking as an installation does it: what a training and the scores of a large catalogue take.

    python benchmarks/ranking_site.py [--labels 62500] [--scored 200000] [--rounds 5] [--width 1000] [--database URL]

An installation in a temporary folder (SQLite unless a database is given) is filled from the simulated world: products
of 20 measured images, verdicts by three raters on those of --labels, features in chunks as the site stores them, each
image with four embeddings of --width numbers, its prompt's, and its product's photos'. Then, each in a process of its
own: a training of the default, step by step, by the same code as a job's or the command's; and the scores of all
images by what it made, --rounds times over, as a promotion does it: features read, probabilities, picks, rows written.
One in five of the rated products is frozen: of 62,500 labels about 50,000 are learned from. Targets: 180 s and 2 GiB
for labels, features and fit, 60 s for 1,000,000 images in flat memory.
"""

# ruff: noqa: PLC0415 - Django is set up once the environment is known

import argparse
import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

import numpy as np  # noqa: E402 - the path first
from numpy.typing import NDArray  # noqa: E402

from benchmarks.rating_site import set_up  # noqa: E402
from ranking.evaluation.simulation import EMBEDDING, METRICS, Pictures, World  # noqa: E402

EACH, AT_ONCE = 20, 2_000  # images of a product; products that are made at a time
SPACES = ("clip", "dino")
LEARNING = ("labels", "features", "fit")  # the steps of a training whose time has a target


def fill(labels: int, scored: int, width: int) -> None:
    """Products enough for either; the first ones rated."""
    from ranking.running import defining
    from tests.factories import ranking as made

    began, products = time.perf_counter(), max(labels, scored) // EACH
    run = _of_all()
    for first in range(0, products, AT_ONCE):
        count = min(AT_ONCE, products - first)
        drawn = World(7).draw(count, EACH, seed=first + 1)
        rows = made._products(count, 8)
        candidates = _candidates(run, drawn, [row.pk for row in rows], width)
        definition = defining.definition_now()
        _chunks(definition, drawn, candidates, width)
        rated = min(max(0, labels - first * EACH), len(candidates))
        if rated:
            made.rate(candidates[:rated], drawn)
    print(
        f"{products:,} products of {EACH} images, {labels:,} of them rated: made in {_since(began):.0f} s", flush=True
    )


def _of_all() -> dict[str, Any]:
    """What all runs share: a method, a result, and the file of a measuring, from which the spaces' widths are read."""
    from tests.factories.generation import make_method, make_result

    return {"method": make_method(), "result": make_result("generate"), "measured": ""}


def _candidates(shared: dict[str, Any], drawn: Pictures, products: list[int], width: int) -> list[Any]:
    from django.utils import timezone

    from generation.models import Candidate, Run

    shared["measured"] = shared["measured"] or _measured(products[0], width)
    runs = Run.objects.bulk_create(
        Run(product_id=pk, method=shared["method"], model_set="tiny", state=Run.State.SUCCEEDED,
            finished_at=timezone.now())
        for pk in products
    )  # fmt: skip
    made = []
    for row in range(len(drawn)):
        sha256 = hashlib.sha256(f"{products[0]} {row}".encode()).hexdigest()
        metrics = {name: float(drawn.metrics[row, place]) for place, name in enumerate(METRICS)}
        made.append(
            Candidate(run=runs[row // EACH], result=shared["result"], prompt="a photo of {product}", words="a thing",
                      seed=row, key=f"generated/{sha256[:2]}/{sha256}.png", sha256=sha256, width=64, height=64,
                      row=row % EACH, embeddings=shared["measured"], **metrics)
        )  # fmt: skip
    return Candidate.objects.bulk_create(made, batch_size=2_000)


def _measured(product: int, width: int) -> str:
    """The file of one measuring; returns its key."""
    from safetensors.numpy import save

    from generation.models import ResultFile, StageResult
    from generation.models.results import StageState
    from generation.storage import site_files
    from tests.factories.generation import some_hash

    names = [f"{before}{space}" for space in SPACES for before in ("", "seg_", "photo_", "photo_seg_")]
    key, _ = site_files().put_data(
        save({name: np.ones((EACH, width), np.float16) for name in (*names, "prompt")}), "safetensors"
    )
    result = StageResult.objects.create(
        fingerprint=some_hash(), stage="measure", product_id=product, model_set="tiny", state=StageState.SUCCEEDED,
        checkpoints={"clip": "a-clip", "dino": "a-dino"}, result={"metrics": [], "embeddings": key},
    )  # fmt: skip
    ResultFile.objects.create(result=result, key=key)
    return key


def _chunks(definition: Any, drawn: Pictures, candidates: list[Any], width: int) -> None:
    """Stores what a building of features would find: here are no pictures and no encoders to find it."""
    from ranking.learning.table import FeatureTable, concatenate
    from ranking.models import FeatureChunk
    from ranking.running import features, files

    ids = np.array([one.pk for one in candidates], np.int64)
    products = np.array([one.run.product_id for one in candidates], np.int64)
    numbers = products // features.PRODUCTS
    for number in np.unique(numbers):
        rows = np.flatnonzero(numbers == number)
        parts = dict(_parts(definition, drawn, rows, width))
        table = FeatureTable(definition, parts, products[rows], ids[rows])
        kept = FeatureChunk.objects.filter(definition=definition.hash, number=number).first()
        if kept is not None:  # begun with the products before
            table = concatenate([files.get_table(kept.key), table])
        FeatureChunk.objects.update_or_create(
            definition=definition.hash, number=number,
            defaults={"stamp": "", "rows": len(table), "key": files.put_table(table)},
        )  # fmt: skip
    for number in np.unique(numbers):
        features.chunk(definition, int(number))  # stamps it


def _parts(
    definition: Any, drawn: Pictures, rows: NDArray[np.intp], width: int
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Each block of these rows: the world's embeddings spread over so many numbers, in half floats as encoders' are."""
    noise = np.random.default_rng(int(rows[0]))
    for place, block in enumerate(definition.blocks):
        what = block.name.rpartition(".")[2]
        if block.name == "metrics":
            yield block.name, drawn.metrics[rows].astype(np.float32)
        elif block.name == "statistics":
            yield block.name, noise.standard_normal((len(rows), len(block.columns)), np.float32)
        else:
            spread = np.random.default_rng(place // 2).normal(size=(EMBEDDING, width)) / np.sqrt(width)
            photos = drawn.photos[rows // EACH * EACH] if what != "prompt" else drawn.photos[rows % 10]
            own = drawn.embeddings[rows] if what in ("candidate", "crop") else photos
            values = (own @ spread).astype(np.float32)
            if what in ("candidate", "crop"):
                values += 0.02 * noise.standard_normal(values.shape, np.float32)
            yield block.name, values.astype(np.float16).astype(np.float32)


class Watched:
    """A job's steps, each with its time and the most memory so far."""

    def __init__(self) -> None:
        self.spent = dict[str, float]()

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        """Nobody watches."""

    def step(self, name: str, work: Callable[[], Any], save: Callable[[Any], None] | None = None) -> Any:
        from django.db import transaction

        began, cpu = time.perf_counter(), time.process_time()
        result = work()
        with transaction.atomic():
            if save is not None:
                save(result)
        spent = time.process_time() - cpu
        self.spent[name] = time.perf_counter() - began
        print(f"  {name:<26}{_since(began):>8.1f} s{spent:>8.1f} CPU-s{peak():>8.0f} MiB", flush=True)
        return result


def train() -> None:
    from ranking.models import Ranker
    from ranking.running import training as running
    from ranking.services import training
    from ranking.services.training import Wish

    print(f"\nA training; the process holds {peak():.0f} MiB before")
    asked, began = training.note_begun(Wish("default", seed=1)), time.perf_counter()
    watched = Watched()
    ranker = Ranker.objects.get(pk=running.run(asked, watched)["ranker"])
    learned = sum(watched.spent[f"training {step}"] for step in LEARNING)
    print(
        f"{ranker.learner} of {ranker.label_set.images:,} labels: learned in {learned:.1f} s, with figures and learning"
        f" curve {_since(began):.1f} s; {peak():.0f} MiB at most"
    )
    print(f"  {ranker.figures.get('sentence', '')} Gate: {ranker.gate.get('promote')}")


def score(rounds: int) -> None:
    from ranking.models import Ranker, Score
    from ranking.running import scoring
    from ranking.services import policy

    ranker = Ranker.objects.latest("pk")
    held = policy.settled()
    products = scoring.stale(ranker, held)
    began, cpu, count = time.perf_counter(), time.process_time(), 0
    print(f"\nScores by {ranker} of {len(products):,} products, {rounds} times over; {peak():.0f} MiB before")
    for _ in range(rounds):
        count += sum(len(chances) for _, chances in scoring.said(ranker, products))
        spent = time.process_time() - cpu
        took = f"{_since(began):>8.1f} s{spent:>8.1f} CPU-s"
        print(f"  {count:>9,} probabilities from stored features {took}{peak():>8.0f} MiB", flush=True)
    began = time.perf_counter()
    for turn in range(rounds):
        scoring.score(ranker, products, held)
        there = Score.objects.filter(ranker=ranker).count() * (turn + 1)
        print(f"  {there:>9,} scored, picked and written       {_since(began):>8.1f} s{peak():>8.0f} MiB", flush=True)


def peak() -> float:
    """MiB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _since(began: float) -> float:
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, default=62_500)
    parser.add_argument("--scored", type=int, default=200_000, help="images there are to score")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--width", type=int, default=1_000)
    parser.add_argument("--database", default="", help="URL of an empty one")
    parser.add_argument("--inside", nargs=2, metavar=("WHAT", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside is None:
        with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder:
            for what in ("fill", "train", "score"):
                subprocess.run([sys.executable, *sys.argv, "--inside", what, folder], check=True)
        return
    what, folder = asked.inside
    set_up(Path(folder), asked.database)
    steps = {
        "fill": lambda: fill(asked.labels, asked.scored, asked.width),
        "train": train,
        "score": lambda: score(asked.rounds),
    }
    steps[what]()


if __name__ == "__main__":
    main()
