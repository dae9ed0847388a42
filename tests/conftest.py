"""What every test may use: users by role, and signed-in clients; and which tests this machine can run."""

import gc
import os
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from tests import emptying
from tests.factories.accounts import make_user
from tests.isolation import FOLDER
from vitrine.access import Role

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# .ci/run sets it: there, what cannot run is an error.
EVERYTHING = bool(os.environ.get("TEST_EVERYTHING"))
# Rooms that speak to a database by Django alone: which one there is cannot matter to a test of theirs that uses none.
COMPUTING = [Path(__file__).parent / name for name in ("generation", "ranking")]
DATABASE = {"db", "transactional_db", "live_server"}
# What needs a server of its own runs in the second lane alone, and must not be left out there.
NOT_ALONE = ("django_db", "postgres", "redis")


def pytest_configure() -> None:
    """SQLite's test database is a file, passwords are hashed fast, and the database is emptied fast.

    SQLite's usual test database, in memory, is one connection that all threads share: a live server or a worker
    beside the test then breaks into its transactions. A file behaves as in production.
    """
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    settings.PASSWORD_HASHERS = ["tests.hashers.OneRound"]
    emptying.install()
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(Path(FOLDER) / "test.sqlite3")


def missing() -> dict[str, str]:
    """By marker: why tests that carry it cannot run here, and how they could."""
    lacks = {}
    if not Path(CHROMIUM).exists() and not EVERYTHING:
        lacks["browser"] = (
            f"Tests in a browser are left out: there is no Chromium at {CHROMIUM}. On Debian: apt install chromium;"
            " elsewhere: CHROMIUM=/path/to/chromium make test."
        )
    if not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        lacks["postgres"] = "Tests that need PostgreSQL are left out: .ci/run runs them, or set DATABASE_URL."
    if "TEST_REDIS_URL" not in os.environ:
        lacks["redis"] = "Tests that need Redis are left out: .ci/run runs them, or set TEST_REDIS_URL."
    return lacks


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """No garbage is looked for among a million objects that stay: libraries and tests, while they are imported."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before pytest itself looks at -m
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if computes_only(item):
            item.add_marker(pytest.mark.compute)
    lacks = missing()
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in lacks)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def computes_only(item: pytest.Item) -> bool:
    """Whether a test of generation or ranking uses no database; pytest-django lets none use it that does not say so."""
    marked = any(item.get_closest_marker(name) for name in NOT_ALONE)
    uses_database = marked or DATABASE & set(getattr(item, "fixturenames", ()))
    return not uses_database and any(folder in item.path.parents for folder in COMPUTING)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in missing().values():
        terminalreporter.write_line(line, yellow=True)


@pytest.fixture
def rater(db: None) -> User:
    return make_user(Role.RATER)


@pytest.fixture
def analyst(db: None) -> User:
    return make_user(Role.ANALYST)


@pytest.fixture
def operator(db: None) -> User:
    return make_user(Role.OPERATOR)


@pytest.fixture
def client_for(db: None) -> Callable[[User | None], Client]:
    """A browser of that user; None is a visitor who has not signed in."""

    def sign_in(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Captured log lines may hold half characters, by intent: xdist cannot send these between its processes."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report
