"""Workers, a scheduler and a Redis server as processes of their own, for the benchmarks and tests of jobs.

Run as a module it is one of these processes: `python -m benchmarks.jobs_fleet worker|live|stages|scheduler`. It knows
three job kinds more than the site does: `bench.tally`, whose steps each leave a row in a table without any constraint,
`bench.together`, the same for four jobs at once, and `bench.deaf`, which does not end.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
for root in (ROOT, ROOT / "platform"):
    if str(root) not in sys.path:
        sys.path.append(str(root))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vitrine.settings")

TABLE = "bench_tally"


class Fleet:
    """Processes that share a data folder, a database and a broker; `stop` ends them all."""

    def __init__(self, folder: Path, *, database: str = "", broker: str = "", lease: int = 2, concurrency: int = 2):
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []
        own = {"VITRINE_DATA_DIR": str(folder), "DATABASE_URL": database, "CELERY_BROKER_URL": broker}
        own |= {"VITRINE_LEASE_SECONDS": str(lease), "VITRINE_CPU_CONCURRENCY": str(concurrency)}
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("VITRINE_")} | own

    def adopt(self) -> None:
        """Make this very process use the same database and broker; before Django is set up."""
        os.environ.update(self.environment)

    def manage(self, *arguments: str, timeout: float = 120) -> str:
        """Run a management command to its end; returns what it printed."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        done = subprocess.run(
            command, env=self.environment, check=True, capture_output=True, text=True, timeout=timeout
        )
        return done.stdout

    def start(self, role: str) -> "subprocess.Popen[bytes]":
        """A worker, a live worker or the scheduler, in a process group of its own; its output goes to a file."""
        with (self.folder / f"{role}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.jobs_fleet", role],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """SIGKILL the process and all its children, those that outlived it too."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        self.running.remove(process)

    def stop(self) -> None:
        """Ask all to end, and kill what has not ended after ten seconds."""
        for process in self.running:
            process.terminate()
        for process in list(self.running):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill(process)
        self.running.clear()


class Redis:
    """A Redis server without persistence on a free port."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        server = shutil.which("redis-server")
        if server is None:
            raise SystemExit("There is no redis-server on this machine: install it, or choose the embedded broker.")
        options = ["--port", str(self.port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]
        self._process = subprocess.Popen([server, *options], stdout=subprocess.DEVNULL)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit(f"redis-server does not answer on port {self.port}.")

    def stop(self) -> None:
        """Kill it: everything that it holds is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


def make_table() -> None:
    """The table of `bench.tally`: no key, no constraint, so that a step done twice shows as two rows."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
        cursor.execute(f"CREATE TABLE {TABLE} (job bigint, step bigint)")


def drop_table() -> None:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")


def tallied() -> dict[tuple[int, int], int]:
    """How many rows each (job, step) has left."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT job, step, count(*) FROM {TABLE} GROUP BY job, step")  # noqa: S608
        return {(job, step): count for job, step, count in cursor.fetchall()}


def register() -> None:
    """Make these kinds known to this process; Django is set up."""
    from django.db import connection  # noqa: PLC0415

    from jobs.context import JobContext  # noqa: PLC0415
    from jobs.kinds import job_kind  # noqa: PLC0415

    def insert(job: int, step: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {TABLE} VALUES (%s, %s)", (job, step))  # noqa: S608

    # It is killed all the time, by design: strikes would say nothing about it.
    @job_kind("bench.tally", max_strikes=100)
    def tally(context: JobContext, steps: int, seconds: float) -> int:
        for step in range(steps):
            context.step(str(step), lambda: time.sleep(seconds), lambda _, step=step: insert(context.job_id, step))  # type: ignore[misc]
        return steps

    @job_kind("bench.together", max_strikes=100, together=4)
    def tally_together(contexts: list[JobContext], params: list[dict[str, Any]]) -> list[int]:
        """Step by step, and in each step job by job."""
        for step in range(max(given["steps"] for given in params)):
            for context, given in zip(contexts, params, strict=True):
                if step < given["steps"]:
                    save = partial(insert, context.job_id, step)
                    context.step(str(step), partial(time.sleep, given["seconds"]), lambda _, save=save: save())  # type: ignore[misc]
        return [given["steps"] for given in params]

    @job_kind("bench.deaf", time_limit=0.5)
    def deaf(_: JobContext) -> None:
        """Swallows whatever is to end it."""
        while True:
            with suppress(Exception):
                time.sleep(60)


@contextmanager
def cpu_share(pid: int) -> Iterator[list[float]]:
    """Percent of one core that a process and its children use while inside, put into the list on the way out."""
    share: list[float] = []
    before, began = _cpu_seconds(pid), time.monotonic()
    yield share
    share.append(100 * (_cpu_seconds(pid) - before) / (time.monotonic() - began))


def memory(pid: int) -> float:
    """MB of memory of a process and its children; what they share is counted once (PSS)."""
    total = 0
    for process in [pid, *_children(pid)]:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1000


def _cpu_seconds(pid: int) -> float:
    ticks = 0
    for process in [pid, *_children(pid)]:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def main(role: str) -> Any:
    import django  # noqa: PLC0415

    django.setup()
    from django.conf import settings  # noqa: PLC0415

    from jobs import heartbeat, workers  # noqa: PLC0415

    register()
    heartbeat.LIMIT_GRACE = float(os.environ.get("BENCH_LIMIT_GRACE", heartbeat.LIMIT_GRACE))
    if role == "scheduler":
        return workers.schedule()
    queues = {"live": ["live"], "stages": ["cpu", "gpu"]}.get(role, ["cpu"])
    return workers.work(queues, None if role == "live" else settings.CPU_CONCURRENCY)


if __name__ == "__main__":
    main(sys.argv[1])
