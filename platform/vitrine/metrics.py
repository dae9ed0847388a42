"""What Prometheus reads: requests by view, and how the jobs stand.

Under gunicorn the counters of all its processes are summed through files (`vitrine.serving` makes their folder);
elsewhere they live in the one process.
"""

import os
import time
from collections.abc import Callable, Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import Max, Min
from django.db.models.functions import Coalesce, Greatest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from jobs.lease import ready_jobs
from jobs.models import Job, State
from jobs.selectors import MOST_COUNTED, queue_health
from vitrine import __version__
from vitrine.access import Role, allow_anyone, roles_of

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # seconds
MOST_WORKERS = 1_000
_VERBS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_here = CollectorRegistry()
REQUESTS = Counter("vitrine_http_requests", "Requests answered", ["view", "method", "status"], registry=_here)
SECONDS = Histogram(
    "vitrine_http_request_seconds", "Time to answer", ["view", "method"], buckets=BUCKETS, registry=_here
)


class MetricsMiddleware:
    """Counts each request under the name of its view, never under its path: that would be a series per product."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        view = (match.view_name or "unnamed") if match else "none"
        method = request.method if request.method in _VERBS else "other"
        REQUESTS.labels(view, method, response.status_code).inc()
        SECONDS.labels(view, method).observe(time.perf_counter() - started)
        return response


class InfoCollector:
    """The version that answers, and how the jobs stand: read from the database when it is asked."""

    def collect(self) -> Iterable[Metric]:
        info = GaugeMetricFamily("vitrine_info", "The version that answers", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        now = timezone.now()
        yield from self._jobs(now)
        seen = GaugeMetricFamily(
            "vitrine_worker_heartbeat_age_seconds",
            "Since the last sign of life of a worker with a job",
            labels=["worker"],
        )
        running = Job.objects.filter(state=State.RUNNING).order_by().values("worker")
        for row in running.annotate(seen=Max("heartbeat_at"))[:MOST_WORKERS]:
            seen.add_metric([row["worker"]], _seconds(now, row["seen"]))
        yield seen

    def _jobs(self, now: datetime) -> Iterable[Metric]:
        counts = GaugeMetricFamily(
            "vitrine_jobs", f"Unfinished jobs, counted up to {MOST_COUNTED}", labels=["queue", "state"]
        )
        ages = GaugeMetricFamily(
            "vitrine_jobs_oldest_ready_seconds", "How long a job has been ready and waits, at most", labels=["queue"]
        )
        for health in queue_health():
            counts.add_metric([health.queue, "ready"], health.ready)
            counts.add_metric([health.queue, "running"], health.running)
            counts.add_metric([health.queue, "queued"], _queued(health.queue))
            ages.add_metric([health.queue], _seconds(now, _ready_since(health.queue, now)))
        yield counts
        yield ages


def _queued(queue: str) -> int:
    """Jobs that have not begun, ready or not."""
    return Job.objects.filter(state=State.QUEUED, queue=queue).order_by()[:MOST_COUNTED].count()


def _ready_since(queue: str, now: datetime) -> datetime | None:
    first = ready_jobs(queue, now).values("pk")[:MOST_COUNTED]
    since = Greatest("created_at", Coalesce("run_after", "created_at"))
    found: datetime | None = Job.objects.filter(pk__in=first).aggregate(since=Min(since))["since"]
    return found


def _seconds(now: datetime, then: datetime | None) -> float:
    return max(0.0, (now - then).total_seconds()) if then else 0.0


@allow_anyone  # the token, or an operator's session, is asked for below: Prometheus does not sign in
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, for operators and for whoever brings VITRINE_METRICS_TOKEN."""
    if not _may_read(request):
        signed_in = request.user.is_authenticated
        return HttpResponse(
            "These figures are for operators, or for a bearer of VITRINE_METRICS_TOKEN.\n",
            status=403 if signed_in else 401,
            content_type="text/plain; charset=utf-8",
            headers={} if signed_in else {"WWW-Authenticate": 'Bearer realm="metrics"'},
        )
    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    return Role.OPERATOR in roles_of(request.user)


def _registry() -> CollectorRegistry:
    """A registry for one answer: this process's counters, or those of all gunicorn's processes, and the jobs."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_here)
    registry.register(InfoCollector())
    return registry
