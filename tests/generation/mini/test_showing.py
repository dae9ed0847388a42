"""Sheets: what is on them lies where it should, and truth is told from what a model says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import Dinov2Config, Dinov2Model

from generation.checkpoints.segmenter import build
from generation.mini import showing
from generation.mini.clip import build_clip, write_clip
from generation.mini.dino import SIZES, write_dino
from generation.mini.renders import Renders
from generation.mini.sam import SHAPE, write_sam
from generation.mini.showing import CELL, RIGHT, caption_sheet, dino_sheet, framed, grid, sam_sheet
from tests.factories.painted import painted


@pytest.fixture(scope="module")
def data() -> Renders:
    return painted(3, 2)


def test_a_grid_has_a_cell_for_each_picture() -> None:
    colours = [["red", "lime", "blue"], ["white", "black", "yellow"]]
    page = grid([[Image.new("RGB", (8, 8), colour) for colour in row] for row in colours])
    assert page.size == (3 * CELL, 2 * CELL)
    middle = CELL // 2
    assert page.getpixel((CELL + middle, middle)) == (0, 255, 0)
    assert page.getpixel((2 * CELL + middle, CELL + middle)) == (255, 255, 0)


def test_a_frame_leaves_the_picture_itself_alone() -> None:
    image = Image.new("RGB", (20, 20), "white")
    made = framed(image, RIGHT)
    assert made.getpixel((0, 10)) == RIGHT
    assert made.getpixel((10, 10)) == image.getpixel((0, 10)) == (255, 255, 255)
    assert np.array_equal(np.asarray(framed(image, None)), np.asarray(image))


def test_masks_stand_beneath_their_picture_truth_first(tmp_path: Path, data: Renders) -> None:
    torch.manual_seed(1)
    write_sam(build(SHAPE), tmp_path)
    page = sam_sheet(tmp_path, data, 4)
    assert page.size == (4 * CELL, 4 * CELL)
    cell = page.crop((0, CELL, CELL, 2 * CELL)).resize((64, 64), Image.Resampling.NEAREST)
    mask, image = data.masks[0].numpy() > 127, data.images[0].numpy()
    assert (np.asarray(cell)[mask] == image[mask]).all()
    assert (np.asarray(cell)[~mask] >= 225).all()


def test_the_product_itself_is_framed_among_the_found(tmp_path: Path, data: Renders) -> None:
    torch.manual_seed(1)
    write_dino(Dinov2Model(Dinov2Config(**SIZES)), tmp_path)
    page = dino_sheet(tmp_path, data, 3, 3)  # all three others are shown, so that the right one is among them
    assert page.size == (5 * CELL, 3 * CELL)
    for row in range(3):
        corners = [page.getpixel((column * CELL, row * CELL)) for column in range(2, 5)]
        assert corners.count(RIGHT) == 1


def test_captions_stand_beside_their_picture(tmp_path: Path, data: Renders, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    write_clip(build_clip(), tmp_path)
    page = caption_sheet(tmp_path, data, 2)
    assert page.size == (7 * CELL, CELL)
    beside = np.asarray(page.crop((CELL, 0, 7 * CELL // 2, CELL)))
    assert (beside < 128).any()  # words
    assert showing._wrapped("one two three", 7) == "one two\nthree"
