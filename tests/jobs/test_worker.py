"""Real Celery workers, as processes, on a real broker: what no test inside one process can show."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from benchmarks import jobs_fleet
from benchmarks.jobs_fleet import Fleet
from jobs import services
from jobs.models import Attempt, Job, State, Step
from tests.factories.jobs import make_job

pytestmark = pytest.mark.django_db(transaction=True)
# Seconds: long enough for processes that begin on a machine that is busy otherwise.
PATIENCE = 90
# Steps of a tenth of a second that a worker may still do when it is to stop; a busy machine is late with them too.
SOON = 20
BROKERS = ["embedded://", pytest.param("redis", marks=pytest.mark.redis)]


def database_url() -> str:
    """The tests' own database, as workers are told."""
    own = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{own['NAME']}"
    password = f":{own['PASSWORD']}" if own["PASSWORD"] else ""
    return f"postgresql://{own['USER']}{password}@{own['HOST']}:{own['PORT']}/{own['NAME']}"


@pytest.fixture(params=BROKERS)
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    broker = os.environ["TEST_REDIS_URL"] if request.param == "redis" else request.param
    others = sessions()
    fleet = Fleet(tmp_path, database=database_url(), broker=broker)
    jobs_fleet.make_table()
    jobs_fleet.register()
    yield fleet
    try:
        # How they end when they are asked to is what two tests are about; it takes Celery two seconds each time.
        for process in list(fleet.running):
            fleet.kill(process)
        # What PostgreSQL is still to do for them would come into the next test.
        wait_for(lambda: sessions() <= others)
    finally:
        jobs_fleet.drop_table()


def sessions() -> set[int]:
    """Those of others on this test's database, where it is a server that has them."""
    if connection.vendor == "sqlite":
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return {pid for (pid,) in cursor.fetchall()}


def wait_for(happened: Callable[[], Any]) -> None:
    ends_at = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < ends_at, f"not within {PATIENCE} s: {list(Job.objects.values('state', 'error'))}"
        time.sleep(0.05)


def unsent(kind: str = "bench.tally", affinity: str = "", **params: Any) -> Job:
    """A job whose ticket the reaper has to send: the test's own process has no broker."""
    job = make_job(kind, params=params, affinity=affinity)
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(seconds=5))
    return job


def state_of(job: Job) -> str:
    return Job.objects.values_list("state", flat=True).get(pk=job.pk)


