"""CLIP behind its role: unit rows, the checkpoint's own scaling, batches equal to single pictures, files."""

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from generation.checkpoints import clip
from generation.exceptions import BadModelSet, CheckpointMissing
from tests.factories.checkpoints.clip import CONFIG, clip_entry, make_tiny_clip
from tests.factories.checkpoints.perceivers import CPU, folder_of, warm

SIZES = [(32, 32), (50, 40), (33, 90), (401, 64), (20, 20), (7, 300)]


def noise(size: tuple[int, int], seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8))


def test_rows_are_float32_of_length_one() -> None:
    adapter = warm("clip")
    for rows in (adapter.images([noise(size) for size in SIZES]), adapter.texts(["a mug", "a bag"])):
        assert rows.dtype == np.float32
        assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_scales_as_open_clip_does(size: tuple[int, int]) -> None:
    adapter = warm("clip")
    theirs = image_transform_v2(PreprocessCfg(size=32), is_train=False)(noise(size))
    assert torch.allclose(adapter.preprocessing.tensor([noise(size)])[0], theirs, atol=1e-6)


def test_equals_open_clip_itself() -> None:
    model, _, scale = open_clip.create_model_and_transforms(f"local-dir:{folder_of('clip')}")
    model.eval()
    tokenize = open_clip.get_tokenizer(f"local-dir:{folder_of('clip')}")
    image, text = noise((70, 50)), "a {product} on a table"
    with torch.inference_mode():
        rows = (
            model.encode_image(scale(image)[None], normalize=True),
            model.encode_text(tokenize([text]), normalize=True),
        )
    adapter = warm("clip")
    assert np.allclose(adapter.images([image]), rows[0], atol=1e-5)
    assert np.allclose(adapter.texts([text]), rows[1], atol=1e-5)


def test_a_batch_equals_its_pictures_alone() -> None:
    adapter = warm("clip")
    images = [noise(size, seed) for seed, size in enumerate(SIZES)]
    assert np.allclose(adapter.images(images), np.concatenate([adapter.images([each]) for each in images]), atol=1e-5)


def test_nothing_gives_no_rows_of_the_right_width() -> None:
    assert warm("clip").images([]).shape == warm("clip").texts([]).shape == (0, 32)


def test_grey_and_transparent_pictures_are_taken() -> None:
    pictures = [Image.new("L", (40, 40), 120), Image.new("RGB", (40, 40), (120, 120, 120))]
    rows = warm("clip").images(pictures)
    assert np.allclose(rows[0], rows[1], atol=1e-6)


def test_a_long_text_is_cut_not_refused() -> None:
    assert warm("clip").texts(["word " * 500]).shape == (1, 32)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_floats_come_close_and_give_whole_ones(dtype: str) -> None:
    half = clip.load(clip_entry(folder_of("clip"), dtype=dtype), CPU)
    assert half.model.visual.conv1.weight.dtype == getattr(torch, dtype)
    rows = half.images([noise((40, 40))])
    assert rows.dtype == np.float32
    assert float((rows @ warm("clip").images([noise((40, 40))]).T)[0, 0]) > 0.99


class TestFiles:
    def test_a_folder_without_weights_never_gives_random_ones(self, tmp_path: Path) -> None:
        (tmp_path / "open_clip_config.json").write_text(json.dumps(CONFIG))
        with pytest.raises(CheckpointMissing, match="there is no weights file"):
            clip.load(clip_entry(tmp_path), CPU)

    def test_a_folder_without_a_config(self, tmp_path: Path) -> None:
        make_tiny_clip(tmp_path)
        (tmp_path / "open_clip_config.json").unlink()
        with pytest.raises(CheckpointMissing, match="The clip cannot be loaded from"):
            clip.load(clip_entry(tmp_path), CPU)

    def test_weights_cut_short(self, tmp_path: Path) -> None:
        make_tiny_clip(tmp_path)
        weights = tmp_path / "open_clip_model.safetensors"
        weights.write_bytes(weights.read_bytes()[:5000])
        with pytest.raises(CheckpointMissing, match="The clip cannot be loaded from"):
            clip.load(clip_entry(tmp_path), CPU)

    def test_both_sides_squashed_where_the_checkpoint_says_so(self, tmp_path: Path) -> None:
        make_tiny_clip(tmp_path, {**CONFIG, "preprocess_cfg": {"resize_mode": "squash", "interpolation": "bilinear"}})
        adapter = clip.load(clip_entry(tmp_path), CPU)
        theirs = image_transform_v2(
            PreprocessCfg(size=32, resize_mode="squash", interpolation="bilinear"), is_train=False
        )(noise((90, 40)))
        assert torch.allclose(adapter.preprocessing.tensor([noise((90, 40))])[0], theirs, atol=1e-6)

    def test_a_way_to_scale_that_is_not_known_is_refused(self, tmp_path: Path) -> None:
        make_tiny_clip(tmp_path, {**CONFIG, "preprocess_cfg": {"resize_mode": "longest"}})
        with pytest.raises(BadModelSet, match="by 'longest'"):
            clip.load(clip_entry(tmp_path), CPU)
