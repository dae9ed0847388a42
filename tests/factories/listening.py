"""A listener on this machine that webhooks are told, for tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from django.utils import timezone

from raters.models import Campaign, Delivery, Webhook
from tests.factories import rating as made

BOTH = ["verdict.final", "campaign.closed"]


class Heard(HTTPServer):
    """A listener on this machine: keeps what it is sent, and answers `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.calls: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?a=1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.calls.append(({"path": self.path, **dict(self.headers)}, body))
        self.send_response(server.status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""


@contextmanager
def listening() -> Iterator[Heard]:
    """A listener for as long as the context lasts."""
    server = Heard()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def decided(count: int = 1) -> Campaign:
    """A campaign of so many images, each with its final verdict."""
    campaign = made.make_campaign(count)
    for _ in range(3):
        rater = made.make_rater()
        for _ in range(count):
            made.rate(rater, campaign)
    return campaign


def due_again() -> None:
    """As if every wait was over."""
    Delivery.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    Webhook.objects.update(quiet_until=None)


def minutes_until(moment: datetime | None) -> int | None:
    return round((moment - timezone.now()).total_seconds() / 60) if moment else None
