"""The set `mini` as a run meets it: its perceivers cut out, describe and measure products of the world.

With random weights of the right shapes everywhere, and with the weights that come along, where they are.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from transformers import Dinov2Config, Dinov2Model

from generation.checkpoints import loading
from generation.checkpoints.segmenter import build
from generation.checkpoints.sets import Entry
from generation.context import LocalContext
from generation.files import Files
from generation.mini.__main__ import WEIGHTS
from generation.mini.clip import build_clip, write_clip
from generation.mini.dino import SIZES, write_dino
from generation.mini.evaluating import entry_of, pictures
from generation.mini.sam import SHAPE, write_sam
from generation.recipe import CaptionConfig, MeasureConfig, SegmentConfig
from generation.records import GeneratedImage, GenerateResult, Photo, ProductFacts
from generation.stages import caption, measure, segment
from tests.factories.checkpoints.perceivers import TinyModels
from tests.factories.painted import painted
from tests.factories.pipeline import files_in

FOLDERS = {"segmenter": "sam", "clip": "clip", "dino": "dino", "captioner": "clip"}


@pytest.fixture(scope="module")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    write_sam(build(SHAPE), folder / "sam")
    write_clip(build_clip(), folder / "clip")
    write_dino(Dinov2Model(Dinov2Config(**SIZES)), folder / "dino")
    return folder


@pytest.fixture(params=["random", "shipped"])
def perceivers(request: pytest.FixtureRequest) -> dict[str, Any]:
    weights = WEIGHTS if request.param == "shipped" else request.getfixturevalue("random_weights")
    return {role: loading.load(_entry(role, weights / folder), "cpu") for role, folder in FOLDERS.items()}


def _entry(role: str, folder: Path) -> Entry:
    entry = entry_of(role, folder)
    # Random weights are sure of nothing; what is looked for here is that a mask comes out of it.
    return replace(entry, options={**entry.options, "grid_score": -9.0, "grid_stability": 0.0})


def product_of(files: Files) -> tuple[ProductFacts, Sequence[Image.Image]]:
    images = pictures(painted(1, 3))
    photos = tuple(Photo(files.put_picture(image)) for image in images[:2])
    return ProductFacts("A thing of the world", "mug", photos), images


def test_a_run_cuts_out_describes_and_measures(perceivers: dict[str, Any], tmp_path: Path) -> None:
    files, models = files_in(tmp_path), TinyModels(base=Reader(), **perceivers)
    product, images = product_of(files)
    cut = segment.run(segment.Inputs(product), SegmentConfig(surest=0.0), models, LocalContext(), files)
    assert [mask.picture for mask in cut.masks] == [photo.picture for photo in product.photos]
    assert cut.found
    told = caption.run(caption.Inputs(product), CaptionConfig(), models, LocalContext(), files)
    assert all(one.template.startswith("a photo of") and "{product}" in one.template for one in told.captions)
    drawn = GeneratedImage("a photo of {product} in a kitchen", "a photo of sks mug", 1, files.put_picture(images[2]))
    inputs = measure.Inputs(product, cut, GenerateResult((drawn,), "ddim"))
    metrics = measure.run(inputs, MeasureConfig(), models, LocalContext(), files).metrics
    assert len(metrics) == 1
    assert all(-1 <= value <= 1 for value in (metrics[0].clip_i, metrics[0].clip_t, metrics[0].dino_i))


def test_the_shipped_weights_are_small_and_whole() -> None:
    files = [file for file in WEIGHTS.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= 60_000_000
    assert {file.suffix for file in files} <= {".json", ".safetensors", ".txt"}
    for role, folder in FOLDERS.items():
        if (WEIGHTS / folder).is_dir():
            assert loading.missing(entry_of(role, WEIGHTS / folder)) == []


class Reader:
    """Of the base, the captions' stage asks only how long a text is."""

    token_limit = 75

    def token_count(self, prompt: str) -> int:
        return len(prompt.split())
