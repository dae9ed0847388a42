"""Rating through a real gunicorn: is every image rated exactly as often as asked, and what does a rating cost?

    python benchmarks/rating.py [--postgres postgresql://user@host:port] [--only drains,kills,speed,big,lease,import]

SQLite by default; with --postgres a database is made on that server and dropped at the end. `drains` empty campaigns of
60 and 30 images with 8 and 64 raters, with and without think time; `kills` does so while the server is killed with
kill -9 and clients repeat their requests. `speed` tells server CPU per rating and latencies for 1 and 8 raters on
2,000 images; `big` the same on 100,000; `lease` 200 raters at once on --tasks images (1,000,000); `import` how fast
images are added. CPU times are compared, not walls, on a machine that does other work as well.
"""

# ruff: noqa: PLC0415 - Django is set up once the environment is known

import argparse
import os
import random
import re
import signal
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.rating_site import (  # noqa: E402 - the path first
    Client,
    PostgresDatabase,
    Server,
    audit,
    make_campaign,
    make_large_campaign,
    make_raters,
    set_up,
)

KEYS = ("product", "logo", "use", "size", "surroundings", "placement", "safety", "business")
ANSWERS = ("yes", "yes", "yes", "maybe", "no", "unclear")
IDLE_LOOKS = 12  # a quarter of a second apart: others may give something back
HEAD = f"{'exact':>7}{'over':>6}{'under':>7}{'doubles':>9}{'errors':>8}{'retries':>9}{'seconds':>9}"
PARTS = ("drains", "kills", "speed", "big", "lease", "import")
LINE = re.compile(r"POST /rate/\d+/(\w+) (\d+) (\d+) ms")


@dataclass
class Driven:
    """What clients saw, in milliseconds, and what they did."""

    next: list[float] = field(default_factory=list)
    submit: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    ratings: int = 0
    retries: int = 0
    repeated: int = 0
    seconds: float = 0.0


def drive(clients: list[Client], per_rater: int, think: tuple[float, float] | None = None) -> Driven:
    """Rate with all clients at once until each has done its number or there is nothing left for it."""
    done, lock = Driven(), threading.Lock()

    def work(client: Client, seed: int) -> None:
        mine = Driven()
        try:
            _Rater(client, think, random.Random(seed), mine).rate(per_rater)  # noqa: S311 - no secret
        except Exception as error:  # noqa: BLE001 - told in the table
            mine.errors.append(repr(error))
        with lock:
            for name in ("next", "submit", "refused", "errors"):
                getattr(done, name).extend(getattr(mine, name))
            done.ratings += mine.ratings
            done.repeated += mine.repeated
            done.retries += client.retries

    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=(client, number)) for number, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.seconds = time.perf_counter() - began
    return done


@dataclass
class _Rater:
    """One rater: what is next, answer, submit (which says what is next), until nothing comes for a while."""

    client: Client
    think: tuple[float, float] | None
    chance: random.Random
    mine: Driven
    seen: set[str] = field(default_factory=set)

    def rate(self, most: int) -> None:
        idle = 0
        _, body, ms = self.client.call("next")
        self.mine.next.append(ms)
        while self.mine.ratings < most and idle < IDLE_LOOKS:
            if body.get("task") is None:
                idle += 1
                time.sleep(0.25)
                _, body, _ = self.client.call("next")
            else:
                idle = 0
                body = self.submit(body["task"]["assignment"])
        self.client.call("leave")

    def submit(self, assignment: str) -> dict[str, Any]:
        if self.think:
            time.sleep(self.chance.uniform(*self.think))
        answers = {key: self.chance.choice(ANSWERS) for key in KEYS}
        sent = {"assignment": assignment, "request_id": str(uuid.uuid4()), "answers": answers, "active_ms": 900}
        status, body, ms = self.client.call("submit", **sent, times=dict.fromkeys(KEYS, 100))
        if status != HTTPStatus.OK:
            self.mine.refused.append(body.get("refused", str(status)))
            return self.client.call("next")[1]
        self.mine.submit.append(ms)
        self.mine.ratings += 1
        self.mine.repeated += assignment in self.seen
        self.seen.add(assignment)
        return body


