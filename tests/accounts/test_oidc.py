"""Signing in with an organisation's accounts, against a small provider that really signs, listens and answers."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from joserfc import jwt
from joserfc.jwk import RSAKey

from accounts import oidc
from accounts.exceptions import AccountError
from accounts.models import Identity, User
from accounts.services import Claims, person_of
from tests.factories.accounts import make_user
from vitrine.access import Role, roles_of

pytestmark = pytest.mark.django_db
KEY, OTHER_KEY = (RSAKey.generate_key(2048, {"kid": "one"}) for _ in range(2))
ADA = {"sub": "a-1", "preferred_username": "ada", "email": "ada@example.org", "email_verified": True}


class Provider(ThreadingHTTPServer):
    """One client, one person, codes that are good once; `spoil` changes the claims of the next ID token."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.person: dict[str, Any] = ADA
        self.key = KEY
        self.spoil: dict[str, Any] = {}
        self.asked: dict[str, str] = {}
        self.used: list[dict[str, str]] = []

    def description(self) -> dict[str, Any]:
        paths = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "keys"}
        urls = {name: f"{self.issuer}/{path}" for name, path in paths.items()}
        return {"issuer": self.issuer, "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"], **urls}

    def token(self, sent: dict[str, str]) -> dict[str, Any]:
        self.used.append(sent)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "vitrine", "iat": now, "exp": now + 60, "nonce": self.asked["nonce"]}
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims | self.person | self.spoil, self.key)
        return {"access_token": "x", "token_type": "Bearer", "id_token": signed}


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        keys = {"keys": [KEY.as_dict(private=False)]}
        self._answer(keys if self.path == "/keys" else self.server.description())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(self.server.token({name: values[0] for name, values in parse_qs(body).items()}))

    def _answer(self, told: dict[str, Any]) -> None:
        data = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = server.issuer, "vitrine", "secret"
    settings.OIDC_NAME, settings.OIDC_ROLE = "Example Ltd", "rater"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
    oidc._client.cache_clear()


def sign_in(client: Client, provider: Provider, where: str = "", **changed: str) -> Any:
    """As a browser does it; `changed` is what comes back otherwise than it should."""
    sent = client.get(f"/account/oidc/{where}")
    provider.asked = {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["Location"]).query).items()}
    back = {"code": "c-1", "state": provider.asked["state"]} | changed
    return client.get("/account/oidc/end/", back)


def whoever_is_in(client: Client) -> str | None:
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk).username if pk else None


def said(answer: Any, client: Client) -> str:
    assert answer.headers["Location"] == "/account/login/"
    return str(client.get("/account/login/").content.decode())


def test_a_new_person_gets_in_with_the_role_and_no_password(client: Client, provider: Provider) -> None:
    answer = sign_in(client, provider, "?next=/rate/")
    assert (answer.status_code, answer.headers["Location"], whoever_is_in(client)) == (302, "/rate/", "ada")
    person = User.objects.get()
    assert (person.has_usable_password(), roles_of(person), person.email) == (False, {Role.RATER}, "ada@example.org")
    assert (provider.asked["redirect_uri"], provider.asked["response_type"]) == (
        "http://testserver/account/oidc/end/",
        "code",
    )
    assert provider.asked["code_challenge_method"] == "S256"
    assert provider.used[0]["code_verifier"]


def test_known_again_by_the_subject_whatever_name_they_have_now(client: Client, provider: Provider) -> None:
    sign_in(client, provider)
    provider.person = ADA | {"preferred_username": "countess", "email": "other@example.org"}
    sign_in(Client(), provider)
    assert (User.objects.count(), Identity.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    "spoil",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another-site"},
        {"nonce": "another"},
        {"exp": 1_000_000_000},
        {"sub": None},
    ],
    ids=lambda spoil: next(iter(spoil)),
)
def test_a_token_that_is_not_for_this_sign_in(client: Client, provider: Provider, spoil: dict[str, Any]) -> None:
    provider.spoil = spoil
    assert "Example Ltd did not sign you in" in said(sign_in(client, provider), client)
    assert not User.objects.exists()


def test_a_token_that_somebody_else_signed(client: Client, provider: Provider) -> None:
    provider.key = OTHER_KEY
    assert "did not sign you in" in said(sign_in(client, provider), client)
    assert not User.objects.exists()


@pytest.mark.parametrize("changed", [{"state": "forged"}, {"error": "access_denied"}], ids=["forged", "refused"])
def test_an_answer_to_nothing_that_was_asked(client: Client, provider: Provider, changed: dict[str, str]) -> None:
    assert "did not sign you in" in said(sign_in(client, provider, **changed), client)
    assert (provider.used, whoever_is_in(client)) == ([], None)


def test_the_same_answer_twice_signs_in_once(client: Client, provider: Provider) -> None:
    sign_in(client, provider)
    again = client.get("/account/oidc/end/", {"code": "c-1", "state": provider.asked["state"]})
    assert again.headers["Location"] == "/account/login/"
    assert len(provider.used) == 1


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere(client: Client, provider: Provider, where: str) -> None:
    assert sign_in(client, provider, f"?next={where}").headers["Location"] == "/"


def test_a_provider_that_is_down(client: Client, settings: Any) -> None:
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID = "http://127.0.0.1:9", "down"
    assert "does not answer" in said(client.get("/account/oidc/"), client)


def test_the_button_is_there_where_a_provider_is(client: Client, provider: Provider, settings: Any) -> None:
    page = client.get("/account/login/?next=/rate/").content.decode()
    assert "Sign in with Example Ltd" in page
    assert "/account/oidc/?next=/rate/" in page
    settings.OIDC_ISSUER = ""
    assert "Example Ltd" not in client.get("/account/login/").content.decode()
    assert client.get("/account/oidc/").status_code == 404


def claims(**fields: Any) -> Claims:
    return Claims(**{"issuer": "https://id.example", "subject": "s", "name": "ada", **fields})


@pytest.mark.parametrize(
    ("verified", "superuser", "found"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_whom_a_verified_address_finds(verified: bool, superuser: bool, found: bool) -> None:
    user = make_user(Role.ANALYST)
    User.objects.filter(pk=user.pk).update(email="Ada@example.org", is_superuser=superuser)
    person = person_of(claims(email="ada@example.org", email_verified=verified), role="rater")
    assert (person == user) is found


def test_an_address_that_two_people_have_finds_nobody() -> None:
    for _ in range(2):
        User.objects.filter(pk=make_user(Role.RATER).pk).update(email="ada@example.org")
    with pytest.raises(AccountError, match="no account here yet"):
        person_of(claims(email="ada@example.org", email_verified=True))


def test_who_is_switched_off_stays_out() -> None:
    person = person_of(claims(), role="rater")
    User.objects.filter(pk=person.pk).update(is_active=False)
    with pytest.raises(AccountError, match="switched off"):
        person_of(claims(), role="rater")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, "ada-2"),
        ({"name": "", "email": "grace@example.org"}, "grace"),
        ({"name": "Ada L/ovelace"}, "Ada-L-ovelace"),
        ({"name": ""}, "person"),
    ],
)
def test_names_are_free_and_can_be_typed(fields: dict[str, str], name: str) -> None:
    User.objects.create_user("ADA")
    person = person_of(claims(**fields), role="rater")
    person.full_clean(exclude=["password"])
    assert person.username == name
