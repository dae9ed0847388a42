"""Log lines: which request and job they belong to, valid JSON, and nothing that a visitor can forge."""

import json
import logging
import sys

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from vitrine.logs import (
    IdFilter,
    JsonFormatter,
    RequestLogMiddleware,
    TextFormatter,
    job_id,
    one_line,
    request_id,
)


def record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("shop", logging.ERROR, __file__, 1, message, args, info)
    IdFilter().filter(made)
    return made


def failure(text: str) -> BaseException:
    try:
        raise ValueError(text)
    except ValueError as error:
        return error


def test_text_carries_the_ids_of_request_and_job() -> None:
    request, job = request_id.set("r" * 8), job_id.set("17")
    try:
        line = TextFormatter().format(record("hello"))
    finally:
        request_id.reset(request)
        job_id.reset(job)
    assert line.endswith("ERROR shop [request=rrrrrrrr job=17] hello")


def test_no_path_forges_a_line_of_text() -> None:
    evil = "/a\n2026-01-01 ERROR forged\r\x1b[2J\x85\u2028end"
    text = TextFormatter().format(record("GET %s", evil))
    assert len(text.splitlines()) == 1
    assert r"\n2026-01-01 ERROR forged\r\x1b[2J\x85\u2028end" in text


def test_a_traceback_is_indented_so_that_its_message_forges_no_line() -> None:
    text = TextFormatter().format(record("it failed", error=failure("bad\n2026-01-01 ERROR forged")))
    first, *rest = text.splitlines()
    assert first.endswith("it failed")
    assert "Traceback" in rest[0]
    assert all(line.startswith("    ") for line in rest[1:])


def test_json_is_one_valid_object_a_line_with_its_traceback() -> None:
    text = JsonFormatter().format(record("it failed: %s", "a\nb", error=failure("bad\nvalue")))
    assert len(text.splitlines()) == 1
    found = json.loads(text)
    assert (found["level"], found["logger"], found["message"]) == ("ERROR", "shop", "it failed: a\nb")
    assert found["exc_info"].startswith("Traceback")
    assert found["time"].endswith("+00:00")
    assert set(found) == {"time", "level", "logger", "message", "request_id", "job_id", "exc_info"}


def test_json_keeps_what_the_caller_adds() -> None:
    made = record("hello")
    made.status = 404
    made.odd = object()
    found = json.loads(JsonFormatter().format(made))
    assert found["status"] == 404
    assert found["odd"]


def answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request_id.get())


@pytest.mark.parametrize("foreign", ["abcdefgh-1234", "A" * 64])
def test_an_id_from_the_proxy_is_kept_and_returned(foreign: str) -> None:
    response = RequestLogMiddleware(answer)(RequestFactory().get("/", headers={"X-Request-ID": foreign}))
    assert response["X-Request-ID"] == response.content.decode() == foreign


@pytest.mark.parametrize("foreign", ["", "short", "A" * 65, "with space", "new\nline-12", "ünïcödé-id"])
def test_any_other_id_is_replaced(foreign: str) -> None:
    response = RequestLogMiddleware(answer)(RequestFactory().get("/", headers={"X-Request-ID": foreign}))
    assert len(response["X-Request-ID"]) == 32
    assert request_id.get() == ""


def test_one_line_leaves_ordinary_text_alone() -> None:
    assert one_line("Grüße, 日本, 100 %") == "Grüße, 日本, 100 %"


def test_the_middleware_logs_method_path_status_and_time(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="vitrine.logs"):
        RequestLogMiddleware(answer)(RequestFactory().get("/products/7/"))
        RequestLogMiddleware(answer)(RequestFactory().get("/healthz"))
    (line,) = caplog.records
    assert line.getMessage().startswith("GET /products/7/ 200 ")
    assert vars(line)["status"] == 200
    assert vars(line)["path"] == "/products/7/"


def test_every_logger_of_ours_ends_in_the_same_handler() -> None:
    """Gunicorn's and Django's own handlers are gone: an event is one line, in one format."""
    for name in ("django", "django.request", "django.server", "gunicorn.error", "gunicorn.access", "celery", "jobs"):
        logger = logging.getLogger(name)
        assert logger.propagate, name
        assert all(isinstance(handler, logging.NullHandler) for handler in logger.handlers), name
    streams = [handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler]
    assert len(streams) == 1
    assert streams[0].stream is not sys.stdout
