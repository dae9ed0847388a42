"""/healthz and /readyz: open to all, quick whatever hangs, and silent about what is inside."""

import threading
import time
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from kombu import Connection
from pytest_django import DjangoAssertNumQueries, Settings

from vitrine import addresses, health
from vitrine.celery import app
from vitrine.health import Finding, NotReadyError, Prober


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer kept from the test before."""
    monkeypatch.setattr(health, "_prober", Prober(health.CHECKS))


def test_healthz_answers_without_the_database(client: Client) -> None:
    # No `db` here: pytest-django fails the test at the first query.
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert response["Cache-Control"].startswith("max-age=0, no-cache")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_only_reading_is_allowed(client: Client, path: str, db: None) -> None:
    assert client.post(path).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_ready_when_all_is_well(client: Client) -> None:
    response = client.get("/readyz")
    body = response.json()
    assert response.status_code == 200, body
    assert body["ready"] is True
    assert set(body["checks"]) == {"database", "storage", "broker", "static files"}
    assert all(check["ok"] and check["ms"] >= 0 and check["says"].endswith(".") for check in body["checks"].values())


@pytest.mark.django_db(transaction=True)
def test_not_ready_while_a_migration_is_missing(client: Client) -> None:
    recorder = MigrationRecorder(connection)
    newest = MigrationLoader(connection).graph.leaf_nodes("accounts")[0]
    recorder.record_unapplied(*newest)
    try:
        response = client.get("/readyz")
    finally:
        recorder.record_applied(*newest)
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == {
        "ok": False,
        "says": "The database answers but lacks migrations: run manage.py migrate.",
        "ms": response.json()["checks"]["database"]["ms"],
    }


@pytest.mark.django_db(transaction=True)
def test_not_ready_when_storage_broker_and_database_fail_and_no_word_of_why(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("secret-host:5432 user=hunter2")

    monkeypatch.setattr(default_storage, "save", fail)
    monkeypatch.setattr(app, "connection_for_write", fail)
    monkeypatch.setattr(health, "MigrationExecutor", fail)
    response = client.get("/readyz")
    assert response.status_code == 503
    checks = response.json()["checks"]
    assert [name for name, check in checks.items() if not check["ok"]] == ["database", "storage", "broker"]
    assert checks["broker"]["says"] == "The broker cannot be used; the log of this process says why."
    assert "hunter2" not in response.content.decode()
    assert "hunter2" in caplog.text


def test_the_storage_check_leaves_nothing_behind() -> None:
    assert health.check_storage() == "The file store takes and gives back files."
    assert default_storage.listdir("health")[1] == []


def test_a_broker_that_is_down_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = Connection("redis://127.0.0.1:1/0", transport_options=addresses.broker_options("redis://", Path()))
    monkeypatch.setattr(app, "connection_for_write", lambda: closed)
    began = time.monotonic()
    finding = Prober({"broker": health.check_broker}).findings()["broker"]
    assert not finding.ok
    assert time.monotonic() - began < health.PATIENCE + 1


def test_production_misses_static_files_that_were_not_collected(settings: Settings, tmp_path: Path) -> None:
    settings.PRODUCTION, settings.STATIC_ROOT = True, tmp_path
    with pytest.raises(NotReadyError, match=r"run manage\.py collectstatic"):
        health.check_static_files()
    (tmp_path / "staticfiles.json").write_text("{}")
    assert health.check_static_files()


def test_a_check_that_hangs_is_reported_in_time_and_not_started_twice() -> None:
    release, started = threading.Event(), []

    def hang() -> str:
        started.append(1)
        release.wait(10)
        return "It answers after all."

    prober = Prober({"store": hang, "other": lambda: "fine"}, patience=0.2, keep=0)
    for _ in range(2):
        began = time.monotonic()
        found = prober.findings()
        assert time.monotonic() - began < 1
        assert found["store"] == Finding(False, "The store did not answer within 0.2 s.", 200.0)
        assert found["other"].ok
    assert started == [1]
    release.set()
    time.sleep(0.1)
    assert prober.findings()["store"].ok


def test_an_answer_is_kept_for_a_moment() -> None:
    asked = []
    prober = Prober({"x": lambda: str(asked.append(1))}, keep=30)
    prober.findings()
    prober.findings()
    assert asked == [1]


def test_the_page_itself_asks_nothing_of_the_database(
    client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries, db: None
) -> None:
    monkeypatch.setattr(health, "_prober", Prober({"x": lambda: "fine"}))
    with django_assert_num_queries(0, using=DEFAULT_DB_ALIAS):
        assert client.get("/readyz").status_code == 200
