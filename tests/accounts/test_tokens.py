"""Tokens: a program acts as who made one, under /api/ alone, until it is revoked; nobody can read it again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.exceptions import AccountError
from accounts.models import ApiToken, User

ClientFor = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_a_program_is_the_person_with_their_roles(operator: User, rater: User) -> None:
    for person, status in ((operator, 200), (rater, 403)):
        _, text = tokens.make_token(person, "script")
        assert Client().get("/api/products/", headers=bearer(text)).status_code == status


def test_it_needs_no_csrf_token_and_a_session_still_does(operator: User) -> None:
    _, text = tokens.make_token(operator, "script")
    strict = Client(enforce_csrf_checks=True)
    body, kind = {"name": "By a program"}, "application/json"
    assert strict.post("/api/campaigns/", body, content_type=kind, headers=bearer(text)).status_code == 201
    strict.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    assert strict.post("/api/campaigns/", body, content_type=kind).status_code == 403


def test_it_opens_no_page(operator: User) -> None:
    _, text = tokens.make_token(operator, "script")
    assert Client().get("/campaigns/", headers=bearer(text)).status_code == 302


@pytest.mark.parametrize("name", ["unknown", "revoked", "expired", "inactive", "empty"])
def test_what_does_not_work(operator: User, name: str) -> None:
    row, text = tokens.make_token(operator, "script")
    if name == "unknown":
        text += "x"
    if name == "revoked":
        tokens.revoke(operator, row.pk)
    if name == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    if name == "inactive":
        User.objects.filter(pk=operator.pk).update(is_active=False)
    answer = Client().get("/api/products/", headers=bearer("" if name == "empty" else text))
    assert answer.status_code == 401
    assert "Make a new one" in answer.json()["detail"]


def test_only_a_hash_is_kept(operator: User) -> None:
    row, text = tokens.make_token(operator, "script")
    stored = "".join(str(value) for value in ApiToken.objects.values_list().get(pk=row.pk))
    assert text not in stored
    assert text[10:] not in stored
    assert row.start == text[:10]


def test_its_last_use_is_noted(operator: User) -> None:
    row, text = tokens.make_token(operator, "script")
    Client().get("/api/products/", headers=bearer(text))
    row.refresh_from_db()
    assert row.used_at is not None


def test_the_page_shows_a_new_one_once(client_for: ClientFor, operator: User) -> None:
    client = client_for(operator)
    page = client.post("/account/tokens/", {"name": "Nightly export", "days": "30"})
    text = page.context["text"]
    assert text in page.content.decode()
    assert page.headers["Cache-Control"].startswith("max-age=0")
    assert text not in client.get("/account/tokens/").content.decode()
    until = ApiToken.objects.get().expires_at
    assert until is not None
    assert 29 <= (until - timezone.now()).days <= 30


def test_one_revokes_ones_own_alone(client_for: ClientFor, operator: User, analyst: User) -> None:
    row, _ = tokens.make_token(operator, "script")
    assert client_for(analyst).post(f"/account/tokens/{row.pk}/revoke/").status_code == 404
    assert client_for(operator).post(f"/account/tokens/{row.pk}/revoke/").status_code == 302
    assert not tokens.standing(operator).exists()


@pytest.mark.parametrize(("name", "sentence"), [("  ", "Say what the token is for"), ("x" * 81, "up to 80 characters")])
def test_a_token_has_a_name(operator: User, name: str, sentence: str) -> None:
    with pytest.raises(AccountError, match=sentence):
        tokens.make_token(operator, name)


def test_not_more_than_a_person_can_oversee(operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_TOKENS", 1)
    tokens.make_token(operator, "script")
    with pytest.raises(AccountError, match="revoke one first"):
        tokens.make_token(operator, "another")


def test_calls_are_limited(operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.cache import cache  # noqa: PLC0415 - of this test alone
    from rest_framework.throttling import UserRateThrottle  # noqa: PLC0415

    cache.clear()
    rates: dict[str, Any] = {"user": "3/min"}
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", rates)
    _, text = tokens.make_token(operator, "script")
    answers = [Client().get("/api/webhooks/", headers=bearer(text)) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    cache.clear()
