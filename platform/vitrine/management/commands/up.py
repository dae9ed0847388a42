"""`manage.py up`: web, workers and scheduler in one terminal, until Ctrl-C."""

import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from vitrine.onlyone import OnlyOne
from vitrine.supervisor import Supervisor

PORTS_TRIED = 20


class Command(BaseCommand):
    help = "Start the web server, two workers and the scheduler, and stop all of them together (Ctrl-C)."

    def handle(self, *_: Any, **__: Any) -> None:
        up()


def up(banner: str = "", *, since: float | None = None, ready: Callable[[str], None] = lambda _: None) -> None:
    """Run until a signal comes or a process ends; shows the address, and `banner`, once the site answers.

    `since` is when the user asked for it, in Unix seconds, for the stopwatch in that message; `ready` is called with
    the address then.

    Exits with status 1 when a process ended by itself. Raises CommandError when the port is taken or another `up` uses
    the same data folder.
    """
    started = since or time.time()
    with OnlyOne(settings.DATA_DIR / "up.lock"):
        port = free_port(settings.WEB_HOST, settings.WEB_PORT, chosen=settings.WEB_PORT_CHOSEN)
        os.environ["VITRINE_PORT"] = str(port)
        supervisor = Supervisor(_commands())
        announced = False

        def announce() -> None:
            nonlocal announced
            if not announced and _answers(settings.WEB_HOST, port):
                announced = True
                address = f"Vitrine is at http://{_local(settings.WEB_HOST)}:{port}/"
                seconds = f"Ready {time.time() - started:.1f} s after the start. Ctrl-C stops everything."
                print(box([address, *banner.splitlines(), seconds]), flush=True)  # noqa: T201
                ready(address.rpartition(" ")[2])

        status = supervisor.run(announce)
    if status:
        sys.exit(status)


def free_port(host: str, port: int, *, chosen: bool) -> int:
    """The port, or the next free one where nobody chose it. Raises CommandError when there is none."""
    candidates = [port] if chosen else range(port, min(port + PORTS_TRIED, 65536))
    for candidate in candidates:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return candidate
    raise CommandError(
        f"Port {port} of {host} is in use or not allowed. Stop the program that has it, or take another: VITRINE_PORT="
        f"{min(port + 1, 65535)}."
    )


def box(lines: list[str]) -> str:
    """The lines in a frame."""
    width = max(map(len, lines))
    edge = "─" * (width + 2)
    return "\n".join(["", f"┌{edge}┐", *(f"│ {line:<{width}} │" for line in lines), f"└{edge}┘", ""])


def _commands() -> dict[str, list[str]]:
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    return {
        "web": [sys.executable, "-m", "gunicorn", "-c", "python:vitrine.serving", "vitrine.wsgi"],
        "worker": [*manage, "worker"],
        "live": [*manage, "worker", "--queue", "live"],
        "scheduler": [*manage, "scheduler"],
    }


def _local(host: str) -> str:
    """The address to type: a server that listens everywhere is reached here as localhost."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((_local(host).strip("[]"), port), timeout=0.2).close()
    except OSError:
        return False
    return True
