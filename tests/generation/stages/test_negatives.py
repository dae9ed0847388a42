"""Negatives: in-class ones without the token, counterfactuals on the same ground; counts from the positives."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generation.context import LocalContext
from generation.files import Files
from generation.imaging import box_mask, box_of, letterbox, resize_mask, soft_edge
from generation.recipe import NegativesConfig
from generation.records import (
    ContextImage,
    InClassImage,
    InClassResult,
    NegativesResult,
    NewContextsResult,
    NovelView,
    NovelViewsResult,
    Photo,
    PhotoMask,
    ProductFacts,
    SegmentResult,
)
from generation.stages import negatives
from generation.stages.negatives import EDGE, Inputs, counts_for, shared_for, wanted_for
from tests.factories.pipeline import files_in, make_product, tiny_models

CONFIG = NegativesConfig(steps=1, guidance=2.0, positives_per_negative=0.5, spare=1.0)
OTHERS = ("lamp", "chair", "travel mug")


def inputs_for(files: Files, **change: Any) -> Inputs:
    product, segment, captions = make_product(files)
    given = {"product": product, "segment": segment, "caption": captions, "seed": 3, "other_nouns": OTHERS, **change}
    return Inputs(**given)


@pytest.mark.parametrize(
    ("positives", "change", "masks", "counts"),
    [
        (12, {}, True, (5, 4)),
        (12, {"spare": 1.0}, True, (3, 3)),
        (12, {"spare": 1.0, "positives_per_negative": 1.0}, True, (6, 6)),
        (12, {"spare": 1.0, "counterfactual_share": 0.0}, True, (6, 0)),
        (12, {"spare": 1.0, "counterfactual_share": 1.0}, True, (0, 6)),
        (12, {"spare": 1.0}, False, (6, 0)),
        (1, {"spare": 1.0}, True, (1, 0)),
        (0, {}, True, (0, 0)),
    ],
)
def test_counts_follow_the_ratio(
    positives: int, change: dict[str, float], masks: bool, counts: tuple[int, int]
) -> None:
    assert counts_for(positives, NegativesConfig(**change), masks=masks) == counts


def test_all_positives_count_and_dropped_views_do_not(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files)
    photo, mask = inputs.segment.masks[0].picture, inputs.segment.masks[0].mask
    views = tuple(NovelView(photo, n, 1, photo, mask, 0.9, 0.9, 1.0, kept=n < 3) for n in range(5))
    contexts = NewContextsResult((ContextImage(photo, photo, "a {product}", 1, photo, mask),) * 5)
    config = NegativesConfig(spare=1.0)
    assert len(wanted_for(inputs, config)) == 1
    assert len(wanted_for(replace(inputs, novel_views=NovelViewsResult(views), new_contexts=contexts), config)) == 5


@pytest.mark.parametrize("family", ["sd", "sdxl", "flux2-klein"])
def test_both_kinds_are_made(family: str, tmp_path: Path) -> None:
    files = files_in(tmp_path)
    result = negatives.run(inputs_for(files), CONFIG, tiny_models(family), LocalContext(), files)
    assert [image.kind for image in result.images] == ["in-class"] * 2 + ["counterfactual"] * 2
    assert [image.prompt for image in result.images[:2]] == [
        "a red mug on a blue table, photo 0",
        "a red mug on a blue table, photo 1",
    ]
    assert [image.object for image in result.images] == ["", "", "lamp", "chair"]
    assert result.images[2].prompt == "a red lamp on a blue table, photo 0"
    assert len({image.picture.sha256 for image in result.images}) == 4
    assert result.positives_per_negative == 0.5
    for image in result.images:
        assert "{product}" not in image.prompt
        assert "sks" not in image.prompt


def pool(files: Files, texts: str, each: int = 2) -> InClassResult:
    """Images of a type for texts "a {product} 0", "a {product} 1", … of these numbers."""
    made = []
    for number in range(each):
        for text in texts:
            picture = files.put_picture(Image.new("RGB", (8, 8), (number * 90, ord(text), 7)))
            made.append(InClassImage(f"a {{product}} {text}", f"a mug {text}", ord(text) + number, picture))
    return InClassResult(tuple(made))


def with_contexts(inputs: Inputs, texts: str) -> Inputs:
    """The inputs with a context for each letter, from the photos in turn."""
    photos = [photo.picture for photo in inputs.product.photos]
    images = tuple(
        ContextImage(photos[place % 2], photos[place % 2], f"a {{product}} {text}", 1, photos[0], photos[0])
        for place, text in enumerate(texts)
    )
    return replace(inputs, new_contexts=NewContextsResult(images))


class TestShared:
    """Two photos and as many contexts as letters; one negative for each positive, half of them in-class."""

    CONFIG = NegativesConfig(steps=1, positives_per_negative=1.0, spare=1.0)

    @pytest.mark.parametrize(
        ("contexts", "pooled", "taken", "own"),
        [
            ("abcdef", "abcdef", "abcd", 0),
            ("abcdef", "fedcba", "abcd", 0),
            ("ab", "abcd", "ab", 0),
            ("aaaa", "ab", "aa", 1),
            ("aabb", "axyz", "aa", 1),
            ("abcdef", "xyz", "", 4),
            ("", "abc", "", 1),
        ],
        ids=["all", "in the product's order", "its own texts", "a second round", "few in common", "none", "no context"],
    )
    def test_a_product_takes_those_of_its_contexts(
        self, contexts: str, pooled: str, taken: str, own: int, tmp_path: Path
    ) -> None:
        files = files_in(tmp_path)
        inputs = replace(with_contexts(inputs_for(files), contexts), in_class=pool(files, pooled))
        shared = shared_for(inputs, self.CONFIG)
        assert [one.prompt for one in shared] == [f"a mug {text}" for text in taken]
        assert len({one.picture.sha256 for one in shared}) == len(shared)
        drawn = [one for one in wanted_for(inputs, self.CONFIG) if one.kind == "in-class"]
        assert len(drawn) == own
        counterfactual = [one for one in wanted_for(inputs, self.CONFIG) if one.kind == "counterfactual"]
        assert len(counterfactual) == (2 + len(contexts)) // 2

    def test_a_shared_one_names_the_photo_whose_context_has_its_text(self, tmp_path: Path) -> None:
        files = files_in(tmp_path)
        inputs = replace(with_contexts(inputs_for(files), "ab"), in_class=pool(files, "ab"))
        first, second = (photo.picture for photo in inputs.product.photos)
        assert [one.source for one in shared_for(inputs, self.CONFIG)] == [first, second]

    def test_two_products_train_beside_the_same_images(self, tmp_path: Path) -> None:
        files = files_in(tmp_path)
        shared = pool(files, "abcdef")
        one = replace(with_contexts(inputs_for(files), "abcd"), in_class=shared)
        other = replace(with_contexts(inputs_for(files, seed=4), "cdef"), in_class=shared)
        taken = [{image.picture.sha256 for image in shared_for(each, self.CONFIG)} for each in (one, other)]
        assert len(taken[0] & taken[1]) == 1, "three each of four texts: c is the one that both come to"

    def test_they_come_with_those_that_are_made_and_the_number_stays(self, tmp_path: Path) -> None:
        files = files_in(tmp_path)
        inputs = with_contexts(inputs_for(files), "ab")
        alone = negatives.run(inputs, self.CONFIG, tiny_models(), LocalContext(), files)
        beside = replace(inputs, in_class=pool(files, "a", each=1))
        context = LocalContext()
        result = negatives.run(beside, self.CONFIG, tiny_models(), context, files)
        assert [image.kind for image in result.images] == [image.kind for image in alone.images]
        assert result.images[0].prompt == "a mug a"
        assert len(context.done) == len(result.images) - 1, "the shared one is not drawn again"


@pytest.mark.parametrize("size", [(320, 40), (40, 320), (96, 72)], ids=str)
def test_a_counterfactual_has_no_bars_and_lies_as_its_photo(size: tuple[int, int], tmp_path: Path) -> None:
    files = files_in(tmp_path)
    pixels = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    picture, mask = files.put_picture(Image.fromarray(pixels)), box_mask((0, 0, size[0] // 3, size[1]), size)
    found = PhotoMask(picture, files.put_mask(mask), box_of(mask), 0.33, 1.0, "person")
    product = ProductFacts("Acme shelf", "shelf", (Photo(picture),))
    inputs = Inputs(product, SegmentResult((found,)), seed=3, other_nouns=OTHERS)
    config = replace(CONFIG, counterfactual_share=1.0, positives_per_negative=1.0)
    made = files.image(negatives.run(inputs, config, tiny_models(), LocalContext(), files).images[0].picture)
    assert max(made.size) / min(made.size) == pytest.approx(max(size) / min(size), rel=0.15)
    photo = np.asarray(files.image(picture).resize(made.size, Image.Resampling.LANCZOS))
    ground = soft_edge(resize_mask(mask, made.size), EDGE) == 0
    assert ground.any()
    assert np.array_equal(np.asarray(made)[ground], photo[ground])


def test_a_counterfactuals_ground_stays_to_the_last_bit(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files)
    config = replace(CONFIG, counterfactual_share=1.0)
    for image in negatives.run(inputs, config, tiny_models(), LocalContext(), files).images:
        source, made = files.image(image.source), np.asarray(files.image(image.picture))
        laid = letterbox(source.size, (image.picture.width, image.picture.height))
        photo = next(mask for mask in inputs.segment.masks if mask.picture == image.source)
        product = laid.mask(files.mask(photo.mask))
        ground = soft_edge(product, EDGE) == 0
        before = np.asarray(laid.image(source))
        assert np.array_equal(made[ground], before[ground])
        assert np.abs(made[product].astype(int) - before[product]).mean() > 5


def test_things_and_photos_take_turns(tmp_path: Path) -> None:
    inputs = inputs_for(files_in(tmp_path), other_nouns=("lamp", "chair", "sofa"))
    wanted = wanted_for(inputs, replace(CONFIG, counterfactual_share=1.0, positives_per_negative=0.25))
    first, second = (photo.picture for photo in inputs.product.photos)
    shown = [(one.source == second, one.object) for one in wanted]
    assert shown[:4] == [(False, "lamp"), (True, "chair"), (False, "chair"), (True, "sofa")]
    assert len({(one.source.sha256, one.object) for one in wanted[:6]}) == 6
    assert first != second


def test_without_captions_or_masks_plain_words_do(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files, caption=None, segment=SegmentResult(()))
    wanted = wanted_for(inputs, CONFIG)
    assert {(one.kind, one.prompt) for one in wanted} == {("in-class", "a photo of a mug")}
    assert len({one.seed for one in wanted}) == len(wanted) == 4


def test_the_same_again_and_nothing_twice(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    context = LocalContext()
    first = negatives.run(inputs_for(files), CONFIG, tiny_models(), context, files)
    assert isinstance(first, NegativesResult)
    assert len(context.done) == 4
    assert negatives.run(inputs_for(files), CONFIG, tiny_models(), LocalContext(), files) == first


def test_a_persons_long_caption_leaves_what_it_names(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    inputs = inputs_for(files)
    long = "beside a bowl of ripe lemons and a folded linen cloth, " * 8 + "a {product}"
    told = tuple(replace(caption, template=long) for caption in inputs.caption.captions)
    result = negatives.run(
        replace(inputs, caption=replace(inputs.caption, captions=told)), CONFIG, tiny_models(), LocalContext(), files
    )
    assert [image.prompt.split()[-1] for image in result.images] == ["mug", "mug", "lamp", "chair"]
    with tiny_models().base() as base:
        assert all(base.token_count(image.prompt) <= base.token_limit for image in result.images)
