"""Log lines that say which request or job they belong to, as text or as one JSON object a line.

Whatever a visitor sends can end up in a message: control characters are escaped, so that no path, name or header can
forge a line of its own.
"""

import contextvars
import logging
import re
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from pythonjsonlogger.json import JsonFormatter as _JsonFormatter

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
job_id: contextvars.ContextVar[str] = contextvars.ContextVar("job_id", default="")
logger = logging.getLogger(__name__)
# What we accept as an id from a proxy in front: anything else could forge log lines.
_FOREIGN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_QUIET_PATHS = ("/healthz", "/readyz", "/metrics", "/static/")
# C0 and C1 controls, and the two line separators that some viewers break at.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class IdFilter(logging.Filter):
    """Puts the ids of the current request and job on each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        request, job = request_id.get(), job_id.get()
        ids = [f"{name}={value}" for name, value in (("request", request), ("job", job)) if value]
        vars(record).update(request_id=request, job_id=job, where=f" [{' '.join(ids)}]" if ids else "")
        return True


class TextFormatter(logging.Formatter):
    """One line for people; a traceback follows it indented, so that only real lines begin at the margin."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(where)s %(message)s", defaults={"where": ""})

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        return one_line(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802
        return super().formatException(ei).replace("\n", "\n    ").replace("\r", "\\r")  # type: ignore[arg-type]


class JsonFormatter(_JsonFormatter):
    """Time (UTC), level, logger, ids, message, what the caller added, and the traceback if there is one."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(request_id)s %(job_id)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            reserved_attrs=[*logging.makeLogRecord({}).__dict__, "where", "message", "asctime"],
        )

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


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
                elapsed = round((time.perf_counter() - started) * 1000, 1)
                logger.info(
                    "%s %s %s %.0f ms",
                    request.method,
                    request.path,
                    response.status_code,
                    elapsed,
                    extra={
                        "method": request.method,
                        "path": request.path,
                        "status": response.status_code,
                        "ms": elapsed,
                    },
                )
            return response
        finally:
            request_id.reset(token)


def one_line(text: str) -> str:
    """The text with every control character written as its escape."""
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)
