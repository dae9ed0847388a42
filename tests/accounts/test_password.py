"""Changing one's own password."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.factories.accounts import make_user
from vitrine.access import Role

OLD, NEW = "blue-mug-on-a-shelf", "green-lamp-by-a-window"
PAGE = "/account/password/"


@pytest.fixture
def person(db: None) -> User:
    return make_user(Role.RATER, password=OLD)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def change(client: Client, old: str = OLD, new: str = NEW, again: str | None = None) -> Any:
    return client.post(PAGE, {"old_password": old, "new_password1": new, "new_password2": again or new})


def test_the_new_password_counts_and_the_old_one_does_not(person: User) -> None:
    response = change(signed_in(person))
    assert response.headers["Location"] == "/account/"
    person.refresh_from_db()
    assert person.check_password(NEW)


def test_other_sessions_end_and_this_one_stays(person: User) -> None:
    here, elsewhere = signed_in(person), signed_in(person)
    change(here)
    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302


def test_a_chosen_password_is_no_longer_temporary(person: User) -> None:
    User.objects.filter(pk=person.pk).update(password_is_temporary=True)
    change(signed_in(person))
    person.refresh_from_db()
    assert not person.password_is_temporary


@pytest.mark.parametrize(
    ("old", "new", "again", "sentence"),
    [
        ("wrong", NEW, None, "That is not your present password."),
        (OLD, NEW, "something-else-1", "The two new passwords differ."),
        (OLD, "12345678", None, "too common"),
        (OLD, "short1", None, "too short"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(
    person: User, old: str, new: str, again: str | None, sentence: str
) -> None:
    response = change(signed_in(person), old, new, again)
    assert sentence in response.content.decode()
    person.refresh_from_db()
    assert person.check_password(OLD)


def test_visitors_are_sent_to_sign_in(db: None) -> None:
    assert Client().get(PAGE).headers["Location"] == f"/account/login/?next={PAGE}"


def test_the_present_password_is_no_new_one(person: User) -> None:
    User.objects.filter(pk=person.pk).update(password_is_temporary=True)
    assert "That is your present password" in change(signed_in(person), new=OLD).content.decode()
    person.refresh_from_db()
    assert person.password_is_temporary


def test_wrong_present_passwords_are_counted_as_at_signing_in(person: User) -> None:
    client = signed_in(person)
    codes = [change(client, old=f"guess-{number}").status_code for number in range(6)]
    assert codes[:4] == [200] * 4
    assert codes[-1] == 429
    assert change(client).status_code == 429
    person.refresh_from_db()
    assert person.check_password(OLD)


@pytest.mark.django_db
def test_until_it_is_replaced_a_temporary_password_opens_no_other_page() -> None:
    operator = make_user(Role.OPERATOR, password=OLD)
    User.objects.filter(pk=operator.pk).update(password_is_temporary=True)
    client = signed_in(operator)
    for page in ("/", "/account/", "/products/", "/admin/", "/admin/accounts/user/"):
        assert client.get(page).headers.get("Location") == PAGE, page
    assert client.post("/products/new/", {"title": "A mug"}).headers["Location"] == PAGE
    call = client.get("/api/products/")
    assert (call.status_code, PAGE in call.json()["detail"]) == (403, True)
    swap = client.get("/products/", headers={"HX-Request": "true"})
    assert (swap.status_code, swap.headers["HX-Redirect"]) == (403, PAGE)
    assert client.get("/healthz").status_code == 200
    assert "Choose one that only you know" in client.get(PAGE).content.decode()
    change(client)
    assert client.get("/products/").status_code == 200


def test_who_has_a_temporary_password_may_sign_out(person: User) -> None:
    User.objects.filter(pk=person.pk).update(password_is_temporary=True)
    assert signed_in(person).post("/account/logout/").headers["Location"] == "/account/login/"
