"""What every test may use: users by role, and signed-in clients; and where tests may write."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from tests.factories.accounts import make_user
from vitrine.access import Role

_FOLDER = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Files, static files and an SQLite database of the tests lie in a folder that goes when they end.

    SQLite's usual test database, in memory, is one connection that all threads share: a live server or a worker
    beside the test then breaks into its transactions. A file behaves as in production.
    """
    folder = Path(tempfile.mkdtemp(prefix="vitrine-tests-"))
    config.stash[_FOLDER] = folder
    settings.STATIC_ROOT = folder / "static"
    settings.STATIC_ROOT.mkdir()
    # Static files come from their source folders: no collectstatic, no hashed names.
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    if "location" in settings.STORAGES["default"].get("OPTIONS", {}):
        settings.STORAGES["default"]["OPTIONS"]["location"] = str(folder / "media")
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(folder / "test.sqlite3")


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)


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
