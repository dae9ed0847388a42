"""Failures look like the rest of the site, or are JSON, and a 500 can be found in the log."""

import logging
from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import get_resolver, path

from accounts.models import User
from vitrine.access import allow_anyone


@allow_anyone
def breaks(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the lamp fell over")


@allow_anyone
def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("too many files")


@allow_anyone
def wordless(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


urlpatterns = [
    path("breaks/", breaks),
    path("api/breaks/", breaks),
    path("suspicious/", suspicious),
    path("api/suspicious/", suspicious),
    path("wordless/", wordless),
    *get_resolver("vitrine.urls").url_patterns,
]
handler400 = "vitrine.errors.bad_request"
handler403 = "vitrine.errors.permission_denied"
handler404 = "vitrine.errors.page_not_found"
handler500 = "vitrine.errors.server_error"
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


def test_a_500_needs_no_database_and_tells_the_id_of_its_log_line(
    visitor: Client, caplog: pytest.LogCaptureFixture
) -> None:
    # No db fixture: a query here would fail the test, as a broken database would fail the page.
    with caplog.at_level(logging.ERROR):
        response = visitor.get("/breaks/", headers={"X-Request-ID": "0123456789abcdef"})
    assert response.status_code == 500
    page = response.content.decode()
    assert "0123456789abcdef" in page
    assert "lamp" not in page
    assert "the lamp fell over" in caplog.text


def test_the_apis_500_is_json_with_the_id(visitor: Client) -> None:
    response = visitor.get("/api/breaks/", headers={"X-Request-ID": "0123456789abcdef"})
    assert response.status_code == 500
    assert response.json() == {"detail": "The server failed. Its log says why: request 0123456789abcdef."}


@pytest.mark.parametrize(
    ("address", "status", "sentence"),
    [
        ("/suspicious/", 400, "could not make sense of this request"),
        ("/wordless/", 403, "You may not do that."),
        ("/no-such-page/", 404, "There is nothing at /no-such-page/."),
    ],
)
def test_pages_say_what_happened_and_the_way_out(
    visitor: Client, db: None, address: str, status: int, sentence: str
) -> None:
    response = visitor.get(address)
    assert response.status_code == status
    assert sentence in response.content.decode()
    assert "To the start page" in response.content.decode()


@pytest.mark.parametrize(("address", "status"), [("/api/suspicious/", 400), ("/api/no-such-thing/", 404)])
def test_the_api_answers_in_json(visitor: Client, db: None, address: str, status: int) -> None:
    response = visitor.get(address)
    assert response.status_code == status
    assert set(response.json()) == {"detail"}


def test_an_address_is_shown_as_text(visitor: Client, db: None) -> None:
    assert "<b>" not in visitor.get("/<b>bold</b>/").content.decode()


def test_the_page_for_a_missing_role_keeps_the_header(client_for: Callable[[User | None], Client], rater: User) -> None:
    page = client_for(rater).get("/products/").content.decode()
    assert "This page is for analyst or operator." in page
    assert rater.username in page
