"""Drain a backlog of no-op jobs with two workers; then how soon an idle worker picks a job up, and what idling costs.

The same for a live worker, beside the scheduler; there also how long a page waits from its submit to the answer.

    python benchmarks/jobs_throughput.py                      # embedded broker, SQLite
    python benchmarks/jobs_throughput.py --broker redis       # starts a Redis server of its own
    python benchmarks/jobs_throughput.py --broker filesystem --jobs 2000
    python benchmarks/jobs_throughput.py --broker redis --database postgresql://user@host/empty_database

Targets: 150 jobs/s on Redis, 50 on the embedded broker; picked up within 1 s (p95), by a live worker within 0.1 s;
less than 3 % of a core when idle.
A database that is given must be empty of jobs that matter: its jobs are deleted.
"""

# ruff: noqa: PLC0415 - Django is set up first, with the environment that the arguments ask for
import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.jobs_fleet import Fleet, Redis, cpu_share, memory


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--concurrency", type=int, default=2, help="of each worker")
    parser.add_argument("--picks", type=int, default=40, help="jobs sent one by one to idle workers")
    parser.add_argument("--idle", type=float, default=10, help="seconds of idling that are measured")
    parser.add_argument("--broker", default="embedded", choices=("embedded", "filesystem", "redis"))
    parser.add_argument("--database", default="", help="URL; a temporary SQLite file when not given")
    return parser.parse_args()


def until(happened: Callable[[], bool], seconds: float) -> None:
    ends_at = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > ends_at:
            raise SystemExit(f"Not done within {seconds:.0f} s.")
        time.sleep(0.1)


def measure(fleet: Fleet, asked: argparse.Namespace) -> dict[str, str]:
    from jobs.models import Job, State
    from jobs.services import Order, submit, submit_many

    def drained() -> bool:
        return not Job.objects.filter(state__in=(State.QUEUED, State.RUNNING)).exists()

    Job.objects.all().delete()
    workers = [fleet.start("worker") for _ in range(asked.workers)]
    submit("jobs.rehearse", {"steps": 0})
    until(drained, 60)
    time.sleep(2)
    began = time.monotonic()
    submit_many([Order("jobs.rehearse", {"steps": 0}) for _ in range(asked.jobs)])
    submitted = time.monotonic() - began
    until(drained, 60 + asked.jobs / 10)
    total = time.monotonic() - began
    failed = Job.objects.exclude(state=State.SUCCEEDED).count()
    waits = pick_ups(asked.picks, "jobs.rehearse", submit, drained, Job)
    with cpu_share(workers[0].pid) as share:
        time.sleep(asked.idle)
    return {
        "jobs (not succeeded)": f"{asked.jobs} ({failed})",
        "submitted in": f"{submitted:.1f} s",
        "drained from the first submit": f"{total:.1f} s",
        "jobs/s": f"{asked.jobs / total:.0f}",
        "pick-up p50 / p95": in_ms(waits),
        "idle CPU of a worker": f"{share[0]:.1f} % of a core",
        **measure_live(fleet, asked, submit, drained, Job),
        "load average": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def measure_live(fleet: Fleet, asked: argparse.Namespace, submit: Any, drained: Any, jobs: Any) -> dict[str, str]:
    """An idle live worker, with the scheduler's reaper going on beside it."""
    from jobs.services import wait

    worker = fleet.start("live")
    fleet.start("scheduler")
    submit("jobs.rehearse_live")
    until(drained, 60)
    time.sleep(2)
    waits = pick_ups(asked.picks, "jobs.rehearse_live", submit, drained, jobs)
    answers = []
    for _ in range(asked.picks):
        began = time.monotonic()
        if wait(submit("jobs.rehearse_live"), 10).finished_at is None:
            raise SystemExit("A live job was not answered within 10 s.")
        answers.append(time.monotonic() - began)
        time.sleep(0.25)
    with cpu_share(worker.pid) as share:
        time.sleep(asked.idle)
    return {
        "live: pick-up p50 / p95": in_ms(waits),
        "live: submit to answer p50 / p95": in_ms(sorted(answers)),
        "live: idle CPU": f"{share[0]:.1f} % of a core",
        "live: memory": f"{memory(worker.pid):.0f} MB",
    }


def in_ms(waits: list[float]) -> str:
    """Median and 95th percentile of sorted seconds."""
    return f"{statistics.median(waits) * 1000:.0f} / {waits[int(len(waits) * 0.95)] * 1000:.0f} ms"


def pick_ups(count: int, kind: str, submit: Callable[..., Any], drained: Callable[[], bool], jobs: Any) -> list[float]:
    """Seconds from submit to start of jobs sent one by one to idle workers, sorted."""
    waits = []
    for _ in range(count):
        job = submit(kind, {"steps": 0})
        until(drained, 30)
        row = jobs.objects.get(pk=job.pk)
        waits.append((row.started_at - row.created_at).total_seconds())
        time.sleep(0.25)
    return sorted(waits)


def main() -> None:
    asked = arguments()
    redis = Redis()
    if asked.broker == "redis":
        redis.start()
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as name:
        broker = redis.url if asked.broker == "redis" else f"{asked.broker}://"
        fleet = Fleet(Path(name), database=asked.database, broker=broker, concurrency=asked.concurrency, lease=60)
        fleet.adopt()
        fleet.manage("migrate")
        import django

        django.setup()
        try:
            figures = measure(fleet, asked)
        finally:
            fleet.stop()
            redis.stop()
    database = asked.database.partition(":")[0] or "sqlite"
    print(f"{asked.broker} broker, {database}, {asked.workers} workers of {asked.concurrency}")
    for what, figure in figures.items():
        print(f"  {what:34}{figure}")


if __name__ == "__main__":
    main()
