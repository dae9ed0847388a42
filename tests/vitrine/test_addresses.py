"""URLs of databases, brokers and stores: what they become, and that no message repeats them."""

from pathlib import Path

import pytest

from vitrine import addresses
from vitrine.addresses import AddressError

SECRET = "hunter2"


def test_postgresql_with_everything() -> None:
    config = addresses.database("postgresql://me:p%40ss%2Fword@db.example:5433/my%20db?sslmode=require")
    assert config["ENGINE"] == "django.db.backends.postgresql"
    assert (config["USER"], config["PASSWORD"], config["HOST"], config["PORT"], config["NAME"]) == (
        "me", "p@ss/word", "db.example", "5433", "my db",
    )  # fmt: skip
    assert config["OPTIONS"] == {"connect_timeout": 5, "sslmode": "require"}


def test_sqlite_paths_become_full_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert addresses.database("sqlite:///here.sqlite3")["NAME"] == str(tmp_path / "here.sqlite3")
    assert addresses.database("sqlite:////srv/a%20b.sqlite3")["NAME"] == "/srv/a b.sqlite3"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("hunter2", "is not a URL"),
        ("me:hunter2@host/db", "is not a URL"),
        ("postgresql://me:hunter2/x@host/db", "percent-encoded"),
        ("postgresql://me:hunter2@host:port/db", "percent-encoded"),
        ("postgresql://me:hunter2@host", "names no database"),
        ("postgresql://me:hunter2@host/db?ssl=1", "unknown option 'ssl'"),
        ("mysql://me:hunter2@host/db", "scheme 'mysql'"),
        ("sqlite://:memory:", "percent-encoded"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite://", "names no file"),
    ],
)
def test_databases_that_are_refused(url: str, message: str) -> None:
    with pytest.raises(AddressError, match=message) as error:
        addresses.database(url)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "url", ["embedded://", "redis://localhost:6379/0", "rediss://:pw@host/1", "amqp://me:pw@host:5672//", "memory://"]
)
def test_brokers_that_are_taken_as_they_stand(url: str) -> None:
    assert addresses.broker(url) == url


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("hunter2", "is not a URL"),
        ("redis:hunter2", "is not a URL"),
        ("kafka://hunter2@host", "scheme 'kafka'"),
        ("redis://:hunter2@/0", "names no host"),
        ("redis://:hunter2@host/first", "number of a Redis database"),
        ("redis://:hunter2@host:six/0", "percent-encoded"),
    ],
)
def test_brokers_that_are_refused(url: str, message: str) -> None:
    with pytest.raises(AddressError, match=message) as error:
        addresses.broker(url)
    assert SECRET not in str(error.value)


def test_a_folder(tmp_path: Path) -> None:
    assert addresses.storage(f"file://{tmp_path}/a%20b")["OPTIONS"]["location"] == f"{tmp_path}/a b"


def test_s3_with_a_host_of_ones_own() -> None:
    options = addresses.storage("s3://key:se%2Fcret@store:8333/photos?region=eu&tls=false")["OPTIONS"]
    assert options["endpoint_url"] == "http://store:8333"
    assert (options["access_key"], options["secret_key"]) == ("key", "se/cret")
    assert (options["bucket_name"], options["region_name"]) == ("photos", "eu")


def test_amazons_s3_takes_the_machines_credentials() -> None:
    options = addresses.storage("s3:///photos?region=eu-central-1")["OPTIONS"]
    assert "endpoint_url" not in options
    assert "access_key" not in options


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("hunter2", "is not a URL"),
        ("file://folder", "full path"),
        ("s3://key:hunter2@host", "name of one bucket"),
        ("s3://key:hunter2@host/a/b", "name of one bucket"),
        ("s3://key:hunter2/x@host/bucket", "percent-encoded"),
        ("s3://key@host/bucket", "only one of key and secret"),
        ("s3://key:hunter2@host/bucket?tls=perhaps", "neither tls=true nor tls=false"),
        ("s3://key:hunter2@host/bucket?acl=public", "unknown option 'acl'"),
        ("ftp://me:hunter2@host/x", "scheme 'ftp'"),
    ],
)
def test_stores_that_are_refused(url: str, message: str) -> None:
    with pytest.raises(AddressError, match=message) as error:
        addresses.storage(url)
    assert SECRET not in str(error.value)
