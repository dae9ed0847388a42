"""Sends what webhooks are to be told: signed, with back-off, and never to an address inside the own network.

Who does not answer holds nobody up: a round gives each host so many seconds and leaves a webhook at its first failure;
with each failure in a row it is left alone for longer, and after a day and a half of nothing else it is switched off.

A host's name is looked up once for each call, every address that it has must be a public one, and the connection goes
to that very address: a name that changes its mind between the check and the call gains nothing.
"""

import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic, time
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from raters.models import Delivery, Webhook
from raters.models.webhooks import Event

AT_ONCE = 200  # deliveries of one webhook in one round
SECONDS = 10  # for the whole of one call, connecting and answering
HOST_SECONDS, ROUND_SECONDS = 20, 60  # after which no further call is begun in a round: to one host, and at all
# Between the attempts of one delivery, and between the failures of one webhook.
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 1440))
SWITCHED_OFF_AFTER = timedelta(hours=34)  # of failures alone, and more than BACK_OFF has
CLAIMED = timedelta(minutes=10)  # a delivery whose sender died is due again after that
GONE = 410  # never again, of this delivery
SWITCHED_OFF = "The webhook was switched off."
NETWORK_ERRORS = (OSError, http.client.HTTPException)  # OSError has timeouts, refusals, TLS and look-ups under it
# An IPv4 address lies in the last four bytes of these: translated, or written in the oldest way.
_TRANSLATED = [ipaddress.ip_network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")]

_AS_IT_IS = "%/?:@!$&'()*+,;=-._~"  # all else in a path or a query is sent as bytes in percent


class AddressRefused(Exception):
    """The host is, or may be, inside the own network."""


@dataclass(frozen=True)
class Target:
    """Where a call goes: the name is for TLS and the Host header, the address is what is connected to."""

    https: bool
    host: str
    port: int
    path: str
    address: str


def send_due(now: datetime | None = None) -> dict[str, int]:
    """Send what is due, to those first who answered well; returns how many were taken and how many were not."""
    now = now or timezone.now()
    told = {"sent": 0, "failed": 0}
    Delivery.objects.filter(due_at__lte=now, webhook__active=False).update(due_at=None, problem=SWITCHED_OFF)
    spent = _Spent()
    for webhook in _waiting(now):
        host = urlsplit(webhook.url).netloc
        for delivery in _due_to(webhook, now):
            if not spent.leaves_time(host):
                break
            if not _claim(delivery, now):
                continue
            with spent.on(host):
                good = send(delivery)
            told["sent" if good else "failed"] += 1
            if not good:
                break
    return told


def is_due() -> bool:
    """Whether a round would find anything to do."""
    due, now = Delivery.objects.filter(due_at__lte=timezone.now()), timezone.now()
    return due.filter(_may_be_sent(now) | Q(webhook__active=False)).exists()


class _Spent:
    """The seconds that a round has spent on each host."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._on: dict[str, float] = {}

    def leaves_time(self, host: str) -> bool:
        return self._on.get(host, 0.0) < HOST_SECONDS and monotonic() - self._began < ROUND_SECONDS

    @contextmanager
    def on(self, host: str) -> Iterator[None]:
        began = monotonic()
        yield
        self._on[host] = self._on.get(host, 0.0) + monotonic() - began


def _may_be_sent(now: datetime) -> Q:
    """Of deliveries: their webhook is not left alone now; a test, for which somebody waits, is sent all the same."""
    return Q(webhook__quiet_until=None) | Q(webhook__quiet_until__lte=now) | Q(event=Event.PING)


def _waiting(now: datetime) -> list[Webhook]:
    due = Delivery.objects.filter(_may_be_sent(now), webhook=OuterRef("pk"), due_at__lte=now)
    return list(Webhook.objects.filter(Exists(due), active=True).order_by("failures", "pk"))


def _due_to(webhook: Webhook, now: datetime) -> list[Delivery]:
    rows = Delivery.objects.filter(_may_be_sent(now), webhook=webhook, due_at__lte=now)
    return list(rows.select_related("webhook").order_by("due_at", "pk")[:AT_ONCE])


def send(delivery: Delivery) -> bool:
    """Make one attempt and keep what came of it. Answers from 200 to 299 are good; nothing is followed."""
    webhook = delivery.webhook
    try:
        status = _post(target_of(webhook.url), body_of(delivery), headers_of(delivery))
    except AddressRefused as refusal:
        return _failed(delivery, str(refusal))
    except NETWORK_ERRORS as error:
        return _failed(delivery, f"{type(error).__name__}: {error}")
    if 200 <= status < 300:
        _note(delivery, sent_at=timezone.now(), due_at=None, status=status, problem="")
        well = {"failures": 0, "failing_since": None, "quiet_until": None, "problem": ""}
        Webhook.objects.filter(pk=webhook.pk).update(told_at=timezone.now(), **well)
        return True
    return _failed(delivery, f"It answered {status}.", status=status, again=status != GONE)


def body_of(delivery: Delivery) -> bytes:
    told = {"event": delivery.event, "delivery": str(delivery.uuid), "at": delivery.created_at, **delivery.payload}
    return json.dumps(told, cls=DjangoJSONEncoder, separators=(",", ":")).encode()


def headers_of(delivery: Delivery, at: int | None = None) -> dict[str, str]:
    """`X-Vitrine-Signature: t=<seconds>,v1=<HMAC-SHA256 of "t.body">`: with the time signed, nothing is replayed."""
    seconds = int(time()) if at is None else at
    return {
        "Content-Type": "application/json",
        "User-Agent": "Vitrine-Webhook/1",
        "X-Vitrine-Event": delivery.event,
        "X-Vitrine-Delivery": str(delivery.uuid),
        "X-Vitrine-Signature": f"t={seconds},v1={signature(delivery.webhook.secret, seconds, body_of(delivery))}",
    }


def signature(secret: str, seconds: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()


def target_of(url: str) -> Target:
    """Look the host up and choose its first address. Raises AddressRefused when any of them is not public."""
    parts = urlsplit(url)
    https = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if https else 80)
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except UnicodeError:
        raise AddressRefused(f"{host} is no name of a host.") from None
    inside = [address for address in found if not is_public(address)]
    if inside and not settings.WEBHOOKS_TO_PRIVATE:
        raise AddressRefused(f"{host} is at {inside[0]}, which is not a public address: nothing is sent there.")
    path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_AS_IT_IS)
    return Target(https, host, port, path, found[0])


def is_public(address: str) -> bool:
    """Whether an address lies outside every private, local and reserved range; of one inside another, the inner."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and any(ip in network for network in _TRANSLATED):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return ip.is_global and not ip.is_multicast


def _post(target: Target, body: bytes, headers: dict[str, str]) -> int:
    connection = _Pinned(target)
    over = threading.Timer(SECONDS, connection.abort)
    over.start()
    try:
        connection.request("POST", target.path, body, headers)
        with connection.getresponse() as response:
            return response.status  # what else it says is not read
    finally:
        over.cancel()
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to the address that was checked, under the name that was asked for."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port, timeout=SECONDS)
        self._target = target
        if target.https:
            self.default_port = 443

    def connect(self) -> None:
        address = (self._target.address, self._target.port)
        self.sock: socket.socket | None = socket.create_connection(address, timeout=SECONDS)
        if self._target.https:
            # The handshake comes once `abort` can see the socket: it, too, may be answered a byte at a time.
            tls = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=self._target.host, do_handshake_on_connect=False
            )
            self.sock = tls
            tls.do_handshake()

    def abort(self) -> None:
        """Break off from another thread, for who answers a byte at a time would hold all others up."""
        if (held := self.sock) is not None:
            with suppress(OSError):  # it has ended by itself meanwhile
                socket.socket.shutdown(held, socket.SHUT_RDWR)  # the TLS one's own would pull the rug from a reader


