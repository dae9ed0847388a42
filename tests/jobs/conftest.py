"""Kinds that tests register, and a place that collects the tickets which would be sent."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jobs import dispatch, execution, kinds
from jobs.kinds import job_kind
from jobs.warmth import Warmth


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`kind("test.x", **options)` is job_kind, and forgets what it registered when the test ends."""
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))
    return job_kind


@pytest.fixture(autouse=True)
def warmth(monkeypatch: pytest.MonkeyPatch) -> Warmth:
    """What this process holds warm: nothing, as each test begins."""
    fresh = Warmth()
    monkeypatch.setattr(execution, "warmth", fresh)
    return fresh


@pytest.fixture(autouse=True)
def sent(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, str]]]:
    """The (job id, queue) of each ticket, in place of a broker; tests marked `broker` use the real one."""
    tickets: list[tuple[int, str]] = []
    if "broker" in request.fixturenames:
        yield tickets
        return

    def publish(jobs: Any) -> list[int]:
        wanted = list(jobs)
        tickets.extend(wanted)
        return [job_id for job_id, _ in wanted]

    monkeypatch.setattr(dispatch, "_publish", publish)
    yield tickets
