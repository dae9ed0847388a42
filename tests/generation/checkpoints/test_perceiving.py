"""What perceivers share: which weights file is taken, pictures as tensors, the hub's preprocessing files."""

import json
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from generation.checkpoints import loading
from generation.checkpoints.devices import modules_in
from generation.checkpoints.loading import loaded
from generation.checkpoints.perceiving import (
    Preprocessing,
    preprocessing_of,
    read_weights,
    scalers,
    unit_rows,
    weights_in,
)
from generation.checkpoints.roles import Role
from generation.checkpoints.sets import Entry
from generation.exceptions import CheckpointMissing, NotPossible
from tests.factories.pipeline import tiny_models

TENSORS = {"one": torch.arange(4.0)}
HALF: dict[str, Any] = {"mean": (0.5,) * 3, "std": (0.5,) * 3}


def entry(folder: Path, side: int = 0) -> Entry:
    return Entry("dino", "dinov2", "", "", "", True, folder, side=side)


class TestWeights:
    @pytest.mark.parametrize(
        ("there", "taken"),
        [
            (("a.pth", "b.safetensors"), "b.safetensors"),
            (("a.bin", "b.pth"), "b.pth"),
            (("b.safetensors", "a.safetensors"), "a.safetensors"),
        ],
        ids=["safetensors before pickles", "pth before bin", "the first by name"],
    )
    def test_a_folders_file_is_chosen(self, tmp_path: Path, there: tuple[str, ...], taken: str) -> None:
        for name in there:
            (tmp_path / name).touch()
        assert weights_in(tmp_path).name == taken

    def test_a_file_is_itself(self, tmp_path: Path) -> None:
        (tmp_path / "odd.name").touch()
        assert weights_in(tmp_path / "odd.name") == tmp_path / "odd.name"

    def test_both_formats_read_the_same(self, tmp_path: Path) -> None:
        save_file(TENSORS, tmp_path / "a.safetensors")
        torch.save(TENSORS, tmp_path / "a.pth")
        for name in ("a.safetensors", "a.pth"):
            assert torch.equal(read_weights(tmp_path / name)["one"], TENSORS["one"])

    @pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
    def test_what_is_cut_short_is_named(self, tmp_path: Path, name: str) -> None:
        save_file(TENSORS, tmp_path / "a.safetensors")
        torch.save(TENSORS, tmp_path / "a.pth")
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(CheckpointMissing, match=rf"The dino cannot be loaded from {tmp_path}: .*Put it there"):
            loaded(entry(tmp_path), lambda: read_weights(tmp_path / name))

    def test_a_folder_without_any_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointMissing, match=rf"The dino cannot be loaded from {tmp_path}: there is no weights"):
            loaded(entry(tmp_path), lambda: weights_in(tmp_path))

    def test_what_a_library_says_names_role_and_path(self, tmp_path: Path) -> None:
        def fail() -> None:
            raise RuntimeError("size mismatch for x\nand more")

        with pytest.raises(CheckpointMissing) as error:
            loaded(entry(tmp_path), fail)
        assert str(error.value) == (
            f"The dino cannot be loaded from {tmp_path}: size mismatch for x (RuntimeError). Put it there, or change"
            " the set's path."
        )

    @pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError()], ids=str)
    def test_lack_of_memory_is_no_damage(self, tmp_path: Path, error: Exception) -> None:
        def fail() -> None:
            raise error

        with pytest.raises(type(error)) as raised:
            loaded(entry(tmp_path), fail)
        assert raised.value is error

    def test_a_fault_of_our_own_is_not_hidden(self, tmp_path: Path) -> None:
        def fail() -> None:
            raise AttributeError("a mistake in the code")

        with pytest.raises(AttributeError):
            loaded(entry(tmp_path), fail)


