"""Captioners behind their role: BLIP describes plainly, a vision-language model reads its instruction."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generation.checkpoints import captioner
from generation.exceptions import CheckpointMissing
from tests.factories.checkpoints.captioner import captioner_entry, make_tiny_captioner, make_tiny_vlm
from tests.factories.checkpoints.perceivers import CPU, warm

IMAGES = [
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (30 + 20 * seed, 64, 3), dtype=np.uint8))
    for seed in range(3)
]


@pytest.fixture(scope="module")
def vlm(tmp_path_factory: pytest.TempPathFactory) -> captioner.VisionLanguage:
    folder = tmp_path_factory.mktemp("vlm")
    make_tiny_vlm(folder)
    found = captioner.load(captioner_entry(folder, "qwen-vl"), CPU)
    assert isinstance(found, captioner.VisionLanguage)
    return found


def test_blip_says_the_same_each_time_and_reads_no_instruction() -> None:
    blip = warm("captioner")
    told = blip.describe(IMAGES, "Say what this is.")
    assert len(told) == 3
    assert all(text for text in told)
    assert blip.describe(IMAGES, "Something else.") == told


def test_a_vision_language_model_answers_each_picture_the_same_each_time(vlm: captioner.VisionLanguage) -> None:
    told = vlm.describe(IMAGES, "Say what this is.")
    assert len(told) == 3
    assert vlm.describe(IMAGES, "Say what this is.") == told
    assert len(set(told)) > 1


def test_the_instruction_is_read(vlm: captioner.VisionLanguage) -> None:
    assert vlm.describe(IMAGES[:1], "Colours?") != vlm.describe(IMAGES[:1], "A long and quite different question?")


def test_a_batch_says_what_its_pictures_alone_do(vlm: captioner.VisionLanguage) -> None:
    assert vlm.describe(IMAGES, "What?") == [text for image in IMAGES for text in vlm.describe([image], "What?")]


def test_a_picture_is_shrunk_to_the_area_that_is_paid_for(vlm: captioner.VisionLanguage) -> None:
    small = captioner.VisionLanguage(vlm.model, vlm.processor, vlm.decoding, pixels=32 * 32)
    assert small.describe([Image.new("RGB", (400, 100))], "?") is not None
    shrunk = small._within(Image.new("RGB", (400, 100)))
    assert shrunk.width * shrunk.height <= 32 * 32
    assert shrunk.width / shrunk.height == pytest.approx(4, rel=0.1)
    assert small._within(Image.new("RGB", (20, 20))).size == (20, 20)


def test_no_more_words_than_the_set_allows(tmp_path: Path) -> None:
    make_tiny_captioner(tmp_path)
    short = captioner.load(captioner_entry(tmp_path, tokens=2, beams=1), CPU)
    assert len(short.describe(IMAGES[:1], "")[0].split()) <= 2


@pytest.mark.parametrize("family", ["blip", "qwen-vl"])
def test_no_pictures_and_no_files(tmp_path: Path, family: str) -> None:
    with pytest.raises(CheckpointMissing, match=f"The captioner cannot be loaded from {tmp_path}"):
        captioner.load(captioner_entry(tmp_path, family), CPU)
    assert warm("captioner").describe([], "x") == []
