"""Cut-outs without halos."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from generation import matting
from generation.matting import LONGEST, cut_out, from_transparency, softness
from tests.factories.cutouts import BLUE, RED, disc


def test_inside_the_edge_it_is_the_photo_to_the_last_bit() -> None:
    image, mask = disc()
    cut = cut_out(image, mask)
    left, top, right, bottom = cut.box
    photo = np.asarray(image)[top:bottom, left:right]
    assert cut.solid.sum() > 0.9 * mask.sum()
    assert np.array_equal(cut.pixels[cut.solid], photo[cut.solid])
    deep = ndimage.binary_erosion(mask, iterations=5)[top:bottom, left:right]
    assert (cut.alpha[deep] == 255).all()


@pytest.mark.parametrize("ground", [(250, 250, 250), (20, 160, 40)], ids=["white", "green"])
def test_no_ground_is_left_in_the_colours_of_the_edge(ground: tuple[int, int, int]) -> None:
    image, mask = disc(ground=ground)
    cut = cut_out(image, mask)
    edge = (cut.alpha > 60) & (cut.alpha < 255)
    rows = np.arange(cut.alpha.shape[0])[:, None] + cut.box[1]
    own = np.where((rows < image.height / 2)[..., None], RED, BLUE) * np.ones((*cut.alpha.shape, 1))
    off_middle = edge & (np.abs(rows - image.height / 2) > 4)
    assert off_middle.sum() > 50
    error = np.abs(cut.pixels[off_middle].astype(float) - own[off_middle]).mean()
    mixed = np.abs(
        np.asarray(image)[cut.box[1] : cut.box[3], cut.box[0] : cut.box[2]][off_middle] - own[off_middle]
    ).mean()
    assert error < 0.5 * mixed


def test_a_rough_mask_is_brought_to_the_true_edge() -> None:
    image, mask = disc((320, 280))
    rough = ndimage.binary_dilation(mask, iterations=2)
    cut = cut_out(image, rough, band=0.03)
    left, top, right, bottom = cut.box
    true = mask[top:bottom, left:right]
    before = np.count_nonzero(rough[top:bottom, left:right] ^ true)
    after = np.count_nonzero((cut.alpha > 127) ^ true)
    assert after < 0.4 * before


def test_a_large_photo_is_reduced_and_says_by_how_much() -> None:
    image, mask = disc((2600, 2400))
    cut = cut_out(image.crop((500, 400, 2100, 2000)), mask[400:2000, 500:2100])
    assert cut.scale < 1
    assert max(cut.alpha.shape) <= LONGEST + 24


def test_an_empty_mask_is_refused() -> None:
    image, mask = disc()
    with pytest.raises(ValueError, match="nothing to cut out"):
        cut_out(image, np.zeros_like(mask))


def test_a_transparent_picture_keeps_its_own_edge() -> None:
    rgba = np.zeros((40, 50, 4), np.uint8)
    rgba[10:30, 10:40] = (200, 180, 20, 255)
    rgba[9, 10:40] = (200, 180, 20, 128)
    cut = from_transparency(Image.fromarray(rgba))
    left, top, right, bottom = cut.box
    assert np.array_equal(cut.alpha, rgba[top:bottom, left:right, 3])
    seen = cut.alpha > 0
    assert np.array_equal(cut.pixels[seen], rgba[top:bottom, left:right, :3][seen])


def test_what_a_transparent_picture_hides_is_not_mixed_into_its_edge() -> None:
    rgba = np.zeros((40, 50, 4), np.uint8)
    rgba[..., :3] = (0, 0, 0)
    rgba[10:30, 10:40] = (200, 180, 20, 255)
    cut = from_transparency(Image.fromarray(rgba))
    assert (cut.pixels == (200, 180, 20)).all()
    smaller = np.asarray(Image.fromarray(cut.pixels).resize((16, 11), Image.Resampling.LANCZOS))
    assert np.abs(smaller.astype(int) - (200, 180, 20)).max() <= 1


def test_an_edge_that_comes_to_no_end_is_solved_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    image, mask = disc()
    usual = cut_out(image, mask)
    monkeypatch.setattr(matting, "_ROUNDS", 1)
    direct = cut_out(image, mask)
    assert np.abs(direct.alpha.astype(int) - usual.alpha).max() <= 3


def test_a_sharp_edge_is_less_soft_than_a_blurred_one() -> None:
    image, mask = disc((240, 200), ground=(255, 255, 255))
    blurred = Image.fromarray(ndimage.gaussian_filter(np.asarray(image), (3, 3, 0)))
    assert softness(cut_out(image, mask, band=0.03)) < softness(cut_out(blurred, mask, band=0.06))


EDGES = {
    "white on white": ((252, 252, 252), (246, 246, 246)),
    "black on black": ((20, 20, 22), (34, 34, 36)),
    "grey on green": ((150, 150, 150), (60, 120, 60)),
}


@pytest.mark.parametrize(("product", "ground"), EDGES.values(), ids=EDGES)
def test_inside_and_outside_are_certain_whatever_the_colours(
    product: tuple[int, int, int], ground: tuple[int, int, int]
) -> None:
    image, mask = disc((200, 180), ground=ground)
    pixels = np.where(mask[..., None], product, np.asarray(image)).astype(np.uint8)
    cut = cut_out(Image.fromarray(pixels), mask)
    left, top, right, bottom = cut.box
    deep = ndimage.binary_erosion(mask, iterations=4)[top:bottom, left:right]
    far = ~ndimage.binary_dilation(mask, iterations=4)[top:bottom, left:right]
    assert (cut.alpha[deep] == 255).all()
    assert (cut.alpha[far] == 0).all()
    assert (cut.pixels[deep] == product).all()


@pytest.mark.parametrize("wide", [1, 2, 4], ids="{} pixels".format)
def test_a_thin_strap_is_not_lost(wide: int) -> None:
    image, mask = disc((200, 180))
    pixels, strap = np.asarray(image).copy(), np.zeros_like(mask)
    strap[10:60, 100 : 100 + wide] = True
    pixels[strap] = (30, 30, 30)
    cut = cut_out(Image.fromarray(pixels), mask | strap)
    seen = cut.alpha[15 - cut.box[1] : 30 - cut.box[1], 100 - cut.box[0] : 100 + wide - cut.box[0]]
    assert seen.mean() > 200


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_a_product_at_the_photos_border_keeps_its_pixels_there(side: str) -> None:
    image, mask = disc((160, 140))
    boxes = {"left": (40, 0, 160, 140), "top": (0, 50, 160, 140), "right": (0, 0, 120, 140), "bottom": (0, 0, 160, 90)}
    left, top, right, bottom = boxes[side]
    part, photo = mask[top:bottom, left:right], image.crop(boxes[side])
    cut = cut_out(photo, part)
    x, y = cut.box[:2]
    seen = np.asarray(photo)[y : y + cut.alpha.shape[0], x : x + cut.alpha.shape[1]]
    assert np.array_equal(cut.pixels[cut.solid], seen[cut.solid])
    assert cut.solid.sum() > 0.9 * part.sum()


def test_loading_it_leaves_torch_its_share_of_the_cores() -> None:
    told = "torch.get_num_threads()"
    # Asked before as well: a thread that torch has not worked in sets its number then, and so hides what numba did.
    code = f"import torch; torch.set_num_threads(2); {told}; import generation.matting; print({told})"
    said = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"NUMBA_NUM_THREADS": "3"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.strip() == "2"
