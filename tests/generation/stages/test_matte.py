"""Stage matte: cut-outs that will do, and plain sentences about those that will not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generation.context import LocalContext
from generation.exceptions import ProductNotFound
from generation.files import Files
from generation.imaging import Mask, box_of, share_of
from generation.recipe import MatteConfig
from generation.records import (
    MatteResult,
    Photo,
    PhotoMask,
    ProductFacts,
    SegmentResult,
    from_plain,
    to_plain,
)
from generation.stages.matte import Inputs, opened, problem_of, run
from tests.factories.cutouts import disc
from tests.factories.pipeline import files_in


def masked(files: Files, image: Image.Image, mask: Mask, **fields: object) -> PhotoMask:
    kept = files.put_mask(mask) if mask.any() else None
    facts = {"score": 0.9, "made_by": "automatic"} | fields
    return PhotoMask(files.put_picture(image), kept, box_of(mask), share_of(mask), **facts)  # type: ignore[arg-type]


def made(files: Files, *masks: PhotoMask) -> MatteResult:
    product = ProductFacts("Ball", "ball", tuple(Photo(mask.picture) for mask in masks))
    return run(Inputs(product, SegmentResult(masks)), MatteConfig(), None, LocalContext(), files)  # type: ignore[arg-type]


def test_a_good_mask_becomes_a_cut_out_that_comes_back_from_the_store(tmp_path: Path) -> None:
    files, (image, mask) = files_in(tmp_path), disc()
    result = made(files, masked(files, image, mask))
    [cutout] = result.found
    assert from_plain(MatteResult, to_plain(result)) == result
    cut = opened(cutout, files)
    left, top, right, bottom = cut.box
    photo = np.asarray(image)[top:bottom, left:right]
    assert np.array_equal(cut.pixels[cut.solid], photo[cut.solid])
    assert 0 < cutout.quality <= 1


def test_one_bad_photo_says_so_and_the_others_go_on(tmp_path: Path) -> None:
    files, (image, mask) = files_in(tmp_path), disc()
    cut_image, cut_mask = disc(middle=0.05)
    missing = PhotoMask(files.put_picture(cut_image), None, None, 0, 0, "automatic", "No ball was found in this photo.")
    result = made(files, masked(files, image, mask), masked(files, cut_image, cut_mask), missing)
    assert [bool(cutout.alpha) for cutout in result.cutouts] == [True, False, False]
    assert "runs out of the photo at the left side" in result.cutouts[1].problem
    assert result.cutouts[2].problem == "No ball was found in this photo."


def test_when_none_will_do_a_person_is_asked_with_the_reason(tmp_path: Path) -> None:
    files, (image, mask) = files_in(tmp_path), disc(middle=0.05)
    with pytest.raises(ProductNotFound, match=r"No photo has a cut-out of the ball that will do\. The ball runs out"):
        made(files, masked(files, image, mask))


def block(top: int, left: int, bottom: int, right: int) -> Mask:
    mask = np.zeros((100, 100), bool)
    mask[top:bottom, left:right] = True
    return mask


dotted = np.zeros((100, 100), bool)
for at in (10, 30, 50, 70):
    dotted[at : at + 8, at : at + 8] = True
PROBLEMS = {
    "good": (block(20, 20, 80, 80), ""),
    "touches by a pixel or two": (block(20, 0, 80, 80) & ~block(23, 0, 80, 1), ""),
    "empty": (block(0, 0, 0, 0), "is empty; mark the mug"),
    "all of it": (block(1, 1, 99, 99), "covers nearly all of the photo"),
    "cut off below": (block(40, 20, 100, 80), "runs out of the photo at the bottom"),
    "cut off at two sides": (block(0, 20, 100, 80), "at the top and the bottom"),
    "in pieces": (dotted, "falls into 4 pieces"),
}


@pytest.mark.parametrize(("mask", "told"), PROBLEMS.values(), ids=PROBLEMS)
def test_the_problem_of_a_mask(mask: Mask, told: str) -> None:
    found = problem_of(mask, "mug", MatteConfig())
    assert told in found
    assert bool(told) == bool(found)


@pytest.mark.parametrize("name", ["all of it", "in pieces"])
def test_what_a_person_drew_is_not_doubted(name: str) -> None:
    assert problem_of(PROBLEMS[name][0], "mug", MatteConfig(), drawn=True) == ""


def test_a_transparent_photo_brings_its_own_edge(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    rgba = np.zeros((80, 90, 4), np.uint8)
    rgba[20:60, 20:70] = (250, 250, 250, 255)  # white, on what would be shown as white
    rgba[19, 20:70] = (250, 250, 250, 120)
    mask = rgba[..., 3] > 127
    [cutout] = made(files, masked(files, Image.fromarray(rgba), mask)).found
    cut = opened(cutout, files)
    left, top, right, bottom = cut.box
    assert np.array_equal(cut.alpha, rgba[top:bottom, left:right, 3])
    assert (cut.pixels[cut.solid] == 250).all()


def test_a_photo_with_transparent_corners_is_cut_by_its_mask(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    image, mask = disc()
    shown = image.convert("RGBA")
    shown.putalpha(Image.fromarray(np.where(np.add(*np.mgrid[: image.height, : image.width]) < 8, 0, 255).astype("u1")))
    [cutout] = made(files, masked(files, shown, mask)).found
    assert cutout.box is not None
    assert opened(cutout, files).alpha.mean() < 250, "the ground is not in it"
    left, top, right, bottom = cutout.box
    assert (right - left, bottom - top) < image.size


def test_the_one_unlike_the_others_comes_last(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    photos = []
    for number in range(3):
        image, mask = disc(ground=(220 + number, 230, 232))
        if number == 1:  # a hand that holds it
            pixels = np.asarray(image).copy()
            rows, columns = np.mgrid[:140, :160]
            hand = (np.hypot(columns - 80, rows - 95) < 34) & (rows > 72)
            pixels[hand] = (222, 170, 140)
            image, mask = Image.fromarray(pixels), mask | hand
        photos.append(masked(files, image, mask))
    result = made(files, *photos)
    assert result.found[-1].picture == photos[1].picture
