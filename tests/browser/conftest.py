"""A real Chromium on pytest-django's live server; every page opened here must stay free of errors.

`page_for(user)` opens a page signed in as that user. When the test ends it fails for any script error, console error,
violation of the content security policy, or request to another host that any of its pages made. A test that provokes
such an error on purpose says so: `expect_console("403")` before it happens.

SHOTS=folder keeps the pictures that tests take with `shoot(page, "name")`; without it nothing is written.
CHROMIUM=path uses another browser than Debian's.
"""

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.signals import request_finished, request_started
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    WebError,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from accounts.models import User

HERE = Path(__file__).parent
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing but this machine has a name: a request elsewhere fails at once, and the watch below reports it.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
]
TIMEOUT_MS = 15_000
QUIET_S = 0.05


class PageFor(Protocol):
    """Opens a page signed in as `user` (None: a visitor) in a window of that size in CSS pixels."""

    def __call__(
        self, user: User | None = None, *, width: int = 1280, height: int = 800, dark: bool = False
    ) -> Page: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests; each page gets a context (cookies, cache) of its own."""
    # Playwright's sync API keeps an event loop in this thread, which Django takes for async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS
        )
        yield browser
        browser.close()


class Watch:
    """Collects what went wrong in the pages of one test."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.found: list[str] = []
        self.expected: list[re.Pattern[str]] = []

    def follow(self, context: BrowserContext) -> None:
        for event, told in self._heard():
            context.on(event, told)

    def leave(self, context: BrowserContext) -> None:
        """Hear no more of a context that outlives the test."""
        for event, told in self._heard():
            context.remove_listener(event, told)

    def unexpected(self) -> list[str]:
        return [line for line in self.found if not any(pattern.search(line) for pattern in self.expected)]

    def _heard(self) -> list[tuple[Any, Callable[..., None]]]:
        return [("console", self._console), ("weberror", self._error), ("request", self._request)]

    def _error(self, error: WebError) -> None:
        self.found.append(f"script error: {error.error}")

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium reports a violation of the content security policy as a console error, too.
        if message.type == "error":
            self.found.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.host:
            self.found.append(f"request to another host: {request.url}")


@pytest.fixture
def watch(live_server: LiveServer) -> Iterator[Watch]:
    watch = Watch(urlsplit(live_server.url).netloc)
    yield watch
    assert not watch.unexpected(), "\n".join(watch.unexpected())


@pytest.fixture
def expect_console(watch: Watch) -> Callable[[str], None]:
    """`expect_console(regex)`: an error that matches is part of this test."""
    return lambda pattern: watch.expected.append(re.compile(pattern))


class Unanswered:
    """How many requests the live server is answering; a connection that is merely kept open is none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def begun(self, **_: object) -> None:
        with self._lock:
            self._count += 1

    def finished(self, **_: object) -> None:
        with self._lock:
            self._count -= 1

    def wait(self) -> None:
        """Until nothing has been in work for a moment.

        A page may send something as it goes, and tables are emptied next.
        """
        deadline = time.monotonic() + TIMEOUT_MS / 1000
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < QUIET_S:
            assert time.monotonic() < deadline, f"{self._count} requests are still being answered"
            time.sleep(0.005)
            if self._count > 0:
                quiet_since = time.monotonic()


@pytest.fixture
def unanswered() -> Iterator[Unanswered]:
    unanswered = Unanswered()
    request_started.connect(unanswered.begun)
    request_finished.connect(unanswered.finished)
    yield unanswered
    request_started.disconnect(unanswered.begun)
    request_finished.disconnect(unanswered.finished)


def open_window(chromium: Browser, url: str, size: ViewportSize, *, dark: bool = False) -> BrowserContext:
    """A window of its own, with cookies and a cache of its own, in which paths are pages at that address."""
    context = chromium.new_context(
        base_url=url,
        viewport=size,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    context.set_default_timeout(TIMEOUT_MS)
    return context


def sign_in(context: BrowserContext, user: User, url: str) -> None:
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session(user), "url": url}])


@pytest.fixture
def page_for(chromium: Browser, live_server: LiveServer, watch: Watch, unanswered: Unanswered) -> Iterator[PageFor]:
    """`page_for(user)`: a page on the live server; `page.goto("/products/")` takes paths."""
    contexts: list[BrowserContext] = []

    def open_page(user: User | None = None, *, width: int = 1280, height: int = 800, dark: bool = False) -> Page:
        context = open_window(chromium, live_server.url, {"width": width, "height": height}, dark=dark)
        contexts.append(context)
        watch.follow(context)
        if user is not None:
            sign_in(context, user, live_server.url)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    unanswered.wait()


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """`shoot(page, "products-dark")` writes a picture of the whole page into the folder SHOTS, if there is one."""

    def take(page: Page, name: str) -> None:
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return take


def session(user: User) -> str:
    """The key of a new session of that user, as signing in would have made it."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    assert store.session_key
    return store.session_key
