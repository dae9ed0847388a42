"""Guessing passwords is slow."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.throttle import client_address
from tests.factories.accounts import make_user
from vitrine.access import Role

PASSWORD = "blue-mug-on-a-shelf"
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.99"
Guess = Callable[..., HttpResponse]


@pytest.fixture
def person(db: None) -> User:
    return make_user(Role.RATER, password=PASSWORD)


def guess(name: str, password: str = "wrong", address: str = HERE, **headers: Any) -> Any:
    return Client(REMOTE_ADDR=address, **headers).post("/account/login/", {"username": name, "password": password})


def signed_in(response: HttpResponse) -> bool:
    return response.status_code == 302


def test_the_fifth_wrong_password_locks_even_the_right_one_out(person: User) -> None:
    assert [guess(person.username).status_code for _ in range(5)] == [200, 200, 200, 200, 429]
    assert guess(person.username, PASSWORD).status_code == 429


def test_the_lock_page_says_how_long_and_the_way_out(person: User) -> None:
    for _ in range(4):
        guess(person.username)
    response = guess(person.username)
    page = response.content.decode()
    assert "about <strong>15 minutes</strong>" in page
    assert "An operator can let you in" in page
    assert 890 <= int(response.headers["Retry-After"]) <= 900


def test_a_name_that_nobody_has_locks_in_the_same_way(db: None) -> None:
    assert [guess("no-such-name").status_code for _ in range(5)] == [200, 200, 200, 200, 429]


def test_another_browser_is_no_way_round(person: User) -> None:
    for number in range(5):
        guess(person.username, HTTP_USER_AGENT=f"browser {number}")
    assert guess(person.username, PASSWORD, HTTP_USER_AGENT="fresh").status_code == 429


def test_another_person_and_another_address_are_not_locked(person: User) -> None:
    colleague = make_user(Role.RATER, password=PASSWORD)
    for _ in range(5):
        guess(person.username)
    assert signed_in(guess(colleague.username, PASSWORD))
    assert signed_in(guess(person.username, PASSWORD, ELSEWHERE))


def test_it_opens_after_the_cool_off_and_failing_meanwhile_does_not_put_that_off(person: User) -> None:
    for _ in range(5):
        guess(person.username)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    assert guess(person.username).status_code == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert signed_in(guess(person.username, PASSWORD))


def test_spraying_one_password_over_many_names_locks_the_address(person: User, settings: Settings) -> None:
    settings.AXES_ADDRESS_FAILURE_LIMIT = 12
    statuses = [guess(f"name-{number}").status_code for number in range(12)]
    assert statuses == [200] * 11 + [429]
    assert guess(person.username, PASSWORD).status_code == 429
    assert signed_in(guess(person.username, PASSWORD, ELSEWHERE))


def test_signing_in_with_an_own_account_does_not_reset_the_addresses_count(person: User, settings: Settings) -> None:
    settings.AXES_ADDRESS_FAILURE_LIMIT = 6
    for number in range(5):
        guess(f"name-{number}")
    assert signed_in(guess(person.username, PASSWORD))
    assert guess("name-9").status_code == 429


def test_signing_in_clears_the_own_failures(person: User) -> None:
    for _ in range(4):
        guess(person.username)
    assert signed_in(guess(person.username, PASSWORD))
    assert guess(person.username).status_code == 200


def test_no_password_is_kept(person: User) -> None:
    guess(person.username, "tell-nobody-this")
    assert "tell-nobody-this" not in str(AccessAttempt.objects.values().get())


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "expected"),
    [
        (0, HERE, "", HERE),
        (0, HERE, "203.0.113.5", HERE),  # no proxy is trusted
        (1, "10.0.0.1", "203.0.113.5", "203.0.113.5"),
        (1, "10.0.0.1", "1.2.3.4, 203.0.113.5", "203.0.113.5"),  # the client made the first one up
        (2, "10.0.0.1", "1.2.3.4, 203.0.113.5, 10.0.0.2", "203.0.113.5"),
        (2, "10.0.0.1", "203.0.113.5", "10.0.0.1"),  # it did not come through both proxies
        (1, "10.0.0.1", "rubbish", None),
        (0, "", "", None),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"),
        (0, "::ffff:192.0.2.7", "", "192.0.2.7"),
    ],
)
def test_whose_address_counts(
    settings: Settings, proxies: int, remote: str, forwarded: str, expected: str | None
) -> None:
    settings.PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == expected
