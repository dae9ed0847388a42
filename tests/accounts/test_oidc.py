"""Signing in with an organisation's accounts, against a small provider that really signs, listens and answers."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db.models.signals import pre_save
from django.test import Client
from joserfc import jwt
from joserfc.jwk import RSAKey

from accounts import oidc
from accounts.exceptions import AccountError
from accounts.models import Identity, User
from accounts.services import Claims, create_user, person_of
from tests.factories.accounts import make_user
from tests.factories.at_once import twice_at_once
from vitrine.access import Role, roles_of

pytestmark = pytest.mark.django_db
KEY, OTHER_KEY = (RSAKey.generate_key(2048, {"kid": "one"}) for _ in range(2))
ADA = {"sub": "a-1", "preferred_username": "ada", "email": "ada@example.org", "email_verified": True}


class Provider(ThreadingHTTPServer):
    """One client, one person; `spoil` changes the claims of the next ID token, `changed` the provider's description."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.person: dict[str, Any] = ADA
        self.key = self.published = KEY
        self.changed: dict[str, Any] = {}
        self.spoil: dict[str, Any] = {}
        self.asked: dict[str, str] = {}
        self.used: list[dict[str, str]] = []

    def description(self) -> dict[str, Any]:
        paths = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "keys"}
        urls = {name: f"{self.issuer}/{path}" for name, path in paths.items()}
        algorithms = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
        return {"issuer": self.issuer, **algorithms, **urls, **self.changed}

    def token(self, sent: dict[str, str]) -> dict[str, Any]:
        self.used.append(sent)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "vitrine", "iat": now, "exp": now + 60, "nonce": self.asked["nonce"]}
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims | self.person | self.spoil, self.key)
        return {"access_token": "x", "token_type": "Bearer", "id_token": signed}


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        keys = {"keys": [self.server.published.as_dict(private=False)]}
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


def test_keys_that_changed_are_read_at_the_next_try(client: Client, provider: Provider) -> None:
    sign_in(Client(), provider)
    provider.key = provider.published = OTHER_KEY
    assert "did not sign you in" in said(sign_in(client, provider), client)
    sign_in(client, provider)
    assert whoever_is_in(client) == "ada"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"id_token_signing_alg_values_supported": ["HS256"]}, "no way that this site takes (HS256)"),
        ({"id_token_signing_alg_values_supported": []}, "no way that this site takes (none)"),
        ({"id_token_signing_alg_values_supported": None}, "did not sign you in"),
        ({"jwks_uri": None}, "did not sign you in"),
        ({"jwks_uri": 7}, "did not sign you in"),
        ({"token_endpoint": None}, "did not sign you in"),
        ({"token_endpoint": ["token"]}, "did not sign you in"),
    ],
    ids=str,
)
def test_a_provider_that_is_set_up_wrongly(
    client: Client, provider: Provider, changed: dict[str, Any], why: str
) -> None:
    provider.changed = changed
    assert why in said(sign_in(client, provider), client)
    assert not User.objects.exists()
    provider.changed = {}
    oidc._client.cache_clear()
    assert sign_in(client, provider).headers["Location"] == "/"


@pytest.mark.parametrize("described", [[], "soon", None, {}, {"authorization_endpoint": 7}], ids=str)
def test_a_description_of_another_shape_is_read_again(client: Client, provider: Provider, described: Any) -> None:
    provider.description = lambda: described  # type: ignore[method-assign]
    assert "does not answer" in said(client.get("/account/oidc/"), client)
    del provider.description  # type: ignore[misc]
    sign_in(client, provider)
    assert whoever_is_in(client) == "ada"


@pytest.mark.parametrize("changed", [{"state": "forged"}, {"error": "access_denied"}], ids=["forged", "refused"])
def test_an_answer_to_nothing_that_was_asked(client: Client, provider: Provider, changed: dict[str, str]) -> None:
    assert "did not sign you in" in said(sign_in(client, provider, **changed), client)
    assert (provider.used, whoever_is_in(client)) == ([], None)


def test_the_same_answer_twice_signs_in_once(client: Client, provider: Provider) -> None:
    sign_in(client, provider)
    again = client.get("/account/oidc/end/", {"code": "c-1", "state": provider.asked["state"]})
    assert again.headers["Location"] == "/account/login/"
    assert len(provider.used) == 1


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "foo", "home"])
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


def test_who_was_entered_by_an_operator_needs_no_password(client: Client, provider: Provider) -> None:
    entered = create_user(name="lovelace", password="blue-mug-on-a-shelf", roles=[Role.RATER], email=ADA["email"])
    assert entered.password_is_temporary
    assert sign_in(client, provider, "?next=/rate/").headers["Location"] == "/rate/"
    assert whoever_is_in(client) == "lovelace"
    assert client.get("/rate/").status_code == 200
    assert client.get("/api/rate/mine.csv").status_code == 200
    entered.refresh_from_db()
    assert (entered.password_is_temporary, entered.has_usable_password()) == (False, False)


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


def test_an_address_finds_nobody_who_is_somebody_else_to_the_provider() -> None:
    first = person_of(claims(email="ada@example.org", email_verified=True), role="rater")
    other = claims(subject="t", email="ada@example.org", email_verified=True)
    assert person_of(other, role="rater") != first
    assert first.identities.get().subject == "s"
    with pytest.raises(AccountError, match="no account here yet"):
        person_of(claims(subject="u", email="ada@example.org", email_verified=True))


def test_an_address_finds_who_is_known_to_another_provider() -> None:
    first = person_of(claims(email="ada@example.org", email_verified=True), role="rater")
    elsewhere = claims(issuer="https://other.example", email="ada@example.org", email_verified=True)
    assert person_of(elsewhere) == first
    assert first.identities.count() == 2


@pytest.mark.parametrize(("name", "longest"), [("subject", 255), ("email", 254)])
def test_what_is_too_long_to_be_kept(name: str, longest: int) -> None:
    assert getattr(claims(**{name: "x" * longest}), name)
    person_of(claims(email_verified=True, **{name: "x" * longest}), role="rater")
    with pytest.raises(AccountError, match=f"Your {name} there has over {longest} characters"):
        person_of(claims(**{name: "x" * (longest + 1)}), role="rater")


def test_a_name_that_is_taken_at_that_moment() -> None:
    """A sign-in that another overtakes is done once more, and finds what there is by then."""
    overtaken: list[User] = []

    def overtake(instance: User, **_: Any) -> None:
        if not overtaken:
            overtaken.append(instance)
            User.objects.bulk_create([User(username=instance.username)])

    pre_save.connect(overtake, sender=User)
    try:
        person = person_of(claims(), role="rater")
    finally:
        pre_save.disconnect(overtake, sender=User)
    assert (overtaken[0].pk, person.username, User.objects.count()) == (None, "ada", 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_same_new_person_twice_at_once() -> None:
    found = twice_at_once(lambda: person_of(claims(), role="rater").pk, User)
    assert found == set(User.objects.values_list("pk", flat=True))
    assert Identity.objects.count() == 1


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
