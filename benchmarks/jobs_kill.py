"""Kill workers at random, and the broker once, while jobs of many steps run: nothing may be lost, nothing doubled.

    python benchmarks/jobs_kill.py                 # a Redis server of its own, without persistence; SQLite
    python benchmarks/jobs_kill.py --database postgresql://user@host/empty_database
    python benchmarks/jobs_kill.py --broker embedded

Each step adds a row to a table without any constraint, in the step's own transaction. At the end every job must have
succeeded, and every (job, step) have one row; else the exit code is 1. A database that is given loses its jobs.
"""

# ruff: noqa: PLC0415 - Django is set up first, with the environment that the arguments ask for
import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import jobs_fleet
from benchmarks.jobs_fleet import Fleet, Redis


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=0.1, help="that each step works")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pause", type=float, default=5.0, help="seconds between two kills, on average")
    parser.add_argument("--limit", type=float, default=240, help="seconds for the rest after the last kill")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--broker", default="redis", choices=("redis", "embedded"))
    parser.add_argument("--database", default="", help="URL; a temporary SQLite file when not given")
    return parser.parse_args()


def unfinished() -> int:
    from jobs.models import Job, State

    return Job.objects.filter(state__in=(State.QUEUED, State.RUNNING)).count()


def havoc(fleet: Fleet, redis: Redis, asked: argparse.Namespace) -> int:
    """Kill and restart; returns how many of the kills met a job that was running."""
    from jobs.models import Job, State

    dice = random.Random(asked.seed)  # noqa: S311
    workers = [fleet.start("worker") for _ in range(asked.workers)]
    fleet.start("scheduler")
    time.sleep(5)
    hits = 0
    for number in range(asked.kills):
        time.sleep(dice.uniform(0.5, 1.5) * asked.pause)
        victim = dice.randrange(asked.workers)
        hits += Job.objects.filter(state=State.RUNNING).exists()
        fleet.kill(workers[victim])
        workers[victim] = fleet.start("worker")
        if number == asked.kills // 2 and asked.broker == "redis":
            redis.stop()
            time.sleep(1)
            redis.start()
            print("  the broker was killed and started empty")
        print(f"  kill {number + 1:2}: {unfinished()} jobs are left", flush=True)
    return hits


def verdict(asked: argparse.Namespace) -> tuple[dict[str, int], bool]:
    from jobs.models import Attempt, Job, State

    rows = jobs_fleet.tallied()
    wanted = {(pk, step) for pk in Job.objects.values_list("pk", flat=True) for step in range(asked.steps)}
    figures = {
        "jobs": Job.objects.count(),
        "succeeded": Job.objects.filter(state=State.SUCCEEDED).count(),
        "attempts": Attempt.objects.count(),
        "attempts lost": Attempt.objects.filter(outcome=Attempt.Outcome.LOST).count(),
        "steps missing": len(wanted - set(rows)),
        "steps doubled": sum(count > 1 for count in rows.values()),
    }
    bad = figures["succeeded"] != asked.jobs or figures["steps missing"] or figures["steps doubled"]
    return figures, not bad


def run(fleet: Fleet, redis: Redis, asked: argparse.Namespace) -> bool:
    from jobs.models import Job
    from jobs.services import Order, submit_many

    jobs_fleet.register()
    jobs_fleet.make_table()
    Job.objects.all().delete()
    began = time.monotonic()
    submit_many([Order("bench.tally", {"steps": asked.steps, "seconds": asked.seconds}) for _ in range(asked.jobs)])
    hits = havoc(fleet, redis, asked)
    ends_at = time.monotonic() + asked.limit
    while unfinished() and time.monotonic() < ends_at:
        time.sleep(0.5)
    figures, good = verdict(asked)
    figures |= {"kills": asked.kills, "kills while jobs ran": hits}
    print(f"{asked.broker} broker, {asked.database.partition(':')[0] or 'sqlite'}, {time.monotonic() - began:.0f} s")
    for what, figure in figures.items():
        print(f"  {what:24}{figure}")
    print("  load average            " + " ".join(f"{load:.1f}" for load in os.getloadavg()))
    jobs_fleet.drop_table()
    return good


def main() -> None:
    asked = arguments()
    redis = Redis()
    if asked.broker == "redis":
        redis.start()
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as name:
        broker = redis.url if asked.broker == "redis" else "embedded://"
        fleet = Fleet(Path(name), database=asked.database, broker=broker)
        fleet.adopt()
        fleet.manage("migrate")
        import django

        django.setup()
        try:
            good = run(fleet, redis, asked)
        finally:
            fleet.stop()
            redis.stop()
    print("Nothing was lost or doubled." if good else "FAILED: see the figures above.")
    sys.exit(not good)


if __name__ == "__main__":
    main()
