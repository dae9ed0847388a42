"""What Prometheus reads, who may read it, and that gunicorn's processes are summed."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from jobs.models import Job, Queue, State
from vitrine.management.commands.up import free_port

TOKEN = "t0ken-" + "abcdefghijklmnopqrstuvwxyz"
ClientFor = Callable[[User | None], Client]


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return samples(text).get((name, frozenset(labels.items())), 0.0)


def job(**fields: object) -> Job:
    return Job.objects.create(**{"kind": "test", **fields})


def test_operators_may_read_and_others_may_not(
    client_for: ClientFor, operator: User, analyst: User, rater: User
) -> None:
    assert client_for(operator).get("/metrics").status_code == 200
    assert client_for(analyst).get("/metrics").status_code == 403
    assert client_for(rater).get("/metrics").status_code == 403
    nobody = client_for(None).get("/metrics")
    assert nobody.status_code == 401
    assert nobody["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("header", "status"),
    [(f"Bearer {TOKEN}", 200), (f"bearer {TOKEN}", 200), (f"Bearer {TOKEN}x", 401), ("Bearer ", 401), (TOKEN, 401)],
)
def test_the_token_opens_it(settings: Settings, client: Client, header: str, status: int, db: None) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics", headers={"Authorization": header}).status_code == status


def test_without_a_token_no_bearer_gets_in(settings: Settings, client: Client, db: None) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def test_requests_are_counted_by_view_and_never_by_path(client_for: ClientFor, operator: User) -> None:
    client = client_for(operator)
    before = client.get("/metrics").content.decode()
    for path in ("/account/", "/no/such/page-1", "/no/such/page-2"):
        client.get(path)
    after = client.get("/metrics").content.decode()

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert grown("vitrine_http_requests_total", view="accounts:account", method="GET", status="200") == 1
    assert grown("vitrine_http_requests_total", view="none", method="GET", status="404") == 2
    assert grown("vitrine_http_request_seconds_count", view="accounts:account", method="GET") == 1
    assert "page-1" not in after


def test_strange_verbs_share_one_label(client_for: ClientFor, operator: User) -> None:
    client = client_for(operator)
    client.generic("BREW", "/account/")
    assert "BREW" not in client.get("/metrics").content.decode()


def test_jobs_by_queue_and_state(client_for: ClientFor, operator: User) -> None:
    now = timezone.now()
    old = job(queue=Queue.CPU)
    Job.objects.filter(pk=old.pk).update(created_at=now - timedelta(seconds=90))
    job(queue=Queue.CPU, waiting_on=1)
    job(queue=Queue.CPU, run_after=now + timedelta(hours=1))
    job(
        queue=Queue.GPU, state=State.RUNNING, worker="gpu@box", lease_until=now, heartbeat_at=now - timedelta(seconds=7)
    )
    job(queue=Queue.CPU, state=State.SUCCEEDED, finished_at=now)
    text = client_for(operator).get("/metrics").content.decode()
    assert value(text, "vitrine_jobs", queue="cpu", state="ready") == 1
    assert value(text, "vitrine_jobs", queue="cpu", state="queued") == 3
    assert value(text, "vitrine_jobs", queue="gpu", state="running") == 1
    assert value(text, "vitrine_jobs_oldest_ready_seconds", queue="cpu") == pytest.approx(90, abs=5)
    assert value(text, "vitrine_jobs_oldest_ready_seconds", queue="gpu") == 0
    assert value(text, "vitrine_worker_heartbeat_age_seconds", worker="gpu@box") == pytest.approx(7, abs=5)


def test_a_job_that_waited_for_its_time_is_not_old(client_for: ClientFor, operator: User) -> None:
    now = timezone.now()
    waited = job(run_after=now - timedelta(seconds=3))
    Job.objects.filter(pk=waited.pk).update(created_at=now - timedelta(hours=1))
    text = client_for(operator).get("/metrics").content.decode()
    assert value(text, "vitrine_jobs_oldest_ready_seconds", queue="cpu") < 30


def test_the_number_of_queries_does_not_grow(
    client_for: ClientFor, operator: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    Job.objects.bulk_create(Job(kind="test") for _ in range(200))
    client = client_for(operator)
    with django_assert_max_num_queries(20):
        assert client.get("/metrics").status_code == 200


def test_gunicorns_processes_are_summed(tmp_path: Path) -> None:
    """40 requests over two processes are 40 in whichever of them answers."""
    port = free_port("127.0.0.1", 18_000, chosen=False)
    variables = {
        **os.environ,
        "VITRINE_DATA_DIR": str(tmp_path),
        "VITRINE_PORT": str(port),
        "VITRINE_WEB_WORKERS": "2",
        "VITRINE_METRICS_TOKEN": TOKEN,
        "DATABASE_URL": "",
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=variables, check=True)
    gunicorn = [str(Path(sys.executable).parent / "gunicorn"), "-c", "python:vitrine.serving", "vitrine.wsgi"]
    server = subprocess.Popen(gunicorn, env=variables, stderr=subprocess.PIPE, text=True)
    try:
        _await(port)
        for _ in range(40):
            urlopen(f"http://127.0.0.1:{port}/account/login/").close()
        request = Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        for _ in range(5):
            with urlopen(request) as answer:  # noqa: S310
                text = answer.read().decode()
            counted = value(text, "vitrine_http_requests_total", view="accounts:login", method="GET", status="200")
            assert counted == 40
    finally:
        server.terminate()
        _, log = server.communicate(timeout=40)
    booted = re.findall(r"INFO gunicorn.error Booting worker", log)
    assert len(booted) == 2
    assert len(re.findall("GET /account/login/ 200", log)) == 40  # one line each, from both processes, in one format


def _await(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urlopen(f"http://127.0.0.1:{port}/healthz").close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("gunicorn did not answer within 30 s")
