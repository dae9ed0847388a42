"""What a worker process prefers next, and for how long."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from jobs import execution
from jobs.services import submit
from jobs.warmth import Warmth, Wish


class Clock:
    """Seconds that pass when the test says so."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


@pytest.mark.parametrize(
    ("ran", "now", "wish"),
    [
        pytest.param([], 0, Wish("", enough=True), id="nothing ran"),
        pytest.param([(0, "sam")], 119, Wish("sam", enough=False), id="not yet"),
        pytest.param([(0, "sam")], 120, Wish("sam", enough=True), id="long enough"),
        pytest.param([(0, "sam"), (119, "sam")], 122, Wish("sam", enough=True), id="going on does not count anew"),
        pytest.param([(0, "sam"), (119, "sdxl")], 122, Wish("sdxl", enough=False), id="another is another"),
        pytest.param([(0, "sam"), (60, "")], 122, Wish("sam", enough=True), id="needing nothing drives nothing out"),
        pytest.param([(0, "sam"), (121, "")], 122, Wish("sam", enough=False), id="it gave way, so it may go on again"),
        pytest.param([(0, "sam"), (121, "sam")], 122, Wish("sam", enough=True), id="nobody else was there"),
    ],
)
def test_after_so_long_it_is_enough(
    ran: list[tuple[float, str]], now: float, wish: Wish, clock: Clock, settings: Any
) -> None:
    settings.AFFINITY_SECONDS = 120
    warmth, began = Warmth(), clock.now
    for after, affinity in ran:
        clock.now = began + after
        warmth.took(affinity, warmth.wish())
    clock.now = began + now
    assert warmth.wish() == wish


@pytest.fixture
def ran(kind: Callable[..., Any]) -> list[str]:
    """The affinities of the jobs of kind test.stage, in the order in which they ran."""
    order: list[str] = []
    kind("test.stage")(lambda context: order.append(context.job.affinity))
    return order


@pytest.mark.django_db
def test_a_model_is_loaded_once_for_many_products(ran: list[str]) -> None:
    for _product in range(3):
        for stage in ("segment", "caption"):
            submit("test.stage", affinity=stage)
    while execution.run_next("cpu", "w"):
        continue
    assert ran == ["segment"] * 3 + ["caption"] * 3


@pytest.mark.django_db
def test_and_others_do_not_wait_longer_than_that(ran: list[str], settings: Any) -> None:
    settings.AFFINITY_SECONDS = 0
    for stage in ("segment", "segment", "segment", "caption"):
        submit("test.stage", affinity=stage)
    while execution.run_next("cpu", "w"):
        continue
    assert ran == ["segment", "caption", "segment", "segment"]
