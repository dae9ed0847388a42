"""Whole runs through jobs, with tiny checkpoints: how long, how much of it is not the stages, and what a kill costs.

    python benchmarks/whole_run.py                                  # one drawn product, embedded broker, SQLite
    python benchmarks/whole_run.py --photos FOLDER                  # a folder per product, all its photos
    python benchmarks/whole_run.py --broker redis --database postgresql://user@host/empty_database
    python benchmarks/whole_run.py --kills 20                       # and again, killed at random moments

With kills, the products are run twice: undisturbed, and in another installation whose worker is killed with SIGKILL
again and again: most times at a random moment after it has done a step, one time in four while it starts and loads. A
start costs 10 to 20 s, so twenty kills take some six minutes. (Killed while it starts five times in a row, a job is
given up as one that kills its worker.) All kills must have come and all runs have succeeded, and every candidate and
every stage's result must be the same to the last bit; else the exit code is 1. With kills each adapter is trained by
itself, and no negatives are shared: both are equal up to rounding only when other products stand beside, and who does
depends on when the kills come.
"""

# ruff: noqa: PLC0415 - Django is set up first, with the environment that the arguments ask for
import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.jobs_fleet import ROOT, Fleet, Redis

METHOD, SEED = "tiny", 7
LIMIT = 900  # seconds
NOUN = "mug"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="a folder for each product")
    parser.add_argument("--products", type=int, default=0, help="drawn ones, without --photos (1; 3 with kills)")
    parser.add_argument("--family", default="sd", choices=("sd", "sdxl", "flux2-klein"))
    parser.add_argument("--broker", default="embedded", choices=("embedded", "redis"))
    parser.add_argument("--database", default="", help="URL of an empty one; a temporary SQLite file when not given")
    parser.add_argument("--workers", type=int, default=1, help="worker processes")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--pause", type=float, default=1.0, help="most seconds from a step to the kill after it")
    parser.add_argument("--seed", type=int, default=1, help="of the moments to kill at")
    parser.add_argument("--inside", choices=("start", "state"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.products = asked.products or (3 if asked.kills else 1)
    return asked


def start_runs(asked: argparse.Namespace) -> None:
    """In an installation of its own: products, a method, and a run for each product; prints how many there are."""
    from django.core.management import call_command

    from catalog.models import Product
    from catalog.services.prompts import load_bank
    from generation.services import methods, runs
    from tests.factories.recipes import tiny_recipe

    load_bank()
    if asked.photos:
        call_command("import_products", "folder", str(asked.photos), type=NOUN, verbosity=0)
    else:
        _draw_products(asked.products)
    alone: dict[str, Any] = {"negatives": {"shared_per_prompt": 0}} if asked.kills else {}
    method = methods.make_method(METHOD, tiny_recipe(**alone), title="Every stage, tiny")
    for product in Product.objects.order_by("pk"):
        runs.start_run(product, runs.Wish(method, f"tiny-{asked.family}", seed=SEED))
    print(json.dumps({"products": Product.objects.count()}))


def _draw_products(count: int) -> None:
    import io

    from catalog.samples import render_product_photo
    from catalog.services.photos import add_photo
    from catalog.services.products import ProductRow, upsert_products

    rows = [ProductRow(f"{NOUN}-{number}", f"Mug number {number}", NOUN, {}) for number in range(count)]
    upsert_products(rows, source="bench")
    from catalog.models import Product

    for number, product in enumerate(Product.objects.order_by("pk")):
        for view in range(2):
            drawn = io.BytesIO()
            render_product_photo(NOUN, number, 256, view=view).save(drawn, "PNG")
            drawn.seek(0)
            add_photo(product, drawn, name=f"{view}.png")


def print_state() -> None:
    """How far the runs are, what their stages cost, and their candidates, as JSON."""
    from django.db.models import Max, Min

    from generation.models import Candidate, Run, StageResult
    from jobs.models import Attempt, Job

    runs = list(Run.objects.values_list("state", "problem"))
    candidates = Candidate.objects.order_by("run__product__external_id", "prompt", "seed")
    stages = StageResult.objects.order_by("pk")
    told = {
        "states": [state for state, _ in runs],
        "problems": [problem for _, problem in runs if problem],
        "errors": list(Job.objects.exclude(error="").values_list("error", flat=True)),
        "jobs": Job.objects.count(),
        "attempts": Attempt.objects.count(),
        "seconds": sum(stages.values_list("seconds", flat=True)),
        "stages": [[name, round(seconds, 2)] for name, seconds in stages.values_list("stage", "seconds")],
        "candidates": list(candidates.values_list("sha256", "words", "seed", "clip_i", "picked")),
    }
    began, ended = Job.objects.aggregate(at=Min("started_at"))["at"], Job.objects.aggregate(at=Max("finished_at"))["at"]
    told["made"] = _made()
    told["span"] = (ended - began).total_seconds() if began and ended else 0.0
    told["waits"] = _waits()
    print(json.dumps(told))


def _made() -> dict[str, str]:
    """By product and stage: a hash of what was made, pictures, adapters and figures."""
    from generation.models import StageResult

    rows = StageResult.objects.order_by("pk").values_list("product__external_id", "stage", "result")
    return {
        f"{stage} of {product}": sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()
        for product, stage, result in rows
    }


def _waits() -> list[tuple[str, float, float]]:
    """Of each job: its stage, seconds from the end of the one before it to its start, and seconds that it took."""
    from jobs.models import Job

    waits, before = [], None
    for job in Job.objects.exclude(finished_at=None).order_by("started_at"):
        gap = (job.started_at - before).total_seconds() if before else 0.0  # type: ignore[operator]
        waits.append(
            (job.subject.partition(":")[0], round(gap, 3), round((job.finished_at - job.started_at).total_seconds(), 3))
        )
        before = job.finished_at
    return waits


class Killer:
    """Says when to kill next: soon after a step that was done since the last kill, or now and then before any."""

    LONGEST_START = 8.0  # seconds into which a kill before any step falls

    def __init__(self, dice: random.Random, kills: int, pause: float) -> None:
        self.left, self.done = kills, 0
        self._dice, self._pause = dice, pause
        self._steps = 0
        self._at: float | None = None
        self.started(0)

    def started(self, steps: int) -> None:
        """A worker has just begun, when so many steps were done."""
        self._steps = steps
        early = self.done % 4 == 1
        self._at = time.monotonic() + self._dice.uniform(0.2, self.LONGEST_START) if early else None

    def due(self, steps: int) -> bool:
        """Whether the worker's time has come, now that so many steps are done."""
        if self._at is None and steps > self._steps:
            self._at = time.monotonic() + self._dice.uniform(0, self._pause)
        return self.left > 0 and self._at is not None and time.monotonic() >= self._at

    def count(self) -> None:
        self.left, self.done = self.left - 1, self.done + 1


class Installation:
    """A data folder with its own database, workers and scheduler."""

    def __init__(self, folder: Path, asked: argparse.Namespace, database: str, broker: str) -> None:
        from tests.factories.checkpoints.model_set import tiny_set

        folder.mkdir()
        tiny_set(folder / "sets", asked.family)
        self.asked = asked
        self.database = database
        self.fleet = Fleet(folder, database=database, broker=broker, concurrency=1, lease=5)
        self.fleet.environment |= {
            "VITRINE_MODEL_SETS_DIR": str(folder / "sets"),
            "VITRINE_MODEL_SET": f"tiny-{asked.family}",
            "VITRINE_DEVICE": "cpu",
        }
        if asked.kills:
            self.fleet.environment["VITRINE_FINETUNE_TOGETHER"] = "1"

    def ask(self, what: str) -> dict[str, Any]:
        """Run this script inside the installation; returns what it printed."""
        command = [sys.executable, "-m", "benchmarks.whole_run", "--inside", what, "--family", self.asked.family]
        command += ["--products", str(self.asked.products), "--kills", str(self.asked.kills)]
        command += ["--photos", str(self.asked.photos.resolve())] if self.asked.photos else []
        done = subprocess.run(
            command, env=self.fleet.environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            raise SystemExit(done.stderr[-3000:])
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    def run(self, kills: int) -> tuple[dict[str, Any], float]:
        """Start the runs and wait for their end, killing on the way; returns the last state and the seconds it took."""
        self.fleet.manage("migrate")
        self.ask("start")
        began = time.monotonic()
        workers = [self.fleet.start("stages") for _ in range(self.asked.workers)]
        self.fleet.start("scheduler")
        dice = random.Random(self.asked.seed)  # noqa: S311
        killer = Killer(dice, kills, self.asked.pause)
        while time.monotonic() < began + LIMIT and not self.over():
            time.sleep(0.1 if killer.left else 0.5)
            if killer.left and killer.due(steps := self.count("jobs_step")):
                victim = dice.randrange(len(workers))
                self.fleet.kill(workers[victim])
                workers[victim] = self.fleet.start("stages")
                killer.count()
                killer.started(steps)
        took = time.monotonic() - began
        state = self.ask("state") | {"kills": killer.done}
        self.fleet.stop()
        return state, took

    def over(self) -> bool:
        """Whether every run has ended."""
        return self.count("generation_run WHERE finished_at IS NULL") == 0

    def count(self, what: str) -> int:
        """Rows of a table; asks the database beside Django, which this process has not set up."""
        asked = f"SELECT count(*) FROM {what}"  # noqa: S608 - ours
        if self.database:
            with psycopg.connect(self.database) as connection:
                row = connection.execute(asked).fetchone()  # type: ignore[arg-type]
        else:
            with closing(sqlite3.connect(self.fleet.folder / "vitrine.sqlite3", timeout=20)) as connection_:
                row = connection_.execute(asked).fetchone()
        return row[0] if row else 0


def report(name: str, state: dict[str, Any], took: float) -> None:
    """One block of the table."""
    by_stage: dict[str, float] = {}
    for stage, seconds in state["stages"]:
        by_stage[stage] = by_stage.get(stage, 0) + seconds
    print(f"{name}: {took:.1f} s from the start of the worker to the end of {len(state['states'])} runs")
    for stage, seconds in by_stage.items():
        print(f"  {stage:14}{seconds:8.2f} s")
    for subject, gap, seconds in state["waits"] if len(state["waits"]) < 20 else []:
        print(f"    {subject:14} waited {gap:6.3f} s, worked {seconds:6.3f} s")
    beside = state["span"] - state["seconds"]
    print(f"  {'stages in all':14}{state['seconds']:8.2f} s, models' loading and storage included")
    print(f"  {'beside them':14}{beside:8.2f} s of {state['span']:.1f} s: {100 * beside / state['span']:.1f} %")
    print(f"  jobs {state['jobs']}, attempts {state['attempts']}, kills {state['kills']}")
    print(f"  candidates {len(state['candidates'])}, states {sorted(set(state['states']))}")
    for problem in {*state["problems"], *state["errors"]}:
        print(f"  ! {problem}")


def made_otherwise(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """Stages and products of which two installations made something else, or only one of them anything."""
    names = first["made"].keys() | second["made"].keys()
    return sorted(name for name in names if first["made"].get(name) != second["made"].get(name))


def held(first: dict[str, Any], second: dict[str, Any], kills: int) -> bool:
    """Whether the second, of which so many kills were asked, had them all and made what the first did."""
    return (
        second["kills"] == kills
        and set(second["states"]) == {"succeeded"}
        and first["candidates"] == second["candidates"]
        and not made_otherwise(first, second)
    )


def measured(folder: Path, asked: argparse.Namespace, broker: str) -> bool:
    """Run and report; with kills run again in another installation, and compare."""
    first = Installation(folder / "first", asked, "" if asked.kills else asked.database, broker)
    try:
        state, took = first.run(0)
    finally:
        first.fleet.stop()
    report(
        f"Undisturbed ({broker.partition(':')[0]} broker, {first.database.partition(':')[0] or 'sqlite'})", state, took
    )
    good = set(state["states"]) == {"succeeded"}
    if asked.kills and good:
        second = Installation(folder / "second", asked, asked.database, broker)
        try:
            other, took = second.run(asked.kills)
        finally:
            second.fleet.stop()
        report("Killed", other, took)
        same = sum(one == two for one, two in zip(state["candidates"], other["candidates"], strict=False))
        good = held(state, other, asked.kills)
        print(f"  {same} of {len(state['candidates'])} candidates are the same to the last bit, in pixels and metrics")
        print(f"  made otherwise: {', '.join(made_otherwise(state, other)) or 'nothing'}")
    print("  load average " + " ".join(f"{load:.1f}" for load in os.getloadavg()))
    return good


def main() -> None:
    asked = arguments()
    if asked.inside:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vitrine.settings")
        import django

        django.setup()
        if asked.inside == "start":
            start_runs(asked)
        else:
            print_state()
        return
    redis = Redis()
    broker = "embedded://"
    if asked.broker == "redis":
        redis.start()
        broker = redis.url
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as name:
        try:
            good = measured(Path(name), asked, broker)
        finally:
            redis.stop()
    sys.exit(not good)


if __name__ == "__main__":
    main()
