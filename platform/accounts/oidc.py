"""Signing in with an organisation's own accounts: OpenID Connect, where the settings name a provider.

Authlib does the exchange: state, nonce and PKCE against forged and replayed answers; signature, issuer, audience and
time of the ID token. Who that is here is decided by `services.person_of`.
"""

from functools import cache
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.exceptions import AccountError
from accounts.services import Claims, person_of
from vitrine.access import allow_anyone

BACKEND = "django.contrib.auth.backends.ModelBackend"
SECONDS = 10  # for one answer of the provider
# Signed with a key that only the provider has: what is signed with a shared secret, or not at all, is refused.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
NEXT = "oidc_next"  # in the session: where the person was going


@allow_anyone
@never_cache
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider, which sends it back to `end`."""
    client = _client_or_404()
    wanted = request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    try:
        answer: HttpResponse = client.authorize_redirect(request, _callback(request))
    except _errors() as error:
        _forget(error)
        return _failed(request, f"{settings.OIDC_NAME} does not answer. Try again later, or sign in with a password.")
    request.session[NEXT] = wanted if ours and wanted.startswith("/") else ""
    return answer


@allow_anyone
@never_cache
@require_safe
def end(request: HttpRequest) -> HttpResponse:
    """Sign in whom the provider vouches for, or say why not."""
    client = _client_or_404()
    try:
        claims = _claims(client, request)
    except _errors() as error:
        _forget(error)
        return _failed(request, f"{settings.OIDC_NAME} did not sign you in. Try again from this page.")
    except AccountError as refusal:
        return _failed(request, str(refusal))
    try:
        person = person_of(claims, role=settings.OIDC_ROLE)
    except AccountError as refusal:
        return _failed(request, str(refusal))
    wanted = request.session.pop(NEXT, "")
    login(request, person, backend=BACKEND)
    return HttpResponseRedirect(wanted or resolve_url(settings.LOGIN_REDIRECT_URL))


def _claims(client: Any, request: HttpRequest) -> Claims:
    """What the provider's ID token says of the person. Raises one of `_errors`, and AccountError."""
    metadata = client.load_server_metadata()
    offered = metadata.get("id_token_signing_alg_values_supported", ALGORITHMS)
    taken = [name for name in offered if name in ALGORITHMS]
    if not taken:  # an empty list would mean to Authlib: whatever is usual
        told = ", ".join(map(str, offered)) or "none"
        raise AccountError(
            f"{settings.OIDC_NAME} signs its answers in no way that this site takes ({told}). Ask an operator of this"
            f" site: there it has to be one of {', '.join(ALGORITHMS)}."
        )
    metadata["id_token_signing_alg_values_supported"] = taken
    needed = {
        "iss": {"essential": True, "values": [settings.OIDC_ISSUER]},
        "aud": {"essential": True, "values": [settings.OIDC_CLIENT_ID]},
    }
    told = client.authorize_access_token(request, claims_options=needed)["userinfo"]
    return Claims(
        issuer=settings.OIDC_ISSUER,
        subject=str(told["sub"]),
        name=str(told.get("preferred_username") or ""),
        email=str(told.get("email") or ""),
        email_verified=told.get("email_verified") is True,
    )


def _client_or_404() -> Any:
    if not settings.OIDC_ISSUER:
        raise Http404("This site signs nobody in elsewhere.")
    return _client(settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET)


@cache
def _client(issuer: str, client_id: str, secret: str) -> Any:
    """Reads the provider's description at its first use, and keeps it."""
    from authlib.integrations.django_client import OAuth  # noqa: PLC0415 - only sites that use it pay for it

    asked = {"scope": "openid email profile", "code_challenge_method": "S256", "default_timeout": SECONDS}
    return OAuth().register(
        "provider",
        client_id=client_id,
        client_secret=secret,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs=asked,
    )


def _errors() -> tuple[type[Exception], ...]:
    """What an answer that is late, wrong or forged may raise: of the network, OAuth, tokens, and missing parts."""
    from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415 - as above
    from joserfc.errors import JoseError  # noqa: PLC0415
    from requests import RequestException  # noqa: PLC0415

    wrong_shape = (TypeError, AttributeError, KeyError, ValueError)
    return (AuthlibBaseError, JoseError, RequestException, RuntimeError, *wrong_shape)


def _forget(error: Exception) -> None:
    """Have the provider's description and keys read anew: they may have changed, or were wrong when they were read.

    Not where what came back answers no question of ours: anybody can send that.
    """
    from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415 - as above

    if not isinstance(error, AuthlibBaseError):
        _client.cache_clear()


def _callback(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("accounts:oidc-end"))


def _failed(request: HttpRequest, why: str) -> HttpResponse:
    messages.error(request, why)
    return redirect("accounts:login")
