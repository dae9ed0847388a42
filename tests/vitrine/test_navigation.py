"""The links in the header follow the views' own rules."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory

from accounts.models import User
from tests.factories.accounts import make_user
from vitrine.access import Role
from vitrine.navigation import navigation


def labels(*roles: Role, path: str = "/") -> list[str]:
    request = RequestFactory().get(path)
    request.user = make_user(*roles)
    return [link.label for link in navigation(request)["links"]]


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ((), []),
        ((Role.RATER,), ["Rate"]),
        ((Role.ANALYST,), ["Products", "Prompts", "Imports", "Generation", "Campaigns", "Ranking", "Review", "Jobs"]),
        (
            (Role.OPERATOR,),
            ["Products", "Prompts", "Imports", "Generation", "Campaigns", "Ranking", "Review", "Jobs", "Admin"],
        ),
        (
            (Role.RATER, Role.ANALYST),
            ["Products", "Prompts", "Imports", "Generation", "Rate", "Campaigns", "Ranking", "Review", "Jobs"],
        ),
    ],
)
def test_each_role_sees_what_it_may_open(db: None, roles: tuple[Role, ...], expected: list[str]) -> None:
    assert labels(*roles) == expected


def test_every_link_opens(client_for: Callable[[User | None], Client], operator: User) -> None:
    request = RequestFactory().get("/")
    request.user = operator
    for link in navigation(request)["links"]:
        assert client_for(operator).get(link.url, follow=True).status_code == 200


def test_the_page_one_is_on_is_marked(db: None) -> None:
    request = RequestFactory().get("/jobs/17/")
    request.user = make_user(Role.OPERATOR)
    assert [link.label for link in navigation(request)["links"] if link.current] == ["Jobs"]


def test_visitors_see_no_links() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert navigation(request) == {"links": []}


def test_a_request_that_failed_before_signing_in_has_none() -> None:
    assert navigation(RequestFactory().get("/")) == {"links": []}
