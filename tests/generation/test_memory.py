"""Out of memory: the batch is the job's to halve; alone, memory is saved level by level; then a person is told."""

from collections.abc import Callable

import pytest
import torch

from generation.checkpoints import devices
from generation.exceptions import OutOfRoom
from generation.memory import perceivers, room
from tests.factories.checkpoints.makers import load

pytestmark = pytest.mark.compute


@pytest.fixture(autouse=True)
def no_collecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time memory is freed, Python looks at all objects of the process: seconds, beside all that tests import."""
    monkeypatch.setattr(devices.gc, "collect", lambda: 0)


class Model:
    """One that can save `levels` levels, and then needs no more than there is at level `enough`."""

    def __init__(self, levels: int = 2) -> None:
        self.levels = levels
        self.asked: list[int] = []

    def save_memory(self, level: int) -> bool:
        self.asked.append(level)
        return level <= self.levels


def gpu_full() -> Exception:
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB. More words.")


def cpu_full() -> Exception:
    return RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")


def work_until(model: Model, enough: int, error: Callable[[], Exception]) -> Callable[[], str]:
    def work() -> str:
        if (model.asked[-1] if model.asked else 0) < enough:
            raise error()
        return "done"

    return work


@pytest.mark.parametrize("error", [gpu_full, cpu_full, MemoryError])
@pytest.mark.parametrize(("enough", "asked"), [(0, [0]), (1, [1, 0]), (2, [1, 2, 0])])
def test_alone_memory_is_saved_level_by_level_and_given_up_again(
    enough: int, asked: list[int], error: Callable[[], Exception]
) -> None:
    model = Model()
    with room(model, "the drawing") as place:
        assert place.work(1, work_until(model, enough, error)) == "done"
    assert model.asked == asked


def test_what_is_saved_stays_saved_in_the_room() -> None:
    model = Model()
    with room(model, "the drawing") as place:
        place.work(1, work_until(model, 1, gpu_full))
        place.work(1, work_until(model, 1, gpu_full))
        assert model.asked == [1]


@pytest.mark.parametrize(
    ("error", "kind"), [(gpu_full, torch.OutOfMemoryError), (cpu_full, MemoryError), (MemoryError, MemoryError)]
)
def test_a_larger_batch_is_the_jobs_to_halve(error: Callable[[], Exception], kind: type[Exception]) -> None:
    model = Model()
    with pytest.raises(kind), room(model, "the drawing") as place:
        place.work(2, work_until(model, 1, error))
    assert model.asked == [0]


@pytest.mark.parametrize("error", [gpu_full, cpu_full, MemoryError])
def test_when_nothing_helps_a_person_is_told_what_to_do(error: Callable[[], Exception]) -> None:
    model = Model(levels=1)
    said = r"Memory ran out in the drawing, .* Choose a smaller size"
    with pytest.raises(OutOfRoom, match=said), room(model, "the drawing") as place:
        place.work(1, work_until(model, 9, error))
    assert model.asked == [1, 2, 0]


@pytest.mark.parametrize("error", [gpu_full, cpu_full, MemoryError])
def test_perceivers_have_nothing_to_save(error: Callable[[], Exception]) -> None:
    def work() -> None:
        raise error()

    place = perceivers("the measuring of candidates")
    with pytest.raises(OutOfRoom, match=r"Memory ran out in the measuring of candidates, .* Choose a smaller size"):
        place.work(1, work)
    with pytest.raises((torch.OutOfMemoryError, MemoryError)):
        place.work(2, work)


@pytest.mark.parametrize("batch", [1, 2])
def test_other_errors_go_through(batch: int) -> None:
    model = Model()

    def work() -> None:
        raise RuntimeError("Sizes of tensors must match")

    with pytest.raises(RuntimeError, match="Sizes"), room(model, "the drawing") as place:
        place.work(batch, work)
    assert model.asked == [0]


def test_a_real_model_saves_what_it_can_and_is_fast_again_after_it() -> None:
    backbone = load("sd")
    tried = []

    def work() -> None:
        tried.append(backbone.pipeline.vae.use_tiling)
        raise gpu_full()

    with pytest.raises(OutOfRoom), room(backbone, "the drawing") as place:
        place.work(1, work)
    assert tried == [False, True]
    assert not backbone.pipeline.vae.use_tiling
