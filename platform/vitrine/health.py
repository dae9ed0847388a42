"""Is the process alive, and can it do its work: for load balancers, compose and whoever is on call.

Both pages are open to all, so they name no host, user or error text; the log has those.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import asdict, dataclass

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from vitrine.access import allow_anyone
from vitrine.celery import app as celery

logger = logging.getLogger(__name__)
PATIENCE = 5.0  # seconds that an answer may take in all
KEEP = 2.0  # seconds that an answer is kept: anyone may ask, and each question writes a file


@dataclass(frozen=True)
class Finding:
    """What one check found: one plain sentence, and how long it took."""

    ok: bool
    says: str
    ms: float


@allow_anyone
@require_safe
@never_cache
def healthz(_: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else, so that a database that is down restarts no web server."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@allow_anyone
@require_safe
@never_cache
def readyz(_: HttpRequest) -> HttpResponse:
    """200 when database, storage and broker all work, else 503; answers within PATIENCE whatever hangs."""
    found = _prober.findings()
    ready = all(finding.ok for finding in found.values())
    checks = {name: asdict(finding) for name, finding in found.items()}
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


class NotReadyError(Exception):
    """A check's own plain sentence, fit for strangers."""


def check_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReadyError("The database answers but lacks migrations: run manage.py migrate.")
    return "The database answers and is migrated."


def check_storage() -> str:
    """Writes, reads and removes one small file of this process's own."""
    name = f"health/{socket.gethostname()}-{os.getpid()}"
    content = os.urandom(16)
    default_storage.delete(name)
    saved = default_storage.save(name, ContentFile(content))
    try:
        with default_storage.open(saved) as opened:
            read = opened.read()
    finally:
        default_storage.delete(saved)
    if read != content:
        raise NotReadyError("The file store gave back something else than was written.")
    return "The file store takes and gives back files."


def check_broker() -> str:
    with closing(celery.connection_for_write()) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
        broker.default_channel  # noqa: B018 - some transports connect only here
    return "The broker answers."


def check_static_files() -> str:
    if settings.PRODUCTION and not (settings.STATIC_ROOT / "staticfiles.json").exists():
        raise NotReadyError("The static files are not collected: run manage.py collectstatic.")
    return "The static files are in place."


CHECKS: dict[str, Callable[[], str]] = {
    "database": check_database,
    "storage": check_storage,
    "broker": check_broker,
    "static files": check_static_files,
}


class Prober:
    """Runs the checks beside each other; one that hangs is reported, and not started a second time meanwhile."""

    def __init__(self, checks: dict[str, Callable[[], str]], patience: float = PATIENCE, keep: float = KEEP) -> None:
        self._checks, self._patience, self._keep = checks, patience, keep
        self._pool: ThreadPoolExecutor | None = None
        self._running: dict[str, Future[Finding]] = {}
        self._lock = threading.Lock()
        self._found: tuple[float, dict[str, Finding]] = (-keep, {})

    def findings(self) -> dict[str, Finding]:
        with self._lock:
            age = time.monotonic() - self._found[0]
            if self._found[1] and age < self._keep:
                return self._found[1]
            # Made at first use: threads do not survive the fork of a gunicorn worker.
            self._pool = self._pool or ThreadPoolExecutor(len(self._checks), thread_name_prefix="readyz")
            for name, check in self._checks.items():
                if name not in self._running:
                    self._running[name] = self._pool.submit(_finding, name, check)
            wait(self._running.values(), timeout=self._patience)
            found = {name: self._collect(name) for name in self._checks}
            self._found = (time.monotonic(), found)
            return found

    def _collect(self, name: str) -> Finding:
        future = self._running[name]
        if not future.done():
            return Finding(False, f"The {name} did not answer within {self._patience:g} s.", self._patience * 1000)
        del self._running[name]
        return future.result()


def _finding(name: str, check: Callable[[], str]) -> Finding:
    started = time.perf_counter()
    try:
        ok, says = True, check()
    except NotReadyError as error:
        ok, says = False, str(error)
    except Exception:  # the edge that records it: any failure at all means not ready
        logger.warning("readyz: %s failed", name, exc_info=True)
        ok, says = False, f"The {name} cannot be used; the log of this process says why."
    finally:
        connections.close_all()
    return Finding(ok, says, round((time.perf_counter() - started) * 1000, 1))


_prober = Prober(CHECKS)
