"""A person's own page."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from tests.factories.accounts import make_user
from vitrine.access import Role

ClientFor = Callable[[User | None], Client]


def test_it_tells_who_one_is_and_what_one_may_do(client_for: ClientFor, db: None) -> None:
    person = make_user(Role.RATER, Role.ANALYST)
    page = client_for(person).get("/account/").content.decode()
    assert person.username in page
    assert "judges generated images" in page
    assert "reads results" in page
    assert "imports products" not in page


def test_without_a_role_it_tells_whom_to_ask(client_for: ClientFor, db: None) -> None:
    assert "You have no role yet" in client_for(make_user()).get("/account/").content.decode()


@pytest.mark.parametrize("verb", ["post", "put", "delete"])
def test_it_is_for_reading(client_for: ClientFor, rater: User, verb: str) -> None:
    assert getattr(client_for(rater), verb)("/account/").status_code == 405
