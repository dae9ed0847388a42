"""How quick the product list and product pages are at 1,000,000 products: python benchmarks/pages.py [--folder F]

Fills a SQLite catalogue once (kept in the folder for the next time), starts gunicorn with two workers on it, asks for
each kind of page over loopback with a signed-in session, and prints p50 and p95. Then, in this process, the number of
queries and the database time of each kind, on a small catalogue and on the big one. With DATABASE_URL set to a
PostgreSQL database of its own (it is filled, too), database time is measured there instead, without the web server.
"""

# ruff: noqa: PLC0415 - Django is set up once the environment is known

import argparse
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT), str(ROOT / "benchmarks")]
SMALL = 1_000


def kinds(count: int) -> dict[str, str]:
    """Addresses by kind of page, for a catalogue of that many products (see catalogue.py)."""
    half, rare = count // 2, "&type=170"
    return {
        "list": "/products/",
        "list, deep": f"/products/?after={half}",
        "list, oldest first": "/products/?order=oldest",
        "list, back": f"/products/?before={half}",
        "type, large": "/products/?type=1",
        "type, rare": "/products/?type=170",
        "type, none, deep": f"/products/?type=none&after={half}",
        "word, common": "/products/?q=mug",
        "word, common, deep": f"/products/?q=mug&after={half}",
        "word, rare": "/products/?q=B000007919",
        "word, none such": "/products/?q=zzzzqq",
        "prefix, 1 letter": "/products/?q=b",
        "prefix, 4 letters": "/products/?q=bott",
        "common word + rare type": f"/products/?q=mug{rare}",
        "common word + large type": "/products/?q=mug&type=1",
        "3 common words": "/products/?q=for+the+home",
        "2 common words, none": "/products/?q=mug+chair",
        "2 longer common words, none": "/products/?q=modern+wooden",
        "source, old": "/products/?source=abo",
        "source + large type": "/products/?source=abo&type=1",
        "source + word": "/products/?source=abo&q=mug",
        "without photos": "/products/?photos=none",
        "without photos + word": "/products/?photos=none&q=mug",
        "product with photos": f"/products/{count}/",
        "product without": f"/products/{half}/",
    }


@contextmanager
def gunicorn(port: int, environment: dict[str, str]) -> Iterator[None]:
    """The site on loopback with two workers, as in production, until the block ends."""
    command = [sys.executable, "-m", "gunicorn", "vitrine.wsgi", "--workers", "2", "--bind", f"127.0.0.1:{port}"]
    server = subprocess.Popen([*command, "--log-level", "error"], cwd=ROOT / "platform", env=environment)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def session_cookie() -> str:
    """A signed-in operator's cookie."""
    from django.conf import settings
    from django.contrib.auth.models import Group
    from django.test import Client

    from accounts.models import User

    user, _ = User.objects.get_or_create(username="benchmark")
    user.groups.set(Group.objects.filter(name="operator"))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def timed(times: int, call: Callable[[], Any]) -> list[float]:
    """Milliseconds of each of `times` calls, after one that warms."""
    call()
    found = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        found.append((time.perf_counter() - started) * 1000)
    return found


def over_http(port: int, cookie: str, url: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", url, headers={"Cookie": cookie})
    response = connection.getresponse()
    response.read()
    connection.close()
    if response.status != 200:
        sys.exit(f"{url} answered {response.status}")


class Watch:
    """A wrapper of queries that keeps the milliseconds of each."""

    def __init__(self) -> None:
        self.spent: list[float] = []

    def __call__(self, execute: Callable[..., Any], *call: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(*call)
        finally:
            self.spent.append((time.perf_counter() - started) * 1000)


def in_process(cookie: str, url: str) -> tuple[int, float]:
    """How many queries a page takes, and their time in milliseconds (the least of 5: the rest is the machine's)."""
    from django.db import connection
    from django.test import Client

    client = Client(headers={"Cookie": cookie}, SERVER_NAME="127.0.0.1")
    found = []
    for _ in range(5):
        watch = Watch()
        with connection.execute_wrapper(watch):
            status = client.get(url).status_code
        if status != 200:
            sys.exit(f"{url} answered {status}")
        found.append((len(watch.spent), sum(watch.spent)))
    return min(found, key=lambda pair: pair[1])


def measure_http(port: int, cookie: str, count: int, times: int) -> None:
    print(f"\nOver loopback, gunicorn with 2 workers, {count:,} products, {times} requests each (ms)")
    print(f"{'page':28}{'p50':>8}{'p95':>8}{'max':>8}")
    everything: list[float] = []
    for name, url in kinds(count).items():
        found = sorted(timed(times, lambda url=url: over_http(port, cookie, url)))  # type: ignore[misc]
        everything += found
        p95 = statistics.quantiles(found, n=20)[18]
        print(f"{name:28}{statistics.median(found):8.1f}{p95:8.1f}{found[-1]:8.1f}")
    p95 = statistics.quantiles(everything, n=20)[18]
    print(f"{'all':28}{statistics.median(everything):8.1f}{p95:8.1f}{max(everything):8.1f}")


def measure_queries(cookie: str, count: int) -> dict[str, tuple[int, float]]:
    return {name: in_process(cookie, url) for name, url in kinds(count).items()}


def setup(count: int) -> None:
    """Django on the environment's database, filled up to `count`."""
    import django

    django.setup()
    import catalogue
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    catalogue.fill(count)


def report_queries(small: dict[str, tuple[int, float]], big: dict[str, tuple[int, float]], count: int) -> None:
    print(f"\nQueries and database time per page (ms), at {SMALL:,} and at {count:,} products")
    print(f"{'page':28}{'queries':>9}{'':>5}{'time':>9}{'':>9}")
    for name, (queries, spent) in big.items():
        print(f"{name:28}{small[name][0]:9}{queries:5}{small[name][1]:9.1f}{spent:9.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--folder", type=Path, default=Path(gettempdir()) / "vitrine-pages", help="keeps the catalogues"
    )
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=40, help="for each kind of page")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--only-queries", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    count = options.only_queries or options.products
    os.environ["DJANGO_SETTINGS_MODULE"] = "vitrine.settings"
    os.environ["VITRINE_DATA_DIR"] = str(options.folder / str(count))
    os.environ["VITRINE_LOG_LEVEL"] = "WARNING"
    setup(count)
    cookie = session_cookie()
    big = measure_queries(cookie, count)
    if options.only_queries:
        print(repr(big))
        return
    on_postgres = "DATABASE_URL" in os.environ
    small = big
    if not on_postgres:
        again = [sys.executable, __file__, "--folder", str(options.folder), "--only-queries", str(SMALL)]
        import ast

        small = ast.literal_eval(subprocess.run(again, check=True, capture_output=True, text=True).stdout)
        with gunicorn(options.port, dict(os.environ)):
            measure_http(options.port, cookie, count, options.requests)
    report_queries(small, big, count)


if __name__ == "__main__":
    main()
