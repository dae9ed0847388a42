"""Read the environment once, at start, and refuse what is malformed or unknown by name.

Each reader keeps a register of the names that were asked for: a misspelt `VITRINE_…` variable is an error with a
suggestion and never a setting that silently does nothing.
"""

import difflib
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from vitrine import addresses

OWN_PREFIX = "VITRINE_"
_FLAGS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)
Parsed = TypeVar("Parsed")


class Environment:
    """Typed, named reads from a mapping of variables. An empty value counts as unset, as compose files write it.

    Raises ImproperlyConfigured, naming the variable, from every reader; the values of secrets and URLs never show.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._known: set[str] = set()

    @property
    def known(self) -> frozenset[str]:
        """Every name that was asked for."""
        return frozenset(self._known)

    def text(self, name: str, default: str | None = None, *, choices: Sequence[str] = ()) -> str:
        """The value as it stands; without a default the variable is required."""
        value = self._raw(name)
        if value is None:
            if default is None:
                raise _missing(name)
            return default
        if choices and value not in choices:
            raise ImproperlyConfigured(f"{name}={value!r} is not one of {', '.join(choices)}.")
        return value

    def secret(self, name: str, default: str | None = None, *, minimum: int = 0) -> str:
        """A value of at least `minimum` characters that no message repeats."""
        value = self.text(name, default)
        if self.is_set(name) and (len(value) < minimum or len(set(value)) < min(minimum, 5)):
            raise ImproperlyConfigured(
                f"{name} is too easy to guess: it needs at least {minimum} random characters."
                f' Make one with: python3 -c "import secrets; print(secrets.token_urlsafe({max(minimum, 32)}))"'
            )
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

    def number(self, name: str, default: float) -> float:
        """A number of at least 0, such as a price: 2 or 1.85."""
        value = self._raw(name)
        if value is None:
            return default
        try:
            number = float(value)
        except ValueError:
            raise ImproperlyConfigured(f"{name}={value!r} is not a number; write it like 1.85.") from None
        if not (math.isfinite(number) and number >= 0):
            raise ImproperlyConfigured(f"{name}={value} is out of range: it must be at least 0.")
        return number

    def names(self, name: str, default: Sequence[str] | None = ()) -> list[str]:
        """A comma-separated list, blanks dropped; without a default it must name at least one."""
        value = self._raw(name)
        found = list(default or ()) if value is None else [part.strip() for part in value.split(",") if part.strip()]
        if default is None and not found:
            raise _missing(name)
        return found

    def folder(self, name: str, default: Path) -> Path:
        """A folder that is there (made if need be) and can be written to."""
        value = self._raw(name)
        path = (Path(value).expanduser() if value else default).resolve()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ImproperlyConfigured(f"{name}={path} cannot be made a folder: {error.strerror}.") from None
        if not os.access(path, os.W_OK | os.X_OK):
            raise ImproperlyConfigured(f"{name}={path} cannot be written to by this user.")
        return path

    def path(self, name: str, default: Path) -> Path:
        value = self._raw(name)
        return (Path(value).expanduser() if value else default).resolve()

    def database(self, name: str, default: Path | None) -> dict[str, Any]:
        """A Django DATABASES entry; the default is an SQLite file, None makes the variable required."""
        if default is not None and not self.is_set(name):
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(default)}
        return self._address(name, None, addresses.database)

    def broker(self, name: str, default: str | None) -> str:
        """A Celery broker URL of a kind that Vitrine is tested on."""
        return self._address(name, default, addresses.broker)

    def storage(self, name: str, default: Path) -> dict[str, Any]:
        """A Django STORAGES entry; the default is a folder."""
        if not self.is_set(name):
            return addresses.folder(default)
        return self._address(name, None, addresses.storage)

    def refuse_unknown(self) -> None:
        """Call last: every VITRINE_ variable that nothing asked for is an error."""
        unknown = sorted(key for key in self._variables if key.startswith(OWN_PREFIX) and key not in self._known)
        if unknown:
            near = difflib.get_close_matches(unknown[0], self._known, n=1)
            hint = f" Did you mean {near[0]}?" if near else " docs/operators.md lists the ones there are."
            raise ImproperlyConfigured(f"{unknown[0]} is not a setting of Vitrine.{hint}")

    def is_set(self, name: str) -> bool:
        return self._raw(name) is not None

    def _raw(self, name: str) -> str | None:
        self._known.add(name)
        value = self._variables.get(name, "").strip()
        return value or None

    def _address(self, name: str, default: str | None, parse: Callable[[str], Parsed]) -> Parsed:
        try:
            return parse(self.text(name, default))
        except addresses.AddressError as error:
            raise ImproperlyConfigured(f"{name} {error}") from None


def settings_or_exit() -> None:
    """Read the settings now; a bad one ends the process with its one sentence, where a traceback would hide it."""
    try:
        settings.INSTALLED_APPS  # noqa: B018 - the first look reads settings.py
    except ImproperlyConfigured as error:
        sys.exit(f"Vitrine cannot start: {error}")


def _missing(name: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is not set, and has no default here. Set it in the environment.")
