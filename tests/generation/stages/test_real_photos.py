"""Geometry on real photos: whatever their size, the product lies where it lay, byte by byte."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generation.context import LocalContext
from generation.files import Files
from generation.imaging import box_of, letterbox, share_of, soft_edge
from generation.recipe import NegativesConfig, NewContextsConfig
from generation.records import Photo, PhotoMask, ProductFacts, SegmentResult
from generation.stages import negatives, new_contexts
from tests.factories.pipeline import files_in, tiny_models

DATA = Path(__file__).resolve().parents[4] / "shared/data/dreambooth_products"
PHOTOS = ["backpack/00.jpg", "clock/04.jpg", "teapot/01.jpg"]
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="The photos of ../shared/data/dreambooth_products are not on this machine."
)


def product_of(files: Files, name: str) -> tuple[ProductFacts, SegmentResult]:
    """A photo with an ellipse for a mask: its shape does not matter here, its place does."""
    with Image.open(DATA / name) as opened:
        image = opened.convert("RGB")
    image.thumbnail((700, 700))
    rows, columns = np.mgrid[: image.height, : image.width]
    across, down = (columns / image.width - 0.45) / 0.3, (rows / image.height - 0.55) / 0.35
    mask = np.hypot(across, down) < 1
    picture = files.put_picture(image)
    found = PhotoMask(picture, files.put_mask(mask), box_of(mask), share_of(mask), 1.0, "person")
    return ProductFacts(name, "thing", (Photo(picture),)), SegmentResult((found,))


def laid(files: Files, source: Any, made: Any) -> Any:
    image = files.image(source)
    return letterbox(image.size, (made.width, made.height))


@pytest.mark.parametrize("name", PHOTOS)
def test_an_outpainted_product_is_the_photos_byte_by_byte(name: str, tmp_path: Path) -> None:
    files = files_in(tmp_path)
    product, segment = product_of(files, name)
    inputs = new_contexts.Inputs(product, segment, ("a {product} on a beach",), seed=1)
    config = NewContextsConfig(per_photo=1, steps=1, guidance=1.0, size=192)
    image = new_contexts.run(inputs, config, tiny_models(), LocalContext(), files).images[0]
    place = laid(files, image.source, image.picture)
    before, after = np.asarray(place.image(files.image(image.source))), np.asarray(files.image(image.picture))
    mask = files.mask(image.mask)
    assert np.array_equal(mask, place.mask(files.mask(segment.masks[0].mask)))
    assert after[mask].tobytes() == before[mask].tobytes()
    assert np.abs(after[soft_edge(mask, 4) == 0].astype(int) - before[soft_edge(mask, 4) == 0]).mean() > 10
    ratio = image.picture.width / image.picture.height
    assert ratio == pytest.approx(segment.masks[0].picture.width / segment.masks[0].picture.height, rel=0.05)


@pytest.mark.parametrize("name", PHOTOS)
def test_a_counterfactuals_ground_is_the_photos_byte_by_byte(name: str, tmp_path: Path) -> None:
    files = files_in(tmp_path)
    product, segment = product_of(files, name)
    inputs = negatives.Inputs(product, segment, seed=1, other_nouns=("lamp",))
    config = NegativesConfig(
        steps=1, guidance=1.0, size=192, positives_per_negative=1.0, spare=1.0, counterfactual_share=1.0
    )
    image = negatives.run(inputs, config, tiny_models(), LocalContext(), files).images[0]
    place = laid(files, image.source, image.picture)
    before, after = np.asarray(place.image(files.image(image.source))), np.asarray(files.image(image.picture))
    mask = place.mask(files.mask(segment.masks[0].mask))
    ground = soft_edge(mask, negatives.EDGE) == 0
    assert after[ground].tobytes() == before[ground].tobytes()
    assert np.abs(after[mask].astype(int) - before[mask]).mean() > 10
