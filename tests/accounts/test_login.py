"""Signing in and out."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories.accounts import make_user
from vitrine.access import Role

PASSWORD = "blue-mug-on-a-shelf"
LOGIN = "/account/login/"


@pytest.fixture
def person(db: None) -> User:
    return make_user(Role.RATER, password=PASSWORD)


def sign_in(client: Client, name: str, password: str = PASSWORD, **extra: str) -> object:
    return client.post(LOGIN, {"username": name, "password": password, **extra})


def test_the_right_password_signs_in(client: Client, person: User) -> None:
    response = sign_in(client, person.username)
    assert response.headers["Location"] == reverse("home")
    assert client.session["_auth_user_id"] == str(person.pk)


def test_it_leads_where_the_person_was_going(client: Client, person: User) -> None:
    response = sign_in(client, person.username, next="/account/password/")
    assert response.headers["Location"] == "/account/password/"


@pytest.mark.parametrize(
    "trap",
    ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example", "http:///evil.example"],
)
def test_it_never_leads_to_another_site(client: Client, person: User, trap: str) -> None:
    assert sign_in(client, person.username, next=trap).headers["Location"] == reverse("home")
    assert trap not in client.get(LOGIN, {"next": trap}).content.decode()


def test_a_new_session_key_is_given(client: Client, person: User) -> None:
    client.get(LOGIN)
    client.session.save()
    before = client.session.session_key
    sign_in(client, person.username)
    assert client.session.session_key != before


def test_unknown_wrong_and_closed_look_the_same(client: Client, person: User) -> None:
    closed = make_user(Role.RATER, password=PASSWORD)
    closed.is_active = False
    closed.save()
    pages = []
    for name, password in ((person.username, "wrong"), ("no-such-name", PASSWORD), (closed.username, PASSWORD)):
        response = sign_in(client, name, password)
        assert response.status_code == 200
        pages.append(response.content.decode().replace(name, "NAME").split("<main", 1)[1].split("csrf", 1)[0])
    assert len(set(pages)) == 1
    assert "do not belong together" in pages[0]


def test_a_closed_account_ends_at_once(client: Client, person: User) -> None:
    sign_in(client, person.username)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert client.get("/account/").status_code == 302


def test_who_is_signed_in_does_not_see_the_form(client_for: Callable[[User | None], Client], person: User) -> None:
    assert client_for(person).get(LOGIN).headers["Location"] == reverse("home")


def test_log_out_takes_a_post(client_for: Callable[[User | None], Client], person: User) -> None:
    client = client_for(person)
    assert client.get("/account/logout/").status_code == 405
    assert "_auth_user_id" in client.session
    assert client.post("/account/logout/").headers["Location"] == LOGIN
    assert "_auth_user_id" not in client.session


def test_posting_without_a_token_is_refused_with_a_way_out(person: User) -> None:
    response = Client(enforce_csrf_checks=True).post(LOGIN, {"username": person.username, "password": PASSWORD})
    assert response.status_code == 403
    assert "reload the page" in response.content.decode()


def test_a_temporary_password_leads_to_choosing_ones_own(client: Client, person: User) -> None:
    User.objects.filter(pk=person.pk).update(password_is_temporary=True)
    response = sign_in(client, person.username, next="/account/")
    assert response.headers["Location"] == reverse("accounts:password")
    assert "Choose one that only you know" in client.get(response.headers["Location"]).content.decode()