@pytest.mark.parametrize(
    "command", ["(sleep 60; echo outlived) & echo begun", "echo begun"], ids=["a child is left", "nobody is left"]
)
def test_a_group_whose_leader_has_ended_is_killed_too(command: str, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    with subprocess.Popen(["/bin/sh", "-c", command], stdout=subprocess.PIPE, start_new_session=True) as process:
        fleet.running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.wait(PATIENCE)
        fleet.kill(process)
        assert process.stdout.read() == b""
    assert fleet.running == []


def test_a_job_submitted_in_the_terminal_is_run_by_a_worker(fleet: Fleet) -> None:
    fleet.start("worker")
    said = fleet.manage("jobs", "submit", "jobs.rehearse", "--params", '{"steps": 3, "seconds": 0}', "--watch")
    assert "succeeded 3/3 Step 3 of 3" in said
    attempt = Attempt.objects.get()
    assert "step 3 of 3 is done" in attempt.log_tail
    assert attempt.worker.startswith("cpu@")


def test_a_live_job_is_answered_while_long_ones_fill_the_other_worker(fleet: Fleet) -> None:
    fleet.start("scheduler")
    fleet.start("worker")
    fleet.start("live")
    long = [unsent(steps=600, seconds=0.1) for _ in range(4)]
    wait_for(lambda: Job.objects.filter(state=State.RUNNING).count() == 2)
    said = fleet.manage("jobs", "submit", "jobs.rehearse_live", "--watch")
    assert "succeeded" in said
    assert Attempt.objects.get(job__queue="live").worker.startswith("live@")
    assert Job.objects.filter(pk__in=[job.pk for job in long], state=State.RUNNING).count() == 2


def test_a_worker_that_is_asked_to_stop_gives_its_job_back(fleet: Fleet) -> None:
    fleet.start("scheduler")
    worker = fleet.start("worker")
    job = unsent(steps=200, seconds=0.1)
    wait_for(lambda: Job.objects.filter(steps__isnull=False, state=State.RUNNING))
    before = job.steps.count()
    worker.terminate()
    assert worker.wait(PATIENCE) == 0
    job.refresh_from_db()
    assert (job.state, job.strikes) == (State.QUEUED, 0)
    assert Attempt.objects.get().outcome == "given_back"
    assert job.steps.count() <= before + SOON


def test_a_signal_to_the_whole_group_does_the_same(fleet: Fleet) -> None:
    """As a supervisor sends it, or a terminal's Ctrl-C."""
    fleet.start("scheduler")
    worker = fleet.start("worker")
    job = unsent(steps=200, seconds=0.1)
    wait_for(lambda: Job.objects.filter(steps__isnull=False, state=State.RUNNING))
    before = job.steps.count()
    os.killpg(worker.pid, signal.SIGTERM)
    worker.wait(PATIENCE)
    job.refresh_from_db()
    assert (job.state, job.strikes) == (State.QUEUED, 0)
    assert job.steps.count() <= before + SOON


def test_a_running_job_is_cancelled(fleet: Fleet) -> None:
    fleet.start("scheduler")
    fleet.start("worker")
    job = unsent(steps=200, seconds=0.1)
    wait_for(lambda: state_of(job) == State.RUNNING)
    before = job.steps.count()
    services.cancel(job)
    wait_for(lambda: state_of(job) == State.CANCELLED)
    assert job.steps.count() <= before + 3 * SOON, "it is a heartbeat that sees it"


@pytest.mark.parametrize("fleet", BROKERS[:1], indirect=True)
def test_a_job_deaf_to_its_time_limit_loses_its_process_and_the_worker_goes_on(fleet: Fleet) -> None:
    fleet.environment["BENCH_LIMIT_GRACE"] = "1"
    fleet.start("scheduler")
    worker = fleet.start("worker")
    job = unsent("bench.deaf")
    wait_for(lambda: state_of(job) == State.FAILED)
    attempt = Attempt.objects.get()
    assert attempt.exception == "jobs.exceptions.JobTimedOut"
    process = Path("/proc", attempt.worker.rpartition(":")[2])
    wait_for(lambda: not process.exists())
    after = unsent(steps=1, seconds=0)
    wait_for(lambda: state_of(after) == State.SUCCEEDED)
    assert worker.poll() is None


def test_workers_killed_at_random_lose_and_double_nothing(fleet: Fleet) -> None:
    """The small sister of benchmarks/jobs_kill.py."""
    rng = random.Random(7)  # noqa: S311
    fleet.start("scheduler")
    workers = [fleet.start("worker"), fleet.start("worker")]
    jobs = [unsent(steps=5, seconds=0.05) for _ in range(20)]
    wait_for(jobs_fleet.tallied)
    for _ in range(4):
        victim = rng.randrange(2)
        fleet.kill(workers[victim])
        workers[victim] = fleet.start("worker")
        time.sleep(rng.uniform(0.2, 1.5))
    wait_for(lambda: not Job.objects.exclude(state=State.SUCCEEDED).exists())
    assert jobs_fleet.tallied() == {(job.pk, step): 1 for job in jobs for step in range(5)}


def test_a_worker_killed_in_a_group_loses_at_most_the_step_under_way(fleet: Fleet) -> None:
    fleet.start("scheduler")
    jobs = [unsent("bench.together", "sdxl", steps=6, seconds=0.1) for _ in range(4)]
    worker = fleet.start("worker")
    wait_for(lambda: len(jobs_fleet.tallied()) >= 6)
    assert Job.objects.filter(state=State.RUNNING, fence=1).count() == 4, "all at once, in two processes at most"
    fleet.kill(worker)
    done = jobs_fleet.tallied()
    fleet.start("worker")
    wait_for(lambda: not Job.objects.exclude(state=State.SUCCEEDED).exists())
    assert jobs_fleet.tallied() == {(job.pk, step): 1 for job in jobs for step in range(6)}
    assert Step.objects.filter(fence=1).count() == len(done), "what was done before was not done again"
    assert list(Attempt.objects.filter(number=1).values_list("outcome", flat=True)) == ["lost"] * 4
    # Each had a strike, so each ran by itself: never were two of them running at the same time in one process.
    alone = list(Attempt.objects.filter(number=2).order_by("worker", "started_at"))
    for before, after in pairwise(alone):
        assert before.worker != after.worker or before.finished_at <= after.started_at
