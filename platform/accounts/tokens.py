"""Tokens for programs: `Authorization: Bearer vit_…` on an address under /api/ is the person who made the token.

A token is 32 random bytes, so a fast hash keeps it safe: there is nothing to guess.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.exceptions import AccountError
from accounts.models import ApiToken, User

PREFIX = "vit_"
MOST_TOKENS = 20
USED_EVERY = timedelta(minutes=1)
_REFUSAL = "This token is unknown, has expired or was revoked. Make a new one on your account's page."


def make_token(user: User, name: str, *, expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    """A token of this person, and the text of it, which nobody can read again. Raises AccountError."""
    if not name.strip() or len(name) > 80:
        raise AccountError("Say what the token is for, in up to 80 characters.")
    if standing(user).count() >= MOST_TOKENS:
        raise AccountError(f"You have {MOST_TOKENS} tokens already: revoke one first.")
    text = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(user=user, name=name.strip(), hash=_hash(text), start=text[:10], expires_at=expires_at)
    row.save()
    return row, text


def standing(user: User) -> Any:
    """The person's tokens that work."""
    alive = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return ApiToken.objects.filter(alive, user=user, revoked_at=None)


def revoke(user: User, pk: int) -> int:
    """End one of the person's own tokens; returns how many were ended."""
    return ApiToken.objects.filter(user=user, pk=pk, revoked_at=None).update(revoked_at=timezone.now())


def holder(text: str) -> ApiToken | None:
    """The token's row with its person, if it works; notes that it was used."""
    found = ApiToken.objects.select_related("user").filter(hash=_hash(text), revoked_at=None).first()
    now = timezone.now()
    if found is None or not found.user.is_active or (found.expires_at and found.expires_at <= now):
        return None
    if found.used_at is None or found.used_at < now - USED_EVERY:
        ApiToken.objects.filter(pk=found.pk).update(used_at=now)
    return found


class TokenMiddleware:
    """Makes the holder of a token the user of a call under /api/; runs after the session's own user is known.

    A call with a token carries no cookie's authority, so that it needs no CSRF token either.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer" and request.path.startswith("/api/"):
            token = holder(text.strip())
            if token is None:
                return JsonResponse({"detail": _REFUSAL, "errors": {}}, status=401)
            request.user = token.user
            request.api_token = token  # type: ignore[attr-defined]
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        return self.get_response(request)


class TokenAuthentication(BaseAuthentication):
    """Tells DRF of the person whom TokenMiddleware has found."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        token = getattr(request._request, "api_token", None)
        return None if token is None else (token.user, token)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
