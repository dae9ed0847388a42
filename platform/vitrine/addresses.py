"""Turn the URLs of a database, a broker and a file store into what Django, Celery and django-storages take.

No message here repeats the URL: it may hold a password.
"""

from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

DATABASE_FORM = "write sqlite:///path or postgresql://user:password@host:5432/name"
BROKER_FORM = "write embedded://, redis://:password@host:6379/0 or amqp://user:password@host:5672//"
STORAGE_FORM = "write file:///folder or s3://key:secret@host:port/bucket?region=name"
_ENCODE = "special characters in a password are written percent-encoded (/ as %2F, @ as %40)"
_BROKERS = ("embedded", "filesystem", "redis", "rediss", "amqp", "amqps", "memory")
_POSTGRES_OPTIONS = {
    "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "application_name", "target_session_attrs",
}  # fmt: skip
_TRUE_FALSE = {"true": True, "false": False}


class AddressError(ValueError):
    """A URL that cannot be used; the text completes the sentence "NAME …"."""


def database(value: str) -> dict[str, Any]:
    """A Django DATABASES entry. Raises AddressError."""
    url = _split(value, DATABASE_FORM)
    if url.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": _sqlite_file(url)}
    if url.scheme not in ("postgres", "postgresql"):
        raise AddressError(f"has the scheme {url.scheme!r}: {DATABASE_FORM}.")
    name = unquote(url.path.removeprefix("/"))
    if not name:
        raise AddressError("names no database: add /name at its end.")
    config: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or "",
        "PORT": str(url.port or ""),
        # A database that has gone away is an answer within seconds, not a page that hangs.
        "OPTIONS": {"connect_timeout": 5, **_options(url, _POSTGRES_OPTIONS)},
    }
    return config


def broker(value: str) -> str:
    """The URL itself, of a kind that Vitrine is tested on. Raises AddressError."""
    url = _split(value, BROKER_FORM)
    if url.scheme not in _BROKERS:
        raise AddressError(f"has the scheme {url.scheme!r}: use one of {', '.join(_BROKERS)}.")
    if url.scheme.startswith(("redis", "amqp")) and not url.hostname:
        raise AddressError(f"names no host: {BROKER_FORM}.")
    if url.scheme.startswith("redis") and not url.path.strip("/").isdigit() and url.path.strip("/"):
        raise AddressError("ends in something that is not the number of a Redis database, such as /0.")
    return value


def broker_options(url: str, data_dir: Path) -> dict[str, Any]:
    """Kombu's transport options for that broker; the embedded ones keep their files in `data_dir`."""
    # One try: the page that submits a job must not wait, and jobs.reaper sends what could not be sent.
    options: dict[str, Any] = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
    if url.startswith("embedded"):
        return options | {"file": str(data_dir / "broker.sqlite3")}
    if url.startswith("filesystem"):
        return options | {"polling_interval": 0.1} | _folders(data_dir / "broker")
    if url.startswith("redis"):
        # A Redis that hangs holds a page up for so long, too. A worker waits for a message for 1 s at a time.
        return options | {"socket_connect_timeout": 2, "socket_timeout": 3, "socket_keepalive": True}
    return options


def _folders(folder: Path) -> dict[str, str]:
    for name in ("messages", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    messages = str(folder / "messages")
    return {"data_folder_in": messages, "data_folder_out": messages, "control_folder": str(folder / "control")}


def storage(value: str) -> dict[str, Any]:
    """A Django STORAGES entry. `s3:///bucket`, without a host, is Amazon's S3 with the credentials of the machine.

    Raises AddressError.
    """
    url = _split(value, STORAGE_FORM)
    if url.scheme == "file":
        if url.netloc or not url.path.startswith("/"):
            raise AddressError("is not a folder's full path: write file:///folder, with three slashes.")
        return folder(Path(unquote(url.path)))
    bucket = url.path.strip("/")
    if url.scheme != "s3":
        raise AddressError(f"has the scheme {url.scheme!r}: {STORAGE_FORM}.")
    if not bucket or "/" in bucket:
        raise AddressError("must end in the name of one bucket: s3://key:secret@host:port/bucket.")
    return {"BACKEND": "vitrine.storage.S3Storage", "OPTIONS": _s3_options(url, bucket)}


def folder(path: Path) -> dict[str, Any]:
    """The STORAGES entry of a folder on this machine."""
    return {"BACKEND": "vitrine.folder_storage.FolderStorage", "OPTIONS": {"location": str(path)}}


def _split(value: str, form: str) -> SplitResult:
    try:
        url = urlsplit(value)
        url.port  # noqa: B018 - urllib checks the port only when it is asked for
    except ValueError:
        raise AddressError(f"is not a URL that can be read: {form}; {_ENCODE}.") from None
    if "://" not in value or not url.scheme:
        raise AddressError(f"is not a URL: {form}.")
    return url


def _sqlite_file(url: SplitResult) -> str:
    path = unquote(url.path.removeprefix("/"))
    if url.netloc or not path or path == ":memory:":
        raise AddressError("names no file: write sqlite:///name.sqlite3, or sqlite:////full/path with four slashes.")
    return str(Path(path).resolve())


def _options(url: SplitResult, known: set[str]) -> dict[str, str]:
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    strange = sorted(set(options) - known)
    if strange:
        raise AddressError(f"has the unknown option {strange[0]!r}: it may have {', '.join(sorted(known))}.")
    return options


def _s3_options(url: SplitResult, bucket: str) -> dict[str, Any]:
    query = _options(url, {"region", "tls"})
    tls = _TRUE_FALSE.get(query.get("tls", "true").lower())
    if tls is None:
        raise AddressError("has an option tls that is neither tls=true nor tls=false.")
    if bool(url.username) != bool(url.password):
        raise AddressError("has only one of key and secret: write s3://key:secret@host:port/bucket.")
    options: dict[str, Any] = {
        "bucket_name": bucket,
        "region_name": query.get("region") or None,
        "default_acl": None,  # the bucket's own policy: not every store knows ACLs
        "file_overwrite": True,  # names are content hashes: the same name is the same bytes
    }
    if url.hostname:
        host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
        options["endpoint_url"] = f"http{'s' * tls}://{host}" + (f":{url.port}" if url.port else "")
    if url.username:
        options["access_key"] = unquote(url.username)
        options["secret_key"] = unquote(url.password or "")
    return options
