"""Read the environment once, at start, and refuse what is malformed or unknown by name.

Built on django-environ for parsing; what this adds is a register of the names that were asked for, so that a
misspelt `VITRINE_…` variable is an error with a suggestion and never a setting that silently does nothing.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

OWN_PREFIX = "VITRINE_"
_FLAGS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)
_DATABASES = {"sqlite": "sqlite", "postgres": "postgresql", "postgresql": "postgresql"}
_BROKERS = ("filesystem", "redis", "rediss", "amqp", "amqps", "memory")


class Environment:
    """Typed, named reads from a mapping of variables. An empty value counts as unset, as compose files write it.

    Raises ImproperlyConfigured, naming the variable, from every reader.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._known: set[str] = set()

    def text(self, name: str, default: str | None = None, *, choices: Sequence[str] = ()) -> str:
        """The value as it stands; without a default the variable is required."""
        value = self._raw(name)
        if value is None:
            if default is None:
                raise ImproperlyConfigured(f"{name} is not set, and has no default here. Set it in the environment.")
            return default
        if choices and value not in choices:
            raise ImproperlyConfigured(f"{name}={value!r} is not one of {', '.join(choices)}.")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """true/false, yes/no, on/off, 1/0 in any case."""
        value = self._raw(name)
        if value is None:
            return default
        if value.lower() not in _FLAGS:
            raise ImproperlyConfigured(f"{name}={value!r} is not a flag: write true or false.")
        return _FLAGS[value.lower()]

    def integer(self, name: str, default: int, *, minimum: int = 0, maximum: int | None = None) -> int:
        """A whole number within [minimum, maximum]."""
        value = self._raw(name)
        if value is None:
            return default
        try:
            number = int(value)
        except ValueError:
            raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from None
        if number < minimum or (maximum is not None and number > maximum):
            limit = f"at least {minimum}" if maximum is None else f"between {minimum} and {maximum}"
            raise ImproperlyConfigured(f"{name}={number} is out of range: it must be {limit}.")
        return number

    def names(self, name: str, default: Sequence[str] = ()) -> list[str]:
        """A comma-separated list, blanks dropped."""
        value = self._raw(name)
        if value is None:
            return list(default)
        return [part.strip() for part in value.split(",") if part.strip()]

    def path(self, name: str, default: Path) -> Path:
        value = self._raw(name)
        return (Path(value).expanduser() if value else default).resolve()

    def database(self, name: str, default: str | None) -> dict[str, Any]:
        """A Django DATABASES entry from sqlite:///path or postgresql://user:password@host:port/name."""
        value = self.text(name, default)
        scheme = value.partition(":")[0]
        if scheme not in _DATABASES:
            raise ImproperlyConfigured(
                f"{name} has the scheme {scheme!r}: write sqlite:///path or postgresql://user:password@host/name."
            )
        try:
            config: dict[str, Any] = environ.Env.db_url_config(value)
        except (ValueError, ImproperlyConfigured) as error:
            raise ImproperlyConfigured(f"{name} is not a database URL: {error}.") from None
        if not config.get("NAME"):
            raise ImproperlyConfigured(f"{name} names no database: add /name at its end.")
        return config

    def broker(self, name: str, default: str) -> str:
        """A Celery broker URL of a kind that Vitrine is tested on."""
        value = self.text(name, default)
        scheme = value.partition(":")[0]
        if scheme not in _BROKERS or "://" not in value:
            raise ImproperlyConfigured(f"{name} has the scheme {scheme!r}: use one of {', '.join(_BROKERS)}.")
        return value

    def storage(self, name: str, default: str) -> dict[str, Any]:
        """A Django STORAGES entry from file:///folder or s3://key:secret@host:port/bucket?region=…&tls=true.

        Without a host, `s3:///bucket` is Amazon's own S3 with the credentials of the machine's role.
        """
        value = self.text(name, default)
        url = urlsplit(value)
        if url.scheme == "file" and url.path:
            return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": url.path}}
        bucket = url.path.strip("/")
        if url.scheme != "s3" or not bucket or "/" in bucket:
            raise ImproperlyConfigured(
                f"{name} is not a storage URL: write file:///folder or s3://key:secret@host:port/bucket?region=name."
            )
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": self._s3_options(name, url, bucket)}

    def refuse_unknown(self) -> None:
        """Call last: every VITRINE_ variable that nothing asked for is an error."""
        unknown = sorted(key for key in self._variables if key.startswith(OWN_PREFIX) and key not in self._known)
        if unknown:
            near = difflib.get_close_matches(unknown[0], self._known, n=1)
            hint = f" Did you mean {near[0]}?" if near else " docs/operators.md lists the ones there are."
            raise ImproperlyConfigured(f"{unknown[0]} is not a setting of Vitrine.{hint}")

    def _raw(self, name: str) -> str | None:
        self._known.add(name)
        value = self._variables.get(name, "").strip()
        return value or None

    @staticmethod
    def _s3_options(name: str, url: Any, bucket: str) -> dict[str, Any]:
        query = {key: values[-1] for key, values in parse_qs(url.query, keep_blank_values=True).items()}
        strange = sorted(set(query) - {"region", "tls"})
        if strange:
            raise ImproperlyConfigured(f"{name} has the unknown option {strange[0]!r}: only region and tls are read.")
        tls = _FLAGS.get(query.get("tls", "true").lower())
        if tls is None:
            raise ImproperlyConfigured(f"{name} has tls={query['tls']!r}: write tls=true or tls=false.")
        options: dict[str, Any] = {
            "bucket_name": bucket,
            "region_name": query.get("region") or None,
            "use_ssl": tls,
            "default_acl": "private",
            "file_overwrite": True,  # names are content hashes: the same name is the same bytes
            "querystring_auth": True,
            "signature_version": "s3v4",
        }
        if url.hostname:
            options["endpoint_url"] = f"{'https' if tls else 'http'}://{url.hostname}" + (
                f":{url.port}" if url.port else ""
            )
            options["addressing_style"] = "path"
        if url.username:
            options["access_key"] = unquote(url.username)
            options["secret_key"] = unquote(url.password or "")
        return options
