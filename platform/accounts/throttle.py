"""Guessing passwords is slow: five wrong ones for a name from an address, or fifty for any names, and it waits.

django-axes counts the failures per name and address; this adds the limit per address, which a person who tries one
common password on every name would otherwise never meet. Signing in clears the count of the own name only, so an
attacker cannot reset the address's count with an account of their own.
"""

import ipaddress
from datetime import timedelta
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username, get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, Sum
from django.http import HttpRequest
from django.utils import timezone

IPV6_SITE = 64  # bits: one customer gets a whole /64, so its addresses count as one


class LoginThrottle(AxesDatabaseHandler):  # type: ignore[misc]
    """Django-axes' handler with a second limit, AXES_ADDRESS_FAILURE_LIMIT, over all names of one address."""

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """Failures of this name from this address; the limit itself once the address as a whole has used up its own."""
        failures = int(super().get_failures(request, credentials))
        if failures < settings.AXES_FAILURE_LIMIT and _failures_of_address(request) >= _address_limit():
            return settings.AXES_FAILURE_LIMIT
        return failures


def client_address(request: HttpRequest) -> str | None:
    """The address that failures are counted for; None where the server does not know it (a Unix socket).

    Behind PROXY_COUNT proxies it is the entry that the outermost of ours appended to X-Forwarded-For; what stands left
    of that was written by the client and is not believed.
    """
    address = request.META.get("REMOTE_ADDR", "")
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    if settings.PROXY_COUNT and len(hops) >= settings.PROXY_COUNT:
        address = hops[-settings.PROXY_COUNT]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, IPV6_SITE), strict=False).network_address)
    return str(parsed)


def time_until_open(request: Any, credentials: dict[str, Any] | None) -> timedelta:
    """How long a locked-out client has to wait, from zero to the whole cool-off."""
    attempts = AccessAttempt.objects.filter(ip_address=request.axes_ip_address)
    if _failures_of_address(request) < _address_limit():
        attempts = attempts.filter(username=get_client_username(request, credentials))
    last = attempts.aggregate(last=Max("attempt_time"))["last"] or timezone.now()
    cool_off: timedelta = get_cool_off(request) or timedelta()
    return min(cool_off, max(timedelta(), last + cool_off - timezone.now()))


def _failures_of_address(request: Any) -> int:
    recent = AccessAttempt.objects.filter(
        ip_address=request.axes_ip_address, attempt_time__gte=get_cool_off_threshold(request)
    )
    return recent.aggregate(total=Sum("failures_since_start"))["total"] or 0


def _address_limit() -> int:
    return int(settings.AXES_ADDRESS_FAILURE_LIMIT)
