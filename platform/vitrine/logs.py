"""Log lines that say which request or job they belong to, as text or as one JSON object a line."""

import contextvars
import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from pythonjsonlogger.json import JsonFormatter as _JsonFormatter

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
job_id: contextvars.ContextVar[str] = contextvars.ContextVar("job_id", default="")
logger = logging.getLogger(__name__)
# What we accept as an id from a proxy in front: anything else could forge log lines.
_FOREIGN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_QUIET_PATHS = ("/healthz", "/readyz", "/metrics", "/static/")


class IdFilter(logging.Filter):
    """Puts the ids of the current request and job on each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        request, job = request_id.get(), job_id.get()
        ids = [f"{name}={value}" for name, value in (("request", request), ("job", job)) if value]
        vars(record).update(request_id=request, job_id=job, where=f" [{' '.join(ids)}]" if ids else "")
        return True


class JsonFormatter(_JsonFormatter):
    """Time, level, logger, ids, message, and the traceback if there is one."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(request_id)s %(job_id)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )


class RequestLogMiddleware:
    """Gives each request an id (a sane one from the proxy is kept), returns it, and logs one line per request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        foreign = request.headers.get("X-Request-ID", "")
        token = request_id.set(foreign if _FOREIGN_ID.fullmatch(foreign) else uuid.uuid4().hex)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            if not request.path.startswith(_QUIET_PATHS):
                elapsed = (time.perf_counter() - started) * 1000
                logger.info("%s %s %s %.0f ms", request.method, request.path, response.status_code, elapsed)
            return response
        finally:
            request_id.reset(token)