def _claim(delivery: Delivery, now: datetime) -> bool:
    """Take a delivery for this sender; another that has read the same row gets nothing."""
    mine = Delivery.objects.filter(pk=delivery.pk, due_at=delivery.due_at, webhook__active=True)
    taken = mine.update(due_at=now + CLAIMED, attempts=F("attempts") + 1)
    if taken:
        delivery.attempts += 1
    return bool(taken)


def _failed(delivery: Delivery, problem: str, *, status: int | None = None, again: bool = True) -> bool:
    tries = delivery.attempts
    if delivery.event == Event.PING:  # a person looks at the page: one answer, and nothing is switched off for it
        _note(delivery, due_at=None, status=status, problem=problem[:500])
        return False
    over = not again or tries > len(BACK_OFF)
    due = None if over else timezone.now() + BACK_OFF[tries - 1]
    _note(delivery, due_at=due, status=status, problem=problem[:500])
    _leave_alone(delivery.webhook_id, problem)
    return False


@transaction.atomic
def _leave_alone(pk: int, problem: str) -> None:
    """For longer with each failure in a row, and for good after many over a long time."""
    row, now = Webhook.objects.select_for_update().filter(pk=pk).first(), timezone.now()
    if row is None:  # forgotten meanwhile
        return
    row.failures += 1
    row.failing_since = row.failing_since or now
    row.quiet_until = now + BACK_OFF[min(row.failures, len(BACK_OFF)) - 1]
    row.problem = problem[:500]
    if row.failures > len(BACK_OFF) and now - row.failing_since >= SWITCHED_OFF_AFTER:
        row.active = False
    row.save(update_fields=["failures", "failing_since", "quiet_until", "problem", "active"])


def _note(delivery: Delivery, **changed: Any) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(**changed)
