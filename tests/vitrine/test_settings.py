"""The settings as a whole, read by real processes: a laptop with nothing set, and production."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
KEY = "k3y-" + "abcdefghijklmnopqrstuvwxyz0123456789" * 2
PRODUCTION = {
    "VITRINE_PRODUCTION": "true",
    "VITRINE_SECRET_KEY": KEY,
    "VITRINE_ALLOWED_HOSTS": "vitrine.example",
    "DATABASE_URL": "postgresql://vitrine:pw@127.0.0.1:1/vitrine",
}
PROGRAMS = {
    "manage.py": [sys.executable, "manage.py", "check"],
    "gunicorn": [str(BIN / "gunicorn"), "-c", "python:vitrine.serving", "vitrine.wsgi"],
    "celery": [str(BIN / "celery"), "-A", "vitrine", "report"],
}


def run(*command: str, data: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """The command in the repository's root, with these variables and a data folder of its own."""
    clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**clean, "VITRINE_DATA_DIR": str(data), **variables},
        capture_output=True,
        text=True,
        timeout=110,  # two in a test; a machine that is busy otherwise takes its time
        check=False,
    )


def test_a_laptop_needs_no_setting_and_keeps_its_own_key(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = run(sys.executable, "manage.py", "check", data=data)
    assert first.returncode == 0, first.stderr
    key = (data / "secret_key").read_text()
    assert len(key) >= 60
    assert stat.S_IMODE((data / "secret_key").stat().st_mode) == 0o600
    run(sys.executable, "manage.py", "check", data=data)
    assert (data / "secret_key").read_text() == key


def test_production_is_clean_under_check_deploy(tmp_path: Path) -> None:
    done = run(
        sys.executable, "-W", "error::UserWarning", "manage.py", "check", "--deploy", "--fail-level", "WARNING",
        data=tmp_path, **PRODUCTION,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_refuses_a_bad_setting_in_one_sentence(program: str, tmp_path: Path) -> None:
    done = run(*PROGRAMS[program], data=tmp_path, VITRINE_LEASE_SECONDS="soon")
    assert done.returncode == 1
    assert done.stderr.strip() == "Vitrine cannot start: VITRINE_LEASE_SECONDS='soon' is not a whole number."


@pytest.mark.parametrize("name", ["VITRINE_SECRET_KEY", "VITRINE_ALLOWED_HOSTS", "DATABASE_URL"])
def test_production_has_no_default_for(name: str, tmp_path: Path) -> None:
    variables = {**PRODUCTION, name: ""}
    done = run(sys.executable, "manage.py", "check", data=tmp_path, **variables)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Vitrine cannot start: {name} is not set")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"VITRINE_DATA_DIR": "/proc/nowhere"}, "VITRINE_DATA_DIR=/proc/nowhere cannot be made a folder"),
        ({"VITRINE_PHOTOS_MAX": "3"}, "VITRINE_PHOTOS_MAX is not a setting of Vitrine"),
        ({**PRODUCTION, "VITRINE_DEBUG": "true"}, "VITRINE_DEBUG=true shows secrets"),
        ({**PRODUCTION, "VITRINE_DEMO": "true"}, "VITRINE_DEMO=true lets made-up raters in"),
        ({**PRODUCTION, "VITRINE_SECRET_KEY": "short"}, "VITRINE_SECRET_KEY is too easy to guess"),
        ({"DATABASE_URL": "postgresql://me:hunter2@h:x/db"}, "DATABASE_URL is not a URL"),
        ({"CELERY_BROKER_URL": "redis://:hunter2@h:x/0"}, "CELERY_BROKER_URL is not a URL"),
        ({"STORAGE_URL": "s3://key:hunter2/x@h/b"}, "STORAGE_URL is not a URL"),
        ({"VITRINE_METRICS_TOKEN": "hunter2"}, "VITRINE_METRICS_TOKEN is too easy to guess"),
    ],
)
def test_bad_settings_are_named_and_secrets_are_not(variables: dict[str, str], message: str, tmp_path: Path) -> None:
    done = run(sys.executable, "manage.py", "check", data=tmp_path / "data", **variables)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


def test_both_databases_keep_connections_for_a_while() -> None:
    assert settings.DATABASES["default"]["CONN_MAX_AGE"] == 60


PRAGMAS = """
import django; django.setup()
from django.db import connection
cursor = connection.cursor()
for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys"):
    print(name, cursor.execute(f"PRAGMA {name}").fetchone()[0])
"""
# Each writer reads, then writes, in one transaction: without BEGIN IMMEDIATE, SQLite refuses the second one at once.
WRITERS = """
import django; django.setup()
import threading, time
from django.db import connection, transaction
connection.cursor().execute("CREATE TABLE counter (value INTEGER)")
connection.cursor().execute("INSERT INTO counter VALUES (0)")
def add():
    for _ in range(10):
        with transaction.atomic(), connection.cursor() as cursor:
            value = cursor.execute("SELECT value FROM counter").fetchone()[0]
            time.sleep(0.002)
            cursor.execute("UPDATE counter SET value = %s", [value + 1])
    connection.close()
threads = [threading.Thread(target=add) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(connection.cursor().execute("SELECT value FROM counter").fetchone()[0])
"""


def python(script: str, data: Path, **variables: str) -> str:
    done = run(sys.executable, "-c", script, data=data, DJANGO_SETTINGS_MODULE="vitrine.settings", **variables)
    assert done.returncode == 0, done.stderr
    assert "Exception" not in done.stderr
    return done.stdout


def test_sqlite_runs_as_the_design_says(tmp_path: Path) -> None:
    found = dict(line.split() for line in python(PRAGMAS, tmp_path).splitlines())
    assert found == {"journal_mode": "wal", "synchronous": "1", "busy_timeout": "20000", "foreign_keys": "1"}


def test_sqlite_writers_wait_for_their_turn_instead_of_failing(tmp_path: Path) -> None:
    assert python(WRITERS, tmp_path).strip() == "40"
