"""Masks of photos: automatic ones, a person's, problems that let the others go on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generation.context import LocalContext
from generation.exceptions import ProductNotFound
from generation.files import Files
from generation.imaging import box_mask, iou
from generation.recipe import SegmentConfig
from generation.records import Photo, ProductFacts, SegmentResult, from_plain, to_plain
from generation.stages import segment
from tests.factories.checkpoints.perceivers import TinyModels
from tests.factories.pipeline import files_in, make_product, picture_of

CONFIG = SegmentConfig()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return files_in(tmp_path)


def run(product: ProductFacts, files: Files, context: LocalContext | None = None) -> SegmentResult:
    return segment.run(segment.Inputs(product), CONFIG, TinyModels(), context or LocalContext(), files)


def even(files: Files) -> Photo:
    return Photo(files.put_picture(Image.new("RGB", (80, 60), "white")))


def test_each_photo_gets_its_mask_in_order(files: Files) -> None:
    product = make_product(files, 3)[0]
    result = run(product, files)
    assert [mask.picture for mask in result.masks] == [photo.picture for photo in product.photos]
    for number, mask in enumerate(result.masks):
        assert mask.mask is not None
        assert mask.box is not None
        truth = picture_of(number)[1]
        assert iou(files.mask(mask.mask), truth) > 0.8
        assert iou(box_mask(mask.box, (96, 72)), truth) > 0.6
        assert mask.share == pytest.approx(truth.mean(), abs=0.05)
        assert mask.made_by == "automatic"
        assert CONFIG.surest <= mask.score <= 1
    assert from_plain(SegmentResult, to_plain(result)) == result


def test_a_persons_mask_wins(files: Files) -> None:
    product = make_product(files, 2)[0]
    drawn = box_mask((10, 20, 40, 50), (96, 72))
    marked = replace(product.photos[0], mask=files.put_mask(drawn))
    models = TinyModels()
    result = segment.run(
        segment.Inputs(replace(product, photos=(marked, product.photos[1]))), CONFIG, models, LocalContext(), files
    )
    first = result.masks[0]
    assert (first.mask, first.made_by, first.score, first.box) == (marked.mask, "person", 1.0, (10, 20, 40, 50))
    assert models.asked == ["segmenter"], "the marked photo is not shown to the segmenter"


def test_a_photo_without_a_product_asks_and_the_others_go_on(files: Files) -> None:
    product = make_product(files, 2)[0]
    result = run(replace(product, photos=(even(files), *product.photos)), files)
    assert len(result.found) == 2
    assert result.masks[0].mask is None
    assert result.masks[0].box is None
    assert "mark" in result.masks[0].problem.lower()


def rounded(image: Image.Image, corner: int = 2) -> Image.Image:
    """The photo as a screenshot of it is saved: its corners are transparent."""
    rows, columns = np.mgrid[: image.height, : image.width]
    corners = np.minimum(rows, image.height - 1 - rows) + np.minimum(columns, image.width - 1 - columns) < corner
    shown = image.convert("RGBA")
    shown.putalpha(Image.fromarray(np.where(corners, 0, 255).astype(np.uint8)))
    return shown


def speck(image: Image.Image) -> Image.Image:
    """All of it transparent but for a pixel."""
    shown = image.convert("RGBA")
    alpha = Image.new("L", image.size)
    alpha.putpixel((3, 4), 255)
    shown.putalpha(alpha)
    return shown


def test_only_a_transparency_that_leaves_a_product_is_a_cut_out(files: Files) -> None:
    product = make_product(files, 1)[0]
    image, truth = picture_of(1)
    cut = image.convert("RGBA")
    cut.putalpha(Image.fromarray(truth.astype(np.uint8) * 255))
    photos = tuple(Photo(files.put_picture(each)) for each in (cut, rounded(image), speck(image)))
    first, second, third = run(replace(product, photos=photos), files).masks
    assert first.mask is not None
    assert second.mask is not None
    assert (files.mask(first.mask) == truth).all()
    assert first.score == 1
    assert iou(files.mask(second.mask), truth) > 0.8, "found in what the photo shows"
    assert (third.mask, bool(third.problem)) == (None, True)


def test_an_empty_drawing_is_no_mask(files: Files) -> None:
    product = make_product(files, 2)[0]
    empty = replace(product.photos[0], mask=files.put_mask(np.zeros((72, 96), bool)))
    result = run(replace(product, photos=(empty, product.photos[1])), files)
    assert "empty; mark the product anew" in result.masks[0].problem
    assert result.masks[0].made_by == "person"


@pytest.mark.parametrize(
    ("photos", "said"),
    [(0, "Acme mug has no photo"), (1, "No mug was found in its photo;"), (2, "in any of its 2 photos; open one")],
    ids=["no photos", "one", "two"],
)
def test_a_product_in_no_photo_is_an_error_that_a_person_can_end(files: Files, photos: int, said: str) -> None:
    product = ProductFacts("Acme mug", "mug", (even(files),) * photos)
    with pytest.raises(ProductNotFound, match=said):
        run(product, files)


def test_begun_again_it_cuts_only_what_is_new(files: Files) -> None:
    product, context = make_product(files, 2)[0], LocalContext()
    before = run(product, files, context)
    models = TinyModels()
    again = segment.run(segment.Inputs(product), CONFIG, models, context, files)
    assert again == before
    assert models.asked == []
    drawn = replace(product.photos[0], mask=files.put_mask(box_mask((5, 5, 60, 60), (96, 72))))
    corrected = run(replace(product, photos=(drawn, product.photos[1])), files, context)
    assert corrected.masks[0].made_by == "person"
    assert corrected.masks[1] == before.masks[1]


def test_progress_counts_photos(files: Files) -> None:
    told: list[tuple[int, int | None, str]] = []
    run(make_product(files, 2)[0], files, LocalContext(lambda *now: told.append(now)))
    assert told == [(0, 2, "photos"), (1, 2, "photos"), (2, 2, "photos")]
