"""Outpainting: the product's pixels stay to the last bit, its surroundings do not, prompts go around."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generation.context import LocalContext
from generation.exceptions import NotPossible
from generation.files import Files
from generation.imaging import letterbox
from generation.recipe import NewContextsConfig
from generation.records import NewContextsResult, NovelView, NovelViewsResult
from generation.stages import new_contexts
from generation.stages.new_contexts import Inputs, edges_carried_on, places_for
from tests.factories.pipeline import files_in, make_product, picture_of, tiny_models

CONFIG = NewContextsConfig(per_photo=2, per_view=1, steps=1, guidance=2.0)
PROMPTS = tuple(f"a {{product}} in place {number}" for number in range(9))


def inputs_for(files: Files, **change: Any) -> Inputs:
    product, segment, _ = make_product(files)
    return Inputs(**{"product": product, "segment": segment, "prompts": PROMPTS, "seed": 5, **change})


def a_view(files: Files, inputs: Inputs, *, kept: bool = True) -> NovelViewsResult:
    image, mask = picture_of(5, 64, 64)
    source = inputs.segment.masks[0].picture
    view = NovelView(source, 4, 1, files.put_picture(image), files.put_mask(mask), 0.9, 0.9, 1.0, kept)
    return NovelViewsResult((view,))


def run(files: Files, inputs: Inputs, family: str = "sd", config: NewContextsConfig = CONFIG) -> NewContextsResult:
    return new_contexts.run(inputs, config, tiny_models(family), LocalContext(), files)


@pytest.mark.parametrize("family", ["sd", "sdxl", "flux2-klein"])
def test_inside_the_mask_every_byte_is_the_sources(family: str, tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files)
    inputs = replace(inputs, novel_views=a_view(files, inputs))
    images = run(files, inputs, family).images
    assert len(images) == 5
    for image in images:
        source, made = files.image(image.made_from), np.asarray(files.image(image.picture))
        mask = files.mask(image.mask)
        laid = np.asarray(letterbox(source.size, (image.picture.width, image.picture.height)).image(source))
        assert mask.any()
        assert made[mask].tobytes() == laid[mask].tobytes()
        assert np.abs(made[~mask].astype(int) - laid[~mask]).mean() > 5, "the surroundings are new"


def test_old_and_new_meet_without_a_seam(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    hard, soft = (
        run(files, inputs_for(files), config=replace(CONFIG, per_photo=1, soft_edge=pixels)).images[0]
        for pixels in (0.0, 6.0)
    )
    one, other = np.asarray(files.image(hard.picture)).astype(int), np.asarray(files.image(soft.picture)).astype(int)
    mask = files.mask(hard.mask)
    near = _grown(mask, 6) & ~mask
    far = ~_grown(mask, 8)
    assert np.array_equal(one[far], other[far])
    assert not np.array_equal(one[near], other[near])


def _grown(mask: Any, pixels: int) -> Any:
    from scipy import ndimage  # noqa: PLC0415

    return ndimage.distance_transform_edt(~mask) <= pixels


def test_the_old_ground_leaves_no_halo() -> None:
    pixels = np.full((9, 9, 3), 255, np.uint8)
    mask = np.zeros((9, 9), bool)
    mask[3:6, 3:6] = True
    pixels[mask] = (200, 0, 0)
    pixels[4, 5] = (0, 0, 200)
    carried = np.asarray(edges_carried_on(Image.fromarray(pixels), mask))
    assert np.array_equal(carried[mask], pixels[mask])
    assert carried[4, 8].tolist() == [0, 0, 200]
    assert carried[0, 0].tolist() == [200, 0, 0]
    assert not (carried == 255).any()


def test_an_empty_mask_carries_nothing_on() -> None:
    image = Image.new("RGB", (4, 4), "red")
    assert edges_carried_on(image, np.zeros((4, 4), bool)) is image


def test_images_know_where_they_come_from_and_are_different(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files)
    inputs = replace(inputs, novel_views=a_view(files, inputs))
    images = run(files, inputs).images
    photos = [photo.picture for photo in inputs.product.photos]
    assert [image.source for image in images] == [photos[0], photos[0], photos[1], photos[1], photos[0]]
    assert [image.made_from for image in images[:4]] == [image.source for image in images[:4]]
    assert images[4].made_from == inputs.novel_views.views[0].picture
    assert len({image.picture.sha256 for image in images}) == len({image.template for image in images}) == 5


@pytest.mark.parametrize(
    ("bank", "different"), [(PROMPTS, 4), (PROMPTS[:3], 3), (PROMPTS[:1], 1)], ids=["enough", "too few", "one"]
)
def test_prompts_repeat_only_when_the_bank_is_used_up(bank: tuple[str, ...], different: int, tmp_path: Path) -> None:
    places = places_for(inputs_for(files_in(tmp_path), prompts=bank), CONFIG)
    assert len(places) == 4
    assert len({place.template for place in places}) == different
    assert len({(place.template, place.seed) for place in places}) == 4


def test_dropped_views_get_no_context(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files)
    assert len(places_for(replace(inputs, novel_views=a_view(files, inputs, kept=False)), CONFIG)) == 4


def test_an_empty_bank_says_where_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(NotPossible, match="no approved prompt for mug; approve some"):
        places_for(inputs_for(files_in(tmp_path), prompts=()), CONFIG)


def test_a_corrected_mask_is_another_step(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files)
    other = files.put_mask(~files.mask(inputs.segment.masks[0].mask))
    corrected = replace(inputs.segment, masks=(replace(inputs.segment.masks[0], mask=other), *inputs.segment.masks[1:]))
    names = [place.name for place in places_for(inputs, CONFIG)]
    changed = [place.name for place in places_for(replace(inputs, segment=corrected), CONFIG)]
    assert [one == two for one, two in zip(names, changed, strict=True)] == [False, False, True, True]


def test_batches_of_any_size_make_the_same_images(tmp_path: Path) -> None:
    class Narrow(LocalContext):
        def batch_size(self, largest: int) -> int:
            return min(largest, 1)

    files = files_in(tmp_path)
    inputs = inputs_for(files)
    wide, narrow = (
        new_contexts.run(inputs, CONFIG, tiny_models(), context, files).images for context in (LocalContext(), Narrow())
    )
    for one, other in zip(wide, narrow, strict=True):
        pixels = [np.asarray(files.image(image.picture)).astype(int) for image in (one, other)]
        assert np.abs(pixels[0] - pixels[1]).max() <= 1


def test_sizes_of_the_method_are_kept_to(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    image = run(files, inputs_for(files), config=replace(CONFIG, per_photo=1, size=96)).images[0]
    assert (image.picture.width, image.picture.height) == (112, 80)


def test_a_made_image_says_that_it_keeps_real_pixels(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    made = run(files, inputs_for(files), config=replace(CONFIG, per_photo=1)).images[0]
    with Image.open(tmp_path / made.picture.key) as opened:
        assert "compositeWithTrainedAlgorithmicMedia" in opened.info["XML:com.adobe.xmp"]
        assert f"a mug in place {PROMPTS.index(made.template)}" in opened.info["XML:com.adobe.xmp"]


LONG = "on a wooden table in a bright kitchen, with a bowl of ripe lemons and a folded linen cloth, " * 4


@pytest.mark.parametrize("template", [f"{LONG}a {{product}}", f"a {{product}} {LONG}"], ids=["last", "first"])
def test_a_prompt_longer_than_is_read_keeps_product_and_scene(template: str, tmp_path: Path) -> None:
    files = files_in(tmp_path)
    image = run(files, inputs_for(files, prompts=(template,)), config=replace(CONFIG, per_photo=1)).images[0]
    assert image.template == template, "what trains is the whole text, shortened with its token"
    with Image.open(tmp_path / image.picture.key) as opened:
        packet = opened.info["XML:com.adobe.xmp"]
    said = packet.partition("AIPromptInformation>")[2].partition("<")[0]
    assert "a mug" in said
    assert "bright kitchen" in said
    with tiny_models().inpainter() as inpainter:
        assert inpainter.token_limit - 30 < inpainter.token_count(said) <= inpainter.token_limit