def percentile(values: list[float], percent: int) -> float:
    if len(values) < 2:
        return values[0] if values else float("nan")
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def drains(server: Server, scale: tuple[tuple[int, int], ...] = ((60, 8), (60, 64), (30, 8), (30, 64))) -> None:
    print(f"\n{'drain':<34}{HEAD}")
    for images, people in scale:
        for think in (None, (1.0, 3.0)):
            told = f"{images} images, {people} raters{', 1-3 s think' if think else ''}"
            _told(told, *_drained(server, images, people, think))


def kills(server: Server) -> None:
    print(f"\n{'drain while killed':<34}{HEAD}")
    for images, people in ((60, 8), (60, 64)):
        with Killer(server) as killer:
            found = _drained(server, images, people, (0.0, 1.0))
        _told(f"{images} images, {people} raters, {killer.count} kills", *found)


class Killer:
    """Kills the server with kill -9 every second or so, and starts it again, for as long as the block lasts."""

    def __init__(self, server: Server, most: int = 20) -> None:
        self.server, self.most, self.count = server, most, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Killer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        chance = random.Random(1)  # noqa: S311 - no secret
        while self.count < self.most and not self._stop.wait(chance.uniform(0.5, 1.5)):
            self.server.kill()
            self.server.start()
            self.count += 1


def _drained(server: Server, images: int, people: int, think: Any) -> tuple[Driven, dict[str, int]]:
    campaign = make_campaign(images, lease_minutes=1)
    clients = [Client(server.port, session, campaign) for session in make_raters(people)]
    return drive(clients, 10**6, think), audit(campaign)


def _told(name: str, done: Driven, found: dict[str, int]) -> None:
    figures = (found["exact"], found["over"], found["under"], found["doubles"], len(done.errors), done.retries)
    columns = "".join(f"{figure:>{width}}" for figure, width in zip(figures, (7, 6, 7, 9, 8, 9), strict=True))
    print(f"{name:<34}{columns}{done.seconds:>9.1f}", flush=True)
    _told_errors(done)


def _told_errors(done: Driven) -> None:
    for error in sorted(set(done.errors))[:3]:
        print("   ", error[:300])


def speed(server: Server, images: int, database_cpu: Callable[[], float]) -> None:
    names = f"{'CPU ms/rating':>14}{'next p50':>10}{'submit p50':>12}{'p95':>7}{'ratings/s':>11}{'database CPU':>14}"
    print(f"\n{f'{images:,} images':<20}{names}")
    for people, each in ((1, 60), (8, 40)):
        campaign = _campaign_of(images)
        clients = [Client(server.port, session, campaign) for session in make_raters(people)]
        drive(clients, 3)
        cpu, database = server.cpu(), database_cpu()
        done = drive(clients, each)
        count = max(1, done.ratings)
        cost, theirs = 1000 * (server.cpu() - cpu) / count, 1000 * (database_cpu() - database) / count
        submit = f"{percentile(done.submit, 50):>12.1f}{percentile(done.submit, 95):>7.0f}"
        rate = f"{done.ratings / done.seconds:>11.1f}"
        print(f"{f'{people} raters':<20}{cost:>14.1f}{percentile(done.next, 50):>10.1f}{submit}{rate}{theirs:>14.1f}")
        _told_errors(done)


_made: dict[int, int] = {}


def _campaign_of(images: int) -> int:
    if images not in _made:
        _made[images] = make_campaign(images)
    return _made[images]


