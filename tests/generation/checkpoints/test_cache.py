"""The shelf of warm models: what is loaded once, what leaves first, and what is never taken from who holds it."""

import gc
import threading
import time
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import nn

from generation.checkpoints import devices
from generation.checkpoints.cache import CPU, ModelCache, Shelf
from generation.checkpoints.roles import Models
from generation.checkpoints.set_files import read_set
from generation.checkpoints.sets import ROLES, Entry, ModelSet, Places
from generation.exceptions import CheckpointMissing, OutOfRoom
from tests.factories.checkpoints.model_set import tiny_set

# There is no GPU where tests run: torch's device without memory stands for one. Weights really leave the CPU for it.
GPU = torch.device("meta")
SIZE = 4_000


class Adapter:
    """A model of 4,000 bytes, or as many as its entry's option says."""

    def __init__(self, entry: Entry, device: str) -> None:
        self.entry = entry
        self.model = nn.Linear(entry.options.get("floats", SIZE // 4), 1, bias=False, device=device)


class Loader:
    """Makes adapters, counts them, and can be told to run out of memory or to take its time."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.fails: list[BaseException] = []
        self.seconds = 0.0

    def __call__(self, entry: Entry, device: str) -> Adapter:
        if self.fails:
            raise self.fails.pop(0)
        time.sleep(self.seconds)
        self.loaded.append(entry.role)
        return Adapter(entry, device)


def entry(role: str, **values: Any) -> Entry:
    told: dict[str, Any] = {
        "role": role, "family": "none", "repo": f"some/{role}", "revision": "a" * 40, "licence": "MIT",
        "commercial": True, "path": Path("/models") / f"some--{role}" / ("a" * 40),
    }  # fmt: skip
    return Entry(**told | values)


BASE, CLIP, DINO, VIDEO = (entry(role) for role in ("base", "clip", "dino", "video"))


@pytest.fixture
def load() -> Loader:
    return Loader()


def use(shelf: Shelf, *entries: Entry) -> None:
    for each in entries:
        with shelf.borrow(each):
            pass


def on(shelf: Shelf, device: torch.device) -> set[str]:
    return {role for line in shelf.report() if line.where == str(device) for role in line.roles}


def test_a_model_is_loaded_once_and_stays(load: Loader) -> None:
    shelf = Shelf(CPU, 10 * SIZE, load=load)
    with shelf.borrow(BASE) as first:
        pass
    with shelf.borrow(BASE) as second, shelf.borrow(BASE) as third:
        assert first is second is third
    assert load.loaded == ["base"]


def test_roles_with_one_checkpoint_share_it_and_other_options_do_not(load: Loader) -> None:
    shelf = Shelf(CPU, 10 * SIZE, load=load)
    with shelf.borrow(BASE) as base, shelf.borrow(replace(BASE, role="served", set_name="other")) as served:
        assert base is served
    with shelf.borrow(replace(BASE, options={"compile": True})) as compiled:
        assert compiled is not base
    assert shelf.report()[1].roles == ("base", "served")


def test_on_a_cpu_the_least_used_is_dropped(load: Loader) -> None:
    shelf = Shelf(CPU, 2 * SIZE, load=load)
    use(shelf, BASE, CLIP, BASE, DINO)
    assert on(shelf, CPU) == {"base", "dino"}
    assert not shelf.holds(CLIP)
    with shelf.borrow(BASE) as adapter:
        kept = weakref.ref(adapter)
        del adapter
        use(shelf, CLIP, VIDEO)
        assert shelf.holds(BASE)
    use(shelf, CLIP, VIDEO)
    gc.collect()
    assert kept() is None, "the weights of what is dropped are freed"
    assert load.loaded == ["base", "clip", "dino", "clip", "video", "clip", "video"]


def test_what_is_idle_leaves_a_gpu_for_the_cpu_and_comes_back_unread(load: Loader, monkeypatch: Any) -> None:
    moved = []
    monkeypatch.setattr(devices, "move", lambda adapter, device: moved.append((adapter.entry.role, str(device))))
    shelf = Shelf(GPU, 2 * SIZE, host_limit_bytes=SIZE, load=load)
    use(shelf, BASE, CLIP, DINO)
    assert (on(shelf, GPU), on(shelf, CPU)) == ({"clip", "dino"}, {"base"})
    use(shelf, BASE)
    assert (on(shelf, GPU), on(shelf, CPU)) == ({"dino", "base"}, {"clip"})
    assert moved == [("base", "cpu"), ("clip", "cpu"), ("base", "meta")]
    use(shelf, VIDEO)
    assert (on(shelf, GPU), on(shelf, CPU)) == ({"base", "video"}, {"dino"}), "the CPU was full: clip is gone"
    assert load.loaded == ["base", "clip", "dino", "video"]


def test_what_is_too_large_for_the_cpus_share_is_dropped_at_once(load: Loader) -> None:
    shelf = Shelf(GPU, SIZE, host_limit_bytes=SIZE - 1, load=load)
    use(shelf, BASE, CLIP)
    assert (on(shelf, GPU), on(shelf, CPU)) == ({"clip"}, set())


def test_what_is_in_use_is_never_evicted(load: Loader) -> None:
    shelf = Shelf(CPU, SIZE, load=load)
    with shelf.borrow(BASE) as base, shelf.borrow(CLIP), shelf.borrow(DINO):
        assert on(shelf, CPU) == {"base", "clip", "dino"}
        assert [line.in_use for line in shelf.report()] == [1, 1, 1]
        shelf.clear()
        with shelf.borrow(BASE) as again:
            assert again is base
    assert len(on(shelf, CPU)) == 1, "over its limit, the shelf lets go as soon as the blocks end"


def test_room_is_made_before_a_model_is_read_again(load: Loader) -> None:
    shelf = Shelf(CPU, 2 * SIZE, load=load)
    large = entry("video", options={"floats": SIZE // 2})
    use(shelf, large, BASE, CLIP)
    assert on(shelf, CPU) == {"base", "clip"}
    seen: list[set[str]] = []

    def watching(each: Entry, device: str) -> Adapter:
        seen.append(on(shelf, CPU))
        return load(each, device)

    shelf._load = watching  # the moment of reading is what is looked at
    use(shelf, large)
    assert seen == [set()], "its size is known by now: both had to go first"


def test_out_of_memory_drops_what_is_idle_and_tries_once_more(load: Loader) -> None:
    shelf = Shelf(CPU, 10 * SIZE, load=load)
    use(shelf, BASE, CLIP)
    load.fails = [torch.OutOfMemoryError("CUDA out of memory")]
    with shelf.borrow(BASE), shelf.borrow(DINO):
        assert on(shelf, CPU) == {"base", "dino"}


def test_no_room_even_then_is_told(load: Loader) -> None:
    shelf = Shelf(CPU, 10 * SIZE, load=load)
    load.fails = [RuntimeError("MPS backend out of memory")] * 2
    with (
        pytest.raises(OutOfRoom, match=r"no room on cpu for the dino some/dino\. Choose a smaller model set"),
        shelf.borrow(DINO),
    ):
        pytest.fail("there is no model to work with")
    with shelf.borrow(CLIP):
        load.fails = [MemoryError()] * 2
        with pytest.raises(OutOfRoom, match=r"for the dino some/dino beside clip, in use\."), shelf.borrow(DINO):
            pytest.fail("there is no model to work with")
    use(shelf, DINO)
    assert shelf.holds(DINO), "the shelf goes on as if nothing had been"


def test_memory_is_given_back_when_it_is_worth_it(load: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    freed: list[str] = []
    monkeypatch.setattr(devices, "free_memory", lambda device: freed.append(str(device)))
    shelf = Shelf(CPU, SIZE, load=load)
    use(shelf, BASE, CLIP)
    assert freed == []
    large = entry("video", options={"floats": 1 << 24})  # 64 MiB
    use(shelf, large, BASE)
    assert freed == ["cpu"]


def test_other_errors_pass_through_and_nothing_is_dropped(load: Loader) -> None:
    shelf = Shelf(CPU, 10 * SIZE, load=load)
    use(shelf, BASE)
    for error in (CheckpointMissing("gone"), RuntimeError("shapes differ")):
        load.fails = [error]
        with pytest.raises(type(error), match=str(error)), shelf.borrow(DINO):
            pytest.fail("there is no model to work with")
    assert [(line.roles, line.in_use) for line in shelf.report()] == [(("base",), 0)]
    assert load.loaded == ["base"]


def test_an_error_inside_the_block_gives_the_model_back(load: Loader) -> None:
    shelf = Shelf(CPU, 10 * SIZE, load=load)
    with pytest.raises(KeyError), shelf.borrow(BASE):
        raise KeyError("the stage broke")
    assert shelf.report()[0].in_use == 0


@pytest.mark.parametrize("fails", [False, True], ids=["to the end", "it fails"])
@pytest.mark.parametrize("astray", [False, True], ids=["whole", "astray"])
def test_a_model_left_on_another_device_by_an_error_is_read_anew(load: Loader, *, astray: bool, fails: bool) -> None:
    shelf = Shelf(GPU, 10 * SIZE, load=load)
    try:
        with shelf.borrow(BASE) as base:
            if astray:
                base.model = nn.Linear(1, 1, device=CPU)
            if fails:
                raise MemoryError
    except MemoryError:
        assert fails
    use(shelf, BASE)
    assert load.loaded == ["base"] * (2 if astray and fails else 1)


def test_threads_load_a_model_once_and_never_lose_one(load: Loader) -> None:
    load.seconds = 0.002
    shelf = Shelf(CPU, 2 * SIZE, load=load)
    barrier, wrong = threading.Barrier(8), []

    def work(number: int) -> None:
        barrier.wait()
        for turn in range(25):
            each = (BASE, CLIP, DINO, VIDEO)[(number + turn) % 4]
            with shelf.borrow(each) as adapter:
                if adapter is None or adapter.entry.role != each.role or not shelf.holds(each):
                    wrong.append(each.role)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong
    assert {line.in_use for line in shelf.report()} == {0}
    assert sum(line.bytes for line in shelf.report()) <= 2 * SIZE
    assert 4 <= len(load.loaded) < 200


def test_what_is_borrowed_while_others_leave_stays_where_it_is(load: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(GPU, 3 * SIZE, load=load)
    use(shelf, BASE, CLIP, DINO)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with shelf.borrow(CLIP):
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)

    def move(adapter: Adapter, _device: torch.device) -> None:
        if adapter.entry.role == "base" and not held.is_set():  # the first that leaves; clip would be the next
            thread.start()
            held.wait(10)
        assert adapter.entry.role != "clip", "it was moved under the hands of who holds it"

    monkeypatch.setattr(devices, "move", move)
    use(shelf, entry("video", options={"floats": SIZE // 4 * 3}))
    assert held.is_set()
    assert "clip" in on(shelf, GPU)
    done.set()
    thread.join(10)


def test_threads_that_ask_at_once_share_one_load(load: Loader) -> None:
    load.seconds = 0.05
    shelf = Shelf(CPU, 10 * SIZE, load=load)
    barrier, adapters = threading.Barrier(6), []

    def work() -> None:
        barrier.wait()
        with shelf.borrow(BASE) as adapter:
            adapters.append(adapter)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert load.loaded == ["base"]
    assert len(adapters) == 6
    assert len(set(map(id, adapters))) == 1
    assert shelf.report()[0].hits == 5


def test_the_report_says_what_is_where(load: Loader) -> None:
    shelf = Shelf(CPU, 10 * SIZE, load=load)
    use(shelf, BASE, CLIP, BASE)
    local = entry("dino", repo="", revision="", path=Path("/ours/dino"))
    with shelf.borrow(local):
        held, base, clip = sorted(shelf.report(), key=lambda line: ("dino", "base", "clip").index(line.roles[0]))
    assert (base.name, base.bytes, base.hits, base.loads, base.where) == (f"some/base@{'a' * 40}", SIZE, 1, 1, "cpu")
    assert (clip.hits, clip.loads, clip.in_use) == (0, 1, 0)
    assert (held.name, held.in_use, held.idle_seconds) == ("/ours/dino", 1, 0)
    assert 0 < base.idle_seconds < clip.idle_seconds < 10
    shelf.clear()
    assert shelf.report() == []


def test_counts_outlive_an_eviction(load: Loader) -> None:
    shelf = Shelf(CPU, SIZE, load=load)
    use(shelf, BASE, BASE, CLIP, BASE)
    assert [(line.hits, line.loads) for line in shelf.report()] == [(1, 2)]


def test_precision_is_that_of_the_device(load: Loader) -> None:
    shelf = Shelf(CPU, 10 * SIZE, load=load)
    with shelf.borrow(replace(BASE, dtype="bfloat16")) as adapter:
        assert adapter.entry.dtype == "float32"
    assert shelf.holds(BASE), "on this device both are the same model"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelSet:
    folder = tmp_path_factory.mktemp("sets")
    return read_set(str(tiny_set(folder, "flux2-klein")), Places(folder))


def test_a_stage_gets_every_role_of_a_real_set(tiny: ModelSet) -> None:
    models = ModelCache(tiny, CPU, 10**9)
    asked: Models = models  # the protocol that stages are given
    for role in ROLES:
        with getattr(asked, role)() as adapter:
            assert devices.bytes_of(adapter) > 0
    assert set(models.warm()) == set(ROLES)
    assert sum(line.bytes for line in models.report()) < 50e6
    assert [line.roles for line in models.report() if len(line.roles) > 1] == [("inpainter", "served")]
    assert {line.loads for line in models.report()} == {1}


def test_an_evicted_real_model_gives_the_same_answer_again(tiny: ModelSet) -> None:
    models = ModelCache(tiny, CPU, 1)
    image = Image.effect_noise((48, 48), 90).convert("RGB")
    answers = []
    for _ in range(2):
        with models.dino() as dino:
            answers.append(dino.images([image]))
        with models.clip():
            pass
        assert models.warm() == ()
    assert (answers[0] == answers[1]).all()


def test_two_sets_share_a_shelf(tiny: ModelSet) -> None:
    shelf = Shelf(CPU, 10**9)
    other = replace(
        tiny, name="other", entries={role: replace(e, set_name="other") for role, e in tiny.entries.items()}
    )
    first, second = (ModelCache(each, CPU, 10**9, shelf=shelf) for each in (tiny, other))
    with first.dino() as one, second.dino() as two:
        assert one is two
    assert second.warm() == ("dino",)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_real_model_goes_to_the_cpu_and_back(tiny: ModelSet) -> None:
    device = torch.device("cuda", 0)
    models = ModelCache(tiny, device, 1)
    image = Image.effect_noise((48, 48), 90).convert("RGB")
    answers = []
    for _ in range(2):
        with models.dino() as dino:
            answers.append(dino.images([image]))
        with models.clip():
            pass
    by_role = {line.roles[0]: line for line in models.report()}
    assert by_role["dino"].loads == 1
    assert (answers[0] == answers[1]).all()
