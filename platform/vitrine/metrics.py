"""What Prometheus reads: requests by view, and how the jobs stand.

Under gunicorn the counters of all its processes are summed through files (`vitrine.serving` makes their folder);
elsewhere they live in the one process.
"""

import os
import time
from collections.abc import Callable, Iterable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from vitrine import __version__
from vitrine.access import Role, allow_anyone, roles_of

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # seconds
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


class JobsCollector:
    """Reads the jobs tables when it is asked: what stands in the database needs no counter beside it."""

    def collect(self) -> Iterable[Metric]:
        info = GaugeMetricFamily("vitrine_info", "The version that answers", labels=["version"])
        info.add_metric([__version__], 1)
        yield info


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
    registry.register(JobsCollector())
    return registry
