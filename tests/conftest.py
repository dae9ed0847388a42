"""What every test may use: users by role, and signed-in clients."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from tests.factories.accounts import make_user
from vitrine.access import Role


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
