"""DINO of both generations behind its role: the CLS token as a unit row, scaled as transformers would by Pillow."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModel

from generation.checkpoints import dino
from generation.exceptions import CheckpointMissing
from tests.factories.checkpoints.dino import dino_entry, make_tiny_dino
from tests.factories.checkpoints.perceivers import CPU

Family = Literal["dinov2", "dino"]
FAMILIES: list[Family] = ["dinov2", "dino"]
SIZES = [(32, 32), (50, 40), (33, 90), (401, 64), (20, 20)]


def noise(size: tuple[int, int], seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[Family, Path]:
    made: dict[Family, Path] = {family: tmp_path_factory.mktemp(family) for family in FAMILIES}
    for family, folder in made.items():
        make_tiny_dino(folder, family)
    return made


@pytest.mark.parametrize("family", FAMILIES)
def test_equals_transformers_own(folders: dict[Family, Path], family: Family) -> None:
    adapter = dino.load(dino_entry(folders[family], family), CPU)
    processors: Any = AutoImageProcessor
    processor = processors.from_pretrained(folders[family], backend="pil")
    model = AutoModel.from_pretrained(folders[family]).eval()
    for seed, size in enumerate(SIZES):
        with torch.inference_mode():
            pixels = processor(noise(size, seed), return_tensors="pt")["pixel_values"]
            row = torch.nn.functional.normalize(model(pixels).last_hidden_state[:, 0], dim=-1)
        assert np.allclose(adapter.images([noise(size, seed)]), row, atol=1e-4), size


@pytest.mark.parametrize("family", FAMILIES)
def test_a_batch_equals_its_pictures_alone(folders: dict[Family, Path], family: Family) -> None:
    adapter = dino.load(dino_entry(folders[family], family), CPU)
    images = [noise(size, seed) for seed, size in enumerate(SIZES)]
    rows = adapter.images(images)
    assert rows.dtype == np.float32
    assert rows.shape == (5, 32)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.allclose(rows, np.concatenate([adapter.images([each]) for each in images]), atol=1e-5)
    assert adapter.images([]).shape == (0, 32)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_set_may_ask_for_a_larger_side(folders: dict[Family, Path], family: Family) -> None:
    adapter = dino.load(replace(dino_entry(folders[family], family), side=64), CPU)
    assert adapter.preprocessing.tensor([noise((200, 100))]).shape == (1, 3, 64, 64)
    assert adapter.images([noise((200, 100))]).shape == (1, 32)


@pytest.mark.parametrize("family", FAMILIES)
def test_half_floats_come_close(folders: dict[Family, Path], family: Family) -> None:
    whole = dino.load(dino_entry(folders[family], family), CPU)
    half = dino.load(dino_entry(folders[family], family, dtype="bfloat16"), CPU)
    assert half.model.dtype == torch.bfloat16
    assert float((half.images([noise((40, 40))]) @ whole.images([noise((40, 40))]).T)[0, 0]) > 0.99


@pytest.mark.parametrize("family", FAMILIES)
def test_a_set_may_ask_for_plain_attention(folders: dict[Family, Path], family: Family) -> None:
    entry = dino_entry(folders[family], family)
    plain = dino.load(replace(entry, options={"attention": "_native_math"}), CPU)
    assert plain.model.config._attn_implementation == "eager"
    assert np.allclose(plain.images([noise((40, 40))]), dino.load(entry, CPU).images([noise((40, 40))]), atol=1e-5)


@pytest.mark.parametrize("missing", ["model.safetensors", "config.json", "preprocessor_config.json"])
def test_a_folder_that_lacks_a_file_is_named(tmp_path: Path, missing: str) -> None:
    make_tiny_dino(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(CheckpointMissing, match=f"The dino cannot be loaded from {tmp_path}"):
        dino.load(dino_entry(tmp_path), CPU)