class TestPreprocessing:
    @pytest.mark.parametrize(
        ("how", "size", "shape"),
        [
            (Preprocessing(**HALF, shortest=20), (40, 80), (40, 20)),
            (Preprocessing(**HALF, shortest=20, crop=(16, 16)), (40, 80), (16, 16)),
            (Preprocessing(**HALF, exact=(10, 30)), (40, 80), (10, 30)),
            (Preprocessing(**HALF), (40, 80), (80, 40)),
        ],
        ids=["shorter side", "and cropped", "both sides", "as it is"],
    )
    def test_sizes(self, how: Preprocessing, size: tuple[int, int], shape: tuple[int, int]) -> None:
        assert how.tensor([Image.new("RGB", size)]).shape == (1, 3, *shape)

    def test_values_are_normalised_by_channel(self) -> None:
        how = Preprocessing((0.0, 0.5, 1.0), (1.0, 0.5, 0.25))
        pixel = how.tensor([Image.new("RGB", (1, 1), (255, 255, 0))])[0, :, 0, 0]
        assert pixel.tolist() == [1.0, 1.0, -4.0]

    def test_the_middle_is_kept(self) -> None:
        image = Image.new("RGB", (30, 10))
        image.paste((255, 255, 255), (10, 0, 20, 10))
        assert Preprocessing(**HALF, shortest=10, crop=(10, 10)).tensor([image]).min() == 1

    def test_a_batch_is_in_its_order(self) -> None:
        images = [Image.new("RGB", (9, 9), (value,) * 3) for value in range(0, 250, 10)]
        found = Preprocessing(**HALF, exact=(3, 3)).tensor(images)[:, 0, 0, 0]
        assert torch.equal(found, found.sort().values)


def test_a_forked_worker_has_threads_of_its_own() -> None:
    """With those of its parent, which a fork does not copy, it would wait for ever."""
    assert list(scalers(os.getpid()).map(abs, [1, -2])) == [1, 2]
    forking = multiprocessing.get_context("fork")
    answers = forking.SimpleQueue()
    child = forking.Process(target=lambda: answers.put(list(scalers(os.getpid()).map(abs, [3, -4]))))
    child.start()
    child.join(10)
    alive = child.is_alive()
    child.kill()
    assert not alive
    assert answers.get() == [3, 4]


CONFIG: dict[str, Any] = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}


@pytest.mark.parametrize(
    ("config", "side", "expected"),
    [
        ({"size": 32}, 0, {"exact": (32, 32), "crop": None, "shortest": 0}),
        ({"size": {"height": 24, "width": 32}, "resample": 3}, 0, {"exact": (24, 32), "filter": "bicubic"}),
        (
            {"size": {"shortest_edge": 36}, "do_center_crop": True, "crop_size": {"height": 32, "width": 32}},
            0,
            {"shortest": 36, "crop": (32, 32), "exact": None, "filter": "bilinear"},
        ),
        (
            {"size": {"shortest_edge": 256}, "do_center_crop": True, "crop_size": 224},
            518,
            {"shortest": 592, "crop": (518, 518)},
        ),
        ({"size": 224}, 448, {"exact": (448, 448)}),
    ],
    ids=["one number", "both sides", "shorter side and crop", "larger, in proportion", "larger, both sides"],
)
def test_the_hubs_files_are_read(tmp_path: Path, config: dict[str, Any], side: int, expected: dict[str, Any]) -> None:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({**CONFIG, **config}))
    found = preprocessing_of(entry(tmp_path, side))
    assert {name: getattr(found, name) for name in expected} == expected


def test_unit_rows_are_whole_floats_whatever_came() -> None:
    rows = unit_rows(torch.tensor([[3.0, 4.0], [0.0, 0.0]], dtype=torch.bfloat16))
    assert rows.dtype == np.float32
    assert rows.tolist() == [[pytest.approx(0.6, abs=1e-3), pytest.approx(0.8, abs=1e-3)], [0.0, 0.0]]


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_is_no_number_is_never_a_row(wrong: float) -> None:
    with pytest.raises(NotPossible, match=r"no numbers \(NaN\), as happens in float16 .* set its dtype to float32"):
        unit_rows(torch.tensor([[1.0, 0.0], [wrong, 0.0]], dtype=torch.float16))


PICTURE = Image.new("RGB", (64, 64), "grey")
ASKED: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "segmenter": ("segmenter", "", lambda segmenter: segmenter.embed(PICTURE)),
    "clip": ("clip", "", lambda clip: clip.images([PICTURE])),
    "dino": ("dino", "", lambda dino: dino.images([PICTURE])),
    "safety concepts": ("safety", "concepts", lambda safety: safety.check([PICTURE])),
    "safety classifier": ("safety", "classifier", lambda safety: safety.check([PICTURE])),
}


@pytest.mark.parametrize("asked", ASKED)
def test_weights_that_overflow_are_told_by_every_perceiver(asked: str) -> None:
    """A safety filter would else let everything pass: no NaN is above a threshold."""
    role, kind, ask = ASKED[asked]
    family: dict[str, Any] = {"": "sd", "concepts": "sd", "classifier": "flux2-klein"}
    set_entry = tiny_models(family[kind]).model_set.entry(cast(Role, role))
    broken = loading.load(set_entry, "cpu")
    for module in modules_in(broken):
        for weight in module.parameters():
            weight.fill_(float("nan"))
    with pytest.raises(NotPossible, match="no numbers"):
        ask(broken)
