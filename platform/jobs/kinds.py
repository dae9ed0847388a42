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
USUAL_STRIKES = 5
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
    together: "int | Callable[[], int] | None" = None  # how many jobs one call may take; None: it takes one by itself
    memory_advice: str = ""  # a sentence for whoever reads that memory ran out with the smallest batch

    def check(self, params: dict[str, Any]) -> None:
        """Raise BadParams unless they are plain JSON and the function takes exactly these (a group's takes any)."""
        try:
            plain.as_json(params)
        except (TypeError, ValueError) as error:
            raise BadParams(f"The parameters of a {self.name} job must be plain JSON: {error}.") from None
        if self.together is not None:
            return
        try:
            inspect.signature(self.work).bind(None, **params)
        except TypeError as error:
            raise BadParams(f"The parameters do not fit a {self.name} job: {error}.") from None

    def group_size(self) -> int:
        """How many jobs one call may take now, at least 1; what `together` raises comes through."""
        return max(1, self.together() if callable(self.together) else self.together or 1)

    def run(self, context: "JobContext", params: dict[str, Any]) -> Any:
        """Call the function for one job; its result as JSON. Raises ValueError when it is none."""
        return self.run_all([context], [params])[0]

    def run_all(self, contexts: "list[JobContext]", params: list[dict[str, Any]]) -> list[Any]:
        """Call the function for these jobs; the results in their order. Raises ValueError when they do not fit."""
        if self.together is None:
            pairs = zip(contexts, params, strict=True)
            return [self._as_json(self.work(context, **given)) for context, given in pairs]
        results = self.work(list(contexts), params)
        if not isinstance(results, list) or len(results) != len(contexts):
            raise ValueError(f"{self.name} must return a list of {len(contexts)}, a result for each job of its group.")
        return [self._as_json(result) for result in results]

    def _as_json(self, result: Any) -> Any:
        try:
            return plain.as_json(result)
        except (TypeError, ValueError) as error:
            raise ValueError(f"The result of a {self.name} job must be JSON: {error}.") from None


def job_kind(  # noqa: PLR0913 - all but one by keyword
    name: str,
    *,
    queue: Queue = Queue.CPU,
    retry_on: tuple[type[Exception], ...] = (),
    max_strikes: int = USUAL_STRIKES,
    time_limit: float | None = None,
    together: int | Callable[[], int] | None = None,
    memory_advice: str = "",
) -> Callable[[Work], Work]:
    """Decorate `f(context: JobContext, **params) -> JSON | None`: jobs of this name run it.

    An error named in `retry_on` is tried again later, up to `max_strikes` bad attempts without a step done in between.
    `time_limit` is in seconds of one attempt.

    With `together` the function is `f(contexts: list[JobContext], params: list[dict]) -> list[JSON]`: it is called once
    for up to so many jobs of this kind and of one non-empty affinity, and returns a result for each. A callable is
    asked when jobs are claimed. `memory_advice` is a sentence on what to do when not even the smallest batch fits.

    Raises ValueError for a name that another function has, a `together` below 1, or a function that does not fit it.
    """

    def register(work: Work) -> Work:
        _check_together(name, work, together)
        found = _kinds.get(name)
        if found is not None and (found.work.__module__, found.work.__qualname__) != (
            work.__module__,
            work.__qualname__,
        ):
            raise ValueError(f"The job kind {name!r} is already {found.work.__module__}.{found.work.__qualname__}.")
        _kinds[name] = Kind(
            name, work, queue, retry_on + ALWAYS_RETRIED, max_strikes, time_limit, together, memory_advice
        )
        return work

    return register


def _check_together(name: str, work: Callable[..., Any], together: int | Callable[[], int] | None) -> None:
    if together is None:
        return
    if isinstance(together, int) and together < 1:
        raise ValueError(f"The job kind {name!r} cannot take {together} jobs together: it must be at least 1.")
    try:
        inspect.signature(work).bind([], [])
    except TypeError:
        raise ValueError(f"The job kind {name!r} takes jobs together, so it must be f(contexts, params).") from None


def strikes_allowed(name: str) -> int:
    """The bad attempts in a row at which a job of that kind fails, also of a kind that is gone."""
    found = _kinds.get(name)
    return found.max_strikes if found else USUAL_STRIKES


def memory_advice(name: str) -> str:
    """What to do when memory does not suffice for a job of that kind; empty for a kind that is gone."""
    found = _kinds.get(name)
    return found.memory_advice if found else ""


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