def lease(server: Server, images: int, people: int = 200, each: int = 3) -> None:
    """Server time of `next` and `submit`, as the server's own log tells it, with so many raters at once.

    First as fast as they get images, where each waits for the others' CPU time on the same cores; then as people do,
    who look at an image for some seconds and rate it long before most of these are over.
    """
    campaign = make_large_campaign(images)
    clients = [Client(server.port, session, campaign) for session in make_raters(people)]
    drive(clients, 1)
    print(f"\n{images:,} open images, {people} raters at once")
    for told, think in (("no think time", None), ("5-10 s think", (5.0, 10.0))):
        start, cpu = server.log.stat().st_size, server.cpu()
        done = drive(clients, each, think)
        cost = 1000 * (server.cpu() - cpu) / max(1, done.ratings)
        rate = f"{done.ratings} ratings, {done.ratings / done.seconds:.1f}/s, {cost:.1f} ms of server CPU each"
        print(f"  {told}: {rate}; {len(done.errors)} errors, {len(done.refused)} refused")
        _told_errors(done)
        _told_server_times(server, start)
    _lease_alone(campaign)


def _told_server_times(server: Server, start: int) -> None:
    with server.log.open("rb") as log:
        log.seek(start)
        rows = LINE.findall(log.read().decode(errors="replace"))
    for name in ("next", "submit"):
        times = [float(ms) for call, status, ms in rows if call == name and status == "200"]
        if times:
            shown = f"p50 {percentile(times, 50):.0f} ms, p95 {percentile(times, 95):.0f} ms"
            print(f"    {name:<7} server time {shown} ({len(times)})", flush=True)


def _lease_alone(campaign: int, calls: int = 300) -> None:
    """The transaction alone, in this process: 200 raters in turn, each leasing one more image."""
    from raters.models import Campaign, CampaignRater, Rater
    from raters.services.rating import lease_next

    row = Campaign.objects.select_related("question_set").get(pk=campaign)
    raters = list(Rater.objects.filter(pk__in=CampaignRater.objects.filter(campaign=campaign).values("rater"))[:200])
    times = []
    for number in range(calls):
        began = time.perf_counter()
        lease_next(raters[number % len(raters)], row, hold=3 + number // len(raters))
        times.append(1000 * (time.perf_counter() - began))
    print(
        f"  the lease alone: p50 {percentile(times, 50):.1f} ms, p95 {percentile(times, 95):.1f} ms ({calls})",
        flush=True,
    )


def imported(images: int) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    make_campaign(images)
    wall, spent = time.perf_counter() - began, time.process_time() - cpu
    print(f"\nimport of {images:,} images: {images / wall:,.0f}/s, {images / spent:,.0f} per CPU second", flush=True)


def _postgres_cpu() -> float:
    """CPU seconds of all PostgreSQL processes on this machine; 0 where none is seen."""
    total = 0.0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                name = (entry / "comm").read_text().strip()
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if name.startswith("postgres"):
                total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", help="a server to make a database on; without it: SQLite")
    parser.add_argument("--only", default="drains,kills,speed", help=f"parts, of {', '.join(PARTS)}")
    parser.add_argument("--tasks", type=int, default=1_000_000, help="images for `lease`")
    options = parser.parse_args()
    wanted = options.only.split(",")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server and the database go, too
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vitrine-bench-rating-")))
        database = stack.enter_context(PostgresDatabase(options.postgres)) if options.postgres else ""
        server = Server(folder, set_up(folder, database))
        print(f"{'PostgreSQL' if database else 'SQLite'}, load {os.getloadavg()[0]:.1f}")
        if "import" in wanted:
            imported(50_000)
        server.start()
        stack.callback(server.stop)
        cpu = _postgres_cpu if database else lambda: 0.0
        parts: dict[str, Callable[[], object]] = {
            "drains": lambda: drains(server),
            "kills": lambda: kills(server),
            "speed": lambda: speed(server, 2_000, cpu),
            "big": lambda: speed(server, 100_000, cpu),
            "lease": lambda: lease(server, options.tasks),
        }
        for name, part in parts.items():
            if name in wanted:
                part()
        memory = ", ".join(f"{mb:.0f}" for mb in server.pss())
        print(f"memory of each web process, MB of PSS: {memory}; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
