"""The benchmark of a steered batch: what it expects holds, and it says so when something does not."""

from collections.abc import Callable

import pytest

from benchmarks import batch as benchmark
from tests.factories.generation import make_ready_product
from tests.factories.stand_ins import Workshop

pytestmark = pytest.mark.django_db
Work = Callable[..., int]


def products(count: int) -> list[int]:
    return [make_ready_product(title=f"Mug number {number}").pk for number in range(count)]


def test_a_batch_is_paused_resumed_and_cancelled_and_its_failures_are_retried_alone(
    work: Work, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "POOR", 2)
    report = benchmark.steer(products(3), workshop, work)
    assert report.wrong == []
    told = {name: note for name, _, _, note in report.rows}
    assert told["first batch: asked for"] == told["paused"] == told["resumed"] == "3 runs"
    assert told["failures retried"] == "2 runs"
    # The job that takes them up, and three stages of each.
    assert told["to its end again"] == "7 jobs"
    assert told["cancelled half way"] == "3 runs"
    assert str(report).splitlines()[1].split()[:4] == ["first", "batch:", "asked", "for"]


def test_a_job_that_begins_in_a_paused_batch_is_told(
    work: Work, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.services.control.pause_batch", lambda _batch: 0)
    report = benchmark.steer(products(2), workshop, work)
    assert report.wrong[0].startswith("jobs begun while it is paused: (")
    assert str(report).splitlines()[-1].startswith("WRONG ")
