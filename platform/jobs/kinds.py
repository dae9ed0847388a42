"""The register of job kinds: a decorator makes a function one, and a job names it.

Kinds live in each app's `tasks` module and in `vitrine.wiring`; both are imported when Django is ready.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import InterfaceError, OperationalError

from jobs import plain
from jobs.exceptions import BadParams, UnknownKind
from jobs.models import Queue

if TYPE_CHECKING:
    from jobs.context import JobContext

Work = TypeVar("Work", bound=Callable[..., Any])
# A database that restarts under a job is no fault of the job.
ALWAYS_RETRIED: tuple[type[Exception], ...] = (OperationalError, InterfaceError)
_kinds: dict[str, "Kind"] = {}


@dataclass(frozen=True)
class Kind:
    """A function that jobs run, and how: its queue, the errors that are worth another try, its limits."""

    name: str
    work: Callable[..., Any]
    queue: Queue
    retry_on: tuple[type[Exception], ...]
    max_strikes: int
    time_limit: float | None  # seconds

    def check(self, params: dict[str, Any]) -> None:
        """Raise BadParams unless the function takes exactly these and they are plain JSON."""
        try:
            plain.as_json(params)
        except (TypeError, ValueError) as error:
            raise BadParams(f"The parameters of a {self.name} job must be plain JSON: {error}.") from None
        try:
            inspect.signature(self.work).bind(None, **params)
        except TypeError as error:
            raise BadParams(f"The parameters do not fit a {self.name} job: {error}.") from None

    def run(self, context: "JobContext", params: dict[str, Any]) -> Any:
        return self.work(context, **params)


def job_kind(
    name: str,
    *,
    queue: Queue = Queue.CPU,
    retry_on: tuple[type[Exception], ...] = (),
    max_strikes: int = 5,
    time_limit: float | None = None,
) -> Callable[[Work], Work]:
    """Decorate `f(context: JobContext, **params) -> JSON | None`: jobs of this name run it.

    An error named in `retry_on` is tried again later, up to `max_strikes` bad attempts without a step done in between.
    `time_limit` is in seconds of one attempt. Raises ValueError for a name that another function has.
    """

    def register(work: Work) -> Work:
        found = _kinds.get(name)
        if found is not None and (found.work.__module__, found.work.__qualname__) != (
            work.__module__,
            work.__qualname__,
        ):
            raise ValueError(f"The job kind {name!r} is already {found.work.__module__}.{found.work.__qualname__}.")
        _kinds[name] = Kind(name, work, queue, retry_on + ALWAYS_RETRIED, max_strikes, time_limit)
        return work

    return register


def kind_named(name: str) -> Kind:
    """The kind of that name. Raises UnknownKind."""
    try:
        return _kinds[name]
    except KeyError:
        known = ", ".join(sorted(_kinds)) or "none"
        raise UnknownKind(f"There is no job kind {name!r}; registered are: {known}.") from None


def kind_names() -> list[str]:
    """All registered names, sorted."""
    return sorted(_kinds)
