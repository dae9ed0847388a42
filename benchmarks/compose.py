"""docker-compose.yml without Docker: its own commands and variables as processes on servers of here, and a visit.

    .venv/bin/python benchmarks/compose.py --postgres postgresql://me@127.0.0.1:5432 --redis 127.0.0.1:6379/8

Of each service of ours the command and the variables are read from the file, what the image sets from the Dockerfile;
each has a data folder of its own, as its volume is, and `shared` is one folder. S3 is moto's server; nginx runs
deploy/nginx.conf with other ports. Then a photo is uploaded, background-swap is run on it, an image of it is rated, and
its verdict is asked for, by tokens through the proxy. A database is made for it and dropped; the Redis database has to
be empty, and is emptied.
"""

import argparse
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import psycopg
import redis
import requests
import yaml
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
IMAGE = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")
PHOTO = ROOT / "platform" / "catalog" / "data" / "sample_catalogue" / "photos"
PROFILE = "cpu"
SLOW = 600  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", required=True, help="a server, and somebody who may make a database there")
    parser.add_argument("--redis", required=True, help="host:port/number")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="vitrine-compose-"))
    try:
        with database(options.postgres) as postgres, broker(options.redis) as redis_url, bucket() as store:
            Site(folder, postgres, redis_url, store).show()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(server: str) -> Iterator[str]:
    name = f"vitrine_compose_{secrets.token_hex(4)}"
    with psycopg.connect(f"{server.rstrip('/')}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{server.rstrip('/')}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def broker(address: str) -> Iterator[str]:
    client = redis.Redis.from_url(f"redis://{address}")
    if client.dbsize():
        sys.exit(f"The Redis database {address} is not empty; name another.")
    try:
        yield f"redis://{address}"
    finally:
        client.flushdb()


@contextmanager
def bucket() -> Iterator[int]:
    """An S3 server with the bucket of the file; its port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    port = int(server.get_host_and_port()[1])
    name = COMPOSE["services"]["store"]["environment"]["S3_BUCKET"]
    boto3.client(
        "s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
        aws_access_key_id="key", aws_secret_access_key="secret",  # noqa: S106 - a server of this run's own
    ).create_bucket(Bucket=name)  # fmt: skip
    try:
        yield port
    finally:
        server.stop()


class Site:
    """The services of ours as processes, and the proxy before them."""

    def __init__(self, folder: Path, postgres: str, broker_url: str, store: int) -> None:
        self.folder, self.web, self.proxy = folder, free_port(), free_port()
        self.told = {
            "VITRINE_SECRET_KEY": secrets.token_urlsafe(60), "VITRINE_ALLOWED_HOSTS": "127.0.0.1",
            "POSTGRES_PASSWORD": "x", "REDIS_PASSWORD": "x", "S3_KEY": "key", "S3_SECRET": "secret",
        }  # fmt: skip
        self.places = {
            re.compile(r"^postgresql://.*"): postgres,
            re.compile(r"^redis://.*"): broker_url,
            re.compile(r"store:8333"): f"127.0.0.1:{store}",
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def show(self) -> None:
        began = time.monotonic()
        try:
            self.prepare()
            for name, service in COMPOSE["services"].items():
                if ours(service) and name != "migrate" and PROFILE in service.get("profiles", [PROFILE]):
                    self.start(name, service)
            self.start_proxy()
            visit = Visit(f"http://127.0.0.1:{self.proxy}", self)
            for what in (visit.is_ready, visit.sign_up, visit.upload, visit.run, visit.rate, visit.verdict):
                said = what()
                print(f"{time.monotonic() - began:7.1f} s  {said}", flush=True)
            if ended := [name for name, process in self.running.items() if process.poll() is not None]:
                sys.exit(f"Ended by itself: {', '.join(ended)}.\n{self.logs(ended)}")
            print(f"{time.monotonic() - began:7.1f} s  still running: {', '.join(self.running)}")
        except (OSError, RuntimeError):
            print(self.logs(list(self.running)), file=sys.stderr)
            raise
        finally:
            for process in reversed(self.running.values()):
                process.terminate()
            for process in self.running.values():
                end(process)

    def prepare(self) -> None:
        """As when the image is built, and as the service migrate does."""
        (self.folder / "shared").mkdir()
        migrate = COMPOSE["services"]["migrate"]
        subprocess.run(
            ["python", "manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
            cwd=ROOT, env=self.environment("migrate", migrate), check=True,
        )  # fmt: skip
        subprocess.run(migrate["command"], cwd=ROOT, env=self.environment("migrate", migrate), check=True, stdout=2)

    def manage(self, *arguments: str, typed: str = "") -> str:
        """What `docker compose exec web python manage.py …` says."""
        own = self.environment("web", COMPOSE["services"]["web"])
        return subprocess.run(
            ["python", "manage.py", *arguments], cwd=ROOT, env=own, check=True, capture_output=True, text=True,
            input=typed,
        ).stdout  # fmt: skip

    def start(self, name: str, service: dict[str, Any]) -> None:
        command = service.get("command") or json.loads(re.findall(r"^CMD (\[.*\])$", IMAGE, re.M)[-1])
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment(name, service), stdout=log, stderr=subprocess.STDOUT
            )

    def start_proxy(self) -> None:
        text = (ROOT / "deploy" / "nginx.conf").read_text()
        for before, after in (
            ("server web:8000", f"server 127.0.0.1:{self.web}"), ("listen 8080", f"listen 127.0.0.1:{self.proxy}"),
            ("pid /tmp/nginx.pid", f"pid {self.folder}/nginx.pid"),
        ):  # fmt: skip
            text = text.replace(before, after)
        (self.folder / "nginx.conf").write_text(text)
        with (self.folder / "proxy.log").open("wb") as log:
            self.running["proxy"] = subprocess.Popen(
                ["nginx", "-c", str(self.folder / "nginx.conf"), "-g", "daemon off;"],
                stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "PATH": f"/usr/sbin:{os.environ['PATH']}"},
            )  # fmt: skip

    def environment(self, name: str, service: dict[str, Any]) -> dict[str, str]:
        """What the container would see, with its folders and servers where they are here."""
        image = dict(re.findall(r"\b(VITRINE_\w+|NUMBA_CACHE_DIR|TMPDIR)=(\S+)", IMAGE))
        told = {
            **image,
            **{key: VARIABLE.sub(self.filled, str(value)) for key, value in service["environment"].items()},
        }
        data = self.folder / name
        for folder in (data, data / "tmp"):
            folder.mkdir(exist_ok=True)
        here = {"/var/lib/vitrine": data, "/shared": self.folder / "shared", "/srv/static": self.folder / "static",
                "/imports": self.folder / "imports"}  # fmt: skip
        moved = {re.compile(rf"^{there}\b"): str(place) for there, place in here.items()}
        for pattern, place in (self.places | moved).items():
            told = {key: pattern.sub(place, value) for key, value in told.items()}
        path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
        return {"PATH": path, "HOME": "/nonexistent", "LANG": "C.UTF-8", "VITRINE_PORT": str(self.web)} | told

    def filled(self, found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if kind == "?" and not self.told.get(name):
            sys.exit(f"{name} has no value: {rest}")
        return self.told.get(name) or (rest if kind == "-" else "")

    def logs(self, names: list[str]) -> str:
        return "\n".join(f"--- {name}\n{(self.folder / f'{name}.log').read_text()[-3000:]}" for name in names)


class Visit:
    """Programs with tokens do what people do on pages; each act says what came of it."""

    def __init__(self, address: str, site: Site) -> None:
        self.address, self.site = address, site
        self.tokens: dict[str, str] = {}
        self.product = self.run_id = self.campaign = 0

    def is_ready(self) -> str:
        """Through the proxy, once everything is there."""
        said = ""
        for _ in range(SLOW):
            try:
                answer = requests.get(f"{self.address}/readyz", headers={"X-Forwarded-Proto": "https"}, timeout=10)
            except requests.RequestException as error:
                said = type(error).__name__
            else:
                if answer.ok:
                    return f"ready: {', '.join(answer.json().get('checks', answer.json()))}"
                said = answer.text[:500]
            time.sleep(1)
        raise RuntimeError(f"The site is not ready: {said}")

    def sign_up(self) -> str:
        for name, role in (("olga", "operator"), ("rita", "rater")):
            self.site.manage("create_user", name, "--role", role, typed=f"{secrets.token_urlsafe(16)}\n")
            code = (
                "from accounts.models import User; from accounts.tokens import make_token;"
                f" print(make_token(User.objects.get(username='{name}'), 'a visit')[1])"
            )
            self.tokens[role] = self.site.manage("shell", "-c", code).split()[-1]
        return "an operator and a rater have tokens"

    def upload(self) -> str:
        made = self.ask("operator", "products/", {"title": "A mug with a star", "type": "mug"})
        self.product = made["id"]
        with (PHOTO / "mug-star-front.webp").open("rb") as file:
            photo = self.ask("operator", f"products/{self.product}/photos/", files={"file": file})
        return f"a photo of {photo['width']} by {photo['height']} pixels is kept"

    def run(self) -> str:
        wish = {"product": self.product, "method": "background-swap", "candidates": 2}
        self.run_id = self.ask("operator", "runs/", wish)["id"]
        for _ in range(SLOW):
            row = self.ask("operator", f"runs/{self.run_id}/")
            if row["state"] not in ("planned", "running"):
                break
            time.sleep(1)
        if row["state"] != "succeeded":
            raise RuntimeError(f"The run is {row['state']}: {row.get('problem')}")
        found = self.ask("operator", f"runs/{self.run_id}/candidates/")["results"]
        return f"the run by the set {row['model_set']} has succeeded with {len(found)} images"

    def rate(self) -> str:
        self.campaign = self.ask("operator", "campaigns/", {"name": "A visit", "raters_per_image": 1})["id"]
        self.ask("operator", f"campaigns/{self.campaign}/images/", {"runs": [self.run_id]})
        self.ask("operator", f"campaigns/{self.campaign}/do/open/", {})
        asked = self.ask("rater", f"rate/{self.campaign}/")["questions"]
        task = self.ask("rater", f"rate/{self.campaign}/next/", {})["task"]
        picture = self.get("rater", f"rate/pictures/{task['assignment']}")
        answers = {question["key"]: "yes" for question in asked}
        told = {"assignment": task["assignment"], "request_id": str(uuid.uuid4()), "answers": answers}
        self.ask("rater", f"rate/{self.campaign}/submit/", told)
        return f"an image of {len(picture.content):,} bytes from the store is rated"

    def verdict(self) -> str:
        (row,) = self.ask("operator", f"campaigns/{self.campaign}/verdicts/?final=true")["results"]
        return f"its verdict: {row['outcome']}"

    def ask(self, role: str, path: str, sent: Any = None, **options: Any) -> Any:
        """The JSON of an answer; a POST where something is sent."""
        return self.get(role, path, sent, **options).json()

    def get(self, role: str, path: str, sent: Any = None, **options: Any) -> requests.Response:
        method = "GET" if sent is None and not options else "POST"
        headers = {"Authorization": f"Bearer {self.tokens[role]}", "X-Forwarded-Proto": "https"}
        answer = requests.request(
            method, f"{self.address}/api/{path}", json=sent, headers=headers, timeout=120, **options
        )
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer


def end(process: "subprocess.Popen[bytes]") -> None:
    """See a process to its end, which it was asked for; one that takes a minute is killed."""
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def ours(service: dict[str, Any]) -> bool:
    return str(service["image"]).startswith("vitrine:")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
