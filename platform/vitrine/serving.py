"""How gunicorn serves the site: `gunicorn -c python:vitrine.serving vitrine.wsgi`."""

import os
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import storages

from vitrine.env import settings_or_exit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vitrine.settings")
settings_or_exit()

bind = f"{'[' + settings.WEB_HOST + ']' if ':' in settings.WEB_HOST else settings.WEB_HOST}:{settings.WEB_PORT}"
worker_class = "gthread"
workers = settings.WEB_WORKERS
threads = settings.WEB_THREADS
# Loaded once, before the fork: quicker to start, less memory, and an error at start is said once.
preload_app = True
timeout = 120
graceful_timeout = 30
keepalive = 20  # longer than a proxy keeps an idle connection, so that it is never cut under a request
max_requests = 20_000
max_requests_jitter = 2_000
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a heartbeat must not wait for a disk
forwarded_allow_ips = "*" if settings.PROXY_COUNT else "127.0.0.1"
logconfig_dict = settings.LOGGING
accesslog = None  # vitrine.logs has a line for every request
control_socket_disable = True

# One file per process and metric; counts begin anew with the server, as Prometheus expects of counters.
_metrics = settings.DATA_DIR / "metrics" / str(settings.WEB_PORT)
shutil.rmtree(_metrics, ignore_errors=True)
_metrics.mkdir(parents=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_metrics)


def on_starting(_server: Any) -> None:
    """The store's library takes a second to load: once, before the fork, and not under the first visitor."""
    storages["default"]


def child_exit(_server: Any, worker: Any) -> None:
    """Gauges of a process that has gone are dropped; its counters stay in the sums."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - reads the variable set above

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
