"""A site of its own for the benchmarks and tests of rating: a database, filled, and gunicorn on it, killed at will.

In the process that makes it Django runs on the same database, so that campaigns are made and audited directly.
"""

# ruff: noqa: PLC0415 - Django is set up once the environment is known

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
for root in (ROOT, ROOT / "platform"):
    if str(root) not in sys.path:
        sys.path.append(str(root))
CSRF = "b" * 32
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def environment(folder: Path, database: str, **more: str) -> dict[str, str]:
    """The variables of a site in that folder; an empty database URL is SQLite."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("VITRINE_") and key != "PORT"}
    own = {"VITRINE_DATA_DIR": str(folder), "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "vitrine.settings"}
    return kept | own | {"OMP_NUM_THREADS": "1"} | more


class PostgresDatabase:
    """A database of its own on a server, given by a URL without a name; dropped with the block."""

    def __init__(self, server: str) -> None:
        self.server, self.name = server.rstrip("/"), f"bench_rating_{secrets.token_hex(4)}"
        self.url = f"{self.server}/{self.name}"

    def __enter__(self) -> str:
        self._run(f"CREATE DATABASE {self.name}")
        return self.url

    def __exit__(self, *_: object) -> None:
        self._run(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(f"{self.server}/postgres", autocommit=True) as connection:
            connection.execute(statement)


class Server:
    """Gunicorn as the site runs it, in a process group of its own."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder, self.port = folder, free_port()
        self.variables = variables | {"VITRINE_PORT": str(self.port)}
        self.log = folder / "web.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._spent = 0.0

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "python:vitrine.serving", "vitrine.wsgi"],
                cwd=ROOT, env=self.variables | {"PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}"},
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        until = time.monotonic() + 90
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"The web server did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1)

    def kill(self) -> None:
        """Kill -9, all processes at once."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def cpu(self) -> float:
        """CPU seconds of all its processes, of those that were killed, too."""
        return self._spent + sum(_cpu_of(pid) for pid in self._pids())

    def pss(self) -> list[float]:
        """MB of each process; pages shared by several count in parts."""
        return [_pss_of(pid) for pid in self._pids()]

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self._spent = self.cpu()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, how)
        self.process.wait(timeout=60)
        self.process = None

    def _answers(self) -> bool:
        try:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/healthz")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False

    def _pids(self) -> list[int]:
        if self.process is None:
            return []
        first = self.process.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]


class Client:
    """One rater's browser: a session, a connection kept open, and the same request again until it is answered."""

    def __init__(self, port: int, session: str, campaign: int, *, patience: float = 60) -> None:
        self._port, self._campaign, self._patience = port, campaign, patience
        self._headers = {
            "Content-Type": "application/json",
            "Cookie": f"sessionid={session}; csrftoken={CSRF}",
            "X-CSRFToken": CSRF,
        }
        self._connection: HTTPConnection | None = None
        self.retries = 0

    def call(self, name: str, **body: Any) -> tuple[int, dict[str, Any], float]:
        """Status, answer and milliseconds of POST /rate/<campaign>/<name>."""
        began = time.perf_counter()
        while True:
            try:
                status, data = self._once(f"/rate/{self._campaign}/{name}", json.dumps(body))
            except (OSError, HTTPException):
                self._connection = None
                self.retries += 1
                if time.perf_counter() - began > self._patience:
                    raise
                time.sleep(0.2)
                continue
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise RuntimeError(f"{name} answered {status}")
            return status, json.loads(data or b"{}"), 1000 * (time.perf_counter() - began)

    def _once(self, path: str, body: str) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        self._connection.request("POST", path, body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def set_up(folder: Path, database: str) -> dict[str, str]:
    """Set Django up in this process on that database, with all tables; returns the variables for a server on it."""
    variables = environment(folder, database)
    for name in set(os.environ) - set(variables):
        del os.environ[name]
    os.environ.update(variables)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    return variables


def make_raters(count: int) -> list[str]:
    """So many raters with a session each; returns the session keys."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import Group

    from accounts.models import User
    from raters.services.people import rater_of

    store = import_module(settings.SESSION_ENGINE).SessionStore
    group, keys = Group.objects.get_or_create(name="rater")[0], []
    for _ in range(count):
        user = User(username=f"rater-{secrets.token_hex(5)}")
        user.set_unusable_password()
        user.save()
        user.groups.add(group)
        rater_of(user)
        session = store()
        session[SESSION_KEY] = str(user.pk)
        session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        keys.append(str(session.session_key))
    return keys


def make_campaign(count: int, **settings: Any) -> int:
    """An open campaign of so many images of two methods, 20 a product; returns its number."""
    from django.db import transaction

    from raters.services import campaigns, tasks

    campaign = campaigns.make_campaign(f"Bench of {count}", **settings)
    photos = [{"key": f"photos/00/{0:064x}.jpg", "width": 1024, "height": 1024}] * 3
    with transaction.atomic():
        subjects = [
            tasks.subject_for(campaign, tasks.NewSubject(f"Product {n}", photos=photos))
            for n in range(min(500, -(-count // 20)))
        ]
    new = [
        tasks.NewTask(f"generated/00/{n:064x}.webp", 1024, 1024, subjects[n // 20 % len(subjects)], method="ab"[n % 2])
        for n in range(count)
    ]
    tasks.add_tasks(campaign, new)
    return campaigns.open_campaign(campaign).pk


def make_large_campaign(count: int) -> int:
    """As make_campaign, for a million images: the first 2,000 by the services, copies of them by the database."""
    from django.db import connection, transaction

    from raters.models import Campaign

    campaign = make_campaign(2_000)
    columns = ("campaign_id", "subject_id", "method", "prompt", "picture_key", "width", "height", "state", "wanted",
               "held", "done", "stamp", "reports", "created_at")  # fmt: skip
    listed = ", ".join(columns)
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
    copied = ", ".join(f"task.{name}" for name in columns)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"{numbers} INSERT INTO raters_task ({listed}, name, position)"  # noqa: S608 - names, no values
            f" SELECT {copied}, '', task.position + 2000 * n.i FROM raters_task task, n WHERE task.campaign_id = %s",
            [count // 2_000 - 1, campaign],
        )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE raters_task")
    Campaign.objects.filter(pk=campaign).update(task_count=count, rating_target=3 * count)
    return campaign


def audit(campaign: int) -> dict[str, int]:
    """What the database holds of a campaign, counted from its ratings and not from any kept count."""
    from raters.models import Rating, Task

    pairs = list(Rating.objects.filter(campaign=campaign, withdrawn_at=None).values_list("task", "rater"))
    per = Counter(task for task, _ in pairs)
    tasks = list(Task.objects.filter(campaign=campaign).values_list("pk", "wanted"))
    return {
        "tasks": len(tasks),
        "exact": sum(per[pk] == wanted for pk, wanted in tasks),
        "over": sum(per[pk] > wanted for pk, wanted in tasks),
        "under": sum(per[pk] < wanted for pk, wanted in tasks),
        "doubles": len(pairs) - len(set(pairs)),
        "ratings": len(pairs),
    }


def _cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _pss_of(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:"))
