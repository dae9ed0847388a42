"""The register of kinds."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError

from jobs.exceptions import BadParams, UnknownKind
from jobs.kinds import kind_named, kind_names
from jobs.models import Queue


def test_the_decorator_registers_and_returns_the_function(kind: Callable[..., Any]) -> None:
    @kind("test.sum", queue=Queue.GPU, retry_on=(KeyError,), max_strikes=2, time_limit=9)
    def add(context: object, a: int, b: int = 1) -> int:
        return a + b

    found = kind_named("test.sum")
    assert add(None, 2) == 3
    assert (found.queue, found.max_strikes, found.time_limit) == (Queue.GPU, 2, 9)
    assert issubclass(KeyError, found.retry_on)
    assert issubclass(OperationalError, found.retry_on), "a database that restarts is no fault of the job"


def test_kinds_of_tasks_modules_and_of_the_wiring_are_found() -> None:
    assert {"jobs.rehearse", "jobs.rehearse_gpu", "catalog.import"} <= set(kind_names())


def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownKind, match=r"no job kind 'jobs.rehears'.*jobs.rehearse"):
        kind_named("jobs.rehears")


def test_two_functions_cannot_share_a_name(kind: Callable[..., Any]) -> None:
    kind("test.one")(lambda _: None)

    def other(context: object) -> None:
        """Another function."""

    with pytest.raises(ValueError, match=r"'test.one' is already"):
        kind("test.one")(other)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"stepps": 1}, "do not fit a jobs.rehearse job.*stepps"),
        ({"steps": {1, 2}}, "plain JSON"),
        ({"seconds": float("nan")}, "plain JSON"),
    ],
)
def test_params_are_checked_before_anything_is_kept(params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadParams, match=sentence):
        kind_named("jobs.rehearse").check(params)
